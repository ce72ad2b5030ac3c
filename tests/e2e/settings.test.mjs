// settings.test.mjs - settings reach the programs in each server's way, and a broken one is said to the owner alone.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';

import { PROFILE, copyRoot, makeFolder, removeFolder, withSite } from './harness.mjs';

function assertMisconfigured(site, answer, secret) {
  assert.equal(answer.status, 500, answer.text);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  assert.equal(answer.json().type, 'urn:pollchat:problem:misconfigured');
  assert.ok(!answer.text.includes(secret), `a visitor is told: ${answer.text}`);
  assert.ok(!answer.text.includes(site.folder), `a visitor is told a path: ${answer.text}`);
}

const logs = PROFILE !== 'caddy'; // which drops what programs write to the FastCGI error stream

describe(`${PROFILE}: settings`, () => {
  it('reach both programs, with spaces and signs as they are', async () => {
    const env = { POLLCHAT_MAX_TEXT: '10', POLLCHAT_POLL_AFTER: '9', POLLCHAT_ALLOW_ORIGIN: 'https://a.example https://b.example:8443', POLLCHAT_THREADS: '3' };
    await withSite({ env }, async (site) => {
      assert.equal((await site.send({ text: '0123456789' })).status, 201);
      const over = await site.send({ text: '0123456789a' });
      assert.equal(over.status, 413);
      assert.match(over.json().detail, /\b10\b/);
      assert.equal((await site.get('/poll?since=0')).json().poll_after, 9);
      const other = await site.send({ text: 'x' }, { headers: { Origin: 'https://b.example:8443' } });
      assert.equal(other.status, 201, other.text);
      assert.ok(fs.existsSync(path.join(site.data, 'chat.db')), 'the data folder is the one that was named');
    });
  });

  for (const [what, env, secret] of [
    ['a value that is none', { POLLCHAT_MAX_TEXT: 'hunter2' }, 'hunter2'],
    ['a setting that there is not', { POLLCHAT_SECRET_WORD: 'hunter2' }, 'SECRET_WORD'],
  ]) {
    it(`${what} is answered 500 without a secret, and explained in the log`, async () => {
      await withSite({ env }, async (site) => {
        assertMisconfigured(site, await site.send({ text: 'x' }), secret);
        assertMisconfigured(site, await site.get('/poll?since=0'), secret);
        assert.match(site.output, /answers an error/, 'who starts it is told');
        assert.ok(!logs || site.log().includes(secret), `the log explains it: ${site.log()}`);
        assert.ok((await site.get('/')).status === 200, 'the page is there all the same');
      });
    });
  }

  it('a chat.conf beside the programs counts, and the environment counts more', async () => {
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
        assertMisconfigured(site, await site.get('/poll?since=0'), 'secret_word');
        if (logs) assert.match(site.log(), /chat\.conf line 2/);
      });
    } finally {
      removeFolder(folder);
    }
  });
});
