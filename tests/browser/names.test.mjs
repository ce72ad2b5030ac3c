// names.test.mjs - names that are the visitor's own, on real programs: a conflict, a free name, a
// name that moves to another device by a code, and browsers that keep nothing.

import assert from 'node:assert/strict';
import test from 'node:test';
import { withSite } from '../e2e/harness.mjs';
import { box, join, log, say, shows, withBrowser } from './harness.mjs';

const PROFILE = process.env.PROFILE ?? 'lighttpd';
const ignore = /status of (409|403|404)/;

const onSite = (body, env = {}) =>
  withSite({ profile: PROFILE, env }, (site) => withBrowser(({ tab }) => body({ site, tab, address: `http://127.0.0.1:${site.port}/` })));

const mine = (page, name) => page.getByRole('button', { name: new RegExp(`Your name: ${name}`) });
const names = async (site) => (await site.get('/poll?last=20')).json().messages.map(({ name, text }) => `${name}: ${text}`);

test('a name that belongs to another visitor: the message waits, and goes out once under the free name', () =>
  onSite(async ({ site, tab, address }) => {
    const first = await tab(address, { name: 'ann', ignore });
    await say(first, 'I am ann');
    await shows(first, ['I am ann']);
    const second = await tab(address, { name: 'Ann', ignore });
    await second.getByText('belongs to someone else').waitFor();
    const field = second.getByRole('textbox', { name: 'What shall we call you?' });
    assert.equal(await field.inputValue(), 'Ann');
    assert.equal(await mine(second, 'Ann').count(), 0, 'it is not the visitor’s');
    assert.equal(await second.getByRole('button', { name: 'Cancel' }).count(), 0, 'there is no name to go back to');
    const free = second.getByRole('button', { name: /^Use “Ann/ });
    await free.click();
    await free.waitFor({ state: 'hidden' });
    await say(second, 'I am not');
    await shows(second, ['I am ann', 'I am not']);
    const [, said] = await names(site);
    assert.match(said, /^Ann.+: I am not$/);
    assert.equal(await log(second).locator('.row-own').count(), 1);
  }));

test('a message that was sent before the conflict was known keeps its text, and is stored once', () =>
  onSite(async ({ site, tab, address }) => {
    const first = await tab(address, { name: 'ann', ignore });
    await say(first, 'mine');
    await shows(first, ['mine']);
    const second = await tab('about:blank', { ignore: /Failed to load/ });
    await second.route('**/send/act', (route) => route.abort()); // the claim doesn't arrive
    await second.goto(address);
    await join(second, 'ann');
    await box(second).fill('hello');
    await box(second).press('Enter');
    await second.getByRole('button', { name: /^Use “ann/ }).waitFor();
    await shows(second, ['mine', 'hello [failed]']);
    await second.getByRole('textbox', { name: 'Your name from now on' }).fill('anna');
    await second.getByRole('button', { name: 'Save' }).click();
    await shows(second, ['mine', 'hello']);
    assert.deepEqual(await names(site), ['ann: mine', 'anna: hello']);
  }));

test('a name moves to another device by a code, and both devices have it', () =>
  onSite(async ({ site, tab, address }) => {
    const phone = await tab(address, { name: 'ann', ignore });
    await say(phone, 'from the phone');
    await shows(phone, ['from the phone']);
    await mine(phone, 'ann').click();
    await phone.getByRole('button', { name: 'Use my name on another device' }).click();
    const code = await phone.getByRole('dialog').getByRole('heading').textContent();
    assert.match(code, /^\w{4}-\w{4}$/);
    await phone.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    const desk = await tab(address, { name: 'ann', ignore });
    await desk.getByRole('button', { name: 'This is my name: move it from my other device' }).click();
    await desk.getByRole('textbox', { name: 'Code' }).fill('AAAA-AAAA');
    await desk.getByRole('button', { name: 'Move my name here' }).click();
    await desk.getByText('This code is wrong').waitFor();
    await desk.getByRole('textbox', { name: 'Code' }).fill(code.toLowerCase());
    await desk.getByRole('button', { name: 'Move my name here' }).click();
    await say(desk, 'from the desk');
    await shows(desk, ['from the phone', 'from the desk']);
    assert.deepEqual(await names(site), ['ann: from the phone', 'ann: from the desk']);
    await desk.waitForFunction(() => document.querySelectorAll('.row-own').length === 2);
    await say(phone, 'and again');
    await shows(phone, ['from the phone', 'from the desk', 'and again']);
  }));

test('after a reload the name is still mine; with a storage that was cleared there is a way on', () =>
  onSite(async ({ site, tab, address }) => {
    const page = await tab(address, { name: 'ann', ignore });
    await say(page, 'one');
    await shows(page, ['one']);
    await page.reload();
    await say(page, 'two');
    await shows(page, ['one', 'two']);
    assert.equal(await log(page).locator('.row-own').count(), 2);
    await page.evaluate(() => localStorage.clear());
    await page.goto('about:blank');
    await page.goto(address);
    await join(page, 'ann');
    await page.getByRole('button', { name: /^Use “ann/ }).click();
    await say(page, 'three');
    await shows(page, ['one', 'two', 'three']);
    assert.match((await names(site)).at(-1), /^ann.+: three$/);
  }));

test('the mark of the key shows on hover, and for a newcomer always', () =>
  onSite(async ({ site, tab, address }) => {
    const ben = await tab(address, { name: 'ben', ignore });
    await say(ben, 'hello');
    await shows(ben, ['hello']);
    const { mark } = (await site.get('/poll?last=1')).json().messages[0];
    const ann = await tab(address, { name: 'ann', ignore });
    await shows(ann, ['hello']);
    const shown = log(ann).getByText(`·${mark}`);
    await shown.waitFor({ state: 'attached' });
    assert.equal(await shown.evaluate((element) => getComputedStyle(element).opacity), '1', 'ben is new here');
    await log(ann).getByText('New here').waitFor();
  }));

test('a browser that forbids every storage lets a visitor write, and says after a reload whose the name is', () =>
  onSite(async ({ site, tab, address }) => {
    const page = await tab('about:blank', { ignore });
    await page.addInitScript(() => {
      for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) {
        Object.defineProperty(window, name, { get: () => { throw new DOMException('denied', 'SecurityError'); } });
      }
    });
    await page.goto(address);
    await join(page, 'ann');
    await say(page, 'one');
    await shows(page, ['one']);
    await page.reload();
    await join(page, 'ann');
    await page.getByRole('button', { name: /^Use “ann/ }).click();
    await say(page, 'two');
    await shows(page, ['one', 'two']);
    assert.match((await names(site)).at(-1), /^ann.+: two$/);
  }));
