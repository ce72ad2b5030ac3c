// order.test.mjs - all readers get the same order, nothing lost and nothing twice, with many
// clients and while programs are killed.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PROFILE, pause, signal, withSite } from './harness.mjs';
import { storm } from './storm.mjs';

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
      let rounds = 0;
      let killed = 0;
      const disturb = async (progress, isOver) => {
        let last = Date.now();
        let mark = 0;
        while (!isOver() && rounds < MOST_ROUNDS) {
          if (Date.now() - last >= 1000 || progress() >= mark + 200) {
            last = Date.now();
            mark = progress();
            rounds++;
            for (const program of site.programs()) {
              killed += signal(program.pid, 'SIGKILL') ? 1 : 0;
            }
          }
          await pause(5);
        }
      };
      const { retried } = await storm(site, { ...CROWD, retries: true, disturb });
      console.error(`${rounds} rounds, ${killed} processes killed, ${retried} requests repeated`);
      assert.ok(rounds >= 9 && killed >= 5, `${rounds} rounds, ${killed} killed: too few for this test`);
      assertSound(site);
    });
  });
});
