// headers.test.mjs - the headers that the archive's .htaccess files set for the page where a host
// has mod_headers. The programs' own answers keep theirs.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { withHost } from './host.mjs';

const PAGES = ['', 'index.html', 'doctor.html', 'INSTALL.html', 'js/main.js', 'chat.css'];

for (const kind of ['usual-fcgid', 'usual-cgi', 'no-rewrite']) {
  test(`${kind}: no other site can frame the page, and browsers do not guess types`, () =>
    withHost(kind, {}, async (host) => {
      for (const target of PAGES) {
        const answer = await host.get(target);
        assert.equal(answer.status, 200, target);
        assert.equal(answer.headers['x-frame-options'], 'DENY', target);
        assert.match(answer.headers['content-security-policy'], /frame-ancestors 'none'/, target);
        assert.equal(answer.headers['x-content-type-options'], 'nosniff', target);
        assert.equal(answer.headers['referrer-policy'], 'same-origin', target);
      }
      const programs = kind === 'no-rewrite' ? 'cgi-bin/poll.cgi/' : '';
      for (const page of ['embed', 'plain']) { // made for frames: their own policy says for whose
        const answer = await host.get(`${programs}${page}`);
        assert.equal(answer.status, 200, page);
        assert.equal(answer.headers['x-frame-options'], undefined, page);
        assert.match(answer.headers['content-security-policy'], /frame-ancestors (?!'none')/, page);
        for (const name of ['content-security-policy', 'referrer-policy', 'x-content-type-options']) {
          assert.equal(answer.count(name), 1, `${page}: ${name}`);
        }
      }
      assert.equal((await host.get(`${programs}poll`)).headers['referrer-policy'], 'no-referrer');
    }));
}

test('answers of programs and head files ask search engines not to index them', () =>
  withHost('usual-cgi', {}, async (host) => {
    const sent = await host.get('send', {
      method: 'POST',
      body: 'text=hi',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    assert.equal(sent.status, 201, sent.text);
    const polled = await host.get('poll?since=0');
    const { watch } = polled.json();
    for (const answer of [
      sent,
      polled,
      await host.get('poll?format=text'),
      await host.get('poll?since=x'),
      await host.get(watch),
    ]) {
      assert.equal(answer.headers['x-robots-tag'], 'noindex', answer.text);
    }
    assert.equal(
      (await host.get('')).headers['x-robots-tag'],
      undefined,
      'the owner of a chat may want it to be found',
    );
  }));

test('a host without mod_headers still serves the page', () =>
  withHost('no-headers-no-env', {}, async (host) => {
    assert.equal((await host.get('')).status, 200);
    assert.equal((await host.get('js/main.js')).status, 200);
  }));

test('where the host compresses answers, a poll without news is still answered 304', () => {
  const before = ({ site }) =>
    fs.appendFileSync(path.join(site, '.htaccess'), 'AddOutputFilterByType DEFLATE application/json\n');
  return withHost('usual-cgi', { before }, async (host) => {
    await host.get('send', {
      method: 'POST',
      body: 'text=hi',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    const ask = (headers) => host.get('poll?since=1', { headers: { 'Accept-Encoding': 'gzip', ...headers } });
    const packed = await ask({});
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.match(packed.headers.etag, /-gzip"$/);
    assert.equal((await ask({ 'If-None-Match': packed.headers.etag })).status, 304);
  });
});
