// moderation.test.mjs - an owner's first day, as plain CGI: the code in the data folder, moderators
// by a link, bans of keys, names and networks, held messages, reports, roles, and what the lists of
// the desk say of all that.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { poll, pollchat, send, temporaryFolder } from './program.mjs';

const OWNER = 'ownerownerownerownerAA';
const MODERATOR = 'modmodmodmodmodmodmodA';
const ANN = 'annannannannannannannA';
const BOB = 'bobbobbobbobbobbobbobA';

const from = (address) => ({ REMOTE_ADDR: address });

/** A chat in which acts, lists and messages name their key. */
function chat(t, settings = {}) {
  const data = path.join(temporaryFolder(t), 'data');
  fs.mkdirSync(data, { mode: 0o700 });
  const all = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`POLLCHAT_${name.toUpperCase()}`, String(value)]));
  const act = (key, what, fields = {}, extra = {}) =>
    send(data, { do: what, key, ...fields }, { extra: { ...all, PATH_INFO: '/act', ...extra } });
  return {
    data,
    act,
    say: (key, text, fields = {}, extra = {}) => send(data, { text, ...(key ? { key } : {}), ...fields }, { extra: { ...all, ...extra } }),
    read: (query, extra = {}) => poll(data, query, { extra: { ...all, ...extra } }),
    me: async (key, query = '') => (await poll(data, `key=${key}${query}`, { extra: { ...all, PATH_INFO: '/me' } })).json,
    desk: (key, list, query = '') => poll(data, `list=${list}&key=${key}${query}`, { extra: { ...all, PATH_INFO: '/desk' } }),
  };
}

/** The same after the owner has signed in. */
async function ownedChat(t, settings) {
  const c = chat(t, settings);
  await c.me(OWNER, '&sign_in=yes');
  const code = /[0-9A-Z]{4,}(?:-[0-9A-Z]{4,})*/.exec(fs.readFileSync(path.join(c.data, 'owner-code.txt'), 'utf8'))[0];
  await done(c.act(OWNER, 'sign-in', { code }));
  return c;
}

async function done(answer) {
  const { status, body, json } = await answer;
  assert.equal(status, 200, body);
  return json;
}

async function refused(answer, status, slug) {
  const got = await answer;
  assert.equal(got.status, status, got.body);
  assert.equal(got.json.type, `urn:pollchat:problem:${slug}`);
  return got.json;
}

async function items(answer) {
  return (await done(answer)).items;
}

async function sound({ data }) {
  const { stdout } = await pollchat(['check', '--data', data]);
  assert.match(stdout, /^ok: /);
}

test('the owner signs in with the code of the data folder, once, and makes a moderator by a link', async (t) => {
  const c = chat(t);
  assert.equal((await c.me(OWNER, '&sign_in=yes')).owner, false);
  const text = fs.readFileSync(path.join(c.data, 'owner-code.txt'), 'utf8');
  assert.equal(fs.statSync(path.join(c.data, 'owner-code.txt')).mode & 0o077, 0);
  const code = /[0-9A-Z]{4,}(?:-[0-9A-Z]{4,})*/.exec(text)[0];
  await refused(c.act(BOB, 'sign-in', { code: 'WRON-GWRO-NGWR' }), 404, 'not-found');
  await done(c.act(OWNER, 'sign-in', { code }));
  assert.equal((await c.me(OWNER)).role, 'owner');
  assert.equal((await c.me(BOB)).owner, true);
  await refused(c.act(BOB, 'sign-in', { code }), 404, 'not-found');

  const { invite } = await done(c.act(OWNER, 'invite', { role: 'moderator' }));
  await done(c.act(MODERATOR, 'join', { invite }));
  assert.equal((await c.me(MODERATOR)).role, 'moderator');
  await refused(c.act(BOB, 'join', { invite }), 404, 'not-found');
  assert.equal((await c.me(BOB)).role, 'member');
  await refused(c.act(MODERATOR, 'role', { person: 1, role: 'member' }), 403, 'not-allowed');
  const acts = (await items(c.desk(OWNER, 'audit'))).map(({ act }) => act);
  for (const what of ['sign-in', 'invite', 'join']) {
    assert.ok(acts.includes(what), `${what} is in ${acts}`);
  }
  await sound(c);
});

test('strangers see no list, and moderators not those of the owner', async (t) => {
  const c = await ownedChat(t);
  const { invite } = await done(c.act(OWNER, 'invite', { role: 'moderator' }));
  await done(c.act(MODERATOR, 'join', { invite }));
  for (const list of ['rooms', 'people', 'bans', 'reports', 'held', 'audit', 'words', 'days', 'settings', 'storage', 'invites']) {
    assert.equal((await c.desk(BOB, list)).status, 403, list);
    await done(c.desk(OWNER, list));
    assert.equal((await c.desk(MODERATOR, list)).status, ['settings', 'storage', 'invites'].includes(list) ? 403 : 200, list);
  }
});

test('a banned key stays out under each name and is told so; lifted, it writes again', async (t) => {
  const c = await ownedChat(t);
  const { seq } = (await c.say(BOB, 'spam', { name: 'bob' })).json;
  const made = await done(c.act(OWNER, 'ban', { room: 'lobby', seq, minutes: 60, reason: 'spam' }));
  const told = await refused(c.say(BOB, 'again', { name: 'robert' }), 403, 'banned');
  assert.match(told.until, /^\d{4}-/);
  assert.equal((await c.say(ANN, 'good', { name: 'ann' })).status, 201);
  const [ban] = await items(c.desk(OWNER, 'bans'));
  assert.deepEqual([ban.ban, ban.kind, ban.reason, ban.covers], [made.ban, 'ban', 'spam', 1]);
  await refused(c.act(OWNER, 'lift', { ban: ban.ban + 1 }), 404, 'not-found');
  await done(c.act(OWNER, 'lift', { ban: ban.ban }));
  assert.equal((await c.say(BOB, 'better', { name: 'bob' })).status, 201);
  await sound(c);
});

test('a banned network stays out with new keys, new names and forged headers, and its neighbours do not', async (t) => {
  const c = await ownedChat(t);
  const { seq } = (await c.say(BOB, 'spam', { name: 'bob' }, from('192.0.2.7'))).json;
  const made = await done(c.act(OWNER, 'ban', { room: 'lobby', seq, of: 'network', minutes: 60 }));
  assert.equal(made.covers, 256);
  for (const [key, name] of [[ANN, 'ann'], [undefined, 'cid'], [MODERATOR, 'dan']]) {
    const forged = { ...from('192.0.2.200'), HTTP_X_FORWARDED_FOR: '198.51.100.1' };
    await refused(c.say(key, 'more', { name }, forged), 403, 'banned');
  }
  assert.equal((await c.say(ANN, 'fine', { name: 'ann' }, from('192.0.3.7'))).status, 201);
  await sound(c);
});

test('one act ends a flood: its messages are gone for every reader and the sender stays out', async (t) => {
  const c = await ownedChat(t);
  await c.say(ANN, 'before', { name: 'ann' });
  for (let i = 0; i < 5; i++) await c.say(BOB, `spam ${i}`, { name: `bob${i}` });
  const answer = await done(c.act(OWNER, 'clean', { room: 'lobby', seq: 4, minutes: 60, ban_minutes: 60 }));
  assert.equal(answer.deleted, 5);
  assert.ok(answer.ban > 0);
  const { messages, head } = (await c.read('since=0')).json;
  assert.deepEqual(messages.map(({ text }) => text).filter(Boolean), ['before']);
  assert.equal(messages.at(-1).type, 'delete');
  assert.equal(messages.at(-1).seq, head);
  assert.deepEqual(messages.at(-1).targets, [[2, 6]]);
  await refused(c.say(BOB, 'again'), 403, 'banned');
  const people = await items(c.desk(OWNER, 'people', '&room=lobby&seq=1'));
  assert.equal(people[0].name, 'ann');
  await sound(c);
});

test('a held message is approved once, as a message of its sender, or rejected', async (t) => {
  const c = await ownedChat(t, { newcomers: 'held' });
  assert.equal((await c.say(ANN, 'first', { name: 'ann', id: 'a' })).status, 202);
  assert.equal((await c.say(BOB, 'bad', { name: 'bob', id: 'b' })).status, 202);
  assert.equal((await c.read('since=0')).json.head, 0);
  assert.equal((await c.me(OWNER)).held, 2);
  const held = await items(c.desk(OWNER, 'held'));
  assert.deepEqual(held.map(({ name, text, room }) => [name, text, room]), [['bob', 'bad', 'lobby'], ['ann', 'first', 'lobby']]);
  const { seq } = await done(c.act(OWNER, 'approve', { held: held[1].held, person: 'yes' }));
  assert.equal(seq, 1);
  await refused(c.act(OWNER, 'approve', { held: held[1].held }), 404, 'not-found');
  await done(c.act(OWNER, 'reject', { held: held[0].held }));
  assert.deepEqual((await c.read('since=0')).json.messages.map(({ id, name, text }) => [id, name, text]), [['a', 'ann', 'first']]);
  assert.equal((await c.say(ANN, 'first', { name: 'ann', id: 'a' })).status, 200);
  assert.equal((await c.say(ANN, 'second', { name: 'ann' })).status, 201, 'ann is trusted now');
  assert.equal((await c.me(OWNER)).held, 0);
  await sound(c);
});

test('reports hide a message at the threshold and are settled by a moderator', async (t) => {
  const c = await ownedChat(t, { report_hides: 2 });
  await c.say(BOB, 'rude', { name: 'bob' });
  await done(c.act(ANN, 'report', { room: 'lobby', seq: 1, reason: 'rude' }));
  await done(c.act(ANN, 'report', { room: 'lobby', seq: 1, reason: 'rude' }));
  assert.equal((await c.read('since=0')).json.messages[0].text, 'rude');
  await done(c.act(MODERATOR, 'report', { room: 'lobby', seq: 1, reason: 'very' }));
  const hidden = (await c.read('since=0')).json.messages;
  assert.deepEqual(hidden.map(({ type, text }) => [type, text]), [['delete', ''], ['delete', '']]);
  const [report] = await items(c.desk(OWNER, 'reports'));
  assert.deepEqual([report.seq, report.count, report.text, report.hidden], [1, 2, 'rude', true]);
  assert.deepEqual([...report.reasons].sort(), ['rude', 'very']);
  await done(c.act(OWNER, 'show', { room: 'lobby', seq: 1 }));
  await done(c.act(OWNER, 'settle', { room: 'lobby', seq: 1 }));
  assert.equal((await c.read('since=0')).json.messages[0].text, 'rude');
  assert.deepEqual(await items(c.desk(OWNER, 'reports')), []);
  assert.equal((await c.me(OWNER)).reports, 0);
  await sound(c);
});

test('modes of a room are told in the room, obeyed and listed', async (t) => {
  const c = await ownedChat(t);
  await c.say(ANN, 'hello', { name: 'ann' });
  await done(c.act(OWNER, 'room', { room: 'lobby', kind: 'read-only' }));
  await refused(c.say(ANN, 'more', { name: 'ann' }), 403, 'room-closed');
  const { messages } = (await c.read('since=1')).json;
  assert.equal(messages[0].type, 'notice');
  const [room] = await items(c.desk(OWNER, 'rooms'));
  assert.deepEqual([room.room, room.kind, room.kind_set, room.head], ['lobby', 'read-only', 'read-only', 2]);
  await done(c.act(OWNER, 'room', { room: 'lobby', kind: 'default' }));
  assert.equal((await c.say(ANN, 'more', { name: 'ann' })).status, 201);
  await sound(c);
});

test('a person moves to another device by a code, and a name is freed', async (t) => {
  const c = await ownedChat(t);
  await c.say(ANN, 'hello', { name: 'ann' });
  await refused(c.say(BOB, 'hello', { name: 'ann' }), 409, 'name-taken');
  const { code } = await done(c.act(ANN, 'code'));
  const moved = await done(c.act(BOB, 'move', { code }));
  assert.equal(moved.name, 'ann');
  await refused(c.act(MODERATOR, 'move', { code }), 404, 'not-found');
  assert.equal((await c.say(BOB, 'the same person', { name: 'ann' })).status, 201);
  await done(c.act(OWNER, 'release', { name: 'ANN' }));
  assert.equal((await c.say(MODERATOR, 'mine now', { name: 'ann' })).status, 201);
  await sound(c);
});
