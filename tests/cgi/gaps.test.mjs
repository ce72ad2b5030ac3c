// gaps.test.mjs - messages that were removed by SQL or a purge: each way to read a room reports the
// gap and continues after it.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';

import { cgi, fastcgi, poll, send, sqlOf, startFastcgi, temporaryFolder } from './program.mjs';

/** Creates six messages in the lobby, and removes those with the given numbers. */
async function holed(t, ...removed) {
  const data = path.join(temporaryFolder(t), 'data');
  for (let i = 1; i <= 6; i++) assert.equal((await send(data, { text: `m${i}` })).status, 201);
  sqlOf(data, `DELETE FROM message WHERE seq IN (${removed})`);
  return data;
}

const seqs = ({ messages }) => messages.map(({ seq }) => seq);

test('a poll reports missing rows exactly where they are missing', async (t) => {
  const cases = [
    { removed: [2], query: 'since=0', seqs: [1, 3, 4, 5, 6], gap: true },
    { removed: [1, 2], query: 'since=0', seqs: [3, 4, 5, 6], gap: true },
    { removed: [3], query: 'since=2', seqs: [4, 5, 6], gap: true },
    { removed: [5, 6], query: 'since=4', seqs: [], gap: true },
    { removed: [6], query: 'since=2', seqs: [3, 4, 5], gap: true },
    { removed: [2], query: 'since=2', seqs: [3, 4, 5, 6] },
    { removed: [5], query: 'since=0&limit=3', seqs: [1, 2, 3] },
    { removed: [3], query: 'last=3', seqs: [4, 5, 6] },
    { removed: [5], query: 'last=3', seqs: [3, 4, 6], gap: true },
    { removed: [6], query: 'last=2', seqs: [4, 5], gap: true },
    { removed: [1], query: 'last=100', seqs: [2, 3, 4, 5, 6], gap: true },
    { removed: [3], query: 'before=5', seqs: [1, 2, 4], gap: true },
    { removed: [4], query: 'before=5&limit=2', seqs: [2, 3], gap: true },
    { removed: [5], query: 'before=5&limit=2', seqs: [3, 4] },
    { removed: [1, 2, 3, 4], query: 'before=5', seqs: [], gap: true },
  ];
  for (const { removed, query, seqs: expected, gap } of cases) {
    const answer = await poll(await holed(t, ...removed), query);
    assert.equal(answer.status, 200, answer.body);
    assert.deepEqual([seqs(answer.json), answer.json.gap], [expected, gap], `without ${removed}: ${query}`);
  }
});

test('a client that follows `next` reaches the end of a room with gaps', async (t) => {
  const data = await holed(t, 1, 3, 4, 6);
  const found = [];
  let since = 0;
  for (let round = 0; round < 10 && since < 6; round++) {
    const { json } = await poll(data, `since=${since}&limit=1`);
    found.push(...seqs(json));
    assert.ok(json.next > since, 'each answer makes progress');
    since = json.next;
  }
  assert.deepEqual(found, [2, 5]);
  const { json } = await poll(data, `since=${since}`);
  assert.deepEqual([json.messages, json.gap, json.next], [[], undefined, 6]);
});

test('a stream reports the gap before the messages after it, and continues', async (t) => {
  const data = await holed(t, 2, 5);
  const { socket } = await startFastcgi(t, 'poll', data, { env: { POLLCHAT_MAX_STREAM: '1' } });
  const { body } = await fastcgi(socket, { program: 'stream', query: 'since=0' });
  const events = body.split('\n\n').filter((event) => event.includes('data: '));
  const values = events.map((event) => JSON.parse(event.match(/^data: (.*)$/m)[1]));
  assert.deepEqual(values.flatMap(({ type, seq }) => (type === 'message' ? [seq] : [])), [1, 3, 4, 6]);
  const first = values.findIndex(({ seq }) => seq === 1);
  assert.equal(values[first - 1].gap, true);
});

test('the page without JavaScript shows the gap between the messages', async (t) => {
  const data = await holed(t, 3);
  const { status, body } = await cgi(data, { program: 'poll', query: 'part=log', extra: { SCRIPT_NAME: '/plain' } });
  assert.equal(status, 200, body);
  assert.match(body, /id="m2"[^]*Some messages here are no longer kept[^]*id="m4"/);
  assert.equal(body.match(/Some messages here are no longer kept/g).length, 1);
});
