// moderation.test.mjs - what moderators do in the room, on real programs: a flood is cleaned up with
// two clicks while readers keep their place; reports, messages that wait, bans, slow mode.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { until, withSite } from '../e2e/harness.mjs';
import { box, log, rows, say, shows, texts, withBrowser } from './harness.mjs';

const PROFILE = process.env.PROFILE ?? 'lighttpd';
const ignore = /Failed to load resource/;
const FLOOD = '203.0.113.7';
const newKey = () => randomBytes(16).toString('base64url');
const keyOf = (page) => page.evaluate(() => Object.entries(localStorage).find(([name]) => name.endsWith(' key'))[1]);

async function post(address, fields, key) {
  const answer = await fetch(`${address}send/act`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'Pollchat-Key': key }, body: JSON.stringify(fields) });
  const body = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(body));
  return body;
}

/** from: the address of the client, as a trusted proxy says it. */
const send = (address, key, fields, from = '198.51.100.20') =>
  fetch(`${address}send`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'Pollchat-Key': key, 'X-Forwarded-For': from }, body: JSON.stringify(fields) });

/** Makes the visitor of this page the owner, by the code in the data folder. */
async function makeOwner(site, address, page) {
  const key = await keyOf(page);
  await fetch(`${address}poll/me?sign_in=yes`, { headers: { 'Pollchat-Key': key } });
  const code = /[A-Z0-9]{4,}(-[A-Z0-9]{4,})+/.exec(fs.readFileSync(path.join(site.data, 'owner-code.txt'), 'utf8'))[0];
  assert.equal((await post(address, { do: 'sign-in', code }, key)).role, 'owner');
  await page.reload();
  await page.getByRole('button', { name: /^Moderation/ }).waitFor();
}

const onSite = (body, env = {}) =>
  withSite({ profile: PROFILE, env }, (site) =>
    withBrowser(async ({ tab }) => {
      const address = `http://127.0.0.1:${site.port}/`;
      const owner = await tab(address, { name: 'olga', ignore });
      await box(owner).waitFor();
      await makeOwner(site, address, owner);
      await body({ site, tab, address, owner });
    }));

test('a flood with a new key for each message is gone after two clicks, and a reader keeps the place', () =>
  onSite(async ({ tab, address, owner }) => {
    const friend = newKey();
    for (let i = 1; i <= 40; i++) {
      assert.equal((await send(address, friend, { name: 'frida', text: `good ${i}` })).status, 201);
    }
    for (let i = 1; i <= 60; i++) {
      assert.equal((await send(address, newKey(), { name: `m${i}`, text: `flood ${i} `.repeat(20) }, FLOOD)).status, 201);
      if (i % 20 === 0) {
        await send(address, friend, { name: 'frida', text: `between ${i}` });
      }
    }
    const reader = await tab(address, { name: 'rita', ignore });
    await log(reader).getByText('between 60').waitFor();
    const region = reader.getByRole('region', { name: 'Messages' });
    await log(reader).getByText('between 40').scrollIntoViewIfNeeded();
    await log(reader).getByText('between 40').evaluate((row) => row.scrollIntoView({ block: 'center' }));
    await reader.waitForTimeout(300);
    const top = () => log(reader).getByText('between 40').evaluate((row) => Math.round(row.getBoundingClientRect().top));
    const before = await top();
    const last = rows(owner).filter({ hasText: 'flood 60' });
    await last.hover();
    await last.getByRole('button', { name: 'Clean up …' }).click(); // the first click
    const clean = owner.getByRole('dialog', { name: /Clean up/ });
    await clean.waitFor();
    for (const width of [1280, 320]) {
      await owner.setViewportSize({ width, height: 800 });
      const wide = await clean.evaluate((dialog) => [...dialog.querySelectorAll('select')].filter((one) => one.getBoundingClientRect().right > dialog.getBoundingClientRect().right - 8).map((one) => one.name));
      assert.deepEqual(wide, [], `each choice is inside of the dialog, in a window of ${width} pixels`);
    }
    await owner.setViewportSize({ width: 1280, height: 800 });
    await clean.getByRole('button', { name: 'Delete and ban' }).click(); // the second one
    await reader.waitForFunction(() => !document.querySelector('[role="log"]').textContent.includes('flood'));
    const list = await texts(reader);
    assert.ok(!list.some((text) => /flood|Deleted/.test(text)), list.join());
    const end = await region.evaluate((r) => r.scrollHeight - r.scrollTop - r.clientHeight);
    assert.ok(Math.abs((await top()) - before) < 4 || end < 4, `the row was at ${before}, and is at ${await top()}`);
    await owner.getByText(/60 messages of the last hour deleted/).waitFor();
    assert.equal((await send(address, newKey(), { name: 'm99', text: 'flood again' }, FLOOD)).status, 403, 'a new key and a new name change nothing');
    await say(owner, 'peace');
    await log(reader).getByText('peace').waitFor();
  }, { POLLCHAT_LIMITS: 'off', POLLCHAT_TRUSTED_PROXIES: '127.0.0.1' }));

test('a report leads the moderator to the message, and the author learns of the ban in words', () =>
  onSite(async ({ tab, address, owner }) => {
    const mallory = await tab(address, { name: 'mallory', ignore });
    await say(mallory, 'rude words');
    const rita = await tab(address, { name: 'rita', ignore });
    await shows(rita, ['rude words']);
    await rows(rita).first().hover();
    await rows(rita).filter({ hasText: 'rude words' }).getByRole('button', { name: 'More actions' }).click();
    await rita.getByRole('menuitem', { name: 'Report …' }).click();
    await rita.getByRole('textbox', { name: 'What is wrong with it?' }).fill('it is rude');
    await rita.getByRole('button', { name: 'Report', exact: true }).click();
    await rita.getByText('Thank you').waitFor();
    await owner.reload();
    await owner.getByRole('button', { name: 'Moderation: 1 to decide' }).click();
    await owner.getByText('“it is rude”').waitFor();
    await owner.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
    await log(rita).getByText('Deleted').waitFor();
    await owner.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await say(mallory, 'more rude words');
    await shows(rita, ['Deleted', 'more rude words']);
    const rude = rows(owner).filter({ hasText: 'more rude' });
    await rude.hover();
    await rude.getByRole('button', { name: 'More actions' }).click();
    await owner.getByRole('menuitem', { name: 'Ban …' }).click();
    await owner.getByRole('dialog').getByLabel('Of').selectOption('key');
    await owner.getByRole('dialog').getByLabel(/^Reason/).fill('be polite');
    await owner.getByRole('button', { name: 'Ban', exact: true }).click();
    await owner.getByText(/It covers 1/).waitFor();
    await say(mallory, 'still here?');
    await mallory.getByText(/You are banned here until .*Reason: be polite/).first().waitFor();
    await owner.getByRole('button', { name: /^Moderation/ }).click();
    await owner.getByRole('button', { name: 'Lift' }).click();
    await owner.getByText('The ban is lifted.').waitFor();
    await mallory.reload();
    await say(mallory, 'back, and polite');
    await log(rita).getByText('back, and polite').waitFor();
  }));

test('a newcomer\'s message waits for the moderator, says so, and is in the room once approved', () =>
  onSite(async ({ tab, address, owner }) => {
    await owner.getByRole('button', { name: /^Moderation/ }).click();
    await owner.getByLabel('Newcomers').selectOption('held');
    await owner.getByRole('button', { name: 'Apply' }).click();
    await owner.getByText('The room is changed.').waitFor();
    await owner.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    const nina = await tab(address, { name: 'nina', ignore });
    await say(nina, 'may I?');
    await shows(nina, ['may I? [held]']);
    await log(nina).getByText('Waits for a moderator', { exact: true }).waitFor();
    await nina.reload();
    await shows(nina, ['may I? [held]']);
    await owner.reload();
    await owner.getByRole('button', { name: 'Moderation: 1 to decide' }).click();
    await owner.getByRole('button', { name: 'Approve', exact: true }).click();
    await shows(nina, ['may I?']);
    await shows(owner, ['may I?']);
  }));

test('where only moderators write, the field says why, and it opens again', () =>
  onSite(async ({ tab, address, owner }) => {
    const nina = await tab(address, { name: 'nina', ignore });
    await say(nina, 'hello');
    await shows(nina, ['hello']);
    const set = async (label, value) => {
      await owner.getByRole('button', { name: /^Moderation/ }).click();
      await owner.getByLabel(label).selectOption(value);
      await owner.getByRole('button', { name: 'Apply' }).click();
      await owner.getByText('The room is changed.').waitFor();
      await owner.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    };
    await set('Who may come in', 'read-only');
    await nina.getByText('In this room only moderators write.').waitFor();
    await set('Who may come in', 'open');
    await nina.getByText('In this room only moderators write.').waitFor({ state: 'hidden' });
    await set('Slow mode', '5');
    await nina.getByText('Slow mode: one message every 5 seconds').waitFor();
    await say(nina, 'one');
    await say(nina, 'two');
    await until(async () => (await texts(nina)).join().endsWith('one,two'), 'both to come, the second one later');
  }));

test('waiting messages of a flood go with two clicks too, and those of others stay', () =>
  onSite(async ({ address, owner }) => {
    const ownerKey = await keyOf(owner);
    await post(address, { do: 'room', room: 'lobby', newcomers: 'held' }, ownerKey);
    for (let i = 1; i <= 5; i++) {
      assert.equal((await send(address, newKey(), { name: `m${i}`, text: `flood ${i}` }, FLOOD)).status, 202);
    }
    assert.equal((await send(address, newKey(), { name: 'frida', text: 'a kind word' })).status, 202);
    await owner.reload();
    await owner.getByRole('button', { name: 'Moderation: 6 to decide' }).click();
    const card = owner.getByRole('dialog', { name: 'Moderation' }).locator('.card').filter({ hasText: 'flood 3' });
    await card.getByRole('button', { name: 'Clean up …' }).click();
    await owner.getByRole('button', { name: 'Delete and ban' }).click();
    await owner.getByRole('dialog', { name: 'Moderation' }).getByText('flood').first().waitFor({ state: 'hidden' });
    await owner.getByRole('dialog', { name: 'Moderation' }).getByText('a kind word').waitFor();
    assert.equal((await send(address, newKey(), { name: 'm9', text: 'flood' }, FLOOD)).status, 403);
  }, { POLLCHAT_LIMITS: 'off', POLLCHAT_TRUSTED_PROXIES: '127.0.0.1' }));
