// slow.test.mjs - clients that do not read their answer, or read it slowly: other clients are not
// delayed, the memory is bounded, and they get the whole answer if they read it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  atEnd, fastcgi, GONE_MS, parseRecords, pollRequest, programPath, send, startFastcgi, status, temporaryFolder, unread,
  until, variables,
} from './program.mjs';

const MEGABYTE = 1_000_000;
const LARGE = { POLLCHAT_MAX_TEXT: '1048576', POLLCHAT_MAX_ANSWER: '4194304' };
const sendLarge = (data, fields) => send(data, fields, { extra: LARGE });

/** A site with `count` messages of a megabyte, and its poll program. */
async function bigSite(t, count, character = 'x') {
  const data = temporaryFolder(t);
  for (let i = 0; i < count; i++) await sendLarge(data, { text: character.repeat(MEGABYTE) });
  return { data, poller: await startFastcgi(t, 'poll', data, { env: LARGE }) };
}

/** Resolves with everything that arrives from now on, when the program closes the connection. */
function readAll(connection) {
  const came = [];
  connection.on('data', (piece) => came.push(piece));
  connection.resume();
  return new Promise((resolve) => connection.on('close', () => resolve(Buffer.concat(came))));
}

test('clients that do not read keep no thread busy, and get the whole answer when they read it', async (t) => {
  const { poller } = await bigSite(t, 3);
  // More than there are threads.
  const slow = Array.from({ length: 20 }, () => unread(t, poller.socket, pollRequest('since=0')));
  await delay(300);
  const before = Date.now();
  assert.equal((await fastcgi(poller.socket, pollRequest('since=0&limit=1'))).json.messages.length, 1);
  assert.ok(Date.now() - before < 30_000, 'answered while other clients do not read');
  const late = parseRecords(await readAll(slow[0]));
  const seqs = late.json.messages.map((m) => m.seq);
  assert.deepEqual(
    seqs,
    [1, 2, 3].slice(0, Math.max(1, seqs.length)),
    'the whole answer, which is shorter while many answers are open',
  );
  assert.equal(late.json.more, seqs.length < 3);
});

test('a sender that reads its answer slowly delays no other sender', async (t) => {
  const data = temporaryFolder(t);
  const sender = await startFastcgi(t, 'send', data, { env: LARGE });
  const form = { program: 'send', method: 'POST', type: 'application/x-www-form-urlencoded' };
  // Stored once, and sent as the answer to each.
  const body = new URLSearchParams({ text: 'x'.repeat(MEGABYTE), id: 'long' }).toString();
  for (let i = 0; i < 40; i++) unread(t, sender.socket, { ...form, body });
  await delay(500);
  const answer = await fastcgi(sender.socket, { ...form, body: 'text=quick' });
  assert.equal(answer.status, 201);
});

test('SIGTERM ends the program within two seconds, even if clients do not read', async (t) => {
  const { data, poller } = await bigSite(t, 1);
  await Promise.all([
    unread(t, poller.socket, pollRequest('since=now&wait=25')),
    unread(t, poller.socket, pollRequest('since=0')),
    ...Array.from({ length: 10 }, (_, i) =>
      unread(t, poller.socket, pollRequest(`since=0&limit=${i + 1}`, { extra: { SCRIPT_NAME: '/stream' } })),
    ),
  ]);
  await until(async () => (await status(poller)).parked.polls === 1, 'the poll to wait');
  await sendLarge(data, { text: 'y'.repeat(MEGABYTE) });
  await delay(300);
  const before = Date.now();
  poller.child.kill('SIGTERM');
  await poller.gone;
  assert.ok(Date.now() - before < GONE_MS, `${Date.now() - before} ms`);
});

test('a client that reads slowly is not cut off', async (t) => {
  const { data, poller } = await bigSite(t, 0);
  await send(data, { text: 'hi' });
  const ways = [pollRequest('since=now&wait=25'), pollRequest('since=now', { extra: { SCRIPT_NAME: '/stream' } })];
  const connections = ways.map((request) => unread(t, poller.socket, request));
  await until(
    async () => Object.values((await status(poller)).parked).every((n) => n === 1),
    'poll and stream to wait',
  );
  await sendLarge(data, { text: 'x'.repeat(MEGABYTE) });
  const closed = connections.map((connection) => {
    const state = { closed: false };
    connection.on('close', () => { state.closed = true; });
    return state;
  });
  const got = [0, 0];
  for (let i = 0; i < 36; i++) { // 18 s at 8 kB/s: for all that time the socket is full
    connections.forEach((connection, k) => { got[k] += connection.read(4096)?.length ?? 0; });
    await delay(500);
  }
  assert.deepEqual(closed, [{ closed: false }, { closed: false }]);
  const rest = connections[0];
  const whole = got[0] + (await readAll(rest)).length;
  assert.ok(whole > MEGABYTE, `${whole} bytes`);
});

test('the memory for clients that do not read is bounded, and other clients are answered', async (t) => {
  const { data, poller } = await bigSite(t, 0);
  await send(data, { text: 'hi' });
  // The same message for all, six bytes a character as JSON. The answers differ only in their
  // limit.
  const all = Array.from({ length: 40 }, (_, i) =>
    unread(t, poller.socket, pollRequest(`since=now&wait=25&limit=${i + 1}`)),
  );
  await until(async () => (await status(poller)).parked.polls === 40, 'all polls to wait');
  await sendLarge(data, { text: '\u0001'.repeat(MEGABYTE) });
  await until(async () => (await status(poller)).parked.polls === 0, 'all polls to be answered');
  const came = await Promise.all(all.map(readAll));
  // FastCGI's END record.
  const whole = came.filter((bytes) => bytes.at(-16) === 1 && bytes.at(-15) === 3).length;
  assert.ok(
    whole > 0 && whole * 6 * MEGABYTE <= 80 * MEGABYTE,
    `${whole} got the whole answer: the program keeps about 64 MiB`,
  );
});

// ---- where each request costs a process ----

test('plain CGI: a program gives up on a client that reads nothing for ten seconds', async (t) => {
  const data = temporaryFolder(t);
  for (let i = 0; i < 3; i++) await send(data, { text: 'x'.repeat(200_000) });
  const child = spawn(programPath('poll'), [], {
    env: { POLLCHAT_DATA: data, ...variables(pollRequest('since=0')) },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  atEnd(t, () => child.kill('SIGKILL'));
  const before = Date.now();
  const [code, signal] = await once(child, 'exit');
  assert.equal(signal ?? code, 0);
  assert.ok(Date.now() - before > 5000, 'it does not give up at once');
});

test('a process with a socket of its own, as under mod_fcgid, gives up on a client that reads nothing for ten seconds', async (t) => {
  const data = temporaryFolder(t);
  for (let i = 0; i < 3; i++) await send(data, { text: 'x'.repeat(200_000) });
  const poller = await startFastcgi(t, 'poll', data, { name: `${process.pid}.7` });
  const descriptors = () => fs.readdirSync(`/proc/${poller.child.pid}/fd`).filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/${poller.child.pid}/fd/${fd}`).startsWith('socket:');
    } catch {
      return false; // closed in the meantime
    }
  }).length;
  const alone = descriptors();
  unread(t, poller.socket, pollRequest('since=0', { extra: { SERVER_SOFTWARE: 'Apache' } }));
  await until(() => descriptors() === alone + 1, 'the connection to be accepted');
  const before = Date.now();
  await until(() => descriptors() === alone, 'the connection to be closed', 45_000);
  assert.ok(Date.now() - before > 5000, 'it does not give up at once');
});
