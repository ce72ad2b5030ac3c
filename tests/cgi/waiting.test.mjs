// waiting.test.mjs - polls that wait, without a web server: who wakes whom, who is turned away, and what is left when things die.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { cgi, fastcgi, fastcgiToLastByte, GONE_MS, poll, send, startCgi, startFastcgi, temporaryFolder, until } from './program.mjs';

const form = 'application/x-www-form-urlencoded';
const hi = { program: 'send', method: 'POST', type: form, body: 'text=hi' };
const waits = (query, more = {}) => ({ program: 'poll', query, ...more });

/** How many polls wait in the site that the program belongs to, by its own count. */
async function waitingIn(program) {
  return (await fastcgi(program.socket, { program: 'poll', extra: { SCRIPT_NAME: '/status', HTTP_HOST: 'localhost' } })).json.parked.polls;
}

/** n polls that wait, started and all parked. */
async function parked(program, n, request) {
  const before = await waitingIn(program);
  const answers = Array.from({ length: n }, (_, i) => fastcgi(program.socket, typeof request === 'function' ? request(i) : request));
  await until(async () => (await waitingIn(program)) >= before + n, `${n} polls to wait`);
  return answers;
}

test('a message wakes those who wait in other processes, whoever sends it', async (t) => {
  const data = temporaryFolder(t);
  const sender = await startFastcgi(t, 'send', data);
  const poller = await startFastcgi(t, 'poll', data);
  for (const [i, how] of [() => fastcgi(sender.socket, hi), () => send(data, { text: 'by CGI' })].entries()) {
    const waiting = await parked(poller, 3, waits(`since=${i}&wait=30`));
    const here = startCgi(data, waits(`since=${i}&wait=30`));
    assert.equal((await how()).status, 201);
    for (const answer of await Promise.all([...waiting, here.answer])) {
      assert.deepEqual(answer.json.messages.map((m) => m.seq), [i + 1]);
      assert.equal(answer.json.wait, 25);
    }
  }
});

test('where a wait costs a process, the site holds max_held and tells the others to come back', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'old' });
  const extra = { POLLCHAT_MAX_HELD: '2' };
  const all = Array.from({ length: 5 }, () => startCgi(data, waits('since=1&wait=25', { extra })));
  const turnedAway = [];
  all.forEach((one) => one.answer.then((answer) => turnedAway.push(answer)));
  await until(() => turnedAway.length === 3, 'three to be turned away');
  for (const answer of turnedAway) assert.deepEqual([answer.status, answer.json.wait, answer.json.poll_after], [200, 0, 2]);
  // One that holds a place is killed: its place is free at once.
  const holder = all.find((one) => one.child.exitCode === null);
  holder.child.kill('SIGKILL');
  await once(holder.child, 'close');
  const next = startCgi(data, waits('since=1&wait=25', { extra }));
  assert.equal((await poll(data, 'since=1&wait=25', { extra: { ...extra, POLLCHAT_MAX_HELD: '0' } })).json.wait, 0);
  await delay(200);
  await send(data, { text: 'new' });
  assert.equal((await next.answer).json.messages[0].text, 'new');
  await Promise.all(all.map((one) => one.answer.catch(() => {})));
});

test('limits of waiting and of one address turn away without an error', async (t) => {
  // One thread takes one request after the other: when the next one is taken, those before it wait.
  const env = { POLLCHAT_MAX_WAITING: '6', POLLCHAT_MAX_WAITING_PER_CLIENT: '2', POLLCHAT_THREADS: '1' };
  const poller = await startFastcgi(t, 'poll', temporaryFolder(t), { env });
  const from = (address) => waits('since=0&wait=20', { extra: { REMOTE_ADDR: address } });
  await parked(poller, 2, from('192.0.2.1'));
  assert.equal((await fastcgi(poller.socket, from('192.0.2.1'))).json.wait, 0);
  await parked(poller, 4, from('127.0.0.1'));
  assert.equal((await fastcgi(poller.socket, from('192.0.2.2'))).json.wait, 0);
});

test('a poll that may not wait is told when to come back, however small the settings are', async (t) => {
  const env = { POLLCHAT_MAX_WAITING: '0', POLLCHAT_POLL_RATE: '1' };
  const poller = await startFastcgi(t, 'poll', temporaryFolder(t), { env });
  for (let i = 0; i < 3; i++) {
    const { json } = await fastcgi(poller.socket, waits('since=0&wait=20'));
    assert.deepEqual([json.wait, json.poll_after], [0, 2]);
  }
});

test('of IPv6 addresses a network of 64 bits is one client; IPv4 within IPv6 is IPv4', async (t) => {
  const env = { POLLCHAT_MAX_WAITING_PER_CLIENT: '2', POLLCHAT_THREADS: '1' };
  const poller = await startFastcgi(t, 'poll', temporaryFolder(t), { env });
  const from = (address) => waits('since=0&wait=20', { extra: { REMOTE_ADDR: address } });
  await parked(poller, 2, (i) => from(`2001:db8::${i + 1}`));
  assert.equal((await fastcgi(poller.socket, from('2001:db8:0:0:ffff::9'))).json.wait, 0);
  await parked(poller, 2, (i) => from(`2001:db8:0:${i + 1}::1`));
  await parked(poller, 2, (i) => from(['192.0.2.1', '::ffff:192.0.2.1'][i]));
  assert.equal((await fastcgi(poller.socket, from('192.0.2.1'))).json.wait, 0);
  await parked(poller, 4, from('::ffff:127.0.0.1')); // this machine: a proxy, with whoever stands before it
});

test('behind a trusted proxy each client has his own places; of anybody else the headers mean nothing', async (t) => {
  const env = { POLLCHAT_MAX_WAITING_PER_CLIENT: '2', POLLCHAT_THREADS: '1', POLLCHAT_TRUSTED_PROXIES: '192.0.2.0/24 127.0.0.1' };
  const poller = await startFastcgi(t, 'poll', temporaryFolder(t), { env });
  const from = (proxy, forwarded) => waits('since=0&wait=20', { extra: { REMOTE_ADDR: proxy, HTTP_X_FORWARDED_FOR: forwarded } });
  await parked(poller, 2, (i) => from(['192.0.2.1', '127.0.0.1'][i], '203.0.113.9'));
  assert.equal((await fastcgi(poller.socket, from('192.0.2.9', '203.0.113.1, 203.0.113.9, 192.0.2.3'))).json.wait, 0);
  assert.equal((await fastcgi(poller.socket, from('203.0.113.9', '203.0.113.77'))).json.wait, 0);
  await parked(poller, 2, from('192.0.2.1', '203.0.113.10'));
  const standard = (address) => waits('since=0&wait=20', { extra: { REMOTE_ADDR: '192.0.2.1', HTTP_FORWARDED: `for="${address}";proto=https` } });
  await parked(poller, 2, (i) => standard(`[2001:db8::${i}]:80`));
  assert.equal((await fastcgi(poller.socket, standard('[2001:db8::3]'))).json.wait, 0);
});

test('who writes a second X-Forwarded-For beside the proxy\'s gets no places of other clients, nor any number of his own', async (t) => {
  const env = { POLLCHAT_MAX_WAITING_PER_CLIENT: '2', POLLCHAT_THREADS: '1', POLLCHAT_TRUSTED_PROXIES: '127.0.0.1' };
  const poller = await startFastcgi(t, 'poll', temporaryFolder(t), { env });
  const from = (forwarded) => waits('since=0&wait=20', { extra: { HTTP_X_FORWARDED_FOR: forwarded } });
  await parked(poller, 2, (i) => from([['203.0.113.9', `198.51.100.${i}`], [`198.51.100.${i}`, '203.0.113.9']][i]));
  assert.equal((await fastcgi(poller.socket, from(['203.0.113.9', '198.51.100.7']))).json.wait, 0);
  assert.equal((await fastcgi(poller.socket, from(['127.0.0.1', '203.0.113.9']))).json.wait, 0);
  await parked(poller, 2, from('198.51.100.1'));
});

test('a server that gives one request at a time is not taken for one that gives many, however quickly it goes on', async (t) => {
  const data = temporaryFolder(t);
  const sender = await startFastcgi(t, 'send', data);
  const env = { POLLCHAT_MAX_HELD: '1' };
  const one = await startFastcgi(t, 'poll', data, { env });
  const other = await startFastcgi(t, 'poll', data, { env: { ...env, POLLCHAT_THREADS: '1' } });
  const apache = { extra: { SERVER_SOFTWARE: 'Apache/2.4.62' } }; // mod_fcgid: nothing tells it from others that are called so
  const next = (query) => fastcgiToLastByte(one.socket, waits(query, apache));
  await fastcgi(sender.socket, hi);
  for (let i = 0; i < 300; i++) await next('since=0');
  for (let seq = 1; seq <= 100; seq++) {
    const waiting = next(`since=${seq}&wait=20`);
    await fastcgi(sender.socket, hi);
    assert.equal((await waiting).json.next, seq + 1);
  }
  const [holder] = await parked(other, 1, waits('since=101&wait=25', apache)); // has the only place: `one` would need a second
  assert.equal((await next('since=101&wait=20')).json.wait, 0);
  await fastcgi(sender.socket, hi);
  assert.equal((await holder).json.wait, 25);
});

test('where waiting costs no process, neither max_held nor a missing bell keeps anyone from it', async (t) => {
  const data = temporaryFolder(t);
  const poller = await startFastcgi(t, 'poll', data, { env: { POLLCHAT_MAX_HELD: '0' } });
  await fastcgi(poller.socket, waits('since=0'));
  const bell = path.join(data, 'chat.bell');
  await until(() => {
    fs.rmSync(bell, { force: true });
    try {
      fs.mkdirSync(bell); // no program can make the file now
      return true;
    } catch (error) {
      assert.equal(error.code, 'EEXIST', 'a running program was quicker'); // then once more
      return false;
    }
  }, 'a folder in the place of the bell');
  const [waiting] = await parked(poller, 1, waits('since=0&wait=20'));
  await send(data, { text: 'hi' });
  assert.deepEqual((await waiting).json.messages.map((m) => m.text), ['hi']);
});

test('max_wait 0 holds nobody', async (t) => {
  const poller = await startFastcgi(t, 'poll', temporaryFolder(t), { env: { POLLCHAT_MAX_WAIT: '0' } });
  assert.deepEqual((({ wait, poll_after }) => [wait, poll_after])((await fastcgi(poller.socket, waits('since=0&wait=9'))).json), [0, 2]);
});

test('SIGTERM answers all who wait, empty and at once, and the program ends', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'old' });
  const poller = await startFastcgi(t, 'poll', data);
  const waiting = await parked(poller, 50, (i) => waits(`since=1&wait=${10 + (i % 20)}`));
  const before = Date.now();
  poller.child.kill('SIGTERM');
  for (const answer of await Promise.all(waiting)) {
    assert.deepEqual([answer.status, answer.json.messages.length, answer.json.next], [200, 0, 1]);
  }
  const [code] = await poller.gone;
  assert.equal(code, 0);
  assert.ok(Date.now() - before < GONE_MS);
});

test('formats, several rooms and the headers of CORS are right for those who wait', async (t) => {
  const data = temporaryFolder(t);
  const poller = await startFastcgi(t, 'poll', data, { env: { POLLCHAT_ALLOW_ORIGIN: 'https://a.example https://b.example' } });
  const requests = [
    waits('since=0&wait=20&format=text'), waits('since=0&wait=20&format=ndjson'), waits('room=lobby:0&room=x:0&wait=20'),
    waits('since=0&wait=20', { extra: { HTTP_ORIGIN: 'https://a.example' } }), waits('since=0&wait=20', { extra: { HTTP_ORIGIN: 'https://b.example' } }),
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
    const [waiting] = await parked(poller, 1, waits(`since=${i + 1}&wait=20`));
    harm();
    assert.equal((await fastcgi(sender.socket, hi)).json.seq, i + 2);
    const before = Date.now();
    assert.deepEqual((await waiting).json.messages.map((m) => m.seq), [i + 2]);
    assert.ok(Date.now() - before < 10_000, 'delayed by a look or two, not to the end of the wait');
  }
});

test('by plain CGI nobody sleeps at a bell that is gone: the wait ends, and the next one is at the new bell', async (t) => {
  const data = temporaryFolder(t);
  const sender = await startFastcgi(t, 'send', data);
  const poller = await startFastcgi(t, 'poll', data);
  await fastcgi(sender.socket, hi);
  const before = Date.now();
  const left = startCgi(data, waits('since=1&wait=25'));
  await until(async () => (await waitingIn(poller)) === 1, 'it to wait');
  fs.unlinkSync(path.join(data, 'chat.bell'));
  const { json } = await left.answer;
  assert.deepEqual([json.messages, json.next, json.wait], [[], 1, 25]);
  const next = startCgi(data, waits('since=1&wait=25'));
  await until(async () => (await waitingIn(poller)) === 1, 'the next one to wait');
  await fastcgi(sender.socket, hi);
  assert.deepEqual((await next.answer).json.messages.map((m) => m.seq), [2]);
  assert.ok(Date.now() - before < 20_000, 'neither slept to the end of its wait');
});

test('the bell or the counts are cut short under those who have them mapped: nobody dies, and news comes', async (t) => {
  const data = temporaryFolder(t);
  const sender = await startFastcgi(t, 'send', data);
  const poller = await startFastcgi(t, 'poll', data);
  await fastcgi(sender.socket, hi);
  for (const [i, name] of ['chat.bell', 'chat.tally'].entries()) {
    const waiting = fastcgi(poller.socket, waits(`since=${i + 1}&wait=20`));
    await delay(200);
    fs.truncateSync(path.join(data, name), 0);
    assert.equal((await fastcgi(sender.socket, hi)).json.seq, i + 2);
    assert.deepEqual((await waiting).json.messages.map((m) => m.seq), [i + 2]);
  }
  assert.deepEqual([sender, poller].map(({ child }) => [child.exitCode, child.signalCode]), [[null, null], [null, null]]);
});

/** Another message of the room, by somebody who rings nowhere. */
function sayByHand(data, room) {
  const sql = `PRAGMA wal_autocheckpoint = 0; BEGIN IMMEDIATE;
    INSERT INTO message SELECT room_id, head + 1, time_ms, 1, NULL, message.name, 'by-hand', 'by hand'
      FROM message JOIN room USING (room_id) WHERE room.name = '${room}' AND seq = 1;
    UPDATE room SET head = head + 1 WHERE name = '${room}'; COMMIT;`;
  const shell = spawnSync('sqlite3', [path.join(data, 'chat.db'), sql], { encoding: 'utf8' });
  assert.equal(shell.status, 0, shell.stderr);
}

test('a commit that rings nowhere is found all the same', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'old' });
  const poller = await startFastcgi(t, 'poll', data);
  const [waiting] = await parked(poller, 1, waits('since=1&wait=20'));
  sayByHand(data, 'lobby');
  assert.deepEqual((await waiting).json.messages.map((m) => m.text), ['by hand']);
});

test('by plain CGI as well, where no other process finds it and rings', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'old' });
  const waiting = startCgi(data, waits('since=1&wait=25'));
  const status = { program: 'poll', extra: { SCRIPT_NAME: '/status', HTTP_HOST: 'localhost' } };
  await until(async () => (await cgi(data, status)).json.parked.polls === 1, 'it to wait');
  const before = Date.now();
  sayByHand(data, 'lobby');
  assert.deepEqual((await waiting.answer).json.messages.map((m) => m.text), ['by hand']);
  assert.ok(Date.now() - before < 10_000, 'not at the end of the wait');
});

test('a database that can be read no longer costs those who wait by plain CGI a look now and then, not a processor', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'old' });
  const waiting = startCgi(data, waits('since=1&wait=4'));
  await until(async () => (await cgi(data, { program: 'poll', extra: { SCRIPT_NAME: '/status', HTTP_HOST: 'localhost' } })).json.parked.polls === 1, 'it to wait');
  for (const name of ['chat.db', 'chat.db-wal', 'chat.db-shm']) {
    const file = path.join(data, name);
    fs.writeFileSync(file, Buffer.alloc(fs.statSync(file).size, 7)); // the same file, other bytes
  }
  const answer = await waiting.answer;
  assert.notEqual(answer.status, 200);
  assert.ok(answer.stderr.split('\n').length < 30, answer.stderr);
});

test('it is found as well while people talk in other rooms all the time', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'old', room: 'quiet' });
  const sender = await startFastcgi(t, 'send', data);
  const poller = await startFastcgi(t, 'poll', data);
  const [waiting] = await parked(poller, 1, waits('room=quiet&since=1&wait=25'));
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

test('an older copy of the database is put in its place: even who has never waited answers from that', async (t) => {
  const data = temporaryFolder(t);
  const file = path.join(data, 'chat.db');
  await send(data, { text: 'first' });
  const poller = await startFastcgi(t, 'poll', data);
  const sender = await startFastcgi(t, 'send', data);
  spawnSync('sqlite3', [file, `VACUUM INTO '${file}.copy'`]);
  for (let i = 0; i < 3; i++) await fastcgi(sender.socket, hi);
  assert.equal((await fastcgi(poller.socket, waits('since=4'))).json.head, 4);
  for (const name of ['chat.db-wal', 'chat.db-shm']) fs.rmSync(path.join(data, name), { force: true });
  fs.renameSync(`${file}.copy`, file);
  const answer = await fastcgi(poller.socket, waits('since=4'));
  assert.deepEqual([answer.json.head, answer.json.next], [1, 1]);
});

test('the database is replaced while polls wait: who has sent an epoch is told, the others get what is there', async (t) => {
  const [one, two] = [temporaryFolder(t), temporaryFolder(t)];
  await send(one, { text: 'first' });
  for (const text of ['a', 'b', 'c']) await send(two, { text });
  const poller = await startFastcgi(t, 'poll', one);
  const { epoch } = (await fastcgi(poller.socket, waits('since=0'))).json;
  const [told, plain] = await parked(poller, 2, (i) => waits(i === 0 ? `since=1&wait=20&epoch=${epoch}` : 'since=1&wait=20'));
  const names = fs.readdirSync(two).filter((n) => n.startsWith('chat.db')).sort(); // the database is the first
  for (const name of names) fs.copyFileSync(path.join(two, name), path.join(one, `new-${name}`));
  for (const name of ['chat.db-wal', 'chat.db-shm']) fs.rmSync(path.join(one, name), { force: true });
  for (const name of names) fs.renameSync(path.join(one, `new-${name}`), path.join(one, name));
  const conflict = await told;
  assert.equal(conflict.status, 409);
  assert.notEqual(conflict.json.epoch, epoch);
  assert.deepEqual((await plain).json.messages.map((m) => m.text), ['b', 'c']);
});

test('few descriptors mean few who wait, and everyone is answered', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'old' });
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'limited');
  fs.writeFileSync(file, `#!/bin/sh\nulimit -n 160\nexec ${path.join(process.env.ROOT ?? 'build/release/stage', 'cgi-bin', 'poll')}\n`, { mode: 0o755 });
  const poller = await startFastcgi(t, 'poll', data, { file });
  const answers = await Promise.all(Array.from({ length: 60 }, () => fastcgi(poller.socket, waits('since=1&wait=2'))));
  assert.ok(answers.every((a) => a.status === 200));
  assert.ok(answers.some((a) => a.json.wait === 2) && answers.some((a) => a.json.wait === 0));
});

/** Bytes of memory for each of 2,000 who wait in one program, and all of them are answered. */
async function costOfWaiting(t) {
  const data = temporaryFolder(t);
  await send(data, { text: 'old' });
  const poller = await startFastcgi(t, 'poll', data, { env: { POLLCHAT_MAX_WAIT: '60', POLLCHAT_MAX_WAITING: '10000' } });
  const resident = () => Number(/VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${poller.child.pid}/status`, 'utf8'))[1]);
  const batches = [await parked(poller, 100, waits('since=1&wait=60'))]; // what is taken once is there now
  const before = resident();
  for (let i = 0; i < 20; i++) batches.push(await parked(poller, 100, waits('since=1&wait=60')));
  const each = ((resident() - before) * 1024) / 2000;
  await send(data, { text: 'new' });
  for (const answer of await Promise.all(batches.flat())) assert.equal(answer.json.messages[0].text, 'new');
  return each;
}

test('one who waits costs less than half a KiB of memory', async (t) => {
  const isSanitized = /asan|tsan/.test(process.env.ROOT ?? '');
  const each = [];
  do {
    each.push(await costOfWaiting(t));
    t.diagnostic(`${each.at(-1).toFixed(0)} bytes each`);
  } while (!isSanitized && each.at(-1) >= 512 && each.length < 3); // what a busy machine adds, as threads that had to be started, it adds by chance
  if (!isSanitized) assert.ok(Math.min(...each) < 512, `${each} bytes each`);
});

test('plain CGI asks the store, so it needs no bell to be right', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'one' });
  fs.unlinkSync(path.join(data, 'chat.bell'));
  assert.equal((await cgi(data, waits('since=0'))).json.head, 1);
});

test('plain CGI answers idle polls from known heads, and sees whatever is committed by whomever, and another database', async (t) => {
  const [data, other] = [temporaryFolder(t), temporaryFolder(t)];
  const idle = async (query) => {
    await poll(data, query); // what it finds in the store it makes known
    return (await poll(data, query)).json;
  };
  for (const room of ['a', 'b']) await send(data, { text: 'one', room });
  const { epoch } = await idle('room=a&since=1');
  assert.equal((await idle('room=a&since=1')).head, 1);
  for (const [room, seq] of [['a', 2], ['b', 2], ['a', 3]]) {
    const sql = `PRAGMA wal_autocheckpoint = 0; BEGIN IMMEDIATE;
      INSERT INTO message SELECT room_id, ${seq}, 1, 1, NULL, 'owner', 'by-hand-${seq}', 'by hand' FROM room WHERE name = '${room}';
      UPDATE room SET head = ${seq} WHERE name = '${room}'; COMMIT;`;
    const shell = spawnSync('sqlite3', [path.join(data, 'chat.db'), sql], { encoding: 'utf8' });
    assert.equal(shell.status, 0, shell.stderr);
    assert.equal((await poll(data, `room=${room}&since=${seq - 1}`)).json.messages.length, 1, `${room} ${seq}`);
    assert.equal((await idle(`room=${room}&since=${seq}`)).head, seq);
  }
  assert.equal((await send(data, { text: 'sent', room: 'b' })).json.seq, 3);
  assert.deepEqual((await poll(data, 'room=b:2&room=a:3')).json.next, { b: 3, a: 3 });
  assert.deepEqual((await idle('room=b:3&room=a:3')).messages, []);
  assert.equal((await poll(data, 'room=b&since=3&epoch=another')).status, 409);

  await send(other, { text: 'elsewhere', room: 'a' });
  for (const name of fs.readdirSync(data).filter((n) => n.startsWith('chat.db'))) fs.unlinkSync(path.join(data, name));
  for (const name of fs.readdirSync(other).filter((n) => n.startsWith('chat.db'))) fs.copyFileSync(path.join(other, name), path.join(data, name));
  const answer = (await poll(data, 'room=a&since=0')).json;
  assert.notEqual(answer.epoch, epoch);
  assert.deepEqual(answer.messages.map((m) => m.text), ['elsewhere']);
  assert.equal((await idle('room=a&since=1')).epoch, answer.epoch);
});
