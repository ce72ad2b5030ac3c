// overload.test.mjs - more requests than a real server can handle: those that are refused are told
// soon, and nothing is lost.

import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { describe, it } from 'node:test';

import { lockDatabase } from '../postgres/postgres.mjs';
import { pause, PROFILE, until, withSite } from './harness.mjs';

// Where a process handles one request at a time, the web server is the queue.
describe(`${PROFILE}: overload`, { skip: !['lighttpd', 'apache-proxy', 'nginx'].includes(PROFILE) }, () => {
  it('while another process locks the store for long, all senders are soon told to ask again, and nothing of theirs is stored', async () => {
    await withSite({ env: { POLLCHAT_BUSY_TIMEOUT: '6000' } }, async (site) => {
      await site.send({ text: 'first' });
      const held = await lockDatabase(site.data);
      const agent = new http.Agent({ maxSockets: 100 });
      const answers = [];
      // One after the other, the senders would wait 100 / threads * busy_timeout = 37 s and more.
      const all = Array.from({ length: 100 }, async (_, i) =>
        answers.push(await site.send({ text: `m${i}`, id: `i${i}` }, { agent })),
      );
      await until(() => answers.length >= 80, 'most senders to be answered during the lock', 30_000);
      assert.equal((await site.get('/poll?since=0')).json().head, 1, 'reading still works');
      await until(() => answers.length === 100, 'all senders to be answered during the lock');
      await held.release();
      await Promise.all(all);
      agent.destroy();
      for (const answer of answers) {
        assert.equal(answer.status, 503, answer.text);
        assert.match(answer.json().type, /store-busy$/);
        assert.ok(Number(answer.headers['retry-after']) >= 1);
      }
      assert.equal((await site.get('/poll?since=0')).json().head, 1);
      assert.equal((await site.send({ text: 'm0', id: 'i0' })).status, 201);
    });
  });

  it('a short lock makes no sender fail', async () => {
    await withSite({ env: { POLLCHAT_BUSY_TIMEOUT: '30000' } }, async (site) => {
      await site.send({ text: 'first' });
      const held = await lockDatabase(site.data);
      const agent = new http.Agent({ maxSockets: 100 });
      const all = Array.from({ length: 12 }, (_, i) => site.send({ text: `m${i}` }, { agent }));
      await until(async () => (await site.askStatus()).queued === 12, 'all messages to be queued');
      await held.release();
      const seqs = (await Promise.all(all)).map((answer) => answer.json().seq).sort((a, b) => a - b);
      agent.destroy();
      assert.deepEqual(seqs, Array.from({ length: 12 }, (_, i) => i + 2));
    });
  });
});

// lighttpd, nginx and mod_fcgid read the whole body before they pass it to a program; the others
// pass it on as it arrives.
describe(`${PROFILE}: slow bodies`, { skip: !['lighttpd', 'apache-proxy', 'nginx', 'caddy'].includes(PROFILE) }, () => {
  for (const [path_, announced, what] of [
    ['/send', 60_000_000, 'too long'], ['/send', 300_000, 'of a valid length'], ['/poll?since=0', 60_000_000, 'to /poll, which reads no body'],
  ]) {
    it(`100 bodies that arrive slowly, ${what}, do not keep others from sending and reading`, async () => {
      await withSite({}, async (site) => {
        assert.equal((await site.send({ text: 'first' })).status, 201);
        const method = path_ === '/send' ? 'POST' : 'GET';
        const open = () => {
          const connection = net.createConnection(site.port, '127.0.0.1');
          connection.on('error', () => {});
          connection.on('data', () => {});
          connection.write(
            `${method} ${path_} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${announced}\r\n\r\n`,
          );
          return connection;
        };
        const slow = Array.from({ length: 100 }, open);
        const timer = setInterval(() => slow.forEach((connection, i) => {
          if (connection.destroyed || connection.readableEnded) {
            slow[i] = open();
          } else {
            slow[i].write('x'.repeat(300));
          }
        }), 300);
        try {
          await pause(1500);
          const took = [];
          for (let i = 0; i < 10; i++) {
            const before = Date.now();
            assert.equal((await site.send({ text: `m${i}` })).status, 201);
            assert.equal((await site.get('/poll?last=1')).json().messages[0].text, `m${i}`);
            took.push(Date.now() - before);
          }
          took.sort((a, b) => a - b);
          assert.ok(took[5] < 5000, `nobody else waits for the slow bodies, which may take 20 s and more: ${took} ms`);
        } finally {
          clearInterval(timer);
          slow.forEach((connection) => connection.destroy());
        }
      });
    });
  }
});

// Where a request costs a process, there are few processes: a client that does not read must not
// keep one.
describe(`${PROFILE}: clients that do not read`, () => {
  it('50 clients that never read the largest answer do not keep others from sending and reading', async () => {
    await withSite({}, async (site) => {
      for (let i = 0; i < 16; i++)
        assert.equal((await site.send({ room: 'big', text: 'x'.repeat(1 << 18) })).status, 201);
      assert.equal((await site.send({ text: 'first' })).status, 201);
      const deaf = Array.from({ length: 50 }, () => {
        const connection = net.createConnection(site.port, '127.0.0.1');
        connection.on('error', () => {});
        connection.pause();
        connection.write('GET /poll?room=big&last=16 HTTP/1.1\r\nHost: localhost\r\n\r\n');
        return connection;
      });
      try {
        await pause(3000);
        const before = Date.now();
        for (let i = 0; i < 3; i++) {
          assert.equal((await site.send({ text: `m${i}` })).status, 201);
          assert.equal((await site.get('/poll?last=1')).json().messages[0].text, `m${i}`);
        }
        assert.ok(
          Date.now() - before < 20_000,
          `${Date.now() - before} ms: less than the minute that a web server waits for a client`,
        );
        if (PROFILE.endsWith('-cgi')) {
          await until(() => site.programs(['poll']).length === 0, 'no process to wait for them any more', 30_000);
        }
      } finally {
        deaf.forEach((connection) => connection.destroy());
      }
    });
  });
});
