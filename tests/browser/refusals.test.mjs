// refusals.test.mjs - what the page says when something may not be, against a chat in memory: too
// fast, a closed room, a ban that ends. And axe-core finds no fault in menus, dialogs and lists.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import test from 'node:test';
import { problem } from '../js/world.mjs';
import { withFake } from './fake-server.mjs';
import { box, log, rows, say, shows, status, withBrowser } from './harness.mjs';

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const ignore = /Failed to load resource|stream/;
const keyOf = (page) => page.evaluate(() => Object.entries(localStorage).find(([name]) => name.endsWith(' key'))[1]);

async function check(page, state) {
  if (!(await page.evaluate(() => typeof window.axe === 'object'))) await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { iframes: false, runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 150)}`));
  });
  assert.deepEqual(found, [], state);
}

test('in slow mode the message waits, the page counts down, and sends it by itself', () =>
  withFake((server) =>
    withBrowser(async ({ tab }) => {
      const page = await tab(server.address, { name: 'ann', ignore });
      let tries = 0;
      server.chat.refuse = () => ((tries += 1) === 1 ? problem(429, 'slow-mode', 'Slow.', {}, { 'Retry-After': '3' }) : undefined);
      await say(page, 'patient');
      await status(page).filter({ hasText: 'slow mode' }).waitFor();
      await page.getByText(/Next try in \d s/).waitFor();
      await shows(page, ['patient']);
      assert.equal(tries, 2);
    })));

test('a ban is told with its end, and when it has ended one can write without a reload', () =>
  withFake((server) =>
    withBrowser(async ({ tab }) => {
      const page = await tab(server.address, { name: 'ann', ignore });
      await say(page, 'first');
      await shows(page, ['first']);
      const end = Date.now() + 6000;
      server.chat.bans.push({ ban: 1, key: await keyOf(page), kind: 'ban', until: new Date(end).toISOString() });
      setTimeout(() => (server.chat.bans = []), 6000);
      await page.reload();
      await page.getByText(/You are banned here until/).waitFor();
      assert.equal(await page.getByRole('button', { name: 'Send' }).isDisabled(), true);
      await page.getByText(/You are banned here until/).waitFor({ state: 'hidden' });
      await say(page, 'second');
      await shows(page, ['first', 'second']);
    })));

for (const colorScheme of ['light', 'dark']) {
  test(`axe finds nothing in menus, dialogs, lists and refusals: ${colorScheme}`, () =>
    withFake((server) =>
      withBrowser(async ({ tab }) => {
        const { chat } = server;
        for (const [name, text, more] of [['Ben', 'morning', { mark: '1a2b', role: 'moderator' }], ['lan', 'I am Ian', { mark: 'aa01', alike: true }], ['Cid', 'hello', { mark: '9f3c', fresh: true }]]) {
          Object.assign(chat.say(name, text), more);
        }
        const page = await tab(server.address, { name: 'olga', ignore, colorScheme, reducedMotion: 'reduce' });
        await say(page, 'order');
        await log(page).getByText('order').waitFor();
        chat.staff.add(await keyOf(page));
        chat.reports.push({ report: 1, seq: 2, name: 'Cid', text: 'hello', count: 2, reasons: ['spam'], hidden: true });
        chat.held.push({ held: 1, uid: 'x', name: 'Newbie', text: 'buy here', why: 'link', person: 3 });
        await page.reload();
        await page.getByRole('button', { name: 'Moderation: 2 to decide' }).waitFor();
        const alike = rows(page).filter({ hasText: 'I am Ian' });
        await alike.hover();
        await check(page, 'marks and badges');
        await alike.getByRole('button', { name: 'More actions' }).click();
        await page.getByRole('menu').waitFor();
        await check(page, 'the menu');
        await page.keyboard.press('Escape');
        await alike.hover();
        await alike.getByRole('button', { name: 'Clean up …' }).click();
        await page.getByRole('dialog').waitFor();
        await check(page, 'the dialog');
        await page.keyboard.press('Escape');
        await page.getByRole('button', { name: /^Moderation/ }).click();
        await page.getByText('Waiting messages').waitFor();
        await check(page, 'the lists');
        const other = await tab(server.address, { name: 'olga', ignore, colorScheme, reducedMotion: 'reduce' });
        await other.getByRole('button', { name: /^Use “olga/ }).waitFor();
        await check(other, 'a name that is taken');
        await other.getByRole('button', { name: /^Use “olga/ }).click();
        await box(other).waitFor();
        chat.state.kind = 'read-only';
        await other.reload();
        await other.getByText('only moderators write').waitFor();
        await check(other, 'a closed room');
        assert.equal(await box(other).isVisible(), true);
      })));
}
