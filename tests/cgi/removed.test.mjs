// removed.test.mjs - files of the database are removed or emptied while the programs run: no
// message that was answered 201 is lost without notice, and all readers agree.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import {
  atEnd, fastcgi, poll, pollchat, pollRequest, programPath, send, startCgi, startFastcgi, status, temporaryFolder, topics,
  until,
} from './program.mjs';

const all = { program: 'poll', query: 'since=0&limit=1000' };

const start = (t) => startAt(t, path.join(temporaryFolder(t), 'data'));

async function startAt(t, data) {
  const sender = await startFastcgi(t, 'send', data);
  const poller = await startFastcgi(t, 'poll', data);
  const say = async (text, { socket } = sender) => {
    const answer = await fastcgi(socket, { program: 'send', method: 'POST', type: 'text/plain', body: text });
    assert.equal(answer.status, 201, answer.body);
    return answer.json;
  };
  const read = async ({ socket } = poller) => (await fastcgi(socket, all)).json;
  const remove = (...names) => names.forEach((name) => fs.rmSync(path.join(data, name), { force: true }));
  return { data, sender, poller, say, read, remove };
}

const texts = ({ messages }) => messages.map(({ text }) => text);
const stop = async ({ child, gone }, signal = 'SIGTERM') => {
  child.kill(signal);
  await gone;
};
const sound = async (data) => {
  const { code, stdout, stderr } = await pollchat(['check'], { POLLCHAT_DATA: data });
  assert.equal(code, 0, stdout + stderr);
};

for (const names of [
  ['chat.db-wal'],
  ['chat.db-shm'],
  ['chat.db-wal', 'chat.db-shm'],
  ['chat.db-wal', 'chat.db-shm', 'chat.db-lock'],
]) {
  test(`${names.join(', ')} removed while programs run: no answered message is lost, and no number is used twice`, async (t) => {
    const { data, sender, poller, say, read, remove } = await start(t);
    for (const text of ['a', 'b']) await say(text);
    const { epoch } = await read();
    remove(...names);
    assert.equal((await say('c')).seq, 3);
    assert.deepEqual(texts(await read()), ['a', 'b', 'c'], 'readers see the new message');
    remove(...names);
    await stop(sender, 'SIGKILL'); // now only the reader has the removed files open
    const next = await startFastcgi(t, 'send', data);
    assert.equal((await say('d', next)).seq, 4);
    await stop(next);
    await stop(poller);
    const answer = (await poll(data)).json;
    assert.deepEqual(
      [texts(answer), answer.messages.map(({ seq }) => seq), answer.epoch],
      [['a', 'b', 'c', 'd'], [1, 2, 3, 4], epoch],
    );
    await sound(data);
  });
}

test('plain CGI: chat.db-wal and chat.db-shm are removed while only waiting polls run: no message is lost', async (t) => {
  const data = temporaryFolder(t);
  for (const text of ['a', 'b', 'c']) await send(data, { text });
  await poll(data, 'since=3'); // from now on polls know without the store that there is nothing new
  const waiting = startCgi(data, pollRequest('since=3&wait=25'));
  await until(async () => (await status(data)).parked.polls === 1, 'the poll to wait');
  for (const name of ['chat.db-wal', 'chat.db-shm']) fs.rmSync(path.join(data, name));
  assert.equal((await send(data, { text: 'd' })).json.seq, 4);
  assert.deepEqual(texts((await waiting.answer).json), ['d']);
  assert.deepEqual(texts((await poll(data, 'since=0')).json), ['a', 'b', 'c', 'd']);
});

test('the log is removed again and again, each time that it is back: nothing is lost', async (t) => {
  const { data, sender, say, read, remove } = await start(t);
  const log = path.join(data, 'chat.db-wal');
  const sent = ['first'];
  const { epoch } = await say('first');
  await read();
  for (let i = 0; i < 5; i++) {
    remove('chat.db-wal');
    // Empty if all messages were copied into the database meanwhile.
    await until(() => fs.existsSync(log), 'the log to be there again');
    remove('chat.db-wal');
    const text = `message ${i}`;
    assert.equal((await say(text)).epoch, epoch);
    sent.push(text);
  }
  assert.deepEqual(texts(await read()), sent);
  await stop(sender);
  await sound(data);
});

test('a message is refused while the log is empty: the epoch stays, and programs that start later can open the database', async (t) => {
  const { data, sender, poller, say, read } = await start(t);
  await say('a');
  await stop(sender);
  await stop(poller);
  const { stdout } = spawnSync('sqlite3', [path.join(data, 'chat.db'), 'SELECT count(*) FROM message'], {
    encoding: 'utf8',
  });
  assert.equal(stdout.trim(), '1');
  assert.ok(!fs.existsSync(path.join(data, 'chat.db-wal')), 'sqlite3, which had it open last, has removed it');
  const reader = await startFastcgi(t, 'poll', data);
  const { epoch } = await read(reader);
  assert.equal((await send(data, { text: 'b', reply_to: 999 })).status, 400);
  assert.equal((await say('c', await startFastcgi(t, 'send', data))).seq, 2);
  const after = await read(reader);
  assert.deepEqual([texts(after), after.epoch], [['a', 'c'], epoch]);
  assert.ok(!(await topics(data)).includes('data-lost'));
});

for (const runs of [true, false]) {
  test(`the log is cut to half its size while ${runs ? 'programs run' : 'no program runs'}: a loss is reported, and no number is used twice in one epoch`, async (t) => {
    const { data, sender, poller, say, read } = await start(t);
    const log = path.join(data, 'chat.db-wal');
    for (let i = 0; i < 10; i++) await say(`message ${i}`);
    const { epoch } = await read();
    if (!runs) {
      await stop(sender, 'SIGKILL');
      await stop(poller, 'SIGKILL');
    }
    fs.truncateSync(log, Math.floor(fs.statSync(log).size / 2));
    await poll(data); // opens the database without having known its log
    const { json } = await send(data, { text: 'after' });
    assert.ok(json.seq === 11 || json.epoch !== epoch, `${json.seq}`);
    assert.ok(json.seq === 11 || (await topics(data)).includes('data-lost'));
    await sound(data);
  });
}

test('the log is cut again and again while many send: the messages answered in the last epoch are there, and the database is sound', async (t) => {
  const { data, sender } = await start(t);
  const log = path.join(data, 'chat.db-wal');
  const answered = [];
  let cuts = 0;
  const sendOn = async (who) => {
    for (let i = 0; cuts < 3 || i < 20; i++) {
      const text = `${who} ${i} ${'.'.repeat(3000)}`;
      const { status, json } = await fastcgi(sender.socket, {
        program: 'send',
        method: 'POST',
        type: 'text/plain',
        body: text,
      });
      if (status === 201) answered.push({ epoch: json.epoch, seq: json.seq, text });
    }
  };
  const all = Promise.all([1, 2, 3, 4, 5, 6].map(sendOn));
  for (; cuts < 3; cuts++) {
    const before = answered.length;
    await until(() => answered.length > before + 20, 'messages to be sent');
    fs.truncateSync(log, Math.floor(fs.statSync(log).size / 2));
  }
  await all;
  await sound(data);
  const { epoch, messages } = (await poll(data, 'since=0&limit=1000')).json;
  const stored = new Map(messages.map(({ seq, text }) => [seq, text]));
  for (const one of answered.filter((a) => a.epoch === epoch)) assert.equal(stored.get(one.seq), one.text);
  assert.equal(
    new Set(answered.map((a) => `${a.epoch} ${a.seq}`)).size,
    answered.length,
    'no number is used twice in one epoch',
  );
  // Where the part that was cut off was still in memory, or in chat.db, nothing is lost.
  const isLost = answered.some((one) => one.epoch !== epoch);
  assert.ok((await topics(data)).includes(isLost ? 'data-lost' : 'data-saved'));
});

test('plain CGI: the log and its side files are removed between two requests: the epoch changes, and doctor reports it', async (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  const { json: first } = await send(data, { text: 'a' });
  for (const name of ['chat.db-wal', 'chat.db-shm', 'chat.db-lock']) fs.rmSync(path.join(data, name));
  const { json: second } = await send(data, { text: 'b' });
  assert.deepEqual([first.seq, second.seq], [1, 1]);
  assert.notEqual(second.epoch, first.epoch);
  assert.ok((await topics(data)).includes('data-alone'));
  assert.equal((await send(data, { text: 'c' })).json.epoch, second.epoch, 'the epoch changes only once');
  await sound(data);
});

test('an older log replaces the current one: messages sent in between are saved to another file, and the epoch changes', async (t) => {
  const { data, say, read } = await start(t);
  const [log, away] = [path.join(data, 'chat.db-wal'), path.join(data, 'away')];
  await say('a');
  const { epoch } = await read();
  fs.renameSync(log, away);
  assert.equal((await say('b')).seq, 2);
  fs.renameSync(away, log);
  const json = await say('c');
  assert.ok(json.seq === 3 || json.epoch !== epoch, 'no number is used twice in one epoch');
  assert.ok((await topics(data)).includes(json.seq === 3 ? 'data-saved' : 'data-aside'));
  await sound(data);
});

test('chat.db is emptied while only readers have it open: they restore it', async (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  const { json } = await send(data, { text: 'a' });
  const poller = await startFastcgi(t, 'poll', data);
  assert.deepEqual(texts((await fastcgi(poller.socket, all)).json), ['a']);
  fs.truncateSync(path.join(data, 'chat.db'), 0);
  const next = (await send(data, { text: 'b' })).json;
  assert.deepEqual([next.seq, next.epoch], [2, json.epoch]);
  assert.deepEqual(texts((await fastcgi(poller.socket, all)).json), ['a', 'b']);
  await sound(data);
});

test('the log is removed while no request comes: it is restored, and doctor reports it', async (t) => {
  const { data, say, read, remove } = await start(t);
  await say('a');
  await read();
  remove('chat.db-wal', 'chat.db-shm');
  await until(
    () => fs.existsSync(path.join(data, 'chat.db-wal')) && fs.statSync(path.join(data, 'chat.db-wal')).size > 0,
    'the log to be restored',
  );
  assert.ok((await topics(data)).includes('data-saved'));
  await sound(data);
});

test('chat.db is emptied while programs run: they restore it', async (t) => {
  const { data, poller, say, read } = await start(t);
  for (const text of ['a', 'b']) await say(text);
  await read();
  fs.truncateSync(path.join(data, 'chat.db'), 0);
  assert.equal((await say('c')).seq, 3);
  assert.deepEqual(texts(await read()), ['a', 'b', 'c']);
  await stop(poller);
  assert.deepEqual(texts((await poll(data)).json), ['a', 'b', 'c']);
  await sound(data);
  assert.ok((await topics(data)).includes('data-saved'));
});

test('the log is emptied while programs run: each message that is answered 201 afterwards stays', async (t) => {
  const { data, sender, poller, say, read } = await start(t);
  for (const text of ['a', 'b']) await say(text);
  const { epoch } = await read();
  fs.truncateSync(path.join(data, 'chat.db-wal'), 0);
  await say('c');
  const before = await read();
  await stop(sender);
  await stop(poller);
  const after = (await poll(data)).json;
  assert.deepEqual(texts(after), texts(before));
  assert.equal(texts(after).at(-1), 'c');
  assert.equal(after.epoch === epoch, texts(after).length === 3, 'after a loss the epoch is another');
  await sound(data);
});

test('the log is removed while no program runs: the loss is reported, and no number is used twice in one epoch', async (t) => {
  const { data, sender, poller, say, read, remove } = await start(t);
  await say('a');
  const { epoch } = await read();
  await stop(sender, 'SIGKILL');
  await stop(poller, 'SIGKILL');
  remove('chat.db-wal', 'chat.db-shm');
  const { json } = await send(data, { text: 'b' });
  assert.equal(json.seq, 1);
  assert.notEqual(json.epoch, epoch);
  assert.ok((await topics(data)).includes('data-lost'));
  await sound(data);
});

test('another database replaces chat.db, but the old log stays: the log is moved aside and not applied to the new database', async (t) => {
  const one = await start(t);
  const two = await start(t);
  await one.say('a');
  for (const text of ['x', 'y']) await two.say(text);
  await Promise.all([one, two].flatMap(({ sender, poller }) => [stop(sender), stop(poller)]));
  for (const text of ['b', 'c', 'd']) assert.equal((await send(one.data, { text })).status, 201);
  fs.copyFileSync(path.join(two.data, 'chat.db'), path.join(one.data, 'new.db'));
  fs.renameSync(path.join(one.data, 'new.db'), path.join(one.data, 'chat.db'));
  assert.deepEqual(texts((await poll(one.data)).json), ['x', 'y']);
  await sound(one.data);
  if (fs.statSync(path.join(one.data, 'chat.db')).birthtimeMs > 0)
    assert.ok((await topics(one.data)).includes('data-aside'));
});

test('after a minute without messages, and after the programs have ended, chat.db alone contains the whole chat', async (t) => {
  const { data, sender, say } = await start(t);
  const copy = path.join(temporaryFolder(t), 'copy.db');
  const inCopy = () => {
    fs.copyFileSync(path.join(data, 'chat.db'), copy);
    return spawnSync('sqlite3', [`file:${copy}?immutable=1`, 'SELECT text FROM message ORDER BY seq'], {
      encoding: 'utf8',
    }).stdout.trim();
  };
  await say('a');
  assert.equal(inCopy(), '', 'the message is in the log');
  const old = Date.now() / 1000 - 100;
  fs.utimesSync(path.join(data, 'chat.db-wal'), old, old);
  await until(() => inCopy() === 'a', 'the log to be copied to chat.db');
  await say('b');
  assert.equal(inCopy(), 'a');
  await stop(sender);
  assert.equal(inCopy(), 'a\nb');
});

test('plain CGI: the log is copied to chat.db once a minute, by the next request', async (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  const log = path.join(data, 'chat.db-wal');
  await send(data, { text: 'a' });
  const old = Date.now() / 1000 - 100;
  fs.utimesSync(log, old, old);
  await poll(data);
  const rows = spawnSync('sqlite3', [`file:${path.join(data, 'chat.db')}?immutable=1`, 'SELECT text FROM message'], {
    encoding: 'utf8',
  });
  assert.equal(rows.stdout.trim(), 'a');
});

test('temporary files of killed processes are removed by the next start; those of a running process stay', async (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  fs.mkdirSync(data, { mode: 0o700 });
  const file = (name) => path.join(data, name);
  for (const name of [
    'chat.bell.Ab12cd',
    'chat.tally.zzzzzz',
    'chat.key-0123456789abcdef0123456789abcdef',
    'chat.key-old',
  ])
    fs.writeFileSync(file(name), 'left', { mode: 0o600 });
  const made = spawn('flock', [file('chat.bell.Living'), '-c', 'echo here; read x'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  atEnd(t, () => made.kill());
  fs.writeFileSync(file('chat.bell.Living'), 'half', { mode: 0o600 });
  await once(made.stdout, 'data');
  const { poller, read } = await startAt(t, data);
  assert.equal((await fastcgi(poller.socket, { program: 'poll', query: 'since=0' })).status, 200);
  assert.equal(
    (
      await fastcgi(
        (await startFastcgi(t, 'send', data, { env: { POLLCHAT_HEADS: path.join(temporaryFolder(t), 'heads') } }))
          .socket,
        { program: 'send', method: 'POST', type: 'text/plain', body: 'hi' },
      )
    ).status,
    201,
  );
  assert.deepEqual(texts(await read()), ['hi']);
  // chat.key-old is a copy that the owner made.
  assert.deepEqual(fs.readdirSync(data).filter((name) => /^chat\.(bell|tally|key)[.-]/.test(name)), ['chat.bell.Living', 'chat.key-old']);
});

test('a removed file of counters is created again by the running programs', async (t) => {
  const { data, say, read, remove } = await start(t);
  await say('a');
  await read();
  remove('chat.tally');
  await until(() => fs.existsSync(path.join(data, 'chat.tally')), 'the file of counters to be there');
  const before = (await status(data)).requests;
  await say('b');
  await until(
    async () => JSON.stringify((await status(data)).requests) !== JSON.stringify(before),
    'running programs to use the new file of counters',
  );
});

test('on a full disk without a log messages can be read; once there is space, new ones appear', async (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  for (const text of ['a', 'b']) await send(data, { text });
  // When sqlite3 ends, it removes both side files.
  spawnSync('sqlite3', [path.join(data, 'chat.db'), 'PRAGMA wal_checkpoint(TRUNCATE)']);
  assert.equal(fs.existsSync(path.join(data, 'chat.db-wal')), false);
  for (const name of ['chat.bell', 'chat.tally']) fs.rmSync(path.join(data, name));
  const file = path.join(temporaryFolder(t), 'poll');
  fs.writeFileSync(file, `#!/bin/sh\nulimit -f 8\nexec ${programPath('poll')}\n`, { mode: 0o755 });
  const poller = await startFastcgi(t, 'poll', data, { file });
  const ask = () => fastcgi(poller.socket, all);
  for (let i = 0; i < 3; i++) {
    const answer = await ask();
    assert.equal(answer.status, 200, answer.body);
    assert.deepEqual(texts(answer.json), ['a', 'b']);
  }
  const sender = await startFastcgi(t, 'send', data); // a process without the limit
  assert.equal(
    (await fastcgi(sender.socket, { program: 'send', method: 'POST', type: 'text/plain', body: 'c' })).json.seq,
    3,
  );
  await until(async () => (await ask()).json.messages?.length === 3, 'the new message');
});
