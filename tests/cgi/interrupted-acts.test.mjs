// interrupted-acts.test.mjs - acts of moderators in programs that are killed, on a full disk, and
// while another process has the database: what was done and its line in the audit log are both
// there, or neither is.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { aboutSqlite, cgi, fastcgi, lockDatabase, pollchat, sqlOf, startCgi, startFastcgi, temporaryFolder, until } from './program.mjs';

const ROUNDS = 20; // for each act
const form = 'application/x-www-form-urlencoded';
const keyOf = (name) => Buffer.from(`${name}................`.slice(0, 16)).toString('base64url');

function request(path_, fields, who) {
  const body = new URLSearchParams(fields).toString();
  const extra = { PATH_INFO: path_, HTTP_POLLCHAT_KEY: keyOf(who) };
  return { program: 'send', method: 'POST', type: form, body, length: Buffer.byteLength(body), extra };
}

async function done(answer, status = 200) {
  const { status: is, body, json } = await answer;
  assert.equal(is, status, body);
  return json;
}

const say = (data, who, fields, status = 201) => done(cgi(data, request('', { name: who, text: 'hello', ...fields }, who)), status);
const act = (data, who, fields) => done(cgi(data, request('/act', fields, who)));

/** One number; a truth is 1 or 0, which PostgreSQL prints as t or f. */
const number = (data, text) => Number(sqlOf(data, text).replace(/^t$/, '1').replace(/^f$/, '0'));

async function owned(t) {
  const data = path.join(temporaryFolder(t), 'data');
  fs.mkdirSync(data, { mode: 0o700 });
  await cgi(data, { program: 'poll', query: 'sign_in=yes', extra: { PATH_INFO: '/me' } });
  const [code] = fs.readFileSync(path.join(data, 'owner-code.txt'), 'utf8').split('\n');
  await act(data, 'owner', { do: 'sign-in', code });
  await act(data, 'owner', { do: 'word', pattern: 'waitforit', act: 'hold' });
  return data;
}

/**
 * Each act: make(data, n): its fields, who does it, and its effects: functions that tell 0 or 1,
 * one of them for the line of the audit log. All of them or none must be there.
 */
const acts = {
  async delete(data) {
    const { seq } = await say(data, 'ann', { text: 'to be deleted' });
    const text = () => number(data, `SELECT text = '' FROM message WHERE seq = ${seq}`);
    const event = () => number(data, `SELECT count(*) FROM message WHERE target = ${seq}`);
    return { fields: { do: 'delete', room: 'lobby', seq }, effects: [text, event, () => number(data, `SELECT count(*) FROM audit WHERE act = 'delete' AND seq = ${seq}`)] };
  },
  async clean(data, n) {
    const who = `flooder ${n}`;
    const seqs = [];
    for (let i = 0; i < 5; i++) seqs.push((await say(data, who, { text: `spam ${i}` })).seq);
    const [first] = seqs;
    return {
      fields: { do: 'clean', of: 'key', room: 'lobby', seq: first, reason: `round ${n}` },
      effects: [
        ...seqs.map((seq) => () => number(data, `SELECT text = '' FROM message WHERE seq = ${seq}`)),
        () => number(data, `SELECT count(*) FROM message WHERE target = ${first}`),
        () => number(data, `SELECT count(*) FROM ban WHERE reason = 'round ${n}'`),
        () => number(data, `SELECT count(*) FROM audit WHERE act = 'clean' AND seq = ${first}`),
      ],
    };
  },
  async approve(data, n) {
    await say(data, 'ben', { text: `waitforit ${n}` }, 202);
    const held = number(data, 'SELECT max(held_id) FROM held');
    const had = number(data, "SELECT count(*) FROM audit WHERE act = 'approve'");
    return {
      fields: { do: 'approve', held },
      effects: [
        () => number(data, `SELECT count(*) FROM message WHERE text = 'waitforit ${n}'`),
        () => 1 - number(data, `SELECT count(*) FROM held WHERE text = 'waitforit ${n}'`),
        () => number(data, "SELECT count(*) FROM audit WHERE act = 'approve'") - had,
      ],
    };
  },
  async move(data, n) {
    const { code } = await act(data, `mover ${n}`, { do: 'code' });
    const keys = number(data, 'SELECT count(*) FROM key');
    const had = number(data, "SELECT count(*) FROM audit WHERE act = 'move'");
    return {
      who: `moved ${n}`,
      fields: { do: 'move', code },
      effects: [
        () => number(data, 'SELECT count(*) FROM key') - keys,
        () => 1 - number(data, 'SELECT uses FROM invite ORDER BY invite_id DESC LIMIT 1'),
        () => number(data, "SELECT count(*) FROM audit WHERE act = 'move'") - had,
      ],
    };
  },
  async erase(data, n) {
    const who = `leaver ${n}`;
    const { seq } = await say(data, who, { name: who, text: `goodbye ${n}` });
    const person = number(data, `SELECT person_id FROM message WHERE seq = ${seq}`);
    return {
      fields: { do: 'erase', room: 'lobby', seq },
      effects: [
        () => 1 - number(data, `SELECT count(*) FROM key WHERE person_id = ${person}`),
        () => 1 - number(data, `SELECT count(*) FROM name WHERE name = '${who}'`),
        () => number(data, `SELECT count(*) FROM audit WHERE act = 'erase' AND subject = 'person ${person}'`),
      ],
    };
  },
};

function check(effects, what) {
  const found = effects.map((one) => one());
  assert.equal(new Set(found).size, 1, `${what}: ${found}`);
  assert.ok(found[0] === 0 || found[0] === 1, `${what}: ${found}`);
  return found[0] === 1;
}

for (const [name, make] of Object.entries(acts)) {
  test(`the act ${name} in a program that is killed is done as a whole or not at all`, async (t) => {
    const data = await owned(t);
    const first = await make(data, 0);
    const began = performance.now();
    await act(data, first.who ?? 'owner', first.fields);
    let moment = (performance.now() - began) / 2;
    assert.equal(check(first.effects, 'not killed'), true);
    let survived = 0;
    for (let n = 1; n <= ROUNDS; n++) {
      const { who = 'owner', fields, effects } = await make(data, n);
      const asked = request('/act', fields, who);
      const { child, answer } = startCgi(data, asked);
      child.stdin.end(asked.body);
      await new Promise((wake) => setTimeout(wake, moment));
      child.kill('SIGKILL');
      const { status } = await answer;
      const isDone = check(effects, `round ${n}, answered ${status}`);
      if (status === 200) assert.ok(isDone, `round ${n}: what was answered is done`);
      survived += isDone ? 1 : 0;
      moment *= isDone ? 0.8 : 1.15; // so most kills are near the commit
      if (!isDone) {
        await act(data, who, fields); // and it can be done again
        assert.ok(check(effects, `round ${n}, again`));
      }
    }
    t.diagnostic(`${survived} of ${ROUNDS} were done before the kill`);
    assert.equal((await pollchat(['check', '--data', data])).code, 0);
  });
}

test('acts on a full disk are refused as a whole, and done once there is room', aboutSqlite, async (t) => {
  const data = await owned(t);
  const { child, socket } = await startFastcgi(t, 'send', data);
  const send = (fields, who = 'owner') => fastcgi(socket, request('/act', fields, who));
  for (const [name, make] of Object.entries(acts)) {
    const { who, fields, effects } = await make(data, 'full');
    const most = Math.max(...fs.readdirSync(data).filter((file) => /^chat\.db(-wal)?$/.test(file)).map((file) => fs.statSync(path.join(data, file)).size));
    execFileSync('prlimit', [`--fsize=${Math.min(most, 4096)}:`, '--pid', String(child.pid)]);
    const refused = await send(fields, who);
    assert.ok([500, 503, 507].includes(refused.status), `${name}: ${refused.status} ${refused.body}`);
    assert.equal(check(effects, `${name} on a full disk`), false);
    execFileSync('prlimit', ['--fsize=unlimited:', '--pid', String(child.pid)]);
    const answer = await until(async () => {
      const again = await send(fields, who);
      return again.status === 200 && again;
    }, `${name} to be done`);
    assert.equal(answer.json.done, name);
    assert.ok(check(effects, `${name} with room`));
  }
});

test('acts wait for another process that is writing, and say so if it takes too long', async (t) => {
  const data = await owned(t);
  const { socket } = await startFastcgi(t, 'send', data);
  const send = (fields, who = 'owner') => fastcgi(socket, request('/act', fields, who));
  for (const [name, make] of Object.entries(acts)) {
    const { who, fields, effects } = await make(data, 'busy');
    const other = await lockDatabase(data);
    const answer = send(fields, who);
    await new Promise((wake) => setTimeout(wake, 300));
    assert.equal(check(effects, `${name}, while another one writes`), false);
    await other.release();
    const { status, json, body } = await answer;
    assert.equal(status, 200, `${name}: ${body}`);
    assert.equal(json.done, name);
    assert.ok(check(effects, `${name} afterwards`));
  }
});
