// change.test.mjs - own messages are edited and deleted, on real programs: everybody's view follows,
// in other tabs too; by mouse and by keyboard; without a network the change waits.

import assert from 'node:assert/strict';
import test from 'node:test';
import { withSite } from '../e2e/harness.mjs';
import { box, log, rows, say, shows, withBrowser } from './harness.mjs';

const PROFILE = process.env.PROFILE ?? 'lighttpd';
const ignore = /status of (409|403|404)|ERR_INTERNET|Failed to load resource/;

const onSite = (body, env = {}) =>
  withSite({ profile: PROFILE, env }, (site) => withBrowser(({ tab }) => body({ site, tab, address: `http://127.0.0.1:${site.port}/` })));

/** Opens the menu of the message with this text, and chooses an item. */
async function choose(page, text, item) {
  const row = rows(page).filter({ hasText: text }).first();
  await row.hover();
  await row.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: item }).click();
}

test('an edit is seen by everybody, with a mark; the text in the field comes back after it', () =>
  onSite(async ({ tab, address }) => {
    const ann = await tab(address, { name: 'ann', ignore });
    const ben = await tab(address, { name: 'ben', ignore });
    await say(ann, 'teh text');
    await shows(ben, ['teh text']);
    await box(ann).fill('half a draft');
    await choose(ann, 'teh text', 'Edit');
    await ann.getByText('Editing').waitFor();
    assert.equal(await box(ann).inputValue(), 'teh text');
    await box(ann).fill('the text');
    await box(ann).press('Enter');
    await shows(ben, ['the text']);
    await log(ben).getByText('edited').waitFor();
    assert.equal(await box(ann).inputValue(), 'half a draft');
    const later = await tab(address, { name: 'cid', ignore });
    await shows(later, ['the text']);
    await log(later).getByText('edited').waitFor();
  }));

test('by keyboard: arrow up, E, other words, Enter; Escape leaves the message as it is', () =>
  onSite(async ({ tab, address }) => {
    const page = await tab(address, { name: 'ann', ignore });
    await say(page, 'first');
    await shows(page, ['first']);
    await log(page).locator('.row[data-seq]').waitFor();
    await page.waitForFunction(() => document.querySelector('.row-own .row-menu'));
    await box(page).press('ArrowUp');
    await page.keyboard.press('e');
    await page.getByText('Editing').waitFor();
    await page.keyboard.press('Escape');
    assert.equal(await box(page).inputValue(), '');
    await box(page).press('ArrowUp');
    await page.keyboard.press('e');
    await page.getByText('Editing').waitFor();
    await page.keyboard.press('End');
    await page.keyboard.type(', mended');
    await page.keyboard.press('Enter');
    await shows(page, ['first, mended']);
    await box(page).press('ArrowUp');
    await page.keyboard.press('Delete');
    await page.getByRole('dialog', { name: 'Delete this message?' }).waitFor();
    await page.keyboard.press('Enter');
    await log(page).getByText('Deleted').waitFor();
    await page.keyboard.type('the focus is in the field');
    assert.equal(await box(page).inputValue(), 'the focus is in the field');
  }));

test('a deleted message is gone everywhere, in answers to it too, and its text in no answer of the chat', () =>
  onSite(async ({ site, tab, address }) => {
    const ann = await tab(address, { name: 'ann', ignore });
    const ben = await tab(address, { name: 'ben', ignore });
    await say(ann, 'a secret');
    await shows(ben, ['a secret']);
    await log(ben).getByText('a secret').hover();
    await rows(ben).filter({ hasText: 'a secret' }).getByRole('button', { name: 'Reply' }).click();
    await say(ben, 'what is it?');
    await shows(ann, ['a secret', 'what is it?']);
    await choose(ann, 'a secret', 'Delete');
    await ann.getByRole('button', { name: 'Delete', exact: true }).click();
    for (const page of [ann, ben]) {
      await shows(page, ['Deleted', 'what is it?']);
      assert.equal(await page.getByText('a secret').count(), 0);
    }
    assert.doesNotMatch((await site.get('/poll?last=20')).text, /a secret/);
    const later = await tab(address, { name: 'cid', ignore });
    await shows(later, ['what is it?']);
    await log(later).getByRole('button', { name: /Deleted/ }).waitFor(); // the quote
  }));

test('without a network a change waits, survives a reload, and is made once', () =>
  onSite(async ({ site, tab, address }) => {
    const page = await tab(address, { name: 'ann', ignore });
    await say(page, 'as it was');
    await shows(page, ['as it was']);
    await page.waitForFunction(() => document.querySelector('.row-own .row-menu'));
    await page.route('**/send', (route) => route.abort());
    await choose(page, 'as it was', 'Edit');
    await page.getByText('Editing').waitFor();
    await box(page).fill('as it is');
    await box(page).press('Enter');
    await shows(page, ['as it is']);
    await rows(page).filter({ hasText: /Sending|Waiting/ }).waitFor();
    await page.reload();
    await shows(page, ['as it is']);
    await page.unroute('**/send');
    await log(page).getByText('edited').waitFor();
    await page.waitForFunction(() => !/Sending|Waiting/.test(document.querySelector('.row-foot').textContent));
    const { messages } = (await site.get('/poll?last=20')).json();
    assert.deepEqual(messages.map(({ type, text }) => `${type}: ${text}`), ['message: as it is', 'edit: as it is']);
  }));
