// replica.test.mjs - pages of messages come from a replica (the setting store_replica), but never
// behind what the primary would answer: while it is paused, killed or promoted, and in a storm.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { descendants, PROFILE, signal, until } from '../e2e/harness.mjs';
import { Disturbance, storm } from '../e2e/storm.mjs';
import { withHosts } from './hosts.mjs';
import { startPostgres } from './postgres.mjs';

const KEY = { 'Pollchat-Key': 'AAECAwQFBgcICQoLDA0ODw' };

const send = async (site, room, text, fields = {}) => {
  const answer = await site.send({ room, text, name: 'ann', ...fields }, { headers: KEY });
  assert.equal(answer.status, 201, answer.text);
  return answer.json().seq;
};
const poll = async (site, query) => {
  const answer = await site.get(`/poll?${query}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
};
const textsOf = (page) => page.messages.map(({ text }) => text);
const keyOf = (name) => ({ 'Pollchat-Key': Buffer.from(`${name}................`.slice(0, 16)).toString('base64url') });
const act = async (site, fields) => {
  const headers = { 'Content-Type': 'application/json', ...keyOf('owner') };
  const answer = await site.get('/send/act', { method: 'POST', headers, body: JSON.stringify(fields) });
  assert.equal(answer.status, 200, answer.text);
};
const makeOwner = async (site) => {
  await site.get('/poll/me?sign_in=yes', { headers: keyOf('owner') });
  const [code] = fs.readFileSync(path.join(site.data, 'owner-code.txt'), 'utf8').split('\n');
  await act(site, { do: 'sign-in', code });
};
const status = async (site) => {
  const { pages, replica_away: away } = await site.askStatus();
  return { ...pages, away };
};

describe(`${PROFILE}: pages from a replica`, { timeout: 300_000 }, () => {
  let primary;
  let replica;

  let name; // of the test's database

  /**
   * Hosts on a new database. others: further servers in the address of the primary. behind: the
   * port of a server that comes first in the address of the replica.
   */
  const onHosts = async (count, body, { others = [], behind } = {}) => {
    name = await primary.database();
    let address = await replica.address(name);
    if (behind !== undefined) {
      address = address.replace('host=', 'host=127.0.0.1,').replace('port=', `port=${behind},`);
    }
    const env = { POLLCHAT_STORE_REPLICA: address, POLLCHAT_BUSY_TIMEOUT: '3000' };
    await catchUp();
    await withHosts(count, await primary.address(name, ...others), body, { env });
  };
  const withTwo = (body) => onHosts(2, body);

  const pauseReplay = () => replica.sql('postgres', 'SELECT pg_wal_replay_pause()');
  const resumeReplay = () => replica.sql('postgres', 'SELECT pg_wal_replay_resume()');
  const catchUp = () =>
    until(async () => {
      const there = await primary.sql('postgres', 'SELECT pg_current_wal_lsn()');
      return (await replica.sql('postgres', `SELECT pg_last_wal_replay_lsn() >= '${there}'`)) === 't';
    }, 'the replica to have all');
  /** Reads until a page comes from the replica. */
  const untilUsed = (site, query) =>
    until(async () => {
      const { replica: was } = await status(site);
      await poll(site, query);
      return (await status(site)).replica > was;
    }, 'the replica to be used');

  before(async () => {
    primary = await startPostgres();
    replica = await primary.replica();
  });
  after(async () => {
    await replica?.end();
    await primary?.end();
  });

  it('all kinds of pages come from the replica, and are what the primary has', () =>
    withTwo(async ([a, b]) => {
      for (let i = 1; i <= 20; i += 1) {
        await send(a, 'one', `m${i}`);
        await send(b, 'two', `n${i}`);
      }
      await catchUp();
      await untilUsed(a, 'room=one&since=3');
      const first = await status(a);
      assert.deepEqual(textsOf(await poll(a, 'room=one&since=17')), ['m18', 'm19', 'm20']);
      assert.deepEqual(textsOf(await poll(a, 'room=one&last=2')), ['m19', 'm20']);
      assert.deepEqual(textsOf(await poll(a, 'room=one&before=3')), ['m1', 'm2']);
      const several = await poll(a, 'room=one:19&room=two:18');
      assert.deepEqual(textsOf(several), ['m20', 'n19', 'n20']);
      assert.match((await a.get('/plain?room=one')).text, /m20/);
      const last = await status(a);
      assert.deepEqual([last.replica - first.replica, last.primary - first.primary, last.away], [5, 0, 0]);
      const connections = await replica.sql('postgres', `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pollchat poll' AND datname = '${name}'`);
      assert.ok(connections >= 1 && connections <= 2 * 3, connections);
    }));

  it('a paused replica: a poll gives the new message, a deleted text is not shown, and the head never falls', () =>
    withTwo(async ([a, b]) => {
      for (let i = 1; i <= 5; i += 1) {
        await send(a, 'paused', `m${i}`);
      }
      await catchUp();
      for (const site of [a, b]) {
        await untilUsed(site, 'room=paused&since=0');
      }
      await pauseReplay();
      try {
        assert.equal(await send(a, 'paused', 'm6'), 6);
        for (const site of [a, b]) {
          const page = await poll(site, 'room=paused&since=5');
          assert.deepEqual([page.head, textsOf(page)], [6, ['m6']]);
        }
        await send(a, 'paused', undefined, { type: 'delete', target: 2 });
        for (const site of [b, a]) {
          for (const query of ['since=0', 'last=50', 'before=5']) {
            const page = await poll(site, `room=paused&${query}`);
            assert.equal(page.head, 7);
            assert.ok(!textsOf(page).includes('m2'), query);
          }
        }
      } finally {
        await resumeReplay();
      }
      for (const site of [a, b]) {
        await untilUsed(site, 'room=paused&since=0');
        const page = await poll(site, 'room=paused&since=0');
        assert.deepEqual([page.head, page.messages.length, textsOf(page).includes('m2')], [7, 7, false]);
      }
    }));

  it('a paused replica: a person whose data were erased is not named any more, though no message tells it', () =>
    withTwo(async ([a, b]) => {
      await makeOwner(a);
      await a.send({ room: 'erased', name: 'bob', text: 'secret' }, { headers: keyOf('bob') });
      const deletion = await a.send({ room: 'erased', name: 'bob', type: 'delete', target: 1 }, { headers: keyOf('bob') });
      assert.equal(deletion.status, 201, deletion.text);
      await catchUp();
      await untilUsed(a, 'room=erased&since=0');
      await untilUsed(b, 'room=erased&since=0');
      assert.match((await b.get('/poll?room=erased&since=0')).text, /bob/);
      await pauseReplay();
      try {
        await act(a, { do: 'erase', room: 'erased', seq: 1 });
        for (const site of [a, b]) {
          const answer = await site.get('/poll?room=erased&since=0');
          assert.equal(answer.json().head, 2);
          assert.doesNotMatch(answer.text, /bob|secret/);
        }
      } finally {
        await resumeReplay();
      }
      await untilUsed(a, 'room=erased&since=0');
      assert.doesNotMatch((await a.get('/poll?room=erased&since=0')).text, /bob|secret/);
    }));

  it('a replica that hangs delays a poll by half a second, and the next ones not at all', () =>
    withTwo(async ([a]) => {
      await send(a, 'hung', 'm1');
      await catchUp();
      await untilUsed(a, 'room=hung&since=0');
      const server = await replica.pid();
      const all = [server, ...descendants(server).map(({ pid }) => pid)];
      all.forEach((pid) => signal(pid, 'SIGSTOP'));
      try {
        const times = [];
        for (let i = 0; i < 10; i += 1) {
          const begin = Date.now();
          assert.deepEqual(textsOf(await poll(a, 'room=hung&since=0')), ['m1']);
          times.push(Date.now() - begin);
        }
        assert.ok(times.filter((ms) => ms > 400).length <= 2, times.join(' '));
        assert.equal((await status(a)).away, 1);
      } finally {
        all.forEach((pid) => signal(pid, 'SIGCONT'));
      }
      await untilUsed(a, 'room=hung&since=0');
    }));

  it('a server of the address that never answers does not hide the replica behind it', async () => {
    const silent = net.createServer((socket) => socket.resume().on('error', () => {})).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    try {
      await onHosts(1, async ([a]) => {
        await send(a, 'silent', 'm1');
        await catchUp();
        await untilUsed(a, 'room=silent&since=0');
        assert.match(a.log(), /not from the replica \(PostgreSQL.*\): it can't be used: connect: .*: no answer/);
        assert.match(a.log(), /messages are read from the replica again/);
        const doctor = await a.get('/doctor');
        assert.equal(doctor.json().findings.find(({ topic }) => topic === 'replica').state, 'fine');
      }, { behind: silent.address().port });
    } finally {
      silent.close();
    }
  });

  it('a replica that is killed costs nobody anything, and is used again when it is back', () =>
    withTwo(async ([a]) => {
      await send(a, 'killed', 'm1');
      await catchUp();
      await untilUsed(a, 'room=killed&since=0');
      await replica.kill();
      for (let i = 0; i < 5; i += 1) {
        assert.deepEqual(textsOf(await poll(a, 'room=killed&since=0')), ['m1']);
      }
      assert.equal((await status(a)).away, 1);
      assert.match(a.log(), /messages are read from the primary, not from the replica \(PostgreSQL.*\): it can't be used: /);
      assert.equal(a.log().match(/not from the replica/g).length, 1);
      await replica.start();
      await untilUsed(a, 'room=killed&since=0');
      assert.equal((await status(a)).away, 0);
      assert.match(a.log(), /messages are read from the replica again/);
      const { headers } = await a.get('/poll?room=killed&last=1');
      const counted = await status(a);
      for (let i = 0; i < 3; i += 1) {
        const answer = await a.get('/poll?room=killed&last=1', { headers: { 'If-None-Match': headers.etag } });
        assert.equal(answer.status, 304);
      }
      assert.deepEqual(await status(a), counted, 'an answer without messages is no page');
      const password = /:([0-9a-f]{32})@/.exec(await replica.address(name))[1];
      assert.ok(!a.log().includes(password));
    }));

  it('readers of two hosts get all messages once and in order, while the replica is paused, resumed and killed', () =>
    withTwo(async (hosts) => {
      const crowd = { room: 'storm', senders: 8, messages: 800, readers: 4, waits: true };
      const disturbance = new Disturbance({
        rounds: 6,
        act: async (round) => {
          if (round % 3 === 1) {
            await pauseReplay();
          } else if (round % 3 === 2) {
            await resumeReplay();
          } else {
            await replica.kill();
            await replica.start();
          }
        },
      });
      await storm(hosts, { ...crowd, retries: false, disturbance });
      await catchUp();
      for (const site of hosts) {
        await untilUsed(site, 'room=storm&since=700');
        const { replica: there, primary: here } = await status(site);
        console.error(`${there} pages from the replica, ${here} from the primary`);
      }
    }));

  it('the doctor says whether the replica is used', () =>
    onHosts(1, async ([a]) => {
      await send(a, 'doctor', 'm1');
      const look = async () => (await a.get('/doctor')).json().findings.find(({ topic }) => topic === 'replica');
      await catchUp();
      assert.equal((await look()).state, 'fine');
      await pauseReplay();
      await send(a, 'doctor', 'm2');
      const found = await look().finally(resumeReplay);
      assert.deepEqual([found.state, /is behind/.test(found.text)], ['poor', true], found.text);
    }));

  it('a replica that was promoted is no longer used; when it is the primary, the chat goes on', () =>
    onHosts(1, async ([a]) => {
      await send(a, 'promoted', 'm1');
      await catchUp();
      await untilUsed(a, 'room=promoted&since=0');
      await primary.kill();
      await replica.promote();
      await until(async () => (await a.send({ room: 'promoted', text: 'm2', id: 'm2', name: 'bob' })).status < 300, 'the new primary to be used');
      await until(async () => {
        const answer = await a.get('/poll?room=promoted&since=0');
        return answer.status === 200 && answer.json().messages.length === 2;
      }, 'both messages');
      assert.equal((await status(a)).away, 1);
    }, { others: [replica] }));
});

describe(`${PROFILE}: the replica of an old primary`, { timeout: 120_000 }, () => {
  it('is not used, though it has as many messages under the same epoch', async () => {
    const primary = await startPostgres();
    const next = await primary.replica();
    const left = await primary.replica({ sync: true }); // each commit waits for this one, so the epoch stays
    try {
      const env = { POLLCHAT_STORE_REPLICA: await left.address('chat'), POLLCHAT_BUSY_TIMEOUT: '3000' };
      await withHosts(1, await primary.address('chat', next), async ([a]) => {
        await send(a, 'lobby', 'm1');
        await send(a, 'lobby', 'm2');
        await next.sql('postgres', "ALTER SYSTEM SET primary_conninfo = ''");
        await until(async () => (await next.sql('chat', 'SELECT max(head) FROM room')) === '2', 'both messages to be there');
        await next.sql('postgres', 'SELECT pg_reload_conf()');
        await until(async () => (await primary.sql('postgres', 'SELECT count(*) FROM pg_stat_replication')) === '1', 'that one to hear no more');
        await send(a, 'lobby', 'lost');
        await until(async () => {
          const { replica: was } = await status(a);
          return textsOf(await poll(a, 'since=2'))[0] === 'lost' && (await status(a)).replica > was;
        }, 'the replica to be used');
        const { epoch } = await poll(a, 'since=0');
        await primary.kill();
        await next.promote();
        await until(async () => (await a.send({ text: 'found', id: 'found', name: 'ann' }, { headers: KEY })).status < 300, 'the new primary to be used');
        for (let i = 0; i < 20; i += 1) {
          const page = await poll(a, 'since=2');
          assert.deepEqual([page.epoch, textsOf(page)], [epoch, ['found']]);
        }
        assert.equal(await left.sql('chat', "SELECT text FROM message WHERE seq = 3"), 'lost');
        await until(async () => {
          assert.deepEqual(textsOf(await poll(a, 'since=2')), ['found']);
          return /it isn't one of this primary/.test(a.log());
        }, 'the log to say it');
      }, { env });
    } finally {
      for (const each of [left, next, primary]) {
        await each.end();
      }
    }
  });
});
