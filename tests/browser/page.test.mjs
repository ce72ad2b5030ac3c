// page.test.mjs - the page on a real server: code in messages, the keyboard, narrow screens, long
// histories.

import assert from 'node:assert/strict';
import test from 'node:test';
import { until as untilTrue, withSite } from '../e2e/harness.mjs';
import { box, join, log, rows, say, shows, status, texts, withBrowser } from './harness.mjs';

const PROFILE = process.env.PROFILE ?? 'lighttpd';

async function onSite(body) {
  await withSite({ profile: PROFILE }, async (site) => {
    await withBrowser(async ({ tab, browser }) => body({ site, tab, browser, address: `http://127.0.0.1:${site.port}/` }));
  });
}

async function fill(site, count, room = 'lobby') {
  for (let i = 1; i <= count; i++) {
    assert.equal((await site.send({ room, name: i % 3 === 0 ? 'ben' : 'cid', text: `text ${i}` })).status, 201);
  }
}

const numbered = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => `text ${from + i}`);

const ATTACKS = [
  '<script>window.hacked = 1</script>',
  '<img src=x onerror="window.hacked = 1">',
  '"><svg onload=window.hacked=1>',
  "';window.hacked=1;//",
  'javascript:window.hacked=1',
  'https://x.test/"onmouseover="window.hacked=1',
  '<a href="javascript:window.hacked=1">x</a>',
  '{{constructor.constructor("window.hacked=1")()}}',
  '</title><style>*{display:none}</style>',
];

test('code in a name or a text never runs, and is shown', () =>
  onSite(async ({ site, tab, address }) => {
    for (const text of ATTACKS) {
      assert.equal((await site.send({ name: text.slice(0, 64), text })).status, 201);
    }
    const page = await tab(address, { name: '<img src=x onerror=alert(1)>' });
    await shows(page, ATTACKS);
    await say(page, '<iframe srcdoc="<script>parent.hacked=1</script>">');
    await shows(page, [...ATTACKS, '<iframe srcdoc="<script>parent.hacked=1</script>">']);
    for (const link of await log(page).getByRole('link').all()) {
      assert.match(await link.getAttribute('href'), /^https?:\/\//);
      assert.match(await link.getAttribute('rel'), /noopener/);
      await link.hover();
    }
    assert.equal(await page.evaluate(() => window.hacked), undefined);
    assert.equal(await log(page).locator('script, img, svg, iframe, style, [style], b').count(), 0);
    await page.getByRole('button', { name: /Your name/ }).waitFor();
  }));

test('the policy of the page stops inline scripts and requests to other sites', () =>
  onSite(async ({ tab, address }) => {
    const page = await tab(address, { ignore: /Content Security Policy|x\.test/ });
    const ran = await page.evaluate(async () => {
      const script = document.createElement('script');
      script.textContent = 'window.inline = 1';
      document.head.append(script);
      const answer = await fetch('http://x.test/').then(() => 'let through', () => 'stopped');
      return [window.inline, answer];
    });
    assert.deepEqual(ran, [undefined, 'stopped']);
  }));

test('by keyboard alone: name, message, line break, change of name, the log', () =>
  onSite(async ({ tab, address }) => {
    const page = await tab(address);
    const { keyboard } = page;
    await keyboard.type('ann'); // the field has the focus from the start
    await keyboard.press('Enter');
    await keyboard.type('first');
    await keyboard.press('Shift+Enter');
    await keyboard.type('second');
    await keyboard.press('Enter');
    await shows(page, ['first\nsecond']);
    await keyboard.type('   ');
    await keyboard.press('Enter');
    assert.deepEqual(await texts(page), ['first\nsecond'], 'blanks alone are not sent');
    await box(page).fill('');

    const mine = page.getByRole('button', { name: /Your name: ann/ });
    const isFocused = (locator) => locator.evaluate((element) => element === document.activeElement);
    for (let steps = 0; !(await isFocused(mine)); steps++) {
      assert.ok(steps < 6, 'the button for the name is a few steps away');
      await keyboard.press('Shift+Tab');
      const { what, outline } = await page.evaluate(() => ({ what: document.activeElement.outerHTML.slice(0, 80), outline: getComputedStyle(document.activeElement).outlineStyle }));
      assert.notEqual(outline, 'none', `one sees the focus on ${what}`);
    }
    await keyboard.press('Enter');
    await keyboard.press('Escape');
    await keyboard.type('still here');
    await keyboard.press('Enter');
    await shows(page, ['first\nsecond', 'still here']);
    await page.getByRole('button', { name: /Your name: ann/ }).focus();
    await keyboard.press('Enter');
    await keyboard.type('anna'); // replaces the old one, which is selected
    await keyboard.press('Enter');
    await keyboard.type('as anna');
    await keyboard.press('Enter');
    await shows(page, ['first\nsecond', 'still here', 'as anna']);
    await page.getByRole('button', { name: /Your name: anna/ }).waitFor();
  }));

test("an Enter of an input method sends nothing", () =>
  onSite(async ({ tab, address }) => {
    const page = await tab(address, { name: 'ann' });
    await box(page).fill('にほん');
    await box(page).evaluate((field) => field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true })));
    assert.equal(await box(page).inputValue(), 'にほん');
    await box(page).press('Enter');
    await shows(page, ['にほん']);
  }));

test('nothing is wider than a screen of 320 pixels', () =>
  onSite(async ({ site, tab, address }) => {
    await site.send({ name: 'W'.repeat(64), text: 'W'.repeat(400) });
    await site.send({ name: 'ben', text: `https://example.org/${'long'.repeat(60)}` });
    await site.send({ name: 'ben', text: '1 2 3\n\n\ttab' });
    const page = await tab(address, { viewport: { width: 320, height: 568 } });
    const width = () => page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.querySelector('.log').scrollWidth));
    await rows(page).last().waitFor();
    assert.ok((await width()) <= 320);
    await join(page, 'M'.repeat(64));
    await say(page, 'W'.repeat(200));
    await page.waitForFunction(() => document.querySelectorAll('.row').length === 4);
    assert.ok((await width()) <= 320);
    for (const button of await page.getByRole('button').all()) {
      const { x, width: w, height } = (await button.boundingBox()) ?? { x: 0, width: 24, height: 24 };
      assert.ok(x >= 0 && x + w <= 320 && height >= 24);
    }
  }));

test('the page fits its window: only the messages scroll', () =>
  onSite(async ({ site, tab, address }) => {
    await fill(site, 60);
    for (const viewport of [{ width: 1200, height: 800 }, { width: 1200, height: 500 }, { width: 390, height: 844 }]) {
      const page = await tab(address, { name: 'ann', viewport });
      await rows(page).last().waitFor();
      const [high, wide] = await page.evaluate(() => [document.documentElement.scrollHeight, document.documentElement.scrollWidth]);
      assert.deepEqual([high, wide], [viewport.height, viewport.width]);
    }
  }));

test('older messages come above, and the rows in sight stay where they are', () =>
  onSite(async ({ site, tab, address }) => {
    await fill(site, 120);
    const page = await tab(address, { name: 'ann' });
    await shows(page, numbered(71, 120));
    const region = page.getByRole('region', { name: 'Messages' });
    const top = () => log(page).getByText('text 71', { exact: true }).evaluate((row) => row.getBoundingClientRect().top);
    await region.evaluate((element) => element.scrollTo(0, 120)); // near the upper edge, where older messages come by themselves
    const before = await top();
    await shows(page, numbered(21, 120));
    assert.ok(Math.abs((await top()) - before) < 40, 'the row has hardly moved');
    await region.evaluate((element) => element.scrollTo(0, 0));
    await shows(page, numbered(1, 120));
    assert.equal(await page.getByRole('button', { name: 'Older messages' }).isVisible(), false);
  }));

test('of a very long conversation only a part has rows, wherever the reader is', () =>
  onSite(async ({ site, tab, address }) => {
    const lines = Array.from({ length: 3000 }, (_, i) => `(${i + 1}, 'text ${i + 1}')`).join(',');
    await fill(site, 1);
    site.sql(`INSERT INTO message (message_id, time_ms, type, reply_to, name, id, id_sent, text)
      SELECT room_id << 36 | column1, time_ms + column1, 1, NULL, name, 'id-' || column1, 1, column2
      FROM (VALUES ${lines}) AS line, (SELECT * FROM message WHERE seq = 1) AS first WHERE column1 > 1; UPDATE room SET head = 3000`);
    const page = await tab(`${address}#m700`, { name: 'ann' });
    const row = log(page).getByText('text 700', { exact: true });
    await row.waitFor();
    assert.ok(await row.evaluate((element) => element.getBoundingClientRect().top > 0), 'the link leads to the message');
    const count = () => page.evaluate(() => document.querySelectorAll('.row').length);
    assert.ok((await count()) <= 300, `${await count()} rows`);
    const region = page.getByRole('region', { name: 'Messages' });
    for (const text of ['text 1000', 'text 1400']) { // downwards, as a reader scrolls
      await untilTrue(async () => {
        await region.evaluate((element) => element.scrollBy(0, 1500));
        return (await texts(page)).includes(text);
      }, `${text} to be shown`);
      assert.ok((await count()) <= 300);
    }
    const list = await texts(page);
    assert.deepEqual(list, numbered(Number(list[0].slice(5)), Number(list[0].slice(5)) + list.length - 1), 'in order, without a hole');
    await say(page, 'at the end'); // scrolls to the end
    await log(page).getByText('at the end').waitFor();
    assert.equal((await texts(page)).at(-2), 'text 3000');
  }));

test('to a reader further up, a button tells the number of new messages and leads to them', () =>
  onSite(async ({ site, tab, address }) => {
    await fill(site, 60);
    const page = await tab(address, { name: 'ann' });
    await shows(page, numbered(11, 60));
    await page.getByRole('region', { name: 'Messages' }).evaluate((region) => region.scrollTo(0, 200));
    const place = () => page.getByRole('region', { name: 'Messages' }).evaluate((region) => region.scrollTop);
    await shows(page, numbered(1, 60)); // so near to the first message, older ones come by themselves
    const before = await place();
    await site.send({ name: 'ben', text: 'text 61' });
    await site.send({ name: 'ben', text: 'text 62' });
    const news = page.getByRole('button', { name: '2 new messages' });
    await news.waitFor();
    assert.equal(await place(), before);
    await news.click();
    await news.waitFor({ state: 'hidden' });
    const end = await page.getByRole('region', { name: 'Messages' }).evaluate((r) => r.scrollHeight - r.scrollTop - r.clientHeight);
    assert.ok(end < 2);
  }));

test('times are local, the exact one is in the tooltip, days have a line', () =>
  onSite(async ({ site, tab, address }) => {
    const { time } = (await site.send({ name: 'ben', text: 'now' })).json();
    const page = await tab(address);
    const shown = log(page).locator('time');
    await shown.waitFor();
    assert.equal(await shown.getAttribute('datetime'), time);
    assert.match(await shown.getAttribute('title'), /\d{4}.*\d\d:\d\d:\d\d/);
    const berlin = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'Europe/Berlin' }).format(new Date(time));
    assert.equal(await shown.textContent(), berlin);
    assert.match(await rows(page).first().textContent(), /Today/);
  }));

test('a room with an impossible name shows the reason', () =>
  onSite(async ({ tab, address }) => {
    const page = await tab(`${address}?room=No%20Room`, { ignore: /400/ });
    await status(page).filter({ hasText: 'room' }).waitFor();
    assert.match(await page.title(), /No Room/);
  }));

test('a name that the server refuses is asked for again, and the message goes out under the new one', () =>
  onSite(async ({ tab, address }) => {
    const page = await tab(address, { name: 'a\u202eb', ignore: /400/ });
    await say(page, 'who am I');
    await shows(page, ['who am I [failed]']);
    await page.getByRole('textbox', { name: 'Your name from now on' }).fill('anna');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Retry' }).click();
    await shows(page, ['who am I']);
    await page.keyboard.type('the focus is in the box');
    await page.keyboard.press('Enter');
    await shows(page, ['who am I', 'the focus is in the box']);
  }));

test('own messages are recognised and come once, although the server changes the name', () =>
  onSite(async ({ tab, address }) => {
    const page = await tab(address, { name: 'ann\u200b' });
    await say(page, 'one');
    await shows(page, ['one']);
    await say(page, 'two');
    await shows(page, ['one', 'two']);
    await untilTrue(async () => (await log(page).locator('.row-own').count()) === 2, 'both to be own ones');
  }));

test('without storage it works, and asks for the name again', () =>
  onSite(async ({ tab, browser, address }) => {
    void browser;
    const page = await tab(address);
    await page.addInitScript(() => {
      for (const name of ['localStorage', 'sessionStorage']) {
        Object.defineProperty(window, name, { get: () => { throw new DOMException('no', 'SecurityError'); } });
      }
    });
    await page.reload();
    await join(page, 'ann');
    await say(page, 'kept nowhere');
    await shows(page, ['kept nowhere']);
    await page.reload();
    await page.getByRole('textbox', { name: 'What shall we call you?' }).waitFor();
    await shows(page, ['kept nowhere']);
  }));

test('the page has landmarks, one heading, and a name for every control', () =>
  onSite(async ({ tab, address }) => {
    const page = await tab(address, { name: 'ann' });
    await page.getByRole('main').waitFor();
    await page.getByRole('banner').waitFor();
    assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1);
    assert.equal(await log(page).getAttribute('aria-live'), 'polite');
    assert.equal(await page.getByRole('status').getAttribute('aria-live'), 'polite');
    const unnamed = await page.evaluate(() =>
      [...document.querySelectorAll('button, input, textarea')].filter((e) => e.checkVisibility() && !(e.labels?.[0] ?? e).textContent.trim() && !e.ariaLabel).map((e) => e.outerHTML),
    );
    assert.deepEqual(unnamed, []);
    assert.equal(await page.locator('[style]').count(), 0);
  }));
