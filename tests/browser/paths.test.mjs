// paths.test.mjs - two chats at two paths of one host don't share anything in the browser, and take
// over what an earlier version left there.

import assert from 'node:assert/strict';
import test from 'node:test';
import { withFake } from './fake-server.mjs';
import { box, PLAIN, rows, say, shows, withBrowser } from './harness.mjs';

const ignore = /Failed to load resource|net::ERR/;
const HOSTS = { 'a secure context': '127.0.0.1', 'plain HTTP': PLAIN };

const onHost = (host, body) =>
  withFake(
    (server) =>
      withBrowser(({ tab }) => {
        const at = (path) => `http://${host}:${server.port}${path}`;
        const stored = (path) => server.chats.get(path).messages.map(({ text }) => text);
        return body({ server, tab, at, stored });
      }),
    undefined,
    ['/staff/', '/public/'],
  );

/** Puts into the browser what an earlier version kept. record: of its database. */
async function asBefore(page, { local = {}, session = {}, record = null }) {
  await page.evaluate(
    async ([ofLocal, ofSession, [key, lines]]) => {
      const keys = Object.entries(localStorage).filter(([name]) => name.endsWith(' key')); // names are theirs
      localStorage.clear();
      keys.forEach(([name, value]) => localStorage.setItem(name, value));
      Object.entries(ofLocal).forEach(([name, value]) => localStorage.setItem(name, value));
      Object.entries(ofSession).forEach(([name, value]) => sessionStorage.setItem(name, value));
      if (key) {
        await new Promise((done, fail) => {
          const request = indexedDB.open('pollchat', 1);
          request.onupgradeneeded = () => request.result.createObjectStore('outbox');
          request.onerror = fail;
          request.onsuccess = () => {
            const write = request.result.transaction('outbox', 'readwrite');
            write.objectStore('outbox').put(lines, key);
            write.oncomplete = () => done(request.result.close());
          };
        });
      }
    },
    [local, session, record ?? []],
  );
}

const line = (text, n) => ({ name: 'ann', text, id: `id-${n}`, time: `2025-11-25T10:00:0${n}.000Z`, state: 'queued', detail: '' });

for (const [what, host] of Object.entries(HOSTS)) {
  test(`a message for one chat appears in no other chat of the host: ${what}`, () =>
    onHost(host, async ({ server, tab, at, stored }) => {
      const page = await tab(at('/staff/'), { name: 'ann', ignore });
      await page.route(/\/staff\/send/, (route) => route.abort());
      await say(page, 'unsent, for the staff');
      await rows(page).filter({ hasText: 'unsent, for the staff' }).waitFor();
      await box(page).fill('being written, for the staff');
      await page.waitForFunction(() => Object.values(localStorage).includes('being written, for the staff')); // a moment later
      await page.goto(at('/public/'));
      await page.getByRole('textbox', { name: 'What shall we call you?' }).fill('visitor');
      await page.getByRole('button', { name: 'Join' }).click();
      assert.equal(await box(page).inputValue(), '');
      await say(page, 'hello, public');
      await shows(page, ['hello, public']);
      await page.unroute(/\/staff\/send/);
      await page.goto(at('/staff/'));
      await shows(page, ['unsent, for the staff']);
      assert.equal(await box(page).inputValue(), 'being written, for the staff');
      assert.deepEqual([stored('/staff/'), stored('/public/')], [['unsent, for the staff'], ['hello, public']]);
      assert.equal(server.chats.get('/staff/').messages[0].name, 'ann');
    }));
}

test('after an update name, choices, draft and unsent messages are still there, each in its chat', () =>
  onHost('127.0.0.1', async ({ tab, at, stored }) => {
    const page = await tab(at('/staff/icon.svg'), { ignore });
    await asBefore(page, {
      local: { 'pollchat.name': 'ann', 'pollchat.theme': 'dark', 'pollchat.lobby.draft': 'half a sent', 'pollchat.ahead.pollchat /public/lobby\ntab-2': JSON.stringify([line('for all', 3)]) },
      record: [['pollchat /staff/lobby', 'tab-1'], [line('first', 1), line('second', 2)]],
    });
    await page.goto(at('/staff/'));
    await shows(page, ['first', 'second']);
    assert.equal(await box(page).inputValue(), 'half a sent');
    assert.equal(await page.evaluate(() => document.querySelector('[data-part="dark"]').media), 'all');
    await page.goto(at('/public/'));
    await shows(page, ['for all']);
    assert.equal(await box(page).inputValue(), '');
    await page.reload();
    await shows(page, ['for all']);
    assert.deepEqual([stored('/staff/'), stored('/public/')], [['first', 'second'], ['for all']]);
  }));

test('after an update on plain HTTP, a reload sends what this tab kept; on another page the visitor decides', () =>
  onHost(PLAIN, async ({ server, tab, at, stored }) => {
    const page = await tab(at('/public/'), { name: 'ann', ignore });
    const session = { 'pollchat.outbox.lobby': JSON.stringify([line('whose is this?', 1)]) };
    await asBefore(page, { local: { 'pollchat.name': 'ann' }, session });
    await page.goto(at('/staff/'));
    await shows(page, ['whose is this? [failed]']);
    await page.reload();
    await shows(page, ['whose is this? [failed]']);
    assert.deepEqual(server.sends, []);
    await asBefore(page, { local: { 'pollchat.name': 'ann' }, session: { 'pollchat.outbox.lobby': JSON.stringify([line('sent again', 2)]) } });
    await page.reload();
    await shows(page, ['sent again', 'whose is this? [failed]']);
    assert.deepEqual([stored('/staff/'), stored('/public/')], [['sent again'], []]);
  }));
