// serve.test.mjs - the script behind `make run`: reports problems, stops all that it started, keeps
// the data.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import {
  PROFILE, descendants, isAlive, isFastcgi, launch, makeFolder, processes, removeFolder, signal, start, until,
} from './harness.mjs';

const script = fileURLToPath(new URL('../serve/serve', import.meta.url));
const own = (folder) => processes().filter((p) => p.exe.includes(folder) || p.args.some((arg) => arg.includes(folder)));

describe(`${PROFILE}: serve`, () => {
  it('says that a port is in use and how to choose another', async () => {
    const server = net.createServer();
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address();
    const site = await launch({ port });
    assert.deepEqual(await site.ended, { code: 2, signal: null });
    assert.match(site.output, new RegExp(`port ${port} is in use; choose another: make run PORT=\\d+`));
    assert.deepEqual(own(site.folder), []);
    await new Promise((done) => server.close(done));
    site.remove();
  });

  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    it(`${name} stops every process and keeps the data`, async () => {
      const folder = makeFolder();
      try {
        const first = await start({ folder });
        assert.match(first.output, new RegExp(`http://127\\.0\\.0\\.1:${first.port}/`));
        assert.match(first.output, /error\.log/);
        const { epoch } = (await first.send({ text: 'keep me' })).json();
        const before = descendants(first.child.pid);
        assert.ok(before.length >= 1);
        assert.ok(!isFastcgi || first.programs().length >= 1);
        await first.halt(name);
        assert.deepEqual(before.filter((p) => isAlive(p.pid)).map((p) => p.args), []);
        assert.deepEqual(own(folder).map((p) => p.args), []);

        const second = await start({ folder });
        const page = (await second.get('/poll?since=0')).json();
        assert.equal(page.epoch, epoch);
        assert.deepEqual(page.messages.map((m) => m.text), ['keep me']);
        await second.halt();
      } finally {
        removeFolder(folder);
      }
    });
  }

  it('can be stopped at any time during its start', async () => {
    for (const ms of [0, 20, 60, 120]) {
      const site = await launch();
      const begin = Date.now();
      // The signal arrives at a random point of the start.
      await until(() => Date.now() - begin >= ms, 'a moment to pass');
      signal(site.child.pid, 'SIGTERM');
      const status = await site.ended;
      // Before serve sets its handlers, the signal itself ends it.
      assert.ok(status.code === 0 || status.signal === 'SIGTERM', JSON.stringify(status) + site.output);
      await until(() => own(site.folder).length === 0, `${JSON.stringify(own(site.folder))} to end`);
      site.remove();
    }
  });

  it('ends and shows the log when the server dies', async () => {
    const site = await start();
    const server = descendants(site.child.pid).find((p) => p.parent === site.child.pid && /lighttpd|apache2|nginx|caddy/.test(p.exe + p.args[0]));
    signal(server.pid, 'SIGKILL');
    const status = await site.ended;
    assert.equal(status.code, 1, site.output);
    assert.match(site.output, /ended by itself/);
    assert.match(site.output, /--- (last lines of )?\S+error\.log/);
    assert.doesNotMatch(site.output, /serve: line/, "no error message of the shell");
    await until(() => own(site.folder).length === 0, `${JSON.stringify(own(site.folder))} to end`);
    site.remove();
  });

  it('leaves no folder of its own behind', async () => {
    const tmp = makeFolder();
    const site = await start({ env: { CHAT_RUN: '', TMPDIR: tmp } });
    assert.equal(fs.readdirSync(tmp).length, 1);
    await site.halt();
    assert.deepEqual(fs.readdirSync(tmp), []);
    site.remove();
    removeFolder(tmp);
  });

  it('reports what is missing', async () => {
    const folder = makeFolder();
    const run = (...args) => spawnSync(script, args, { encoding: 'utf8' });
    const unbuilt = run(PROFILE, '65000', path.join(folder, 'data'), folder);
    assert.equal(unbuilt.status, 2);
    assert.match(unbuilt.stderr, /cgi-bin\/send is missing; build it first: make/);
    assert.equal(fs.existsSync(path.join(folder, 'data')), false, 'nothing has been created yet');
    assert.equal(run('iis', '65000', folder, folder).status, 2);
    assert.match(run('iis', '65000', folder, folder).stderr, /there are: lighttpd/);
    assert.equal(run(PROFILE, '65000x', folder, folder).status, 2);
    assert.equal(run(PROFILE, '65536', folder, folder).status, 2);
    assert.equal(run(PROFILE).status, 2);
    const need = run('--need', PROFILE);
    assert.equal(need.status, 0);
    assert.match(need.stdout, /^[a-z][a-z0-9-]+$/m);
    assert.deepEqual(run('--missing', PROFILE).stdout, '');
    removeFolder(folder);
  });
});
