// embed.test.mjs - GET /embed on a real server: the frame for other sites' pages, and which sites
// may show it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PROFILE, withSite } from './harness.mjs';

const ancestors = (answer) => /frame-ancestors ([^;]*)/.exec(answer.headers['content-security-policy'])[1].trim();

describe(`${PROFILE}: embed`, () => {
  it('may be framed by its own site and by the allowed origins', async () => {
    await withSite({}, async (site) => assert.equal(ancestors(await site.get('/embed')), "'self'"));
    await withSite({ env: { POLLCHAT_ALLOW_ORIGIN: 'https://a.example https://b.example:8443' } }, async (site) => {
      const answer = await site.get('/embed?room=post-42&title=Questions%3F');
      assert.equal(answer.status, 200);
      assert.match(answer.headers['content-type'], /^text\/html; charset=utf-8$/i);
      assert.equal(ancestors(answer), "'self' https://a.example https://b.example:8443");
      assert.equal(
        answer.headers['x-frame-options'],
        undefined,
        'X-Frame-Options has no list of sites, and some browsers would obey it instead',
      );
      assert.match(answer.headers['content-security-policy'], /script-src 'self'; style-src 'self';/);
      assert.match(answer.text, /data-room="post-42" data-title="Questions\?"/);
    });
  });

  it('refuses an invalid room or title, and shows a hostile title as text', async () => {
    await withSite({}, async (site) => {
      const hostile = '"><script>alert(1)</script>';
      const answer = await site.get(`/embed?title=${encodeURIComponent(hostile)}`);
      assert.equal(answer.text.includes('<script>alert'), false);
      assert.ok(answer.text.includes('data-title="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"'));
      for (const query of ['room=NO', 'room=a&room=b', 'title=', `title=${'x'.repeat(257)}`, 'title=a&title=b']) {
        assert.equal((await site.get(`/embed?${query}`)).status, 400, query);
      }
    });
  });
});
