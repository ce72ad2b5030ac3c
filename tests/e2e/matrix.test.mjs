// matrix.test.mjs - who may do what: each route and each act, for each role, in each kind of room,
// through a real web server, compared with the printed matrix tests/cases/matrix.txt.
//
// A cell of the matrix is a word:
//   yes      allowed: 2xx, 304, or an error that comes after the question who may (400, 404, 503)
//   sign-in  401 sign-in-needed         token   401 bad-token
//   weak     403 not-allowed            closed  403 room-closed
//   banned   403 banned                 muted   403 muted
// Acts are asked for without their fields, so an act that is allowed answers 400 and changes nothing.
// To print the matrix anew after a change that is meant: WRITE_MATRIX=1 tests/e2e/run lighttpd -- matrix

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { PROFILE, withSite } from './harness.mjs';

const tree = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const file = path.join(tree, 'tests/cases/matrix.txt');
const source = (name) => fs.readFileSync(path.join(tree, 'cgi-bin', name), 'utf8');

const SECRET = 'a secret of the host site, long enough';
const ENV = {
  POLLCHAT_NEW_ROOMS: 'moderators',
  POLLCHAT_TOKEN_ALG: 'hs256',
  POLLCHAT_TOKEN_KEY: SECRET,
  POLLCHAT_TOKEN_AUD: 'chat',
  POLLCHAT_LIMITS: 'off',
  POLLCHAT_STATUS: 'everyone',
  POLLCHAT_DOCTOR: 'everyone',
};

const KINDS = ['open', 'read-only', 'members', 'locked', 'absent'];
const ROLES = ['guest', 'key', 'reader', 'member', 'signed', 'moderator', 'owner', 'banned', 'muted', 'bad-token'];

const keyOf = (role) => Buffer.from(`${role}................`.slice(0, 16)).toString('base64url');
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token of a visitor of the host's site, for all rooms. */
function token() {
  const exp = Math.floor(Date.now() / 1000) + 600;
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: '17', name: 'Sigrid', aud: 'chat', exp })}`;
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
}

function headersOf(role) {
  if (role === 'guest') return {};
  if (role === 'bad-token') return { 'Pollchat-Token': 'e30.e30.AAAA' };
  return role === 'signed' ? { 'Pollchat-Token': token() } : { 'Pollchat-Key': keyOf(role) };
}

// ---- what there is to ask for, from the tables of the programs ----

const acts = ['keys', 'messages', 'persons', 'setup'].flatMap((topic) =>
  [...source(`routes/acts_${topic}.c`).matchAll(/\{\.name = "([\w-]+)",\s*\.need = CHAT_(\w+)|\{\.name = "([\w-]+)",/g)].map(
    ([, name, , other]) => name ?? other,
  ),
);

const routes = ['poll.c', 'send.c'].flatMap((name) =>
  [...source(name).matchAll(/\{"(\/?\w+)",\s*REQUEST_[^,]*, CHAT_(\w+), \w+\}/g)].map(([, route]) => route.replace('/', '')),
);

const post = (target, fields) => ({
  target,
  options: { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(fields) },
});

/** The rows: what is asked for in a room. A route that isn't here fails the test. */
function rowsOf(room) {
  return [
    ['GET /poll', { target: `/poll?room=${room}` }],
    ['GET /poll before', { target: `/poll?room=${room}&before=100` }],
    ['GET /poll several', { target: `/poll?room=lobby:0&room=${room}:0` }],
    ['HEAD /stream', { target: `/stream?room=${room}`, options: { method: 'HEAD' } }],
    ['GET /plain', { target: `/plain?room=${room}` }],
    ['GET /plain log', { target: `/plain?room=${room}&part=log` }],
    ['GET /embed', { target: `/embed?room=${room}` }],
    ['GET /me', { target: `/poll/me?room=${room}` }],
    ['GET /desk reports', { target: `/poll/desk?list=reports&room=${room}` }],
    ['GET /desk people', { target: '/poll/desk?list=people' }],
    ['GET /desk settings', { target: '/poll/desk?list=settings' }],
    ['GET /desk backup', { target: '/poll/desk?list=backup' }],
    ['GET /status', { target: '/status' }],
    ['GET /doctor', { target: '/doctor' }],
    ['POST /send', post('/send', { room, text: 'x' })],
    ['POST /send edit', post('/send', { room, type: 'edit', target: 99, text: 'x' })],
    ['POST /send delete', post('/send', { room, type: 'delete', target: 99 })],
    ...acts.map((name) => [`act ${name}`, post('/send/act', { do: name, room })]),
  ];
}

// ---- asking ----

const WORDS = {
  'sign-in-needed': 'sign-in',
  'bad-token': 'token',
  'not-allowed': 'weak',
  'room-closed': 'closed',
  banned: 'banned',
  muted: 'muted',
};

// Refused for a reason that comes after the question who may, such as a backup over PostgreSQL.
const LATER = [400, 404, 503];

function wordOf(answer) {
  if (answer.status < 400 || LATER.includes(answer.status)) return 'yes';
  if (answer.headers['content-type']?.startsWith('text/plain')) return `${answer.status}`; // of /plain
  const slug = answer.text === '' ? `${answer.status}` : answer.json().type.replace('urn:pollchat:problem:', '');
  return WORDS[slug] ?? slug;
}

async function askCell(site, { target, options = {} }, role) {
  const headers = { ...options.headers, ...headersOf(role) };
  let answer = await site.get(target, { ...options, headers });
  if (options.method === 'HEAD' && answer.status >= 400) {
    // A HEAD has no body that says why; the same question as a poll has.
    assert.ok([401, 403, 503].includes(answer.status), `${target}: ${answer.status}`);
    const same = await site.get(target.replace('/stream', '/poll'), { headers });
    if (answer.status !== 503) assert.equal(same.status, answer.status, `${target} as ${role}`);
    answer = answer.status === 503 ? answer : same;
  } else if (answer.headers['content-type']?.startsWith('text/plain') && answer.status >= 400) {
    const same = await site.get(target.replace('/plain', '/poll').replace('&part=log', ''), { headers });
    assert.equal(same.status, answer.status, `${target} as ${role}`);
    answer = same;
  }
  return wordOf(answer);
}

// ---- the site ----

async function act(site, role, fields) {
  const { target, options } = post('/send/act', fields);
  const answer = await site.get(target, { ...options, headers: { ...options.headers, ...headersOf(role) } });
  assert.equal(answer.status, 200, `${JSON.stringify(fields)}: ${answer.text}`);
  return answer.json();
}

/** Makes the owner, the rooms, and the persons with their roles. */
async function furnish(site) {
  const me = await site.get('/poll/me?sign_in=yes', { headers: headersOf('owner') });
  assert.equal(me.status, 200, me.text);
  const code = fs.readFileSync(path.join(site.data, 'owner-code.txt'), 'utf8').split('\n')[0];
  await act(site, 'owner', { do: 'sign-in', code });
  for (const room of ['lobby', ...KINDS.slice(0, -1)]) {
    await act(site, 'owner', { do: 'room', room, kind: room === 'lobby' ? 'open' : room });
  }
  const seqs = {};
  for (const role of ROLES.filter((one) => !['guest', 'signed', 'bad-token'].includes(one))) {
    const sent = await site.send({ room: 'lobby', name: role, text: 'here' }, { headers: headersOf(role) });
    assert.equal(sent.status, 201, sent.text);
    seqs[role] = sent.json().seq;
  }
  for (const role of ['reader', 'member', 'moderator']) {
    await act(site, 'owner', { do: 'role', room: 'lobby', seq: seqs[role], role });
  }
  await act(site, 'owner', { do: 'ban', room: 'lobby', seq: seqs.banned, minutes: 0 });
  await act(site, 'owner', { do: 'ban', room: 'lobby', seq: seqs.muted, kind: 'mute', minutes: 0 });
}

// ---- the printed form ----

const line = (cells) => cells.map((cell, i) => cell.padEnd(i === 0 ? 20 : 10)).join('').trimEnd();

function print(matrix) {
  const out = [
    '# Who may do what: rows are routes and acts, columns are roles, one table for each kind of room.',
    '# tests/e2e/matrix.test.mjs says what the words mean, asks for each cell through each web server,',
    '# and prints this file. An absent room is one that is not there, where only moderators make rooms.',
  ];
  for (const kind of KINDS) {
    out.push('', `## ${kind}`, line(['', ...ROLES]));
    for (const [row, cells] of matrix[kind]) out.push(line([row, ...cells]));
  }
  return `${out.join('\n')}\n`;
}

describe(`${PROFILE}: who may do what`, () => {
  it('the tables of the programs have the routes and acts that are asked for', () => {
    assert.deepEqual([...new Set(routes)].sort(), ['act', 'desk', 'doctor', 'embed', 'me', 'plain', 'poll', 'send', 'status', 'stream']);
    assert.ok(acts.length >= 25 && new Set(acts).size === acts.length, `${acts}`);
  });

  it('is what tests/cases/matrix.txt says', { timeout: 500_000 }, () =>
    withSite({ env: ENV }, async (site) => {
      await furnish(site);
      const matrix = {};
      let absent = 0;
      for (const kind of KINDS) {
        matrix[kind] = [];
        for (const [name] of rowsOf('x')) {
          const cells = [];
          for (const role of ROLES) {
            const room = kind === 'absent' ? `absent-${(absent += 1)}` : kind;
            cells.push(await askCell(site, rowsOf(room).find(([row]) => row === name)[1], role));
          }
          matrix[kind].push([name, cells]);
        }
      }
      if (process.env.WRITE_MATRIX) fs.writeFileSync(file, print(matrix));
      assert.equal(print(matrix), fs.readFileSync(file, 'utf8'));
    }));
});
