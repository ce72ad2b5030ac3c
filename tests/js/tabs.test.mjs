// tabs.test.mjs - several tabs, one connection: which tab leads, which are told, and what happens
// when a tab closes, sleeps or comes late.

import assert from 'node:assert/strict';
import test from 'node:test';
import { makeApi } from '../../www/js/api.js';
import { Backoff } from '../../www/js/backoff.js';
import { Ladder } from '../../www/js/ladder.js';
import { Store } from '../../www/js/store.js';
import { Tabs } from '../../www/js/tabs.js';
import { Transport } from '../../www/js/transport.js';
import { Clock, House, network, problem, seeded } from './world.mjs';

/** BroadcastChannels of one browser. A frozen tab gets the messages when it wakes. */
export class Bus {
  #channels = new Set();

  channel() {
    const channel = {
      onmessage: null, frozen: false, missed: [],
      postMessage: (data) => {
        for (const other of this.#channels) {
          if (other !== channel) {
            other.missed.push(structuredClone(data));
            queueMicrotask(() => other.deliver());
          }
        }
      },
      deliver() {
        while (!channel.frozen && channel.onmessage !== null && channel.missed.length > 0) channel.onmessage({ data: channel.missed.shift() });
      },
      close: () => this.#channels.delete(channel),
    };
    this.#channels.add(channel);
    return channel;
  }
}

function browser({ top = 'stream', messages = 3, share = true, holds = new Bus(), clock = new Clock(), name = 'tab' } = {}) {
  const house = new House(clock);
  const chat = house.room('lobby');
  for (let i = 0; i < messages; i++) chat.say('old', `text ${i + 1}`);
  const bus = new Bus();
  const b = { clock, chat, house, log: [], tabs: [] };
  b.open = ({ pace, room = 'lobby', wantsNews } = {}) => {
    const n = b.tabs.length + 1;
    const random = seeded(n);
    house.room(room);
    const store = new Store(room);
    const log = [];
    const reach = network({ chat: house, clock, log, random });
    const fetch = (address, init) => (address.includes('room=BAD') && !b.allows ? Promise.resolve(problem(400, 'bad-input', 'no such room', { field: 'room' })) : reach(address, init));
    const api = makeApi({ base: 'http://chat.test/', fetch: (...args) => (tab.cut || b.cut ? Promise.reject((tab.tried += 1) && new TypeError('cut')) : fetch(...args)), clock });
    const transport = new Transport({
      store, api, clock, random, backoff: new Backoff({ random }), pace: () => tabs.pace(), others: () => tabs.others(), mayHold: () => tabs.mayHold(),
      ladder: new Ladder({ top, random }),
    });
    const tab = { store, room, log, states: [], tried: 0 };
    const tabs = new Tabs({ id: `${name}-${String(n).padStart(3, '0')}`, store, transport, clock, pace, openChannel: (of) => (!share ? undefined : of === 'tabs' ? (tab.channel = bus.channel()) : holds.channel()), wantsNews });
    tab.tabs = tabs;
    tabs.addEventListener('status', ({ detail }) => tab.states.push(detail.state));
    store.addEventListener('change', () => {
      const seqs = store.messages.map(({ seq }) => seq);
      seqs.forEach((seq, i) => assert.ok(i === 0 || seq === seqs[i - 1] + 1, `shows ${seqs}`));
    });
    tabs.start();
    b.tabs.push(tab);
    return tab;
  };
  b.leaders = () => b.tabs.filter(({ tabs }) => tabs.isLeading);
  b.inStep = () => b.tabs.every(({ store, room }) => store.epoch === house.room(room).epoch && store.next === house.room(room).head);
  return b;
}

const held = (tab) => tab.log.filter(({ path, query }) => path === '/stream' || query.wait !== undefined).length;

test('ten tabs keep one connection open, and each shows everything at once', async () => {
  const b = browser();
  for (let i = 0; i < 10; i++) b.open();
  await b.clock.run(1000);
  assert.equal(b.leaders().length, 1);
  for (let i = 0; i < 20; i++) {
    b.chat.say('ann', `news ${i}`);
    await b.clock.run(700);
    assert.ok(b.inStep());
  }
  assert.equal(b.tabs.filter((tab) => held(tab) > 0).length, 1);
  for (const tab of b.tabs.filter(({ tabs }) => !tabs.isLeading)) assert.ok(tab.log.length <= 2, `${tab.log.length} requests of a tab that is told`);
});

test('a tab that shows its room doesn\'t show "connecting" when it takes the lead', async () => {
  const b = browser();
  const [first, second] = [b.open(), b.open()];
  await b.clock.run(5000);
  first.tabs.stop();
  await b.clock.run(5000);
  assert.ok(second.tabs.isLeading);
  for (const { states } of [first, second]) assert.ok(!states.slice(states.indexOf('online')).includes('connecting'), `${states}`);
});

test('when the leader closes, another tab goes on, and nothing is missed', async () => {
  const b = browser();
  for (let i = 0; i < 3; i++) b.open();
  await b.clock.run(1000);
  while (b.tabs.length > 1) {
    const [leader] = b.leaders();
    leader.tabs.stop();
    b.tabs = b.tabs.filter((tab) => tab !== leader);
    b.chat.say('ann', 'while no tab led');
    await b.clock.run(1500);
    assert.equal(b.leaders().length, 1);
    assert.ok(b.inStep());
  }
});

test('another tab takes the lead from a frozen leader, which follows when it wakes', async () => {
  const b = browser();
  const [first, second] = [b.open(), b.open()];
  await b.clock.run(1000);
  assert.ok(first.tabs.isLeading);
  first.channel.frozen = true; // the tab runs nothing, so the others hear nothing of it
  const say = first.channel.postMessage;
  first.channel.postMessage = () => {};
  b.chat.say('ann', 'into the silence');
  await b.clock.run(20_000);
  assert.equal(second.store.next, b.chat.head, 'a follower asks by itself while it is told nothing');
  await b.clock.run(15_000);
  assert.ok(second.tabs.isLeading);
  first.channel.postMessage = say;
  first.channel.frozen = false;
  b.chat.say('ann', 'after it woke');
  await b.clock.run(6000);
  assert.ok(b.inStep());
  assert.deepEqual(b.leaders(), [second]);
});

test('another tab takes the lead in the usual time, although the clock is set back', async () => {
  const b = browser();
  const [first, second] = [b.open(), b.open()];
  await b.clock.run(1000);
  first.channel.frozen = true;
  first.channel.postMessage = () => {};
  b.clock.jump(-300_000);
  b.chat.say('ann', 'into the silence');
  await b.clock.run(15_000);
  assert.ok(second.tabs.isLeading);
  assert.ok(second.store.next === b.chat.head);
});

test('with tabs of ten rooms, one tab keeps one connection open for all', async () => {
  const b = browser();
  const rooms = Array.from({ length: 10 }, (_, i) => `room-${i}`);
  for (const room of [...rooms, ...rooms.slice(0, 3)]) {
    b.open({ room });
    await b.clock.run(500);
  }
  await b.clock.run(3000);
  const before = b.tabs.map((tab) => tab.log.length);
  for (let i = 0; i < 30; i++) {
    b.house.room(rooms[i % 10]).say('ann', `news ${i}`);
    await b.clock.run(400);
    assert.ok(b.inStep(), `after ${i}`);
  }
  assert.equal(b.leaders().length, 1);
  assert.equal(b.tabs.filter((tab) => held(tab) > 0).length, 1);
  b.tabs.forEach((tab, i) => assert.equal(tab.log.length, before[i], `${tab.room} asked, though it was told`));
});

test('of more rooms than fit in a request, hidden tabs poll now and then by themselves', async () => {
  const b = browser();
  for (let i = 0; i < 40; i++) b.open({ room: `room-${i}`, pace: i < 20 ? () => 'active' : () => 'hidden' });
  await b.clock.run(5000);
  for (let i = 0; i < 40; i++) b.house.room(`room-${i}`).say('ann', 'news');
  await b.clock.run(500);
  for (const { store, room } of b.tabs.slice(0, 20)) assert.equal(store.next, 1, room);
  await b.clock.run(40_000);
  assert.ok(b.inStep());
});

test('hidden tabs keep no connection open; the first visible one does, for all', async () => {
  const b = browser();
  let looked = null;
  const tabs = ['a', 'b', 'b'].map((room, i) => b.open({ room, pace: () => (looked === i ? 'active' : 'hidden') }));
  await b.clock.run(20_000);
  assert.equal(tabs.filter((tab) => held(tab) > 0).length, 0);
  b.house.room('b').say('ann', 'meanwhile');
  await b.clock.run(30_000);
  assert.ok(b.inStep(), 'they ask now and then');
  looked = 1;
  tabs[1].tabs.hurry();
  await b.clock.run(5000);
  assert.deepEqual(b.leaders(), [tabs[1]]);
  b.house.room('a').say('ann', 'at once');
  await b.clock.run(600);
  assert.ok(b.inStep());
  looked = null;
  tabs[1].tabs.turnedAway();
  await b.clock.run(5000);
  const before = tabs.map(held);
  await b.clock.run(60_000);
  assert.deepEqual(tabs.map(held), before, 'nothing is held once all are hidden');
});

test('of six visible chats of one host, four keep a connection open, and the others poll on a timer', async () => {
  const [clock, holds] = [new Clock(), new Bus()];
  const looked = new Set();
  const chats = Array.from({ length: 6 }, (_, i) => {
    const b = browser({ clock, holds, name: `chat-${i}` });
    looked.add(i);
    b.open({ pace: () => (looked.has(i) ? 'active' : 'hidden') });
    return b;
  });
  await clock.run(5000);
  const before = chats.map(({ tabs: [tab] }) => tab.log.length);
  chats.forEach(({ chat }) => chat.say('ann', 'news'));
  await clock.run(4000);
  assert.ok(chats.every((b) => b.inStep()));
  const polls = chats.map(({ tabs: [tab] }, i) => tab.log.slice(before[i]).length);
  assert.equal(polls.filter((n) => n === 0).length, 4, `${polls}`);
  looked.delete(0);
  chats[0].tabs[0].tabs.turnedAway();
  await clock.run(20_000);
  const after = chats.map(({ tabs: [tab] }) => tab.log.length);
  await clock.run(5000);
  assert.equal(chats.filter(({ tabs: [tab] }, i) => i > 0 && tab.log.length === after[i]).length, 4, 'another one has the place of the one that is hidden now');
});

test('a hidden tab keeps a connection open for a visitor who wants to hear of news at once', async () => {
  const b = browser();
  const tab = b.open({ pace: () => 'hidden', wantsNews: () => true });
  await b.clock.run(5000);
  b.chat.say('ann', 'news');
  await b.clock.run(500);
  assert.equal(tab.store.next, b.chat.head);
});

test('a tab that was asleep, and one that comes late, catch up', async () => {
  const b = browser();
  const [, sleeper] = [b.open(), b.open()];
  await b.clock.run(1000);
  sleeper.channel.frozen = true;
  for (let i = 0; i < 150; i++) b.chat.say('ann', `missed ${i}`);
  await b.clock.run(3000);
  sleeper.channel.missed.length = 0; // browsers drop messages to a frozen tab
  sleeper.channel.frozen = false;
  b.open();
  await b.clock.run(6000);
  assert.ok(b.inStep());
});

test('all tabs show another database when the leader does', async () => {
  const b = browser();
  for (let i = 0; i < 3; i++) b.open();
  await b.clock.run(1000);
  b.house.replace('epoch-2');
  b.chat.say('ann', 'begins anew');
  await b.clock.run(30_000);
  assert.ok(b.inStep());
  for (const { store } of b.tabs) assert.deepEqual(store.messages.map(({ text }) => text), ['begins anew']);
});

test('a tab that doesn\'t lead asks the leader to hurry, and shows the leader\'s trouble', async () => {
  const b = browser({ top: 'timed' });
  const [leader, other] = [b.open(), b.open()];
  await b.clock.run(1000);
  b.chat.say('other', 'own');
  other.tabs.hurry({ expected: true });
  await b.clock.run(300);
  assert.equal(other.store.next, b.chat.head);
  leader.cut = true;
  await b.clock.run(10_000);
  assert.equal(other.states.at(-1), 'retrying');
  leader.cut = false;
  await b.clock.run(60_000);
  assert.equal(other.states.at(-1), 'online');
});

test('while the server is away one tab tries, less and less often', async () => {
  const b = browser();
  b.cut = true;
  for (let i = 0; i < 6; i++) b.open({ room: `room-${i}` });
  await b.clock.run(10_000);
  b.tabs.forEach((tab) => (tab.tried = 0));
  await b.clock.run(120_000);
  const tried = b.tabs.map((tab) => tab.tried);
  assert.ok(tried.reduce((sum, n) => sum + n, 0) < 20, `${tried} tries`);
  b.cut = false;
  await b.clock.run(60_000);
  assert.ok(b.inStep());
});

test('a tab with a refused room doesn\'t lead', async () => {
  const b = browser();
  const bad = b.open({ room: 'BAD' });
  await b.clock.run(5000);
  const good = b.open();
  const later = b.open({ room: 'BAD' });
  await b.clock.run(20_000);
  assert.deepEqual([bad, good, later].map(({ tabs }) => tabs.isLeading), [false, true, false]);
  b.chat.say('ann', 'news');
  await b.clock.run(500);
  assert.equal(good.store.next, b.chat.head);
  assert.deepEqual([bad, good, later].map(({ states }) => states.at(-1)), ['retrying', 'online', 'retrying']);
  b.allows = true;
  await b.clock.run(200_000);
  b.house.room('BAD').say('ann', 'mended');
  await b.clock.run(600);
  assert.ok(b.inStep(), 'and is one of them again when it is mended');
  assert.deepEqual(b.leaders(), [good]);
});

test('the visible tab leads', async () => {
  const b = browser({ top: 'timed' });
  const [first, second] = [b.open({ pace: () => 'hidden' }), b.open()];
  await b.clock.run(5000);
  assert.deepEqual(b.leaders(), [second]);
  const before = [first, second].map(({ log }) => log.length);
  await b.clock.run(60_000);
  assert.ok(second.log.length - before[1] > 20, `${second.log.length - before[1]} polls a minute`);
  assert.equal(first.log.length, before[0]);
});

test('each tab knows whether one of them is looked at', async () => {
  const b = browser();
  let pace = 'active';
  const tabs = [b.open({ pace: () => pace }), b.open({ pace: () => 'hidden' }), b.open({ pace: () => 'hidden' })];
  await b.clock.run(11_000);
  assert.deepEqual(tabs.map((tab) => tab.tabs.pace()), ['active', 'active', 'active']);
  pace = 'hidden';
  await b.clock.run(20_000);
  assert.deepEqual(tabs.map((tab) => tab.tabs.pace()), ['hidden', 'hidden', 'hidden']);
});

test('tabs that can\'t talk to each other poll by themselves, and keep no connection open', async () => {
  const b = browser({ share: false });
  for (let i = 0; i < 2; i++) b.open();
  b.chat.say('ann', 'hi');
  await b.clock.run(3000);
  assert.ok(b.inStep());
  assert.ok(b.tabs.every((tab) => held(tab) === 0));
});
