// fastcgi.test.mjs - the programs as FastCGI, without a web server: hostile and slow peers,
// stopping, replaced files.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  aboutSqlite, atEnd, beginRecord, exchange, fastcgi, fastcgiToLastByte, GONE_MS, lockDatabase,
  paramsRecords, programPath, startFastcgi, stdinRecords, STORE, temporaryFolder, until, variables,
} from './program.mjs';

const run = promisify(execFile);
const form = 'application/x-www-form-urlencoded';
const hi = { program: 'send', method: 'POST', type: form, body: 'text=hi' };
const poll = { program: 'poll', query: 'since=0' };

/** Copies poll to this file, and beside it the module that it loads for PostgreSQL. */
function copyProgram(file) {
  fs.copyFileSync(programPath('poll'), file);
  if (STORE !== undefined) {
    fs.copyFileSync(programPath('pollchat-postgres.so'), path.join(path.dirname(file), 'pollchat-postgres.so'));
  }
}

test('send and poll answer many FastCGI requests in one process', async (t) => {
  const data = temporaryFolder(t);
  const sender = await startFastcgi(t, 'send', data);
  const poller = await startFastcgi(t, 'poll', data);
  const answers = await Promise.all(Array.from({ length: 40 }, () => fastcgi(sender.socket, hi)));
  assert.deepEqual(answers.map((a) => a.status), Array(40).fill(201));
  const seqs = (await fastcgi(poller.socket, poll)).json.messages.map((m) => m.seq);
  assert.deepEqual(seqs, Array.from({ length: 40 }, (_, i) => i + 1));
});

test('a peer that asks to keep the connection gets its answer at once, and then the connection is closed', async (t) => {
  const { socket } = await startFastcgi(t, 'poll', temporaryFolder(t));
  const took = [];
  for (let i = 0; i < 3; i++) {
    const before = Date.now();
    const answer = await fastcgi(socket, poll, { keep: true });
    took.push(Date.now() - before);
    assert.equal(answer.status, 200);
    assert.ok(answer.ended);
  }
  assert.ok(Math.min(...took) < 1500, `the connection is closed without lingering for 2 s: ${took} ms`);
});

test('a body without Content-Length is read to the end of its stream', async (t) => {
  const { socket } = await startFastcgi(t, 'send', temporaryFolder(t));
  assert.equal((await fastcgi(socket, { ...hi, length: null })).status, 201);
  assert.equal((await fastcgi(socket, { ...hi, length: '' })).status, 201);
});

test('a body shorter than announced is answered 400; a body that is too long still gets its 413', async (t) => {
  const data = temporaryFolder(t);
  const { socket } = await startFastcgi(t, 'send', data, { env: { POLLCHAT_MAX_TEXT: '10' } });
  assert.equal((await fastcgi(socket, { ...hi, length: 50 })).status, 400);
  assert.equal((await fastcgi(socket, { ...hi, body: `text=${'x'.repeat(3_000_000)}` })).status, 413);
  assert.equal((await fastcgi(socket, hi)).json.seq, 1);
});

test('silent peers and peers that send nonsense do not delay other requests', async (t) => {
  const { socket } = await startFastcgi(t, 'poll', temporaryFolder(t));
  const stalled = [
    Buffer.alloc(0),
    beginRecord(),
    beginRecord().subarray(0, 5),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.alloc(3000, 0xff),
  ];
  const connections = stalled.map((bytes) => {
    const c = net.createConnection(socket);
    c.on('error', () => {});
    c.write(bytes);
    return c;
  });
  for (let i = 0; i < 5; i++) assert.equal((await fastcgi(socket, poll)).status, 200);
  connections.forEach((c) => c.destroy());
});

test('requests that arrive byte by byte take all threads; other requests are still answered, and the slow peers are cut off', async (t) => {
  const data = temporaryFolder(t);
  const { socket } = await startFastcgi(t, 'send', data, { env: { POLLCHAT_THREADS: '2' } });
  const head = Buffer.concat([beginRecord(), paramsRecords(variables({ ...hi, length: 7 }))]);
  const cut = [];
  const trickling = Array.from({ length: 12 }, (_, i) => {
    const connection = net.createConnection(socket);
    let at = 0;
    const timer = setInterval(() => at < 200 && connection.write(head.subarray(at, ++at)), 300 + i);
    connection.on('error', () => {});
    connection.on('close', () => {
      clearInterval(timer);
      cut.push(i);
    });
    atEnd(t, () => connection.destroy());
    return connection;
  });
  await Promise.all(trickling.map((connection) => once(connection, 'connect')));
  for (let i = 1; i <= 5; i++) assert.equal((await fastcgi(socket, hi)).json.seq, i);
  assert.equal(cut.length, 0, 'other requests are answered while the slow ones are open');
  await until(() => cut.length === trickling.length, 'the slow peers to be cut off', 40_000);
  assert.equal((await fastcgi(socket, hi)).json.seq, 6);
});

test('malformed records end only their own connection', async (t) => {
  const data = temporaryFolder(t);
  const { socket, child } = await startFastcgi(t, 'send', data);
  const length = (n) => [(n >>> 24) | 0x80, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
  const pair = (name, value) => Buffer.from([...length(name), ...length(value), 65]);
  const recordOf = (type, id, content) =>
    Buffer.concat([Buffer.from([1, type, 0, id, 0, content.length, 0, 0]), content]);
  const wrong = [
    // Lengths whose sum is over 2^31, or just below it: of a parameter, and of a management record
    // before a request and inside one.
    ...[
      [0x7ffffffe, 0x7ffffffe],
      [0x7fffffff, 5],
      [5, 0x7fffffff],
      [0x7ffffff0, 15],
    ].flatMap(([name, value]) => [
      Buffer.concat([
        beginRecord(),
        recordOf(4, 1, pair(name, value)),
        recordOf(4, 1, Buffer.alloc(0)),
        stdinRecords(Buffer.alloc(0)),
      ]),
      Buffer.concat([recordOf(9, 0, pair(name, value)), beginRecord()]),
      Buffer.concat([beginRecord(), paramsRecords(variables({ ...hi, length: 7 })), recordOf(9, 0, pair(name, value))]),
    ]),
    Buffer.concat([
      beginRecord(),
      paramsRecords({ HTTP_BIG: 'x'.repeat(60_000), HTTP_BIGGER: 'x'.repeat(5000) }).subarray(0, 60_000),
    ]),
    Buffer.from([9, 9, 9, 9, 9, 9, 9, 9]),
    // A name of 2 GiB.
    Buffer.concat([beginRecord(), Buffer.from([1, 4, 0, 1, 0, 4, 0, 0, 0xff, 0xff, 0xff, 0xff])]),
    // Lengths beyond the end of the record.
    Buffer.concat([beginRecord(), Buffer.from([1, 4, 0, 1, 0, 2, 0, 0, 200, 200])]),
    // An input record that is cut off.
    Buffer.concat([beginRecord(), paramsRecords(variables(hi)), Buffer.from([1, 5, 0, 1, 0xff, 0xff, 0, 0, 1])]),
  ];
  for (const bytes of wrong) {
    const c = net.createConnection(socket);
    c.on('error', () => {});
    c.resume();
    c.end(bytes);
    await new Promise((resolve) => c.on('close', resolve));
  }
  assert.equal((await fastcgi(socket, hi)).status, 201);
  assert.equal(child.exitCode, null);
});

test('management records and records of another request, between the records of a request, do not disturb it', async (t) => {
  const { socket } = await startFastcgi(t, 'send', temporaryFolder(t));
  const question = Buffer.from([1, 9, 0, 0, 0, 0, 0, 0]);
  // Input of another request, with padding.
  const other = Buffer.from([1, 5, 0, 7, 0, 1, 1, 0, 65, 0]);
  const body = Buffer.from('text=hi');
  const came = await exchange(
    socket,
    question,
    beginRecord(),
    question,
    other,
    paramsRecords(variables({ ...hi, length: body.length })),
    question,
    other,
    stdinRecords(body),
  );
  assert.match(came.toString(), /"text":"hi"/);
});

test('send refuses a body that is announced as too long before its first byte; poll answers without waiting for a body', async (t) => {
  const data = temporaryFolder(t);
  const sender = await startFastcgi(t, 'send', data);
  const poller = await startFastcgi(t, 'poll', data);
  for (const [{ socket }, request, status] of [
    [sender, { ...hi, length: 60_000_000 }, /Status: 413/],
    [poller, { ...poll, length: 60_000_000 }, /Status: 200/],
  ]) {
    const connection = net.createConnection(socket);
    const came = [];
    connection.on('data', (piece) => came.push(piece));
    connection.write(Buffer.concat([beginRecord(), paramsRecords(variables(request))]));
    await once(connection, 'end'); // the program closes its side while the body is still missing
    assert.match(Buffer.concat(came).toString(), status);
    connection.destroy();
  }
});

/** Connections that send a body of 1 MB byte by byte. `cut` has the numbers of those cut off. */
async function trickle(t, socket, count) {
  const cut = [];
  const connections = Array.from({ length: count }, (_, i) => {
    const connection = net.createConnection(socket);
    connection.write(Buffer.concat([beginRecord(), paramsRecords(variables({ ...hi, length: 1_000_000 }))]));
    const timer = setInterval(() => connection.write(Buffer.from([1, 5, 0, 1, 0, 1, 0, 0, 120])), 300 + i);
    connection.on('error', () => {});
    connection.on('close', () => {
      clearInterval(timer);
      cut.push(i);
    });
    atEnd(t, () => connection.destroy());
    return connection;
  });
  await Promise.all(connections.map((connection) => once(connection, 'connect')));
  return { cut };
}

test('100 bodies that arrive byte by byte delay no other request, take no thread, and none is cut off', async (t) => {
  const { socket, child } = await startFastcgi(t, 'send', temporaryFolder(t), { env: { POLLCHAT_THREADS: '2' } });
  assert.equal((await fastcgi(socket, hi)).json.seq, 1);
  const threads = () => fs.readdirSync(`/proc/${child.pid}/task`).length;
  const before = threads();
  const { cut } = await trickle(t, socket, 100);
  const took = [];
  for (let i = 2; i <= 11; i++) {
    const began = Date.now();
    assert.equal((await fastcgi(socket, hi)).json.seq, i);
    took.push(Date.now() - began);
  }
  took.sort((a, b) => a - b);
  assert.ok(took[5] < 10_000, `no other sender waits for the deadlines of the slow bodies, 20 s and more: ${took} ms`);
  assert.equal(cut.length, 0);
  assert.ok(threads() <= before + 1, `${before} threads before, ${threads()} now`);
});

test('when descriptors run out the oldest request that is still coming is cut off, and the others go on', async (t) => {
  const { socket, child } = await startFastcgi(t, 'send', temporaryFolder(t));
  assert.equal((await fastcgi(socket, hi)).json.seq, 1);
  await run('prlimit', ['--nofile=100:100', '--pid', String(child.pid)]);
  const { cut } = await trickle(t, socket, 150);
  for (let i = 2; i <= 6; i++) {
    assert.equal((await fastcgi(socket, hi)).json.seq, i);
  }
  assert.ok(cut.length > 0 && cut.length < 150, `${cut.length} were cut off`);
  assert.equal(Math.max(...cut), cut.length - 1, `the oldest, in whichever order their ends arrive: ${cut}`);
});

test('a slow body does not delay other senders', async (t) => {
  const { socket } = await startFastcgi(t, 'send', temporaryFolder(t));
  const slow = net.createConnection(socket);
  const came = [];
  slow.on('data', (piece) => came.push(piece));
  slow.write(Buffer.concat([beginRecord(), paramsRecords(variables({ ...hi, length: 7 }))]));
  assert.equal((await fastcgi(socket, hi)).status, 201);
  slow.write(stdinRecords(Buffer.from('text=ho')));
  await new Promise((resolve) => slow.on('close', resolve));
  assert.match(Buffer.concat(came).toString(), /"text":"ho"/);
});

for (const signal of ['SIGTERM', 'SIGUSR1']) {
  test(`${signal} ends an idle program within 2 s`, async (t) => {
    for (const program of ['send', 'poll']) {
      const { child, socket, gone } = await startFastcgi(t, program, temporaryFolder(t));
      await fastcgi(socket, program === 'poll' ? poll : hi);
      const before = Date.now();
      child.kill(signal);
      const [code] = await gone;
      assert.equal(code, 0);
      assert.ok(Date.now() - before < GONE_MS);
    }
  });

  test(`${signal} during the start, before the first request, ends the program`, async (t) => {
    const { child, gone } = await startFastcgi(t, 'poll', temporaryFolder(t));
    child.kill(signal);
    await gone;
  });

  test(`${signal} ends a program within 2 s while a peer is in the middle of a request, and complete requests are answered`, async (t) => {
    const { child, socket, gone } = await startFastcgi(t, 'send', temporaryFolder(t));
    assert.equal((await fastcgi(socket, hi)).status, 201);
    const stuck = net.createConnection(socket);
    stuck.on('error', () => {});
    stuck.write(Buffer.concat([beginRecord(), paramsRecords(variables({ ...hi, length: 7 }))]));
    await new Promise((resolve) => stuck.on('connect', resolve));
    const others = Array.from({ length: 20 }, () => fastcgi(socket, hi));
    await new Promise((resolve) => setImmediate(resolve));
    const before = Date.now();
    child.kill(signal);
    await gone;
    assert.ok(Date.now() - before < GONE_MS, 'the program ends in time');
    for (const answer of await Promise.all(others)) {
      assert.ok(
        answer.status === 201 || !answer.ended,
        `a request is answered completely or not at all: ${answer.status}`,
      );
    }
    stuck.destroy();
  });
}

// mod_fcgid gives each process a socket of its own. Its name starts with the process id of the web
// server.
for (const [what, name, end] of [
  [
    'a program with a socket of its own ends: each new request is answered or refused, never cut off',
    `${process.pid}.12`,
    (child) => child.kill('SIGTERM'),
  ],
  ['its settings change, so it ends: each new request is answered or refused, never cut off', `${process.pid}.0`, null],
]) {
  test(what, async (t) => {
    for (let round = 0; round < (end === null ? 2 : 12); round++) {
      const data = temporaryFolder(t);
      const copies = temporaryFolder(t);
      const file = path.join(copies, 'poll');
      copyProgram(file);
      fs.chmodSync(file, 0o755);
      const { child, socket, gone } = await startFastcgi(t, 'poll', data, { name, file });
      await fastcgi(socket, poll);
      let answered = 0;
      const come = async () => {
        for (;;) {
          // A poll that waits is open when the program begins to end. Then the visitor asks again
          // at once, as browsers do.
          const answer = await fastcgiToLastByte(socket, { ...poll, query: 'since=0&wait=20' }).catch((error) => error);
          if (answer.code === 'ECONNREFUSED') {
            return;
          }
          assert.ok(answer.ended, `cut off: ${answer}`);
          assert.equal(answer.status, 200);
          answered++;
        }
      };
      const visitors = Array.from({ length: 8 }, come);
      await delay(30);
      if (end !== null) {
        end(child);
      } else {
        fs.writeFileSync(path.join(copies, 'chat.conf'), '; other settings\n');
      }
      await gone;
      await Promise.all(visitors); // each visitor returns when a connection is refused
      assert.ok(answered >= 8, `${answered} answered`);
    }
  });
}

test('a first poll that waits, read at the moment of SIGTERM, is answered and not cut off', async (t) => {
  for (let round = 0; round < 8; round++) {
    const { child, socket, gone } = await startFastcgi(t, 'poll', temporaryFolder(t));
    await fastcgi(socket, poll); // the store is open now, but no poll has waited yet
    child.kill('SIGSTOP'); // the program then finds the requests and the signal at the same moment
    const answers = Array.from({ length: 4 }, () =>
      fastcgiToLastByte(socket, { ...poll, query: 'since=0&wait=20' }).catch((error) => error),
    );
    const connections = () =>
      fs
        .readFileSync('/proc/net/unix', 'utf8')
        .split('\n')
        .filter((line) => line.endsWith(socket)).length;
    await until(() => connections() > answers.length, 'all connections, besides the listening socket');
    await delay(20);
    child.kill('SIGTERM');
    child.kill('SIGCONT');
    for (const answer of await Promise.all(answers)) {
      assert.ok(answer.ended, `cut off: ${answer}`);
      assert.equal(answer.status, 200);
    }
    await gone;
  }
});

for (const [what, name, isOwn] of [
  ['its own', `${process.pid}.3`, true],
  ['any other name', 'fcgi.sock', false],
  ["another process's", `${process.pid + 1}.3`, false],
  ['a name that is one letter longer', `${process.pid}.3x`, false],
  ['a name without its number', `${process.pid}.`, false],
]) {
  test(`a program that ends stops accepting only on a socket that its name marks as its own: ${what}`, async (t) => {
    const { child, socket, gone } = await startFastcgi(t, 'send', temporaryFolder(t), { name });
    assert.equal((await fastcgi(socket, hi)).status, 201);
    // An open request, which keeps the program alive for a while.
    const stuck = net.createConnection(socket);
    stuck.on('error', () => {});
    stuck.write(Buffer.concat([beginRecord(), paramsRecords(variables({ ...hi, length: 7 }))]));
    // So the connection before this one has been accepted.
    assert.equal((await fastcgi(socket, hi)).status, 201);
    child.kill('SIGTERM');
    let refused = false; // while the program was still running
    let taken = 0;
    while (child.exitCode === null && !refused) {
      const come = net.createConnection(socket);
      const [error] = await Promise.race([once(come, 'connect').then(() => [null]), once(come, 'error')]);
      come.on('error', () => {});
      come.destroy();
      taken += error === null;
      // The exit status arrives a moment after the socket is closed.
      await delay(error === null ? 10 : 200);
      refused = error !== null && child.exitCode === null;
    }
    stuck.destroy();
    await gone;
    assert.equal(refused, isOwn);
    assert.ok(isOwn || taken > 0);
  });
}

test('while another process locks the store, a send is answered 503 with Retry-After, polls are answered, and SIGTERM does not wait', async (t) => {
  const data = temporaryFolder(t);
  const sender = await startFastcgi(t, 'send', data, { env: { POLLCHAT_BUSY_TIMEOUT: '200' } });
  const patient = await startFastcgi(t, 'send', data, { env: { POLLCHAT_BUSY_TIMEOUT: '30000' } });
  const poller = await startFastcgi(t, 'poll', data);
  assert.equal((await fastcgi(patient.socket, hi)).status, 201);
  assert.equal((await fastcgi(sender.socket, hi)).status, 201);
  if (STORE === undefined) {
    const holder = spawn(
      'flock',
      ['--no-fork', path.join(data, 'chat.db-lock'), 'sh', '-c', 'echo held; exec sleep 60'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    atEnd(t, () => holder.kill('SIGKILL'));
    await once(holder.stdout, 'data');
  } else {
    const lock = await lockDatabase(data);
    atEnd(t, () => lock.release());
  }
  const refused = await fastcgi(sender.socket, hi);
  assert.equal(refused.status, 503);
  assert.equal(refused.json.type, 'urn:pollchat:problem:store-busy');
  assert.ok(Number(refused.headers['retry-after']) > 0);
  assert.equal((await fastcgi(poller.socket, poll)).json.head, 2);
  const waiting = fastcgi(patient.socket, hi);
  await until(
    () => fs.readFileSync(`/proc/${patient.child.pid}/syscall`, 'utf8') !== '',
    'the program to have read the request',
  );
  const before = Date.now();
  patient.child.kill('SIGTERM');
  await patient.gone;
  assert.ok(Date.now() - before < GONE_MS);
  const answer = await waiting;
  assert.ok(answer.status === 503 || !answer.ended, JSON.stringify(answer));
  assert.equal((await fastcgi(poller.socket, poll)).json.head, 2);
});

test('an idle program ends when its file is replaced', async (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'poll');
  copyProgram(file);
  const { socket, gone } = await startFastcgi(t, 'poll', path.join(folder, 'data'), { file });
  assert.equal((await fastcgi(socket, poll)).status, 200);
  fs.copyFileSync(programPath('poll'), `${file}.new`);
  fs.renameSync(`${file}.new`, file);
  const [code] = await gone;
  assert.equal(code, 0);
});

test('a program whose file was removed continues', async (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'poll');
  copyProgram(file);
  const { socket, child } = await startFastcgi(t, 'poll', path.join(folder, 'data'), { file });
  await fastcgi(socket, poll);
  fs.unlinkSync(file);
  const ticks = Date.now() + 4000; // longer than the time between two checks of the file
  await until(() => Date.now() > ticks, 'a check of the file', 10_000);
  assert.equal(child.exitCode, null);
  assert.equal((await fastcgi(socket, poll)).status, 200);
});

test('the first request after a database was replaced sees the new one', aboutSqlite, async (t) => {
  const [one, two] = [temporaryFolder(t), temporaryFolder(t)];
  const sender = await startFastcgi(t, 'send', one);
  const poller = await startFastcgi(t, 'poll', one);
  const other = await startFastcgi(t, 'send', two);
  await fastcgi(sender.socket, hi);
  await fastcgi(other.socket, { ...hi, body: 'text=restored' });
  const before = (await fastcgi(poller.socket, poll)).json;
  assert.equal(before.messages[0].text, 'hi');
  other.child.kill('SIGTERM');
  await other.gone;
  for (const name of fs.readdirSync(one).filter((n) => n.startsWith('chat.db'))) fs.unlinkSync(path.join(one, name));
  for (const name of fs.readdirSync(two).filter((n) => n.startsWith('chat.db')))
    fs.copyFileSync(path.join(two, name), path.join(one, name));
  const after = (await fastcgi(poller.socket, poll)).json;
  assert.equal(after.messages[0].text, 'restored');
  assert.notEqual(after.epoch, before.epoch);
  const conflict = await fastcgi(poller.socket, { ...poll, query: `since=1&epoch=${before.epoch}` });
  assert.equal(conflict.status, 409);
  assert.equal(conflict.json.epoch, after.epoch);
  assert.equal((await fastcgi(sender.socket, hi)).json.seq, 2);
});

test('settings in the variables of a request (SetEnv) apply; a request with other settings to the same process is refused', async (t) => {
  const { socket } = await startFastcgi(t, 'send', temporaryFolder(t));
  const withLimit = (extra) => fastcgi(socket, { ...hi, extra });
  assert.equal((await withLimit({ POLLCHAT_MAX_TEXT: '1' })).status, 413);
  assert.equal((await withLimit({ POLLCHAT_MAX_TEXT: '1' })).status, 413);
  assert.equal((await withLimit({ POLLCHAT_MAX_TEXT: '2' })).status, 500);
});

test('a request header is never a setting', async (t) => {
  const { socket } = await startFastcgi(t, 'send', temporaryFolder(t));
  assert.equal((await fastcgi(socket, { ...hi, extra: { HTTP_POLLCHAT_MAX_TEXT: '1' } })).status, 201);
});

test('errors are written to the error stream of the request, which web servers log', async (t) => {
  for (const request of [poll, hi]) {
    const env = { POLLCHAT_JOURNAL: 'maybe' };
    const { socket } = await startFastcgi(t, request.program, temporaryFolder(t), { env });
    const answer = await fastcgi(socket, request);
    assert.equal(answer.status, request === hi ? 201 : 200);
    assert.match(answer.stderr, /journal is 'maybe'; allowed is one of auto, wal, rollback/);
  }
});

test('an answer of many records arrives complete', async (t) => {
  const data = temporaryFolder(t);
  const sender = await startFastcgi(t, 'send', data);
  const poller = await startFastcgi(t, 'poll', data);
  const text = 'long text \u00e4'.repeat(21_000);
  await fastcgi(sender.socket, { ...hi, type: 'text/plain', body: text });
  assert.equal((await fastcgi(poller.socket, poll)).json.messages[0].text, text);
});

test('a peer that hangs up before its answer does no harm', async (t) => {
  const data = temporaryFolder(t);
  const { socket } = await startFastcgi(t, 'send', data);
  await fastcgi(socket, hi);
  for (let i = 0; i < 20; i++) {
    const c = net.createConnection(socket);
    c.on('error', () => {});
    c.write(
      Buffer.concat([
        beginRecord(),
        paramsRecords(variables({ ...hi, length: 7 })),
        stdinRecords(Buffer.from('text=hi')),
      ]),
    );
    await new Promise((resolve) => c.on('connect', resolve));
    c.destroy();
  }
  assert.equal((await fastcgi(socket, hi)).status, 201);
  assert.ok(
    (await exchange(socket, beginRecord(), paramsRecords(variables(hi)), stdinRecords(Buffer.alloc(0)))).length > 0,
  );
});

test('HEAD of a stream gets no Content-Length, and no stream is started', async (t) => {
  const { socket } = await startFastcgi(t, 'poll', temporaryFolder(t));
  const answer = await fastcgi(socket, {
    ...poll,
    method: 'HEAD',
    query: 'since=0',
    extra: { SCRIPT_NAME: '/stream' },
  });
  assert.deepEqual(
    [answer.status, answer.headers['content-type'], answer.headers['content-length'], answer.body],
    [200, 'text/event-stream', undefined, ''],
  );
});

test('the status answers only requests that come from this machine and name it as the host', async (t) => {
  const { socket } = await startFastcgi(t, 'poll', temporaryFolder(t));
  const statusOf = async (extra) =>
    (await fastcgi(socket, { ...poll, extra: { SCRIPT_NAME: '/status', HTTP_HOST: 'localhost:8080', ...extra } }))
      .status;
  for (const extra of [{}, { HTTP_HOST: '[::1]' }, { HTTP_HOST: '127.0.0.1:1' }, { REMOTE_ADDR: '::ffff:127.0.0.1' }]) {
    assert.equal(await statusOf(extra), 200, JSON.stringify(extra));
  }
  const others = [
    { REMOTE_ADDR: '192.0.2.1' },
    { HTTP_HOST: 'chat.test' },
    { HTTP_X_FORWARDED_FOR: '192.0.2.1' },
    { HTTP_X_FORWARDED_PROTO: 'https' },
    { HTTP_CF_CONNECTING_IP: '192.0.2.1' },
    { HTTP_VIA: '1.1 proxy' },
  ];
  for (const extra of others) assert.equal(await statusOf(extra), 403, JSON.stringify(extra));
  const trusting = await startFastcgi(t, 'poll', temporaryFolder(t), {
    env: { POLLCHAT_TRUSTED_PROXIES: '127.0.0.1' },
  });
  const behind = async (address) =>
    (
      await fastcgi(trusting.socket, {
        ...poll,
        extra: { SCRIPT_NAME: '/status', HTTP_HOST: 'localhost', HTTP_X_FORWARDED_FOR: address },
      })
    ).status;
  for (const address of ['192.0.2.1', '127.0.0.1', '127.0.0.1, 192.0.2.1', 'nonsense'])
    assert.equal(await behind(address), 403, address);
});
