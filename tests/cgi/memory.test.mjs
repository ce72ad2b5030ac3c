// memory.test.mjs - requests with large answers and bodies: their memory together is bounded, and
// small requests are still answered. Where the host limits memory, a request is refused; the
// program and its waiting polls survive.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import {
  beginRecord, exchange, fastcgi, paramsRecords, pollRequest, programPath, send, startFastcgi, status, stdinRecords,
  temporaryFolder, until, variables,
} from './program.mjs';

const MEBIBYTE = 1 << 20;
const LARGE = { POLLCHAT_MAX_TEXT: String(MEBIBYTE), POLLCHAT_MAX_ANSWER: String(4 * MEBIBYTE) };
const program = fs.readFileSync(programPath('poll'));
/** The thread sanitizer makes large answers twenty times slower; a few of them show races too. */
const isSlow = program.includes('__tsan_init');
const isSanitized = isSlow || program.includes('__asan_init');

/**
 * The status of an answer that may be cut off: for a peer that reads too slowly, the program keeps
 * only a limited amount.
 */
async function statusOf(socket, request) {
  const came = await exchange(socket, beginRecord(), paramsRecords(variables(request)), stdinRecords(Buffer.alloc(0)));
  return Number(/Status: (\d+)/.exec(came.subarray(0, 300).toString('latin1'))?.[1] ?? 0);
}

/** A room with four messages of one MiB each. */
async function bigRoom(t, character) {
  const data = temporaryFolder(t);
  for (let i = 0; i < 4; i++) await send(data, { room: 'big', text: character.repeat(MEBIBYTE) }, { extra: LARGE });
  return data;
}

/** A script that runs the program with a limit of address space. */
function limited(t, program, mebibytes) {
  const file = path.join(temporaryFolder(t), program);
  fs.writeFileSync(file, `#!/bin/sh\nulimit -v ${mebibytes * 1024}\nexec '${programPath(program)}'\n`, { mode: 0o755 });
  return file;
}

for (const mebibytes of [200, 400, 1000]) {
  test(`with ${mebibytes} MiB of address space, many large answers do not end the program, and waiting polls are answered`, { skip: isSanitized }, async (t) => {
    const data = await bigRoom(t, '\u0001');
    const poller = await startFastcgi(t, 'poll', data, { env: LARGE, file: limited(t, 'poll', mebibytes) });
    const waiting = fastcgi(poller.socket, pollRequest('since=now&wait=25'));
    await until(async () => (await status(poller)).parked.polls === 1, 'a poll to wait');
    const statuses = [];
    const ask = async (i) => {
      for (let k = 0; k < 4; k++)
        statuses.push(
          await statusOf(poller.socket, pollRequest(i % 2 === 0 ? 'room=big&last=4' : 'room=big&since=0&format=text')),
        );
    };
    await Promise.all(Array.from({ length: 16 }, (_, i) => ask(i)));
    assert.equal(poller.child.exitCode ?? poller.child.signalCode, null, 'the program still runs');
    assert.deepEqual(statuses.filter((s) => s !== 200 && s !== 503), [], 'each request is answered');
    assert.ok(statuses.includes(200));
    assert.equal((await fastcgi(poller.socket, pollRequest('last=1'))).status, 200);
    await send(data, { text: 'news' });
    assert.equal((await waiting).json.messages[0].text, 'news');
  });
}

test('a request that is refused for lack of memory says so in its error stream, which web servers log', { skip: isSanitized }, async (t) => {
  const { socket, child } = await startFastcgi(t, 'poll', temporaryFolder(t), { file: limited(t, 'poll', 400) });
  assert.equal((await fastcgi(socket, pollRequest('last=1'))).status, 200);
  const used = 1024 * Number(/VmSize:\s+(\d+)/.exec(fs.readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]);
  execFileSync('prlimit', [`--as=${used + MEBIBYTE}:`, '--pid', String(child.pid)]);
  const answer = await fastcgi(socket, pollRequest('last=1'));
  assert.equal(answer.status, 503);
  assert.match(answer.stderr, /limit of memory \(ulimit -v\) is nearly reached/);
});

test('with 200 MiB of address space, many large bodies do not end the program, and each is stored or refused', { skip: isSanitized }, async (t) => {
  const data = await bigRoom(t, 'x');
  const sender = await startFastcgi(t, 'send', data, { env: LARGE, file: limited(t, 'send', 200) });
  const body = JSON.stringify({ room: 'big', text: '\u0001'.repeat(MEBIBYTE) });
  const request = { program: 'send', method: 'POST', type: 'application/json', body };
  const answers = await Promise.all(Array.from({ length: 24 }, () => fastcgi(sender.socket, request)));
  assert.equal(sender.child.exitCode ?? sender.child.signalCode, null, 'the program still runs');
  assert.deepEqual([...new Set(answers.map((a) => a.status))].filter((s) => s !== 201 && s !== 503), []);
  const stored = answers.filter((a) => a.status === 201).length;
  assert.ok(stored > 0);
  const poller = await startFastcgi(t, 'poll', data, { env: LARGE });
  assert.equal((await fastcgi(poller.socket, pollRequest('room=big&since=now'))).json.head, 4 + stored);
  assert.equal((await fastcgi(sender.socket, { ...request, body: '{"text":"hi"}' })).status, 201);
});

test('many outstanding requests for the largest answer do not delay small polls for long', async (t) => {
  const data = temporaryFolder(t);
  for (let i = 0; i < 8; i++) await send(data, { room: 'big', text: 'x"\n'.repeat(80_000) });
  await send(data, { text: 'small' });
  const poller = await startFastcgi(t, 'poll', data);
  let going = true;
  let answered = 0;
  const ask = async () => {
    while (going) {
      answered += (await statusOf(poller.socket, pollRequest('room=big&last=8'))) === 200;
    }
  };
  const heavy = Array.from({ length: isSlow ? 25 : 100 }, ask);
  await until(() => answered > (isSlow ? 2 : 20), 'the large answers to be in progress');
  const took = [];
  for (let i = 0; i < 10; i++) {
    const before = Date.now();
    assert.equal((await fastcgi(poller.socket, pollRequest('last=1'))).json.messages[0].text, 'small');
    took.push(Date.now() - before);
  }
  going = false;
  await Promise.all(heavy);
  took.sort((a, b) => a - b);
  if (process.env.SHOW) console.error(`took ${took}`);
  assert.ok(took[5] < 5000, `${took} ms`);
});

test('many requests for large messages take about as long at once as one after the other', async (t) => {
  const data = temporaryFolder(t);
  const large = { POLLCHAT_MAX_TEXT: String(MEBIBYTE), POLLCHAT_MAX_ANSWER: String(2 * MEBIBYTE) };
  await send(data, { room: 'big', text: '\u0001'.repeat(MEBIBYTE) }, { extra: large });
  const poller = await startFastcgi(t, 'poll', data, { env: large });
  const get = async () => {
    let status = 503;
    for (let tries = 0; status === 503 && tries < 1000; tries++)
      status = await statusOf(poller.socket, pollRequest('room=big&last=1'));
    assert.equal(status, 200);
  };
  const clients = Array.from({ length: isSlow ? 10 : 40 });
  const began = performance.now();
  for (const _ of clients) await get();
  const inTurn = performance.now() - began;
  await Promise.all(clients.map(get));
  const together = performance.now() - began - inTurn;
  // Without care it takes 14 to 70 times as long: each thread holds a part of the memory budget and
  // waits for the rest.
  assert.ok(together < 10 * inTurn, `${together} ms, one after the other ${inTurn} ms`);
});

/** Bytes of memory that a program uses at most from now on, beyond those that it uses now. */
function peakOf(child) {
  const read = (key) =>
    Number(new RegExp(`${key}:\\s+(\\d+)`).exec(fs.readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) * 1024;
  fs.writeFileSync(`/proc/${child.pid}/clear_refs`, '5');
  const before = read('VmRSS');
  return () => read('VmHWM') - before;
}

const form = 'application/x-www-form-urlencoded';
const bodies = {
  'plain text': ['text/plain', 'x'.repeat(MEBIBYTE)],
  'a form': [form, `text=${'x'.repeat(MEBIBYTE)}`],
  'a percent-encoded form': [form, `text=${'%C3%A9'.repeat(MEBIBYTE / 2)}`],
  JSON: ['application/json', JSON.stringify({ text: 'x'.repeat(MEBIBYTE) })],
};

for (const [kind, [type, body]] of Object.entries(bodies)) {
  test(`texts of a MiB that are sent at once as ${kind} take the budget and twice their own size, and all are stored`, { skip: isSanitized }, async (t) => {
    const sender = await startFastcgi(t, 'send', temporaryFolder(t), { env: LARGE });
    const request = { program: 'send', method: 'POST', type, body };
    for (let i = 0; i < 2; i++) await fastcgi(sender.socket, request); // the store's caches are filled
    const peak = peakOf(sender.child);
    assert.equal((await fastcgi(sender.socket, request)).status, 201);
    const alone = peak();
    // Beside the text: the store's record, and pages of its log.
    const most = body.length - MEBIBYTE + 4 * MEBIBYTE;
    assert.ok(alone < most, `${alone} bytes for one`);
    const answers = await Promise.all(Array.from({ length: 60 }, () => fastcgi(sender.socket, request)));
    assert.deepEqual(answers.filter(({ status }) => status !== 201), [], 'all are stored');
    assert.ok(peak() < 32 * MEBIBYTE + most, `${peak()} bytes for 60`);
  });
}

/** Announces a body of a MiB, and sends the first `length` bytes of it. */
function announce(socket, length) {
  const connection = net.createConnection(socket);
  connection.on('error', () => {});
  const request = { program: 'send', method: 'POST', type: form, length: MEBIBYTE };
  const begun = stdinRecords(Buffer.alloc(length, 'x'));
  const all = Buffer.concat([beginRecord(), paramsRecords(variables(request)), begun.subarray(0, begun.length - 8)]);
  return new Promise((resolve) => { connection.write(all, () => resolve(connection)); });
}

test('bodies that break off give back what they took of the budget', async (t) => {
  const sender = await startFastcgi(t, 'send', temporaryFolder(t), { env: LARGE });
  for (let round = 0; round < 5; round++) {
    // No more than fit: beyond that, the program stops reading.
    const begun = await Promise.all(Array.from({ length: 20 }, () => announce(sender.socket, 700_000)));
    for (const connection of begun) connection.destroy();
  }
  const [type, body] = bodies['a form'];
  const request = { program: 'send', method: 'POST', type, body };
  // The program may learn a little later that the connections broke off.
  await until(async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => fastcgi(sender.socket, request)));
    return answers.every(({ status }) => status === 201);
  }, 'all of them to fit');
});

test('a body that is announced takes no memory before it comes', { skip: isSanitized }, async (t) => {
  const sender = await startFastcgi(t, 'send', temporaryFolder(t), { env: LARGE });
  const small = { program: 'send', method: 'POST', type: form, body: 'text=hi' };
  assert.equal((await fastcgi(sender.socket, small)).status, 201);
  const peak = peakOf(sender.child);
  const begun = [];
  for (let i = 0; i < 8; i++) { // fewer at once than a listening socket's queue holds
    begun.push(...await Promise.all(Array.from({ length: 100 }, () => announce(sender.socket, 0))));
    assert.equal((await fastcgi(sender.socket, small)).status, 201);
  }
  assert.ok(peak() < 8 * MEBIBYTE, `${peak()} bytes`);
  for (const connection of begun) connection.destroy();
});

test('a thousand waiting polls get a message of a MiB from one copy of it', { skip: isSanitized }, async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'hi' });
  const poller = await startFastcgi(t, 'poll', data, { env: { ...LARGE, POLLCHAT_MAX_WAITING: '1500' } });
  const got = [];
  for (let i = 0; i < 10; i++) { // fewer at once than a listening socket's queue holds
    for (let k = 0; k < 100; k++) {
      const extra = { REMOTE_ADDR: `10.0.${i}.${k}` };
      got.push(statusOf(poller.socket, pollRequest('since=now&wait=25', { extra })));
    }
    await until(async () => (await status(poller)).parked.polls === 100 * (i + 1), 'the polls to wait');
  }
  const peak = peakOf(poller.child);
  await send(data, { text: 'x'.repeat(MEBIBYTE) }, { extra: LARGE });
  assert.deepEqual([...new Set(await Promise.all(got))], [200]);
  assert.ok(peak() < 8 * MEBIBYTE, `${peak()} bytes`);
});

test('memory for large answers is returned to the system', { skip: isSanitized }, async (t) => {
  const data = await bigRoom(t, '\u0001');
  const poller = await startFastcgi(t, 'poll', data, { env: LARGE });
  const resident = () =>
    Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${poller.child.pid}/status`, 'utf8'))[1]) / 1024;
  const ask = () =>
    Promise.all(Array.from({ length: 40 }, () => statusOf(poller.socket, pollRequest('room=big&last=4'))));
  await ask();
  await ask();
  // 64 MiB if it is not returned.
  await until(
    () => resident() < 56,
    'less than 56 MiB to be resident (the rest are caches of connections to the store)',
  );
});
