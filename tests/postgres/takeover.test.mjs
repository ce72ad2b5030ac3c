// takeover.test.mjs - a replica takes over while two hosts run on the database. Where commits waited
// for the replica, clients notice nothing; where messages were lost, clients get a new epoch, and no
// number is given twice under the old one.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { signal, until, withSite } from '../e2e/harness.mjs';
import { withHosts } from './hosts.mjs';
import { withPostgres } from './postgres.mjs';

const PROFILE = process.env.PROFILE ?? 'lighttpd';

const send = async (site, text) => {
  const answer = await site.send({ text, id: text, name: 'ann' });
  return { status: answer.status, ...answer.json() };
};
const read = async (site, since) => (await site.get(`/poll?since=${since}`)).json();

/** Two hosts on a database that has a replica. */
const onHosts = (sync, body) =>
  withPostgres({ tcp: true }, async (primary) => {
    const name = await primary.database();
    const replica = await primary.replica({ sync, tcp: true });
    try {
      const address = await primary.address(name, replica);
      await withHosts(2, address, ([a, b]) => body({ a, b, primary, replica, name }), { env: { POLLCHAT_BUSY_TIMEOUT: '3000' } });
    } finally {
      await replica.end();
    }
  });

/** Sends until it is stored: the servers change meanwhile. */
const sendAtLast = (site, text) => until(async () => {
  const sent = await send(site, text);
  return [200, 201].includes(sent.status) && sent;
}, `${text} to be stored`);

test('a synchronous replica takes over: what was answered is there, and the epoch stays', { timeout: 180_000 }, () =>
  onHosts(true, async ({ a, b, primary, replica, name }) => {
    const texts = [];
    let seen;
    for (let i = 1; i <= 20; i += 1) {
      seen = await send(i % 2 ? a : b, `m${i}`);
      assert.equal(seen.status, 201, JSON.stringify(seen));
      texts.push(`m${i}`);
    }
    // A program notes this when it asks for heads; before it, a fail-over counts as asynchronous.
    await until(async () => (await primary.sql(name, 'SELECT synced FROM meta')) === '1', 'the chat to know that commits wait');
    await primary.kill();
    await replica.promote();
    await replica.async();
    const next = await sendAtLast(b, 'after');
    assert.deepEqual([next.seq, next.epoch], [21, seen.epoch]);
    for (const site of [a, b]) {
      const page = await until(async () => {
        const found = await read(site, 0);
        return found.messages?.length === 21 && found;
      }, 'all messages to be read');
      assert.equal(page.epoch, seen.epoch);
      assert.deepEqual(page.messages.map(({ text }) => text), [...texts, 'after']);
    }
  }));

test('an asynchronous replica that lacks messages takes over: all clients are told by a new epoch', { timeout: 180_000 }, () =>
  onHosts(false, async ({ a, b, primary, replica }) => {
    for (let i = 1; i <= 5; i += 1) {
      await send(a, `m${i}`);
    }
    await until(async () => (await replica.sql('postgres', 'SELECT pg_last_wal_replay_lsn()')) === (await primary.sql('postgres', 'SELECT pg_current_wal_lsn()')), 'the replica to have all');
    await replica.sql('postgres', "ALTER SYSTEM SET primary_conninfo = ''");
    await replica.sql('postgres', 'SELECT pg_reload_conf()');
    await until(async () => (await primary.sql('postgres', 'SELECT count(*) FROM pg_stat_replication')) === '0', 'the replica to hear no more');
    const lost = [];
    for (let i = 6; i <= 8; i += 1) {
      lost.push(await send(b, `m${i}`));
    }
    assert.deepEqual(lost.map(({ seq }) => seq), [6, 7, 8]);
    assert.equal((await read(a, 5)).messages.length, 3);
    const waiting = a.get('/poll?since=8&wait=20');
    await primary.kill();
    await replica.promote();
    const next = await sendAtLast(a, 'after');
    assert.notEqual(next.epoch, lost[0].epoch, 'numbers that were given before are of another epoch');
    const told = (await waiting).json();
    assert.ok(told.epoch === next.epoch || told.status === 503 || told.messages.length === 0, JSON.stringify(told));
    for (const site of [a, b]) {
      const page = await until(async () => {
        const found = await read(site, 0);
        return found.epoch === next.epoch && found;
      }, 'the new epoch to be known');
      assert.deepEqual(page.messages.map(({ text }) => text), ['m1', 'm2', 'm3', 'm4', 'm5', 'after']);
    }
    // A client of the old epoch sends what it isn't sure of once more: it is stored once.
    assert.equal((await sendAtLast(b, 'm7')).status, 201);
    assert.equal((await send(a, 'm7')).status, 200);
    // The old primary comes back, and is the first one in the address. No program uses it.
    await primary.start();
    for (const { pid } of a.programs(['send'])) {
      signal(pid, 'SIGKILL');
    }
    const answer = await until(async () => {
      const found = await a.send({ text: 'back', name: 'ann' });
      return /json/.test(found.headers['content-type']) && found; // else the server's, while it starts the program
    }, 'an answer of a new program');
    const { type, epoch } = answer.json();
    const seen = fs.readFileSync(path.join(a.data, 'chat.timeline'), 'utf8');
    assert.ok(type === 'urn:pollchat:problem:store-busy' || epoch === next.epoch, `${answer.text}, chat.timeline: ${seen}`);
    await primary.stop();
    assert.equal((await sendAtLast(a, 'peace')).epoch, next.epoch);
  }));

const SYNC_WAITS = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

test('a message that is sent again is answered only when the synchronous replica has it', { timeout: 180_000 }, () =>
  onHosts(true, async ({ a, primary, replica }) => {
    const waitsForReplica = async () => (await primary.sql('postgres', `SELECT count(*) ${SYNC_WAITS}`)) !== '0';
    assert.equal((await send(a, 'm1')).status, 201);
    await replica.stop();
    const first = send(a, 'm2');
    await until(waitsForReplica, 'the commit to wait');
    await primary.sql('postgres', `SELECT pg_terminate_backend(pid) ${SYNC_WAITS}`);
    assert.ok((await first).status >= 500, 'it is not known whether the replica has it');
    let isAnswered = false;
    const again = send(a, 'm2').finally(() => (isAnswered = true));
    await until(async () => isAnswered || waitsForReplica(), 'the commit to wait again');
    assert.equal(isAnswered, false);
    await replica.start();
    assert.deepEqual([(await again).status, (await again).seq], [200, 2]);
  }));

test('a dump that is restored in the same cluster lacks messages: clients are told by a new epoch', { timeout: 120_000 }, () =>
  withPostgres({ tcp: true }, async (primary) => {
    const name = await primary.database();
    const env = { POLLCHAT_STORE: await primary.address(name) };
    await withSite({ profile: PROFILE, env }, async (site) => {
      let sent;
      for (let i = 1; i <= 8; i += 1) {
        sent = await send(site, `m${i}`);
      }
      assert.equal((await read(site, 7)).messages.length, 1); // its head is known here
      await primary.sql(name, 'DELETE FROM message WHERE seq > 5; UPDATE room SET head = 5');
      const page = await until(async () => {
        const found = await read(site, 0);
        return found.epoch !== undefined && found.epoch !== sent.epoch && found;
      }, 'a new epoch');
      assert.equal(page.head, 5);
    });
  }));
