// store.test.mjs - the setting store: nothing shows a password, a wrong address stops the chat, no
// program begins a second chat beside one in PostgreSQL, and all hosts need the same chat.key.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { shareDatabase } from '../postgres/postgres.mjs';
import { aboutSqlite, cgi, poll, pollchat, send, STORE as KIND, temporaryFolder } from './program.mjs';

// Nothing listens on this port, so the database can't be reached. (Programs that were built without
// PostgreSQL don't try.)
const STORE = 'postgresql://chat:hunter2@127.0.0.1:1/chat?sslpassword=hunter2';
const SHOWN = 'postgresql://chat:(not shown)@127.0.0.1:1/chat?sslpassword=(not shown)';
const onPostgres = { skip: KIND === undefined ? 'takes PostgreSQL' : false };
const local = { REMOTE_ADDR: '127.0.0.1', HTTP_HOST: 'localhost', POLLCHAT_STATUS: 'everyone', POLLCHAT_DOCTOR: 'everyone' };
const settings = (store) => ({ POLLCHAT_STORE: store, POLLCHAT_BUSY_TIMEOUT: '100' });

function folder(t) {
  const data = path.join(temporaryFolder(t), 'data');
  fs.mkdirSync(data, { mode: 0o700 });
  return data;
}

const doctor = (data, extra) =>
  cgi(data, { program: 'poll', path: '/doctor', method: 'GET', extra: { ...local, PATH_INFO: '/doctor', ...extra } });
const topic = (answer, name) => answer.json.findings.find((finding) => finding.topic === name);

/** Everything that the programs say with this store. */
async function everything(data, store) {
  const given = { ...settings(store), POLLCHAT_STORE_REPLICA: store };
  const extra = { ...local, ...given };
  const env = { POLLCHAT_DATA: data, ...given };
  const key = 'key=ownerownerownerownerAA';
  const requests = [
    poll(data, 'since=0', { extra }),
    poll(data, 'room=lobby&since=0', { extra: { ...extra, PATH_INFO: '/plain' } }),
    poll(data, 'format=prometheus', { extra: { ...extra, PATH_INFO: '/status' } }),
    poll(data, '', { extra: { ...extra, PATH_INFO: '/status' } }),
    poll(data, key, { extra: { ...extra, PATH_INFO: '/me' } }),
    poll(data, `list=settings&${key}`, { extra: { ...extra, PATH_INFO: '/desk' } }),
    send(data, { text: 'hello' }, { extra }),
    doctor(data, extra),
    doctor(data, { ...extra, REMOTE_ADDR: '192.0.2.7', HTTP_HOST: 'chat.test' }),
  ];
  const commands = [
    ['settings'], ['doctor'], ['check'], ['backup', path.join(data, 'copy.db')], ['restore', path.join(data, 'copy.db')],
    ['room', 'list', '--json'], ['audit', '--json'], ['purge'], ['version'], ['help'],
  ];
  const said = [];
  for (const request of requests) said.push(await request);
  for (const args of commands) said.push(await pollchat(args, env));
  return said.map(({ stdout, stderr }) => stdout + stderr);
}

test('no answer, no command and no line of the log shows the password of the database', async (t) => {
  const data = folder(t);
  const said = await everything(data, STORE);
  assert.ok(said.some((text) => text.includes(`store = ${SHOWN}`) && text.includes(`store_replica = ${SHOWN}`)));
  for (const text of said) assert.doesNotMatch(text, /hunter2/);
});

test('nor does a mistake in the address', async (t) => {
  const data = folder(t);
  for (const args of [['move', '--to', STORE], ['move', STORE], ['move', '--to', `${STORE}@`], [STORE], ['help', STORE]]) {
    const { code, stdout, stderr } = await pollchat(args, { POLLCHAT_DATA: data });
    assert.notEqual(code, 0);
    assert.doesNotMatch(stdout + stderr, /hunter2/, args.join(' '));
  }
  for (const wrong of [`${STORE}@`, 'mysql://chat:hunter2@db/chat']) {
    for (const text of await everything(data, wrong)) assert.doesNotMatch(text, /hunter2/);
  }
});

test('where the database can\'t be used, clients get an error and doctor says why; nothing is stored elsewhere', aboutSqlite, async (t) => {
  const data = folder(t);
  const extra = { ...local, ...settings(STORE) };
  for (const answer of [await poll(data, 'since=0', { extra }), await send(data, { text: 'hello' }, { extra })]) {
    assert.ok(answer.status >= 500, answer.stdout);
  }
  const found = await doctor(data, extra);
  assert.equal(topic(found, 'database').state, 'wrong');
  assert.equal(topic(found, 'file-size'), undefined);
  assert.ok(!fs.existsSync(path.join(data, 'chat.db')));
});

test('a wrong store stops the chat, and --data doesn\'t make a command guess', aboutSqlite, async (t) => {
  const data = folder(t);
  const wrong = settings('postgresql://db:0/chat');
  const answer = await poll(data, 'since=0', { extra: wrong });
  assert.equal(answer.json.type, 'urn:pollchat:problem:misconfigured');
  assert.match(answer.stderr, /store has a list of hosts that isn't of the form HOST:PORT/);
  const checked = await pollchat(['check', '--data', data], wrong);
  assert.equal(checked.code, 1);
  assert.match(checked.stderr, /store has a list of hosts/);
  assert.deepEqual(fs.readdirSync(data), []);
});

test('where the messages are in PostgreSQL, a program without the setting begins no second chat', aboutSqlite, async (t) => {
  const data = folder(t);
  const note = path.join(data, 'chat.store');
  fs.writeFileSync(note, 'words\n', { mode: 0o600 });
  const refused = await send(data, { text: 'lost' });
  assert.equal(refused.json.type, 'urn:pollchat:problem:misconfigured');
  assert.match(refused.stderr, /the setting store doesn't name the database here/);
  assert.match(topic(await doctor(data), 'database').text, /delete the file chat\.store/);
  for (const command of ['check', 'doctor', 'purge']) {
    const { code, stdout, stderr } = await pollchat([command], { POLLCHAT_DATA: data });
    assert.equal(code, 1);
    assert.match(stdout + stderr, /delete the file chat\.store/);
  }
  assert.ok(!fs.existsSync(path.join(data, 'chat.db')));
  fs.unlinkSync(note);
  assert.equal((await send(data, { text: 'new' })).status, 201);
});

test('pollchat prepare makes the database, in a folder that is there already', aboutSqlite, async (t) => {
  const data = folder(t);
  const prepare = (settings) => pollchat(['prepare'], settings);
  const made = await prepare({ POLLCHAT_DATA: data });
  assert.match(made.stdout, /^ok: SQLite .*, epoch \S{22}\n$/);
  assert.match((await pollchat(['check'], { POLLCHAT_DATA: data })).stdout, /^ok/);
  assert.equal((await prepare({ POLLCHAT_DATA: data })).stdout, made.stdout);
  const absent = await prepare({ POLLCHAT_DATA: path.join(data, 'nowhere') });
  assert.equal(absent.code, 1);
  assert.deepEqual(fs.readdirSync(data).filter((name) => name === 'nowhere'), []);
  assert.equal((await prepare({ POLLCHAT_DATA: data, ...settings(STORE) })).code, 1);
});

test('doctor names a database of SQLite that is left from before, and a password that others may read', aboutSqlite, async (t) => {
  const data = folder(t);
  const file = path.join(path.dirname(data), 'password');
  assert.equal((await send(data, { text: 'old' })).status, 201);
  fs.writeFileSync(file, 'hunter2\n', { mode: 0o644 });
  fs.chmodSync(file, 0o644);
  const extra = { ...settings(STORE), POLLCHAT_STORE_PASSWORD_FILE: file };
  const found = await doctor(data, extra);
  assert.equal(topic(found, 'data-left').state, 'note');
  assert.match(topic(found, 'password').text, /store_password_file.*permissions 600/);
  assert.doesNotMatch(found.stdout + found.stderr, /hunter2/);
  fs.chmodSync(file, 0o600);
  assert.equal(topic(await doctor(data, extra), 'password'), undefined);
});

test('doctor says that a replica has no effect on SQLite', aboutSqlite, async (t) => {
  const found = topic(await doctor(folder(t), { POLLCHAT_STORE_REPLICA: STORE }), 'replica');
  assert.deepEqual([found.state, /no effect/.test(found.text)], ['poor', true]);
});

test('a replica that can\'t be reached changes no answer; doctor and the log say so without its password', onPostgres, async (t) => {
  const data = folder(t);
  const extra = { POLLCHAT_STORE_REPLICA: STORE };
  assert.equal((await send(data, { text: 'one' }, { extra })).status, 201);
  const page = await poll(data, 'since=0', { extra });
  assert.deepEqual(page.json.messages.map(({ text }) => text), ['one']);
  const found = await doctor(data, extra);
  assert.deepEqual([topic(found, 'replica').state, topic(found, 'database').state], ['poor', 'fine']);
  assert.match(found.stderr, /not from the replica/);
  assert.doesNotMatch(found.stdout + found.stderr, /hunter2/);
});

test('a chat in PostgreSQL leaves the note that forbids a second one in SQLite', onPostgres, async (t) => {
  const data = folder(t);
  assert.equal((await send(data, { text: 'one' })).status, 201);
  assert.match(fs.readFileSync(path.join(data, 'chat.store'), 'utf8'), /PostgreSQL/);
  const lacking = await send(data, { text: 'lost' }, { extra: { POLLCHAT_STORE: 'sqlite' } });
  assert.equal(lacking.json.type, 'urn:pollchat:problem:misconfigured');
});

test('a host that has another chat.key than the first host only reads, and the owner is told why', onPostgres, async (t) => {
  const [data, other] = [folder(t), folder(t)];
  shareDatabase(other, data);
  assert.equal((await send(data, { text: 'one' })).status, 201);
  const first = await doctor(data);
  assert.equal(topic(first, 'database').state, 'fine');
  assert.equal(topic(first, 'key'), undefined);
  const refused = await send(other, { text: 'two' });
  assert.deepEqual([refused.status, refused.json.type], [503, 'urn:pollchat:problem:store-read-only'], refused.body);
  assert.match(refused.stderr, /chat\.key isn't that of the chat's other hosts/);
  assert.match(refused.json.detail, /only reads.*doctor\.html/);
  assert.deepEqual((await poll(other)).json.messages.map(({ text }) => text), ['one']);
  const mended = await pollchat(['room', 'set', 'lobby', '--slow', '0', '--data', other]);
  assert.equal(mended.code, 0, mended.stderr); // the owner's commands work on
  const { state, text } = topic(await doctor(other), 'key');
  assert.equal(state, 'wrong');
  assert.match(text, /The mark of this host's key is [0-9a-f]{8}, that of the others' [0-9a-f]{8}/);
  fs.copyFileSync(path.join(data, 'chat.key'), path.join(other, 'chat.key'));
  assert.equal(topic(await doctor(other), 'key'), undefined);
  assert.equal((await send(other, { text: 'three' })).stderr, '');
});
