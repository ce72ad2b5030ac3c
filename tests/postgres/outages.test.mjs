// outages.test.mjs - while PostgreSQL refuses or is silent: its disk is full, it takes no changes, it
// has no connection left, it hangs, or the chat has the size that max_store names. Senders get the
// problem that says so, with Retry-After; readers go on where they can; requests that wait live on;
// and all of it heals by itself.
//
// hosts.test.mjs kills and restarts it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { descendants, isRoot, PROFILE, signal, until, withSite } from '../e2e/harness.mjs';
import { startPostgres } from './postgres.mjs';

const BUSY_MS = 1000;
const SILENCE_MS = 10_000; // beyond it a server is taken for gone (store/postgres/link.c)

describe(`${PROFILE}: PostgreSQL refuses or is silent`, { timeout: 300_000 }, () => {
  let cluster;

  before(async () => {
    cluster = await startPostgres();
  });
  after(() => cluster.end());

  const onSite = async (env, body) => {
    const name = await cluster.database();
    await withSite({ env: { POLLCHAT_STORE: await cluster.address(name), POLLCHAT_BUSY_TIMEOUT: String(BUSY_MS), ...env } }, async (site) => {
      await send(site, 'first', 201);
      await body(site, name);
    });
  };

  /** Sends a word, which is its id too; returns the answer, which has one of these statuses. */
  async function send(site, text, ...statuses) {
    const answer = await site.send({ text, id: text, name: 'ann' });
    assert.ok(statuses.includes(answer.status), `${answer.status}: ${answer.text}`);
    return answer;
  }

  function assertProblem(answer, slug, retryAfter) {
    assert.deepEqual([answer.status, answer.json().type, answer.headers['retry-after']], [503, `urn:pollchat:problem:${slug}`, retryAfter], answer.text);
  }

  const read = async (site, since = 0) => (await site.get(`/poll?since=${since}`)).json();

  /** A poll that waits for what comes after seq 1; it is known to the program when this returns. */
  async function waitingPoll(site) {
    const poll = site.get('/poll?since=1&wait=25');
    await until(async () => (await site.askStatus()).parked.polls > 0, 'the poll to wait');
    const answer = poll.then((found) => found.json());
    answer.catch(() => {}); // of a test that fails before it looks
    return { answer };
  }

  /** Sends until it is stored: the poll that has waited is answered with it, and nothing else. */
  async function assertHeals(site, text, waiting) {
    await until(async () => [200, 201].includes((await send(site, text, 200, 201, 503)).status), `${text} to be stored`);
    assert.deepEqual((await waiting.answer).messages.map((message) => message.text), [text]);
    assert.deepEqual((await read(site)).messages.map((message) => message.text), ['first', text]);
    assert.doesNotMatch(site.log(), /chat:\w+@|password=/);
  }

  const disconnect = (name) => cluster.sql('postgres', `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '${name}' AND usename = 'chat'`);

  it('sends stop at max_store, and reading and deleting go on', () =>
    onSite({ POLLCHAT_MAX_STORE: '1048576', POLLCHAT_LIMITS: 'off' }, async (site) => {
      let answer;
      await until(async () => {
        answer = await site.send({ room: 'other', text: randomBytes(40_000).toString('base64') });
        return answer.status !== 201;
      }, 'a refusal');
      assertProblem(answer, 'store-full', '30');
      assert.match(answer.json().detail, /max_store/);
      assert.equal((await read(site)).messages[0].text, 'first');
    }));

  it('a full disk of the database stops sends until there is space', { skip: !isRoot && 'only root can mount a small disk' }, () =>
    onSite({}, async (site, name) => {
      const disk = path.join(cluster.folder, 'disk');
      const { uid, gid } = fs.statSync(path.join(cluster.folder, 'data'));
      fs.mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=256k,mode=700,uid=${uid},gid=${gid}`, 'none', disk]);
      try {
        await cluster.sql('postgres', `CREATE TABLESPACE small LOCATION '${disk}'`);
        await cluster.sql(name, 'ALTER TABLE message SET TABLESPACE small');
        const waiting = await waitingPoll(site);
        let answer;
        let stored = 0;
        await until(async () => {
          answer = await site.send({ room: 'other', text: randomBytes(20_000).toString('base64') });
          stored += answer.status === 201;
          return answer.status !== 201;
        }, 'a refusal');
        assertProblem(answer, 'store-full', '30');
        assert.match(site.log(), /No space left on device \(SQLSTATE 53100\)/);
        assert.equal((await read(site)).messages.length, 1);
        assert.equal((await site.get('/poll?room=other&since=now')).json().next, stored, 'the room has no gap');
        execFileSync('mount', ['-o', 'remount,size=8m', disk]);
        await assertHeals(site, 'spacious', waiting);
        await cluster.sql(name, 'ALTER TABLE message SET TABLESPACE pg_default');
        await cluster.sql('postgres', 'DROP TABLESPACE small');
      } finally {
        execFileSync('umount', ['-l', disk]);
      }
    }));

  it('a database that takes no changes stops sends, and reading goes on', () =>
    onSite({}, async (site, name) => {
      const set = async (to) => {
        await cluster.sql('postgres', `ALTER SYSTEM SET default_transaction_read_only = ${to}`);
        await cluster.sql('postgres', 'SELECT pg_reload_conf()');
        await until(async () => (await cluster.sql('postgres', 'SHOW default_transaction_read_only')) === to, 'the server to know it');
      };
      const waiting = await waitingPoll(site);
      await set('on');
      try {
        assertProblem(await send(site, 'unwritten', 503), 'store-read-only', '30');
        await disconnect(name); // a new connection finds no server that takes changes
        assertProblem(await send(site, 'unwritten', 503), 'store-busy', '1');
        assert.equal((await read(site)).messages.length, 1);
      } finally {
        await set('off');
      }
      await assertHeals(site, 'unwritten', waiting);
    }));

  it('with no connection left, senders and readers are asked to try again', () =>
    onSite({}, async (site, name) => {
      const waiting = await waitingPoll(site);
      await cluster.sql('postgres', 'ALTER ROLE chat CONNECTION LIMIT 0');
      try {
        await disconnect(name);
        assertProblem(await send(site, 'crowded', 503), 'store-busy', '1');
        assertProblem(await site.get('/poll?since=0'), 'store-busy', '1');
        assert.match(site.log(), /too many connections for role "chat"/);
      } finally {
        await cluster.sql('postgres', 'ALTER ROLE chat CONNECTION LIMIT -1');
      }
      await assertHeals(site, 'crowded', waiting);
    }));

  it('a server that hangs delays a send for a bounded time, and polls wait on', () =>
    onSite({}, async (site) => {
      const waiting = await waitingPoll(site);
      const postmaster = await cluster.pid();
      const stopped = [postmaster, ...descendants(postmaster).map(({ pid }) => pid)];
      stopped.forEach((pid) => signal(pid, 'SIGSTOP'));
      try {
        const begin = Date.now();
        assertProblem(await send(site, 'late', 503), 'store-busy', '1');
        const first = Date.now() - begin;
        assert.ok(first < BUSY_MS + SILENCE_MS + 5000, `${first} ms`);
        assertProblem(await send(site, 'late', 503), 'store-busy', '1');
        assert.ok(Date.now() - begin - first < first, 'the next ones do not wait as long');
      } finally {
        stopped.forEach((pid) => signal(pid, 'SIGCONT'));
      }
      await assertHeals(site, 'late', waiting);
    }));
});
