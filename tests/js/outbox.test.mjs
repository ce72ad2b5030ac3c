import assert from 'node:assert/strict';
import test from 'node:test';
import { makeApi } from '../../www/js/api.js';
import { Backoff } from '../../www/js/backoff.js';
import { newId, Outbox } from '../../www/js/outbox.js';
import { Store } from '../../www/js/store.js';
import { Chat, Clock, network, problem, reply, seeded } from './world.mjs';

function world({ faults = [], saved = null, ids = 0 } = {}) {
  const clock = new Clock();
  const chat = new Chat(clock);
  const w = { clock, chat, log: [], faults: [...faults], saved };
  const fetch = network({ chat, clock, log: w.log, faults: () => w.faults.shift() ?? 'none', delay: () => 1 });
  const api = makeApi({ base: 'http://chat.test/', fetch: (...args) => (w.instead ?? fetch)(...args), clock });
  w.store = new Store('lobby');
  w.outbox = new Outbox({
    store: w.store,
    api,
    clock,
    backoff: new Backoff({ random: () => 1 }),
    makeId: () => `id-${(ids += 1)}`,
    keep: saved && { load: async () => w.saved, save: (list) => (w.saved = list) },
  });
  w.say = (text) => w.outbox.send({ name: 'ann', text });
  w.states = () => w.store.pending.map(({ state }) => state);
  w.texts = () => chat.messages.map(({ text }) => text);
  w.open = () => w.store.open({ epoch: chat.epoch, messages: [...chat.messages], next: chat.head, oldest: 1 });
  return w;
}

test('an id is 32 hexadecimal digits of the random bytes', () => {
  assert.equal(newId((bytes) => bytes.fill(10)), '0a'.repeat(16));
});

test('a message is queued, sending, sent, and gone when it comes back', async () => {
  const w = world();
  w.open();
  w.say('one');
  w.say('two');
  assert.deepEqual(w.states(), ['sending', 'queued']);
  await w.clock.run(3);
  assert.deepEqual(w.states(), ['sent', 'sending']);
  await w.clock.run(3);
  assert.deepEqual(w.states(), ['sent', 'sent']);
  w.store.append({ epoch: w.chat.epoch, messages: w.chat.messages, next: 2, oldest: 1 });
  assert.deepEqual(w.states(), []);
  assert.deepEqual(w.texts(), ['one', 'two']);
});

test('messages are sent one at a time and in order, whatever fails in between', async () => {
  const w = world({ faults: ['dropped', 'busy', 'portal', 'none', 'too many', 'cut', 'none', 'bad gateway'] });
  ['one', 'two', 'three', 'four'].forEach(w.say);
  await w.clock.run(300_000);
  assert.deepEqual(w.texts(), ['one', 'two', 'three', 'four']);
  assert.deepEqual(w.states(), ['sent', 'sent', 'sent', 'sent']);
});

test('after a lost answer the message is sent again with the same id, and stored once', async () => {
  const w = world({ faults: ['lost', 'lost', 'none', 'cut'] }); // 'none': the request that finds out whether the chat can be reached
  w.say('once');
  await w.clock.run(60_000);
  const tries = w.log.map(({ body }) => body).filter((body) => body.includes('once'));
  assert.equal(tries.length, 4);
  assert.equal(new Set(tries).size, 1);
  assert.deepEqual(w.texts(), ['once']);
});

test('a message that comes back in a poll is not tried again', async () => {
  const w = world({ faults: ['lost', 'dropped'] });
  w.open();
  w.say('seen');
  w.say('next');
  await w.clock.run(10);
  w.store.append({ epoch: w.chat.epoch, messages: w.chat.messages, next: 1, oldest: 1 });
  w.faults = [];
  await w.clock.run(10);
  assert.deepEqual(w.texts(), ['seen', 'next'], 'without waiting for the end of the delay');
  assert.equal(w.log.length, 2);
});

test('a refusal is final: it has a reason, allows a retry with the same id, and stops no other message', async () => {
  const w = world();
  w.instead = async () => problem(413, 'too-large', 'text may have 10 bytes.', { field: 'text' });
  const key = w.say('too long a text');
  await w.clock.run(10);
  w.instead = undefined;
  w.say('short');
  await w.clock.run(10);
  assert.deepEqual(w.states(), ['failed', 'sent']);
  assert.equal(w.store.pending[0].detail, 'text may have 10 bytes.');
  await w.clock.run(600_000);
  assert.deepEqual(w.texts(), ['short']);
  w.outbox.retry(key);
  await w.clock.run(10);
  assert.deepEqual(w.chat.messages.map(({ id }) => id), ['id-2', 'id-1']);
});

test('a refused message can be taken back', async () => {
  const w = world();
  w.instead = async () => problem(400, 'bad-input', 'no');
  const key = w.say('mend me');
  await w.clock.run(10);
  assert.equal(w.outbox.takeBack(key), 'mend me');
  assert.deepEqual(w.states(), []);
  assert.equal(w.outbox.takeBack(key), '');
});

test('the outbox tells that it waits, and hurries on request', async () => {
  const w = world({ faults: ['busy'] });
  const told = [];
  w.outbox.addEventListener('status', ({ detail }) => told.push(detail));
  w.say('soon');
  await w.clock.run(10);
  assert.equal(told[0].failure.status, 503);
  assert.ok(told[0].until >= w.clock.now() + 1900);
  w.outbox.hurry();
  await w.clock.run(10);
  assert.deepEqual(told.map(({ failure }) => failure === null), [false, true]);
  assert.deepEqual(w.texts(), ['soon']);
});

test('a message that was too fast waits as long as the server said, then is sent; no hurry shortens that', async () => {
  const w = world();
  let asked = 0;
  const states = [];
  w.outbox.addEventListener('status', ({ detail }) => states.push(detail));
  w.instead = async () => {
    asked += 1;
    return problem(429, 'too-fast', 'You write messages faster than this chat allows.', {}, { 'Retry-After': '20' });
  };
  w.say('one');
  await w.clock.run(10);
  w.instead = undefined;
  for (let i = 0; i < 18; i++) {
    w.outbox.hurry();
    await w.clock.run(1000);
  }
  assert.equal(asked, 1);
  assert.deepEqual(w.texts(), []);
  assert.equal(states[0].failure.slug, 'too-fast');
  await w.clock.run(8000);
  assert.deepEqual(w.texts(), ['one']);
});

test('unsent messages survive a reload, and sent ones don\'t come twice', async () => {
  const before = world({ faults: ['none', 'lost', ...Array(20).fill('dropped')], saved: [] });
  before.outbox.restore();
  ['one', 'two', 'three'].forEach(before.say);
  await before.clock.run(2000);
  assert.deepEqual(before.saved.map(({ text }) => text), ['two', 'three']);
  const after = world({ saved: before.saved, ids: 10 });
  after.chat.messages = before.chat.messages;
  after.outbox.restore();
  after.say('written before the rest was found again');
  await after.clock.run(100);
  assert.deepEqual(after.texts(), ['one', 'two', 'three', 'written before the rest was found again']);
  assert.deepEqual(after.saved, []);
});

test('a message is sent again to a database that lacks it', async () => {
  const w = world();
  w.open();
  w.say('again');
  await w.clock.run(10);
  w.chat.replace('epoch-2');
  w.open();
  await w.clock.run(10);
  assert.deepEqual(w.texts(), ['again']);
  assert.deepEqual(w.states(), ['sent']);
});

test('a refusal by a gateway, not the chat, is tried again', async () => {
  const w = world();
  const codes = [403, 404, 405];
  w.instead = async () => {
    const status = codes.shift();
    if (codes.length === 0) {
      w.instead = undefined;
    }
    return reply(status, '<h1>No</h1>');
  };
  w.say('patient');
  await w.clock.run(60_000);
  assert.deepEqual(w.texts(), ['patient']);
});

// What something between the page and the chat does to one message, each time.
const strangers = {
  'a 403': () => reply(403, '<h1>Forbidden</h1>'),
  'a 406': () => reply(406, '<h1>Not Acceptable</h1>'),
  'a 404': () => reply(404, '<h1>Not Found</h1>'),
  'a 429': () => reply(429, '<h1>Slow down</h1>'),
  'a 500': () => reply(500, '<h1>Internal Server Error</h1>'),
  'a 501': () => reply(501, 'not implemented'),
  'a 502': () => reply(502, '<h1>Bad Gateway</h1>'),
  'a page with 200': () => reply(200, '<h1>Blocked by your administrator</h1>'),
  'an empty 200': () => reply(200, ''),
  'JSON of its own': () => reply(200, { blocked: true }),
  'a cut connection': () => {
    throw new TypeError('Failed to fetch');
  },
};

for (const [name, block] of Object.entries(strangers)) {
  test(`a message that meets ${name} each time is given back, and later messages go on`, async () => {
    const w = world();
    const fetch = network({ chat: w.chat, clock: w.clock, log: [], faults: () => 'none', delay: () => 1 });
    w.instead = async (address, init) => (init.body.includes('<script') ? block() : fetch(address, init));
    const told = [];
    w.outbox.addEventListener('status', ({ detail }) => told.push(detail.failure));
    ['what is <script>?', 'hello', 'a <script> again', 'and on'].forEach(w.say);
    await w.clock.run(90_000);
    assert.deepEqual(w.texts(), ['hello', 'and on']);
    const failed = w.store.pending.filter(({ state }) => state === 'failed');
    assert.deepEqual(failed.map(({ text, reason }) => [text, reason]), [['what is <script>?', 'blocked'], ['a <script> again', 'blocked']]);
    assert.equal(told.at(-1), null, 'no trouble is left to tell of');
    w.instead = undefined;
    w.outbox.retry(failed[0].key);
    await w.clock.run(10);
    assert.deepEqual(w.texts(), ['hello', 'and on', 'what is <script>?']);
  });
}

test('while the chat can\'t be reached no message is given up, however long it takes', async () => {
  for (const block of Object.values(strangers)) {
    const w = world();
    w.instead = async () => block();
    ['one', 'two', 'three'].forEach(w.say);
    await w.clock.run(3_600_000);
    assert.deepEqual(w.states().filter((state) => state !== 'sending'), ['queued', 'queued', 'queued'].slice(w.states().includes('sending') ? 1 : 0));
    w.instead = undefined;
    await w.clock.run(60_000);
    assert.deepEqual(w.texts(), ['one', 'two', 'three']);
  }
});

test('on a line that fails half of the time no message is given up', async () => {
  const random = seeded(7);
  const w = world();
  const fetch = network({ chat: w.chat, clock: w.clock, log: [], faults: () => (random() < 0.5 ? ['dropped', 'lost', 'cut', 'bad gateway'][Math.floor(random() * 4)] : 'none'), delay: () => 1 });
  w.instead = fetch;
  const texts = Array.from({ length: 40 }, (_, i) => `text ${i}`);
  texts.forEach(w.say);
  await w.clock.run(3_600_000);
  assert.deepEqual(w.texts(), texts);
});

test('a message whose name the server changes is one message', async () => {
  const w = world();
  w.open();
  const send = w.chat.answer.bind(w.chat);
  w.chat.answer = (url, init) => send(url, { body: JSON.stringify({ ...JSON.parse(init.body), name: 'trimmed' }) });
  const heard = [];
  w.outbox.addEventListener('sent', ({ detail }) => heard.push(detail));
  w.say('hello');
  await w.clock.run(10);
  assert.deepEqual([heard[0].said, heard[0].name], ['ann', 'trimmed']);
  assert.equal(w.store.pending[0].name, 'trimmed');
  w.store.append({ epoch: w.chat.epoch, messages: w.chat.messages, next: 1, oldest: 1 });
  assert.deepEqual(w.states(), []);
});

test('the retry of a message with a refused name has the new name', async () => {
  const w = world();
  w.instead = async () => problem(400, 'bad-input', 'no name', { field: 'name' });
  const fields = [];
  w.outbox.addEventListener('refused', ({ detail }) => fields.push(detail.field));
  const key = w.say('mine');
  await w.clock.run(10);
  w.instead = undefined;
  assert.deepEqual(fields, ['name']);
  w.outbox.retry(key, 'anna');
  await w.clock.run(10);
  assert.deepEqual(w.chat.messages.map(({ name, text }) => [name, text]), [['anna', 'mine']]);
  assert.deepEqual(w.states(), ['sent']);
});

test('a name of another person: all messages wait, and go out once and in order under the new name', async () => {
  const w = world();
  w.instead = async (_, init) => (JSON.parse(init.body).name === 'ann' ? problem(409, 'name-taken', 'taken', { field: 'name', suggestion: 'ann 2' }) : undefined);
  const fetch = network({ chat: w.chat, clock: w.clock, log: [], faults: () => 'none', delay: () => 1 });
  const taken = w.instead;
  w.instead = async (...args) => (await taken(...args)) ?? fetch(...args);
  const heard = [];
  w.outbox.addEventListener('refused', ({ detail }) => heard.push(detail.failure.more.suggestion));
  ['one', 'two'].forEach(w.say);
  await w.clock.run(10);
  assert.deepEqual([w.states(), heard], [['failed', 'failed'], ['ann 2', 'ann 2']]);
  w.outbox.rename('ann 2');
  w.outbox.rename('ann 2');
  await w.clock.run(20);
  assert.deepEqual(w.chat.messages.map(({ name, text }) => `${name}: ${text}`), ['ann 2: one', 'ann 2: two']);
});

test('a message that waits for a moderator isn\'t sent again, survives a reload, and goes when it is in the room', async () => {
  const w = world({ saved: [] });
  await w.outbox.restore();
  w.open();
  let tries = 0;
  w.instead = async (_, init) => {
    tries += 1;
    return reply(202, { held: true, id: JSON.parse(init.body).id, room: 'lobby', why: 'newcomer' });
  };
  w.say('may I?');
  await w.clock.run(600_000);
  assert.deepEqual([w.states(), tries, w.saved.map(({ state }) => state)], [['held'], 1, ['held']]);
  const after = world({ saved: w.saved, ids: 10 });
  await after.outbox.restore();
  await after.clock.run(10);
  assert.deepEqual([after.states(), after.texts()], [['held'], []]);
  after.chat.say('ann', 'may I?', w.saved[0].id);
  after.open();
  assert.deepEqual([after.states(), after.saved], [[], []]);
});

test('an edit is tried again with the same id until it is stored, and a deletion of what is gone is done', async () => {
  const w = world();
  w.open();
  const bodies = [];
  let isLost = true;
  w.instead = async (_, init) => {
    const body = JSON.parse(init.body);
    bodies.push(body);
    if (body.type === 'delete') {
      return problem(404, 'not-found', 'It is gone.');
    }
    if (isLost) {
      isLost = body.text === '';
      throw new TypeError('Failed to fetch');
    }
    return reply(201, { epoch: 'epoch-1', room: 'lobby', seq: 9, time: '2025-11-25T10:00:00Z', ...body });
  };
  w.outbox.send({ name: 'ann', type: 'edit', target: 3, text: 'better' });
  await w.clock.run(60_000);
  const edits = bodies.filter(({ type }) => type === 'edit');
  assert.deepEqual([edits.length, new Set(edits.map(({ id }) => id)).size, w.states()], [2, 1, ['sent']]);
  assert.equal(w.store.changing(3).text, 'better');
  w.outbox.send({ name: 'ann', type: 'delete', target: 4 });
  await w.clock.run(1000);
  assert.deepEqual(w.states(), ['sent'], 'the deletion is done');
});

test('a challenge is solved, and the message goes out with the proof', async () => {
  const w = world();
  const proofs = [];
  w.outbox.prove = async ({ challenge, bits }, progress) => {
    progress(0.5);
    assert.equal(w.store.pending[0].state, 'proving');
    return `${challenge}:${bits}`;
  };
  const fetch = network({ chat: w.chat, clock: w.clock, log: [], faults: () => 'none', delay: () => 1 });
  w.instead = async (address, init) => {
    const { proof } = JSON.parse(init.body);
    proofs.push(proof);
    return proof === undefined ? problem(403, 'proof-needed', 'work', { challenge: '1.ab', bits: 8 }) : fetch(address, init);
  };
  w.say('worked for');
  await w.clock.run(20);
  assert.deepEqual([proofs, w.texts()], [[undefined, '1.ab:8'], ['worked for']]);
});

test('an edit or deletion is of the database that the visitor saw: it changes nothing in another one', async () => {
  const w = world({ saved: [], faults: Array(20).fill('dropped') });
  await w.outbox.restore();
  w.chat.say('ann', 'meant');
  w.open();
  w.outbox.send({ name: 'ann', type: 'delete', target: 1 });
  await w.clock.run(1000);
  assert.deepEqual(w.saved.map(({ type }) => type), ['delete']);
  const after = world({ saved: w.saved, ids: 10 });
  after.chat.replace('epoch-2');
  after.chat.say('ann', 'another one');
  await after.outbox.restore();
  after.say('hello');
  await after.clock.run(1000);
  assert.deepEqual(after.texts(), ['another one'], 'nothing goes out before the room is open, so that the order stays');
  after.open();
  await after.clock.run(1000);
  assert.deepEqual(after.texts(), ['another one', 'hello']);
  assert.deepEqual([after.states(), after.saved], [['sent'], []]);
});

test('an edit that waited through a reload goes out when the room is open', async () => {
  const w = world({ saved: [], faults: Array(20).fill('dropped') });
  await w.outbox.restore();
  w.chat.say('ann', 'teh text');
  w.open();
  w.outbox.send({ name: 'ann', type: 'edit', target: 1, text: 'the text' });
  await w.clock.run(1000);
  const after = world({ saved: w.saved, ids: 10 });
  after.chat.messages = w.chat.messages;
  await after.outbox.restore();
  await after.clock.run(1000);
  after.open();
  await after.clock.run(1000);
  assert.deepEqual(after.texts(), ['the text', 'the text']);
});

test('an edit of a message that is gone meanwhile is dropped, and stops nothing', async () => {
  const w = world({ saved: [] });
  await w.outbox.restore();
  w.open();
  w.outbox.send({ name: 'ann', type: 'edit', target: 7, text: 'late' });
  w.say('next');
  await w.clock.run(1000);
  assert.deepEqual([w.states(), w.texts(), w.saved], [['sent'], ['next'], []]);
});
