// names.test.mjs - a name that looks like an owner's or a moderator's: refused with a free one, or marked.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fastcgi, poll, send, sqlOf, startFastcgi, temporaryFolder } from './program.mjs';

const MEMBER = 2, OWNER = 4;
const newKey = () => crypto.randomBytes(16).toString('base64url');

/** The bytes of a value of a case file (tests/unit/support.h). */
const unescape = (value) => Buffer.from(Buffer.from(value, 'utf8').toString('latin1')
  .replace(/\\x([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))), 'latin1').toString('utf8');

/** Names of the cases about Ian, by key. */
function namesLikeIan() {
  const found = { same: [], alike: [], marked: [], other: [], refused: [] };
  for (const file of fs.readdirSync('tests/cases/names')) {
    const lines = fs.readFileSync(path.join('tests/cases/names', file), 'utf8').split('\n').filter((line) => line && !line.startsWith('#'));
    if (lines[0] !== 'name: Ian') continue;
    for (const line of lines.slice(1)) found[line.slice(0, line.indexOf(':'))].push(unescape(line.slice(line.indexOf(': ') + 2)));
  }
  return found;
}

/** A chat in which Ian has a key and a role. */
async function chatOfIan(t, role) {
  const data = path.join(temporaryFolder(t), 'data');
  fs.mkdirSync(data, { mode: 0o700 });
  assert.equal((await send(data, { name: 'Ian', text: 'mine', key: newKey() })).status, 201);
  sqlOf(data, `UPDATE person SET role = ${role}; UPDATE name SET used_ms = used_ms - 172800000; UPDATE meta SET rules = rules + 1`);
  const program = await startFastcgi(t, 'send', data);
  const post = (fields) => fastcgi(program.socket, { program: 'send', method: 'POST', type: 'application/json', body: JSON.stringify(fields) });
  return { data, post };
}

test('nobody but the owner Ian writes as Ian or under a name that looks like it, in any of 20 scripts', async (t) => {
  const { data, post } = await chatOfIan(t, OWNER);
  const names = namesLikeIan();
  assert.ok(names.alike.length > 100, `${names.alike.length}`);
  for (const [kind, type] of [['same', 'name-taken'], ['alike', 'name-alike']]) {
    for (const name of names[kind]) {
      const answer = await post({ name, text: 'I am Ian', key: newKey() });
      assert.equal(answer.status, 409, `${kind} ${name}: ${answer.body}`);
      assert.equal(answer.json.type, `urn:pollchat:problem:${type}`, name);
      assert.equal(answer.json.field, 'name');
      const offered = await post({ name: answer.json.suggestion, text: 'hello', key: newKey() });
      assert.ok(offered.status === 201, `${name}: ${answer.json.suggestion} is offered, but ${offered.body}`);
    }
  }
  for (const name of names.refused) assert.equal((await post({ name, text: 'I am Ian', key: newKey() })).status, 400, name);
  for (const name of [...names.same, ...names.alike]) {
    assert.equal((await post({ name, text: 'I am Ian' })).status, 409, `a guest: ${name}`);
  }
  assert.deepEqual((await poll(data, 'last=1000')).json.messages.filter(({ text }) => text !== 'hello').map(({ name }) => name), ['Ian']);
});

test('beside an Ian without a role, look-alikes are let in with a mark where Ian does not write', async (t) => {
  const { data, post } = await chatOfIan(t, MEMBER);
  const names = namesLikeIan();
  const key = newKey(); // of one person, because some of these names are the same
  for (const [i, name] of [...names.alike, ...names.marked].entries()) {
    const room = `r${i}`; // of its own, because a name that is in use in a room is protected there
    const answer = await post({ name, room, text: 'hello', key });
    assert.equal(answer.status, 201, `${name}: ${answer.body}`);
    assert.equal(answer.json.alike, true, `${name}: ${answer.body}`);
    assert.match(answer.json.mark, /^[0-9a-f]{4}$/);
    if (i === 0) {
      const [message] = (await poll(data, `room=${room}&since=0`)).json.messages;
      assert.deepEqual([message.name, message.alike, message.mark], [name, true, answer.json.mark]);
    }
  }
});

test('people of many scripts write in one room, and none is refused or marked as a look-alike', async (t) => {
  const { post } = await chatOfIan(t, OWNER);
  const lines = fs.readFileSync('tests/cases/honest-names.txt', 'utf8').split('\n');
  for (const name of lines.filter((line) => line && !line.startsWith('#') && line !== 'Ian')) {
    const answer = await post({ name, text: 'hello', key: newKey() });
    assert.equal(answer.status, 201, `${name}: ${answer.body}`);
    assert.equal(answer.json.alike, undefined, name);
  }
});
