// texts.mjs - what one message costs an open page: milliseconds of its main thread, for each of the
// heavy texts.
//
//   node tests/bench/texts.mjs [BYTES]      default 1 MiB; a staged folder is needed (make stage)
//
// Counted from the request to a moment after the row is painted, in Chromium, as the thread's own
// time.

import { log, withBrowser } from '../browser/harness.mjs';
import { heavyTexts, meter } from '../browser/long.mjs';
import { withSite } from '../e2e/harness.mjs';

const bytes = Number(process.argv[2] ?? 1 << 20);

await withSite({ profile: 'lighttpd', env: { POLLCHAT_MAX_TEXT: String(1 << 20) } }, (site) =>
  withBrowser(async ({ tab }) => {
    for (const [name, text] of Object.entries(heavyTexts(bytes - 100))) {
      const room = `r${Math.random().toString(36).slice(2)}`;
      await site.send({ room, text: 'before' });
      const page = await tab(`http://127.0.0.1:${site.port}/?room=${room}`, { name: 'ann' });
      await log(page).getByText('before', { exact: true }).waitFor();
      await page.waitForTimeout(1000); // what the start of the page costs is over
      const spent = await meter(page);
      await fetch(`http://127.0.0.1:${site.port}/send?room=${room}`, { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: text });
      await page.locator('.row').nth(1).waitFor();
      await page.waitForTimeout(500);
      const { total, script, layout } = await spent();
      console.log(`${String(total).padStart(5)} ms, of which script ${script}, layout ${layout}: ${name}`);
      await page.context().close();
    }
  }),
);
