// deploy.test.mjs - the configuration blocks of apache/README.md and lighttpd/README.md, added to
// the configuration of an existing web server, for one site and for two. (nginx and Caddy: for two
// only; for one, their whole profile is the block of lighttpd/README.md.)

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';

import { startExisting, startsPrograms } from './existing.mjs';
import { PROFILE, request } from './harness.mjs';

const texts = async (host, name) =>
  (await host.ask(name, '/poll?since=0')).json().messages.map((message) => message.text);
const files = (host, data) => fs.readdirSync(path.join(host.folder, data)).filter((name) => name.startsWith('chat.'));

describe(`${PROFILE}: on a host with a web server`, () => {
  if (!['nginx', 'caddy'].includes(PROFILE)) {
    it('the block of the server\'s README.md is enough', async () => {
      const name = 'chat.example.org';
      const host = await startExisting([{ name, data: 'data' }]);
      try {
        const sent = await host.send(name, 'hi');
        assert.equal(sent.status, 201, sent.text);
        assert.deepEqual(await texts(host, name), ['hi']);
        assert.ok(fs.existsSync(path.join(host.folder, 'data', 'chat.db')));
        assert.ok(fs.existsSync(path.join(host.folder, 'data', '.htaccess')));
        const page = await host.ask(name, '/');
        assert.equal(page.status, 200);
        assert.match(page.headers['content-security-policy'], /script-src 'self'/);
        const script = await host.ask(name, '/js/main.js');
        assert.match(script.headers['content-type'], /^text\/javascript/);
        assert.equal(script.headers['cache-control'], 'no-cache');
        for (const target of ['/.htaccess', '/cgi-bin/poll', '/../cgi-bin/chat.conf.example', '/../data/chat.db']) {
          assert.ok((await host.ask(name, target)).status >= 400, target);
        }
        const elsewhere = await request(host.port, '/poll', { headers: { Host: 'www.example.org' } });
        assert.equal(elsewhere.status, 404, 'other host names are not changed');
      } finally {
        await host.stop();
      }
    });
  }

  it('two sites configured with that block keep their messages apart', async () => {
    const host = await startExisting([{ name: 'a.example.org', data: 'a' }, { name: 'b.example.org', data: 'b' }]);
    try {
      await host.ready('b.example.org');
      for (const name of ['a.example.org', 'b.example.org']) {
        const sent = await host.send(name, `for ${name}`);
        assert.equal(sent.status, 201, sent.text);
      }
      assert.deepEqual(await texts(host, 'a.example.org'), ['for a.example.org']);
      assert.deepEqual(await texts(host, 'b.example.org'), ['for b.example.org']);
      assert.ok(files(host, 'a').includes('chat.db') && files(host, 'b').includes('chat.db'));
    } finally {
      await host.stop();
    }
  });

  // Under mod_fcgid and plain CGI there are no sockets that a configuration could share.
  if (startsPrograms || PROFILE === 'lighttpd') {
    it('a second site that uses the sockets of the first is refused, and the log says why', async () => {
      const host = await startExisting([
        { name: 'a.example.org', data: 'a', shared: 'run' },
        { name: 'b.example.org', data: 'b', shared: 'run' },
      ]);
      try {
        const astray = await host.send('b.example.org', 'for b');
        assert.equal(astray.status, 500, astray.text);
        assert.match(astray.json().type, /misconfigured$/);
        assert.equal((await host.ask('b.example.org', '/poll?since=0')).status, 500);
        // Caddy drops what programs write to the error stream.
        if (PROFILE !== 'caddy') assert.match(host.log(), /two sites share a socket/);
        assert.equal((await host.send('a.example.org', 'for a')).status, 201);
        assert.deepEqual(await texts(host, 'a.example.org'), ['for a']);
        assert.deepEqual(files(host, 'b'), []);
      } finally {
        await host.stop();
      }
    });
  }
});
