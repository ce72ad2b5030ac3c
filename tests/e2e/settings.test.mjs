// settings.test.mjs - settings reach the programs in each server's way, and only the owner sees
// mistakes in them.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';

import { PROFILE, STORE, copyRoot, makeFolder, removeFolder, until, withSite } from './harness.mjs';

const logs = PROFILE !== 'caddy'; // Caddy drops what programs write to the error stream

describe(`${PROFILE}: settings`, () => {
  it('reach both programs unchanged, with spaces and special characters', async () => {
    const env = {
      POLLCHAT_MAX_TEXT: '10',
      POLLCHAT_POLL_AFTER: '9',
      POLLCHAT_ALLOW_ORIGIN: 'https://a.example https://b.example:8443',
      POLLCHAT_THREADS: '3',
    };
    await withSite({ env }, async (site) => {
      assert.equal((await site.send({ text: '0123456789' })).status, 201);
      const over = await site.send({ text: '0123456789a' });
      assert.equal(over.status, 413);
      assert.match(over.json().detail, /\b10\b/);
      assert.equal((await site.get('/poll?since=0')).json().poll_after, 9);
      const other = await site.send({ text: 'x' }, { headers: { Origin: 'https://b.example:8443' } });
      assert.equal(other.status, 201, other.text);
      assert.ok(fs.existsSync(path.join(site.data, STORE === undefined ? 'chat.db' : 'chat.key')), 'the data folder is the one in the settings');
    });
  });

  it('with mistakes the chat still runs: defaults apply, no rights are given, and the log names the mistakes', async () => {
    const env = {
      POLLCHAT_MAX_TEXT: 'hunter2',
      POLLCHAT_SECRET_WORD: 'x',
      POLLCHAT_ALLOW_ORIGIN: 'https://a.example https://b.example/',
      POLLCHAT_STATUS: 'all',
    };
    await withSite({ env }, async (site) => {
      assert.equal((await site.send({ text: 'x' })).status, 201);
      assert.equal((await site.get('/poll?since=0')).json().messages.length, 1);
      assert.equal((await site.send({ text: 'x' }, { headers: { Origin: 'https://a.example' } })).status, 403);
      assert.equal((await site.get('/status')).status, 403);
      for (const word of ['hunter2', 'SECRET_WORD', 'https://b.example/', "'all'"]) {
        assert.ok(!logs || site.log().includes(word), `the log explains ${word}: ${site.log()}`);
      }
    });
  });

  it('a data folder that other users may write to stops the chat with 503; the reason is only in the log; once closed, the chat continues', async () => {
    await withSite({}, async (site) => {
      assert.equal((await site.send({ text: 'before' })).status, 201);
      const answers = async () => Promise.all([site.send({ text: 'now' }), site.get('/poll?since=0')]);
      fs.chmodSync(site.data, 0o777);
      const refused = await until(async () => {
        const all = await answers();
        return all.every(({ status }) => status === 503) && all;
      }, 'both programs to notice the permissions');
      for (const answer of refused) {
        assert.equal(answer.json().type, 'urn:pollchat:problem:exposed');
        assert.doesNotMatch(answer.text, /permission|folder/);
      }
      assert.ok(!logs || /the data folder \(permissions 777\)/.test(site.log()), site.log());
      assert.equal((await site.get('/')).status, 200, 'the page is still served');
      fs.chmodSync(site.data, 0o700);
      await until(async () => (await answers()).every(({ status }) => status < 300), 'both programs to answer again');
    });
  });

  it('a chat.conf beside the programs applies, and environment variables override it', async () => {
    const folder = makeFolder();
    const root = copyRoot(path.join(folder, 'root'));
    try {
      fs.writeFileSync(path.join(root, 'cgi-bin', 'chat.conf'), 'max_text = 5\npoll_after = 7\n', { mode: 0o644 });
      await withSite({ root, env: { POLLCHAT_POLL_AFTER: '8' } }, async (site) => {
        assert.equal((await site.send({ text: '12345' })).status, 201);
        assert.equal((await site.send({ text: '123456' })).status, 413);
        assert.equal((await site.get('/poll?since=0')).json().poll_after, 8);
        for (const target of ['/chat.conf', '/cgi-bin/chat.conf', '/../cgi-bin/chat.conf']) {
          assert.ok(!(await site.get(target)).text.includes('max_text'), target);
        }
      });
      fs.writeFileSync(path.join(root, 'cgi-bin', 'chat.conf'), 'max_text = 5\nsecret_word = hunter2\n');
      await withSite({ root }, async (site) => {
        assert.equal((await site.get('/poll?since=0')).status, 200);
        assert.equal((await site.send({ text: '123456' })).status, 413, 'the correct line applies');
        if (logs) assert.match(site.log(), /chat\.conf line 2/);
      });
    } finally {
      removeFolder(folder);
    }
  });
});
