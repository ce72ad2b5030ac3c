// headers.test.mjs - headers of requests that clients must not be able to forge, on each server.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PROFILE, until, withSite } from './harness.mjs';

const TRUSTED = { POLLCHAT_TRUSTED_PROXIES: '127.0.0.1 ::1' };
const JSON_TYPE = { 'Content-Type': 'application/json' };
const spellings = (name) => [name.replaceAll('-', '_'), name.replace(/-(?=[^-]*$)/, '_'), name.replace('-', '_')];

describe(`${PROFILE}: headers of requests`, () => {
  // CGI makes the same variable of '-' and '_'.
  it('a header spelled with an underscore does not replace the one of a trusted proxy', () =>
    withSite({ env: TRUSTED }, async (site) => {
      const send = (headers) => site.send({ text: 'hi' }, { headers: { ...JSON_TYPE, Host: 'a.example', ...headers } });
      // Caddy replaces these headers with its own.
      const real = PROFILE === 'caddy' ? 'http' : 'https';
      const set = { 'X-Forwarded-Host': 'a.example', 'X-Forwarded-Proto': real };
      const forgeries = [
        ...spellings('X-Forwarded-Host').map((name) => [name, 'evil.example', `${real}://evil.example`]),
        ...spellings('X-Forwarded-Proto').map((name) => [
          name,
          real === 'http' ? 'https' : 'http',
          real === 'http' ? null : 'http://a.example',
        ]),
      ];
      for (const [name, value, origin] of forgeries) {
        for (const headers of [{ ...set, [name]: value }, { [name]: value, ...set }]) {
          assert.equal(
            (await send({ ...headers, Origin: `${real}://a.example` })).status,
            201,
            `${name} hides the real one`,
          );
          if (origin !== null) {
            assert.equal((await send({ ...headers, Origin: origin })).status, 403, `${name} is believed`);
          }
        }
      }
    }));

  // Caddy replaces X-Forwarded-For with its own. Where a waiting poll costs a process, there are
  // few slots.
  if (['lighttpd', 'apache-proxy', 'nginx'].includes(PROFILE)) {
    it('a client gets no other address with an underscore in a header\'s name', () =>
      withSite({ env: { ...TRUSTED, POLLCHAT_MAX_WAITING_PER_CLIENT: '1' } }, async (site) => {
        await site.send({ text: 'hi' });
        const poll = (headers) =>
          site.get('/poll?since=1&wait=20', { headers: { 'X-Forwarded-For': '203.0.113.9', ...headers } });
        const first = poll({});
        await until(async () => (await site.askStatus({ Host: 'localhost' })).parked.polls === 1, 'the poll to wait');
        for (const name of spellings('X-Forwarded-For')) {
          assert.equal(
            (await poll({ [name]: '203.0.113.77' })).json().wait,
            0,
            `${name} makes one client count as another`,
          );
        }
        await site.send({ text: 'ho' });
        assert.equal((await first).json().messages.length, 1);
      }));
  }
});
