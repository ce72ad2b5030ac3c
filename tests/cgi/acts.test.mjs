// acts.test.mjs - what moderators and visitors do beside sending, without a web server: the first
// owner, invites, moving, reports, waiting messages, words, slow mode, bans; and what readers that
// wait learn when the rules change.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { aboutSqlite, cgi, fastcgi, pollRequest, sqlOf, startCgi, startFastcgi, status, STORE, temporaryFolder, until } from './program.mjs';

const form = 'application/x-www-form-urlencoded';
const keyOf = (name) => Buffer.from(`${name}................`.slice(0, 16)).toString('base64url');
const keyHeader = (name) => ({ HTTP_POLLCHAT_KEY: keyOf(name) });
const from = (address) => ({ REMOTE_ADDR: address });

/** A POST as plain CGI, by a visitor with a key (name) or without one (''). */
function post(data, path_, fields, who = '', extra = {}) {
  const body = new URLSearchParams(fields).toString();
  const key = who === '' ? {} : keyHeader(who);
  return cgi(data, { program: 'send', method: 'POST', type: form, body, extra: { PATH_INFO: path_, ...key, ...extra } });
}

const say = (data, who, text, more = {}, extra = {}) => post(data, '', { name: who || 'guest', text, ...more }, who, extra);
const act = (data, who, fields, extra = {}) => post(data, '/act', fields, who, extra);
const look = (data, query, who = '', extra = {}) =>
  cgi(data, { program: 'poll', query, extra: { ...(who === '' ? {} : keyHeader(who)), ...extra } });
const me = (data, who, query = '', extra = {}) => look(data, query, who, { PATH_INFO: '/me', ...extra });
const desk = async (data, list, who = 'owner', more = '') =>
  (await look(data, `list=${list}${more}`, who, { PATH_INFO: '/desk' })).json.items;
const textsOf = (answer) => answer.json.messages.filter(({ type }) => type === 'message').map(({ text }) => text);

/** A data folder whose chat has an owner. */
async function owned(t) {
  const data = temporaryFolder(t);
  assert.equal((await me(data, 'owner', 'sign_in=yes')).status, 200);
  const code = fs.readFileSync(path.join(data, 'owner-code.txt'), 'utf8').split('\n')[0];
  const answer = await act(data, 'owner', { do: 'sign-in', code });
  assert.equal(answer.status, 200, answer.body);
  return data;
}

/** Is done with 200; returns the answer. */
async function done(promise) {
  const answer = await promise;
  assert.equal(answer.status, 200, answer.body);
  return answer.json;
}

// ---- the first owner ----

test('the code in the data folder makes the first owner, once; a wrong one does not', async (t) => {
  const data = temporaryFolder(t);
  const file = path.join(data, 'owner-code.txt');
  assert.equal((await me(data, 'ann')).json.owner, false);
  assert.ok(!fs.existsSync(file), 'only the page of the owner asks for it');
  await me(data, 'ann', 'sign_in=yes');
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  const code = fs.readFileSync(file, 'utf8').split('\n')[0];
  await me(data, 'eve', 'sign_in=yes');
  assert.equal(fs.readFileSync(file, 'utf8').split('\n')[0], code, 'another visitor gets no new one');
  assert.equal((await act(data, 'eve', { do: 'sign-in', code: 'AAAA-AAAA-AAAA-AAAA' })).status, 404);
  assert.equal((await act(data, '', { do: 'sign-in', code })).status, 401);
  assert.equal((await done(act(data, 'ann', { do: 'sign-in', code: code.toLowerCase().replaceAll('-', '') }))).role, 'owner');
  assert.ok(!fs.existsSync(file));
  assert.equal((await act(data, 'eve', { do: 'sign-in', code })).status, 404);
  const now = (await me(data, 'ann', 'sign_in=yes')).json;
  assert.deepEqual([now.role, now.owner, now.may.moderate], ['owner', true, true]);
  assert.ok(!fs.existsSync(file), 'with an owner there is no new code');
});

test('an owner who lost the key puts an empty file into the data folder, and finds a new code in it', async (t) => {
  const data = await owned(t);
  const file = path.join(data, 'owner-code.txt');
  fs.writeFileSync(file, '', { mode: 0o600 });
  await me(data, 'again', 'sign_in=yes');
  const code = fs.readFileSync(file, 'utf8').split('\n')[0];
  assert.match(code, /^(\w{4}-){3}\w{4}$/);
  assert.equal((await done(act(data, 'again', { do: 'sign-in', code }))).role, 'owner');
});

test('guesses of the code are limited', async (t) => {
  const data = await owned(t);
  const guess = { do: 'sign-in', code: 'AAAA-AAAA-AAAA-AAAA' };
  const limited = { POLLCHAT_LIMITS: 'on', ...from('203.0.113.5') };
  let answer;
  for (let i = 0; i < 50 && answer?.status !== 429; i += 1) answer = await act(data, `eve${i}`, guess, limited);
  assert.equal(answer.status, 429);
  assert.ok(Number(answer.headers['retry-after']) > 0);
});

// ---- invites and moving ----

test('a link makes a moderator, as often as it says', async (t) => {
  const data = await owned(t);
  const { invite, link } = await done(act(data, 'owner', { do: 'invite', role: 'moderator', uses: 1 }));
  assert.equal(link, `owner.html#join=${invite}`);
  assert.equal((await done(act(data, 'mia', { do: 'join', invite }))).role, 'moderator');
  assert.equal((await act(data, 'eve', { do: 'join', invite })).status, 404);
  assert.equal((await me(data, 'mia')).json.role, 'moderator');
  assert.equal((await act(data, 'mia', { do: 'invite', role: 'moderator' })).status, 403);
  await say(data, 'mia', 'hi', { room: 'den' });
  const one = await done(act(data, 'mia', { do: 'invite', role: 'member', room: 'den' }));
  assert.equal(one.link, `./?room=den#join=${one.invite}`);
});

test('a code moves a person with its name to another device', async (t) => {
  const data = temporaryFolder(t);
  assert.equal((await say(data, 'ann', 'hi')).status, 201);
  assert.equal((await say(data, 'phone', 'hi', { name: 'ann' })).json.type, 'urn:pollchat:problem:name-taken');
  const { code } = await done(act(data, 'ann', { do: 'code' }));
  assert.match(code, /^\w{4}-\w{4}$/);
  assert.equal((await done(act(data, 'phone', { do: 'move', code }))).name, 'ann');
  assert.equal((await say(data, 'phone', 'hi', { name: 'ann' })).status, 201);
  assert.equal((await act(data, 'eve', { do: 'move', code })).status, 404, 'it works once');
});

test('a name is claimed without a message, and an owner frees it', async (t) => {
  const data = await owned(t);
  await done(act(data, 'ann', { do: 'claim', name: 'Ann' }));
  const taken = await act(data, 'eve', { do: 'claim', name: 'ANN' });
  assert.deepEqual([taken.status, taken.json.type], [409, 'urn:pollchat:problem:name-taken']);
  assert.ok(taken.json.suggestion.length > 0);
  assert.equal((await act(data, 'eve', { do: 'release', name: 'Ann' })).status, 403);
  await done(act(data, 'owner', { do: 'release', name: 'Ann' }));
  await done(act(data, 'eve', { do: 'claim', name: 'Ann' }));
});

// ---- messages ----

test('reports from three networks hide a message; moderators see them and show it again', async (t) => {
  const data = await owned(t);
  await say(data, 'ann', 'fine');
  const report = (address, who = '') =>
    act(data, who, { do: 'report', room: 'lobby', seq: 1, reason: 'rude' }, from(address));
  assert.equal((await done(report('203.0.113.5', 'r1'))).hidden, false);
  assert.equal((await done(report('203.0.113.6', 'r2'))).hidden, false, 'new keys of one network count once');
  assert.equal((await done(report('198.51.100.5'))).hidden, false);
  assert.equal((await done(report('192.0.2.5'))).hidden, true);
  assert.deepEqual(textsOf(await look(data, 'since=0')), []);
  assert.equal((await me(data, 'owner')).json.reports, 1);
  const [item] = await desk(data, 'reports');
  assert.deepEqual([item.seq, item.text, item.count, item.hidden], [1, 'fine', 3, true]);
  await done(act(data, 'owner', { do: 'show', room: 'lobby', seq: 1 }));
  assert.deepEqual(textsOf(await look(data, 'since=0')), ['fine']);
  assert.equal((await me(data, 'owner')).json.reports, 0);
});

test('what newcomers write waits for a moderator where the room says so; approved, all read it', async (t) => {
  const data = await owned(t);
  await done(act(data, 'owner', { do: 'room', room: 'lobby', newcomers: 'held' }));
  const held = await say(data, 'ann', 'hello', { id: 'a1' });
  assert.deepEqual([held.status, held.json.held, held.json.why], [202, true, 'newcomer']);
  assert.deepEqual(textsOf(await look(data, 'since=0')), []);
  const [item] = await desk(data, 'held');
  await done(act(data, 'owner', { do: 'approve', held: item.held, person: 'yes' }));
  assert.deepEqual(textsOf(await look(data, 'since=0')), ['hello']);
  assert.equal((await say(data, 'ann', 'me again')).status, 201, 'she is approved for good');
  assert.equal((await say(data, 'owner', 'welcome')).status, 201);
});

test('words are refused, masked or held, also disguised ones', async (t) => {
  const data = await owned(t);
  for (const [pattern, how] of [['spam', 'reject'], ['darn', 'mask'], ['casino', 'hold']])
    await done(act(data, 'owner', { do: 'word', pattern, act: how }));
  const refused = await say(data, 'ann', 'buy SPAM now');
  assert.deepEqual([refused.status, refused.json.type, refused.json.field], [403, 'urn:pollchat:problem:words', 'text']);
  assert.equal((await say(data, 'ann', 'my casino')).status, 202);
  assert.equal((await say(data, 'ann', 'oh darn it')).json.text, 'oh **** it');
  assert.equal((await say(data, 'owner', 'no spam please')).status, 201, 'moderators may say it');
  const words = await desk(data, 'words');
  await done(act(data, 'owner', { do: 'unword', word: words.find(({ pattern }) => pattern === 'spam').word }));
  assert.equal((await say(data, 'ann', 'buy spam now')).status, 201);
});

test('in slow mode each person writes once in so many seconds; what was not stored does not count', async (t) => {
  const data = await owned(t);
  await say(data, 'bob', 'mine');
  await done(act(data, 'owner', { do: 'room', room: 'lobby', slow: 600 }));
  assert.equal((await say(data, 'ann', 'x', { name: 'bob' })).status, 409);
  assert.equal((await say(data, 'ann', 'one')).status, 201);
  const second = await say(data, 'ann', 'two');
  assert.deepEqual([second.status, second.json.type], [429, 'urn:pollchat:problem:slow-mode']);
  assert.ok(Number(second.headers['retry-after']) > 500);
  assert.equal((await say(data, 'carol', 'three')).status, 201);
  assert.equal((await say(data, 'ann', 'elsewhere', { room: 'other' })).status, 201);
  assert.equal((await say(data, 'owner', 'a')).status, 201);
  assert.equal((await say(data, 'owner', 'b')).status, 201);
});

test('where newcomers are slow, they write slowly and their links wait; a moderator ends that for one of them', async (t) => {
  const data = await owned(t);
  await done(act(data, 'owner', { do: 'room', room: 'lobby', newcomers: 'slow' }));
  assert.equal((await say(data, 'ann', 'one')).status, 201);
  const second = await say(data, 'ann', 'two');
  assert.deepEqual([second.status, second.json.type], [429, 'urn:pollchat:problem:slow-mode']);
  const link = await say(data, 'bob', 'see https://spam.example/');
  assert.deepEqual([link.status, link.json.why], [202, 'link']);
  const edit = await say(data, 'ann', 'see www.spam.example', { type: 'edit', target: 2 });
  assert.equal(edit.json.type, 'urn:pollchat:problem:words', 'nor does an edit bring one in');
  await done(act(data, 'owner', { do: 'trust', room: 'lobby', seq: 2 }));
  for (const text of ['two', 'https://fine.example/']) assert.equal((await say(data, 'ann', text)).status, 201);
});

test('a room is closed outside its opening hours, and says when it opens; deleting goes on', async (t) => {
  const data = await owned(t);
  const { seq } = (await say(data, 'ann', 'one')).json;
  const day = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][(new Date().getUTCDay() + 3) % 7];
  await done(act(data, 'owner', { do: 'room', room: 'lobby', hours: `${day} 08:00-09:00` }));
  const refused = await say(data, 'ann', 'two');
  assert.deepEqual([refused.status, refused.json.type], [403, 'urn:pollchat:problem:room-closed']);
  const opens = new Date(refused.json.until);
  assert.ok(opens > Date.now() && opens.getUTCHours() === 8 && opens.getUTCMinutes() === 0, refused.json.until);
  assert.equal((await say(data, 'ann', '', { type: 'delete', target: seq })).status, 201);
  assert.equal((await say(data, 'owner', 'I may')).status, 201);
  assert.equal((await act(data, 'owner', { do: 'room', room: 'lobby', hours: 'sometimes' })).status, 400);
  await done(act(data, 'owner', { do: 'room', room: 'lobby', hours: '' }));
  assert.equal((await say(data, 'ann', 'two')).status, 201);
});

test('with guests=named a visitor without a key needs a name of its own', async (t) => {
  const data = temporaryFolder(t);
  const extra = { POLLCHAT_GUESTS: 'named' };
  const refused = await say(data, '', 'x', {}, extra);
  assert.deepEqual([refused.status, refused.json.field], [400, 'name']);
  assert.equal((await say(data, '', 'x', { name: 'Zoe' }, extra)).status, 201);
});

test('a newcomer needs a proof of work where the settings say so', async (t) => {
  const data = temporaryFolder(t);
  const extra = { POLLCHAT_PROOF: '8' };
  const first = await say(data, 'ann', 'hi', {}, extra);
  assert.deepEqual([first.status, first.json.type, first.json.bits], [403, 'urn:pollchat:problem:proof-needed', '8']);
  const { challenge } = first.json;
  const { createHash } = await import('node:crypto');
  let n = 0;
  while (createHash('sha256').update(`${challenge}:${keyOf('ann')}:${n}`).digest()[0] !== 0) n += 1;
  assert.equal((await say(data, 'ann', 'hi', { proof: `${challenge}:${n}` }, extra)).status, 201);
});

// ---- bans ----

test('cleaning up deletes what a flooder wrote in the last hour, and bans key or network, whatever the headers say', async (t) => {
  const data = await owned(t);
  await say(data, 'ann', 'stays', {}, from('198.51.100.1'));
  for (let i = 0; i < 3; i += 1) await say(data, `eve${i}`, `spam ${i}`, {}, from(`203.0.113.${i}`));
  const clean = await done(act(data, 'owner', { do: 'clean', room: 'lobby', seq: 2, of: 'network', reason: 'spam' }));
  assert.deepEqual([clean.deleted, clean.covers], [3, 256]);
  assert.deepEqual(textsOf(await look(data, 'since=0')), ['stays']);
  const forged = { ...from('203.0.113.77'), HTTP_X_FORWARDED_FOR: '192.0.2.1' };
  const refused = await say(data, 'new', 'spam', {}, forged);
  assert.deepEqual([refused.status, refused.json.type], [403, 'urn:pollchat:problem:banned']);
  assert.ok(Date.parse(refused.json.until) > Date.now());
  await done(act(data, 'owner', { do: 'lift', ban: clean.ban }));
  assert.equal((await say(data, 'new', 'sorry', {}, from('203.0.113.77'))).status, 201);
});

test('a flood with new keys from several networks is cleaned up at once; who is known stays', async (t) => {
  const data = await owned(t);
  await say(data, 'owner', 'hello', {}, from('203.0.113.9'));
  const { seq } = (await say(data, 'ann', 'known', {}, from('203.0.113.8'))).json;
  await done(act(data, 'owner', { do: 'trust', room: 'lobby', seq }));
  await say(data, 'new', 'first words', {}, from('192.0.2.1'));
  for (let i = 0; i < 3; i += 1) {
    for (const network of ['203.0.113', '198.51.100']) await say(data, `eve${i}${network.slice(0, 3)}`, `spam ${i}`, {}, from(`${network}.${i}`));
  }
  await say(data, 'eva', 'spam elsewhere', { room: 'other' }, from('198.51.100.7'));
  const what = { do: 'clean', room: 'lobby', seq: 5, of: 'newcomers', all_rooms: 'no', reason: 'spam' };
  const clean = await done(act(data, 'owner', what));
  assert.deepEqual([clean.deleted, clean.bans, clean.covers], [6, 2, 512], 'a newcomer who is alone in a network is left in peace');
  assert.deepEqual(textsOf(await look(data, 'since=0')), ['hello', 'known', 'first words']);
  assert.deepEqual(textsOf(await look(data, 'room=other&since=0')), ['spam elsewhere']);
  const statusOf = async (who, address, room = 'lobby') => (await say(data, who, 'again', { room }, from(address))).status;
  assert.deepEqual([await statusOf('eve9', '203.0.113.77'), await statusOf('eve8', '198.51.100.77'), await statusOf('new', '192.0.2.1')], [403, 403, 201]);
  assert.equal(await statusOf('eve7', '198.51.100.77', 'other'), 201, 'the ban is for the lobby');
  assert.equal((await done(act(data, 'owner', { ...what, all_rooms: 'yes', ban_minutes: 0 }))).deleted, 2);
  assert.deepEqual(textsOf(await look(data, 'room=other&since=0')), []);
  const [line] = await desk(data, 'audit');
  assert.equal(line.detail, 'without end, newcomers');
  assert.equal((await act(data, 'owner', { do: 'ban', room: 'lobby', seq: 1, of: 'newcomers' })).status, 400);
});

test('nobody acts on a person of the same or a higher role', async (t) => {
  const data = await owned(t);
  const { invite } = await done(act(data, 'owner', { do: 'invite', role: 'moderator', uses: 2 }));
  for (const who of ['mia', 'max']) await done(act(data, who, { do: 'join', invite }));
  await say(data, 'owner', 'mine');
  await say(data, 'max', 'mine too');
  for (const seq of [1, 2]) {
    for (const what of [{ do: 'ban' }, { do: 'clean', of: 'key' }, { do: 'delete' }])
      assert.equal((await act(data, 'mia', { ...what, room: 'lobby', seq })).status, 403, JSON.stringify(what));
  }
  assert.deepEqual(textsOf(await look(data, 'since=0')), ['mine', 'mine too']);
});

test('a shadowed visitor sees its own messages, others do not; nothing tells it so', async (t) => {
  const data = await owned(t);
  await say(data, 'eve', 'before');
  await done(act(data, 'owner', { do: 'ban', kind: 'shadow', room: 'lobby', seq: 1 }));
  assert.equal((await say(data, 'eve', 'spam')).status, 201);
  assert.deepEqual(textsOf(await look(data, 'since=0', 'eve')), ['before', 'spam']);
  assert.deepEqual(textsOf(await look(data, 'since=0', 'ann')), ['before']);
  assert.deepEqual(textsOf(await look(data, 'since=0')), ['before']);
  const says = (await me(data, 'eve')).json;
  assert.deepEqual([says.may.write, says.why, says.role], [true, null, 'member']);
});

test('each act is in the audit log: who, what, on whom, why', async (t) => {
  const data = await owned(t);
  await say(data, 'eve', 'x');
  await done(act(data, 'owner', { do: 'ban', room: 'lobby', seq: 1, reason: 'spam', minutes: 5 }));
  await done(act(data, 'owner', { do: 'set', key: 'edit_minutes', value: '5' }));
  const [setting, ban] = await desk(data, 'audit');
  assert.deepEqual([ban.act, ban.room, ban.seq, ban.reason, ban.detail], ['ban', 'lobby', 1, 'spam', '5 min, key']);
  assert.match(ban.who, /·[0-9a-f]{4}$/);
  assert.match(ban.subject, /^eve /);
  assert.deepEqual([setting.act, setting.subject, setting.detail], ['set', 'edit_minutes', '5']);
});

// ---- settings and rooms ----

test('a setting of the page counts at once, but not against a file or the environment', async (t) => {
  const data = await owned(t);
  await done(act(data, 'owner', { do: 'set', key: 'guests', value: 'no' }));
  assert.deepEqual((await say(data, '', 'x')).json.type, 'urn:pollchat:problem:sign-in-needed');
  const fixed = { POLLCHAT_GUESTS: 'yes' };
  assert.equal((await say(data, '', 'x', {}, fixed)).status, 201);
  assert.equal((await act(data, 'owner', { do: 'set', key: 'guests', value: 'named' }, fixed)).status, 409);
  assert.equal((await act(data, 'owner', { do: 'set', key: 'guests', value: 'maybe' })).status, 400);
  assert.equal((await act(data, 'owner', { do: 'set', key: 'data', value: '/tmp' })).status, 400);
  const row = (await desk(data, 'settings')).find(({ key }) => key === 'guests');
  assert.deepEqual([row.value, row.source, row.editable], ['no', 'page', true]);
  const secret = (await desk(data, 'settings')).find(({ key }) => key === 'token_key');
  assert.deepEqual([secret.value, secret.set, secret.editable], ['', false, false]);
});

test('a room for members has no head file, no page that a cache keeps, and leaves nothing to strangers', async (t) => {
  const data = await owned(t);
  const heads = temporaryFolder(t);
  const extra = { POLLCHAT_HEADS: heads };
  const files = () => fs.readdirSync(heads).length;
  await say(data, 'owner', 'secret', { room: 'den' }, extra);
  assert.equal(files(), STORE === undefined ? 1 : 0, 'over PostgreSQL no room has one: other hosts would not write it');
  await done(act(data, 'owner', { do: 'room', room: 'den', kind: 'members' }, extra));
  assert.equal(files(), 0);
  await say(data, 'owner', 'more', { room: 'den' }, extra);
  assert.equal(files(), 0);
  const stranger = await look(data, 'room=den&since=0', 'ann', extra);
  const absent = await look(data, 'room=nowhere&since=0', 'ann', { ...extra, POLLCHAT_NEW_ROOMS: 'moderators' });
  assert.equal(stranger.stdout, absent.stdout);
  const inside = await look(data, 'room=den&before=100', 'owner', extra);
  assert.equal(inside.headers['cache-control'], 'no-store');
  assert.equal(inside.json.watch, undefined);
});

test('a backup that an owner fetches is a whole database', aboutSqlite, async (t) => {
  const data = await owned(t);
  const answer = await look(data, 'list=backup', 'owner', { PATH_INFO: '/desk' });
  assert.equal(answer.status, 200);
  assert.match(answer.headers['content-disposition'], /^attachment; filename="chat-\d{4}-\d\d-\d\d\.db"$/);
  assert.ok(answer.body.startsWith('SQLite format 3'));
  assert.deepEqual(fs.readdirSync(data).filter((name) => name.startsWith('backup-')), []);
});

test('over PostgreSQL no backup can be fetched, and the answer says what makes one', { skip: STORE === undefined }, async (t) => {
  const data = await owned(t);
  const answer = await look(data, 'list=backup', 'owner', { PATH_INFO: '/desk' });
  assert.equal(answer.status, 404);
  assert.equal(answer.json.type, 'urn:pollchat:problem:not-found');
  assert.match(answer.json.detail, /pg_dump/);
  assert.equal((await look(data, 'list=backup', 'ann', { PATH_INFO: '/desk' })).json.type, 'urn:pollchat:problem:not-allowed');
});

// ---- readers that wait ----

async function parked(program) {
  return (await status(program)).parked;
}

test('when a room is closed, the polls and streams that wait in it end without its messages', async (t) => {
  const data = await owned(t);
  await say(data, 'owner', 'hi', { room: 'den' });
  const poller = await startFastcgi(t, 'poll', data);
  const open = fastcgi(poller.socket, pollRequest('room=lobby&since=0&wait=20'));
  const closed = fastcgi(poller.socket, pollRequest('room=den&since=1&wait=20'));
  const stream = fastcgi(poller.socket, { program: 'poll', query: 'room=den&since=1', extra: { SCRIPT_NAME: '/stream' } });
  await until(async () => (await parked(poller)).polls >= 2 && (await parked(poller)).streams >= 1, 'readers to wait');
  await done(act(data, 'owner', { do: 'room', room: 'den', kind: 'locked' }));
  const answer = await closed;
  assert.deepEqual([answer.status, answer.json.type], [503, 'urn:pollchat:problem:stopping']);
  assert.ok(!(await stream).body.includes('notice'), 'the stream ends before the notice');
  assert.equal((await fastcgi(poller.socket, pollRequest('room=den&since=1&wait=20'))).status, 403);
  await say(data, 'ann', 'others go on', { room: 'lobby' });
  assert.deepEqual(textsOf(await open), ['others go on']);
});

test('by plain CGI, a poll that waits in a room that is closed ends too', async (t) => {
  const data = await owned(t);
  await say(data, 'owner', 'hi', { room: 'den' });
  const waiting = startCgi(data, pollRequest('room=den&since=1&wait=20'));
  await until(() => waiting.child.exitCode === null && fs.existsSync(path.join(data, 'chat.bell')), 'it to wait');
  await new Promise((go) => { setTimeout(go, 200); });
  await done(act(data, 'owner', { do: 'room', room: 'den', kind: 'locked' }));
  const answer = await waiting.answer;
  assert.ok([403, 503].includes(answer.status), answer.stdout);
  assert.ok(!answer.body.includes('notice'));
});

test('waiting readers of a shadowed visitor and of others get each their own answer', async (t) => {
  const data = await owned(t);
  await say(data, 'eve', 'before');
  await done(act(data, 'owner', { do: 'ban', kind: 'shadow', room: 'lobby', seq: 1 }));
  const poller = await startFastcgi(t, 'poll', data);
  const wait = (who) => fastcgi(poller.socket, pollRequest('since=1&wait=20', { extra: keyHeader(who) }));
  const [eve, ann] = [wait('eve'), wait('ann')];
  await until(async () => (await parked(poller)).polls >= 2, 'both to wait');
  await say(data, 'eve', 'spam');
  assert.deepEqual(textsOf(await eve), ['spam']);
  assert.deepEqual(textsOf(await ann), []);
});

test('a stream ends with the token of its reader', async (t) => {
  const data = await owned(t);
  await done(act(data, 'owner', { do: 'room', room: 'den', kind: 'members' }));
  const secret = 'a secret of the host site, long enough';
  const env = { POLLCHAT_TOKEN_ALG: 'hs256', POLLCHAT_TOKEN_KEY: secret, POLLCHAT_TOKEN_AUD: 'chat' };
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + 3;
  const signed = `${encode({ alg: 'HS256' })}.${encode({ sub: '1', name: 'Sig', aud: 'chat', exp })}`;
  const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  const poller = await startFastcgi(t, 'poll', data, { env });
  const ask = (name, wait = '') =>
    fastcgi(poller.socket, { program: 'poll', query: `room=den&since=0${wait}`, extra: { SCRIPT_NAME: name, HTTP_POLLCHAT_TOKEN: token } });
  const stream = await ask('/stream');
  assert.equal(stream.status, 200);
  assert.ok(stream.body.includes('notice') && Date.now() / 1000 <= exp + 1, 'it reads, and ends in time');
  await until(() => Date.now() / 1000 > exp, 'the token to end');
  assert.equal((await ask('/poll')).status, 401);
});

test('a flood that waits for a moderator is cleaned up by one of its messages, by key or network', async (t) => {
  const data = await owned(t);
  await done(act(data, 'owner', { do: 'room', room: 'lobby', newcomers: 'held', minutes: 30 }));
  const [, day, time] = (await look(data, 'since=0', 'owner')).json.messages.at(-1).text.match(/, until (\S+) (\S+) UTC\.$/);
  assert.ok(Date.parse(`${day}T${time}Z`) > Date.now());
  for (let n = 0; n < 6; n++) {
    assert.equal((await say(data, `flood ${n}`, `spam ${n}`, {}, from(`203.0.113.${n}`))).status, 202);
    assert.equal((await say(data, n < 3 ? 'eve' : '', `other ${n}`, {}, from('198.51.100.7'))).status, 202);
  }
  await say(data, 'eve', 'elsewhere', { room: 'other' }, from('198.51.100.7'));
  const waiting = async () => (await desk(data, 'held')).map(({ text }) => text).reverse();
  const idOf = async (text) => (await desk(data, 'held')).find((one) => one.text === text).held;
  const one = await idOf('spam 3');
  assert.equal((await act(data, 'owner', { do: 'clean', room: 'other', held: one })).status, 404, 'it waits in another room');
  const cleaned = await done(act(data, 'owner', { do: 'clean', held: one, of: 'network', reason: 'spam' }));
  assert.deepEqual([cleaned.deleted, cleaned.covers], [6, 256]);
  assert.deepEqual(await waiting(), ['other 0', 'other 1', 'other 2', 'other 3', 'other 4', 'other 5']);
  assert.equal((await say(data, 'flood 9', 'again', {}, from('203.0.113.99'))).status, 403);
  assert.equal((await done(act(data, 'owner', { do: 'clean', held: await idOf('other 1') }))).deleted, 4, 'of a key, also what was stored');
  assert.deepEqual(await waiting(), ['other 3', 'other 4', 'other 5']);
  assert.equal((await say(data, 'eve', 'again', { room: 'other' })).status, 403);
  assert.equal((await done(act(data, 'owner', { do: 'ban', held: await idOf('other 4'), kind: 'mute' }))).covers, 256, 'of a guest its network');
  // when its time is over, the room is as before
  sqlOf(data, `UPDATE room SET newcomers_until = ${Date.now() - 1}`);
  assert.equal((await say(data, 'nina', 'hello')).status, 201);
});
