// waiting.test.mjs - waiting polls, without a web server: what wakes them, which polls may not
// wait, and what happens when programs are killed or files removed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  aboutSqlite, cgi, fastcgi, fastcgiToLastByte, GONE_MS, poll, pollRequest, send,
  sqlOf, startCgi, startFastcgi, status, STORE, temporaryFolder, until,
} from './program.mjs';

const form = 'application/x-www-form-urlencoded';
const hi = { program: 'send', method: 'POST', type: form, body: 'text=hi' };

/** The number of waiting polls on the site, as the program counts them. */
async function waitingIn(program) {
  return (await status(program)).parked.polls;
}

/** Starts n polls, and returns their answers as promises once all of them wait. */
async function parked(program, n, request) {
  const before = await waitingIn(program);
  const answers = Array.from({ length: n }, (_, i) =>
    fastcgi(program.socket, typeof request === 'function' ? request(i) : request),
  );
  await until(async () => (await waitingIn(program)) >= before + n, `${n} polls to wait`);
  return answers;
}

test('a message wakes the polls that wait in other processes, whichever process stores it', async (t) => {
  const data = temporaryFolder(t);
  const sender = await startFastcgi(t, 'send', data);
  const poller = await startFastcgi(t, 'poll', data);
  for (const [i, how] of [() => fastcgi(sender.socket, hi), () => send(data, { text: 'by CGI' })].entries()) {
    const waiting = await parked(poller, 3, pollRequest(`since=${i}&wait=30`));
    const here = startCgi(data, pollRequest(`since=${i}&wait=30`));
    assert.equal((await how()).status, 201);
    for (const answer of await Promise.all([...waiting, here.answer])) {
      assert.deepEqual(answer.json.messages.map((m) => m.seq), [i + 1]);
      assert.equal(answer.json.wait, 25);
    }
  }
});

test('where each waiting poll costs a process, max_held of them may wait; the others are told when to ask again', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'old' });
  const extra = { POLLCHAT_MAX_HELD: '2' };
  const all = Array.from({ length: 5 }, () => startCgi(data, pollRequest('since=1&wait=25', { extra })));
  const turnedAway = [];
  all.forEach((one) => one.answer.then((answer) => turnedAway.push(answer)));
  await until(() => turnedAway.length === 3, 'three polls to be answered at once');
  for (const answer of turnedAway)
    assert.deepEqual([answer.status, answer.json.wait, answer.json.poll_after], [200, 0, 2]);
  // A process that waits is killed: another poll may wait at once.
  const holder = all.find((one) => one.child.exitCode === null);
  holder.child.kill('SIGKILL');
  await once(holder.child, 'close');
  const next = startCgi(data, pollRequest('since=1&wait=25', { extra }));
  assert.equal((await poll(data, 'since=1&wait=25', { extra: { ...extra, POLLCHAT_MAX_HELD: '0' } })).json.wait, 0);
  await delay(200);
  await send(data, { text: 'new' });
  assert.equal((await next.answer).json.messages[0].text, 'new');
  await Promise.all(all.map((one) => one.answer.catch(() => {})));
});

test('polls over the limit of all waiting polls, or of one address, are answered at once and without an error', async (t) => {
  // With one thread, the polls before this request already wait when it is read.
  const env = { POLLCHAT_MAX_WAITING: '6', POLLCHAT_MAX_WAITING_PER_CLIENT: '2', POLLCHAT_THREADS: '1' };
  const poller = await startFastcgi(t, 'poll', temporaryFolder(t), { env });
  const from = (address) => pollRequest('since=0&wait=20', { extra: { REMOTE_ADDR: address } });
  await parked(poller, 2, from('192.0.2.1'));
  assert.equal((await fastcgi(poller.socket, from('192.0.2.1'))).json.wait, 0);
  await parked(poller, 4, from('127.0.0.1'));
  assert.equal((await fastcgi(poller.socket, from('192.0.2.2'))).json.wait, 0);
});

test('a poll that may not wait is told when to ask again, even with the smallest settings', async (t) => {
  const env = { POLLCHAT_MAX_WAITING: '0', POLLCHAT_POLL_RATE: '1' };
  const poller = await startFastcgi(t, 'poll', temporaryFolder(t), { env });
  for (let i = 0; i < 3; i++) {
    const { json } = await fastcgi(poller.socket, pollRequest('since=0&wait=20'));
    assert.deepEqual([json.wait, json.poll_after], [0, 2]);
  }
});

test('an IPv6 network of 64 bits counts as one client, and an IPv4 address inside IPv6 as that IPv4 address', async (t) => {
  const env = { POLLCHAT_MAX_WAITING_PER_CLIENT: '2', POLLCHAT_THREADS: '1' };
  const poller = await startFastcgi(t, 'poll', temporaryFolder(t), { env });
  const from = (address) => pollRequest('since=0&wait=20', { extra: { REMOTE_ADDR: address } });
  await parked(poller, 2, (i) => from(`2001:db8::${i + 1}`));
  assert.equal((await fastcgi(poller.socket, from('2001:db8:0:0:ffff::9'))).json.wait, 0);
  await parked(poller, 2, (i) => from(`2001:db8:0:${i + 1}::1`));
  await parked(poller, 2, (i) => from(['192.0.2.1', '::ffff:192.0.2.1'][i]));
  assert.equal((await fastcgi(poller.socket, from('192.0.2.1'))).json.wait, 0);
  // This machine is not counted as a client: it may be a proxy.
  await parked(poller, 4, from('::ffff:127.0.0.1'));
});

test('behind a trusted proxy each client is counted alone; forwarding headers of other peers are ignored', async (t) => {
  const env = {
    POLLCHAT_MAX_WAITING_PER_CLIENT: '2',
    POLLCHAT_THREADS: '1',
    POLLCHAT_TRUSTED_PROXIES: '192.0.2.0/24 127.0.0.1',
  };
  const poller = await startFastcgi(t, 'poll', temporaryFolder(t), { env });
  const from = (proxy, forwarded) =>
    pollRequest('since=0&wait=20', { extra: { REMOTE_ADDR: proxy, HTTP_X_FORWARDED_FOR: forwarded } });
  await parked(poller, 2, (i) => from(['192.0.2.1', '127.0.0.1'][i], '203.0.113.9'));
  assert.equal((await fastcgi(poller.socket, from('192.0.2.9', '203.0.113.1, 203.0.113.9, 192.0.2.3'))).json.wait, 0);
  assert.equal((await fastcgi(poller.socket, from('203.0.113.9', '203.0.113.77'))).json.wait, 0);
  await parked(poller, 2, from('192.0.2.1', '203.0.113.10'));
  const standard = (address) =>
    pollRequest('since=0&wait=20', {
      extra: { REMOTE_ADDR: '192.0.2.1', HTTP_FORWARDED: `for="${address}";proto=https` },
    });
  await parked(poller, 2, (i) => standard(`[2001:db8::${i}]:80`));
  assert.equal((await fastcgi(poller.socket, standard('[2001:db8::3]'))).json.wait, 0);
});

test('all requests with two X-Forwarded-For headers count as one client, and take no slots of other clients', async (t) => {
  const env = { POLLCHAT_MAX_WAITING_PER_CLIENT: '2', POLLCHAT_THREADS: '1', POLLCHAT_TRUSTED_PROXIES: '127.0.0.1' };
  const poller = await startFastcgi(t, 'poll', temporaryFolder(t), { env });
  const from = (forwarded) => pollRequest('since=0&wait=20', { extra: { HTTP_X_FORWARDED_FOR: forwarded } });
  await parked(poller, 2, (i) => from([['203.0.113.9', `198.51.100.${i}`], [`198.51.100.${i}`, '203.0.113.9']][i]));
  assert.equal((await fastcgi(poller.socket, from(['203.0.113.9', '198.51.100.7']))).json.wait, 0);
  assert.equal((await fastcgi(poller.socket, from(['127.0.0.1', '203.0.113.9']))).json.wait, 0);
  await parked(poller, 2, from('198.51.100.1'));
});

test('a process that gets one request at a time is recognised as such, however quickly the requests follow', async (t) => {
  const data = temporaryFolder(t);
  const sender = await startFastcgi(t, 'send', data);
  const env = { POLLCHAT_MAX_HELD: '1' };
  const one = await startFastcgi(t, 'poll', data, { env });
  const other = await startFastcgi(t, 'poll', data, { env: { ...env, POLLCHAT_THREADS: '1' } });
  // As behind mod_fcgid: no variable tells it from other servers that are Apache.
  const apache = { extra: { SERVER_SOFTWARE: 'Apache/2.4.62' } };
  const next = (query) => fastcgiToLastByte(one.socket, pollRequest(query, apache));
  await fastcgi(sender.socket, hi);
  for (let i = 0; i < 300; i++) await next('since=0');
  for (let seq = 1; seq <= 100; seq++) {
    const waiting = next(`since=${seq}&wait=20`);
    await fastcgi(sender.socket, hi);
    assert.equal((await waiting).json.next, seq + 1);
  }
  // Takes the only slot, so a poll that waits in `one` would be one too many.
  const [holder] = await parked(other, 1, pollRequest('since=101&wait=25', apache));
  assert.equal((await next('since=101&wait=20')).json.wait, 0);
  await fastcgi(sender.socket, hi);
  assert.equal((await holder).json.wait, 25);
});

test('where waiting costs no process, polls wait despite max_held and without a shared bell', async (t) => {
  const data = temporaryFolder(t);
  const poller = await startFastcgi(t, 'poll', data, { env: { POLLCHAT_MAX_HELD: '0' } });
  await fastcgi(poller.socket, pollRequest('since=0'));
  const bell = path.join(data, 'chat.bell');
  await until(() => {
    fs.rmSync(bell, { force: true });
    try {
      fs.mkdirSync(bell); // now no program can create the file
      return true;
    } catch (error) {
      assert.equal(error.code, 'EEXIST', 'a running program was faster'); // try again
      return false;
    }
  }, 'a folder with the name of the bell');
  const [waiting] = await parked(poller, 1, pollRequest('since=0&wait=20'));
  await send(data, { text: 'hi' });
  assert.deepEqual((await waiting).json.messages.map((m) => m.text), ['hi']);
});

test('with max_wait 0 no poll waits', async (t) => {
  const poller = await startFastcgi(t, 'poll', temporaryFolder(t), { env: { POLLCHAT_MAX_WAIT: '0' } });
  assert.deepEqual(
    (({ wait, poll_after }) => [wait, poll_after])((await fastcgi(poller.socket, pollRequest('since=0&wait=9'))).json),
    [0, 2],
  );
});

test('SIGTERM answers all waiting polls at once and without messages, and the program ends', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'old' });
  const poller = await startFastcgi(t, 'poll', data);
  const waiting = await parked(poller, 50, (i) => pollRequest(`since=1&wait=${10 + (i % 20)}`));
  const before = Date.now();
  poller.child.kill('SIGTERM');
  for (const answer of await Promise.all(waiting)) {
    assert.deepEqual([answer.status, answer.json.messages.length, answer.json.next], [200, 0, 1]);
  }
  const [code] = await poller.gone;
  assert.equal(code, 0);
  assert.ok(Date.now() - before < GONE_MS);
});

test('waiting polls get the right format, rooms and CORS headers', async (t) => {
  const data = temporaryFolder(t);
  const poller = await startFastcgi(t, 'poll', data, {
    env: { POLLCHAT_ALLOW_ORIGIN: 'https://a.example https://b.example' },
  });
  const requests = [
    pollRequest('since=0&wait=20&format=text'),
    pollRequest('since=0&wait=20&format=ndjson'),
    pollRequest('room=lobby:0&room=x:0&wait=20'),
    pollRequest('since=0&wait=20', { extra: { HTTP_ORIGIN: 'https://a.example' } }),
    pollRequest('since=0&wait=20', { extra: { HTTP_ORIGIN: 'https://b.example' } }),
  ];
  const waiting = await parked(poller, requests.length, (i) => requests[i]);
  await send(data, { text: 'two\nlines', name: 'ann' });
  const [text, lines, several, a, b] = await Promise.all(waiting);
  assert.match(text.body, /^1\t[^\t]+\tann\ttwo\\nlines\n$/);
  assert.deepEqual(lines.body.trimEnd().split('\n').map((line) => JSON.parse(line).type), ['message', 'cursor']);
  assert.deepEqual(several.json.next, { lobby: 1, x: 0 });
  assert.equal(a.headers['access-control-allow-origin'], 'https://a.example');
  assert.equal(b.headers['access-control-allow-origin'], 'https://b.example');
  for (const answer of [text, lines, several, a, b]) {
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(Number(answer.headers['content-length']), Buffer.byteLength(answer.body));
  }
});

test('the bell is deleted or replaced while polls wait: the next message still wakes them', async (t) => {
  const data = temporaryFolder(t);
  const bell = path.join(data, 'chat.bell');
  const sender = await startFastcgi(t, 'send', data);
  const poller = await startFastcgi(t, 'poll', data);
  await fastcgi(sender.socket, hi);
  const replace = () => {
    fs.writeFileSync(`${bell}.other`, 'not a bell');
    fs.renameSync(`${bell}.other`, bell);
  };
  for (const [i, harm] of [() => fs.unlinkSync(bell), replace].entries()) {
    const [waiting] = await parked(poller, 1, pollRequest(`since=${i + 1}&wait=20`));
    harm();
    assert.equal((await fastcgi(sender.socket, hi)).json.seq, i + 2);
    const before = Date.now();
    assert.deepEqual((await waiting).json.messages.map((m) => m.seq), [i + 2]);
    assert.ok(Date.now() - before < 10_000, 'found by a periodic check, not at the end of the wait');
  }
});

test('plain CGI: a poll that waits on a removed bell is answered early, and the next poll waits on the new bell', async (t) => {
  const data = temporaryFolder(t);
  const sender = await startFastcgi(t, 'send', data);
  const poller = await startFastcgi(t, 'poll', data);
  await fastcgi(sender.socket, hi);
  const before = Date.now();
  const left = startCgi(data, pollRequest('since=1&wait=25'));
  await until(async () => (await waitingIn(poller)) === 1, 'the poll to wait');
  fs.unlinkSync(path.join(data, 'chat.bell'));
  const { json } = await left.answer;
  assert.deepEqual([json.messages, json.next, json.wait], [[], 1, 25]);
  const next = startCgi(data, pollRequest('since=1&wait=25'));
  await until(async () => (await waitingIn(poller)) === 1, 'the next poll to wait');
  await fastcgi(sender.socket, hi);
  assert.deepEqual((await next.answer).json.messages.map((m) => m.seq), [2]);
  assert.ok(Date.now() - before < 20_000, 'neither poll waited to the end');
});

test('the bell or the counters are truncated while programs have them mapped: no program dies, and news arrives', async (t) => {
  const data = temporaryFolder(t);
  const sender = await startFastcgi(t, 'send', data);
  const poller = await startFastcgi(t, 'poll', data);
  await fastcgi(sender.socket, hi);
  for (const [i, name] of ['chat.bell', 'chat.tally'].entries()) {
    const waiting = fastcgi(poller.socket, pollRequest(`since=${i + 1}&wait=20`));
    await delay(200);
    fs.truncateSync(path.join(data, name), 0);
    assert.equal((await fastcgi(sender.socket, hi)).json.seq, i + 2);
    assert.deepEqual((await waiting).json.messages.map((m) => m.seq), [i + 2]);
  }
  assert.deepEqual(
    [sender, poller].map(({ child }) => [child.exitCode, child.signalCode]),
    [
      [null, null],
      [null, null],
    ],
  );
});

/** Stores another message of the room with SQL: nothing rings the bell. */
function sayByHand(data, room) {
  sqlOf(data, `INSERT INTO message (message_id, time_ms, type, reply_to, name, id, id_sent, text)
      SELECT room.room_id << 36 | head + 1, time_ms, 1, NULL, message.name, 'by-hand', 1, 'by hand'
      FROM message JOIN room USING (room_id) WHERE room.name = '${room}' AND seq = 1;
    UPDATE room SET head = head + 1 WHERE name = '${room}'`);
}

test('waiting polls find a commit that did not ring the bell', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'old' });
  const poller = await startFastcgi(t, 'poll', data);
  const [waiting] = await parked(poller, 1, pollRequest('since=1&wait=20'));
  sayByHand(data, 'lobby');
  assert.deepEqual((await waiting).json.messages.map((m) => m.text), ['by hand']);
});

test('plain CGI: a waiting poll finds such a commit by itself', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'old' });
  const waiting = startCgi(data, pollRequest('since=1&wait=25'));
  await until(async () => (await status(data)).parked.polls === 1, 'the poll to wait');
  const before = Date.now();
  sayByHand(data, 'lobby');
  assert.deepEqual((await waiting.answer).json.messages.map((m) => m.text), ['by hand']);
  assert.ok(Date.now() - before < 10_000, 'found before the end of the wait');
});

test('plain CGI: while the database cannot be read, waiting polls check it now and then, without a busy loop', aboutSqlite, async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'old' });
  const waiting = startCgi(data, pollRequest('since=1&wait=4'));
  await until(async () => (await status(data)).parked.polls === 1, 'the poll to wait');
  for (const name of ['chat.db', 'chat.db-wal', 'chat.db-shm']) {
    const file = path.join(data, name);
    // The same file with other bytes.
    fs.writeFileSync(file, Buffer.alloc(fs.statSync(file).size, 7));
  }
  const answer = await waiting.answer;
  assert.notEqual(answer.status, 200);
  assert.ok(answer.stderr.split('\n').length < 30, answer.stderr);
});

test('waiting polls find a commit without a ring while messages in other rooms keep ringing', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'old', room: 'quiet' });
  const sender = await startFastcgi(t, 'send', data);
  const poller = await startFastcgi(t, 'poll', data);
  const [waiting] = await parked(poller, 1, pollRequest('room=quiet&since=1&wait=25'));
  let answer = null;
  waiting.then((came) => { answer = came; });
  sayByHand(data, 'quiet');
  const end = Date.now() + 15_000;
  while (answer === null && Date.now() < end) {
    await fastcgi(sender.socket, hi);
    await delay(50);
  }
  assert.deepEqual(answer?.json.messages.map((m) => m.text), ['by hand']);
});

test('the database is replaced by an older copy: a process in which no poll has waited answers from that copy', aboutSqlite, async (t) => {
  const data = temporaryFolder(t);
  const file = path.join(data, 'chat.db');
  await send(data, { text: 'first' });
  const poller = await startFastcgi(t, 'poll', data);
  const sender = await startFastcgi(t, 'send', data);
  spawnSync('sqlite3', [file, `VACUUM INTO '${file}.copy'`]);
  for (let i = 0; i < 3; i++) await fastcgi(sender.socket, hi);
  assert.equal((await fastcgi(poller.socket, pollRequest('since=4'))).json.head, 4);
  for (const name of ['chat.db-wal', 'chat.db-shm']) fs.rmSync(path.join(data, name), { force: true });
  fs.renameSync(`${file}.copy`, file);
  const answer = await fastcgi(poller.socket, pollRequest('since=4'));
  assert.deepEqual([answer.json.head, answer.json.next], [1, 1]);
});

test('the database is replaced while polls wait: a poll with an epoch is answered 409, the others get the new messages', aboutSqlite, async (t) => {
  const [one, two] = [temporaryFolder(t), temporaryFolder(t)];
  await send(one, { text: 'first' });
  for (const text of ['a', 'b', 'c']) await send(two, { text });
  const poller = await startFastcgi(t, 'poll', one);
  const { epoch } = (await fastcgi(poller.socket, pollRequest('since=0'))).json;
  const [told, plain] = await parked(poller, 2, (i) =>
    pollRequest(i === 0 ? `since=1&wait=20&epoch=${epoch}` : 'since=1&wait=20'),
  );
  // sorted, the database itself comes first.
  const names = fs.readdirSync(two).filter((n) => n.startsWith('chat.db')).sort();
  for (const name of names) fs.copyFileSync(path.join(two, name), path.join(one, `new-${name}`));
  for (const name of ['chat.db-wal', 'chat.db-shm']) fs.rmSync(path.join(one, name), { force: true });
  for (const name of names) fs.renameSync(path.join(one, `new-${name}`), path.join(one, name));
  const conflict = await told;
  assert.equal(conflict.status, 409);
  assert.notEqual(conflict.json.epoch, epoch);
  assert.deepEqual((await plain).json.messages.map((m) => m.text), ['b', 'c']);
});

test('with few file descriptors few polls wait, and every request is answered', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'old' });
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'limited');
  fs.writeFileSync(
    file,
    `#!/bin/sh\nulimit -n 160\nexec ${path.join(process.env.ROOT ?? 'build/release/stage', 'cgi-bin', 'poll')}\n`,
    { mode: 0o755 },
  );
  const poller = await startFastcgi(t, 'poll', data, { file });
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => fastcgi(poller.socket, pollRequest('since=1&wait=2'))),
  );
  assert.ok(answers.every((a) => a.status === 200));
  assert.ok(answers.some((a) => a.json.wait === 2) && answers.some((a) => a.json.wait === 0));
});

/**
 * Lets 2,000 polls wait in one program and returns the bytes of memory for each. All of them are
 * answered.
 */
async function costOfWaiting(t) {
  const data = temporaryFolder(t);
  await send(data, { text: 'old' });
  const poller = await startFastcgi(t, 'poll', data, {
    env: { POLLCHAT_MAX_WAIT: '60', POLLCHAT_MAX_WAITING: '10000' },
  });
  const resident = () =>
    Number(/VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${poller.child.pid}/status`, 'utf8'))[1]);
  // Memory that the first polls allocate and that stays.
  const batches = [await parked(poller, 100, pollRequest('since=1&wait=60'))];
  const before = resident();
  for (let i = 0; i < 20; i++) batches.push(await parked(poller, 100, pollRequest('since=1&wait=60')));
  const each = ((resident() - before) * 1024) / 2000;
  await send(data, { text: 'new' });
  for (const answer of await Promise.all(batches.flat())) assert.equal(answer.json.messages[0].text, 'new');
  return each;
}

test('a waiting poll costs less than half a KiB of memory', async (t) => {
  const isSanitized = /asan|tsan/.test(process.env.ROOT ?? '');
  const each = [];
  do {
    each.push(await costOfWaiting(t));
    t.diagnostic(`${each.at(-1).toFixed(0)} bytes each`);
  // Threads that a busy machine makes the program start add memory. That happens by chance, so the
  // smallest of three counts.
  } while (!isSanitized && each.at(-1) >= 512 && each.length < 3);
  if (!isSanitized) assert.ok(Math.min(...each) < 512, `${each} bytes each`);
});

test('plain CGI asks the store, so its answers are right without a bell', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'one' });
  fs.unlinkSync(path.join(data, 'chat.bell'));
  assert.equal((await cgi(data, pollRequest('since=0'))).json.head, 1);
});

test('plain CGI answers idle polls from cached heads, and sees each commit, whoever makes it, and another database', async (t) => {
  const [data, other] = [temporaryFolder(t), temporaryFolder(t)];
  const idle = async (query) => {
    await poll(data, query); // this poll caches what it finds in the store
    return (await poll(data, query)).json;
  };
  for (const room of ['a', 'b']) await send(data, { text: 'one', room });
  const { epoch } = await idle('room=a&since=1');
  assert.equal((await idle('room=a&since=1')).head, 1);
  for (const [room, seq] of [['a', 2], ['b', 2], ['a', 3]]) {
    sqlOf(data, `INSERT INTO message (message_id, time_ms, type, reply_to, name, id, id_sent, text)
        SELECT room_id << 36 | ${seq}, 1, 1, NULL, 'owner', 'by-hand-${seq}', 1, 'by hand' FROM room WHERE name = '${room}';
      UPDATE room SET head = ${seq} WHERE name = '${room}'`);
    assert.equal((await poll(data, `room=${room}&since=${seq - 1}`)).json.messages.length, 1, `${room} ${seq}`);
    assert.equal((await idle(`room=${room}&since=${seq}`)).head, seq);
  }
  assert.equal((await send(data, { text: 'sent', room: 'b' })).json.seq, 3);
  assert.deepEqual((await poll(data, 'room=b:2&room=a:3')).json.next, { b: 3, a: 3 });
  assert.deepEqual((await idle('room=b:3&room=a:3')).messages, []);
  assert.equal((await poll(data, 'room=b&since=3&epoch=another')).status, 409);
  if (STORE !== undefined) return; // the rest is about SQLite's files

  await send(other, { text: 'elsewhere', room: 'a' });
  for (const name of fs.readdirSync(data).filter((n) => n.startsWith('chat.db'))) fs.unlinkSync(path.join(data, name));
  for (const name of fs.readdirSync(other).filter((n) => n.startsWith('chat.db')))
    fs.copyFileSync(path.join(other, name), path.join(data, name));
  const answer = (await poll(data, 'room=a&since=0')).json;
  assert.notEqual(answer.epoch, epoch);
  assert.deepEqual(answer.messages.map((m) => m.text), ['elsewhere']);
  assert.equal((await idle('room=a&since=1')).epoch, answer.epoch);
});
