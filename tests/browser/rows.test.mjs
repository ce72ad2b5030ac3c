// rows.test.mjs - no message may break or freeze a room: long and expensive texts, rows that can't be
// painted, deleted rows, clocks that were wrong for a moment.

import assert from 'node:assert/strict';
import test from 'node:test';
import { withSite } from '../e2e/harness.mjs';
import { withFake } from './fake-server.mjs';
import { log, say, shows, status, texts, withBrowser } from './harness.mjs';
import { heavyTexts, meter } from './long.mjs';

const PROFILE = process.env.PROFILE ?? 'lighttpd';
const MIB = 1 << 20;
const MOST_MS = 500; // of the main thread. Measured: 40; more than 2000 if texts weren't cut into pieces

const NO_STREAM = { ignore: /\/stream/ }; // the chat in memory has no streams

const onSite = (body, env = {}) =>
  withSite({ profile: PROFILE, env }, (site) => withBrowser(({ tab }) => body({ site, tab, address: `http://127.0.0.1:${site.port}/` })));

const line = (page, text) => log(page).getByText(text, { exact: true });

test('no message costs an open page more than a moment, and all later ones appear', () =>
  onSite(async ({ site, tab, address }) => {
    const send = (text) => fetch(`${address}send?name=mallory`, { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: text });
    const page = await tab(address, { name: 'ann' });
    const spent = await meter(page);
    const heavy = Object.entries(heavyTexts(MIB - 100));
    for (const [i, [name, text]] of heavy.entries()) {
      await spent();
      assert.equal((await send(text)).status, 201);
      await site.send({ name: 'ben', text: `after ${i}` });
      await line(page, `after ${i}`).waitFor();
      const { total } = await spent();
      assert.ok(total < MOST_MS, `${name}: ${total} ms`);
    }
    assert.ok((await log(page).locator('.row-more').count()) > 3);
    const later = await tab(address, { name: 'cid' });
    await line(later, `after ${heavy.length - 1}`).waitFor();
    await say(later, 'we can still talk');
    await line(page, 'we can still talk').waitFor();
  }, { POLLCHAT_MAX_TEXT: String(MIB) }));

test('without JavaScript no message costs the page more than a moment, and all later ones appear', () =>
  onSite(async ({ site, tab, address }) => {
    const page = await tab('about:blank', { javaScriptEnabled: false });
    const spent = await meter(page);
    const measured = async (target, expected, name) => {
      await spent();
      await page.goto(`${address}${target}`);
      await page.getByText(expected, { exact: true }).first().waitFor();
      const { total } = await spent();
      assert.ok(total < MOST_MS, `${name}: ${total} ms`);
    };
    for (const [i, [name, text]] of Object.entries(heavyTexts(MIB - 100)).entries()) {
      const sent = await fetch(`${address}send?name=mallory&room=r${i}`, { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: text });
      assert.equal(sent.status, 201);
      await site.send({ room: `r${i}`, name: 'ben', text: 'after it' });
      await measured(`plain?room=r${i}&part=log`, 'after it', name);
      await measured(`plain?room=r${i}&part=text&seq=1&from=4000`, 'Show more', `${name}, more`);
    }
  }, { POLLCHAT_MAX_TEXT: String(MIB) }));

test('the rest of a long text comes piece by piece, and can be copied as a whole', () =>
  withFake((server) =>
    withBrowser(async ({ tab }) => {
      const text = Array.from({ length: 450 }, (_, i) => `line ${i}`).join('\n');
      server.chat.say('ben', text);
      const page = await tab(server.address, { name: 'ann', permissions: ['clipboard-read', 'clipboard-write'], ...NO_STREAM });
      const row = log(page).getByRole('listitem').filter({ hasText: 'line 0' });
      const more = row.getByRole('button', { name: 'Show more' });
      await row.getByText(/^Characters not shown: [\d,]+$/).waitFor();
      await row.getByRole('button', { name: 'Copy text' }).click();
      await status(page).filter({ hasText: 'Text copied' }).waitFor();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
      for (let lines = 200; lines < 450; lines += 100) {
        await more.click();
        await page.waitForFunction((n) => document.querySelector('.bubble-text').textContent.includes(`line ${n}`), lines - 1);
        server.chat.say('ben', `meanwhile ${lines}`); // the pieces that are shown stay
        await line(page, `meanwhile ${lines}`).waitFor({ state: 'attached' });
      }
      await page.keyboard.press('Enter'); // the focus is on the button for the next piece
      await page.waitForFunction((whole) => document.querySelector('.bubble-text').textContent === whole, text);
      assert.equal(await more.count(), 0);
      assert.equal(await page.evaluate(() => document.activeElement.className), 'piece');
    }),
  ));

test('a long text that is pasted, or kept as a draft, freezes no page, and is sent unchanged', () =>
  withFake((server) =>
    withBrowser(async ({ tab }) => {
      const text = `begin ${'a\u05d0'.repeat(100_000)}\n${'\u0301'.repeat(100_000)} end`;
      const page = await tab(server.address, { name: 'ann', permissions: ['clipboard-read', 'clipboard-write'], ...NO_STREAM });
      const spent = await meter(page);
      await page.evaluate((long) => navigator.clipboard.writeText(long), text);
      await say(page, 'first');
      await shows(page, ['first']);
      await spent();
      await page.keyboard.press('Control+V');
      const note = page.getByText('This text is too long to edit here. It is sent unchanged. Characters: 300,011');
      await note.waitFor();
      await page.waitForTimeout(500); // until the draft is kept
      await page.reload();
      await note.waitFor();
      const { total } = await spent();
      assert.ok(total < 4 * MOST_MS, `${total} ms`);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await note.waitFor({ state: 'hidden' });
      await page.keyboard.type('short');
      await page.keyboard.press('Control+A');
      await page.keyboard.press('Control+V');
      await note.waitFor();
      await page.keyboard.press('Enter');
      await page.waitForFunction(() => document.querySelectorAll('.row[data-state="stored"]').length === 2);
      assert.equal(server.chat.messages.at(-1).text, text);
      await page.keyboard.type('and on');
      await page.keyboard.press('Enter');
      await line(page, 'and on').waitFor();
    }),
  ));

test('a row that can\'t be painted says so and stops no other', () =>
  withFake((server) =>
    withBrowser(async ({ tab }) => {
      server.chat.say('ben', 'before');
      const page = await tab(server.address, { name: 'ann', ignore: /TypeError|\/stream/ });
      await shows(page, ['before']);
      server.chat.say('mallory', 'edited');
      const edit = server.chat.say('mallory', 'x');
      Object.assign(edit, { type: 'edit', target: 2, text: { no: 'text' } });
      server.chat.say('ben', 'after');
      await line(page, 'after').waitFor();
      assert.deepEqual(await texts(page), ['before', 'This message can’t be shown here.', 'after']);
      await say(page, 'and on');
      await line(page, 'and on').waitFor();
    }),
  ));

test('where messages were deleted from the database a line says so, and the page goes on', () =>
  onSite(async ({ site, tab, address }) => {
    const remove = (text) => site.sql(`DELETE FROM message WHERE text = '${text}'`);
    for (let i = 1; i <= 4; i++) await site.send({ text: `text ${i}`, name: 'ben' });
    remove('text 2');
    const page = await tab(address, { name: 'ann' });
    await shows(page, ['text 1', 'text 3', 'text 4']);
    await log(page).getByText('no longer kept').waitFor();
    for (let i = 5; i <= 6; i++) { // rows that are deleted before the page asks for them
      site.sql('UPDATE room SET head = head + 1');
      await site.send({ text: `text ${i}`, name: 'ben' });
      await line(page, `text ${i}`).waitFor();
    }
    await say(page, 'text 7');
    await shows(page, ['text 1', 'text 3', 'text 4', 'text 5', 'text 6', 'text 7']);
    assert.equal(await log(page).getByText('no longer kept').count(), 3);
    await page.waitForFunction(() => document.querySelector('[role=status]').textContent.trim() === '');
  }));

test('after a message from a day ahead, each line for a day is where the day begins, and stays there', () =>
  onSite(async ({ site, tab, address }) => {
    for (const text of ['one', 'two', 'three']) await site.send({ text, name: 'ben' });
    site.sql('UPDATE message SET time_ms = time_ms + 86400000 WHERE text = \'two\'');
    const page = await tab(address, { name: 'ann' });
    const shown = () => page.$$eval('.rows > li', (list) => list.map((row) => (row.matches('.line') ? 'day' : row.querySelector('.bubble-text').textContent)));
    await line(page, 'three').waitFor();
    assert.deepEqual(await shown(), ['day', 'one', 'day', 'two', 'day', 'three']);
    for (const text of ['four', 'five']) {
      await site.send({ text, name: 'ben' });
      await line(page, text).waitFor();
    }
    assert.deepEqual(await shown(), ['day', 'one', 'day', 'two', 'day', 'three', 'four', 'five']);
    assert.equal(await log(page).getByText('Today', { exact: true }).count(), 2);
  }));
