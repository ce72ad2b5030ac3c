// hosts.test.mjs - several web hosts over one PostgreSQL: each message is sent twice, to different
// hosts, and readers go to another host with each poll. All of them see 1..N once and in one order,
// whatever is killed meanwhile.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PROFILE, signal, until } from '../e2e/harness.mjs';
import { Disturbance, storm } from '../e2e/storm.mjs';
import { withHosts } from './hosts.mjs';
import { withPostgres } from './postgres.mjs';

const SENDERS = 8; // for each host
const MESSAGES = 1600;

const crowd = (hosts) => ({ room: 'storm', senders: SENDERS * hosts.length, messages: MESSAGES, readers: 4, waits: true });

/** The messages are in PostgreSQL, `pollchat check` finds nothing, and all hosts took part. */
async function assertSound(hosts, cluster) {
  assert.equal(await cluster.sql('chat', 'SELECT count(*) FROM message'), String(MESSAGES));
  const { status, output } = hosts[0].check();
  assert.equal(status, 0, output);
  assert.match(output, /\bok\b/);
  for (const host of hosts) {
    const { requests } = await host.askStatus();
    assert.ok(requests.send > MESSAGES / hosts.length && requests.poll > 10, JSON.stringify(requests));
  }
}

/** Waits until the poll processes of all hosts hear notices; hear: false: until none does. */
function untilListeners(hosts, { hear }) {
  return until(async () => {
    for (const host of hosts) {
      const { heard, deaf } = (await host.askStatus()).listeners;
      if (hear ? heard === 0 || deaf > 0 : heard > 0 || deaf === 0) return false;
    }
    return true;
  }, hear ? 'notices to come through' : 'the hosts to find that no notice comes through');
}

/** Polls that wait on one host are answered with what the other host stores. */
async function assertAnsweredAcross(one, other) {
  const delays = [];
  for (let since = 0; since < 5; since++) {
    const waiting = other.get(`/poll?room=quiet&since=${since}&wait=25`);
    await until(async () => (await other.askStatus()).parked.polls > 0, 'the poll to wait');
    const { seq } = (await one.send({ room: 'quiet', text: `after ${since}` })).json();
    const begin = Date.now();
    const { messages } = (await waiting).json();
    delays.push(Date.now() - begin);
    assert.deepEqual(messages.map((message) => [message.seq, message.text]), [[seq, `after ${since}`]]);
  }
  console.error(`polls were answered after ${delays.join(', ')} ms`);
  assert.ok(Math.min(...delays) < 2500, 'the database is asked much more often than every 5 s');
}

const killPrograms = (hosts) =>
  hosts.flatMap((host) => host.programs()).filter(({ pid }) => signal(pid, 'SIGKILL')).length;

/** Ends PostgreSQL without a checkpoint, by SIGKILL or by its own command, and starts it again. */
async function crash(cluster, round) {
  if (round % 2 === 0) {
    await cluster.restart('immediate');
  } else {
    await cluster.kill();
    await cluster.start();
  }
}

describe(`${PROFILE}: several hosts over one PostgreSQL`, () => {
  for (const count of [2, 4]) {
    it(`${count} hosts, ${SENDERS * count} senders, each message twice to different hosts: all readers get all of them in one order`, async () => {
      await withPostgres({}, async (cluster) => {
        await withHosts(count, await cluster.address(), async (hosts) => {
          const begin = Date.now();
          await storm(hosts, { ...crowd(hosts), retries: false });
          console.error(`${Date.now() - begin} ms`);
          await assertSound(hosts, cluster);
        });
      });
    });
  }

  for (const count of [2, 4]) {
    it(`the same holds for ${count} hosts while their programs are killed every second`, async () => {
      await withPostgres({}, async (cluster) => {
        await withHosts(count, await cluster.address(), async (hosts) => {
          let killed = 0;
          const disturbance = new Disturbance({
            rounds: 5,
            everyMs: 1000,
            act: () => {
              const some = killPrograms(hosts);
              killed += some;
              return some > 0;
            },
          });
          const { retried } = await storm(hosts, { ...crowd(hosts), retries: true, disturbance });
          console.error(`${disturbance.done} rounds, ${killed} processes killed, ${retried} requests repeated`);
          assert.ok(disturbance.done >= 5 && killed >= 10, `${killed} killed: too few for this test`);
          await assertSound(hosts, cluster);
        });
      });
    });
  }

  it('the same holds while PostgreSQL crashes every few seconds, and notices come through again', async () => {
    await withPostgres({ durable: true }, async (cluster) => {
      await withHosts(2, await cluster.address(), async (hosts) => {
        const disturbance = new Disturbance({ rounds: 2, everyMs: 4000, act: (round) => crash(cluster, round) });
        const { retried } = await storm(hosts, { ...crowd(hosts), retries: true, disturbance });
        console.error(`${disturbance.done} crashes, ${retried} requests repeated`);
        assert.ok(disturbance.done >= 2, `${disturbance.done} crashes: too few for this test`);
        await untilListeners(hosts, { hear: true });
        await assertSound(hosts, cluster);
      });
    });
  });

  it('the same holds without notices; polls are answered later then, and the status tells it', async () => {
    await withPostgres({}, async (cluster) => {
      await withHosts(2, await cluster.address(), async (hosts) => {
        await storm(hosts, { ...crowd(hosts), retries: false });
        await assertSound(hosts, cluster);
        await untilListeners(hosts, { hear: false });
        await assertAnsweredAcross(...hosts);
      }, { silent: true });
    });
  });

  it('the same holds behind a pool in transaction mode while PostgreSQL crashes every few seconds, and programs are killed', async () => {
    await withPostgres({ durable: true }, async (cluster) => {
      await withHosts(2, await cluster.pool('transaction'), async (hosts) => {
        let killed = 0;
        const disturbance = new Disturbance({
          rounds: 4,
          everyMs: 4000,
          act: async (round) => {
            killed += killPrograms(hosts);
            await crash(cluster, round);
            killed += killPrograms(hosts);
          },
        });
        const { retried } = await storm(hosts, { ...crowd(hosts), retries: true, disturbance });
        console.error(`${disturbance.done} crashes, ${killed} processes killed, ${retried} requests repeated`);
        assert.ok(disturbance.done >= 4 && killed >= 10, `${disturbance.done} crashes, ${killed} killed: too few for this test`);
        await assertSound(hosts, cluster);
      });
    });
  });

  it('the same holds when a synchronous replica takes over in the middle', async () => {
    await withPostgres({ durable: true }, async (primary) => {
      const replica = await primary.replica({ sync: true, durable: true });
      try {
        await withHosts(2, await primary.address('chat', replica), async (hosts) => {
          const disturbance = new Disturbance({
            rounds: 1, // after half of the messages
            act: async () => {
              await primary.kill();
              await replica.promote();
            },
          });
          const { retried } = await storm(hosts, { ...crowd(hosts), retries: true, disturbance });
          console.error(`${retried} requests repeated`);
          assert.equal(disturbance.done, 1, 'it took over while messages were sent');
          await assertSound(hosts, replica);
        });
      } finally {
        await replica.end();
      }
    });
  });
});
