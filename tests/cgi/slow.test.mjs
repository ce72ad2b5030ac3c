// slow.test.mjs - peers who don't read what they asked for, or slowly: they hold up nobody, cost a bounded amount, and get it all if they read.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  atEnd, fastcgi, GONE_MS, parseRecords, programPath, send, startFastcgi, temporaryFolder, unread, until, variables,
} from './program.mjs';

const MEGABYTE = 1_000_000;
const LARGE = { POLLCHAT_MAX_TEXT: '1048576', POLLCHAT_MAX_ANSWER: '4194304' };
const sendLarge = (data, fields) => send(data, fields, { extra: LARGE });
const asks = (query, more = {}) => ({ program: 'poll', query, ...more });
const status = async (program) => (await fastcgi(program.socket, asks('', { extra: { SCRIPT_NAME: '/status', HTTP_HOST: 'localhost' } }))).json;

/** A site with `count` messages of a megabyte, and its poll. */
async function bigSite(t, count, character = 'x') {
  const data = temporaryFolder(t);
  for (let i = 0; i < count; i++) await sendLarge(data, { text: character.repeat(MEGABYTE) });
  return { data, poller: await startFastcgi(t, 'poll', data, { env: LARGE }) };
}

/** Resolves with all that comes from now on, until the program closes. */
function readAll(connection) {
  const came = [];
  connection.on('data', (piece) => came.push(piece));
  connection.resume();
  return new Promise((resolve) => connection.on('close', () => resolve(Buffer.concat(came))));
}

test('many who don\'t read their answers keep no thread from the others, and get the whole when they do', async (t) => {
  const { poller } = await bigSite(t, 3);
  const slow = Array.from({ length: 20 }, () => unread(t, poller.socket, asks('since=0'))); // more than there are threads
  await delay(300);
  const before = Date.now();
  assert.equal((await fastcgi(poller.socket, asks('since=0&limit=1'))).json.messages.length, 1);
  assert.ok(Date.now() - before < 30_000, 'answered while the others don\'t read');
  const late = parseRecords(await readAll(slow[0]));
  const seqs = late.json.messages.map((m) => m.seq);
  assert.deepEqual(seqs, [1, 2, 3].slice(0, Math.max(1, seqs.length)), 'the whole of it, which may be less where much is in work');
  assert.equal(late.json.more, seqs.length < 3);
});

test('who is slow at reading the answer to what he sent holds up no other sender', async (t) => {
  const data = temporaryFolder(t);
  const sender = await startFastcgi(t, 'send', data, { env: LARGE });
  const form = { program: 'send', method: 'POST', type: 'application/x-www-form-urlencoded' };
  const body = new URLSearchParams({ text: 'x'.repeat(MEGABYTE), id: 'long' }).toString(); // stored once, told to each
  for (let i = 0; i < 40; i++) unread(t, sender.socket, { ...form, body });
  await delay(500);
  const answer = await fastcgi(sender.socket, { ...form, body: 'text=quick' });
  assert.equal(answer.status, 201);
});

test('the program is gone within two seconds of SIGTERM, whoever doesn\'t read', async (t) => {
  const { data, poller } = await bigSite(t, 1);
  await Promise.all([
    unread(t, poller.socket, asks('since=now&wait=25')), unread(t, poller.socket, asks('since=0')),
    ...Array.from({ length: 10 }, (_, i) => unread(t, poller.socket, asks(`since=0&limit=${i + 1}`, { extra: { SCRIPT_NAME: '/stream' } }))),
  ]);
  await until(async () => (await status(poller)).parked.polls === 1, 'a poll to wait');
  await sendLarge(data, { text: 'y'.repeat(MEGABYTE) });
  await delay(300);
  const before = Date.now();
  poller.child.kill('SIGTERM');
  await poller.gone;
  assert.ok(Date.now() - before < GONE_MS, `${Date.now() - before} ms`);
});

test('who reads slowly, but reads, is not cut', async (t) => {
  const { data, poller } = await bigSite(t, 0);
  await send(data, { text: 'hi' });
  const ways = [asks('since=now&wait=25'), asks('since=now', { extra: { SCRIPT_NAME: '/stream' } })];
  const connections = ways.map((request) => unread(t, poller.socket, request));
  await until(async () => Object.values((await status(poller)).parked).every((n) => n === 1), 'both to wait');
  await sendLarge(data, { text: 'x'.repeat(MEGABYTE) });
  const closed = connections.map((connection) => {
    const state = { closed: false };
    connection.on('close', () => { state.closed = true; });
    return state;
  });
  const got = [0, 0];
  for (let i = 0; i < 36; i++) { // 18 s at 8 kB/s: its socket has no room for all that time
    connections.forEach((connection, k) => { got[k] += connection.read(4096)?.length ?? 0; });
    await delay(500);
  }
  assert.deepEqual(closed, [{ closed: false }, { closed: false }]);
  const rest = connections[0];
  const whole = got[0] + (await readAll(rest)).length;
  assert.ok(whole > MEGABYTE, `${whole} bytes`);
});

test('what is kept for those who don\'t read is bounded, and the others are served', async (t) => {
  const { data, poller } = await bigSite(t, 0);
  await send(data, { text: 'hi' });
  // One and the same message, which is six bytes a character as JSON, in answers that differ in nothing but their limit.
  const all = Array.from({ length: 40 }, (_, i) => unread(t, poller.socket, asks(`since=now&wait=25&limit=${i + 1}`)));
  await until(async () => (await status(poller)).parked.polls === 40, 'all to wait');
  await sendLarge(data, { text: '\u0001'.repeat(MEGABYTE) });
  await until(async () => (await status(poller)).parked.polls === 0, 'all to be told');
  const came = await Promise.all(all.map(readAll));
  const whole = came.filter((bytes) => bytes.at(-16) === 1 && bytes.at(-15) === 3).length; // FastCGI's END record
  assert.ok(whole > 0 && whole * 6 * MEGABYTE <= 80 * MEGABYTE, `${whole} got it: about 64 MiB are kept`);
});

// ---- where each costs a process ----

test('by plain CGI a peer that takes nothing for ten seconds is left', async (t) => {
  const data = temporaryFolder(t);
  for (let i = 0; i < 3; i++) await send(data, { text: 'x'.repeat(200_000) });
  const child = spawn(programPath('poll'), [], { env: { POLLCHAT_DATA: data, ...variables(asks('since=0')) }, stdio: ['ignore', 'pipe', 'ignore'] });
  atEnd(t, () => child.kill('SIGKILL'));
  const before = Date.now();
  const [code, signal] = await once(child, 'exit');
  assert.equal(signal ?? code, 0);
  assert.ok(Date.now() - before > 5000, 'not at once');
});

test('a process with a socket of its own, as of mod_fcgid, leaves a peer that takes nothing for ten seconds', async (t) => {
  const data = temporaryFolder(t);
  for (let i = 0; i < 3; i++) await send(data, { text: 'x'.repeat(200_000) });
  const poller = await startFastcgi(t, 'poll', data, { name: `${process.pid}.7` });
  const descriptors = () => fs.readdirSync(`/proc/${poller.child.pid}/fd`).filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/${poller.child.pid}/fd/${fd}`).startsWith('socket:');
    } catch {
      return false; // closed meanwhile
    }
  }).length;
  const alone = descriptors();
  unread(t, poller.socket, asks('since=0', { extra: { SERVER_SOFTWARE: 'Apache' } }));
  await until(() => descriptors() === alone + 1, 'the peer');
  const before = Date.now();
  await until(() => descriptors() === alone, 'it to be left', 45_000);
  assert.ok(Date.now() - before > 5000, 'not at once');
});
