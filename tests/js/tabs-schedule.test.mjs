// tabs-schedule.test.mjs - hundreds of runs of a browser with several tabs of several rooms, over a
// network that fails. Tabs open, close, freeze and wake, become visible and hidden, and tell each
// other late or not at all. In the end each tab shows its room: each message once, in order, and
// none is lost. TAB_SCHEDULES: the number of runs.

import assert from 'node:assert/strict';
import test from 'node:test';
import { makeApi } from '../../www/js/api.js';
import { Backoff } from '../../www/js/backoff.js';
import { Ladder } from '../../www/js/ladder.js';
import { Outbox } from '../../www/js/outbox.js';
import { Store } from '../../www/js/store.js';
import { Tabs } from '../../www/js/tabs.js';
import { Transport } from '../../www/js/transport.js';
import { STREAM_FAULTS } from './streams.mjs';
import { Clock, holdPolls, House, network, seeded } from './world.mjs';

const FAULTS = ['dropped', 'lost', 'cut', 'busy', 'bad gateway', 'portal', 'stale', 'repeated', 'reordered', 'hangs'];
const ROOMS = ['lobby', 'a', 'b', 'c'];
const RUNS = Number(process.env.TAB_SCHEDULES ?? 300);

/* * Channels between tabs. Messages of a pair keep their order; some are lost if `badness` is
 * above 0. */
class Wires {
  ends = new Set();

  constructor(clock, random) {
    Object.assign(this, { clock, random, badness: 0 });
  }

  open(tab) {
    const end = { onmessage: null, tab, queue: [] };
    end.postMessage = (what) => {
      if (!tab.isFrozen) {
        [...this.ends].filter((other) => other !== end).forEach((other) => this.#carry(other, JSON.stringify(what)));
      }
    };
    end.close = () => this.ends.delete(end);
    this.ends.add(end);
    return end;
  }

  #carry(end, text) {
    if (this.random() < this.badness) {
      return;
    }
    end.queue.push(text);
    this.clock.setTimeout(() => this.flush(end), this.random() * (this.badness > 0 ? 300 : 5));
  }

  flush(end) {
    while (!end.tab.isFrozen && end.queue.length > 0) {
      end.onmessage?.({ data: JSON.parse(end.queue.shift()) });
    }
  }
}

/** The time of a tab. While the tab is frozen no timer runs; all that are due run when it wakes. */
function ownTime(clock, tab) {
  tab.late = [];
  const run = (action) => (tab.isFrozen ? tab.late.push(action) : action());
  return { now: clock.now, wall: clock.wall, clearTimeout: clock.clearTimeout, setTimeout: (action, ms) => clock.setTimeout(() => run(action), ms) };
}

function openTab(w, room) {
  const { clock: world, house, random, wires } = w;
  const n = (w.count += 1);
  const tab = { name: `tab-${String(n).padStart(3, '0')}`, room, isFrozen: false, pace: random() < 0.7 ? 'active' : 'hidden', heldAt: 0, said: [] };
  const clock = ownTime(world, tab);
  const fetch = network({ chat: house, clock: world, random, faults: w.faults, cache: w.cache, delay: () => 5 + random() * 100 });
  const counted = (address, init) => {
    tab.heldAt = /\/stream\?|[?&]wait=/.test(address) ? world.now() : tab.heldAt;
    return fetch(address, init);
  };
  const api = makeApi({ base: 'http://chat.test/', fetch: counted, clock });
  const store = new Store(room);
  const transport = new Transport({
    store, api, clock, random, backoff: new Backoff({ random }), ladder: new Ladder({ top: w.top, random }),
    pace: () => tabs.pace(), others: () => tabs.others(), mayHold: () => tabs.mayHold(),
  });
  const tabs = new Tabs({ id: tab.name, store, transport, clock, pace: () => tab.pace, openChannel: (of) => (of === 'tabs' ? wires.open(tab) : undefined) });
  let ids = 0;
  const outbox = new Outbox({ store, api, clock, backoff: new Backoff({ random }), makeId: () => `${tab.name}-${(ids += 1)}` });
  outbox.addEventListener('sent', () => tabs.hurry({ expected: true }));
  store.addEventListener('change', () => {
    const seqs = store.messages.map(({ seq }) => seq);
    seqs.forEach((seq, i) => assert.ok(i === 0 || seq === seqs[i - 1] + 1, `${tab.name} of ${room} shows ${seqs}`));
    assert.ok(store.messages.every((m) => m.name.endsWith(` of ${room}`)), `${tab.name} shows what another room says`);
  });
  Object.assign(tab, { tabs, store, outbox });
  tabs.start();
  w.tabs.push(tab);
}

const turn = (tab) => {
  tab.pace = tab.pace === 'active' ? 'hidden' : 'active';
  return tab.pace === 'active' ? tab.tabs.hurry() : tab.tabs.turnedAway();
};

const wake = (w, tab) => {
  tab.isFrozen = false;
  tab.late.splice(0).forEach((action) => action());
  [...w.wires.ends].filter((end) => end.tab === tab).forEach((end) => w.wires.flush(end));
};

const close = (w, tab) => {
  if (!tab.isFrozen) {
    tab.tabs.stop(); // else it was killed, and says nothing
  } else {
    tab.tabs.transport.stop();
    [...w.wires.ends].filter((end) => end.tab === tab).forEach((end) => end.close());
  }
  w.tabs = w.tabs.filter((other) => other !== tab);
};

const botSays = (chat, text) => chat.say(`bot of ${chat.room}`, text);

function step(w) {
  const { random, house } = w;
  const some = (list) => list[Math.floor(random() * list.length)];
  const tab = some(w.tabs);
  const dice = random();
  if (w.tabs.length < 3 || (dice < 0.1 && w.tabs.length < 9)) {
    openTab(w, some(ROOMS));
  } else if (dice < 0.16 && tab.store.pending.length === 0) {
    close(w, tab);
  } else if (dice < 0.26) {
    turn(tab);
  } else if (dice < 0.32) {
    tab.isFrozen = true;
  } else if (dice < 0.4 && tab.isFrozen) {
    wake(w, tab);
  } else if (dice < 0.7 && !tab.isFrozen) {
    const text = `${tab.name} says ${w.said}`;
    w.said += 1;
    tab.said.push(text);
    tab.outbox.send({ name: `${tab.name} of ${tab.room}`, text });
  } else {
    botSays(house.room(some(ROOMS)), 'beep');
  }
}

async function run(seed) {
  const random = seeded(seed);
  const clock = new Clock();
  const house = new House(clock);
  house.wait = random() < 0.7 ? 25 : 0;
  if (house.wait > 0) {
    holdPolls(house, clock);
  }
  const badness = random() * 0.5;
  let calm = false;
  const faults = (url) => {
    const all = url.pathname.endsWith('/stream') ? [...FAULTS, ...STREAM_FAULTS] : FAULTS;
    return calm || random() > badness ? 'none' : all[Math.floor(random() * all.length)];
  };
  const w = { clock, house, random, faults, cache: [], wires: new Wires(clock, random), tabs: [], count: 0, said: 0, top: ['stream', 'stream', 'held', 'timed'][Math.floor(random() * 4)] };
  w.wires.badness = random() < 0.5 ? 0 : random() * 0.3;
  const swap = random() < 0.15 ? Math.floor(random() * 40) : -1;
  for (let i = 0; i < 40; i++) {
    step(w);
    if (i === swap) house.replace('epoch-2', random());
    if (random() < 0.05) clock.jump((random() - 0.5) * 7_200_000);
    await clock.run(random() < 0.1 ? 20_000 : random() * 3000);
  }
  calm = true;
  w.wires.badness = 0;
  w.tabs.forEach((tab) => wake(w, tab));
  w.tabs[0].pace = 'active';
  const isDone = (tab) => tab.store.pending.length === 0 && tab.store.next === house.room(tab.room).head && tab.store.epoch === house.epoch;
  await clock.until(() => w.tabs.every(isDone), 600_000);
  await clock.run(30_000);
  const calmSince = clock.now();
  await clock.run(60_000);
  ROOMS.forEach((room) => botSays(house.room(room), 'the end'));
  await clock.until(() => w.tabs.every(isDone), 60_000);
  assert.equal(w.tabs.filter(({ tabs }) => tabs.isLeading).length, 1, 'one leads');
  assert.deepEqual(w.tabs.filter(({ heldAt, tabs }) => heldAt > calmSince && !tabs.isLeading).map(({ name }) => name), [], 'only the leader holds a connection');
  for (const tab of w.tabs) {
    const chat = house.room(tab.room);
    assert.deepEqual(tab.store.messages, chat.messages.filter(({ seq }) => seq >= tab.store.lowest), `${tab.name} shows what ${tab.room} has`);
    const sent = chat.messages.filter(({ name }) => name.startsWith(tab.name)).map(({ text }) => text);
    assert.equal(new Set(sent).size, sent.length, `${tab.name} is stored once`);
    assert.ok(swap !== -1 || JSON.stringify(sent) === JSON.stringify(tab.said), `all of ${tab.name}, in order: ${sent}`);
  }
  w.tabs.forEach(({ tabs }) => tabs.stop());
}

test(`${RUNS} random schedules of several tabs and rooms: each message once, in order, none lost`, async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    try {
      await run(seed);
    } catch (error) {
      error.message = `seed ${seed}: ${error.message}`;
      throw error;
    }
  }
});
