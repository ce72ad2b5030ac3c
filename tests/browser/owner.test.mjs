// owner.test.mjs - the owner's desk (owner.html): the first sign-in, and what the owner does there,
// against the real programs, on a desktop and on a phone's width, by mouse and by keyboard.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { until, withSite } from '../e2e/harness.mjs';
import { withBrowser } from './harness.mjs';

const PROFILES = (process.env.PROFILES ?? process.env.PROFILE ?? 'lighttpd apache-fcgid').split(/[\s,]+/).filter((name) => name !== '');
const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, colorScheme: 'dark' };
const refused = /status of 40[134]/; // what the browser writes about a refused request

const newKey = () => crypto.randomBytes(16).toString('base64url');
const said = (page) => page.locator('[data-part=said]');
const codeOf = (site) => fs.readFileSync(path.join(site.data, 'owner-code.txt'), 'utf8').split('\n')[0];

/** Sends as a person with a key, and requires that it is stored or held. */
async function send(site, key, fields) {
  const answer = await site.send(fields, { headers: { 'Pollchat-Key': key } });
  assert.ok([200, 201, 202].includes(answer.status), answer.text);
  return answer.json();
}

const act = (site, key, fields) =>
  site.get('/send/act', { method: 'POST', body: JSON.stringify(fields), headers: { 'Content-Type': 'application/json', 'Pollchat-Key': key } });

const stored = async (site) => (await site.get('/poll?since=0&limit=1000')).json().messages;

async function go(page, part) {
  await page.getByRole('navigation').getByRole('link', { name: new RegExp(`^${part}`) }).click();
}

/** Waits until the page says this. */
async function says(page, text) {
  await said(page).filter({ hasText: text }).waitFor({ timeout: 20_000 });
}

async function signIn(page, site) {
  await page.getByRole('textbox', { name: 'Code' }).fill(codeOf(site));
  await page.getByRole('button', { name: 'Sign in as the owner' }).click();
  await says(page, 'You are the owner');
}

async function withDesk(profile, body, options = {}) {
  await withSite({ profile }, async (site) => {
    await withBrowser(async ({ tab }) => {
      const open = (more = {}) => tab(`http://127.0.0.1:${site.port}/owner.html`, { ignore: refused, ...options, ...more });
      const page = await open();
      await page.getByRole('textbox', { name: 'Code' }).waitFor();
      await body({ site, page, open, tab });
    });
  });
}

for (const profile of PROFILES) {
  test(`the first owner signs in with the code of the data folder, and nobody can without it: ${profile}`, async () => {
    await withDesk(profile, async ({ site, page, open }) => {
      await page.getByRole('heading', { name: 'This chat has no owner yet' }).waitFor();
      const file = path.join(site.data, 'owner-code.txt');
      assert.equal(fs.statSync(file).mode & 0o077, 0, 'no other user may read the code');
      for (const address of ['/owner-code.txt', '/pollchat-data/owner-code.txt', '/data/owner-code.txt']) {
        assert.notEqual((await site.get(address)).status, 200, address);
      }
      await page.getByRole('textbox', { name: 'Code' }).fill('AAAA-BBBB-CCCC-DDDD');
      await page.getByRole('button', { name: 'Sign in as the owner' }).click();
      await says(page, 'This isn’t the code'.replace('’', "'"));
      await signIn(page, site);
      assert.ok(!fs.existsSync(file), 'the code works once');
      await go(page, 'Rooms');
      await page.getByText('There is none yet.').waitFor();
      assert.equal(await said(page).textContent(), '', 'it was said about another part');
      await go(page, 'Today');
      await page.reload();
      await page.getByRole('heading', { name: 'How the chat is doing' }).waitFor();
      const other = await open();
      await other.getByRole('heading', { name: 'This page is for the owner and moderators' }).waitFor();
      fs.writeFileSync(file, ''); // the way back for an owner who lost the key
      fs.chownSync(file, fs.statSync(site.data).uid, fs.statSync(site.data).gid);
      await other.reload();
      await until(() => fs.statSync(file).size > 0, 'a new code');
      await other.getByText('You are the owner, but').click();
      await signIn(other, site);
    });
  });
}

test('reported messages, and those that wait, are decided at the desk', async () => {
  await withDesk('lighttpd', async ({ site, page }) => {
    await signIn(page, site);
    const [ann, ben, ...others] = [1, 2, 3, 4].map(newKey);
    for (let i = 0; i < 4; i++) {
      await send(site, ann, { name: 'ann', text: `rude ${i}` });
    }
    await send(site, ben, { name: 'ben', text: 'friendly <b>text</b>' });
    for (const key of [ben, ...others]) {
      assert.equal((await act(site, key, { do: 'report', room: 'lobby', seq: 1, reason: 'it is rude' })).status, 200);
    }
    await send(site, others[0], { name: 'cleo', room: 'dev', text: 'of another room' });
    assert.equal((await act(site, ben, { do: 'report', room: 'dev', seq: 1, reason: 'off topic' })).status, 200);
    await page.reload();
    await page.getByRole('navigation').getByRole('link', { name: 'To decide 2' }).waitFor();
    await go(page, 'To decide');
    await page.getByRole('listitem').filter({ hasText: 'of another room' }).getByRole('button', { name: 'It may stay' }).click();
    await says(page, 'The message stays');
    await page.getByRole('navigation').getByRole('link', { name: 'To decide 1' }).waitFor();
    const reported = page.getByRole('listitem').filter({ hasText: 'rude 0' });
    await reported.getByText('hidden, reported by 3').waitFor();
    assert.equal((await stored(site)).find(({ seq }) => seq === 1).type, 'delete', 'readers no longer see it');
    await reported.getByRole('button', { name: 'Show it again' }).click();
    await until(async () => (await stored(site)).find(({ seq }) => seq === 1).text === 'rude 0', 'the message is shown again');
    assert.equal((await act(site, ben, { do: 'report', room: 'lobby', seq: 2, reason: '' })).status, 200);
    await page.reload();
    await page.getByRole('button', { name: 'Clean up and ban' }).click();
    await page.getByRole('button', { name: 'Delete and ban' }).click();
    await says(page, 'Deleted messages: 4');
    assert.deepEqual((await stored(site)).filter(({ type }) => type === 'message').map(({ text }) => text), ['friendly <b>text</b>']);
    assert.equal((await site.send({ name: 'other', text: 'again' }, { headers: { 'Pollchat-Key': ann } })).status, 403);

    await go(page, 'Settings');
    const card = page.getByRole('listitem').filter({ has: page.locator('code', { hasText: /^newcomers$/ }) });
    await card.getByRole('combobox').selectOption('held');
    await card.getByRole('button', { name: 'Save' }).click();
    await says(page, 'newcomers is held now');
    const eve = newKey();
    assert.equal((await send(site, eve, { name: 'eve', text: 'first', id: 'e1' })).held, true);
    await page.reload();
    await go(page, 'To decide');
    await page.getByRole('button', { name: 'Approve, and trust this person' }).click();
    await says(page, 'further ones of this person go there at once');
    assert.equal((await send(site, eve, { name: 'eve', text: 'second' })).type, 'message');

    await go(page, 'Bans');
    await page.getByRole('button', { name: 'Lift' }).click();
    await says(page, 'lifted');
    assert.equal((await send(site, ann, { name: 'ann', text: 'sorry', id: 's' })).held ?? false, true, 'a newcomer, but no longer banned');
    await go(page, 'Log');
    for (const what of ['clean', 'show', 'set', 'approve', 'lift']) {
      await page.getByRole('cell', { name: what, exact: true }).waitFor();
    }
  });
});

test('a moderator is made by a link, which works once', async () => {
  await withDesk('lighttpd', async ({ site, page, tab }) => {
    await signIn(page, site);
    await go(page, 'Invitations');
    await page.getByRole('button', { name: 'Make a link' }).click();
    const link = await page.getByRole('textbox', { name: 'Link of the invitation' }).inputValue();
    assert.match(link, /owner\.html#join=/, 'the code is behind #, which no server sees');
    const second = await tab(link, { ignore: refused });
    await second.getByRole('button', { name: 'Accept' }).click();
    await says(second, 'You are a moderator now');
    await second.getByRole('heading', { name: 'How the chat is doing' }).waitFor();
    assert.equal(await second.getByRole('link', { name: 'Settings' }).count(), 0, 'settings are for the owner');
    assert.equal(new URL(second.url()).hash, '', 'the used code is no longer in the address');
    const third = await tab(link, { ignore: refused });
    await third.getByRole('button', { name: 'Accept' }).click();
    await until(async () => (await said(third).getAttribute('data-bad')) !== null, 'a refusal');
  });
});

test('rooms, words and people are managed; everything of a person is erased', async () => {
  await withDesk('lighttpd', async ({ site, page }) => {
    await signIn(page, site);
    const ann = newKey();
    await send(site, ann, { name: 'ann', text: 'my secret address' });
    await page.reload();
    await go(page, 'Rooms');
    await page.getByRole('button', { name: 'Change …' }).click();
    await page.getByRole('combobox', { name: 'What it is' }).selectOption('read-only');
    await page.getByRole('button', { name: 'Save' }).click();
    await says(page, '#lobby is changed');
    assert.equal((await site.send({ name: 'ann', text: 'x' }, { headers: { 'Pollchat-Key': ann } })).json().type, 'urn:pollchat:problem:room-closed');
    await page.getByRole('button', { name: 'Change …' }).click();
    await page.getByRole('combobox', { name: 'What it is' }).selectOption('default');
    await page.getByRole('button', { name: 'Save' }).click();
    await until(async () => (await site.send({ name: 'ann', text: 'open again' }, { headers: { 'Pollchat-Key': ann } })).status === 201, 'an open room');

    await go(page, 'Words');
    await page.getByRole('textbox', { name: 'Word' }).fill('casino');
    await page.getByRole('button', { name: 'Add' }).click();
    await says(page, 'on the list');
    const answer = await site.send({ name: 'ann', text: 'Come to the C a s i n o' }, { headers: { 'Pollchat-Key': ann } });
    assert.ok([201, 403].includes(answer.status));
    assert.equal((await site.send({ name: 'ann', text: 'Come to the CASINO' }, { headers: { 'Pollchat-Key': ann } })).json().type, 'urn:pollchat:problem:words');

    await go(page, 'People');
    await page.getByRole('searchbox').fill('ann');
    await page.getByRole('button', { name: 'Search' }).click();
    const card = page.getByRole('listitem').filter({ hasText: 'Names: ann' });
    await card.getByRole('button', { name: 'Erase …' }).click();
    await page.getByRole('button', { name: 'Erase everything' }).click();
    await says(page, 'Erased messages');
    assert.ok(!JSON.stringify(await stored(site)).includes('secret'));

    await go(page, 'Today');
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download a backup' }).click()]);
    const file = await download.path();
    assert.equal(fs.readFileSync(file).subarray(0, 15).toString(), 'SQLite format 3');
    assert.ok(!fs.readFileSync(file).includes('my secret address'));
  });
});

test('on a phone nothing is wider than the screen, and the keyboard reaches everything', async () => {
  await withDesk('lighttpd', async ({ site, page }) => {
    await page.getByRole('textbox', { name: 'Code' }).focus();
    await page.keyboard.type(codeOf(site));
    await page.keyboard.press('Enter');
    await says(page, 'You are the owner');
    await send(site, newKey(), { name: 'A rather long name of a person', text: 'x'.repeat(500) });
    for (const part of ['today', 'decide', 'people', 'bans', 'rooms', 'words', 'invites', 'settings', 'audit']) {
      await page.evaluate((hash) => {
        location.hash = hash;
      }, part);
      await page.locator(`a[aria-current=page][href="#${part}"]`).waitFor();
      await page.waitForFunction(() => document.querySelector('main h2') !== null);
      const { wide, small } = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
        small: [...document.querySelectorAll('main button')].filter((one) => one.offsetParent !== null && one.offsetHeight < 44).map((one) => one.textContent),
      }));
      assert.ok(!wide, `${part} is wider than the screen`);
      assert.deepEqual(small, [], `${part}: each button can be touched`);
    }
    await page.evaluate(() => {
      location.hash = 'words';
    });
    const word = page.getByRole('textbox', { name: 'Word' });
    await word.focus();
    await page.keyboard.type('spam');
    await page.keyboard.press('Enter');
    await says(page, 'on the list');
    await page.waitForFunction(() => document.activeElement.dataset.part === 'main'); // near the button, which is gone
  }, phone);
});
