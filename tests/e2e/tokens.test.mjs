// tokens.test.mjs - tokens of the host's site through a real web server: each of tests/cases/tokens is
// answered as the case says, on every route; what isn't good never counts as a guest.

import assert from 'node:assert/strict';
import { createHmac, createPrivateKey, sign as signBytes } from 'node:crypto';
import fs from 'node:fs';
import { describe, it } from 'node:test';

import { PROFILE, withSite } from './harness.mjs';

// as in tests/unit/token_support.h
const FIRST = 'the first secret of thirty-two bytes or more';
const NEXT = 'the second secret of thirty-two bytes or more';
const NOW = 2_000_000_000;
const ENV = { POLLCHAT_TOKEN_ALG: 'hs256', POLLCHAT_TOKEN_KEY: `2026a:${FIRST}`, POLLCHAT_TOKEN_KEY_NEXT: `2026b:${NEXT}`, POLLCHAT_TOKEN_AUD: 'chat' };
const KEY = 'AAECAwQFBgcICQoLDA0ODw';

const encode = (text) => Buffer.from(text).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);
const privateKey = (letter) => createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, letter)]), format: 'der', type: 'pkcs8' });

function signatureOf(text, how) {
  if (how.startsWith('eddsa')) {
    return signBytes(null, Buffer.from(text), privateKey(how === 'eddsa' ? 'p' : 'o'));
  }
  const secret = { next: NEXT, other: "a secret that this chat doesn't know", empty: '' }[how] ?? FIRST;
  const mac = createHmac('sha256', secret).update(text).digest();
  return { none: mac.subarray(0, 0), short: mac.subarray(0, 16), long: Buffer.concat([mac, Buffer.alloc(1)]) }[how] ?? mac;
}

function makeToken(claims, { header = '{"alg":"HS256","typ":"JWT"}', sign = 'first' } = {}) {
  const text = `${encode(header)}.${encode(claims)}`;
  const token = `${text}.${signatureOf(text, sign).toString('base64url')}`;
  return sign === 'before' ? token.replace(/\.(.)(.)/, (_, a, b) => `.${a}${b === 'A' ? 'B' : 'A'}`) : token;
}

const good = (more = {}) => makeToken(JSON.stringify({ sub: '17', name: 'Ann', exp: now() + 600, aud: 'chat', ...more }));

/**
 * The cases for the settings of ENV that are texts. Times count from now, and what is just too late
 * is a minute later, since seconds may pass before the server reads it.
 */
function cases() {
  const folder = new URL('../cases/tokens/', import.meta.url);
  return fs.readdirSync(folder).map((name) => {
    const found = { name, says: [] };
    for (const line of fs.readFileSync(new URL(name, folder), 'utf8').split('\n').filter((one) => !one.startsWith('#'))) {
      const [, key, value] = line.match(/^(\w+): ?(.*)$/) ?? [];
      if (key === 'says') {
        found.says.push(value);
      } else if (key) {
        found[key] = value.replaceAll('\\\\', '\\').replace(/\b20000\d{5}\b/g, (time) => Number(time) - NOW + now() + (/over-an-hour|future/.test(name) ? 60 : 0));
      }
    }
    return found;
  }).filter(({ name, alg, kids, token, claims }) => !alg && !kids && token !== '' && !/\\x|\\n/.test(token ?? '') && !/\\x/.test(claims ?? '') && !/last-second|exponent|expired$/.test(name));
}

describe(`${PROFILE}: tokens`, () => {
  it('each case is answered as it says: 201 under the name of the token, or 401 with the reason', () =>
    withSite({ env: ENV }, async (site) => {
      const all = cases();
      assert.ok(all.length > 90, `${all.length} cases`);
      for (const one of all) {
        const token = one.token ?? makeToken(one.claims, one);
        const answer = await site.send({ text: one.name }, { headers: { 'Pollchat-Token': token } });
        const body = answer.json();
        if (one.is?.endsWith('role=reader')) {
          assert.equal(answer.status, 403, answer.body);
        } else if (one.is) {
          assert.equal(answer.status, 201, `${one.name}: ${answer.body}`);
          assert.equal(body.name, one.is.match(/ name=(.*) exp=/)[1]);
        } else {
          assert.equal(answer.status, 401, `${one.name}: ${answer.body}`);
          assert.equal(body.type, 'urn:pollchat:problem:bad-token');
          assert.match(answer.headers['www-authenticate'], /^Bearer error="invalid_token"/);
          one.says.forEach((part) => assert.ok(body.detail.includes(part), `${one.name}: ${body.detail}`));
          assert.ok(!answer.body.includes(token.split('.').at(-1)) || token.endsWith('.'), 'the token is not repeated');
        }
      }
      const stored = all.filter(({ is }) => is && !is.endsWith('role=reader')).length;
      assert.equal((await site.get('/poll?limit=1000')).json().messages.length, stored, 'nothing of the others is stored');
    }));

  it('a token counts in each of its places, and a bad one is refused in each of them on each route', () =>
    withSite({ env: ENV }, async (site) => {
      const places = [(token) => ({ headers: { Authorization: `bearer ${token}` } }), (token) => ({ headers: { 'Pollchat-Token': token } }), (token) => ({ query: `token=${token}` })];
      for (const place of places) {
        const sent = (token) => site.get(`/send?${place(token).query ?? ''}`, { method: 'POST', headers: { ...place(token).headers, 'Content-Type': 'application/x-www-form-urlencoded' }, body: 'text=hi&name=Eve' });
        const answer = await sent(good());
        assert.equal(answer.status, 201, answer.body);
        assert.equal(answer.json().name, 'Ann', 'the token says the name');
        assert.equal((await sent(`${good()}x`)).status, 401);
        for (const route of ['/poll', '/stream', '/plain', '/embed']) {
          const refused = await site.get(`${route}?room=lobby&${place('a.b.c').query ?? ''}`, { headers: place('a.b.c').headers });
          assert.equal(refused.status, 401, `${route}: ${refused.body}`);
          assert.match(String(refused.body), /token is malformed/);
        }
      }
      const inBody = await site.send({ text: 'hi', token: good({ name: 'Bob' }) });
      assert.equal(inBody.json().name, 'Bob');
    }));

  it('a key beside a token does not change who it is, and other schemes of Authorization are not for the chat', () =>
    withSite({ env: ENV }, async (site) => {
      const both = await site.send({ text: 'hi', name: 'Eve' }, { headers: { Authorization: `Bearer ${good()}`, 'Pollchat-Key': KEY } });
      assert.equal(both.json().name, 'Ann');
      const bad = await site.send({ text: 'hi' }, { headers: { Authorization: 'Bearer a.b.c', 'Pollchat-Key': KEY } });
      assert.equal(bad.status, 401, 'a good key does not help a bad token');
      const basic = await site.send({ text: 'hi', name: 'Eve' }, { headers: { Authorization: 'Basic YTpi' } });
      assert.equal(basic.json().name, 'Eve');
    }));

  it('a chat without the settings takes no token, and one whose settings are wrong takes none either', async () => {
    await withSite({}, async (site) => {
      const answer = await site.send({ text: 'hi' }, { headers: { 'Pollchat-Token': good() } });
      assert.equal(answer.status, 401);
      assert.match(answer.json().detail, /takes no tokens/);
    });
    await withSite({ env: { ...ENV, POLLCHAT_TOKEN_KEY: 'short' } }, async (site) => {
      const answer = await site.send({ text: 'hi' }, { headers: { 'Pollchat-Token': good() } });
      assert.ok(answer.status >= 400, answer.body);
      assert.ok(!answer.body.includes('short'), 'and the setting is not shown');
      assert.equal((await site.send({ text: 'hi' })).status, 201, 'guests go on');
    });
  });
});
