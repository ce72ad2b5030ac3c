// access.test.mjs - accessibility: axe-core finds no fault in any state of the page and the widget,
// light and dark. And what axe can't test: the keyboard, and what screen readers read out.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import test from 'node:test';
import { withSite } from '../e2e/harness.mjs';
import { box, join, log, say, shows, withBrowser } from './harness.mjs';

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const ignore = /Failed to load resource|ERR_/;

async function check(page, state) {
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))));
  for (const frame of page.frames()) {
    if (frame !== page.mainFrame() && !frame.url().includes('/embed?')) continue;
    if (!(await frame.evaluate(() => typeof window.axe === 'object'))) await frame.evaluate(axe); // through the debugger, as the policy forbids it to the page
    const found = await frame.evaluate(async () => {
      const { violations } = await window.axe.run(document, { iframes: false, runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
      return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 150)} ${failureSummary}`));
    });
    assert.deepEqual(found, [], state);
  }
}

async function talk(site) {
  await site.send({ name: 'ben', text: 'hello @ann, see https://example.org/ and `code`\n```\na block\n```' });
  await site.send({ name: 'cid', text: 'an answer', reply_to: 1 });
  await site.send({ name: 'ben', text: 'مرحبا' });
  await site.send({ name: 'cid', text: 'a long text, '.repeat(1000) });
}

for (const colorScheme of ['light', 'dark']) {
  test(`axe finds nothing in any state of the page: ${colorScheme}`, () =>
    withSite({ profile: 'lighttpd' }, (site) =>
      withBrowser(async ({ tab }) => {
        const address = `http://127.0.0.1:${site.port}/`;
        const page = await tab(address, { colorScheme, ignore, reducedMotion: 'reduce' });
        await page.getByText('There are no messages here').waitFor();
        await check(page, 'a name is asked for, nothing was said');
        await join(page, 'ann');
        await talk(site);
        await log(page).getByText('مرحبا').waitFor();
        await say(page, 'mine');
        await log(page).getByText('mine').waitFor();
        await check(page, 'people talk');
        await log(page).getByText('an answer').hover();
        await page.getByRole('listitem').filter({ hasText: 'an answer' }).getByRole('button', { name: 'Reply' }).click();
        await page.getByText('Replying to').waitFor();
        await check(page, 'a reply is written');
        await page.getByRole('button', { name: 'Settings' }).click();
        await check(page, 'the settings are open');
        await page.getByRole('button', { name: 'Close' }).click();
        await page.context().setOffline(true);
        await say(page, 'offline');
        await page.getByText('No connection').waitFor();
        await check(page, 'there is no connection');
        await page.context().setOffline(false);
        await log(page).locator('.row[data-state=stored]').filter({ hasText: 'offline' }).waitFor();
        await page.route('**/send', (route) => route.fulfill({
          status: 400, contentType: 'application/problem+json',
          body: JSON.stringify({ type: 'urn:pollchat:problem:bad-input', status: 400, detail: 'Not this one.', field: 'text' }),
        }));
        await say(page, 'refused');
        await page.getByRole('button', { name: 'Retry' }).waitFor();
        await check(page, 'a message was refused');
        await page.goto(`${address}plain`);
        await check(page, 'without JavaScript');
      })));

  test(`axe finds nothing in the frame for other sites: ${colorScheme}`, () =>
    withSite({ profile: 'lighttpd' }, (site) =>
      withBrowser(async ({ tab }) => {
        await talk(site);
        const page = await tab(`http://127.0.0.1:${site.port}/`, { colorScheme, reducedMotion: 'reduce' });
        await page.route('**/shop', (route) => route.fulfill({
          contentType: 'text/html',
          body: '<!doctype html><html lang="en"><meta name="color-scheme" content="light dark"><title>A shop</title><main><h1>A shop</h1></main><script src="embed.js" data-title="Questions?"></script></html>',
        }));
        await page.goto(`http://127.0.0.1:${site.port}/shop`);
        await page.getByRole('button', { name: 'Questions?' }).waitFor();
        await check(page, 'closed');
        await page.getByRole('button', { name: 'Questions?' }).click();
        await page.frameLocator('iframe').getByRole('textbox').waitFor();
        await page.frameLocator('iframe').getByRole('log').getByText('an answer').waitFor();
        await check(page, 'open');
      })));
}

test('by keyboard alone: to an earlier message, a reply to it, and back to the field', () =>
  withSite({ profile: 'lighttpd' }, (site) =>
    withBrowser(async ({ tab }) => {
      for (let i = 1; i <= 3; i++) await site.send({ name: 'ben', text: `message ${i}` });
      const page = await tab(`http://127.0.0.1:${site.port}/`, { name: 'ann' });
      await shows(page, ['message 1', 'message 2', 'message 3']);
      const { keyboard } = page;
      await keyboard.press('ArrowUp'); // from the empty field to the last message
      await keyboard.press('ArrowUp');
      await keyboard.press('r');
      await page.getByText('Replying to').waitFor();
      await keyboard.type('to the second');
      await keyboard.press('Enter');
      await shows(page, ['message 1', 'message 2', 'message 3', 'to the second']);
      assert.equal((await site.get('/poll?last=1')).json().messages[0].reply_to, 2);
      await keyboard.press('Shift+Tab'); // back to the row that last had the focus, and its buttons
      await keyboard.press('Escape');
      assert.ok(await box(page).evaluate((field) => field === document.activeElement));
    })));

test('three hundred messages at once are not read out one by one', () =>
  withSite({ profile: 'lighttpd' }, (site) =>
    withBrowser(async ({ tab }) => {
      const page = await tab(`http://127.0.0.1:${site.port}/`, { name: 'ann' });
      await shows(page, []);
      await page.evaluate(() => {
        window.read = 0;
        const list = document.querySelector('[role="log"]');
        new MutationObserver((changes) => {
          if (list.getAttribute('aria-busy') !== 'true') window.read += changes.reduce((n, change) => n + [...change.addedNodes].filter((node) => node.matches?.('.row')).length, 0);
        }).observe(list, { childList: true, subtree: true });
      });
      await Promise.all(Array.from({ length: 300 }, (_, i) => site.send({ name: 'ben', text: `text ${i}` })));
      await page.getByText(/new messages$/).first().waitFor({ state: 'attached' });
      await page.waitForFunction(() => document.querySelectorAll('.row').length >= 300);
      assert.ok((await page.evaluate(() => window.read)) <= 20, `${await page.evaluate(() => window.read)} are read out`);
    })));
