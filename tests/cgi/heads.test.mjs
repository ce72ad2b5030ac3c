// heads.test.mjs - head files, one for each room, with the number of its last message. send writes
// them, poll repairs them, and names them to clients that cannot wait. As plain CGI.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { aboutSqlite, fastcgi, poll, send, startFastcgi, temporaryFolder } from './program.mjs';

function place(t) {
  const folder = temporaryFolder(t);
  const data = path.join(folder, 'data');
  const heads = path.join(folder, 'heads');
  const extra = { POLLCHAT_HEADS: heads };
  const file = (answer) => path.join(heads, answer.json.watch.slice('heads/'.length));
  return {
    folder, data, heads, extra,
    send: (fields, more = {}) => send(data, fields, { extra: { ...extra, ...more } }),
    poll: (query, more = {}) => poll(data, query, { extra: { ...extra, ...more } }),
    said: (answer) => JSON.parse(fs.readFileSync(file(answer), 'utf8')),
    file,
  };
}

test('send writes the head file before it answers, and poll names that file', aboutSqlite, async (t) => {
  const p = place(t);
  for (let head = 1; head <= 3; head++) {
    const sent = await p.send({ text: 'hi' });
    assert.equal(sent.status, 201);
    const [name] = fs.readdirSync(p.heads);
    assert.match(name, /^[0-9a-f]{32}$/);
    assert.equal(fs.readFileSync(path.join(p.heads, name), 'utf8'), `{"epoch":"${sent.json.epoch}","head":${head}}\n`);
    const polled = await p.poll('since=0');
    assert.equal(polled.json.watch, `heads/${name}`);
    assert.equal(polled.json.poll_after, 2);
  }
  assert.equal((await p.send({ text: 'hi', room: 'dev' })).status, 201);
  assert.equal(fs.readdirSync(p.heads).length, 2);
  const { watch } = (await p.poll('room=dev')).json;
  assert.notEqual(watch, (await p.poll('')).json.watch);
});

test('poll names the head file only where it answers with wait 0, for each room that has messages, in JSON and in the cursor line', aboutSqlite, async (t) => {
  const p = place(t);
  await p.send({ text: 'hi' });
  assert.match((await p.poll('since=1')).json.watch, /^heads\/[0-9a-f]{32}$/);
  const lines = (await p.poll('since=0&format=ndjson')).body.trim().split('\n');
  assert.match(JSON.parse(lines.at(-1)).watch, /^heads\//);
  assert.equal((await p.poll('since=1&wait=1')).json.watch, undefined, 'the poll waited');
  assert.match((await p.poll('since=1&wait=1', { POLLCHAT_MAX_HELD: '0' })).json.watch, /^heads\//, 'no poll may wait');
  assert.match((await p.poll('since=1&wait=1', { POLLCHAT_MAX_WAIT: '0' })).json.watch, /^heads\//);
  assert.doesNotMatch((await p.poll('since=0&format=text')).body, /heads/);
  const { watch } = (await p.poll('since=1')).json;
  assert.deepEqual((await p.poll('room=lobby:0&room=dev:0')).json.watch, { lobby: watch });
  for (const query of ['room=dev:0&room=nobody:0', 'before=2', 'room=nobody']) {
    const polled = await p.poll(query);
    assert.equal(polled.status, 200);
    assert.equal(polled.json.watch, undefined, query);
  }
  assert.equal((await poll(p.data, 'since=1')).json.watch, undefined, 'not without the setting');
  assert.equal(fs.readdirSync(p.heads).length, 1, 'asking for an unknown room creates no file');
});

test('after a sender was killed between its commit and the head file, the next poll repairs the file', aboutSqlite, async (t) => {
  const p = place(t);
  const source = path.join(p.folder, 'die.c');
  const library = path.join(p.folder, 'die.so');
  fs.writeFileSync(
    source,
    '#include <signal.h>\n#include <unistd.h>\nint renameat(int a, const char *b, int c, const char *d)\n{ (void)a; (void)b; (void)c; (void)d; kill(getpid(), SIGKILL); return -1; }\n',
  );
  const [compiler, ...flags] = (process.env.CC || 'cc').split(' ');
  const built = spawnSync(compiler, [...flags, '-shared', '-fPIC', '-o', library, source], { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr);
  await p.send({ text: 'first' });
  const dying = await p.send({ text: 'second' }, { LD_PRELOAD: library, ASAN_OPTIONS: 'verify_asan_link_order=0' });
  assert.equal(dying.signal, 'SIGKILL');
  assert.equal(fs.readdirSync(p.heads).filter((name) => name.startsWith('.new-')).length, 1);
  const polled = await p.poll('since=1');
  assert.deepEqual(polled.json.messages.map(({ text }) => text), ['second']);
  assert.deepEqual(p.said(polled), { epoch: polled.json.epoch, head: 2 });
});

test('after the folder was emptied, the database replaced or the key lost, the next poll writes and names the file', aboutSqlite, async (t) => {
  const p = place(t);
  await p.send({ text: 'one' });
  await p.send({ text: 'two' });
  fs.rmSync(p.heads, { recursive: true });
  const first = await p.poll('since=2');
  assert.deepEqual(p.said(first), { epoch: first.json.epoch, head: 2 });

  for (const name of fs.readdirSync(p.data).filter((each) => each.startsWith('chat.db')))
    fs.rmSync(path.join(p.data, name));
  await send(p.data, { text: 'anew' }); // by a program that writes no head files
  const second = await p.poll('since=0');
  assert.notEqual(second.json.epoch, first.json.epoch);
  assert.equal(second.json.watch, first.json.watch);
  assert.deepEqual(p.said(second), { epoch: second.json.epoch, head: 1 });

  fs.rmSync(path.join(p.data, 'chat.key'));
  const third = await p.poll('since=0');
  assert.notEqual(third.json.watch, second.json.watch);
  assert.deepEqual(p.said(third), { epoch: third.json.epoch, head: 1 });
});

test('a folder that cannot be created makes no request fail, and the log says so once', aboutSqlite, async (t) => {
  const p = place(t);
  fs.writeFileSync(p.heads, 'a file');
  const sent = await p.send({ text: 'hi' });
  assert.equal(sent.status, 201);
  // The setting and the path, so it is one line.
  assert.equal(sent.stderr.match(/heads/g)?.length, 2, sent.stderr);
  const polled = await p.poll('since=0');
  assert.equal(polled.status, 200);
  assert.equal(polled.json.watch, undefined);
});

test('FastCGI: an answer to a poll that waited names no head file; where polls cannot wait, it does', aboutSqlite, async (t) => {
  const p = place(t);
  await p.send({ text: 'hi' });
  for (const [most, isTold] of [['10', false], ['0', true]]) {
    const { socket } = await startFastcgi(t, 'poll', p.data, {
      env: { POLLCHAT_HEADS: p.heads, POLLCHAT_MAX_WAITING: most },
    });
    const polled = await fastcgi(socket, { program: 'poll', query: 'since=1&wait=1' });
    assert.equal(polled.status, 200);
    assert.equal(polled.json.watch !== undefined, isTold, polled.body);
  }
});
