// limits.test.mjs - one client floods with messages and polls: it gets 429, and another client, on
// another address, notices nothing.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { pause, PROFILE, request, withSite } from './harness.mjs';

const FLOOD_MS = 4000;
const CONNECTIONS = 12;
const JSON_TYPE = { 'Content-Type': 'application/json' };

// Caddy sets X-Forwarded-For itself, so there all clients have one address, which is that of a
// proxy: limits are by key.
const client = (key, address) => ({ 'Pollchat-Key': key, 'X-Forwarded-For': address });
const flooder = client('AAECAwQFBgcICQoLDA0ODw', '203.0.113.66');
const visitor = client('EBESExQVFhcYGRobHB0eHw', '198.51.100.4');

const env = { POLLCHAT_TRUSTED_PROXIES: '127.0.0.1', POLLCHAT_LIMITS: 'on', POLLCHAT_LIMIT_POLLS: '100' };

const send = (site, headers, body) =>
  request(site.port, '/send', { method: 'POST', agent: false, headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) });
const poll = (site, headers) => request(site.port, '/poll?since=now', { agent: false, headers });

/** Asks on several connections at once until `end`. Returns the answers by status. */
async function flood(end, ask) {
  const answers = new Map();
  const one = async () => {
    while (Date.now() < end) {
      const answer = await ask();
      answers.set(answer.status, [...(answers.get(answer.status) ?? []), answer]);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
  return answers;
}

function check(answers, most, good) {
  const counts = JSON.stringify(Object.fromEntries([...answers].map(([status, list]) => [status, list.length])));
  assert.ok([...answers.keys()].every((status) => status === good || status === 429), counts);
  const taken = answers.get(good)?.length ?? 0;
  assert.ok(taken > 0 && taken <= most, `${counts}: at most ${most}`);
  const refused = answers.get(429) ?? [];
  assert.ok(refused.length > 0, counts);
  for (const answer of refused) {
    assert.match(answer.headers['retry-after'], /^\d+$/);
    assert.equal(answer.json().type, 'urn:pollchat:problem:too-fast');
    assert.match(answer.json().detail, /than this chat allows\..* Try again in \d+ seconds?\.$/);
  }
  return taken;
}

/** A visitor writes and asks now and then, until `end`. Returns how long each answer took. */
async function talk(site, end) {
  const took = [];
  for (let n = 0; Date.now() < end; n++) {
    const began = performance.now();
    const answer = n % 4 === 0 ? await send(site, visitor, { name: 'ben', text: `hello ${n}` }) : await poll(site, visitor);
    assert.ok(answer.status === 200 || answer.status === 201, `${answer.status} ${answer.text}`);
    took.push(performance.now() - began);
    await pause(300);
  }
  return took.sort((a, b) => a - b);
}

describe(`${PROFILE}: limits`, () => {
  it('a flood of messages is refused, stores no more than it may, and disturbs no other client', () =>
    withSite({ env }, async (site) => {
      const end = Date.now() + FLOOD_MS;
      let n = 0;
      const [answers, took] = await Promise.all([
        flood(end, () => send(site, flooder, { name: 'flood', text: `spam ${++n}` })),
        talk(site, end),
      ]);
      const seconds = (Date.now() - end + FLOOD_MS) / 1000;
      const stored = check(answers, 11 + seconds / 2, 201); // ten at once, then one every two seconds
      const { messages } = (await request(site.port, '/poll?since=0&limit=1000', { headers: visitor })).json();
      assert.equal(messages.filter(({ name }) => name === 'flood').length, stored);
      assert.ok(took.at(-1) < 5000, `the slowest answer to the other client took ${Math.round(took.at(-1))} ms`);
    }));

  it('a flood of polls is refused, and disturbs no other client', () =>
    withSite({ env }, async (site) => {
      await send(site, visitor, { name: 'ben', text: 'first' });
      const end = Date.now() + FLOOD_MS;
      const [answers, took] = await Promise.all([flood(end, () => poll(site, flooder)), talk(site, end)]);
      const seconds = (Date.now() - end + FLOOD_MS) / 1000;
      // Twenty at once, then five a second. Twice twenty if the database was made just now: a
      // process counts alone until then.
      check(answers, 42 + 5 * seconds, 200);
      assert.ok(took.at(-1) < 5000, `the slowest answer to the other client took ${Math.round(took.at(-1))} ms`);
    }));
});
