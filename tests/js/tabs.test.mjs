// tabs.test.mjs - several tabs, one connection: who leads, who is told, and what happens when a tab closes, sleeps or comes late.

import assert from 'node:assert/strict';
import test from 'node:test';
import { makeApi } from '../../www/js/api.js';
import { Backoff } from '../../www/js/backoff.js';
import { Ladder } from '../../www/js/ladder.js';
import { Store } from '../../www/js/store.js';
import { Feed, Tabs } from '../../www/js/tabs.js';
import { Transport } from '../../www/js/transport.js';
import { Chat, Clock, network, seeded } from './world.mjs';

/** navigator.locks of one browser: exclusive locks, in the order of asking, or stolen. */
export class Locks {
  #held = new Map();
  #waiting = [];

  request(name, { steal = false }, callback) {
    return new Promise((resolve, reject) => {
      const entry = { name, callback, resolve, reject };
      if (steal) {
        const lost = this.#held.get(name);
        this.#held.delete(name);
        lost?.reject(new DOMException('stolen', 'AbortError'));
        this.#grant(entry);
      } else {
        this.#waiting.push(entry);
        this.#next(name);
      }
    });
  }

  #next(name) {
    const at = this.#waiting.findIndex((entry) => entry.name === name);
    if (at >= 0 && !this.#held.has(name)) {
      this.#grant(this.#waiting.splice(at, 1)[0]);
    }
  }

  #grant(entry) {
    this.#held.set(entry.name, entry);
    Promise.resolve()
      .then(entry.callback)
      .then((value) => {
        if (this.#held.get(entry.name) === entry) {
          this.#held.delete(entry.name);
          this.#next(entry.name);
        }
        entry.resolve(value);
      });
  }
}

/** BroadcastChannels of one browser. A frozen tab gets what was said when it wakes. */
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

function browser({ top = 'stream', messages = 3, share = true } = {}) {
  const clock = new Clock();
  const chat = new Chat(clock);
  for (let i = 0; i < messages; i++) chat.say('old', `text ${i + 1}`);
  const [locks, bus] = [new Locks(), new Bus()];
  const b = { clock, chat, locks, log: [], tabs: [] };
  b.open = ({ pace } = {}) => {
    const random = seeded(b.tabs.length + 1);
    const store = new Store('lobby');
    const feed = new Feed(store);
    const log = [];
    const fetch = network({ chat, clock, log, random });
    const api = makeApi({ base: 'http://chat.test/', fetch: (...args) => (tab.cut ? Promise.reject(new TypeError('cut')) : fetch(...args)), clock });
    const transport = new Transport({ store: feed, api, clock, random, backoff: new Backoff({ random }), pace: () => tabs.pace(), ladder: new Ladder({ top, random }) });
    const channel = bus.channel();
    const tabs = new Tabs({ feed, transport, clock, name: 'lobby', pace, ...(share ? { locks, channel } : {}) });
    const tab = { store, tabs, channel, log, states: [] };
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
  b.inStep = () => b.tabs.every(({ store }) => store.epoch === chat.epoch && store.next === chat.head);
  return b;
}

const held = (tab) => tab.log.filter(({ path, query }) => path === '/stream' || query.wait !== undefined).length;

test('ten tabs hold one connection, and each shows everything at once', async () => {
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

test('when the leader closes, the next one goes on, and nothing is missed', async () => {
  const b = browser();
  for (let i = 0; i < 3; i++) b.open();
  await b.clock.run(1000);
  while (b.tabs.length > 1) {
    const [leader] = b.leaders();
    leader.tabs.stop();
    b.tabs = b.tabs.filter((tab) => tab !== leader);
    b.chat.say('ann', 'while nobody led');
    await b.clock.run(1500);
    assert.equal(b.leaders().length, 1);
    assert.ok(b.inStep());
  }
});

test('from a leader that is frozen another tab takes the lead; it follows when it wakes', async () => {
  const b = browser();
  const [first, second] = [b.open(), b.open()];
  await b.clock.run(1000);
  assert.ok(first.tabs.isLeading);
  first.channel.frozen = true; // nothing of it runs; here: nothing is heard of it
  const say = first.channel.postMessage;
  first.channel.postMessage = () => {};
  b.chat.say('ann', 'into the silence');
  await b.clock.run(20_000);
  assert.equal(second.store.next, b.chat.head, 'a follower asks by itself while nobody tells it anything');
  await b.clock.run(15_000);
  assert.ok(second.tabs.isLeading);
  assert.equal(first.tabs.isLeading, false);
  first.channel.postMessage = say;
  first.channel.frozen = false;
  b.chat.say('ann', 'after it woke');
  await b.clock.run(6000);
  assert.ok(b.inStep());
  assert.equal(b.leaders().length, 1);
});

test('a tab that was asleep, and one that comes late, catch up', async () => {
  const b = browser();
  const [, sleeper] = [b.open(), b.open()];
  await b.clock.run(1000);
  sleeper.channel.frozen = true;
  for (let i = 0; i < 150; i++) b.chat.say('ann', `missed ${i}`);
  await b.clock.run(3000);
  sleeper.channel.missed.length = 0; // browsers drop what a frozen tab doesn't take
  sleeper.channel.frozen = false;
  b.open();
  await b.clock.run(6000);
  assert.ok(b.inStep());
});

test('another database is another talk in all tabs', async () => {
  const b = browser();
  for (let i = 0; i < 3; i++) b.open();
  await b.clock.run(1000);
  b.chat.replace('epoch-2');
  b.chat.say('ann', 'begins anew');
  await b.clock.run(30_000);
  assert.ok(b.inStep());
  for (const { store } of b.tabs) assert.deepEqual(store.messages.map(({ text }) => text), ['begins anew']);
});

test('a tab that is told asks the leader to hurry, and shows the leader\'s trouble as its own', async () => {
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

test('a leader that nobody looks at asks as often as the tab that is looked at needs', async () => {
  const b = browser({ top: 'timed' });
  const [leader, other] = [b.open({ pace: () => 'hidden' }), b.open()];
  await b.clock.run(60_000);
  assert.ok(leader.tabs.isLeading);
  const before = leader.log.length;
  await b.clock.run(60_000);
  assert.ok(leader.log.length - before > 20, `${leader.log.length - before} polls a minute`);
  assert.equal(other.log.length, 1);
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

test('where locks are forbidden each tab listens for itself', async () => {
  const b = browser();
  b.locks.request = async () => { throw new DOMException('denied', 'SecurityError'); };
  for (let i = 0; i < 2; i++) b.open();
  b.chat.say('ann', 'hi');
  await b.clock.run(3000);
  assert.ok(b.inStep());
  assert.ok(b.tabs.every((tab) => held(tab) > 0));
});

test('without locks or channels each tab listens for itself', async () => {
  const b = browser({ share: false });
  for (let i = 0; i < 2; i++) b.open();
  b.chat.say('ann', 'hi');
  await b.clock.run(3000);
  assert.ok(b.inStep());
  assert.ok(b.tabs.every((tab) => held(tab) > 0));
});
