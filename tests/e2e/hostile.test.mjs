// hostile.test.mjs - clients that want what isn't theirs: forged tokens, others' ids, replays,
// private rooms, look-alike names, guessed codes, forged addresses, and floods from many networks.

import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { costsProcess, PROFILE, start, until, withSite } from './harness.mjs';

const SECRET = 'a secret of the host site, long enough';
const TOKENS = { POLLCHAT_TOKEN_ALG: 'hs256', POLLCHAT_TOKEN_KEY: `now:${SECRET}`, POLLCHAT_TOKEN_AUD: 'chat' };
// Caddy writes X-Forwarded-For itself, so there a test can't come from another address.
const hasAddresses = PROFILE !== 'caddy';
const PROXIED = { POLLCHAT_TRUSTED_PROXIES: '127.0.0.1', POLLCHAT_LIMITS: 'on' };

// ---- who asks ----

const keyOf = (name) => Buffer.from(`${name}................`.slice(0, 16)).toString('base64url');
const newKey = () => randomBytes(16).toString('base64url');
const as = (name) => (name === '' ? {} : { 'Pollchat-Key': keyOf(name) });
const from = (address) => ({ 'X-Forwarded-For': address });

const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);
const claimsOf = (more = {}) => ({ sub: '17', name: 'Sigrid', aud: 'chat', exp: now() + 600, ...more });

function tokenOf(claims, { header = { alg: 'HS256', typ: 'JWT' }, secret = SECRET } = {}) {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

const post = (site, target, fields, headers = {}) =>
  site.get(target, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(fields) });
const act = (site, who, fields, headers = {}) => post(site, '/send/act', fields, { ...as(who), ...headers });
const say = (site, who, fields, headers = {}) => post(site, '/send', { name: who || 'guest', text: 'hello', ...fields }, { ...as(who), ...headers });
const slugOf = (answer) => answer.json().type?.replace('urn:pollchat:problem:', '');

async function done(promise, status = 200) {
  const answer = await promise;
  assert.equal(answer.status, status, answer.text);
  return answer.json();
}

async function refused(promise, status, slug) {
  const answer = await promise;
  assert.equal(answer.status, status, answer.text);
  if (slug !== undefined) assert.equal(slugOf(answer), slug, answer.text);
  return answer;
}

/** Makes `name` the owner. */
async function makeOwner(site, name = 'owner', headers = {}) {
  await done(site.get('/poll/me?sign_in=yes', { headers: { ...as(name), ...headers } }));
  const [code] = fs.readFileSync(path.join(site.data, 'owner-code.txt'), 'utf8').split('\n');
  await done(act(site, name, { do: 'sign-in', code }, headers));
  return code;
}

const invited = async (site, who, fields) => done(act(site, who, { do: 'join', invite: (await done(act(site, 'owner', { do: 'invite', ...fields }))).invite }));

/** A describe() whose tests share one site. */
function onSite(name, env, body) {
  describe(`${PROFILE}: ${name}`, () => {
    const shared = {};
    before(async () => {
      shared.site = await start({ env });
    });
    after(() => shared.site.stop());
    body(shared);
  });
}

// ---- tokens ----

onSite('bad tokens', TOKENS, (shared) => {
  const huge = 'x'.repeat(5000);
  const twice = `{"sub":"17","sub":"1","name":"Sigrid","aud":"chat","exp":${now() + 600}}`;
  const bad = {
    forged: tokenOf(claimsOf(), { secret: 'some other secret of thirty-two bytes' }),
    'signed with the empty secret': tokenOf(claimsOf(), { secret: '' }),
    expired: tokenOf(claimsOf({ exp: now() - 1 })),
    'without an end': tokenOf(claimsOf({ exp: undefined })),
    'too long': tokenOf(claimsOf({ exp: now() + 7200 })),
    'of the future': tokenOf(claimsOf({ nbf: now() + 300 })),
    'for others': tokenOf(claimsOf({ aud: 'another chat' })),
    'for nobody': tokenOf(claimsOf({ aud: [] })),
    'alg none': `${encode({ alg: 'none' })}.${encode(claimsOf())}.`,
    'alg nOnE': `${encode({ alg: 'nOnE' })}.${encode(claimsOf())}.AAAA`,
    'alg of another kind': tokenOf(claimsOf(), { header: { alg: 'EdDSA' } }),
    'alg HS512': tokenOf(claimsOf(), { header: { alg: 'HS512' } }),
    'alg twice': tokenOf(claimsOf(), { header: '{"alg":"none","alg":"HS256"}' }),
    'a claim twice': tokenOf(twice),
    'an unknown kid': tokenOf(claimsOf(), { header: { alg: 'HS256', kid: 'old' } }),
    'a kid that is a path': tokenOf(claimsOf(), { header: { alg: 'HS256', kid: '../../../../dev/null' }, secret: '' }),
    'a kid that is SQL': tokenOf(claimsOf(), { header: { alg: 'HS256', kid: "x' UNION SELECT 'aaaa" }, secret: 'aaaa' }),
    'a key in its header': tokenOf(claimsOf(), { header: { alg: 'HS256', jwk: { kty: 'oct', k: encode('a') } }, secret: 'a' }),
    'an extension': tokenOf(claimsOf(), { header: { alg: 'HS256', crit: ['b64'], b64: false } }),
    'an owner': tokenOf(claimsOf({ role: 'owner' })),
    'too large': tokenOf(claimsOf({ avatar: `https://${huge}` })),
    'a U+0000': tokenOf('{"sub":"17\\u0000","name":"Sigrid","aud":"chat","exp":1}'),
    empty: '..',
  };
  const reads = ['/poll?since=0', '/poll?before=9', '/stream', '/plain', '/plain?part=log', '/embed', '/poll/me', '/poll/desk?list=rooms', '/poll/desk?list=backup'];

  it('get 401 with a reason on every route, and never count as a guest', async () => {
    await done(say(shared.site, '', {}), 201);
    for (const [what, token] of Object.entries(bad)) {
      const headers = { 'Pollchat-Token': token };
      const answers = await Promise.all([
        ...reads.map((route) => shared.site.get(route, { headers })),
        post(shared.site, '/send', { text: what }, headers),
        post(shared.site, '/send', { text: what, token }),
        post(shared.site, '/send/act', { do: 'claim', name: 'Sigrid' }, headers),
        post(shared.site, '/send/act', { do: 'report', room: 'lobby', seq: 1, token }),
        shared.site.get('/poll?since=0', { headers: { Authorization: `Bearer ${token}` } }),
        shared.site.get('/poll?since=0', { headers: { Authorization: `bEARER \t ${token}` } }),
        shared.site.get(`/poll?since=0&token=${encodeURIComponent(token)}`),
      ]);
      answers.forEach((answer, i) => {
        assert.equal(answer.status, 401, `${what}, request ${i}: ${answer.text.slice(0, 300)}`);
        assert.match(answer.headers['www-authenticate'], /^Bearer error="invalid_token"/);
        assert.match(answer.text, /[Tt]oken/, what);
        if (token.length > 10) assert.ok(!answer.text.includes(token.slice(-20)), 'the token is not repeated');
      });
    }
    assert.deepEqual((await done(shared.site.get('/poll?since=0'))).messages.length, 1, 'nothing was stored');
  });

  it("don't count as none where the word Bearer has nothing behind it, or two credentials differ", async () => {
    for (const headers of [
      { Authorization: 'Bearer' },
      { Authorization: 'Bearer \t' },
      { 'Pollchat-Token': tokenOf(claimsOf()), Authorization: `Bearer ${tokenOf(claimsOf({ sub: '18' }))}` },
      { 'Pollchat-Key': keyOf('ann'), Authorization: `Bearer ${keyOf('ben')}` },
      { 'Pollchat-Key': `${keyOf('ann')}=` },
      { 'Pollchat-Key': keyOf('ann').slice(1) },
    ]) {
      for (const route of ['/poll', '/poll/me', '/plain']) {
        const answer = await shared.site.get(route, { headers });
        assert.ok(answer.status === 400 || answer.status === 401, `${JSON.stringify(headers)} ${route}: ${answer.status}`);
      }
    }
  });

  it('a good token for one room opens no other one, and gives no rights in all rooms', async () => {
    const headers = { 'Pollchat-Token': tokenOf(claimsOf({ role: 'moderator', rooms: ['mine'] })) };
    await done(post(shared.site, '/send', { room: 'mine', text: 'here' }, headers), 201);
    await refused(post(shared.site, '/send/act', { do: 'delete', room: 'lobby', seq: 1 }, headers), 403, 'not-allowed');
    await refused(post(shared.site, '/send/act', { do: 'word', pattern: 'hello' }, headers), 403, 'not-allowed');
    await refused(post(shared.site, '/send/act', { do: 'clean', room: 'lobby', seq: 1 }, headers), 403, 'not-allowed');
    for (const query of ['list=bans', 'list=audit&room=lobby', 'list=people', 'list=people&room=lobby&seq=1', 'list=words', 'list=settings&room=mine&seq=1', 'list=backup&room=mine&seq=1']) {
      await refused(shared.site.get(`/poll/desk?${query}`, { headers }), 403, 'not-allowed');
    }
    assert.deepEqual((await done(shared.site.get('/poll/desk?list=bans&room=mine', { headers }))).items, []);
  });
});

// ---- others' ids ----

onSite("others' messages and a moderator of one room", { ...TOKENS, POLLCHAT_NEWCOMERS: 'free' }, (shared) => {
  const seqs = {};
  before(async () => {
    const { site } = shared;
    await makeOwner(site);
    for (const room of ['here', 'there']) {
      for (const who of ['ann', 'ben']) seqs[`${room} ${who}`] = (await done(say(site, who, { room, text: `${room}: ${who}` }), 201)).seq;
    }
    await invited(site, 'mod', { role: 'moderator', room: 'here' });
    await invited(site, 'chief', { role: 'owner', room: 'here' });
    await done(act(site, 'owner', { do: 'word', pattern: 'holdme', act: 'hold' }));
    await done(say(site, 'ben', { room: 'there', text: 'holdme' }), 202);
    await done(act(site, 'owner', { do: 'ban', room: 'there', seq: seqs['there ben'], kind: 'mute', minutes: 5 }));
    await done(act(site, 'ann', { do: 'report', room: 'there', seq: seqs['there ben'], reason: 'for the owner' }));
  });

  it('visitors change and moderate only what is theirs', async () => {
    const { site } = shared;
    for (const who of ['', 'eve']) {
      for (const type of ['edit', 'delete']) {
        await refused(say(site, who, { room: 'here', type, target: seqs['here ann'], ...(type === 'delete' ? { text: undefined } : {}) }), 403, 'not-allowed');
      }
      for (const fields of [{ do: 'delete' }, { do: 'hide' }, { do: 'show' }, { do: 'clean' }, { do: 'ban' }, { do: 'trust' }, { do: 'role', role: 'owner' }, { do: 'erase' }, { do: 'settle' }, { do: 'approve', held: 1 }, { do: 'lift', ban: 1 }]) {
        await refused(act(site, who, { room: 'here', seq: seqs['here ann'], ...fields }), who === '' ? 401 : 403);
      }
    }
    await refused(act(site, 'eve', { do: 'release', name: 'ann' }), 403);
  });

  it('a moderator of one room does nothing elsewhere by ids, and learns nothing of elsewhere', async () => {
    const { site } = shared;
    const there = { room: 'there', seq: seqs['there ben'] };
    const here = { room: 'here', seq: seqs['here ann'] };
    const [held] = (await done(site.get('/poll/desk?list=held', { headers: as('owner') }))).items;
    const [ban] = (await done(site.get('/poll/desk?list=bans', { headers: as('owner') }))).items;
    const [report] = (await done(site.get('/poll/desk?list=reports', { headers: as('owner') }))).items;
    assert.ok(held?.held > 0 && ban?.ban > 0 && report?.report > 0, JSON.stringify([held, ban, report]));
    for (const name of ['delete', 'hide', 'show', 'clean', 'ban', 'trust', 'settle']) {
      await refused(act(site, 'mod', { do: name, ...there }), 403, 'not-allowed');
    }
    await refused(act(site, 'mod', { do: 'approve', room: 'here', held: held.held }), 404);
    await refused(act(site, 'mod', { do: 'reject', room: 'here', held: held.held }), 404);
    await refused(act(site, 'mod', { do: 'lift', room: 'here', ban: ban.ban }), 404);
    await refused(act(site, 'mod', { do: 'settle', room: 'here', report: report.report }), 403, 'not-allowed');
    await refused(act(site, 'mod', { do: 'trust', room: 'here', person: 3 }), 403, 'not-allowed');
    await refused(act(site, 'mod', { do: 'release', room: 'here', name: 'ben' }), 403, 'not-allowed');
    await refused(act(site, 'mod', { do: 'word', room: 'here', pattern: 'x' }), 403, 'not-allowed');
    await refused(act(site, 'mod', { do: 'room', room: 'here', keep_days: 1 }), 403, 'not-allowed');
    await refused(act(site, 'mod', { do: 'invite', room: 'here', role: 'moderator' }), 403, 'not-allowed');
    for (const who of ['mod', 'chief']) {
      for (const query of ['list=rooms', 'list=audit', 'list=bans&room=there', 'list=held&room=there', 'list=people', 'list=people&q=ben', 'list=invites&room=here&seq=1', 'list=settings&room=here&seq=1', 'list=storage&room=here&seq=1', 'list=words&room=here&seq=1', 'list=backup&room=here&seq=1']) {
        await refused(site.get(`/poll/desk?${query}`, { headers: as(who) }), 403, 'not-allowed');
      }
    }
    const all = (await done(site.get('/poll/desk?list=people', { headers: as('owner') }))).items;
    const other = all.find(({ name }) => name === 'ben');
    const found = await done(site.get(`/poll/desk?list=people&room=here&seq=${here.seq}&person=${other.person}&q=ben`, { headers: as('mod') }));
    assert.deepEqual(found.items.map(({ name }) => name), ['ann'], 'a person is found by its message alone');
    for (const list of ['bans', 'held', 'reports']) {
      assert.deepEqual((await done(site.get(`/poll/desk?list=${list}&room=here`, { headers: as('mod') }))).items, [], list);
    }
    const audit = (await done(site.get('/poll/desk?list=audit&room=here&limit=200', { headers: as('mod') }))).items;
    assert.ok(audit.every(({ room }) => room === 'here'), JSON.stringify(audit));
    // what it may do everywhere counts only here
    assert.equal((await done(act(site, 'mod', { do: 'clean', ...here, all_rooms: 'yes', ban_minutes: 0 }))).deleted, 1);
    const left = (await done(site.get('/poll?room=there', { headers: as('ann') }))).messages;
    assert.deepEqual(left.map(({ text }) => text), ['there: ann', 'there: ben']);
  });

  it('nobody acts on an equal: not on a moderator, the owner, or what one of them wrote; a muted moderator stays muted', async () => {
    const { site } = shared;
    const { seq } = await done(say(site, 'owner', { room: 'here', text: 'by the owner' }), 201);
    for (const fields of [{ do: 'delete' }, { do: 'hide' }, { do: 'ban' }, { do: 'clean' }, { do: 'ban', kind: 'shadow' }]) {
      await refused(act(site, 'mod', { room: 'here', seq, ...fields }), 403, 'not-allowed');
    }
    const mine = await done(say(site, 'mod', { room: 'here', text: 'by mod' }), 201);
    const { ban } = await done(act(site, 'owner', { do: 'ban', kind: 'mute', room: 'here', seq: mine.seq, all_rooms: 'no', minutes: 5 }));
    await refused(say(site, 'mod', { room: 'here' }), 403, 'muted');
    await refused(act(site, 'mod', { do: 'lift', room: 'here', ban }), 403, 'not-allowed');
    await done(act(site, 'owner', { do: 'lift', ban }));
    await refused(act(site, 'owner', { do: 'role', room: 'here', seq, role: 'member' }), 403, 'not-allowed'); // the only owner
  });
});

// ---- replays and races ----

onSite('replays and races', {}, (shared) => {
  const CLIENTS = costsProcess ? 4 : 8;
  const all = (ask) => Promise.all(Array.from({ length: CLIENTS }, (_, i) => ask(i)));
  const won = (answers) => answers.filter(({ status }) => status === 200).length;

  it('the code of the first owner makes one owner, however many use it at once, and none afterwards', async () => {
    const { site } = shared;
    await done(site.get('/poll/me?sign_in=yes'));
    const [code] = fs.readFileSync(path.join(site.data, 'owner-code.txt'), 'utf8').split('\n');
    const answers = await all((i) => act(site, `o${i}`, { do: 'sign-in', code }));
    assert.equal(won(answers), 1, answers.map(({ text }) => text).join('\n'));
    shared.owner = `o${answers.findIndex(({ status }) => status === 200)}`;
    await refused(act(site, 'later', { do: 'sign-in', code }), 404);
    await done(site.get('/poll/me?sign_in=yes'));
    assert.deepEqual(fs.readdirSync(site.data).filter((name) => name.startsWith('owner-code')), []);
  });

  it('an invite for one use is used once, and a code for another device moves one', async () => {
    const { site, owner } = shared;
    const { invite } = await done(act(site, owner, { do: 'invite', role: 'moderator' }));
    assert.equal(won(await all((i) => act(site, `join${i}`, { do: 'join', invite }))), 1);
    await refused(act(site, 'later', { do: 'join', invite }), 404);
    await done(say(site, 'ann', {}), 201);
    const { code } = await done(act(site, 'ann', { do: 'code' }));
    assert.equal(won(await all((i) => act(site, `move${i}`, { do: 'move', code }))), 1);
    await refused(act(site, 'later', { do: 'move', code }), 404);
    const old = (await done(act(site, 'ann', { do: 'code' }))).code;
    await done(act(site, 'ann', { do: 'code' }));
    await refused(act(site, 'other', { do: 'move', code: old }), 404); // a newer one was made
    await refused(act(site, 'other', { do: 'join', invite: old }), 404);
  });

  it('two owners who take the role from each other at once leave one owner', async () => {
    const { site, owner } = shared;
    const { invite } = await done(act(site, owner, { do: 'invite', role: 'owner' }));
    await done(act(site, 'second', { do: 'join', invite }));
    const seq = {};
    for (const who of [owner, 'second']) {
      seq[who] = (await done(say(site, who, { room: 'owners' }), 201)).seq;
    }
    const answers = await Promise.all([owner, 'second'].map((who) => act(site, who, { do: 'role', room: 'owners', seq: seq[who], role: 'member' })));
    assert.equal(won(answers), 1, answers.map(({ text }) => text).join('\n'));
    assert.equal((await done(site.get('/poll/me'))).owner, true);
    shared.owner = answers[0].status === 200 ? 'second' : owner;
  });

  it("an edit, a delete or a message that is sent again isn't done again", async () => {
    const { site } = shared;
    const { seq } = await done(say(site, 'ann2', { room: 'again' }), 201);
    const edit = { room: 'again', type: 'edit', target: seq, text: 'changed', id: 'edit-1' };
    const answers = await all(() => say(site, 'ann2', edit));
    assert.deepEqual([...new Set(answers.map((answer) => answer.json().seq))].length, 1, answers.map(({ text }) => text).join('\n'));
    const { head } = await done(site.get('/poll?room=again'));
    assert.equal(head, seq + 1);
    // another sender may use the id, for its own message alone
    await refused(say(site, 'eve', edit), 403, 'not-allowed');
  });
});

// ---- proofs of work ----

onSite('replayed proofs of work', { ...PROXIED, POLLCHAT_PROOF: '8' }, (shared) => {
  const solve = ({ challenge, bits }, key) => {
    for (let n = 0; ; n++) {
      const hash = createHash('sha256').update(`${challenge}:${key}:${n}`).digest();
      if (hash.readUInt32BE(0) >>> (32 - bits) === 0) return `${challenge}:${n}`;
    }
  };

  it('count for one key, and for guests of one network', async () => {
    const { site } = shared;
    const asked = await refused(say(site, 'ann', {}, from('203.0.113.7')), 403, 'proof-needed');
    const proof = solve(asked.json(), keyOf('ann'));
    await done(say(site, 'ann', { proof }, from('203.0.113.7')), 201);
    await refused(say(site, 'eve', { proof }, from('203.0.113.7')), 403, 'proof-needed');
    await refused(say(site, '', { proof }, from('203.0.113.7')), 403, 'proof-needed');
    const guest = solve((await refused(say(site, '', {}, from('203.0.113.7')), 403, 'proof-needed')).json(), '');
    await done(say(site, '', { proof: guest }, from('203.0.113.8')), 201);
    if (hasAddresses) await refused(say(site, '', { proof: guest }, from('198.51.100.7')), 403, 'proof-needed');
    const forged = guest.replace(/^\d+/, (time) => `${Number(time) + 60}`);
    await refused(say(site, '', { proof: forged }, from('203.0.113.7')), 403, 'proof-needed');
  });
});

// ---- private rooms ----

onSite('a private room', { POLLCHAT_NEW_ROOMS: 'moderators', POLLCHAT_STATUS: 'everyone' }, (shared) => {
  const text = 'the words of the private room';

  /** All that a client can see of an answer, with the room's name taken out. */
  function seen(answer, room) {
    const headers = { ...answer.headers };
    for (const name of ['date', 'content-length', 'transfer-encoding', 'connection', 'keep-alive']) delete headers[name];
    return JSON.stringify([answer.status, headers, answer.text]).replaceAll(room, 'ROOM');
  }

  it('looks to strangers as a room that is not there, on every route', async () => {
    const { site } = shared;
    await makeOwner(site);
    await done(act(site, 'owner', { do: 'room', room: 'lobby', kind: 'open' }));
    await done(act(site, 'owner', { do: 'room', room: 'secret', kind: 'members', slow: 5, hours: 'mon-sun 00:00-24:00 +0' }));
    await done(say(site, 'owner', { room: 'secret', text }), 201);
    const known = await site.get('/poll?room=secret', { headers: as('owner') });
    const tag = known.headers.etag === undefined ? {} : { 'If-None-Match': known.headers.etag };
    const asks = {
      poll: (room) => ['/poll', `room=${room}&since=0`],
      'poll of old ones': (room) => ['/poll', `room=${room}&before=2`],
      'poll of several': (room) => ['/poll', `room=lobby:0&room=${room}:0`],
      'poll with an ETag': (room) => ['/poll', `room=${room}`, { headers: tag }],
      'a wait': (room) => ['/poll', `room=${room}&since=now&wait=2`],
      text: (room) => ['/poll', `room=${room}&format=text`],
      stream: (room) => ['/stream', `room=${room}`],
      plain: (room) => ['/plain', `room=${room}`],
      'plain log': (room) => ['/plain', `room=${room}&part=log`],
      me: (room) => ['/poll/me', `room=${room}`],
      desk: (room) => ['/poll/desk', `list=reports&room=${room}`],
      embed: (room) => ['/embed', `room=${room}`],
      send: (room) => ['/send', '', { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: `room=${room}&text=x` }],
      edit: (room) => ['/send', '', { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: `room=${room}&text=x&type=edit&target=1` }],
      report: (room) => ['/send/act', '', { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: `do=report&room=${room}&seq=1` }],
      clean: (room) => ['/send/act', '', { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: `do=clean&room=${room}&seq=1` }],
      release: (room) => ['/send/act', '', { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: `do=code&room=${room}` }],
    };
    for (const who of ['', 'eve']) {
      for (const [what, ask] of Object.entries(asks).filter(([name]) => name !== 'release')) {
        const answers = [];
        for (const room of ['secret', 'nosuch']) {
          const [route, query, options = {}] = ask(room);
          const answer = await site.get(query === '' ? route : `${route}?${query}`, { ...options, headers: { ...as(who), ...options.headers } });
          assert.ok(!answer.text.includes(text), what);
          answers.push(seen(answer, room));
        }
        assert.equal(answers[0], answers[1], `${what} as ${who || 'a guest'}`);
      }
    }
    const status = await site.get('/status');
    assert.ok(!/secret/.test(status.text), status.text);
  });

  it('is closed to readers who wait, as soon as its kind changes', async () => {
    const { site } = shared;
    await done(say(site, 'owner', { room: 'lobby' }), 201);
    const waiting = site.get('/poll?room=lobby&since=now&wait=20');
    await done(act(site, 'owner', { do: 'room', room: 'lobby', kind: 'members' }));
    await done(say(site, 'owner', { room: 'lobby', text }), 201);
    const answer = await waiting;
    assert.ok(!answer.text.includes(text), answer.text);
    await refused(site.get('/poll?room=lobby&since=0'), 401, 'sign-in-needed');
  });
});

// ---- names ----

onSite('look-alikes of the owner Ian', {}, (shared) => {
  it('get 409 or a mark, each; names of other scripts pass', async () => {
    const { site } = shared;
    await makeOwner(site, 'Ian');
    await done(say(site, 'Ian', {}), 201);
    const like = ['Ιan', 'lan', 'I an', 'ІАН', 'Iаn', 'I\u200ban', 'Ia\u0301n', 'IAN', 'ｉａｎ', '|an', '1an', 'I\u00adan', 'Ian.', 'i-a-n', '𝐈𝐚𝐧', 'Ỉan', 'Ian\u2060', 'Ia\u034fn'];
    for (const name of like) {
      const answer = await post(site, '/send', { name, text: 'I am Ian', key: newKey() });
      const marked = answer.status === 201 && answer.json().alike === true;
      assert.ok(marked || answer.status === 409 || answer.status === 400, `${name}: ${answer.text}`);
      const claim = await post(site, '/send/act', { do: 'claim', name, key: newKey() });
      assert.ok(marked || claim.status === 409 || claim.status === 400, `${name}: ${claim.text}`);
    }
    for (const name of ['Ιωάννα', 'Иван', '伊安', 'Ioan', 'Yan']) {
      const answer = await post(site, '/send', { name, text: 'hello', key: newKey() });
      assert.ok(answer.status === 201 && answer.json().alike !== true, `${name}: ${answer.text}`);
    }
  });
});

onSite('names of signed visitors', TOKENS, (shared) => {
  it('are theirs, also if somebody with a key was first, and also for moderators', async () => {
    const { site } = shared;
    for (const [name, role] of [['Sigrid', undefined], ['Astrid', 'moderator']]) {
      await done(say(site, name, { name }), 201); // a squatter
      const token = tokenOf(claimsOf({ sub: name, name, role }));
      await done(post(site, '/send', { text: 'I am' }, { 'Pollchat-Token': token }), 201);
      await refused(say(site, name, { name }), 409, 'name-taken');
    }
  });
});

// ---- hostile fields ----

onSite('hostile fields of acts', {}, (shared) => {
  const raw = (body, type = 'application/x-www-form-urlencoded') => shared.site.get('/send/act', { method: 'POST', headers: { 'Content-Type': type, ...as('owner') }, body });

  it('are refused with 4xx, in forms and in JSON, and leave no trace', async () => {
    const { site } = shared;
    await makeOwner(site);
    await done(say(site, 'ann', {}), 201);
    const audit = async () => (await done(site.get('/poll/desk?list=audit', { headers: as('owner') }))).items.length;
    const had = await audit();
    const long = 'x'.repeat(64 * 1024);
    const forms = ['', 'do=', 'do=nothing', 'do=delete', 'do=delete&do=ban&room=lobby&seq=1', 'do=delete%00&room=lobby&seq=1', 'do=ban&room=lobby&seq=1&reason=a%00b',
      'do=ban&room=lobby&seq=1&reason=%ff%fe', 'do=ban&room=lobby&seq=1&reason=%c0%80', 'do=ban&room=lobby&seq=1&reason=%ed%a0%80', `do=ban&room=lobby&seq=1&reason=${long}`,
      `do=ban&room=lobby&seq=1&reason=${'x'.repeat(600)}`, 'do=ban&room=lobby&seq=-1', 'do=ban&room=lobby&seq=0', 'do=ban&room=lobby&seq=1e3', 'do=ban&room=lobby&seq=99999999999999999999999',
      'do=ban&room=../etc&seq=1', 'do=ban&room=lobby&seq=9', 'do=ban&room=LOBBY&seq=1', 'do=ban&room=lobby&seq=1&minutes=-1', 'do=ban&room=lobby&seq=1&minutes=99999999999', 'do=ban&room=lobby&seq=1&of=all',
      'do=ban&room=lobby&seq=1&kind=kill', 'do=ban&room=lobby&name=x&of=network', 'do=ban&person=0', 'do=ban&person=9223372036854775807', 'do=ban&person=9223372036854775808', 'do=lift&ban=9', 'do=approve&held=9', 'do=role&person=1&role=god',
      'do=role&room=lobby&seq=1&role=default', 'do=role&room=lobby&seq=1&role=nobody&room=', "do=word&pattern='%20OR%201=1&act=x", `do=word&pattern=${'x'.repeat(5000)}`, 'do=word&pattern=%20', 'do=set&key=data&value=/etc', 'do=set&key=token_key&value=x', 'do=set&key=room_kind&value=closed',
      'do=set&key=keep_days&value=-1', 'do=set&setting=allow_origin&value=*', 'do=room&room=lobby&hours=always', 'do=room&room=lobby&slow=99999999', 'do=room&room=lobby', 'do=invite&role=owner&days=9999', 'do=invite&role=god', 'do=move&code=', 'do=move&code=%00', `do=move&code=${'A'.repeat(5000)}`];
    for (const body of forms) {
      const answer = await raw(body);
      assert.ok(answer.status >= 400 && answer.status < 500, `${body.slice(0, 80)}: ${answer.status} ${answer.text.slice(0, 200)}`);
      assert.match(answer.headers['content-type'], /^application\/problem\+json/);
    }
    const objects = ['{', '[]', '"do"', '{"do":["ban"]}', '{"do":{"a":1}}', '{"do":null}', '{"do":"ban","do":"lift"}', '{"do":"ban","room":"lobby","seq":1.5}', '{"do":"ban","room":"lobby","seq":true}',
      '{"do":"ban","room":"lobby","seq":1,"reason":"\\u0000"}', '{"do":"ban","room":"lobby","seq":1,"reason":"\\ud800"}', `{"do":"ban","reason":"${long}"}`, `${'['.repeat(20000)}`, `{"do":${'{"a":'.repeat(5000)}`, '{"do":"ban","room":"lobby","seq":1e400}'];
    for (const body of objects) {
      const answer = await raw(body, 'application/json');
      assert.ok(answer.status >= 400 && answer.status < 500, `${body.slice(0, 80)}: ${answer.status} ${answer.text.slice(0, 200)}`);
    }
    for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/xml']) {
      assert.equal((await raw('do=ban', type)).status, 415, type);
    }
    assert.equal(await audit(), had, 'nothing was done');
    assert.equal((await site.send({ text: 'still here' })).status, 201);
  });

  it('of lists are refused, too, and other methods than GET and POST', async () => {
    const { site } = shared;
    for (const query of ['', 'list=', 'list=secrets', 'list=bans&list=audit', 'list=bans%00', 'list=bans&limit=-1', 'list=bans&limit=99999', 'list=bans&before=x', 'list=people&q=%ff', 'list=people&q=a%00b', `list=people&q=${'x'.repeat(300)}`, 'list=audit&room=%2e%2e', 'list=people&room=lobby&seq=99']) {
      const answer = await site.get(`/poll/desk?${query}`, { headers: as('owner') });
      assert.ok(answer.status >= 400 && answer.status < 500, `${query}: ${answer.status} ${answer.text.slice(0, 200)}`);
    }
    const before_ = (await done(site.get('/poll?limit=1000'))).head;
    for (const method of ['PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
      for (const route of ['/send/act', '/poll/me', '/poll/desk']) {
        const answer = await site.get(route, { method, headers: as('owner'), body: 'do=delete&room=lobby&seq=1' });
        assert.ok([400, 403, 405, 411, 501].includes(answer.status), `${method} ${route}: ${answer.status}`);
      }
    }
    assert.equal((await site.get('/send/act?do=delete&room=lobby&seq=1', { headers: as('owner') })).status, 405, 'no act by GET');
    assert.equal((await done(site.get('/poll?limit=1000'))).head, before_);
  });

  it('acts need a page of this site: a form of another one is refused', async () => {
    const { site } = shared;
    const answer = await site.get('/send/act', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
      body: `do=delete&room=lobby&seq=1&key=${keyOf('owner')}`,
    });
    assert.equal(answer.status, 403, answer.text);
  });
});

// ---- erased ----

onSite('erased texts', {}, (shared) => {
  it('are in no file of the data folder', async () => {
    const { site } = shared;
    const marker = (n) => `erasethis${n}${'q'.repeat(20)}`;
    await makeOwner(site);
    const seqs = [];
    for (let n = 0; n < 6; n++) seqs.push((await done(say(site, n < 4 ? 'ann' : `flood${n}`, { text: `${marker(n)} ${'long '.repeat(2000)}` }), 201)).seq);
    await done(say(site, 'ann', { type: 'edit', target: seqs[0], text: 'nothing' }), 201);
    await done(post(site, '/send', { type: 'delete', target: seqs[1], name: 'ann' }, as('ann')), 201);
    await done(act(site, 'owner', { do: 'delete', room: 'lobby', seq: seqs[2] }));
    await done(act(site, 'owner', { do: 'clean', room: 'lobby', seq: seqs[4] }));
    await done(act(site, 'owner', { do: 'erase', room: 'lobby', seq: seqs[3] }));
    await done(act(site, 'owner', { do: 'clean', room: 'lobby', seq: seqs[5] }));
    const where = () => fs.readdirSync(site.data).filter((name) => fs.statSync(path.join(site.data, name)).isFile() && fs.readFileSync(path.join(site.data, name)).includes('erasethis'));
    await until(() => where().length === 0, `no erased text in ${where()}`, 20_000);
    for (const query of ['limit=1000', 'last=100', 'before=100', 'format=text', 'format=ndjson']) {
      assert.ok(!(await site.get(`/poll?${query}`)).text.includes('erasethis'), query);
    }
    assert.ok(!(await site.get('/plain')).text.includes('erasethis'));
  });
});

// ---- addresses ----

describe(`${PROFILE}: bans and limits by network`, { skip: !hasAddresses }, () => {
  const good = from('198.51.100.4');

  it('a ban of a network survives new keys, names and tabs, guests, tokens, and forged headers, and ends by a moderator', () =>
    withSite({ env: { ...PROXIED, ...TOKENS } }, async (site) => {
      await makeOwner(site, 'owner', from('192.0.2.1'));
      const evil = from('203.0.113.66');
      const { seq } = await done(say(site, 'eve', {}, evil), 201);
      const made = await done(act(site, 'owner', { do: 'ban', of: 'network', room: 'lobby', seq, minutes: 5, reason: 'flood' }, from('192.0.2.1')));
      assert.equal(made.covers, 256);
      const token = tokenOf(claimsOf({ sub: '99', name: 'Eve' }));
      const tries = [
        [as('eve'), {}], [as('new key'), { name: 'new name' }], [{}, { name: 'a guest' }], [{}, {}], [{ 'Pollchat-Token': token }, {}],
        [{ 'X-Forwarded-For': '198.51.100.9, 203.0.113.66' }, {}], [{ 'X-Forwarded-For': '203.0.113.200' }, {}], [{ Forwarded: 'for=198.51.100.9' }, {}],
        [{ 'X-Real-IP': '198.51.100.9' }, {}], [{ 'Client-IP': '198.51.100.9', 'True-Client-IP': '198.51.100.9', 'CF-Connecting-IP': '198.51.100.9' }, {}],
        [{ 'X-Forwarded-For': '::ffff:203.0.113.66' }, {}], [{ 'X-Forwarded-For': '203.0.113.66:4711' }, {}],
      ];
      for (const [headers, fields] of tries) {
        const answer = await post(site, '/send', { text: 'again', ...fields }, { ...evil, ...headers });
        assert.equal(answer.status, 403, `${JSON.stringify(headers)}: ${answer.text}`);
        assert.equal(slugOf(answer), 'banned');
        assert.ok(answer.json().until > new Date().toISOString() && answer.json().detail.includes('flood'));
      }
      const plain = await site.get('/send', { method: 'POST', headers: { ...evil, 'Content-Type': 'application/x-www-form-urlencoded' }, body: 'format=html&name=x%23secret&text=again' });
      assert.ok(plain.status >= 400 && /banned/i.test(plain.text), `${plain.status}`);
      await refused(act(site, 'new', { do: 'report', room: 'lobby', seq }, evil), 403, 'banned');
      await refused(act(site, 'new', { do: 'claim', name: 'new', room: 'lobby' }, evil), 403, 'banned');
      await done(say(site, 'ann', {}, good), 201);
      await done(act(site, 'owner', { do: 'lift', ban: made.ban }, from('192.0.2.1')));
      await done(say(site, 'eve', {}, evil), 201);
    }));

  it('without trusted proxies a forged header is no other network, and moves no limit', () =>
    withSite({ env: { POLLCHAT_LIMITS: 'on', POLLCHAT_LIMIT_LOCAL: 'yes' } }, async (site) => {
      const sent = await done(say(site, 'eve', {}, from('203.0.113.1')), 201);
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => say(site, 'eve', { text: `${i}` }, from(`203.0.${i}.7`))));
      assert.ok(answers.filter(({ status }) => status === 429).length >= 9, 'the key is limited, whatever the address');
      assert.ok(sent.seq === 1);
    }));

  it('guessing codes ends after some tries of a network, also for the right code; others are not held up', () =>
    withSite({ env: PROXIED }, async (site) => {
      await done(say(site, 'ann', {}, good), 201);
      const { code } = await done(act(site, 'ann', { do: 'code' }, good));
      const guess = (address, guessed) => act(site, `eve ${address}`, { do: 'move', code: guessed }, from(address));
      let tries = 0;
      for (; tries < 40; tries++) {
        const answer = await guess(`203.0.113.${tries + 1}`, `AAAA-${String(2000 + tries).replace(/[01]/g, '2')}`);
        if (answer.status === 429) break;
        assert.equal(answer.status, 404, answer.text);
      }
      // Ten at once, then one in two minutes. A code has 40 bits and lives ten minutes, so one
      // network finds one of 1,000 live codes with a chance of 15 * 1000 / 2^40, about 1 in 70
      // million. The whole site takes 2,000 tries at once and then 6,000 an hour, so 3,000 in the
      // life of a code: about 1 in 370,000 for one of 1,000 codes.
      assert.ok(tries >= 8 && tries <= 12, `${tries} tries`);
      await refused(guess('203.0.113.99', code), 429, 'too-fast');
      // the 64 networks of one provider's customer together have four times as much
      let wide = 0;
      for (let i = 0; i < 64; i++) {
        const answer = await guess(`2001:db8:1:${i.toString(16)}::1`, 'AAAA-AAAA');
        if (answer.status === 404) wide++;
      }
      assert.ok(wide <= 48, `${wide} tries`);
      await done(act(site, 'ann on another device', { do: 'move', code }, from('198.51.100.9')));
    }));

  it('new keys by acts count as new visitors, as by messages', () =>
    withSite({ env: PROXIED }, async (site) => {
      await done(say(site, 'ann', {}, good), 201);
      const answers = [];
      for (let n = 0; n < 120; n++) answers.push(await act(site, `squat ${n}`, { do: 'claim', name: `name ${n}` }, from('203.0.113.66')));
      const taken = answers.filter(({ status }) => status === 200).length;
      assert.ok(taken > 0 && taken < 100, `${taken} names`);
      await done(act(site, 'ben', { do: 'claim', name: 'ben' }, good));
    }));
});

// ---- floods ----

describe(`${PROFILE}: a flood from 1,000 networks`, { skip: !hasAddresses }, () => {
  const SENDS = costsProcess ? 1000 : 10_000;
  const NETWORKS = costsProcess ? 100 : 1000;
  const LANES = 16;

  it('stores no more than the room may take, leaves other rooms and known visitors alone, and banned networks hold up nobody', { timeout: 120_000 }, () =>
    withSite({ env: { ...PROXIED, POLLCHAT_LIMIT_ROOM: '120' } }, async (site) => {
      const agent = new http.Agent({ keepAlive: true, maxSockets: LANES });
      await makeOwner(site, 'owner', from('192.0.2.1'));
      await done(say(site, 'ann', { room: 'quiet' }, from('198.51.100.4')), 201);
      const counts = new Map();
      const began = Date.now();
      let n = 0;
      const flood = async () => {
        while (n < SENDS) {
          const i = n++ % NETWORKS;
          const answer = await site.send({ room: 'lobby', name: `f${n}`, text: `spam ${n} ${'x'.repeat(500)}` }, { agent, headers: { 'Pollchat-Key': newKey(), ...from(`10.${i >> 8}.${i & 255}.7`) } });
          counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
        }
      };
      const visit = async () => {
        for (let k = 0; n < SENDS; k++) {
          const answer = await say(site, 'ann', { room: 'quiet', text: `still here ${k}` }, from('198.51.100.4'));
          assert.ok(answer.status === 201 || (answer.status === 429 && k > 8), answer.text);
          await done(site.get('/poll?room=quiet&last=1', { headers: { ...as('ann'), ...from('198.51.100.4') } }));
          await new Promise((wake) => setTimeout(wake, 500));
        }
      };
      await Promise.all([...Array.from({ length: LANES }, flood), visit()]);
      agent.destroy();
      const seconds = (Date.now() - began) / 1000;
      assert.ok([...counts.keys()].every((status) => status === 201 || status === 429), JSON.stringify([...counts]));
      const stored = counts.get(201);
      assert.ok(stored <= 31 + 2 * seconds, `${stored} stored in ${seconds} s`);
      assert.ok(fs.statSync(path.join(site.data, 'chat.limits')).size <= 16 * 1024 * 1024);
    }));

  it('a room is not used up by visitors who may not write there', () =>
    withSite({ env: { ...PROXIED, POLLCHAT_LIMIT_ROOM: '60' } }, async (site) => {
      await makeOwner(site, 'owner', from('192.0.2.1'));
      await done(act(site, 'owner', { do: 'room', room: 'club', kind: 'members' }, from('192.0.2.1')));
      await done(say(site, 'owner', { room: 'club' }, from('192.0.2.1')), 201);
      const answers = [];
      for (let i = 0; i < 100; i++) answers.push(await say(site, `f${i}`, { room: 'club' }, from(`10.0.${i}.7`)));
      assert.ok(answers.every(({ status }) => status === 403), `${answers.map(({ status }) => status)}`);
      await done(say(site, 'owner', { room: 'club' }, from('192.0.2.1')), 201);
    }));
});
