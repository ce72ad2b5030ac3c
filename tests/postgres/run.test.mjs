// run.test.mjs - make run STORE=postgres: the script `serve` starts a private PostgreSQL, tells how
// to run one more web host on it, and stops all that it started.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { descendants, isAlive, launch, makeFolder, processes, removeFolder, signal, start, until } from '../e2e/harness.mjs';

const script = fileURLToPath(new URL('./cluster', import.meta.url));
const servers = (folder) => processes().filter((p) => p.args.some((arg) => arg.startsWith(path.join(folder, 'data-postgres'))));

/** The address that `serve` printed. */
const addressIn = (site) => /^PostgreSQL: (\S+) /m.exec(site.output)[1];

/** Folders and sites of one test; at its end the sites are stopped and the folders removed. */
function stage(t) {
  const folders = [];
  const sites = [];
  t.after(async () => {
    for (const site of sites.filter(({ status }) => status === undefined)) {
      site.child.kill('SIGTERM');
      await site.ended;
    }
    folders.forEach(removeFolder);
  });
  return {
    folder() {
      folders.push(makeFolder());
      return folders.at(-1);
    },
    async site(folder, env, begin = start) {
      sites.push(await begin({ folder, env }));
      return sites.at(-1);
    },
  };
}

const OVER_POSTGRES = { CHAT_STORE: 'postgres' };
const textsOf = async (site) => (await site.get('/poll?since=0')).json().messages.map((m) => m.text);

describe('serve with a private PostgreSQL', () => {
  it('prints its address, and at the end stops it and keeps the messages', async (t) => {
    const on = stage(t);
    const folder = on.folder();
    const first = await on.site(folder, OVER_POSTGRES);
    await first.send({ text: 'keep me' });
    assert.match(first.output, /one more web host on it: make run STORE='postgresql:\S+' PORT=\d+/);
    assert.ok(!fs.existsSync(path.join(folder, 'data', 'chat.db')), 'no SQLite database');
    assert.ok(servers(folder).length > 0);
    await first.halt();
    await until(() => servers(folder).length === 0, 'PostgreSQL to end');

    const second = await on.site(folder, OVER_POSTGRES);
    assert.equal(addressIn(second), addressIn(first), 'the address stays');
    assert.deepEqual(await textsOf(second), ['keep me']);
  });

  it('a second web host on that address has the same messages', async (t) => {
    const on = stage(t);
    const first = await on.site(on.folder(), OVER_POSTGRES);
    const second = await on.site(on.folder(), { CHAT_STORE: addressIn(first) });
    await first.send({ text: 'from the first' });
    assert.deepEqual(fs.readFileSync(path.join(second.data, 'chat.key')), fs.readFileSync(path.join(first.data, 'chat.key')));
    await second.send({ text: 'from the second' });
    for (const site of [first, second]) {
      assert.deepEqual(await textsOf(site), ['from the first', 'from the second']);
    }
    await second.halt();
  });

  it('says how to join one that runs already', async (t) => {
    const on = stage(t);
    const folder = on.folder();
    const first = await on.site(folder, OVER_POSTGRES);
    const second = await on.site(on.folder(), { ...OVER_POSTGRES, CHAT_POSTGRES: path.join(folder, 'data-postgres') }, launch);
    assert.deepEqual(await second.ended, { code: 2, signal: null });
    assert.ok(second.output.includes(`make run STORE='${addressIn(first)}'`), second.output);
  });

  it('PostgreSQL ends with a server that is killed', async (t) => {
    const on = stage(t);
    const folder = on.folder();
    const site = await on.site(folder, OVER_POSTGRES);
    const all = descendants(site.child.pid);
    signal(site.child.pid, 'SIGKILL');
    await site.ended;
    await until(() => servers(folder).length === 0, 'PostgreSQL to end');
    for (const { pid } of all) {
      signal(pid, 'SIGTERM');
    }
    await until(() => !all.some(({ pid }) => isAlive(pid)), 'the web server to end');
    assert.equal(spawnSync(script, ['pid', path.join(folder, 'data-postgres')]).status, 1);
  });

  it('refuses what is no address', async (t) => {
    const on = stage(t);
    const site = await on.site(on.folder(), { CHAT_STORE: 'mysql' }, launch);
    assert.deepEqual(await site.ended, { code: 2, signal: null });
    assert.match(site.output, /STORE is 'mysql'; it must be postgres, or the address of a database/);
  });
});
