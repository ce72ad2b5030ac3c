// changes.test.mjs - edits, deletes, names with an owner and messages that wait, as plain CGI: what
// senders are told and readers get, in each format.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { poll, pollchat, send, sqlOf, temporaryFolder } from './program.mjs';

const ANN = 'annannannannannannannA';
const BOB = 'bobbobbobbobbobbobbobA';

/** A chat; env: settings. */
function chat(t, env = {}) {
  const data = path.join(temporaryFolder(t), 'data');
  fs.mkdirSync(data, { mode: 0o700 });
  const settings = Object.fromEntries(Object.entries(env).map(([name, value]) => [`POLLCHAT_${name.toUpperCase()}`, String(value)]));
  return {
    data,
    say: (fields, more = {}) => send(data, fields, { ...more, extra: { ...settings, ...more.extra } }),
    read: (query) => poll(data, query, { extra: settings }),
    sql: (text) => sqlOf(data, text),
  };
}

function problem(answer, status, slug, field) {
  assert.equal(answer.status, status, answer.body);
  assert.equal(answer.json.type, `urn:pollchat:problem:${slug}`);
  assert.equal(answer.json.field, field);
  return answer.json;
}

/** All of a member but time and epoch, which differ each time. */
const facts = ({ time, epoch, ...rest }) => rest;

test('an edit and a delete are told to the sender and to every reader, in order', async (t) => {
  const { say, read, data } = chat(t);
  const first = (await say({ text: 'hello', name: 'ann', key: ANN, id: 'a' })).json;
  const { mark } = first;
  assert.match(mark, /^[0-9a-f]{4}$/);
  assert.deepEqual(facts(first), { room: 'lobby', seq: 1, name: 'ann', text: 'hello', type: 'message', id: 'a', mark, fresh: true });
  const edit = await say({ type: 'edit', target: 1, text: 'goodbye', name: 'ann', key: ANN, id: 'b' });
  assert.equal(edit.status, 201, edit.body);
  assert.deepEqual(facts(edit.json), { room: 'lobby', seq: 2, name: 'ann', text: 'goodbye', type: 'edit', id: 'b', target: 1, mark, fresh: true });
  const before = (await read('since=0')).json;
  assert.deepEqual(before.messages.map(facts), [
    { seq: 1, name: 'ann', text: 'goodbye', type: 'message', id: 'a', edited: 2, mark, fresh: true },
    { seq: 2, name: 'ann', text: 'goodbye', type: 'edit', id: 'b', target: 1, mark, fresh: true },
  ]);
  const gone = await say({ type: 'delete', target: 1, name: 'ann', key: ANN, id: 'c' });
  assert.deepEqual(facts(gone.json), { room: 'lobby', seq: 3, name: 'ann', text: '', type: 'delete', id: 'c', target: 1, mark, fresh: true });
  assert.deepEqual((await read('since=0')).json.messages.map(facts), [
    { seq: 1, name: 'ann', text: '', type: 'delete', id: '', target: 1 },
    { seq: 2, name: 'ann', text: '', type: 'delete', id: 'b', target: 1, mark, fresh: true },
    { seq: 3, name: 'ann', text: '', type: 'delete', id: 'c', target: 1, mark, fresh: true },
  ]);
  assert.deepEqual((await read('since=0&format=text')).body.split('\n').map((line) => line.split('\t').filter((_, i) => i !== 1)), [
    ['1', 'ann', '', 'delete', '1'], ['2', 'ann', '', 'delete', '1'], ['3', 'ann', '', 'delete', '1'], [''],
  ]);
  // What was sent stays known, so a retry changes nothing.
  for (const again of [
    { text: 'hello', name: 'ann', key: ANN, id: 'a' },
    { type: 'edit', target: 1, text: 'goodbye', name: 'ann', key: ANN, id: 'b' },
    { type: 'delete', target: 1, name: 'ann', key: ANN, id: 'c' },
  ]) {
    assert.equal((await say(again)).status, 200, again.id);
  }
  assert.equal((await read('since=now')).json.head, 3);
  assert.match((await pollchat(['check', '--data', data])).stdout, /^ok: /);
});

test('the answer of a poll is another one after a change, also for a client that has the page', async (t) => {
  const { say, read, data } = chat(t);
  await say({ text: 'hello', key: ANN });
  const page = await read('before=2');
  assert.equal(page.headers['cache-control'], 'no-store');
  const asked = { extra: { HTTP_IF_NONE_MATCH: page.headers.etag } };
  assert.equal((await poll(data, 'before=2', asked)).status, 304);
  await say({ type: 'delete', target: 1, key: ANN });
  const answer = await poll(data, 'before=2', asked);
  assert.equal(answer.status, 200);
  assert.equal(answer.json.messages[0].text, '');
});

test('a change that may not be is refused in words, and nothing changes', async (t) => {
  const { say, read, sql } = chat(t);
  await say({ text: 'hello', name: 'ann', key: ANN });
  problem(await say({ type: 'delete', target: 1, name: 'bob', key: BOB }), 403, 'not-allowed', 'target');
  problem(await say({ type: 'edit', target: 1, text: 'x' }), 403, 'not-allowed', 'target');
  problem(await say({ type: 'delete', target: 2, key: ANN }), 400, 'bad-input', 'target');
  problem(await say({ type: 'delete', key: ANN }), 400, 'bad-input', 'target');
  problem(await say({ type: 'edit', target: 1, key: ANN }), 400, 'bad-input', 'text');
  problem(await say({ type: 'notice', text: 'x' }), 400, 'bad-input', 'type');
  problem(await say({ target: 1, text: 'x' }), 400, 'bad-input', 'target');
  sql('UPDATE message SET time_ms = time_ms - 16 * 60000');
  problem(await say({ type: 'delete', target: 1, name: 'ann', key: ANN }), 403, 'too-late', 'target');
  assert.deepEqual((await read('since=0')).json.messages.map(({ text }) => text), ['hello']);
});

test('fields of a change may come as headers', async (t) => {
  const { say, read } = chat(t);
  await say({ text: 'hello', key: ANN });
  const plain = { type: 'text/plain', body: 'better' };
  const headers = { HTTP_POLLCHAT_TYPE: 'edit', HTTP_POLLCHAT_TARGET: '1', HTTP_POLLCHAT_KEY: ANN };
  assert.equal((await say({}, { ...plain, extra: headers })).status, 201);
  assert.equal((await read('since=0')).json.messages[0].text, 'better');
  const bearer = { HTTP_AUTHORIZATION: `Bearer ${ANN}`, HTTP_POLLCHAT_TYPE: 'delete', HTTP_POLLCHAT_TARGET: '1' };
  assert.equal((await say({}, { type: 'text/plain', body: '', extra: bearer })).status, 201);
  assert.equal((await read('since=0')).json.messages[0].type, 'delete');
});

test('a name belongs to its first key, and others are offered a free one', async (t) => {
  const { say, read } = chat(t);
  await say({ text: 'hello', name: 'Ian', key: ANN });
  const taken = problem(await say({ text: 'x', name: 'IAN', key: BOB }), 409, 'name-taken', 'name');
  assert.equal(taken.suggestion, 'IAN 2');
  assert.match(taken.detail, /^IAN is the name of another person here\. Free is: IAN 2$/);
  problem(await say({ text: 'x', name: 'ian' }), 409, 'name-taken', 'name');
  for (const name of ['lan', 'I an', 'Iаn', 'Ιan', '1an']) {
    const alike = problem(await say({ text: 'x', name, key: BOB }), 409, 'name-alike', 'name');
    assert.equal((await say({ text: `as ${alike.suggestion}`, name: alike.suggestion, key: BOB })).status, 201, name);
  }
  for (const name of ['Ιωάννα', 'Иван', '伊安']) {
    const answer = await say({ text: 'x', name, key: BOB });
    assert.equal(answer.status, 201, answer.body);
    assert.equal(answer.json.alike, undefined, name);
  }
  const elsewhere = await say({ text: 'x', name: 'lan', key: BOB, room: 'dev' });
  assert.deepEqual([elsewhere.status, elsewhere.json.alike, elsewhere.json.fresh], [201, true, true]);
  assert.equal((await read('room=dev')).json.messages[0].alike, true);
});

test('a name that has rested for long is free again', async (t) => {
  const { say, sql } = chat(t);
  await say({ text: 'hello', name: 'ann', key: ANN });
  sql('UPDATE name SET used_ms = used_ms - 29 * CAST(86400000 AS bigint)');
  problem(await say({ text: 'x', name: 'ann', key: BOB }), 409, 'name-taken', 'name');
  sql('UPDATE name SET used_ms = used_ms - 2 * 86400000');
  assert.equal((await say({ text: 'x', name: 'ann', key: BOB })).status, 201);
  problem(await say({ text: 'x', name: 'ann', key: ANN }), 409, 'name-taken', 'name');
});

test('times are written rarely: a message touches neither person nor name', async (t) => {
  const { say, sql } = chat(t);
  const times = () => sql('SELECT seen_ms, used_ms, used_room FROM person, name');
  await say({ text: 'one', name: 'ann', key: ANN });
  const first = times();
  await say({ text: 'two', name: 'ann', key: ANN });
  await say({ text: 'three', name: 'ann', key: ANN, room: 'dev' });
  assert.equal(times(), first);
  sql('UPDATE name SET used_ms = used_ms - 11 * 60000; UPDATE person SET seen_ms = seen_ms - 61 * 60000');
  await say({ text: 'four', name: 'ann', key: ANN });
  const [seen, used] = times().split('|').map(Number);
  assert.ok(seen >= Number(first.split('|')[0]) && used >= Number(first.split('|')[1]));
});

test('messages of newcomers wait where the owner wants that, and a retry says so again', async (t) => {
  const { say, read } = chat(t, { newcomers: 'held' });
  for (let i = 0; i < 2; i++) {
    const held = await say({ text: 'hello', name: 'ann', key: ANN, id: 'x' });
    assert.equal(held.status, 202, held.body);
    assert.deepEqual(facts(held.json), { held: true, room: 'lobby', id: 'x', why: 'newcomer' });
  }
  assert.equal((await read('since=0')).json.head, 0);
  const line = await say({ text: 'hello', key: ANN }, { query: 'format=text' });
  assert.equal(line.body, 'held\tnewcomer\n');
  const page = await say({ text: 'hello', key: ANN }, { query: 'format=html' });
  assert.equal(page.status, 202);
  assert.match(page.body, /waits for a moderator/);
});

test('messages that moderators have hidden, and deletions of several, read well in each format', async (t) => {
  const { say, read, sql } = chat(t);
  for (const text of ['one', 'two', 'three', 'four']) await say({ text, key: ANN });
  sql(`UPDATE message SET state = 2 WHERE seq = 1; UPDATE message SET state = 1, text = '' WHERE seq IN (2, 3);
    INSERT INTO message (message_id, time_ms, type, name, id, id_sent, text, target) SELECT message_id + 1, time_ms, 3, 'mod', 'm', 1, '2-3', 2
      FROM message WHERE seq = 4; UPDATE room SET head = 5`);
  const { messages } = (await read('since=0')).json;
  assert.deepEqual(messages.map(({ type, text, target }) => [type, text, target]), [
    ['delete', '', 1], ['delete', '', 2], ['delete', '', 3], ['message', 'four', undefined], ['delete', '', 2],
  ]);
  assert.deepEqual(messages[4].targets, [[2, 3]]);
  assert.match((await read('since=4&format=text')).body, /^5\t\S+\tmod\t\tdelete\t2-3\n$/);
  // An author may still take back for good what was hidden; it can't be edited.
  assert.equal((await say({ type: 'edit', target: 1, text: 'x', key: ANN })).status, 400);
  assert.equal((await say({ type: 'delete', target: 1, key: ANN })).status, 201);
  assert.equal(sql('SELECT state, text FROM message WHERE seq = 1'), '1|');
});
