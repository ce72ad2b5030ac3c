// limits.test.mjs - a visitor who writes faster than the chat allows: the page says so and when it
// tries again, loses nothing, and asks no sooner than it was told.

import assert from 'node:assert/strict';
import test from 'node:test';
import { withSite } from '../e2e/harness.mjs';
import { say, shows, status, withBrowser } from './harness.mjs';

const LINES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];
const WORDS = /This is faster than the chat allows\. Your messages are kept, and sent in a moment\./;
const IGNORE = /status of 429 /; // the browser writes each of them to the console

test('lines that come too fast wait, with words, and are sent in order as soon as they may', () => {
  // five at once, then one every three seconds
  const env = { POLLCHAT_LIMIT_LOCAL: 'yes', POLLCHAT_LIMIT_ROOM: '20' };
  return withSite({ profile: process.env.PROFILE ?? 'lighttpd', env }, (site) =>
    withBrowser(async ({ tab }) => {
      const address = `http://127.0.0.1:${site.port}/`;
      const page = await tab(address, { name: 'ann', ignore: IGNORE });
      const other = await tab(address, { name: 'ben', ignore: IGNORE });
      const refused = [];
      page.on('response', (answer) => {
        if (answer.status() === 429) {
          refused.push({ at: Date.now(), after: Number(answer.headers()['retry-after']), method: answer.request().method() });
        }
      });
      for (const line of LINES) {
        await say(page, line);
      }
      await status(page).getByText(WORDS).waitFor();
      await page.getByText(/Next try in \d s/).waitFor();
      assert.equal(await page.getByRole('button', { name: 'Try now' }).count(), 0, 'trying sooner is no use');
      await shows(page, LINES);
      await shows(other, LINES);
      assert.ok(refused.length >= 1 && refused.length <= 4, `${refused.length} refusals`);
      for (const [i, { at, after }] of refused.slice(1).entries()) {
        assert.ok(at - refused[i].at >= refused[i].after * 1000 - 100, `asked again after ${at - refused[i].at} ms; told ${after} s`);
      }
    }),
  );
});
