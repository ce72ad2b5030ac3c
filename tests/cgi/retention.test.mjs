// retention.test.mjs - messages that the chat forgets by itself: under plain CGI and FastCGI, with
// pollers in the middle.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { fastcgi, poll, pollchat, pollRequest, send, sqlOf, startFastcgi, STORE, temporaryFolder, until } from './program.mjs';

const form = 'application/x-www-form-urlencoded';
const posted = (fields) => ({
  program: 'send',
  method: 'POST',
  type: form,
  body: new URLSearchParams(fields).toString(),
});

const filesWith = (data, text) =>
  fs.readdirSync(data).filter((name) => fs.readFileSync(path.join(data, name)).includes(text));

const seqs = ({ messages }) => messages.map(({ seq }) => seq);

test('under plain CGI the process of a send forgets what is too much, after its answer', async (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  const extra = { POLLCHAT_KEEP_COUNT: '20' };
  for (let i = 1; i <= 30; i++) {
    const answer = await send(data, { text: `text-${i}-end` }, { extra });
    assert.equal(answer.json.seq, i, answer.body);
  }
  const { json } = await poll(data, 'since=0');
  assert.equal(json.gap, true);
  assert.ok(json.messages.length <= 22, `${json.messages.length} are kept`);
  assert.equal(json.messages.at(-1).seq, 30);
  assert.deepEqual(seqs((await poll(data, 'since=25')).json), [26, 27, 28, 29, 30]);
  assert.deepEqual(filesWith(data, 'text-1-end'), []);
  assert.deepEqual(filesWith(data, 'text-5-end'), []);
  const check = await pollchat(['check', '--data', data]);
  assert.equal(check.code, 0, check.stdout + check.stderr);
});

test('under FastCGI it goes in quiet times; polls know the gap, and nothing newer goes', async (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  const sender = await startFastcgi(t, 'send', data);
  const poller = await startFastcgi(t, 'poll', data);
  for (let i = 1; i <= 60; i++) {
    assert.equal((await fastcgi(sender.socket, posted({ text: `text-${i}-end` }))).status, 201);
  }
  assert.equal((await fastcgi(poller.socket, pollRequest('since=0'))).json.messages.length, 60);
  const waiting = fastcgi(poller.socket, pollRequest('since=60&wait=50'));
  sqlOf(data, "UPDATE room SET keep_count = 10; UPDATE meta SET rules = rules + 1");
  const other = await startFastcgi(t, 'send', data); // looks for old messages in its first seconds
  assert.equal((await fastcgi(other.socket, posted({ text: 'one more' }))).status, 201);
  assert.deepEqual(seqs((await waiting).json), [61]);
  await until(() => sqlOf(data, 'SELECT oldest FROM room') === '52');
  const answer = (await fastcgi(poller.socket, pollRequest('since=3'))).json;
  assert.equal(answer.gap, true);
  assert.deepEqual(seqs(answer), [52, 53, 54, 55, 56, 57, 58, 59, 60, 61]);
  assert.equal((await fastcgi(poller.socket, pollRequest('since=55'))).json.gap, undefined);
  if (STORE === undefined) {
    await until(() => sqlOf(data, 'SELECT scrub FROM meta') === '0');
    assert.deepEqual(filesWith(data, 'text-51-end'), []);
    assert.notDeepEqual(filesWith(data, 'text-52-end'), []);
  }
});

test('messages that are too old go, whatever the room was used for since', async (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  for (let i = 1; i <= 6; i++) await send(data, { text: `m${i}` });
  sqlOf(data, 'UPDATE message SET time_ms = time_ms - 86400000 * 3 WHERE seq < 4');
  await send(data, { text: 'new' }, { extra: { POLLCHAT_KEEP_DAYS: '2' } });
  assert.deepEqual(seqs((await poll(data, 'since=0')).json), [4, 5, 6, 7]);
});
