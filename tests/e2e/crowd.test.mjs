// crowd.test.mjs - many readers wait at once in one process, messages follow each other, and each
// reader records what it gets. Where a waiting poll costs a process, there are few readers, and
// most of them poll on the timer.
//
// Environment: CROWD, the number of readers (default 400; 8000 for a long test); CROWD_MESSAGES,
// the number of messages (default 40); CROWD_GAP, milliseconds between two messages (default 100);
// CROWD_KILL=1 kills the programs at every tenth message (default: once, half way).

import assert from 'node:assert/strict';
import http from 'node:http';
import { describe, it } from 'node:test';

import { PROFILE, pause, signal, until, withSite } from './harness.mjs';

const parks = ['lighttpd', 'nginx', 'caddy'].includes(PROFILE);
const READERS = Number(process.env.CROWD ?? (parks ? 400 : 24));
const MESSAGES = Number(process.env.CROWD_MESSAGES ?? 40);
const GAP = Number(process.env.CROWD_GAP ?? 100);
const GIVE_UP_MS = 180_000; // hung, not slow

/** Makes one request on a new connection; undefined after any failure. */
function get(port, target) {
  return new Promise((done) => {
    const request = http.get({ port, host: '127.0.0.1', path: target, agent: false, timeout: 60_000 }, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('end', () =>
        done(response.statusCode === 200 && response.complete ? JSON.parse(Buffer.concat(pieces)) : undefined),
      );
      response.on('error', () => done(undefined));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => done(undefined));
  });
}

/**
 * Reads the room to its last message as the API says, through errors. Returns the seqs in the order
 * of arrival.
 */
async function reader(port, counts) {
  const seen = [];
  for (let since = 0; since < MESSAGES && !counts.over;) {
    const answer = await get(port, `/poll?room=crowd&since=${since}&wait=20`);
    if (answer === undefined) {
      counts.failed += 1;
      await pause(100 + Math.random() * 200);
      continue;
    }
    counts.held += answer.wait > 0 ? 1 : 0;
    seen.push(...answer.messages.map((m) => m.seq));
    since = answer.next;
    if (answer.wait === 0 && !answer.more) await pause(300 + Math.random() * 400);
  }
  return seen;
}

async function sendUntilStored(site, n) {
  for (const end = Date.now() + GIVE_UP_MS; Date.now() < end; ) {
    try {
      const answer = await site.send({ room: 'crowd', text: `message ${n}`, id: `n-${n}`, name: 'crier' });
      if (answer.status === 201 || answer.status === 200) return answer.json();
    } catch {
      // The program was killed during the request: send the same id again.
    }
    await pause(50);
  }
  throw new Error(`message ${n} was not stored`);
}

describe(`${PROFILE}: a crowd`, () => {
  it(`${READERS} waiting readers get ${MESSAGES} messages once and in order while the programs are killed with SIGKILL`, async (t) => {
    await withSite({}, async (site) => {
      const counts = { held: 0, failed: 0, killed: 0, over: false };
      // A reader has missed a message then.
      const giveUp = setTimeout(() => (counts.over = true), 2 * GIVE_UP_MS + MESSAGES * GAP);
      const readers = Array.from({ length: READERS }, () => reader(site.port, counts));
      for (let n = 1; n <= MESSAGES; n++) {
        assert.equal((await sendUntilStored(site, n)).seq, n);
        if (n === Math.ceil(MESSAGES / 2) || (process.env.CROWD_KILL && n % 10 === 0)) {
          for (const { pid } of site.programs()) {
            signal(pid, 'SIGKILL');
            counts.killed += 1;
          }
        }
        await pause(GAP);
      }
      const expected = Array.from({ length: MESSAGES }, (_, i) => i + 1);
      for (const seen of await Promise.all(readers)) assert.deepEqual(seen, expected);
      clearTimeout(giveUp);
      t.diagnostic(
        `${counts.held} answers after a wait, ${counts.failed} requests failed, ${counts.killed} programs killed`,
      );
      assert.ok(counts.held > 0);
      const { status, output } = site.check();
      assert.equal(status, 0, output);
    });
  });

  it('readers that hang up free their slots and processes', async () => {
    await withSite({ env: { POLLCHAT_MAX_WAIT: '3' } }, async (site) => {
      await site.send({ room: 'crowd', text: 'old' });
      const before = site.programs().length;
      const requests = Array.from({ length: parks ? 50 : 5 }, () => {
        const request = http.get({
          port: site.port,
          host: '127.0.0.1',
          path: '/poll?room=crowd&since=1&wait=3',
          agent: false,
        });
        request.on('error', () => {});
        return request;
      });
      await pause(300);
      requests.forEach((request) => request.destroy());
      const answer = await get(site.port, '/poll?room=crowd&since=1&wait=1');
      assert.deepEqual(answer.messages, []);
      // Whether or not the server reports a hang-up: after the longest wait all slots are free.
      await until(async () => (await get(site.port, '/poll?room=crowd&since=1&wait=1'))?.wait === 1, 'a free slot');
      await until(
        () => site.programs().length <= Math.max(before, parks ? 2 : 8),
        'the processes of closed connections to end',
      );
    });
  });
});
