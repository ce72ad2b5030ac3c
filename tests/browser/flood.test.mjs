// flood.test.mjs - a flooder who returns with new keys and names from three networks, against one
// moderator in a real browser: after two clicks nothing more of it appears, two readers keep their
// place, and a ban ends by itself.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { until, withSite } from '../e2e/harness.mjs';
import { Flooder, NETWORKS } from './flooder.mjs';
import { box, log, rows, say, withBrowser } from './harness.mjs';

const PROFILE = process.env.PROFILE ?? 'lighttpd';
const ignore = /Failed to load resource/;
const FLOOD_MS = 4000; // before the moderator does something
const AFTER_MS = 6000; // in which nothing of the flood may appear
const keyOf = (page) => page.evaluate(() => Object.entries(localStorage).find(([name]) => name.endsWith(' key'))[1]);

const headersOf = (key, address) => ({ 'Content-Type': 'application/json', 'Pollchat-Key': key, 'X-Forwarded-For': address });
const post = (site, target, fields, headers) => site.get(target, { method: 'POST', headers, body: JSON.stringify(fields) });

async function act(site, key, fields) {
  const answer = await post(site, '/send/act', fields, { 'Content-Type': 'application/json', 'Pollchat-Key': key });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}

/** Makes the visitor of this page the owner. Returns its key. */
async function makeOwner(site, page) {
  const key = await keyOf(page);
  await site.get('/poll/me?sign_in=yes', { headers: { 'Pollchat-Key': key } });
  const [code] = fs.readFileSync(path.join(site.data, 'owner-code.txt'), 'utf8').split('\n');
  await act(site, key, { do: 'sign-in', code });
  await page.reload();
  await page.getByRole('button', { name: /^Moderation/ }).waitFor();
  return key;
}

/** A reader in the middle of old messages. */
async function openReader(tab, address, name, text) {
  const page = await tab(address, { name, ignore });
  const row = log(page).getByText(text, { exact: true });
  await row.waitFor();
  const top = () => row.evaluate((element) => Math.round(element.getBoundingClientRect().top));
  // The page goes to the newest message while it loads.
  const at = await until(async () => {
    await row.evaluate((element) => element.scrollIntoView({ block: 'center' }));
    await page.waitForTimeout(500);
    const found = await top();
    return found > 0 && found < 600 && found;
  }, 'the reader to be at an old message');
  return { page, top, at };
}

/** Messages of the flood that can be read. */
async function shownFlood(site) {
  const { messages } = (await site.get('/poll?last=1000')).json();
  return messages.filter(({ type, text }) => type === 'message' && text.startsWith('FLOOD')).length;
}

async function shownGood(site) {
  const { messages } = (await site.get('/poll?last=1000')).json();
  return messages.filter(({ type, text }) => type === 'message' && text.startsWith('good')).length;
}

/** The flood may push the row out of view: then the moderator aims at a newer one. */
async function cleanUp(page) {
  const dialog = page.getByRole('dialog', { name: /Clean up/ });
  await until(async () => {
    try {
      const row = rows(page).filter({ hasText: 'FLOOD' }).last();
      await row.hover({ force: true, timeout: 1000 });
      await row.getByRole('button', { name: 'Clean up …' }).click({ timeout: 1000 }); // the first click
    } catch (error) {
      if (!/Timeout|outside of the viewport/.test(error.message)) {
        throw error;
      }
    }
    return dialog.isVisible();
  }, 'the dialog to be open');
  await dialog.getByRole('button', { name: 'Delete and ban' }).click(); // the second
}

test('two clicks end a flood with new keys from three networks; readers keep their place; a ban ends by itself', { timeout: 180_000 }, (t) =>
  withSite({ profile: PROFILE, env: { POLLCHAT_TRUSTED_PROXIES: '127.0.0.1' } }, (site) =>
    withBrowser(async ({ tab }) => {
      const address = `http://127.0.0.1:${site.port}/`;
      const moderator = await tab(address, { name: 'olga', ignore });
      await say(moderator, 'welcome');
      await log(moderator).getByText('welcome').waitFor();
      const key = await makeOwner(site, moderator);
      const frida = { 'Content-Type': 'application/json', 'Pollchat-Key': 'ZnJpZGEtZnJpZGEtZnJpZA' };
      for (let n = 1; n <= 60; n++) {
        const answer = await post(site, '/send', { name: 'frida', text: `good ${n}` }, frida);
        assert.equal(answer.status, 201);
        if (n === 1) {
          await act(site, key, { do: 'trust', room: 'lobby', seq: answer.json().seq }); // known here for long
        }
      }
      // A ban for one minute. It has to end without anybody.
      const mallory = headersOf('bWFsbG9yeS1tYWxsb3J5LQ', '100.64.7.7');
      const rude = (await post(site, '/send', { name: 'mallory', text: 'rude' }, mallory)).json();
      await act(site, key, { do: 'ban', room: 'lobby', seq: rude.seq, of: 'network', minutes: 1 });
      const bannedAt = Date.now();
      assert.equal((await post(site, '/send', { name: 'mallory', text: 'again' }, mallory)).status, 403);

      const readers = [await openReader(tab, address, 'rita', 'good 20'), await openReader(tab, address, 'rolf', 'good 30')];
      const flooder = new Flooder(site.port);
      try {
        await new Promise((wake) => setTimeout(wake, FLOOD_MS));
        assert.ok((await shownFlood(site)) > 50, 'the flood has begun');
        const began = Date.now();
        await cleanUp(moderator);
        await moderator.getByText(/of the last hour deleted/).waitFor();
        const clicked = Date.now() - began;
        const counts = { ...flooder.counts };
        await until(async () => (await shownFlood(site)) === 0, 'the flood of all networks to be gone');
        await new Promise((wake) => setTimeout(wake, AFTER_MS));
        assert.equal(await shownFlood(site), 0, 'nothing of the flood is shown after the second click');
        assert.ok(flooder.sent > 100 && NETWORKS.every((network) => flooder.latest[network] !== 201), JSON.stringify(flooder.latest));
        // Others read and write as before.
        await say(moderator, 'peace');
        for (const { page } of readers) {
          await log(page).getByText('peace', { exact: true }).waitFor({ state: 'attached' });
        }
        t.diagnostic(`peace ${clicked} ms after the first click began; before: ${JSON.stringify(counts)}, in the end: ${JSON.stringify(flooder.counts)}`);
        assert.equal(await shownGood(site), 60, 'what others wrote is still there');
        assert.ok(NETWORKS.every((network) => flooder.latest[network] !== 201), JSON.stringify(flooder.latest));
      } finally {
        await flooder.stop();
      }
      for (const { page, top, at } of readers) {
        assert.ok(Math.abs((await top()) - at) < 4, `the row that was at ${at} is at ${await top()}`);
        await box(page).waitFor();
        await page.waitForFunction(() => !document.querySelector('[role="log"]').textContent.includes('FLOOD'));
      }
      let free = { status: 403 };
      while ([403, 429].includes(free.status) && Date.now() - bannedAt < 90_000) {
        await new Promise((wake) => setTimeout(wake, 3000)); // each try counts for the limits
        free = await post(site, '/send', { name: 'mallory', text: 'sorry' }, mallory);
      }
      // The moderator left newcomers waiting, and mallory may still be one.
      assert.ok(free.status === 201 || free.status === 202, free.text);
      assert.ok(Date.now() - bannedAt >= 59_000, 'not before its time');
    })));
