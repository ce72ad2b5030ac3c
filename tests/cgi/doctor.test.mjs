// doctor.test.mjs - /doctor without a web server: what it says, to whom, and the folder that the web can read.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { cgi, poll, pollchat, send, temporaryFolder } from './program.mjs';

const doctor = (data, { extra, ...options } = {}) =>
  cgi(data, { program: 'poll', path: '/doctor', method: 'GET', ...options, extra: { PATH_INFO: '/doctor', POLLCHAT_DOCTOR: 'everyone', ...extra } });
const topic = (answer, name) => answer.json.findings.find((finding) => finding.topic === name);

test('a new folder gets its database, and each finding is a sentence', async (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  const answer = await doctor(data);
  assert.equal(answer.status, 200);
  assert.equal(topic(answer, 'database').state, 'fine');
  assert.ok(fs.existsSync(path.join(data, 'chat.db')));
  for (const { text } of answer.json.findings) {
    assert.match(text, /^[A-Z].*[.!]$/, text);
    assert.ok(!text.includes(data), 'no path of the host');
  }
});

test('by default only who asks from the machine itself may read it', async (t) => {
  const data = temporaryFolder(t);
  const loopback = { POLLCHAT_DOCTOR: 'loopback' };
  assert.equal((await doctor(data, { extra: { ...loopback, REMOTE_ADDR: '192.0.2.7', HTTP_HOST: 'chat.example' } })).status, 403);
  assert.equal((await doctor(data, { extra: { ...loopback, REMOTE_ADDR: '127.0.0.1', HTTP_HOST: 'localhost' } })).status, 200);
  assert.equal((await doctor(data, { extra: { ...loopback, REMOTE_ADDR: '127.0.0.1', HTTP_HOST: 'localhost', HTTP_X_FORWARDED_FOR: '192.0.2.7' } })).status, 403);
});

test('a wrong setting is told, by it and by the command line', async (t) => {
  const data = temporaryFolder(t);
  const answer = await doctor(data, { extra: { POLLCHAT_MAX_TEXT: 'much' } });
  assert.equal(answer.status, 200);
  assert.match(topic(answer, 'settings').text, /MAX_TEXT: max_text is 'much'/);
  assert.equal(topic(answer, 'database'), undefined);
});

test('a body is counted and not kept; one that is too long is refused', async (t) => {
  const data = temporaryFolder(t);
  const small = await doctor(data, { method: 'POST', type: 'application/json', body: '{"text":"<script>"}' });
  assert.deepEqual(small.json, { bytes: 19 });
  const big = await doctor(data, { method: 'POST', type: 'application/json', body: 'x'.repeat(2 * 1024 * 1024 + 1) });
  assert.equal(big.status, 413);
  assert.ok(!fs.existsSync(path.join(data, 'chat.db')), 'nothing is stored, not even a database');
});

test('who has read the word in the test file stops the chat; nobody else can, and only the owner starts it again', async (t) => {
  const data = temporaryFolder(t);
  const word = 'abcdefghijklmnopqrstuv';
  fs.writeFileSync(path.join(data, 'web-test.txt'), `pollchat ${word}\n`);
  for (const wrong of ['abcdefghijklmnopqrstuw', 'x', '']) {
    const answer = await doctor(data, { method: 'POST', query: `exposed=${wrong}`, body: '', type: 'text/plain' });
    assert.equal(answer.status, 400, wrong);
    assert.equal(answer.json.field, 'exposed');
  }
  assert.equal((await send(data, { text: 'before' })).status, 201);
  assert.equal((await doctor(data, { method: 'POST', query: `exposed=${word}`, body: '', type: 'text/plain' })).status, 200);
  for (const answer of [await poll(data), await send(data, { text: 'now' })]) {
    assert.equal(answer.status, 503);
    assert.equal(answer.json.type, 'urn:pollchat:problem:exposed');
    assert.doesNotMatch(answer.body, /data folder|download/, 'strangers needn\'t know');
  }
  assert.equal(topic(await doctor(data), 'data-web').state, 'wrong');
  const shell = await pollchat(['doctor', '--data', data]);
  assert.equal(shell.code, 1);
  assert.match(shell.stdout, /^wrong +data-web/m);
  fs.rmSync(path.join(data, 'READABLE-BY-THE-WEB.txt'));
  assert.equal((await send(data, { text: 'after' })).status, 201);
  assert.equal((await poll(data)).json.head, 2);
});

test('pollchat doctor looks only: a mistyped folder becomes no database', async (t) => {
  const data = path.join(temporaryFolder(t), 'mistyped');
  const shell = await pollchat(['doctor', '--data', data]);
  assert.equal(shell.code, 0);
  assert.match(shell.stdout, /no database/);
  assert.ok(!fs.existsSync(data));
});
