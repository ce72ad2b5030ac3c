// commands.test.mjs - the owner's command line: what moderators do in a browser is done in a shell,
// and the programs of the web server know it at once.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { poll, pollchat, send, temporaryFolder } from './program.mjs';

const ANN = 'annannannannannannannA';
const BOB = 'bobbobbobbobbobbobbobA';

/** A chat in which ann has written twice, and a guest once. */
async function chat(t) {
  const data = path.join(temporaryFolder(t), 'data');
  fs.mkdirSync(data, { mode: 0o700 });
  const shell = async (...args) => pollchat([...args, '--data', data]);
  const c = {
    data,
    shell,
    /** Runs a command that has to succeed; its output. */
    ok: async (...args) => {
      const ran = await shell(...args);
      assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stderr}`);
      return ran.stdout;
    },
    list: async (...args) => JSON.parse(await c.ok(...args, '--json')).items,
    say: (key, name, text, fields = {}) => send(data, { name, text, ...(key ? { key } : {}), ...fields }),
    messages: async () => (await poll(data, 'since=0')).json.messages,
    act: (key, what, fields) => send(data, { do: what, key, ...fields }, { extra: { PATH_INFO: '/act' } }),
  };
  assert.equal((await c.say(ANN, 'ann', 'one')).status, 201);
  assert.equal((await c.say(ANN, 'ann', 'two secret words')).status, 201);
  assert.equal((await c.say(null, 'visitor', 'three')).status, 201);
  return c;
}

test('persons are listed, get roles, are trusted, and names are freed', async (t) => {
  const c = await chat(t);
  const [ann] = await c.list('name', 'ANN');
  assert.deepEqual([ann.name, ann.role, ann.names], ['ann', 'member', ['ann']]);
  assert.equal((await c.say(BOB, 'ann', 'me too')).status, 409);
  assert.match(await c.ok('name', 'role', 'ann', 'moderator', '--room', 'lobby'), /^ok: the role is moderator in lobby now/);
  assert.match(await c.ok('name', 'role', `#${ann.id}`, 'moderator'), /^ok/);
  assert.equal((await c.list('name', 'ann'))[0].role, 'moderator');
  await c.ok('name', 'trust', 'lobby:1');
  assert.equal((await c.list('name', 'ann'))[0].trusted, true);
  await c.ok('name', 'role', 'ann', 'member');
  await c.ok('name', 'free', 'Ann');
  assert.equal((await c.say(BOB, 'ann', 'now I am')).status, 201);
});

test('a ban holds at once, says its reason, and can be lifted', async (t) => {
  const c = await chat(t);
  assert.match(await c.ok('ban', 'add', 'lobby:1', '--minutes', '60', '--reason', 'flood'), /^ok: ban \d+, of ann/);
  const refused = await c.say(ANN, 'other', 'again');
  assert.equal(refused.status, 403);
  assert.match(refused.json.detail, /flood/);
  const [ban] = await c.list('ban');
  assert.equal(ban.reason, 'flood');
  await c.ok('ban', 'lift', String(ban.id));
  assert.equal((await c.say(ANN, 'ann', 'back')).status, 201);
  await c.ok('ban', 'add', 'mallory', '--kind', 'mute');
  assert.equal((await c.say(BOB, 'Mallory', 'hi')).status, 403, 'a name is banned in every spelling');
});

test('rooms are made read-only, slow and open again', async (t) => {
  const c = await chat(t);
  await c.ok('room', 'set', 'lobby', '--kind', 'read-only', '--minutes', '30');
  assert.equal((await c.say(BOB, 'bob', 'hi')).json.type, 'urn:pollchat:problem:room-closed');
  await c.ok('room', 'set', 'lobby', '--kind', 'default', '--slow', '3600');
  assert.equal((await c.say(BOB, 'bob', 'first')).status, 201);
  assert.equal((await c.say(BOB, 'bob', 'second')).json.type, 'urn:pollchat:problem:slow-mode');
  assert.equal((await c.list('room'))[0].slow, 3600);
  assert.equal((await c.messages()).filter(({ type }) => type === 'notice').length, 2, 'readers are told');
});

test('words are refused until they are taken off the list', async (t) => {
  const c = await chat(t);
  await c.ok('word', 'add', 'casino');
  assert.equal((await c.say(BOB, 'bob', 'the CASINO')).json.type, 'urn:pollchat:problem:words');
  const [word] = await c.list('word');
  await c.ok('word', 'remove', String(word.id));
  assert.equal((await c.say(BOB, 'bob', 'the CASINO')).status, 201);
});

test('reported and waiting messages are decided', async (t) => {
  const c = await chat(t);
  assert.equal((await c.act(BOB, 'report', { room: 'lobby', seq: '1', reason: 'rude' })).status, 200);
  assert.deepEqual((await c.list('report')).map(({ seq, reasons }) => [seq, reasons]), [[1, ['rude']]]);
  await c.ok('report', 'hide', 'lobby:1');
  assert.equal((await c.messages())[0].type, 'delete');
  assert.deepEqual(await c.list('report'), [], 'it is decided');
  await c.ok('report', 'show', 'lobby:1');
  assert.equal((await c.messages())[0].text, 'one');
  await c.ok('report', 'delete', 'lobby:1', '--reason', 'rude');
  assert.equal((await c.messages())[0].text, '');
  await c.ok('word', 'add', 'perhaps', '--act', 'hold');
  for (const id of ['a', 'b']) assert.equal((await c.say(BOB, 'bob', `perhaps ${id}`, { id })).status, 202);
  const held = await c.list('report', 'held');
  await c.ok('report', 'approve', String(held.find(({ text }) => text === 'perhaps a').id));
  await c.ok('report', 'reject', String(held.find(({ text }) => text === 'perhaps b').id));
  assert.deepEqual((await c.messages()).map(({ text }) => text).filter((text) => text.startsWith('perhaps')), ['perhaps a']);
});

test('an invitation, the owner’s code and a signed token give rights', async (t) => {
  const c = await chat(t);
  const [, code] = /^owner\.html#join=(\S+)$/m.exec(await c.ok('token', 'invite', 'moderator', '--days', '1'));
  assert.equal((await c.act(BOB, 'join', { invite: code })).json.role, 'moderator');
  await c.ok('token', 'owner');
  const [owner] = fs.readFileSync(path.join(c.data, 'owner-code.txt'), 'utf8').split('\n');
  assert.equal((await c.act(ANN, 'sign-in', { code: owner })).json.role, 'owner');
  const settings = { POLLCHAT_TOKEN_ALG: 'hs256', POLLCHAT_TOKEN_KEY: `march:${'s'.repeat(32)}`, POLLCHAT_TOKEN_AUD: 'chat' };
  const signed = await pollchat(['token', 'sign', '42', 'Ann Lee', '--role', 'member', '--data', c.data], settings);
  assert.equal(signed.code, 0, signed.stderr);
  const answer = await send(c.data, { token: signed.stdout.trim(), text: 'signed' }, { extra: settings });
  assert.deepEqual([answer.status, answer.json.name, answer.json.signed], [201, 'Ann Lee', true]);
  assert.match(await c.ok('token', 'pair'), /^token_alg = eddsa\ntoken_key = [\w-]{43}\n/);
});

test('everything of a person is erased, and in no file of the folder', async (t) => {
  const c = await chat(t);
  assert.match(await c.ok('erase', 'ann'), /^ok: erased messages: 2/);
  assert.deepEqual((await c.messages()).filter(({ type }) => type === 'message').map(({ text }) => text), ['three']);
  for (const name of fs.readdirSync(c.data)) {
    assert.ok(!fs.readFileSync(path.join(c.data, name)).includes('secret words'), name);
  }
  assert.deepEqual(await c.list('name'), []);
  assert.match(await c.ok('check'), /^ok/);
});

test('purge removes at once what is too old or too many', async (t) => {
  const c = await chat(t);
  await c.ok('room', 'set', 'lobby', '--keep-count', '1');
  await c.ok('purge');
  assert.equal((await c.messages()).length, 1);
});

test('stats, the audit log and help tell what there is', async (t) => {
  const c = await chat(t);
  assert.equal((await c.list('stats'))[0].messages, 3);
  const days = await c.list('stats', '--room', 'lobby');
  assert.deepEqual([days.length, days.at(-1).messages], [30, 3]);
  assert.match(days.at(-1).day, /^\d{4}-\d\d-\d\d$/);
  await c.ok('word', 'add', 'x');
  assert.deepEqual((await c.list('audit')).map(({ who, act, subject }) => [who, act, subject]), [['pollchat', 'word', 'x']]);
  assert.match(await c.ok('help', 'ban'), /for example: pollchat ban add/);
  assert.match(await c.ok('ban'), /^$/);
});

test('what can’t be done is said, with an exit status, and changes nothing', async (t) => {
  const c = await chat(t);
  const wrong = [
    [['ban', 'add', 'lobby:99'], /no such message/i],
    [['ban', 'add', 'guest'], /stands for anybody/],
    [['ban', 'lift', '7'], /no such ban/i],
    [['ban', 'add', 'bob', '--kind', 'kick'], /allowed is one of ban, mute, shadow/],
    [['name', 'role', 'ann', 'king'], /allowed is one of/],
    [['room', 'set', 'Lobby', '--slow', '1'], /can't be the name of a room/],
    [['room', 'set', 'lobby'], /Nothing to change/],
    [['room', 'set', 'lobby', '--hours', 'always'], /./],
    [['report', 'hide', 'lobby'], /ROOM:SEQ/],
    [['erase', 'nobody-here'], /owns this name/],
    [['token', 'sign', '1', 'ann'], /hs256/],
    [['report', 'approve', 'x'], /whole number/],
  ];
  for (const [args, why] of wrong) {
    const ran = await c.shell(...args);
    assert.equal(ran.code, 1, args.join(' '));
    assert.match(ran.stderr, why, args.join(' '));
  }
  for (const args of [['ban', 'add'], ['ban', '--slow', '1'], ['room', 'set', 'lobby', '--slow', 'x'], ['nix'], ['stats', 'a', 'b']]) {
    assert.equal((await c.shell(...args)).code, 2, args.join(' '));
  }
  assert.deepEqual(await c.list('audit'), []);
  const elsewhere = await pollchat(['ban', 'add', 'bob', '--data', path.join(c.data, 'typo')]);
  assert.deepEqual([elsewhere.code, fs.existsSync(path.join(c.data, 'typo'))], [1, false], 'a mistyped folder becomes no chat');
});
