import assert from 'node:assert/strict';
import test from 'node:test';
import { makeApi } from '../../www/js/api.js';
import { Backoff } from '../../www/js/backoff.js';
import { Store } from '../../www/js/store.js';
import { fetchOlder, Transport } from '../../www/js/transport.js';
import { Chat, Clock, network, problem, reply } from './world.mjs';

function world({ faults = [], messages = 0, wait = 0 } = {}) {
  const clock = new Clock();
  const chat = new Chat(clock);
  chat.wait = wait;
  for (let i = 0; i < messages; i++) {
    chat.say('old', `text ${i + 1}`);
  }
  const w = { clock, chat, log: [], states: [], paceNow: 'active' };
  w.faults = [...faults];
  const fetch = network({ chat, clock, log: w.log, faults: () => w.faults.shift() ?? 'none', delay: () => 1 + (w.holdMs ?? 0) / 2 });
  w.api = makeApi({ base: 'http://chat.test/', fetch: (...args) => (w.instead ?? fetch)(...args), clock });
  w.store = new Store('lobby');
  const backoff = new Backoff({ random: () => 1 });
  w.transport = new Transport({ store: w.store, api: w.api, backoff, clock, random: () => 0.5, pace: () => w.paceNow });
  w.transport.addEventListener('status', ({ detail }) => w.states.push(detail));
  w.seqs = () => w.store.messages.map(({ seq }) => seq);
  w.queries = () => w.log.map(({ query }) => query);
  return w;
}

test('a room opens with the last messages, then newer ones are asked for', async () => {
  const w = world({ messages: 120 });
  w.transport.start();
  await w.clock.run(100);
  assert.deepEqual(w.seqs(), Array.from({ length: 50 }, (_, i) => i + 71));
  w.chat.say('ann', 'new');
  await w.clock.run(2100);
  assert.equal(w.seqs().at(-1), 121);
  assert.deepEqual(w.queries(), [
    { room: 'lobby', last: '50' },
    { room: 'lobby', since: '120', epoch: 'epoch-1', wait: '25', n: '0.5' },
  ]);
  w.transport.stop();
});

test('timed polls follow after poll_after seconds, later while the visitor doesn\'t look', async () => {
  for (const [pace, between] of [['active', 2000], ['idle', 6000], ['hidden', 16000]]) {
    const w = world();
    w.paceNow = pace;
    w.transport.start();
    await w.clock.run(60_000);
    const gaps = w.log.slice(1).map(({ at }, i) => at - w.log[i].at);
    assert.ok(gaps.every((gap) => Math.abs(gap - between) < 10), `${pace}: ${gaps}`);
    w.transport.stop();
  }
});

test('a poll that waited is followed by the next at once', async () => {
  const w = world({ wait: 25 });
  w.transport.start();
  await w.clock.run(1);
  w.holdMs = 25_000;
  await w.clock.run(260_000);
  assert.ok(w.log.length >= 11, `${w.log.length} requests`);
  w.transport.stop();
});

test('polls are timed where something ends them early, or promises more and has none', async () => {
  const w = world({ wait: 25 });
  w.transport.start();
  await w.clock.run(60_000);
  assert.ok(w.log.length < 40, `${w.log.length} requests`);
  w.instead = async () => reply(200, { epoch: 'epoch-1', room: 'lobby', messages: [], next: 0, head: 0, oldest: 1, more: true, wait: 0, poll_after: 2 });
  let asked = 0;
  const { instead } = w;
  w.instead = (...args) => {
    asked += 1;
    return instead(...args);
  };
  await w.clock.run(60_000);
  assert.ok(asked < 40, `${asked} requests`);
  w.transport.stop();
});

test('after a refusal the next try comes late', async () => {
  const w = world();
  let asked = 0;
  w.instead = async () => {
    asked += 1;
    return problem(400, 'bad-input', 'room is no room', { field: 'room' });
  };
  w.transport.start();
  await w.clock.run(300_000);
  assert.ok(asked <= 6, `${asked} requests`);
  assert.equal(w.states.at(-1).failure.field, 'room');
  w.transport.stop();
});

test('in another network the request that is under way is given up', async () => {
  const w = world({ faults: ['none', 'hangs'], messages: 1 });
  w.transport.start();
  await w.clock.run(2100);
  assert.equal(w.log.length, 2);
  w.chat.say('ann', 'new');
  w.transport.hurry({ anew: true });
  await w.clock.run(10);
  assert.deepEqual(w.seqs(), [1, 2]);
  assert.ok(w.states.every(({ state }) => state !== 'retrying'));
  w.transport.stop();
});

test('messages of unknown types stop nothing', async () => {
  const w = world({ messages: 1 });
  w.transport.start();
  await w.clock.run(100);
  w.chat.messages.push({ seq: 2, time: '2025-11-25T10:00:00.000Z', name: 'ann', type: 'delete' });
  w.chat.say('ann', 'third');
  await w.clock.run(2100);
  assert.deepEqual(w.seqs(), [1, 2, 3]);
  w.transport.stop();
});

test('the next poll follows at once while there is more', async () => {
  const w = world({ messages: 10 });
  w.transport.start();
  await w.clock.run(100);
  for (let i = 0; i < 350; i++) {
    w.chat.say('ann', `many ${i}`);
  }
  await w.clock.run(2050);
  assert.equal(w.store.next, 360);
  assert.equal(w.log.length, 5);
  w.transport.stop();
});

test('a failure delays and is told, and a success ends that', async () => {
  const w = world({ faults: ['none', 'dropped', 'bad gateway', 'portal', 'busy'], messages: 1 });
  w.transport.start();
  await w.clock.run(2005);
  assert.deepEqual(w.states.map(({ state }) => state), ['connecting', 'online', 'retrying']);
  assert.equal(w.states.at(-1).failure.kind, 'network');
  assert.ok(w.states.at(-1).until > w.clock.now());
  await w.clock.run(25_000);
  assert.deepEqual(w.states.filter(({ failure }) => failure).map(({ failure }) => failure.kind), ['network', 'busy', 'answer', 'busy']);
  assert.equal(w.states.at(-1).state, 'online');
  assert.equal(w.states.at(-1).failure, null);
  w.transport.stop();
});

test('the next try waits for Retry-After', async () => {
  const w = world();
  w.instead = async () => problem(503, 'store-busy', 'busy', {}, { 'Retry-After': '9' });
  w.transport.start();
  await w.clock.run(10);
  assert.deepEqual(w.clock.due, [10_800 - 10]);
  w.transport.stop();
});

test('a request without an answer is given up after a while', async () => {
  const w = world({ faults: ['none', 'hangs'], messages: 1 });
  w.transport.start();
  await w.clock.run(36_000);
  assert.ok(w.log.length === 2);
  await w.clock.run(3_000);
  assert.match(w.states.find(({ failure }) => failure).failure.message, /in time/);
  assert.equal(w.states.at(-1).state, 'online');
  w.transport.stop();
});

test('another database is read anew', async () => {
  const w = world({ messages: 5 });
  w.transport.start();
  await w.clock.run(100);
  w.chat.replace('epoch-2', 2);
  w.chat.say('ben', 'another third');
  await w.clock.run(2100);
  assert.deepEqual(w.store.messages.map(({ text }) => text), ['text 1', 'text 2', 'another third']);
  assert.equal(w.store.epoch, 'epoch-2');
  assert.ok(w.states.every(({ state }) => state !== 'retrying'));
  w.transport.stop();
});

test('an answer of another database is noticed, whatever its status', async () => {
  const w = world({ messages: 5 });
  w.transport.start();
  await w.clock.run(100);
  const { messages } = w.chat;
  w.instead = async () => {
    w.instead = undefined;
    w.chat.replace('epoch-2', 3);
    return reply(200, { epoch: 'epoch-2', room: 'lobby', messages: [{ ...messages[0], seq: 6 }], next: 6, head: 6, oldest: 1, more: false, wait: 0, poll_after: 2 });
  };
  await w.clock.run(2100);
  assert.deepEqual(w.seqs(), [1, 2, 3]);
  w.transport.stop();
});

const tooFast = (seconds) => problem(429, 'too-fast', 'Your network asks for news more often than this chat allows.', {}, { 'Retry-After': String(seconds) });

test('after a 429 no poll goes out before the time that the server named, whatever the visitor does', async () => {
  const w = world({ messages: 1 });
  w.transport.start();
  await w.clock.run(100);
  let asked = 0;
  w.instead = async () => {
    asked += 1;
    return tooFast(30);
  };
  await w.clock.run(2100);
  assert.equal(asked, 1);
  assert.equal(w.states.at(-1).failure.slug, 'too-fast');
  assert.ok(w.states.at(-1).until - w.clock.now() > 25_000);
  for (let i = 0; i < 25; i++) {
    w.transport.hurry({ expected: true }); // as after each message of the visitor
    await w.clock.run(1000);
  }
  assert.equal(asked, 1);
  w.instead = undefined;
  await w.clock.run(12_000);
  assert.equal(w.states.at(-1).state, 'online');
  w.transport.stop();
});

test('a hurry while the poll that gets a 429 is under way doesn\'t end the pause either', async () => {
  const w = world({ messages: 1 });
  w.transport.start();
  await w.clock.run(100);
  let asked = 0;
  w.instead = async () => {
    asked += 1;
    await w.clock.sleep(50);
    return tooFast(30);
  };
  await w.clock.run(2010);
  w.transport.hurry();
  await w.clock.run(20_000);
  assert.equal(asked, 1);
  w.transport.stop();
});

test('polls that are always refused come ever later, and in another network at once', async () => {
  const w = world({ messages: 1 });
  let asked = 0;
  w.instead = async () => {
    asked += 1;
    return tooFast(1);
  };
  w.transport.start();
  await w.clock.run(300_000);
  assert.ok(asked <= 16, `${asked} requests in five minutes`);
  w.instead = undefined;
  w.transport.hurry({ anew: true });
  await w.clock.run(10);
  assert.deepEqual(w.seqs(), [1]);
  w.transport.stop();
});

test('two databases that take turns don\'t cause a busy loop', async () => {
  const w = world({ messages: 1 });
  w.transport.start();
  await w.clock.run(100);
  const timer = () => {
    w.chat.epoch = `${w.chat.epoch}x`;
  };
  const answer = w.chat.answer.bind(w.chat);
  w.chat.answer = (url, init) => {
    const result = answer(url, init);
    timer();
    return result;
  };
  const before = w.log.length;
  await w.clock.run(60_000);
  assert.ok(w.log.length - before < 70, `${w.log.length - before} requests in a minute`);
  w.transport.stop();
});

test('a database that was set back is believed at the second answer', async () => {
  const w = world({ messages: 5 });
  w.transport.start();
  await w.clock.run(100);
  w.chat.replace('epoch-1', 3);
  await w.clock.run(2050);
  assert.deepEqual(w.seqs(), [1, 2, 3, 4, 5]);
  await w.clock.run(2050);
  assert.deepEqual(w.seqs(), [1, 2, 3]);
  w.transport.stop();
});

test('an answer that leaves messages out doesn\'t count', async () => {
  const w = world({ messages: 3 });
  w.transport.start();
  await w.clock.run(100);
  const holes = [
    { messages: [5], next: 5 },
    { messages: [4, 6], next: 6 },
    { messages: [], next: 6 },
    { messages: [5, 4], next: 5 },
  ];
  for (const { messages, next } of holes) {
    const list = messages.map((seq) => ({ seq, time: 't', name: 'n', text: 'x', type: 'message', id: `i${seq}` }));
    w.instead = async () => reply(200, { epoch: 'epoch-1', room: 'lobby', messages: list, next, head: next, oldest: 1, more: false, wait: 0, poll_after: 2 });
    await w.clock.run(40_000);
    assert.deepEqual(w.seqs(), [1, 2, 3]);
    assert.equal(w.states.at(-1).state, 'retrying');
  }
  w.transport.stop();
});

test('a gap is marked', async () => {
  const w = world({ messages: 3 });
  w.transport.start();
  await w.clock.run(100);
  for (let i = 0; i < 5; i++) {
    w.chat.say('ann', 'later');
  }
  w.chat.oldest = 7;
  await w.clock.run(2100);
  assert.deepEqual(w.seqs(), [1, 2, 3, 7, 8]);
  assert.equal(w.store.gapBefore(7), true);
  w.transport.stop();
});

for (const says of [true, false]) {
  test(`deleted rows stop nothing, ${says ? 'if the server tells' : 'even if the server doesn\'t tell'}: a gap is marked there`, async () => {
    const w = world({ messages: 6 });
    w.chat.tellsGaps = says;
    const remove = (...gone) => (w.chat.messages = w.chat.messages.filter(({ seq }) => !gone.includes(seq)));
    remove(2); // within the first page
    w.transport.start();
    await w.clock.run(100);
    assert.deepEqual(w.seqs(), [1, 3, 4, 5, 6]);
    const later = async (count, ...gone) => {
      for (let i = 0; i < count; i++) {
        w.chat.say('ann', 'later');
      }
      remove(...gone);
      await w.clock.run(5000);
    };
    await later(3, 7); // the first one after the known ones
    await later(3, 11); // between two
    await later(3, 15); // the last one
    assert.equal(w.store.next, 15);
    await later(1);
    assert.deepEqual(w.seqs(), [1, 3, 4, 5, 6, 8, 9, 10, 12, 13, 14, 16]);
    assert.deepEqual(w.seqs().filter((seq) => w.store.gapBefore(seq)), [3, 8, 12, 16]);
    assert.deepEqual(w.states.filter(({ state }) => state === 'retrying'), []);
    w.transport.stop();
  });
}

test('older messages come, although rows between are deleted', async () => {
  const w = world({ messages: 120 });
  w.chat.messages = w.chat.messages.filter(({ seq }) => seq % 10 !== 0);
  w.transport.start();
  await w.clock.run(100);
  w.transport.stop();
  for (let came = 1; came > 0 && w.store.hasOlder; ) {
    const coming = fetchOlder({ store: w.store, api: w.api });
    await w.clock.run(10);
    came = await coming;
  }
  assert.deepEqual(w.seqs(), w.chat.messages.map(({ seq }) => seq));
});

test('hurry() asks now, and again after a request that is under way', async () => {
  const w = world();
  w.transport.start();
  await w.clock.run(500);
  w.transport.hurry();
  w.chat.say('ann', 'quick');
  await w.clock.run(10);
  assert.deepEqual(w.seqs(), [1]);
  w.transport.hurry();
  await w.clock.run(0);
  w.transport.hurry();
  await w.clock.run(10);
  assert.equal(w.log.length, 4);
  w.transport.stop();
});

test('after stop() nothing is asked for', async () => {
  const w = world();
  w.transport.start();
  await w.clock.run(100);
  w.transport.stop();
  await w.clock.run(60_000);
  assert.equal(w.log.length, 1);
});

test('older messages come page by page', async () => {
  const w = world({ messages: 120 });
  w.transport.start();
  await w.clock.run(100);
  w.transport.stop();
  const older = async () => {
    const coming = fetchOlder({ store: w.store, api: w.api });
    await w.clock.run(10);
    return coming;
  };
  assert.equal(await older(), 50);
  assert.equal(w.store.hasOlder, true);
  assert.equal(await older(), 20);
  assert.equal(w.store.hasOlder, false);
  assert.deepEqual(w.seqs(), Array.from({ length: 120 }, (_, i) => i + 1));
});
