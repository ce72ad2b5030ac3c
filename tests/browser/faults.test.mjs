// faults.test.mjs - the page on a server that fails: nothing is lost, nothing comes twice, and the page
// says what is wrong.

import assert from 'node:assert/strict';
import test from 'node:test';
import { withFake } from './fake-server.mjs';
import { box, say, shows, status, withBrowser } from './harness.mjs';

const NETWORK = { ignore: /Failed to load resource|net::ERR/ }; // what the browser writes about a failed request

const onFake = (body) => withFake((server) => withBrowser(({ tab }) => body({ server, tab })));

test('a message whose answer is lost is tried again, and is one message', () =>
  onFake(async ({ server, tab }) => {
    const page = await tab(server.address, { name: 'ann', ...NETWORK });
    server.faults.send.push('lost', 'lost');
    server.faults.poll.push('slow', 'slow');
    await say(page, 'only once');
    await shows(page, ['only once']);
    await say(page, 'and on');
    await shows(page, ['only once', 'and on']);
    assert.deepEqual(server.chat.messages.map(({ text }) => text), ['only once', 'and on']);
    const ids = server.sends.filter(({ text }) => text === 'only once').map(({ id }) => id);
    assert.equal(new Set(ids).size, 1);
  }));

test('over the death of a server nothing is lost, nothing comes twice, and the order stays', () =>
  onFake(async ({ server, tab }) => {
    const ann = await tab(server.address, { name: 'ann', ...NETWORK });
    const ben = await tab(server.address, { name: 'ben', ...NETWORK });
    await say(ann, 'before');
    await shows(ben, ['before']);
    await server.die();
    for (const text of ['1', '2', '3']) {
      await say(ann, text);
    }
    await status(ann).filter({ hasText: 'No connection' }).waitFor();
    await shows(ann, ['before', '1 [queued]', '2 [queued]', '3 [queued]']);
    server.chat.say('cid', 'meanwhile');
    await server.revive();
    await ann.getByRole('button', { name: 'Try now' }).click();
    await shows(ann, ['before', 'meanwhile', '1', '2', '3']);
    await shows(ben, ['before', 'meanwhile', '1', '2', '3']);
    assert.equal((await status(ann).textContent()).trim(), '');
    assert.equal(await ann.getByRole('button', { name: 'Try now' }).isVisible(), false);
  }));

test('a reload while the server is away loses nothing', () =>
  onFake(async ({ server, tab }) => {
    const page = await tab(server.address, { name: 'ann', ...NETWORK });
    server.faults.send.push(...Array(20).fill('hang'));
    await say(page, 'one');
    await say(page, 'two');
    await shows(page, ['one [sending]', 'two [queued]']);
    server.faults.send.length = 0;
    await page.reload();
    await shows(page, ['one', 'two']);
    assert.deepEqual(server.chat.messages.map(({ text }) => text), ['one', 'two']);
  }));

test('a busy server, a slow one and a portal: the page says so calmly, then all is there', () =>
  onFake(async ({ server, tab }) => {
    const page = await tab(server.address, { name: 'ann', ...NETWORK });
    server.faults.poll.push('portal', 'portal');
    await status(page).filter({ hasText: 'log in' }).waitFor();
    server.faults.send.push('503', 'slow');
    await say(page, 'patience');
    await shows(page, ['patience']);
    await page.waitForFunction(() => document.querySelector('[role=status]').textContent.trim() === '');
  }));

test('a refused message shows the reason, can be retried, and can go back into the field', () =>
  onFake(async ({ server, tab }) => {
    const page = await tab(server.address, { name: 'ann', ...NETWORK });
    server.faults.send.push('refuse', 'refuse');
    await say(page, 'not nice');
    await shows(page, ['not nice [failed]']);
    await page.getByRole('log').getByText('text is not nice.').waitFor();
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.waitForFunction(() => document.querySelector('[data-state="failed"]') !== null);
    await page.getByRole('button', { name: 'Edit' }).click();
    await shows(page, []);
    assert.equal(await box(page).inputValue(), 'not nice');
    await box(page).fill('nicer');
    await box(page).press('Enter');
    await shows(page, ['nicer']);
    server.faults.send.push('refuse');
    await say(page, 'again');
    await shows(page, ['nicer', 'again [failed]']);
    await page.getByRole('button', { name: 'Retry' }).click();
    await shows(page, ['nicer', 'again']);
    const ids = server.sends.filter(({ text }) => text === 'again').map(({ id }) => id);
    assert.deepEqual([ids.length, new Set(ids).size], [2, 1]);
  }));

test('a message that a filter stops is given back with the reason, and later ones are sent', () =>
  onFake(async ({ server, tab }) => {
    const page = await tab(server.address, { name: 'ann', ...NETWORK });
    server.filter = /<script>/;
    await say(page, 'what is <script>?');
    await say(page, 'and how are you?');
    await shows(page, ['and how are you?', 'what is <script>? [failed]'], 60_000);
    await page.getByRole('log').getByText('blocks this message').waitFor();
    assert.equal((await status(page).textContent()).trim(), '');
    server.filter = /(?!)/;
    await page.getByRole('button', { name: 'Retry' }).click();
    await shows(page, ['and how are you?', 'what is <script>?']);
  }));

test('the page shows another database anew', () =>
  onFake(async ({ server, tab }) => {
    const page = await tab(server.address, { name: 'ann', ...NETWORK });
    await say(page, 'old');
    await shows(page, ['old']);
    server.chat.replace('epoch-2');
    server.chat.say('ben', 'fresh');
    await shows(page, ['fresh']);
    await say(page, 'on we go');
    await shows(page, ['fresh', 'on we go']);
  }));

test('a line says where messages are no longer kept', () =>
  onFake(async ({ server, tab }) => {
    server.chat.say('ben', 'one');
    const page = await tab(server.address, { name: 'ann', ...NETWORK });
    await shows(page, ['one']);
    for (const text of ['two', 'three', 'four']) {
      server.chat.say('ben', text);
    }
    server.chat.oldest = 4;
    await shows(page, ['one', 'four']);
    await page.getByRole('log').getByText('no longer kept').waitFor();
  }));
