// token.test.mjs - the page renews the site's token before it ends, and never makes a guest of a
// signed visitor because something failed.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Token } from '../../www/js/token.js';
import { Clock } from './world.mjs';

const MINUTE = 60_000;

/** The host's site: says who is signed in, and may fail. ahead: of its clock, in seconds. */
function site({ clock, life = 600, ahead = 0 }) {
  const host = { asked: 0, visitor: { sub: '17', name: 'Ann' }, refusal: 403, fails: false, isAway: false, hangs: false };
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  host.ask = async () => {
    host.asked += 1;
    if (host.hangs) {
      return new Promise(() => {});
    }
    if (host.fails) {
      return { text: '<h1>Oops</h1>', status: 500, date: null };
    }
    if (host.isAway) {
      throw new TypeError('Failed to fetch');
    }
    const now = Math.floor(clock.wall() / 1000) + ahead;
    const claims = encode({ ...host.visitor, aud: 'chat', exp: now + life, n: host.asked });
    const text = host.visitor && JSON.stringify({ token: `${encode({ alg: 'HS256' })}.${claims}.c2lnbmF0dXJl` });
    return { text: text ?? '', status: text ? 200 : host.refusal, date: new Date(now * 1000).toUTCString() };
  };
  return host;
}

function world(options) {
  const clock = new Clock();
  const host = site({ clock, ...options });
  const token = new Token({ ask: host.ask, clock });
  const changes = [];
  token.addEventListener('change', () => changes.push(token.person?.name ?? null));
  return { clock, host, token, changes };
}

const sent = async (token) => (await token.headers())['Pollchat-Token'];

test('each request has the token, and the site is asked once for many of them', async () => {
  const { host, token, changes } = world();
  const tokens = await Promise.all([sent(token), sent(token), sent(token)]);
  assert.equal(new Set(tokens).size, 1);
  assert.match(tokens[0], /^[\w-]+\.[\w-]+\.[\w-]+$/);
  assert.equal(host.asked, 1);
  assert.deepEqual(changes, ['Ann']);
  assert.deepEqual(token.person, { name: 'Ann' });
});

test('a token is renewed before it ends, whatever the clock of the device says', async () => {
  for (const ahead of [0, 86_400, -86_400]) {
    const { clock, host, token, changes } = world({ ahead });
    const first = await sent(token);
    await clock.run(7 * MINUTE);
    assert.equal(await sent(token), first, 'it is good for a while yet');
    await clock.run(MINUTE + 1000);
    assert.notEqual(await sent(token), first, 'the rest of its life is short');
    assert.equal(host.asked, 2);
    assert.deepEqual(changes, ['Ann'], 'the person is the same');
  }
});

test('after a sleep the first request waits for a new token', async () => {
  const { clock, token } = world();
  const first = await sent(token);
  await clock.run(300 * MINUTE);
  assert.notEqual(await sent(token), first);
});

test('a token that the chat refuses is asked for again', async () => {
  const { host, token } = world();
  const first = await sent(token);
  assert.equal(await token.renew(), true);
  assert.notEqual(await sent(token), first);
  host.fails = true;
  assert.equal(await token.renew(), false, 'there is no other one');
});

test('while the site fails, a token is used until its end; then requests fail, and not as a guest', async () => {
  const { clock, host, token, changes } = world();
  const first = await sent(token);
  host.fails = true;
  await clock.run(9 * MINUTE);
  assert.equal(await sent(token), first);
  host.isAway = true;
  host.fails = false;
  await clock.run(MINUTE);
  await assert.rejects(token.headers(), { name: 'Failure', kind: 'network' });
  const asked = host.asked;
  await assert.rejects(token.headers(), { kind: 'network' });
  assert.equal(host.asked, asked, 'the site is asked again after a while only');
  host.isAway = false;
  await clock.run(MINUTE);
  assert.notEqual(await sent(token), first);
  assert.deepEqual(changes, ['Ann']);
});

test('a site that never answers delays requests for a while and no longer', async () => {
  const { clock, host, token } = world();
  host.hangs = true;
  const headers = token.headers();
  await clock.run(16_000);
  assert.deepEqual(await headers, {}, 'nobody was signed in before, so the visitor is a guest');
  host.hangs = false;
  await clock.run(MINUTE);
  assert.ok(await sent(token), 'and signed in as soon as the site answers');
});

test('who signs out at the site, or signs in as another person, is that in the chat too', async () => {
  const { clock, host, token, changes } = world();
  await sent(token);
  host.visitor = null;
  await clock.run(9 * MINUTE);
  assert.deepEqual(await token.headers(), {});
  assert.equal(token.person, null);
  host.visitor = { sub: '18', name: 'Bob' };
  assert.equal(await token.renew(), true);
  host.visitor = { sub: '18', name: 'Robert' };
  await token.renew();
  assert.deepEqual(changes, ['Ann', null, 'Bob'], 'another name is the same person');
  assert.deepEqual(token.person, { name: 'Robert' });
});

test('an answer that has no token means that nobody is signed in', async () => {
  for (const text of ['', '<!doctype html><title>Sign in</title>', '{"token":17}', '{"token":"a.b"}', '[]', 'null', '{"token":"a b.c.d"}']) {
    const clock = new Clock();
    const token = new Token({ ask: async () => ({ text, status: 200, date: null }), clock });
    assert.deepEqual(await token.headers(), {}, text);
    assert.equal(await token.renew(), false);
  }
});

test('a token that is not wrapped in JSON, has no exp, or no claims that can be read, is sent as it is', async () => {
  for (const text of [' a.b.c\n', 'eyJhbGciOiJIUzI1NiJ9.e30.AA', '{"token":"a.!.c"}'.replace('!', 'bnVsbA')]) {
    const clock = new Clock();
    const token = new Token({ ask: async () => ({ text, status: 200, date: 'no date' }), clock });
    assert.ok((await sent(token)).split('.').length === 3, text);
  }
});
