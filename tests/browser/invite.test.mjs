// invite.test.mjs - a room for members: what a stranger reads, and how the link of an invitation lets
// a visitor in, on real programs.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { withSite } from '../e2e/harness.mjs';
import { box, join, say, withBrowser } from './harness.mjs';

const PROFILE = process.env.PROFILE ?? 'lighttpd';
const ignore = /status of 40[134]/;
const phone = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };

/** A site with a room "club" for members, which has a message. act(fields): an act of the owner. */
const onSite = (body) =>
  withSite({ profile: PROFILE }, (site) =>
    withBrowser(async ({ tab }) => {
      const key = randomBytes(16).toString('base64url');
      const post = async (where, fields) => {
        const answer = await site.get(where, { method: 'POST', headers: { 'Content-Type': 'application/json', 'Pollchat-Key': key }, body: JSON.stringify(fields) });
        assert.ok(answer.status < 300, answer.text);
        return answer.json();
      };
      const act = (fields) => post('/send/act', fields);
      await site.get('/poll/me?sign_in=yes');
      await act({ do: 'sign-in', code: fs.readFileSync(path.join(site.data, 'owner-code.txt'), 'utf8').split('\n')[0] });
      await act({ do: 'room', room: 'club', kind: 'members' });
      await post('/send', { room: 'club', name: 'olga', text: 'welcome to the club' });
      await body({ tab, act, address: `http://127.0.0.1:${site.port}/?room=club` });
    }));

test('a stranger reads that the room is for members; the link of an invitation opens it, by keyboard on a phone too', () =>
  onSite(async ({ tab, act, address }) => {
    const page = await tab(address, { ignore, ...phone });
    await page.getByText('This room is for its members. Its moderators can send you a link.').waitFor();
    await page.getByRole('button', { name: 'Try now' }).waitFor();
    const { invite } = await act({ do: 'invite', role: 'member', room: 'club' });
    await page.evaluate((hash) => {
      location.hash = hash;
    }, `join=${invite}`); // as a tap on the link does while the room is open
    await page.getByRole('dialog', { name: 'You are invited' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('welcome to the club').waitFor();
    assert.equal(new URL(page.url()).hash, '', 'the code is used up');
    await join(page, 'mia');
    await say(page, 'thank you');
    await page.locator('.row[data-state=stored]').filter({ hasText: 'thank you' }).waitFor();
    await page.reload();
    await box(page).waitFor();
    await page.getByText('thank you').waitFor();
    const other = await tab(`${address}#join=${invite}`, { ignore });
    await other.getByRole('button', { name: 'Accept' }).click();
    await other.getByText('This invitation has been used, or it has ended.').waitFor();
  }));

test('on a first visit the link alone is enough, and it waits for a yes', () =>
  onSite(async ({ tab, act, address }) => {
    const { invite } = await act({ do: 'invite', role: 'member', room: 'club' });
    const page = await tab(`${address}#join=${invite}`, { ignore });
    await page.getByRole('dialog', { name: 'You are invited' }).getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('This room is for its members.').waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Accept' }).click();
    await join(page, 'mia');
    await page.getByText('welcome to the club').waitFor();
    await say(page, 'here I am');
    await page.getByText('here I am').waitFor();
  }));
