// order.test.mjs - all readers get the same order, nothing lost and nothing twice, with many
// clients and while programs are killed.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PROFILE, signal, withSite } from './harness.mjs';
import { Disturbance, storm } from './storm.mjs';

// After a kill mod_fcgid delays requests for a second or two, so without a limit hardly a message
// would get through.
const MOST_ROUNDS = 40;

const CROWD = { room: 'storm', senders: 8, messages: 2000, readers: 4 };

function assertSound(site) {
  const { status, output } = site.check();
  assert.equal(status, 0, output);
  assert.match(output, /\bok\b/);
}

describe(`${PROFILE}: order`, () => {
  it('8 senders send 2,000 messages, each twice, and 4 readers get all of them in one order', async () => {
    await withSite({}, async (site) => {
      const begin = Date.now();
      await storm(site, { ...CROWD, retries: false });
      console.error(`${Date.now() - begin} ms`);
      assertSound(site);
    });
  });

  it('the same holds while the programs are killed every second and every 200 messages', async () => {
    await withSite({}, async (site) => {
      let killed = 0;
      const disturbance = new Disturbance({
        rounds: 9,
        everyMs: 1000,
        most: MOST_ROUNDS,
        act: () => {
          killed += site.programs().filter(({ pid }) => signal(pid, 'SIGKILL')).length;
        },
      });
      const { retried } = await storm(site, { ...CROWD, retries: true, disturbance });
      console.error(`${disturbance.done} rounds, ${killed} processes killed, ${retried} requests repeated`);
      assert.ok(disturbance.done >= 9 && killed >= 5, `${disturbance.done} rounds, ${killed} killed: too few for this test`);
      assertSound(site);
    });
  });
});
