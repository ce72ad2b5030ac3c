// hosts.test.mjs - several web hosts over one PostgreSQL: each message is sent twice, to different
// hosts, and readers go to another host with each poll. All of them see 1..N once and in one order,
// whatever is killed meanwhile.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PROFILE, signal } from '../e2e/harness.mjs';
import { Disturbance, storm } from '../e2e/storm.mjs';
import { withHosts } from './hosts.mjs';
import { withPostgres } from './postgres.mjs';

const CROWD = { room: 'storm', senders: 16, messages: 1600, readers: 4, waits: true }; // 8 senders for each host

/** The messages are in PostgreSQL, `pollchat check` finds nothing, and all hosts took part. */
async function assertSound(hosts, cluster) {
  assert.equal(await cluster.sql('chat', 'SELECT count(*) FROM message'), String(CROWD.messages));
  const { status, output } = hosts[0].check();
  assert.equal(status, 0, output);
  assert.match(output, /\bok\b/);
  for (const host of hosts) {
    const { requests } = await host.askStatus();
    assert.ok(requests.send > CROWD.messages / hosts.length && requests.poll > 10, JSON.stringify(requests));
  }
}

const killPrograms = (hosts) =>
  hosts.flatMap((host) => host.programs()).filter(({ pid }) => signal(pid, 'SIGKILL')).length;

describe(`${PROFILE}: several hosts over one PostgreSQL`, () => {
  it('two hosts, 16 senders, each message twice to different hosts: all readers get all of them in one order', async () => {
    await withPostgres({}, async (cluster) => {
      await withHosts(2, await cluster.address(), async (hosts) => {
        const begin = Date.now();
        await storm(hosts, { ...CROWD, retries: false });
        console.error(`${Date.now() - begin} ms`);
        await assertSound(hosts, cluster);
      });
    });
  });

  it('the same holds for four hosts while their programs are killed every second', async () => {
    await withPostgres({}, async (cluster) => {
      await withHosts(4, await cluster.address(), async (hosts) => {
        let killed = 0;
        const disturbance = new Disturbance({
          rounds: 5,
          everyMs: 1000,
          act: () => {
            const count = killPrograms(hosts);
            killed += count;
            return count > 0;
          },
        });
        const { retried } = await storm(hosts, { ...CROWD, retries: true, disturbance });
        console.error(`${disturbance.done} rounds, ${killed} processes killed, ${retried} requests repeated`);
        assert.ok(disturbance.done >= 5 && killed >= 10, `${killed} killed: too few for this test`);
        await assertSound(hosts, cluster);
      });
    });
  });

  it('the same holds while PostgreSQL crashes every few seconds, behind a pool in transaction mode', async () => {
    await withPostgres({ durable: true }, async (cluster) => {
      await withHosts(2, await cluster.pool('transaction'), async (hosts) => {
        const disturbance = new Disturbance({
          rounds: 4,
          everyMs: 4000,
          act: async (round) => {
            if (round % 2 === 0) {
              await cluster.restart('immediate');
            } else {
              await cluster.kill();
              await cluster.start();
            }
          },
        });
        const { retried } = await storm(hosts, { ...CROWD, retries: true, disturbance });
        console.error(`${disturbance.done} crashes, ${retried} requests repeated`);
        assert.ok(disturbance.done >= 4, `${disturbance.done} crashes: too few for this test`);
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
          const { retried } = await storm(hosts, { ...CROWD, retries: true, disturbance });
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
