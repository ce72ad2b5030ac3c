// upgrade.test.mjs - databases of another schema, older and newer programs on one database,
// pollchat backup and restore.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { atEnd, fastcgi, poll, pollchat, programPath, root, send, startFastcgi, temporaryFolder, until } from './program.mjs';

const form = 'application/x-www-form-urlencoded';
const newer = /made by a newer pollchat \(schema \d+\); this program is older/;

function sql(file, text) {
  const result = spawnSync('sqlite3', [file, text], { maxBuffer: 64 << 20 });
  assert.equal(result.status, 0, String(result.stderr));
  return String(result.stdout).trim();
}

const posted = (fields) => ({
  program: 'send',
  method: 'POST',
  type: form,
  body: new URLSearchParams(fields).toString(),
});
const beginning = (folder, prefix) => fs.readdirSync(folder).filter((name) => name.startsWith(prefix));

/** Makes the database look as if programs with the next schema had made it. */
function makeNewer(data) {
  const file = path.join(data, 'chat.db');
  const next = Number(sql(file, 'PRAGMA user_version')) + 1;
  sql(file, `BEGIN IMMEDIATE; UPDATE meta SET schema = ${next}; PRAGMA user_version = ${next}; COMMIT`);
}

test('running programs, new programs and pollchat refuse a database made by a newer program, and write nothing', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'hi' });
  const sender = await startFastcgi(t, 'send', data);
  const poller = await startFastcgi(t, 'poll', data);
  assert.equal((await fastcgi(sender.socket, posted({ text: 'x' }))).status, 201);
  assert.equal((await fastcgi(poller.socket, { program: 'poll', query: 'since=0' })).json.head, 2);
  makeNewer(data);
  const asked = {
    'a send that runs': () => fastcgi(sender.socket, posted({ text: 'y' })),
    'a poll that runs': () => fastcgi(poller.socket, { program: 'poll', query: 'since=0' }),
    'a new send': () => send(data, { text: 'y' }),
    'a new poll': () => poll(data),
  };
  let said = '';
  for (const [who, ask] of Object.entries(asked)) {
    for (let again = 0; again < 2; again++) {
      const answer = await ask();
      assert.equal(answer.status, 503, who);
      assert.equal(answer.json.type, 'urn:pollchat:problem:store-newer', who);
      assert.match(answer.json.detail, newer, who);
      assert.equal(answer.headers['retry-after'], '5', who);
      said += answer.stderr;
    }
  }
  for (const program of ['send', 'poll']) {
    const lines = said.split('\n').filter((line) => line.startsWith(`pollchat ${program}: 503 store-newer: `));
    assert.equal(lines.length, 1, `logged once a minute, whichever process answers:\n${said}`);
    assert.match(lines[0], newer);
  }
  const check = await pollchat(['check', '--data', data]);
  assert.equal(check.code, 1);
  assert.match(check.stderr, newer);
  assert.equal(sql(path.join(data, 'chat.db'), 'SELECT count(*) FROM message'), '2');
});

test('a request during an upgrade is told its progress, long before the time limit of the lock', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'hi' });
  fs.writeFileSync(path.join(data, 'chat.upgrade'), `${'copy   40'.padEnd(31)}\n`);
  const holder = spawn(
    'flock',
    [path.join(data, 'chat.db-lock'), 'flock', path.join(data, 'chat.upgrade'), 'sh', '-c', 'echo held; cat'],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  atEnd(t, () => {
    holder.stdin.end(); // cat, which flock runs, ends as well
    holder.kill();
  });
  await new Promise((resolve) => { holder.stdout.once('data', resolve); });
  const told = await send(data, { text: 'meanwhile' }, { extra: { POLLCHAT_BUSY_TIMEOUT: '30000' } });
  assert.equal(told.status, 503);
  assert.equal(told.json.type, 'urn:pollchat:problem:store-busy');
  assert.match(told.json.detail, /The chat is being upgraded.* 40 % are done/);
  assert.equal(told.headers['retry-after'], '1');
  holder.stdin.end();
  await new Promise((resolve) => { holder.once('exit', resolve); });
  assert.equal((await send(data, { text: 'afterwards' })).status, 201);
});

test('pollchat backup copies the database while the chat runs, and does not overwrite a file', async (t) => {
  const data = temporaryFolder(t);
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'a backup.db');
  await send(data, { text: 'hi' });
  const sender = await startFastcgi(t, 'send', data);
  let stop = false;
  let sent = 1;
  const busy = (async () => {
    for (; !stop; sent++) assert.equal((await fastcgi(sender.socket, posted({ text: 'x' }))).status, 201);
  })();
  const made = await pollchat(['backup', file, '--data', data]);
  stop = true;
  await busy;
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /^ok: /);
  assert.equal(made.stderr, '');
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  assert.equal(sql(file, 'PRAGMA integrity_check'), 'ok');
  const copied = Number(sql(file, 'SELECT count(*) FROM message'));
  assert.ok(copied >= 1 && copied <= sent);
  const again = await pollchat(['backup', file, '--data', data]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /exists already/);
  assert.equal((await pollchat(['backup', '--data', data])).code, 2);
  assert.equal((await pollchat(['check', file, '--data', data])).code, 2);
  assert.equal((await pollchat(['backup', path.join(folder, 'b.db'), '--data', path.join(folder, 'typo')])).code, 1);
  assert.deepEqual(fs.readdirSync(folder).filter((name) => !/-(wal|shm)$/.test(name)), ['a backup.db']);
});

test('after pollchat restore, running programs serve the restored chat under a new epoch', async (t) => {
  const data = temporaryFolder(t);
  const file = path.join(temporaryFolder(t), 'b.db');
  const { epoch } = (await send(data, { text: 'kept' })).json;
  assert.equal((await pollchat(['backup', file, '--data', data])).code, 0);
  const sender = await startFastcgi(t, 'send', data);
  const poller = await startFastcgi(t, 'poll', data);
  assert.equal((await fastcgi(sender.socket, posted({ text: 'gone' }))).json.seq, 2);
  const held = fastcgi(poller.socket, { program: 'poll', query: `since=2&wait=25&epoch=${epoch}` });
  const restored = await pollchat(['restore', file, '--data', data]);
  assert.equal(restored.code, 0, restored.stderr);
  const [, now] = /new epoch, ([\w-]{22}),/.exec(restored.stdout);
  assert.notEqual(now, epoch);
  const answer = await until(async () => {
    const one = await fastcgi(sender.socket, posted({ text: 'new', id: 'once' }));
    return one.status === 201 && one;
  }, 'a message to be stored');
  assert.deepEqual([answer.json.epoch, answer.json.seq], [now, 2]);
  assert.equal((await held).status, 409, 'a poll that waited is told as well');
  const old = await fastcgi(poller.socket, { program: 'poll', query: `since=2&epoch=${epoch}` });
  assert.equal(old.status, 409);
  assert.equal(old.json.epoch, now);
  const all = await fastcgi(poller.socket, { program: 'poll', query: 'since=0' });
  assert.deepEqual(all.json.messages.map((m) => m.text), ['kept', 'new']);
  const [kept] = beginning(data, 'chat-before-restore-');
  assert.ok(restored.stdout.includes(kept));
  assert.equal(sql(path.join(data, kept), "SELECT group_concat(text) FROM message"), 'kept,gone');
  assert.equal((await pollchat(['check', '--data', data])).code, 0);
});

test('pollchat restore accepts an older copy, refuses a newer or foreign one, and undoes an upgrade', async (t) => {
  const data = temporaryFolder(t);
  const file = path.join(temporaryFolder(t), 'b.db');
  await send(data, { text: 'kept' });
  assert.equal((await pollchat(['backup', file, '--data', data])).code, 0);
  makeNewer(data); // and the owner puts the older programs back
  const theirs = `${file}-newer`;
  assert.equal((await pollchat(['backup', theirs, '--data', data])).code, 0);
  const refused = await pollchat(['restore', theirs, '--data', data]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, newer);
  fs.writeFileSync(`${file}-foreign`, 'not at all');
  const foreign = await pollchat(['restore', `${file}-foreign`, '--data', data]);
  assert.match(foreign.stderr, /not a database of pollchat/);
  assert.equal(beginning(data, 'chat-').length, 0);
  assert.equal((await poll(data)).status, 503);
  assert.equal((await pollchat(['restore', file, '--data', data])).code, 0);
  assert.deepEqual((await poll(data)).json.messages.map((m) => m.text), ['kept']);
});

test('a copy named chat-restore.db replaces the database at the next request, by FastCGI and by plain CGI', async (t) => {
  const data = temporaryFolder(t);
  const file = path.join(data, 'b.db');
  await send(data, { text: 'kept' });
  const poller = await startFastcgi(t, 'poll', data);
  for (const [how, ask] of [['FastCGI', () => fastcgi(poller.socket, { program: 'poll', query: 'since=0' })], ['CGI', () => poll(data)]]) {
    assert.equal((await pollchat(['backup', file, '--data', data])).code, 0);
    const { epoch } = (await send(data, { text: 'gone' })).json;
    assert.equal((await ask()).json.head, 2, how);
    // Answered from the head in shared memory, without the database.
    assert.equal((await poll(data, 'since=2')).json.head, 2, how);
    fs.renameSync(file, path.join(data, 'chat-restore.db'));
    const answer = await until(async () => {
      const one = await ask();
      return one.status === 200 && one;
    }, 'an answer from the restored database');
    assert.deepEqual(answer.json.messages.map((m) => m.text), ['kept'], how);
    assert.notEqual(answer.json.epoch, epoch, how);
    assert.deepEqual((await poll(data, 'since=0')).json.messages.map((m) => m.text), ['kept'], how);
    assert.equal(beginning(data, 'chat-restore').length, 0, how);
  }
});

/** The number of the schema that the programs make. */
const latest = () => Math.max(...fs.readdirSync('sql/sqlite').map((name) => parseInt(name, 10) || 0));

const rowsOf = (file) => sql(file, `SELECT room.name, seq, time_ms, type, reply_to, message.name, id, hex(text)
  FROM message JOIN room USING (room_id) ORDER BY room.name, seq`);

/** A chat as the programs of schema 1 made it: `count` messages in turn in two rooms. */
function makeFirst(data, count) {
  const file = path.join(data, 'chat.db');
  fs.chmodSync(data, 0o700);
  sql(file, `PRAGMA application_id = 1885562996; BEGIN; ${fs.readFileSync('sql/sqlite/001-base.sql', 'utf8')}
    INSERT INTO meta VALUES (1, 'AAAAAAAAAAAAAAAAAAAAAA', 1, 1); PRAGMA user_version = 1;
    INSERT INTO room SELECT value, CASE value WHEN 7 THEN 'lobby' ELSE 'dev' END, ${count}, 1, 1 FROM json_each('[7, 2]');
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
      INSERT INTO message SELECT room_id, i, 1700000000000 + i, 1 + i % 4, nullif(i / 2, 0), CASE i % 2 WHEN 0 THEN 'ann' ELSE 'Jörg' END,
        CASE i % 3 WHEN 0 THEN hex(randomblob(11)) ELSE 'AAAAAAAAAAAAAAAAAAAAAA.' || (i + 1) END,
        CASE i WHEN 5 THEN replace(hex(zeroblob(100000)), '0', 'x') ELSE 'text ' || i || char(10) || '€' END
      FROM n, room;
    COMMIT;`);
  sql(file, 'PRAGMA journal_mode = WAL');
  return rowsOf(file);
}

test('a chat of schema 1 keeps its messages, and their ids are still known', async (t) => {
  const data = temporaryFolder(t);
  const rows = makeFirst(data, 12);
  const file = path.join(data, 'chat.db');
  const id = sql(file, "SELECT id FROM message JOIN room USING (room_id) WHERE room.name = 'lobby' AND seq = 4");
  const page = (await poll(data, 'since=3&room=lobby')).json;
  assert.deepEqual(page.messages.map(({ seq }) => seq), [4, 5, 6, 7, 8, 9, 10, 11, 12]);
  assert.deepEqual([page.messages[0].id, page.messages[0].reply_to, page.messages[1].text.length], [id, 2, 200000]);
  assert.equal(sql(file, 'PRAGMA user_version'), String(latest()));
  assert.equal(rowsOf(file), rows);
  const again = { text: 'text 4\n€', id, name: 'ann', reply_to: 2 };
  const repeated = await send(data, again);
  assert.deepEqual([repeated.status, repeated.json.seq], [200, 4]);
  assert.equal((await send(data, { ...again, text: 'another' })).status, 409);
  const added = await send(data, { text: 'new', name: 'ann' });
  assert.deepEqual([added.status, added.json.seq], [201, 13]);
  assert.equal((await send(data, { text: 'new', name: 'ann', room: 'dev' })).json.seq, 13);
  assert.equal((await send(data, { text: 'new', name: 'ann', id: added.json.id })).json.seq, 13, 'an id made by the server');
  const check = await pollchat(['check', '--data', data]);
  assert.match(check.stdout, /^ok: /, check.stderr);
  const [kept] = beginning(data, `chat-before-schema-${latest()}-`);
  assert.equal(rowsOf(path.join(data, kept)), rows);
  assert.equal((await pollchat(['restore', path.join(data, kept), '--data', data])).code, 0);
  assert.equal((await poll(data, 'since=0')).json.head, 12, 'a copy of schema 1 that is put back is upgraded again');
  assert.equal(rowsOf(file), rows);
});

test('a chat of schema 2 keeps its messages, in WAL and with a rollback journal', async (t) => {
  for (const journal of ['WAL', 'TRUNCATE']) {
    const data = temporaryFolder(t);
    const file = path.join(data, 'chat.db');
    const schema = ['001-base.sql', '002-message-by-number.sql'].map((name) => fs.readFileSync(`sql/sqlite/${name}`, 'utf8'));
    fs.chmodSync(data, 0o700);
    sql(file, `PRAGMA application_id = 1885562996; BEGIN; ${schema.join('\n')}
      INSERT INTO meta VALUES (1, 'AAAAAAAAAAAAAAAAAAAAAA', 1, 2); PRAGMA user_version = 2;
      INSERT INTO room VALUES (1, 'lobby', 500, 3, 1);
      WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
        INSERT INTO message (message_id, time_ms, type, reply_to, name, id, id_sent, text)
        SELECT (1 << 36) + i, 1700000000000 + i, 1, NULL, 'ann', 'id' || i, 1, 'text ' || i FROM n;
      COMMIT; PRAGMA journal_mode = ${journal}`);
    const rows = rowsOf(file);
    assert.equal((await send(data, { text: 'text 77', id: 'id77', name: 'ann' })).json.seq, 77, 'sent again');
    assert.equal((await send(data, { text: 'another', id: 'id77', name: 'ann' })).status, 409);
    assert.equal(rowsOf(file), rows);
    const { json } = await poll(data, 'since=0&limit=1000');
    assert.deepEqual([json.head, json.gap, json.messages.length, json.messages[0].text], [500, true, 498, 'text 3']);
    assert.equal((await send(data, { text: 'new', name: 'ann' })).json.seq, 501);
    const check = await pollchat(['check', '--data', data]);
    assert.match(check.stdout, /^ok: /, check.stdout + check.stderr);
    assert.equal(beginning(data, `chat-before-schema-${latest()}-`).length, 1);
  }
});

test('an upgrade from schema 1 that is killed again and again leaves the old messages, and then the new ones', async (t) => {
  const data = temporaryFolder(t);
  const rows = makeFirst(data, 20000);
  const file = path.join(data, 'chat.db');
  let killed = 0;
  for (let signal = 'SIGKILL', round = 0; signal !== null && round < 12; round++) {
    const checker = spawn(programPath('pollchat'), ['check', '--data', data], { stdio: 'ignore' });
    const ended = new Promise((resolve) => { checker.once('exit', (code, by) => resolve(by)); });
    const timer = setTimeout(() => checker.kill('SIGKILL'), 20 + round * 25);
    signal = await ended;
    clearTimeout(timer);
    killed += signal !== null;
  }
  assert.ok(killed > 0, 'killed while it ran');
  const check = await pollchat(['check', '--data', data]);
  assert.match(check.stdout, /^ok: /, check.stderr);
  assert.equal(rowsOf(file), rows);
  assert.deepEqual(beginning(data, 'chat-upgrade'), []);
  assert.equal((await send(data, { text: 'new' })).json.seq, 20001);
});

/** The folder with the objects of the programs. */
const build = path.dirname(root);
const isBuilt = fs.existsSync(path.join(build, 'flags')) && fs.existsSync('sql/embed.sh');

/** Builds the programs with one more migration. */
function nextPrograms(folder) {
  const schema = path.join(folder, 'sql', 'sqlite', `${String(latest() + 1).padStart(3, '0')}-topic.sql`);
  fs.mkdirSync(path.dirname(schema), { recursive: true });
  fs.writeFileSync(schema, "ALTER TABLE room ADD COLUMN topic TEXT NOT NULL DEFAULT '';");
  const source = path.join(folder, 'sql_files.c');
  execFileSync('sh', [
    'sql/embed.sh',
    source,
    ...fs.readdirSync('sql/sqlite').map((name) => `sql/sqlite/${name}`),
    schema,
  ]);
  const flags = fs.readFileSync(path.join(build, 'flags'), 'utf8').trim();
  const libraries = flags.split(' ').filter((word) => word.startsWith('-l')).join(' ');
  const programs = {};
  for (const name of ['send', 'poll', 'pollchat']) {
    programs[name] = path.join(folder, name);
    execFileSync('sh', ['-c', `${flags} -o "$1" "$2" "$3" "$4" ${libraries}`, 'sh', programs[name], source,
      path.join(build, 'obj/cgi-bin', `${name}.o`), path.join(build, 'libpollchat.a')]);
  }
  return programs;
}

test('programs with the next schema upgrade a chat in use: nothing is lost, and the older programs no longer write to it', { skip: !isBuilt }, async (t) => {
  const programs = nextPrograms(temporaryFolder(t));
  const data = temporaryFolder(t);
  await send(data, { text: 'first', name: 'first' });
  const old = { send: await startFastcgi(t, 'send', data), poll: await startFastcgi(t, 'poll', data) };
  const answered = { old: new Set(), next: new Set() };
  let stop = false;
  const write = async (age, socket, writer) => {
    for (let i = 0; !stop; i++) {
      const id = `${age}-${writer}-${i}`;
      let answer;
      do {
        answer = await fastcgi(socket, posted({ text: id, id, name: 'x' }));
        if (answer.status === 503) assert.match(answer.json.type, /store-(busy|newer)$/);
        else assert.equal(answer.status, 201, answer.body);
      } while (answer.status === 503 && !stop);
      if (answer.status === 201) answered[age].add(id);
    }
  };
  const writers = [0, 1, 2].map((writer) => write('old', old.send.socket, writer));
  await until(() => answered.old.size > 30, 'messages stored by the old programs');
  const next = {
    send: await startFastcgi(t, 'send', data, { file: programs.send }),
    poll: await startFastcgi(t, 'poll', data, { file: programs.poll }),
  };
  writers.push(...[0, 1, 2].map((writer) => write('next', next.send.socket, writer)));
  await until(() => answered.next.size > 30, 'messages stored by the new programs');
  const written = answered.old.size;
  const refused = await until(async () => {
    const answer = await fastcgi(old.poll.socket, { program: 'poll', query: 'since=0' });
    return answer.status === 503 && /store-newer$/.test(answer.json.type) && answer;
  }, 'the old poll program to notice the upgrade');
  assert.match(refused.json.detail, newer);
  stop = true;
  await Promise.all(writers);
  assert.equal(answered.old.size, written, 'the old send program no longer writes');
  const all = sql(path.join(data, 'chat.db'), "SELECT id FROM message WHERE name = 'x'").split('\n');
  assert.equal(new Set(all).size, all.length);
  for (const id of [...answered.old, ...answered.next]) assert.ok(all.includes(id), id);
  const copies = beginning(data, `chat-before-schema-${latest() + 1}-`);
  assert.equal(copies.length, 1);
  assert.equal(sql(path.join(data, copies[0]), 'SELECT max(schema) FROM meta'), String(latest()));
  const check = spawnSync(programs.pollchat, ['check', '--data', data], { encoding: 'utf8' });
  assert.match(check.stdout, /^ok: /, check.stderr);
  assert.equal((await pollchat(['restore', path.join(data, copies[0]), '--data', data])).code, 0);
  const back = await until(async () => {
    const answer = await fastcgi(old.poll.socket, { program: 'poll', query: 'last=1' });
    return answer.status === 200 && answer;
  }, 'the old poll program to answer again');
  assert.match(back.json.messages[0].text, /^(first|old-)/);
});
