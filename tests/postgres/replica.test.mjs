// replica.test.mjs - pages of messages come from a replica (the setting store_replica), but never
// behind what the primary would answer: while it is paused, killed or promoted, and in a storm.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { PROFILE, until } from '../e2e/harness.mjs';
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
const status = async (site) => {
  const { pages, replica_away: away } = await site.askStatus();
  return { ...pages, away };
};

describe(`${PROFILE}: pages from a replica`, { timeout: 300_000 }, () => {
  let primary;
  let replica;

  let name; // of the test's database

  /** Hosts on a new database; others: further servers in the address of the primary. */
  const onHosts = async (count, body, ...others) => {
    name = await primary.database();
    const env = { POLLCHAT_STORE_REPLICA: await replica.address(name), POLLCHAT_BUSY_TIMEOUT: '3000' };
    await catchUp();
    await withHosts(count, await primary.address(name, ...others), body, env);
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
    }, replica));
});
