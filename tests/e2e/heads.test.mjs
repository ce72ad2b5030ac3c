// heads.test.mjs - head files, as each web server serves them: 304 until the head changes, and
// never for another head.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';

import { PROFILE, STORE, copyRoot, makeFolder, removeFolder, until, withSite } from './harness.mjs';

async function withHeads(body) {
  const folder = makeFolder();
  const root = copyRoot(path.join(folder, 'root'));
  const heads = path.join(root, 'www', 'heads');
  fs.mkdirSync(heads);
  fs.chmodSync(heads, 0o777); // the programs may run as another user than this test
  try {
    await withSite({ root, env: { POLLCHAT_HEADS: '../www/heads' } }, (site) => body(site, heads));
  } finally {
    removeFolder(folder);
  }
}

// With PostgreSQL there are none, since other hosts would not write them.
describe(`${PROFILE}: head files`, { skip: STORE !== undefined && 'of SQLite alone' }, () => {
  it('are answered 304 until they change, also when they change several times a second', () =>
    withHeads(async (site) => {
      const { epoch } = (await site.send({ text: 'text 1' })).json();
      const { watch } = (await site.get('/poll?since=1')).json();
      const look = (headers = {}) => site.get(`/${watch}`, { headers });
      let known = await look();
      assert.deepEqual(known.json(), { epoch, head: 1 });
      assert.match(known.headers['cache-control'], /no-cache/);
      const tags = new Set();
      for (let head = 2; head < 12; head++) {
        const headers = { 'If-None-Match': known.headers.etag, 'If-Modified-Since': known.headers['last-modified'] };
        assert.equal((await look(headers)).status, 304);
        tags.add(known.headers.etag);
        assert.equal((await site.send({ text: `text ${head}` })).status, 201);
        known = await until(async () => {
          const answer = await look(headers); // a server may cache a file's state for a second
          return answer.status === 200 && answer;
        }, `head ${head}`);
        assert.deepEqual(known.json(), { epoch, head });
      }
      assert.equal(tags.size, 10, 'each head has its own ETag');
    }));

  it('reveal nothing about rooms whose name a client does not know', () =>
    withHeads(async (site, heads) => {
      await site.send({ text: 'x', room: 'secret' });
      assert.equal(fs.readdirSync(heads).length, 1);
      for (const target of ['/heads', '/heads/', '/heads/secret', '/heads/lobby', '/heads/.new-0123456789abcdef']) {
        const answer = await site.get(target);
        assert.ok(
          answer.status >= 300 && !answer.text.includes(fs.readdirSync(heads)[0]),
          `${target}: ${answer.status}`,
        );
      }
    }));
});
