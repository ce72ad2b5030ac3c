// tabs.test.mjs - ten tabs of one browser, which allows six connections to a host: all of them work, also when some close.

import assert from 'node:assert/strict';
import test from 'node:test';
import { withSite } from '../e2e/harness.mjs';
import { say, shows, withBrowser } from './harness.mjs';

const PROFILES = (process.env.PROFILES ?? process.env.PROFILE ?? 'lighttpd lighttpd-cgi apache-proxy apache-fcgid').split(/[\s,]+/);

for (const profile of PROFILES.filter((name) => name !== '')) {
  test(`ten tabs talk over one connection: ${profile}`, async () => {
    await withSite({ profile }, async (site) => {
      await withBrowser(async ({ tab }) => {
        const first = await tab(`http://127.0.0.1:${site.port}/`, { name: 'ann' });
        const pages = [first];
        while (pages.length < 10) {
          const page = await first.context().newPage();
          await page.goto(first.url());
          pages.push(page);
        }
        const said = [];
        for (const [i, page] of pages.entries()) {
          await say(page, `from tab ${i}`);
          said.push(`from tab ${i}`);
          await shows(page, said); // the order of the chat is that of the tabs
        }
        for (const page of pages) await shows(page, said);
        for (const page of pages.splice(0, 5)) await page.close(); // whoever led is among them
        assert.equal((await site.send({ name: 'ben', text: 'still there?' })).status, 201);
        for (const page of pages) await shows(page, [...said, 'still there?']);
        await say(pages[4], 'yes');
        for (const page of pages) await shows(page, [...said, 'still there?', 'yes']);
      });
      assert.equal(site.check().status, 0);
    });
  });
}
