// move.test.mjs - pollchat move: a chat goes from SQLite into PostgreSQL and back, whole, while
// people use it, also if the move is killed again and again.
//
// Environment: MESSAGES  how many messages are there when senders write all the time; default 20,000
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { ask, psqlPath, startPostgres } from '../postgres/postgres.mjs';
import { atEnd, fastcgi, poll, pollchat, pollRequest, programPath, send, startFastcgi, temporaryFolder, until } from './program.mjs';

const isHere = fs.existsSync(programPath('pollchat-postgres.so'));
const options = { skip: isHere ? false : 'built without PostgreSQL' };
const sqlite = { POLLCHAT_STORE: 'sqlite' };

let cluster;
after(() => cluster?.end());

/** The address of a new, empty database. */
async function newDatabase() {
  cluster ??= await startPostgres();
  return cluster.address(await cluster.database());
}

const newData = (t) => path.join(temporaryFolder(t), 'data');

/** Runs SQL in chat.db; returns the rows as text. */
function sql(data, text) {
  return execFileSync('sqlite3', ['-cmd', '.timeout 20000', path.join(data, 'chat.db')], {
    input: text,
    encoding: 'utf8',
    maxBuffer: 256 << 20,
  }).trim();
}

const move = (data, store, to, ...more) =>
  pollchat(['move', '--data', data, '--to', to, ...more], { POLLCHAT_STORE: store });

async function moved(data, store, to, ...more) {
  const result = await move(data, store, to, ...more);
  assert.equal(result.code, 0, result.stdout + result.stderr);
  return result.stdout;
}

async function sound(data, store) {
  const check = await pollchat(['check', '--data', data], { POLLCHAT_STORE: store });
  assert.equal(check.code, 0, check.stdout + check.stderr);
}

/** A folder with an empty chat in SQLite. */
async function newChat(t) {
  const data = newData(t);
  fs.mkdirSync(data, { mode: 0o700 });
  await pollchat(['prepare', '--data', data], sqlite);
  return data;
}

/** The data folder of another host that serves the chat. */
function newHost(t, data) {
  const other = newData(t);
  fs.mkdirSync(other, { mode: 0o700 });
  fs.copyFileSync(path.join(data, 'chat.key'), path.join(other, 'chat.key'));
  return other;
}

const tablesOf = (data) =>
  sql(data, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1;").split('\n');

/** All rows of all tables, and the last numbers that rows had. Not what belongs to the file. */
function dump(data) {
  const tables = tablesOf(data).filter((name) => name !== 'meta');
  return sql(
    data,
    [
      '.mode quote',
      'SELECT epoch, created_ms, rules, upkept_ms FROM meta;',
      'SELECT name, seq FROM sqlite_sequence ORDER BY 1;',
      ...tables.map((name) => `SELECT '${name}', * FROM ${name} ORDER BY 2, 3;`),
    ].join('\n'),
  );
}

/** Rows in every table; each column has a value somewhere, and NULL elsewhere where it may. */
const everything = `
PRAGMA foreign_keys = ON;
BEGIN IMMEDIATE;
UPDATE meta SET rules = 41, upkept_ms = 1700000000001, created_ms = 1600000000000;
INSERT INTO room (room_id, name, head, oldest, created_ms, kind, kind_until, slow_s, hours, newcomers, newcomers_until, keep_days, keep_count, bare)
VALUES (3, 'lobby', 6, 2, 1, 2, 5, 7, 'mon-fri 08:00-18:00 +60', 3, 9, 11, 13, 1), (7, 'empty', 0, 1, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0),
       (9, 'a-z_9', 1, 1, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO person (person_id, role, made, signed, mark, trusted, first_ms, seen_ms, title, moved_key, erasing)
VALUES (2, 4, 1, 1, 65535, 1, 10, 11, 'Ännchen "x" \\ ''y''', x'00112233445566778899aabbccddeeff', 206158430214),
       (5, 2, 0, 0, 0, 0, 10, 11, NULL, NULL, NULL), (90, 2, 0, 0, 0, 0, 10, 11, NULL, NULL, NULL);
INSERT INTO message (message_id, time_ms, type, reply_to, name, id, id_sent, text, target, edited, state, person_id, sender, network)
VALUES (3 << 36 | 2, 20, 1, NULL, 'ann', 'id-1', 1, 'edited text', NULL, 3, NULL, 2, 65536, x'0000000000000000000000000000000000'),
       (3 << 36 | 3, 21, 2, NULL, 'ann', 'id-2', 1, '', 2, NULL, NULL, 2, 65536, NULL),
       (3 << 36 | 4, 22, 1, 2, 'bob', 'AAAAAAAAAAAAAAAAAAAAAA.4', 0, '😀' || char(10) || char(9) || '"\\{},' || char(1), NULL, NULL, 2, NULL, NULL, NULL),
       (3 << 36 | 5, 23, 1, NULL, '5', 'same', 1, 'a guest', NULL, NULL, NULL, NULL, NULL, NULL),
       (3 << 36 | 6, 24, 1, NULL, 'five', 'same', 1, '${'long '.repeat(3000)}', NULL, NULL, 3, 5, 1, NULL),
       (9 << 36 | 1, 24, 4, NULL, 'notice', 'n', 1, '', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO key VALUES (x'ff000000000000000000000000000000', 2, 30), (x'00000000000000000000000000000000', 5, 31), (x'7f5c0000000000000000000000000027', 2, 32);
INSERT INTO name VALUES ('ann', 'ann', 'Ann', 2, 1, 2, 3, 1), ('ä', 'a', 'Ä', 5, 1, 2, NULL, 0), ('z', 'z', 'Z', 5, 1, 2, NULL, 0), ('日本', '日本', '日本', 2, 1, 2, NULL, 0);
INSERT INTO room_role VALUES (2, 3, 3), (2, 7, 1), (5, 3, 0);
INSERT INTO network_secret VALUES (4, randomblob(32), 5);
INSERT INTO ban VALUES (1, 1, 3, 2, NULL, NULL, NULL, 'Ann', 'flood', 2, 1, 99), (2, 2, NULL, NULL, 'bad', NULL, NULL, 'bad', '', NULL, 1, NULL),
                       (3, 3, NULL, NULL, NULL, x'0102030405060708090a0b0c0d0e0f1011', NULL, '', '', NULL, 1, NULL),
                       (8, 3, NULL, NULL, NULL, NULL, x'0102030405060708090a0b0c0d0e0f1012', '', '', NULL, 1, NULL);
INSERT INTO report VALUES (6, 3 << 36 | 4, x'00ff', 'rude', 7, 8), (7, 3 << 36 | 4, x'01', '', 7, NULL);
INSERT INTO held VALUES (12, 3, 'lobby', 1, 4, 'ann', 'h1', 'wait', 2, 65536, x'0102030405060708090a0b0c0d0e0f1011', 'link'),
                        (13, NULL, 'new', 1, NULL, 'guest', 'h1', 'wait', NULL, NULL, NULL, 'word');
INSERT INTO word VALUES (3, 'spam', 1, 2), (4, 'müll*', 0, 3);
INSERT INTO invite VALUES (2, x'00112233445566778899aabbccddeeff', 2, NULL, NULL, 2, 1, 2, 3), (3, x'00112233445566778899aabbccddeefe', NULL, 3, 3, NULL, 1, 2, 0);
INSERT INTO audit VALUES (1, 2, 2, 'Ann', 'ban', 'lobby', 4, 'bob', 'why', 'detail'), (2, 3, NULL, 'pollchat', 'x', NULL, NULL, NULL, NULL, NULL);
INSERT INTO setting VALUES ('guests', 'no'), ('max_text', '99');
DELETE FROM person WHERE person_id = 90;
COMMIT;
`;

test('every table and column arrives, there and back, byte for byte', options, async (t) => {
  const data = await newChat(t);
  sql(data, everything);
  for (const table of tablesOf(data)) {
    for (const column of sql(data, `SELECT name FROM pragma_table_info('${table}');`).split('\n')) {
      if (`${table}.${column}` === 'meta.scrub') continue; // of the file, not of the chat
      const filled = sql(data, `SELECT count(*) FROM ${table} WHERE "${column}" IS NOT NULL AND "${column}" NOT IN (0, '');`);
      assert.notEqual(filled, '0', `the rows of this test have no value in ${table}.${column}: add it here and to move_tables.c`);
    }
  }
  const before = dump(data);
  const address = await newDatabase();
  const told = JSON.parse(await moved(data, 'sqlite', address, '--json'));
  assert.deepEqual(
    told.tables.map(({ name, rows }) => `${name} ${rows}`).sort(),
    tablesOf(data).filter((name) => name !== 'meta').map((name) => `${name} ${sql(data, `SELECT count(*) FROM ${name};`)}`),
  );
  await sound(data, address);
  const other = newHost(t, data);
  await moved(other, address, 'sqlite');
  await sound(other, 'sqlite');
  assert.equal(dump(other), before);
});

test('new rows in PostgreSQL get numbers behind the greatest one that was ever given', options, async (t) => {
  const data = await newChat(t);
  sql(data, everything);
  const address = await newDatabase();
  await moved(data, 'sqlite', address);
  assert.equal(ask(address, "INSERT INTO person (mark, first_ms, seen_ms) VALUES (1, 1, 1) RETURNING person_id"), '91');
  assert.equal(ask(address, "INSERT INTO room (name, head, oldest, created_ms) VALUES ('next', 0, 1, 1) RETURNING room_id"), '10');
  assert.equal(ask(address, "INSERT INTO audit (time_ms, who, act) VALUES (1, 'x', 'y') RETURNING audit_id"), '3');
});

const viaCgi = (data, store, fields) => send(data, fields, { extra: { POLLCHAT_STORE: store } });

test('the old database answers 503 and says why, the new one goes on with the same epoch and numbers', options, async (t) => {
  const data = newData(t);
  const first = await viaCgi(data, 'sqlite', { text: 'one', id: 'a' });
  const address = await newDatabase();
  const told = await moved(data, 'sqlite', address);
  assert.match(told, /store = postgresql:\/\/chat:\(not shown\)@/);
  const late = await viaCgi(data, 'sqlite', { text: 'two', id: 'b' });
  assert.equal(late.status, 503);
  assert.ok(Number(late.headers['retry-after']) >= 1);
  assert.match(late.stderr, /moved out of this database.*Change the setting 'store'/);
  assert.equal((await poll(data, 'since=0', { extra: sqlite })).status, 503);
  const doctor = await pollchat(['doctor', '--data', data], sqlite);
  assert.match(doctor.stdout, /^wrong +database +.*has moved to another database/m);
  assert.match(doctor.stderr, /Change the setting 'store'/);
  const again = await viaCgi(data, address, { text: 'one', id: 'a' });
  assert.deepEqual([again.json.seq, again.json.epoch], [1, first.json.epoch]);
  const second = await viaCgi(data, address, { text: 'two', id: 'b' });
  assert.deepEqual([second.status, second.json.seq, second.json.epoch], [201, 2, first.json.epoch]);
  assert.match(await moved(data, 'sqlite', address), /was moved there before/);
});

test('a chat that comes back to its old database has what was written, erased and removed since', options, async (t) => {
  const data = newData(t);
  for (let i = 1; i <= 6; i++) {
    await viaCgi(data, 'sqlite', { text: `old-text-${i}-end`, id: `a${i}` });
  }
  const address = await newDatabase();
  await moved(data, 'sqlite', address);
  await viaCgi(data, address, { text: 'new text', id: 'b' });
  ask(address, "UPDATE message SET text = '', state = 1 WHERE seq = 4; DELETE FROM message WHERE seq <= 2; UPDATE room SET oldest = 3");
  await moved(data, address, 'sqlite');
  await sound(data, 'sqlite');
  const { json } = await poll(data, 'since=0', { extra: sqlite });
  assert.deepEqual(json.messages.map(({ seq, text }) => [seq, text]).filter(([seq]) => seq !== 4),
    [[3, 'old-text-3-end'], [5, 'old-text-5-end'], [6, 'old-text-6-end'], [7, 'new text']]);
  assert.equal(sql(data, "SELECT count(*) FROM message WHERE text LIKE 'old-text-4%' OR seq < 3;"), '0');
  assert.equal((await viaCgi(data, 'sqlite', { text: 'at home', id: 'c' })).status, 201);
  assert.equal((await viaCgi(data, address, { text: 'too late', id: 'd' })).status, 503);
  assert.equal((await viaCgi(data, 'sqlite', { text: 'and again', id: 'e' })).status, 201, 'a program with the old setting spoils nothing');
});

test('a host with another chat.key moves nothing: visitors would be other persons there', options, async (t) => {
  const data = newData(t);
  await viaCgi(data, 'sqlite', { text: 'one' });
  const address = await newDatabase();
  await moved(data, 'sqlite', address);
  const stranger = newData(t);
  fs.mkdirSync(stranger, { mode: 0o700 });
  const refused = await move(stranger, address, 'sqlite');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /chat\.key .* isn't that of this chat/);
  assert.equal((await viaCgi(data, address, { text: 'two' })).json.seq, 2);
});

test('undo opens the old database again as long as the new one is as it was', options, async (t) => {
  const data = newData(t);
  await viaCgi(data, 'sqlite', { text: 'one', id: 'a' });
  const address = await newDatabase();
  assert.match((await move(data, 'sqlite', address, '--undo')).stderr, /nothing to undo/);
  await moved(data, 'sqlite', address);
  assert.match(await moved(data, 'sqlite', address, '--undo'), /goes on where it was/);
  assert.equal((await viaCgi(data, 'sqlite', { text: 'two', id: 'b' })).json.seq, 2);
  assert.equal((await viaCgi(data, address, { text: 'no', id: 'c' })).status, 503);
  await moved(data, 'sqlite', address);
  assert.equal((await viaCgi(data, address, { text: 'three', id: 'd' })).json.seq, 3);
  const refused = await move(data, 'sqlite', address, '--undo');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /people have used it since/);
  assert.equal((await viaCgi(data, address, { text: 'four', id: 'e' })).json.seq, 4);
});

test('a move that was killed between its two last steps is finished, or undone, by the next command', options, async (t) => {
  const data = newData(t);
  await viaCgi(data, 'sqlite', { text: 'one' });
  const address = await newDatabase();
  await moved(data, 'sqlite', address);
  for (const [more, store] of [[['--undo'], 'sqlite'], [[], address]]) {
    ask(address, 'UPDATE meta SET schema = schema % 1000 + 1000');
    sql(data, 'UPDATE meta SET schema = schema % 1000 + 2000;');
    for (const refused of ['sqlite', address]) {
      assert.equal((await viaCgi(data, refused, { text: 'no' })).status, 503);
    }
    await moved(data, 'sqlite', address, ...more);
    assert.equal((await viaCgi(data, store, { text: 'more' })).status, 201);
  }
  assert.equal((await poll(data, 'since=0', { extra: { POLLCHAT_STORE: address } })).json.head, 3);
  await sound(data, address);
});

test('a database that has another chat is left alone, and so is the old one', options, async (t) => {
  const address = await newDatabase();
  const other = newData(t);
  const theirs = { POLLCHAT_STORE: address };
  assert.equal((await viaCgi(other, address, { text: 'other' })).status, 201);
  const data = newData(t);
  await viaCgi(data, 'sqlite', { text: 'one' });
  for (const more of [[], ['--undo']]) {
    const refused = await move(data, 'sqlite', address, ...more);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /another chat|nothing to undo/);
  }
  assert.equal((await viaCgi(data, 'sqlite', { text: 'two' })).json.seq, 2);
  assert.equal((await poll(other, 'since=0', { extra: theirs })).json.messages.length, 1);
});

test('what can\'t be is told, and changes nothing', options, async (t) => {
  const data = newData(t);
  const address = await newDatabase();
  const cases = [
    [[data, 'sqlite', address], /no folder|no chat in the store/],
    [[data, 'sqlite', 'sqlite'], /is in SQLite already/],
    [[data, 'sqlite', 'postgresql://'.slice(0, 9)], /--to must be sqlite or postgresql/],
  ];
  for (const [args, text] of cases) {
    const refused = await move(...args);
    assert.equal(refused.code, 1, refused.stdout);
    assert.match(refused.stderr, text);
  }
  assert.equal((await viaCgi(data, 'sqlite', { text: 'one' })).status, 201);
  const away = await move(data, 'sqlite', 'postgresql://x:secret-word@/chat?host=/nowhere');
  assert.match(away.stderr, /The new database: The database can't be reached/);
  assert.doesNotMatch(away.stderr, /secret-word/);
  assert.match((await move(data, address, address)).stderr, /no chat|in already/);
  assert.equal((await viaCgi(data, 'sqlite', { text: 'two' })).json.seq, 2);
});

const inTea = (count) => count * 0.4 - 1;

/** Makes `count` messages in three rooms, and some hundred persons. count: a multiple of ten. */
const many = (count) => `
BEGIN IMMEDIATE;
INSERT INTO room (room_id, name, head, oldest, created_ms) VALUES (1, 'lobby', ${count * 0.6}, 1, 1), (2, 'tea', ${inTea(count)}, 1, 1), (3, 'one', 1, 1, 1);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
INSERT INTO message (message_id, time_ms, type, name, id, id_sent, text, person_id)
SELECT CASE WHEN i <= ${count * 0.6} THEN 1 << 36 | i WHEN i < ${count} THEN 2 << 36 | (i - ${count * 0.6}) ELSE 3 << 36 | 1 END, i, 1, 'n' || i % 700, 'c' || i, 1, 'text ' || i || ' end', i % 700 + 1 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700)
INSERT INTO person (person_id, mark, first_ms, seen_ms, title) SELECT i, i, 1, 1, 'n' || i FROM n;
INSERT INTO key (hash, person_id, added_ms) SELECT randomblob(16), person_id, 1 FROM person;
INSERT INTO name (fold, look, name, person_id, claimed_ms, used_ms) SELECT 'n' || person_id, 'n', 'N' || person_id, person_id, 1, 1 FROM person;
COMMIT;
`;

/** Starts a move that can be killed. */
function startMove(data, store, to) {
  const child = spawn(programPath('pollchat'), ['move', '--data', data, '--to', to], {
    env: { PATH: process.env.PATH, POLLCHAT_STORE: store },
    stdio: 'ignore',
  });
  return { child, end: once(child, 'close') };
}

test('a move that is killed again and again goes on, and the chat with it', options, async (t) => {
  const data = await newChat(t);
  sql(data, many(20_000));
  const address = await newDatabase();
  let sent = 0;
  let kills = 0;
  for (let i = 0; i < 12; i++) {
    const { child, end } = startMove(data, 'sqlite', address);
    await Promise.race([end, sleep(20 + Math.random() * 60 * (i + 1))]);
    child.kill('SIGKILL');
    const [code] = await end;
    kills += code === null;
    const state = sql(data, 'SELECT schema / 1000 FROM meta;');
    if (state !== '0') break; // it came to its end, or nearly
    const answer = await viaCgi(data, 'sqlite', { text: `new ${i}`, id: `new${i}` });
    assert.equal(answer.status, 201, answer.body);
    sent += 1;
    sql(data, `UPDATE message SET text = '', state = 1, id = 'erased.' || seq WHERE message_id = 1 << 36 | ${100 + i * 7};
               DELETE FROM name WHERE fold = 'n${i + 1}'; DELETE FROM key WHERE person_id = ${i + 1}; DELETE FROM person WHERE person_id = ${i + 1};
               DELETE FROM message WHERE room_id = 2 AND seq <= ${i * 3}; UPDATE room SET oldest = ${i * 3 + 1} WHERE room_id = 2;`);
  }
  assert.ok(kills >= 1, 'no move was killed in the middle');
  const before = dump(data);
  await moved(data, 'sqlite', address);
  const other = newHost(t, data);
  for (let i = 0; i < 6; i++) {
    const { child, end } = startMove(other, address, 'sqlite');
    await Promise.race([end, sleep(20 + Math.random() * 60 * (i + 1))]);
    child.kill('SIGKILL');
    await end;
  }
  await moved(other, address, 'sqlite');
  assert.equal(dump(other), before);
  await sound(other, 'sqlite');
  t.diagnostic(`${kills} killed, ${sent} sent between them`);
});

test('a move whose connection breaks says so, and goes on when it is called again', options, async (t) => {
  const data = await newChat(t);
  sql(data, many(20_000));
  const before = dump(data);
  const address = await newDatabase();
  let broken = 0;
  for (let i = 1; i <= 4; i++) {
    const moving = move(data, 'sqlite', address);
    await sleep(100 * i);
    await cluster.restart('immediate');
    const result = await moving;
    if (result.code === 0) break; // it was faster
    broken += 1;
    assert.match(result.stderr, /The new database: /);
    assert.equal(sql(data, 'SELECT schema / 1000 FROM meta;'), '0', result.stderr);
  }
  assert.ok(broken > 0, 'no connection broke');
  await moved(data, 'sqlite', address);
  const other = newHost(t, data);
  await moved(other, address, 'sqlite');
  assert.equal(dump(other), before);
});

test('a move works through PgBouncer in transaction mode', options, async (t) => {
  const data = await newChat(t);
  sql(data, everything);
  const before = dump(data);
  await newDatabase();
  const pool = await cluster.pool('transaction', await cluster.database());
  await moved(data, 'sqlite', pool);
  const other = newHost(t, data);
  await moved(other, pool, 'sqlite');
  assert.equal(dump(other), before);
});

const posted = (fields) => ({
  program: 'send',
  method: 'POST',
  type: 'application/x-www-form-urlencoded',
  body: new URLSearchParams(fields).toString(),
});

/** A SELECT that gives the same bytes in both stores, of the rows that are part of the chat. */
function selectOf(data, table) {
  const info = `pragma_table_info('${table}')`;
  const columns =
    table === 'meta'
      ? ['epoch', 'created_ms', 'rules', 'upkept_ms']
      : sql(data, `SELECT printf(CASE type WHEN 'BLOB' THEN 'CASE WHEN "%w" IS NOT NULL THEN hex("%w") END' ELSE '"%w"' END, name, name) FROM ${info};`).split('\n');
  const order = sql(data, `SELECT '"' || name || '"' FROM ${info} WHERE pk > 0 ORDER BY pk;`).split('\n');
  return `SELECT ${columns.map((column) => `ifnull(CAST(${column} AS text), 'NULL')`)} FROM ${table} ORDER BY ${order}`;
}

async function digestOf(program, ...args) {
  const hash = createHash('sha256');
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = once(child, 'close');
  for await (const piece of child.stdout) hash.update(piece);
  assert.equal((await end)[0], 0);
  return hash.digest('hex');
}

/** What each table contains, as digests. data: a folder with chat.db, which tells the columns. */
async function digestsOf(data, store) {
  const digests = {};
  for (const table of tablesOf(data)) {
    const text = selectOf(data, table);
    digests[table] = await (store === 'sqlite'
      ? digestOf('sqlite3', path.join(data, 'chat.db'), text)
      : digestOf(psqlPath(), '-wXAtq', '-d', store, '-c', text));
  }
  return digests;
}

/** Clients that use the room tea all the time, and come again after each 503. */
class Load {
  constructor(t, data, head) {
    Object.assign(this, { t, data, head, going: true, sent: [], sentAt: 0, refused: 0, epochs: new Set() });
  }

  /** Their requests go to programs of this store from now on, as when the setting is changed. */
  async use(store) {
    const old = this.programs;
    const env = { POLLCHAT_STORE: store };
    const start = (name) => startFastcgi(this.t, name, this.data, { name: `${name}.sock`, env });
    this.programs = { send: await start('send'), poll: await start('poll') };
    for (const program of Object.values(old ?? {})) {
      program.child.kill('SIGTERM');
      await program.gone;
    }
  }

  /** Repeats a request until it is answered, also if its program ends. */
  async ask(request) {
    for (;;) {
      assert.ok(!this.isOver, 'the test has ended');
      const answer = await fastcgi(this.programs[request.program].socket, request);
      if (answer.ended && [200, 201].includes(answer.status)) {
        this.epochs.add(answer.json.epoch);
        return answer.json;
      }
      assert.ok(!answer.ended || answer.status === 503, `${answer.status}: ${answer.body}`);
      if (answer.ended && request.program === 'send') {
        this.refused++;
      }
      await sleep(20);
    }
  }

  async sendOn(name) {
    for (let i = 1; this.going; i++) {
      const text = `${name}-${i}`;
      const { seq } = await this.ask(posted({ room: 'tea', name, text, id: text }));
      this.sent.push([seq, text]);
      this.sentAt = Date.now();
      await sleep(5); // the pace of a sender, not a wait for a condition
    }
  }

  /** Reads until all are read that were sent; returns them. */
  async readOn(senders) {
    const seen = [];
    let over = false;
    senders.then(() => (over = true), () => (over = true));
    for (;;) {
      const wasOver = over;
      const page = await this.ask(pollRequest(`room=tea&since=${this.head + seen.length}&limit=200&wait=1`));
      for (const { seq, text } of page.messages) {
        assert.equal(seq, this.head + seen.length + 1, 'no gap, no repeat, in order');
        seen.push([seq, text]);
      }
      if (wasOver && page.messages.length === 0) return seen;
    }
  }

  begin() {
    const senders = Promise.all(['ann', 'bob', 'cleo', 'dan', 'eve', 'fay'].map((name) => this.sendOn(name)));
    const readers = Promise.all([1, 2, 3].map(() => this.readOn(senders)));
    this.end = Promise.all([senders, readers]);
    this.end.catch(() => {}); // it is awaited later
  }

  /** Waits until so many more messages are stored. */
  async more(count) {
    const goal = this.sent.length + count;
    await Promise.race([this.end, until(() => this.sent.length >= goal, `${count} messages`)]);
  }

  /** The clients stop; returns what each reader has seen, and checks that it is what was stored. */
  async stop() {
    this.going = false;
    const [, readers] = await this.end;
    this.sent.sort(([a], [b]) => a - b);
    for (const seen of readers) {
      assert.deepEqual(seen, this.sent);
    }
  }
}

/** Moves the chat while clients use it. Both stores have the same then, and clients go on. */
async function moveUnderLoad(t, load, store, target) {
  const begin = Date.now();
  const { refused } = load;
  const result = await pollchat(['move', '--data', load.data, '--to', target], { POLLCHAT_STORE: store }, { limit: LONGEST_MOVE_MS });
  const end = Date.now();
  const without = end - load.sentAt;
  assert.equal(result.code, 0, result.stdout + result.stderr);
  await until(() => load.refused > refused, 'the old database to refuse messages');
  assert.deepEqual(await digestsOf(load.data, target), await digestsOf(load.data, store));
  t.diagnostic(`to ${target === 'sqlite' ? 'SQLite' : 'PostgreSQL'}: ${end - begin} ms, nothing was stored in the last ${without} ms`);
  await load.use(target);
  await load.more(100);
}

const MESSAGES = Number(process.env.MESSAGES ?? 20_000);
const LONGEST_MOVE_MS = 3_600_000;

test('there and back while people write and read: each message is there once, in order, and tables are equal byte for byte', options, async (t) => {
  const address = await newDatabase();
  const data = await newChat(t);
  sql(data, many(MESSAGES));
  const epoch = sql(data, 'SELECT epoch FROM meta;');
  const old = "SELECT * FROM message WHERE id NOT LIKE '%-%' ORDER BY message_id";
  const before = await digestOf('sqlite3', path.join(data, 'chat.db'), old);
  const load = new Load(t, data, inTea(MESSAGES));
  await load.use('sqlite');
  atEnd(t, () => (load.isOver = true)); // also if the test fails
  load.begin();
  await load.more(100);
  await moveUnderLoad(t, load, 'sqlite', address);
  await moveUnderLoad(t, load, address, 'sqlite');
  await load.stop();
  assert.deepEqual([...load.epochs], [epoch]);
  assert.equal(await digestOf('sqlite3', path.join(data, 'chat.db'), old), before);
  await sound(data, 'sqlite');
  t.diagnostic(`${MESSAGES} messages, ${load.sent.length} more sent meanwhile, ${load.refused} refusals`);
});
