// schedule.test.mjs - hundreds of runs over a network that fails in every way. In the end each message
// is shown once, in the order of the chat, and none is lost; edits and deletions too are stored once,
// and every reader shows what they leave. FAULT_SCHEDULES: the number of runs.

import assert from 'node:assert/strict';
import test from 'node:test';
import { makeApi } from '../../www/js/api.js';
import { Backoff } from '../../www/js/backoff.js';
import { Ladder } from '../../www/js/ladder.js';
import { Outbox } from '../../www/js/outbox.js';
import { hasRow, keyOf, Store } from '../../www/js/store.js';
import { Transport } from '../../www/js/transport.js';
import { STREAM_FAULTS } from './streams.mjs';
import { Chat, Clock, HeadFile, holdPolls, limits, network, seeded } from './world.mjs';

const FAULTS = ['dropped', 'lost', 'cut', 'busy', 'too many', 'bad gateway', 'portal', 'redirected', 'stale', 'repeated', 'reordered', 'hangs'];
const RUNS = Number(process.env.FAULT_SCHEDULES ?? 2000);

function client({ chat, clock, random, name, faults, cache, top, limit }) {
  const log = [];
  const fetch = network({ chat, clock, random, faults, cache, limit, log, delay: () => 5 + random() * 200 });
  const api = makeApi({ base: 'http://chat.test/deep/', fetch, clock });
  const store = new Store('lobby');
  const transport = new Transport({ store, api, clock, random, backoff: new Backoff({ random }), ladder: new Ladder({ top, random }) });
  let ids = 0;
  const outbox = new Outbox({ store, api, clock, backoff: new Backoff({ random }), makeId: () => `${name}-id-${(ids += 1)}` });
  outbox.addEventListener('sent', () => transport.hurry({ expected: true }));
  const check = () => {
    const seqs = store.messages.map(({ seq }) => seq);
    seqs.forEach((seq, i) => assert.ok(i === 0 || seq === seqs[i - 1] + 1 || (seq > seqs[i - 1] && store.gapBefore(seq)), `${name} shows ${seqs}`));
    const keys = [...store.messages, ...store.pending].map(keyOf);
    assert.equal(new Set(keys).size, keys.length, `${name} shows one twice: ${keys}`);
  };
  store.addEventListener('change', check);
  const refused = [];
  outbox.addEventListener('refused', ({ detail }) => refused.push(detail.key));
  return { name, api, store, transport, outbox, log, said: [], changed: [], refused };
}

/** An edit or a deletion of one of the client's own messages, or a moderator's deletions. */
function changeSomething({ chat, random, who }) {
  const { name, store, outbox, changed } = who;
  const own = store.rowsSince(0).filter((m) => m.name === name && m.seq >= chat.oldest);
  const dice = random();
  if (dice < 0.6 && own.length > 0) {
    const { seq: target } = own[Math.floor(random() * own.length)];
    const [type, text] = random() < 0.7 ? ['edit', `${name} edits ${changed.length}`] : ['delete', ''];
    changed.push({ key: outbox.send({ name, type, target, text }), type, text });
  } else if (dice > 0.9) {
    const from = chat.head - Math.floor(random() * 12);
    chat.sweep(({ seq }) => seq >= from && random() < 0.5);
  } else if (dice > 0.8) {
    const shown = chat.messages.filter(({ type, seq }) => type === 'message' && seq >= chat.oldest);
    const { seq } = shown[Math.floor(random() * shown.length)] ?? chat.say('staff', `new ${chat.head}`);
    chat.change(random() < 0.5 ? 'delete' : 'edit', seq, `staff edits ${chat.head}`);
  }
}

const rowsOf = (messages) => messages.filter((m) => hasRow(m) && !m.deleted).map(({ seq, name, text, edited }) => ({ seq, name, text, isEdited: edited !== undefined }));

/** Each change is stored once, or its message was gone before; all show what the chat has. */
function checkChanges({ chat, clients, from, isSame, seed }) {
  for (const { name, store, changed, refused } of clients) {
    const shown = store.messages.filter(({ seq }) => seq >= from(store)).map((m) => store.asItIsNow(m));
    assert.deepEqual(rowsOf(shown), rowsOf(chat.messages.filter(({ seq }) => seq >= from(store))), `seed ${seed}: ${name} shows what edits and deletions left`);
    for (const message of chat.messages.filter(({ target, type }) => target >= from(store) && type === 'delete')) {
      assert.equal(store.find(message.seq)?.text ?? '', '', `seed ${seed}: ${name} keeps no text of ${message.seq}`);
    }
    for (const { key, text } of changed) {
      const stored = chat.messages.filter((m) => `${chat.asSent(m).id}\n${m.name}` === key);
      assert.ok(stored.length <= 1 && stored.every((m) => chat.asSent(m).text === text), `seed ${seed}: ${key} is stored once`);
      assert.ok(!isSame || stored.length === 1 || refused.includes(key), `seed ${seed}: ${key} is not lost`);
    }
  }
}

async function run(seed) {
  const random = seeded(seed);
  const clock = new Clock();
  const chat = new Chat(clock);
  chat.wait = random() < 0.5 ? 0 : 25;
  const watched = chat.wait === 0 && seed % 2 === 0; // by a coin of its own: the other schedules stay what they were
  if (watched) {
    const hows = [{}, {}, { forgotten: true }, { lag: 5000 }, { lag: 60_000 }, { stuck: true }, { missing: true }, { html: true }];
    chat.file = new HeadFile(chat, clock, hows[(seed / 2) % hows.length]);
  }
  for (let i = Math.floor(random() * 80); i > 0; i--) {
    chat.say('old', `old ${i}`);
  }
  const badness = random() * 0.8;
  let calm = false;
  const top = ['stream', 'stream', 'held', 'timed'][Math.floor(random() * 4)];
  const faults = (url) => {
    const all = url.pathname.endsWith('/stream') ? [...FAULTS, ...STREAM_FAULTS] : FAULTS;
    return calm || random() > badness ? 'none' : all[Math.floor(random() * all.length)];
  };
  const limit = random() < 0.4 ? { ms: 5000 + random() * 25_000, how: limits[Math.floor(random() * limits.length)], idle: random() < 0.5 } : null;
  const cache = []; // of a proxy between both clients and the chat
  const clients = ['ann', 'ben'].map((name) => client({ chat, clock, random, name, faults, cache, top, limit }));
  if (chat.wait > 0) {
    holdPolls(chat, clock);
  }
  clients.forEach(({ transport }) => transport.start());
  const forgets = random() < 0.15;
  const isChanged = seed % 3 === 0; // by coins of their own, too
  const coins = seeded(seed + 1_000_000);
  const swap = random() < 0.4 ? Math.floor(random() * 30) : -1;
  for (let step = 0; step < 30; step++) {
    const who = clients[Math.floor(random() * 2)];
    const text = `${who.name} says ${step}`;
    who.said.push(text);
    who.outbox.send({ name: who.name, text });
    if (isChanged) {
      changeSomething({ chat, random: coins, who: clients[Math.floor(coins() * 2)] });
    }
    if (step === swap) {
      chat.replace('epoch-2', Math.floor(random() * chat.messages.length));
    }
    if (random() < 0.3) {
      chat.say('bot', `beep ${step}`);
    }
    if (forgets && random() < 0.1) {
      chat.oldest = Math.max(chat.oldest, chat.head - Math.floor(random() * 10)); // retention removes messages that a client hasn't seen
    }
    if (random() < 0.05) {
      clock.jump((random() - 0.5) * 7_200_000);
    }
    if (random() < 0.05) {
      clients.forEach(({ transport }) => transport.hurry({ anew: random() < 0.5 }));
    }
    await clock.run(random() < 0.03 ? 400_000 : random() * 3000); // sometimes there is a long silence, or the machine sleeps
  }
  calm = true;
  await clock.until(() => clients.every(({ store }) => store.pending.length === 0 && store.next === chat.head && store.epoch === chat.epoch));
  const asked = clients.map(({ log }) => log.length);
  await clock.run(120_000); // longer than it takes to notice a dead stream
  chat.say('bot', 'the end');
  await clock.until(() => clients.every(({ store }) => store.next === chat.head), watched ? 33_000 : 60_000); // a poll in 30 s, and a pause
  clients.forEach(({ transport }) => transport.stop());
  for (const [i, { name, log }] of clients.entries()) {
    const calmRequests = log.slice(asked[i]).filter(({ path }) => !path.endsWith('/send')).length;
    assert.ok(calmRequests <= 100, `seed ${seed}: ${name} asks ${calmRequests} times in two quiet minutes`);
  }
  const from = (store) => (forgets ? Math.max(store.lowest ?? 1, chat.oldest) : (store.lowest ?? 1));
  for (const { name, store, said } of clients) {
    if (!isChanged) {
      assert.deepEqual(store.messages.filter(({ seq }) => seq >= from(store)), chat.messages.filter(({ seq }) => seq >= from(store)), `seed ${seed}: ${name} shows what the chat has`);
    }
    const sent = chat.messages.filter((m) => m.name === name).map((m) => chat.asSent(m)).filter(({ type }) => type === 'message').map(({ text }) => text);
    assert.equal(new Set(sent).size, sent.length, `seed ${seed}: ${name} is stored once`);
    if (swap === -1) {
      assert.deepEqual(sent, said, `seed ${seed}: all of ${name}, in order`);
    }
  }
  checkChanges({ chat, clients, from, isSame: swap === -1, seed });
}

test(`${RUNS} random schedules: each message once, in order, none lost`, async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    try {
      await run(seed);
    } catch (error) {
      error.message = `seed ${seed}: ${error.message}`;
      throw error;
    }
  }
});
