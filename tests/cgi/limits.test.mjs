// limits.test.mjs - limits on how fast clients write and ask, and the reserve of the disk.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { until } from '../wait.mjs';
import { aboutSqlite, cgi, fastcgi, pollRequest, startFastcgi, status, temporaryFolder } from './program.mjs';

// One message in 12 seconds after the first five: a busy machine doesn't change what a test sees.
const ON = { POLLCHAT_LIMITS: 'on', POLLCHAT_LIMIT_SENDS: '5' };
const isFew = (stored) => assert.ok(stored >= 5 && stored <= 8, `${stored} were stored`);
const from = (address, more = {}) => ({ REMOTE_ADDR: address, ...more });

const sendRequest = (body, extra) => ({
  program: 'send',
  method: 'POST',
  type: 'application/json',
  body: JSON.stringify({ name: 'ann', ...body }),
  extra,
});

function newData(t) {
  const data = path.join(temporaryFolder(t), 'data');
  fs.mkdirSync(data, { mode: 0o700 });
  return data;
}

/** A chat with one message, and send as FastCGI. */
async function chat(t, env = {}) {
  const data = newData(t);
  assert.equal((await cgi(data, sendRequest({ text: 'first' }))).status, 201);
  const send = await startFastcgi(t, 'send', data, { env: { ...ON, ...env } });
  return { data, send, post: (body, extra) => fastcgi(send.socket, sendRequest(body, extra)) };
}

/** Sends until the first refusal; returns how many were stored before it, and the refusal. */
async function flood(post, extra, most = 400) {
  for (let stored = 0; stored < most; stored++) {
    const answer = await post({ text: `m${stored}` }, extra);
    if (answer.status !== 201) return { stored, answer };
  }
  return { stored: most };
}

const headOf = async (data) => (await cgi(data, pollRequest('since=now'))).json.head;

test('a script that writes without a pause gets 429, words and Retry-After; it stores nothing more, and others go on', async (t) => {
  const { data, post } = await chat(t);
  const { stored, answer } = await flood(post, from('203.0.113.9'));
  isFew(stored);
  assert.equal(answer.status, 429);
  assert.equal(answer.json.type, 'urn:pollchat:problem:too-fast');
  assert.match(answer.json.detail, /faster .* than this chat allows\. The message was not stored\. Try again in \d+ seconds?\.$/);
  assert.match(answer.headers['retry-after'], /^(\d|1[0-3])$/);
  assert.equal(await headOf(data), stored + 1);
  assert.equal((await post({ text: 'neighbour' }, from('203.0.113.77'))).status, 429, 'the same network');
  assert.equal((await post({ text: 'other' }, from('203.0.114.9'))).status, 201);
  assert.equal((await post({ text: 'other' }, from('2001:db8::1'))).status, 201);
  assert.equal(await headOf(data), stored + 3);
});

test('a client that waits as long as it was told is served again', async (t) => {
  const { post } = await chat(t, { POLLCHAT_LIMIT_SENDS: '30' });
  const { answer } = await flood(post, from('203.0.113.9'));
  await new Promise((done) => setTimeout(done, Number(answer.headers['retry-after']) * 1000));
  assert.equal((await post({ text: 'later' }, from('203.0.113.9'))).status, 201);
});

test('a restart, or being killed, opens no gate; all processes count together', async (t) => {
  const { data, send, post } = await chat(t);
  await flood(post, from('203.0.113.9'));
  send.child.kill('SIGKILL');
  await send.gone;
  const again = await startFastcgi(t, 'send', data, { env: ON });
  assert.equal((await fastcgi(again.socket, sendRequest({ text: 'x' }, from('203.0.113.9')))).status, 429);
  assert.equal((await cgi(data, sendRequest({ text: 'x' }, from('203.0.113.9', ON)))).status, 429);
});

test('forwarding headers of a public address change nothing', async (t) => {
  const { post } = await chat(t);
  const forged = (n) => from('203.0.113.9', { HTTP_X_FORWARDED_FOR: `198.51.${n}.1`, HTTP_FORWARDED: `for=198.51.${n}.1`, HTTP_CF_CONNECTING_IP: `198.51.${n}.1`, HTTP_X_REAL_IP: `198.51.${n}.1` });
  let stored = 0;
  for (let n = 0; n < 20; n++) stored += (await post({ text: `m${n}` }, forged(n))).status === 201;
  isFew(stored);
});

test('behind a trusted proxy each visitor has limits of their own; those who forge its header share theirs', async (t) => {
  const { post } = await chat(t, { POLLCHAT_TRUSTED_PROXIES: '10.0.0.1' });
  const through = (forwarded) => from('10.0.0.1', { HTTP_X_FORWARDED_FOR: forwarded });
  const { stored } = await flood(post, through('203.0.113.9'));
  isFew(stored);
  assert.equal((await post({ text: 'x' }, through('198.51.100.1'))).status, 201);
  assert.equal((await post({ text: 'x' }, through('198.51.100.1, 203.0.113.9'))).status, 429);
  let forged = 0;
  for (let n = 0; n < 20; n++) {
    forged += (await post({ text: `m${n}` }, { REMOTE_ADDR: '10.0.0.1', HTTP_X_FORWARDED_FOR: [`1.2.${n}.4`, `5.6.${n}.8`] })).status === 201;
  }
  isFew(forged);
});

test('behind a proxy that is not trusted rooms are limited, and doctor says what to do', async (t) => {
  const { data, post } = await chat(t, { POLLCHAT_LIMIT_ROOM: '20' });
  const through = (n) => from('10.0.0.1', { HTTP_X_FORWARDED_FOR: `198.51.${n % 250}.1` });
  let stored = 0;
  for (let n = 0; n < 60; n++) stored += (await post({ text: `m${n}` }, through(n))).status === 201;
  isFew(stored);
  assert.equal((await post({ text: 'x', room: 'other' }, through(1))).status, 201);
  const findings = async (extra) =>
    (await cgi(data, { program: 'poll', extra: { SCRIPT_NAME: '/doctor', POLLCHAT_DOCTOR: 'everyone', ...ON, ...extra } })).json.findings;
  const proxy = (list) => list.find(({ topic }) => topic === 'proxy');
  const hidden = proxy(await findings(through(1)));
  assert.equal(hidden.state, 'poor');
  assert.match(hidden.text, /trusted_proxies/);
  assert.equal(proxy(await findings(from('203.0.113.9'))), undefined);
  assert.equal(proxy(await findings(from('203.0.113.9', { HTTP_X_FORWARDED_FOR: '1.2.3.4' }))).state, 'note');
  assert.equal(proxy(await findings({ ...through(1), POLLCHAT_TRUSTED_PROXIES: '10.0.0.1' })), undefined);
  const topics = await findings(from('203.0.113.9'));
  assert.equal(topics.find(({ topic }) => topic === 'clients').state, 'fine');
});

test('a client on this machine has no limits, unless limit_local says so', async (t) => {
  const local = { REMOTE_ADDR: '127.0.0.1', HTTP_HOST: 'localhost' };
  const { post } = await chat(t);
  assert.equal((await flood(post, local, 60)).stored, 60);
  const strict = await chat(t, { POLLCHAT_LIMIT_LOCAL: 'yes', POLLCHAT_LIMIT_ROOM: '20' });
  assert.equal((await flood(strict.post, local, 60)).answer.status, 429);
});

test('polls of all kinds are limited; one that is refused says so in the form that was asked for', async (t) => {
  const { data } = await chat(t);
  const poll = await startFastcgi(t, 'poll', data, { env: { ...ON, POLLCHAT_LIMIT_POLLS: '1' } });
  const ask = (name, query, address) => fastcgi(poll.socket, { program: 'poll', query, extra: from(address, { SCRIPT_NAME: `/${name}` }) });
  const untilRefused = async (name, query, address) => {
    for (let n = 0; n < 100; n++) {
      const answer = await ask(name, query, address);
      if (answer.status !== 200) return { n, answer };
    }
    throw new Error(`${name} is never refused`);
  };
  const { n, answer } = await untilRefused('poll', 'since=0', '203.0.113.9');
  assert.ok(n >= 20 && n <= 25, `${n}`);
  assert.equal(answer.json.type, 'urn:pollchat:problem:too-fast');
  assert.equal(answer.headers['retry-after'], '1');
  assert.match(answer.json.detail, /^Your network asks for news more often than this chat allows\. Try again in 1 second\.$/);
  assert.match((await ask('poll', 'since=0&format=text', '203.0.113.9')).body, /^429 Too Many Requests: Your network/);
  const page = (await untilRefused('plain', 'room=lobby', '203.0.114.9')).answer;
  assert.equal(page.status, 429);
  assert.equal(page.headers.refresh, '1', 'a page without JavaScript comes back by itself');
  assert.equal((await untilRefused('embed', 'room=lobby', '203.0.115.9')).answer.status, 429);
  assert.equal((await ask('poll', 'since=0', '198.51.100.1')).status, 200);
  assert.ok((await status(poll)).limited >= 4);
});

test('a form that is refused keeps what was typed', async (t) => {
  const { send, post } = await chat(t);
  await flood(post, from('203.0.113.9'));
  const answer = await fastcgi(send.socket, {
    program: 'send',
    method: 'POST',
    query: 'format=html',
    type: 'application/x-www-form-urlencoded',
    body: 'name=ann&text=a+long+thought',
    extra: from('203.0.113.9'),
  });
  assert.equal(answer.status, 429);
  assert.match(answer.headers['retry-after'], /^\d+$/);
  assert.match(answer.body, /a long thought/);
  assert.match(answer.body, /Try again in \d+ second/);
});

test('the file of limits that is removed or damaged while programs run is made anew', async (t) => {
  const { data, post } = await chat(t);
  const file = path.join(data, 'chat.limits');
  await flood(post, from('203.0.113.9'));
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  const { size } = fs.statSync(file);
  for (const harm of [() => fs.rmSync(file), () => fs.truncateSync(file, 100), () => fs.writeFileSync(file, 'junk')]) {
    harm();
    // the old table is full soon, the new one is not
    const isNew = async () => {
      const isThere = fs.existsSync(file) && fs.statSync(file).size === size;
      const { status: answered } = await post({ text: 'x' }, from('203.0.113.9'));
      assert.ok(answered === 201 || answered === 429, `${answered}`);
      return isThere && answered === 201;
    };
    await until(isNew, 'the process to count in a new file');
    await flood(post, from('203.0.113.9'));
    assert.equal((await cgi(data, sendRequest({ text: 'x' }, from('203.0.113.9', ON)))).status, 429);
  }
});

test('guesses of codes are refused after some, from all keys of a network, and what is right then too', async (t) => {
  const { send } = await chat(t);
  const act = (fields, address, key) =>
    fastcgi(send.socket, {
      program: 'send',
      method: 'POST',
      type: 'application/x-www-form-urlencoded',
      body: new URLSearchParams(fields).toString(),
      extra: from(address, { SCRIPT_NAME: '/send/act', HTTP_POLLCHAT_KEY: key }),
    });
  const keyOf = (n) => `AAECAwQFBgcICQoLDA0${String.fromCharCode(65 + n)}Dw`;
  const answers = [];
  for (let n = 0; n < 14; n++) answers.push(await act({ do: 'move', code: `AAAA-AAA${n % 8 + 2}` }, '203.0.113.9', keyOf(n)));
  const refused = answers.filter(({ status: answered }) => answered === 429);
  assert.ok(refused.length >= 3 && refused.length <= 5, answers.map(({ status: answered }) => answered).join());
  assert.match(refused[0].json.detail, /^Too many wrong codes or passwords came from your network\. Try again in \d+ (second|minute)s?\.$/);
  assert.ok(Number(refused[0].headers['retry-after']) > 60);
  const made = (await act({ do: 'code' }, '198.51.100.1', keyOf(20))).json;
  assert.match(made.code, /^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
  assert.equal((await act({ do: 'move', code: made.code }, '203.0.113.9', keyOf(21))).status, 429);
  assert.equal((await act({ do: 'move', code: made.code }, '198.51.100.1', keyOf(21))).status, 200);
});

test('sends stop at max_store with words of their own; reading goes on', aboutSqlite, async (t) => {
  const { data, post } = await chat(t, { POLLCHAT_MAX_STORE: '1048576', POLLCHAT_LIMITS: 'off' });
  let answer;
  await until(async () => (answer = await post({ text: 'x'.repeat(200_000) })).status !== 201, 'a refusal');
  assert.equal(answer.status, 503);
  assert.equal(answer.json.type, 'urn:pollchat:problem:store-full');
  assert.match(answer.json.detail, /max_store.*Reading and deleting go on/);
  assert.equal(answer.headers['retry-after'], '30');
  assert.equal((await cgi(data, pollRequest('last=1'))).status, 200);
  const size = fs.readdirSync(data).filter((name) => /^chat\.db(-wal)?$/.test(name)).reduce((sum, name) => sum + fs.statSync(path.join(data, name)).size, 0);
  assert.ok(size < 40_000_000, `${size}`); // what comes within a second is stored
  const finding = async () =>
    (await cgi(data, { program: 'poll', extra: { SCRIPT_NAME: '/doctor', POLLCHAT_DOCTOR: 'everyone', POLLCHAT_MAX_STORE: '1048576' } }))
      .json.findings.find(({ topic }) => topic === 'max-store')?.state;
  assert.equal(await finding(), 'wrong');
  // What was erased can be used again, also where its bytes can't be returned to the file system.
  execFileSync('sqlite3', [path.join(data, 'chat.db'), "PRAGMA auto_vacuum = NONE; VACUUM; UPDATE message SET text = ''; PRAGMA wal_checkpoint(TRUNCATE)"]);
  assert.ok(fs.statSync(path.join(data, 'chat.db')).size > 1_048_576);
  await until(async () => (await post({ text: 'again' })).status === 201, 'a message that is stored again');
  assert.notEqual(await finding(), 'wrong');
});
