// plain.test.mjs - the page without JavaScript, on a real server: nothing is sent twice, and
// nothing that was typed is lost.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PROFILE, withSite } from './harness.mjs';

const form = (fields) => ({
  method: 'POST',
  body: new URLSearchParams(fields).toString(),
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
});
const hidden = (html, name) => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1];
const hostile = '</textarea></noframes><script>alert(1)</script>&amp;"';

describe(`${PROFILE}: without JavaScript`, () => {
  it('the form sends a message, the page shows it, and the same form sent again stores nothing more', async () => {
    await withSite({}, async (site) => {
      const page = await site.get('/plain?room=dev&name=ann');
      assert.equal(page.status, 200);
      assert.match(page.headers['content-type'], /^text\/html; charset=utf-8$/i);
      assert.match(page.headers['content-security-policy'], /default-src 'none'.*form-action 'self'/);
      assert.equal(page.headers['content-security-policy'].includes('script-src'), false);
      assert.equal(page.headers['referrer-policy'], 'same-origin');
      assert.equal(page.headers['x-frame-options'], undefined, 'the page shows its messages in a frame');
      const id = hidden(page.text, 'id');
      assert.match(id, /^[A-Za-z0-9_-]{22}$/);
      assert.notEqual(hidden((await site.get('/plain?room=dev')).text, 'id'), id);
      const fields = { room: hidden(page.text, 'room'), id, name: 'ann & bob', text: `hi\r\n${hostile}` };
      for (let i = 0; i < 2; i++) {
        const answer = await site.get('/send?format=html', form(fields));
        assert.equal(answer.status, 303);
        assert.equal(
          new URL(answer.headers.location, 'http://chat.test/').href,
          'http://chat.test/plain?room=dev&name=ann%20%26%20bob',
        );
      }
      const log = (await site.get('/plain?room=dev&name=ann&part=log')).text;
      assert.equal(log.match(/<li /g).length, 1);
      assert.ok(log.includes('ann &amp; bob'));
      assert.ok(log.includes('hi<br>&lt;/textarea&gt;&lt;/noframes&gt;&lt;script&gt;'));
      assert.match(
        log,
        /http-equiv="refresh" content="4; url=plain\?room=dev&amp;name=ann&amp;part=log&amp;turn=1#end"/,
      );
      assert.match(
        (await site.get('/plain?room=dev&part=log&turn=1')).text,
        /turn=2#end"/,
        'never the same address again',
      );
      const room = (await site.get('/plain?room=dev')).text;
      assert.ok(room.includes('<li id="m1">'), 'the page contains the messages, for browsers without frames');
      assert.equal(/http-equiv/.test(room), false, 'the page with the form does not reload itself');
    });
  });

  it('a refused message comes back with a reason and with all that was typed', async () => {
    await withSite({ env: { POLLCHAT_MAX_TEXT: '100' } }, async (site) => {
      const cases = [
        [{ room: 'lobby', name: 'ann', text: '' }, 400, 'text must'],
        [{ room: 'lobby', name: 'ann', text: `${hostile}${'x'.repeat(100)}` }, 413, 'max_text'],
        [{ room: 'lobby', name: 'a\u0007', text: 'hi' }, 400, 'name'],
        [{ room: 'NO', name: 'ann', text: 'hi' }, 400, 'room'],
        [{ room: 'lobby', name: 'ann', text: 'hi', reply_to: '7' }, 400, 'no message 7'],
      ];
      for (const [fields, status, reason] of cases) {
        const answer = await site.get('/send?format=html', form(fields));
        assert.equal(answer.status, status, reason);
        assert.match(answer.headers['content-type'], /^text\/html/);
        assert.ok(answer.text.includes(reason), answer.text);
        assert.ok(
          answer.text.includes(
            fields.text
              .replaceAll('&', '&amp;')
              .replaceAll('<', '&lt;')
              .replaceAll('>', '&gt;')
              .replaceAll('"', '&quot;'),
          ),
          reason,
        );
        assert.equal(answer.text.includes('<script'), false);
      }
      await site.get('/send?format=html', form({ room: 'lobby', name: 'ann', id: 'one', text: 'first' }));
      const other = await site.get(
        '/send?format=html',
        form({ room: 'lobby', name: 'ann', id: 'one', text: 'second' }),
      );
      assert.equal(other.status, 409);
      assert.notEqual(hidden(other.text, 'id'), 'one');
      assert.ok(other.text.includes('second'));
      assert.equal((await site.get('/poll')).json().head, 1);
    });
  });

  it('links lead backwards through a long conversation to its beginning', async () => {
    await withSite({}, async (site) => {
      for (let i = 1; i <= 120; i++) await site.send({ text: `number ${i}.` });
      const seen = [];
      let target = '/plain?part=log';
      for (let pages = 0; target !== null && pages < 9; pages++) {
        const page = (await site.get(target)).text;
        seen.unshift(...page.match(/number \d+\./g));
        const older = /href="(plain[^"]*before=\d+)"/.exec(page);
        target = older === null ? null : `/${older[1].replaceAll('&amp;', '&')}`;
      }
      assert.deepEqual(seen, Array.from({ length: 120 }, (_, i) => `number ${i + 1}.`));
      assert.equal((await site.get('/plain?room=a:1&room=b:2')).status, 400);
      assert.equal((await site.get('/plain?room=NO')).status, 400);
    });
  });

  it('a long text is shown in pieces, hides no other message, and can be read in full', async () => {
    await withSite({}, async (site) => {
      const text = Array.from({ length: 3000 }, (_, i) => `line ${i} < "é"`).join('\n');
      await site.send({ text });
      await site.send({ text: 'after it' });
      const log = (await site.get('/plain?part=log&name=ann')).text;
      assert.ok(log.includes('after it'));
      assert.ok(log.length < 20_000, `${log.length}`);
      const bodies = (html) =>
        /<p dir="auto">([^]*?)<\/p>/
          .exec(html)[1]
          .replaceAll('<br>', '\n')
          .replaceAll('&lt;', '<')
          .replaceAll('&quot;', '"');
      const next = (html) => /href="(plain[^"]*part=text[^"]*)"/.exec(html)?.[1].replaceAll('&amp;', '&');
      let read = '';
      let page = log;
      for (let pages = 0; page !== null && pages < 100; pages++) {
        read += bodies(page);
        const target = next(page);
        page = target === undefined ? null : (await site.get(`/${target}`)).text;
      }
      assert.equal(read, text);
      for (const [query, status] of [
        ['seq=3&from=0', 404],
        ['seq=1', 400],
        ['seq=x&from=0', 400],
        ['seq=1&from=99999999', 400],
        ['seq=0&from=0', 404],
      ]) {
        assert.equal((await site.get(`/plain?part=text&${query}`)).status, status, query);
      }
    });
  });
});
