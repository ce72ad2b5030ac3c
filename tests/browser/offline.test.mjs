// offline.test.mjs - the network fails, the server dies, the tab is closed: messages are sent once and
// in order as soon as possible.

import assert from 'node:assert/strict';
import test from 'node:test';
import { until, withSite } from '../e2e/harness.mjs';
import { PLAIN, rows, say, shows, withBrowser } from './harness.mjs';

const PROFILES = (process.env.PROFILES ?? process.env.PROFILE ?? 'lighttpd lighttpd-cgi apache-proxy apache-fcgid').split(/[\s,]+/);
const ignore = /Failed to load resource|ERR_/;
const stored = async (site) => (await site.get('/poll')).json().messages.map(({ text }) => text);

for (const profile of PROFILES.filter((name) => name !== '')) {
  test(`messages written offline are sent in order, and those of others come: ${profile}`, async () => {
    await withSite({ profile }, async (site) => {
      await withBrowser(async ({ tab }) => {
        const page = await tab(`http://127.0.0.1:${site.port}/`, { name: 'ann', ignore });
        await say(page, 'before');
        await shows(page, ['before']);
        await page.context().setOffline(true);
        await say(page, 'one');
        await say(page, 'two');
        await page.getByText('No connection').waitFor();
        await site.send({ name: 'ben', text: 'meanwhile' });
        await page.context().setOffline(false);
        await shows(page, ['before', 'meanwhile', 'one', 'two']);
      });
      assert.deepEqual(await stored(site), ['before', 'meanwhile', 'one', 'two']);
    });
  });

  test(`messages unsent when the last tab was closed are sent when the room is opened again: ${profile}`, async () => {
    await withSite({ profile }, async (site) => {
      await withBrowser(async ({ tab }) => {
        const page = await tab(`http://127.0.0.1:${site.port}/`, { name: 'ann', ignore });
        await say(page, 'first');
        await shows(page, ['first']);
        const context = page.context();
        await context.setOffline(true);
        await say(page, 'second');
        await say(page, 'third');
        await shows(page, ['first', 'second [queued]', 'third [queued]']);
        await page.close();
        await context.setOffline(false);
        const again = await context.newPage();
        await again.goto(`http://127.0.0.1:${site.port}/`);
        await shows(again, ['first', 'second', 'third']);
        await again.reload();
        await shows(again, ['first', 'second', 'third']);
      });
      assert.deepEqual(await stored(site), ['first', 'second', 'third']);
    });
  });
}

test('without HTTPS, so without locks, the next tab sends what a closed one left, and takes nothing from an open one', async () => {
  await withSite({ profile: 'lighttpd' }, async (site) => {
    await withBrowser(async ({ tab }) => {
      const page = await tab(`http://${PLAIN}:${site.port}/`, { name: 'ann', ignore });
      const other = await page.context().newPage();
      await other.goto(page.url());
      await page.context().route(/\/send$/, (route) => route.abort());
      await say(page, 'one');
      await shows(page, ['one [queued]']);
      await say(other, 'of the other tab');
      await shows(other, ['of the other tab [queued]']);
      await say(page, 'two');
      await shows(page, ['one [queued]', 'two [queued]']);
      await page.close();
      const again = await other.context().newPage();
      await again.goto(other.url());
      await shows(again, ['one [queued]', 'two [queued]']);
      await shows(other, ['of the other tab [queued]']);
      await again.context().unroute(/\/send$/);
      await rows(again).nth(2).waitFor();
      await until(async () => (await stored(site)).length === 3, 'all three to be stored');
    });
    const all = await stored(site);
    assert.deepEqual(all.filter((text) => text !== 'of the other tab'), ['one', 'two']);
  });
});

test('a tab that is closed before its database has written anything loses nothing', async () => {
  await withSite({ profile: 'lighttpd' }, async (site) => {
    await withBrowser(async ({ tab }) => {
      const page = await tab(`http://127.0.0.1:${site.port}/`, { name: 'ann', ignore });
      await page.evaluate(() => {
        IDBObjectStore.prototype.put = () => ({}); // a disk that never writes
      });
      const context = page.context();
      await context.setOffline(true);
      await say(page, 'only just');
      await shows(page, ['only just [queued]']);
      await page.close();
      await context.setOffline(false);
      const again = await context.newPage();
      await again.goto(`http://127.0.0.1:${site.port}/`);
      await shows(again, ['only just']);
    });
    assert.deepEqual(await stored(site), ['only just']);
  });
});

for (const profile of PROFILES.filter((name) => ['lighttpd', 'apache-proxy', 'apache-fcgid'].includes(name))) {
  test(`nothing is lost when the programs are killed and started again while people talk: ${profile}`, async () => {
    await withSite({ profile }, async (site) => {
      await withBrowser(async ({ tab }) => {
        const address = `http://127.0.0.1:${site.port}/`;
        const people = [await tab(address, { name: 'ann', ignore }), await tab(address, { name: 'ben', ignore })];
        const said = [];
        for (let i = 0; i < 8; i++) {
          if (i % 2 === 1) site.programs().forEach(({ pid }) => process.kill(pid, 'SIGKILL'));
          await say(people[i % 2], `message ${i}`);
          said.push(`message ${i}`);
          await shows(people[i % 2], said);
        }
        for (const page of people) await shows(page, said);
      });
      assert.equal(site.check().status, 0);
    });
  });
}

test('unsent messages keep the order of writing, although the clock is set back and the page is loaded again', async () => {
  await withSite({ profile: 'lighttpd' }, async (site) => {
    await withBrowser(async ({ tab }) => {
      const page = await tab(`http://127.0.0.1:${site.port}/`, { name: 'ann', ignore });
      await page.context().route(/\/send$/, (route) => route.abort());
      for (const text of ['one', 'two', 'three']) {
        if (text === 'three') {
          await page.evaluate(() => {
            const { now } = Date;
            Date.now = () => now() - 300_000;
          });
        }
        await say(page, text);
      }
      await shows(page, ['one [queued]', 'two [queued]', 'three [queued]']);
      await page.reload();
      await page.context().unroute(/\/send$/);
      await shows(page, ['one', 'two', 'three']);
    });
    assert.deepEqual(await stored(site), ['one', 'two', 'three']);
  });
});
