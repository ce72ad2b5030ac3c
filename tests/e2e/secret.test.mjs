// secret.test.mjs - on the page without JavaScript a secret makes a name a visitor's own: "ann#secret",
// or the form's field for it. It is shown to no one and stands in no address.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PROFILE, withSite } from './harness.mjs';

const SECRET = 'correct horse';

/** Sends what the form of the page sends. */
const post = (site, fields, headers = {}) =>
  site.get('/send?format=html', { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers }, body: String(new URLSearchParams(fields)) });

const fieldIn = (answer, name) => String(answer.body).match(new RegExp(`<input id="${name}" name="${name}"[^>]* value="([^"]*)"`))[1];
const names = async (site) => (await site.get('/poll')).json().messages.map(({ name, text }) => `${name}: ${text}`);

describe(`${PROFILE}: secrets`, () => {
  it('a name with a secret belongs to whom the secret belongs, in both spellings', () =>
    withSite({}, async (site) => {
      const first = await post(site, { name: `Ann#${SECRET}`, secret: '', text: 'one' });
      assert.equal(first.status, 303, String(first.body));
      assert.match(first.headers.location, /name=Ann(&|$)/);
      assert.doesNotMatch(JSON.stringify(first.headers), /correct/);
      const second = await post(site, { name: 'ann', secret: SECRET, text: 'two' });
      assert.equal(second.status, 303, 'the name is folded');
      const spaced = await post(site, { name: `Ann #${SECRET}`, text: 'three' });
      assert.equal(spaced.status, 303);
      for (const [name, secret] of [['Ann#another horse', ''], ['Ann', 'another horse'], [`Ann#${SECRET} `, 'x'.repeat(20)]]) {
        const refused = await post(site, { name, secret, text: 'mine' });
        assert.equal(refused.status, 409, String(refused.body));
        assert.match(String(refused.body), /is the name of another person/);
      }
      assert.deepEqual(await names(site), ['Ann: one', 'ann: two', 'Ann: three']);
    }));

  it('a refused form keeps the secret in its own field, and out of the name', () =>
    withSite({}, async (site) => {
      for (const fields of [{ name: 'Ann#short', text: 'kept' }, { name: `Ann#${SECRET}`, text: '' }, { name: 'Ann', secret: 'short', text: 'kept' }]) {
        const answer = await post(site, fields);
        assert.equal(answer.status, 400, String(answer.body));
        assert.equal(fieldIn(answer, 'name'), 'Ann');
        assert.equal(fieldIn(answer, 'secret'), fields.secret ?? fields.name.slice(4));
        assert.equal(answer.headers['cache-control'], 'no-store');
        assert.doesNotMatch(String(answer.body), /href="[^"]*(short|correct)/);
      }
      assert.equal(fieldIn(await site.get('/plain?name=Ann'), 'secret'), '');
      assert.deepEqual(await names(site), []);
    }));

  it('elsewhere a # is a part of the name, and so it is without something on both sides', () =>
    withSite({}, async (site) => {
      assert.equal((await site.send({ name: 'C# fan', text: 'hi' })).json().name, 'C# fan');
      for (const name of ['C#', '#ann']) {
        assert.equal((await post(site, { name, text: 'hi' })).status, 303);
      }
      assert.deepEqual(await names(site), ['C# fan: hi', 'C#: hi', '#ann: hi']);
    }));

  it('guessing a secret is limited, also for the right one among the guesses, and for no other network', { skip: PROFILE === 'caddy' && 'sets these headers itself' }, () =>
    withSite({ env: { POLLCHAT_TRUSTED_PROXIES: '127.0.0.1', POLLCHAT_LIMITS: 'on' } }, async (site) => {
      const from = (address) => ({ 'X-Forwarded-For': address });
      await post(site, { name: 'Ann', secret: SECRET, text: 'mine' }, from('192.0.2.1'));
      let last;
      for (let i = 0; i < 100 && last?.status !== 429; i++) {
        last = await post(site, { name: 'Ann', secret: `guess ${i}`, text: 'not mine' }, from('198.51.100.7'));
        assert.ok([409, 429].includes(last.status), String(last.body));
      }
      assert.equal(last.status, 429, 'some guesses are enough');
      assert.ok(Number(last.headers['retry-after']) > 0);
      assert.equal((await post(site, { name: 'Ann', secret: SECRET, text: 'a hit' }, from('198.51.100.9'))).status, 429);
      assert.equal((await post(site, { name: 'Ann', secret: SECRET, text: 'mine too' }, from('192.0.2.1'))).status, 303);
      assert.deepEqual(await names(site), ['Ann: mine', 'Ann: mine too']);
    }));

  it('guesses count whatever they ask for: a deletion, a missing message, a room for members', { skip: PROFILE === 'caddy' && 'sets these headers itself' }, () =>
    withSite({ env: { POLLCHAT_TRUSTED_PROXIES: '127.0.0.1', POLLCHAT_LIMITS: 'on', POLLCHAT_NEW_ROOMS: 'moderators' } }, async (site) => {
      const from = (address) => ({ 'X-Forwarded-For': address });
      for (const [network, fields] of [['198.51.100', { room: 'club', text: 'x' }], ['203.0.113', { room: 'club', type: 'delete', target: 1 }]]) {
        const statuses = [];
        for (let i = 0; i < 14; i++) statuses.push((await post(site, { name: 'Ann', secret: `guess ${i}`, ...fields }, from(`${network}.${i}`))).status);
        assert.ok(statuses[0] === 403 && statuses.at(-1) === 429, `${JSON.stringify(fields)}: ${statuses}`);
      }
    }));
});
