// patience.test.mjs - something on the way cuts requests that take long: the page learns that from
// two cuts, loses nothing, shows nothing twice, and shows no trouble.
import assert from 'node:assert/strict';
import test from 'node:test';
import { makeApi } from '../../www/js/api.js';
import { Backoff } from '../../www/js/backoff.js';
import { Ladder, Patience } from '../../www/js/ladder.js';
import { Store } from '../../www/js/store.js';
import { Transport } from '../../www/js/transport.js';
import { Chat, Clock, holdPolls, limits, network, seeded } from './world.mjs';

const MINUTE = 60_000;

test('after two cuts at the same time a poll asks for less, and after a long while for all again', () => {
  const patience = new Patience();
  assert.equal(patience.wait(0), 25);
  assert.equal(patience.cut(6000, 0), false, 'once is chance');
  assert.equal(patience.wait(0), 25);
  assert.equal(patience.cut(6100, 7000), true);
  assert.equal(patience.wait(7000), 4);
  assert.equal(patience.wait(7000 + 10 * MINUTE - 1), 4);
  assert.equal(patience.wait(7000 + 10 * MINUTE), 25);
  assert.equal(patience.cut(6000, 20 * MINUTE), true, 'once is enough now');
  assert.equal(patience.wait(40 * MINUTE - 1), 4, 'for twice as long');
  assert.equal(patience.wait(40 * MINUTE), 25);
});

test('a poll then asks for less than the time of the cut, and for 2 s at least', () => {
  for (let ms = 2500; ms < 25_000; ms += 100) {
    const patience = new Patience();
    patience.cut(ms, 0);
    assert.equal(patience.cut(ms, 0), true);
    assert.ok(patience.wait(0) >= 2 && patience.wait(0) * 1000 <= 0.8 * ms, `${ms}: ${patience.wait(0)}`);
  }
});

test('cuts at different times, before a longer answer, or later than a poll count as chance', () => {
  const patience = new Patience();
  for (const ms of [6000, 12_000, 20_000, 5000, 30_000, 30_000, 26_000]) assert.equal(patience.cut(ms, 0), false, `${ms}`);
  patience.cut(6000, 0);
  patience.held(4000);
  patience.held(25_000);
  assert.equal(patience.cut(6000, 0), false);
  patience.held(7000); // a message ended it: close enough to count as the same time
  assert.equal(patience.cut(6000, 0), true);
});

function listen({ limit, top, seed = 1, faults }) {
  const clock = new Clock();
  const chat = new Chat(clock);
  const random = seeded(seed);
  chat.wait = 25;
  holdPolls(chat, clock);
  const log = [];
  const shown = [];
  const fetch = network({ chat, clock, log, limit, faults, random, delay: () => 5 + random() * 50 });
  const api = makeApi({ base: 'http://chat.test/', fetch, clock });
  const store = new Store('lobby');
  const transport = new Transport({ store, api, clock, random, backoff: new Backoff({ random }), ladder: new Ladder({ top, random }) });
  transport.addEventListener('status', ({ detail }) => detail.failure && shown.push(detail.failure.message));
  transport.start();
  return { clock, chat, log, store, transport, shown, random };
}

/** Ten minutes of a conversation. Returns the longest time that a message took. */
async function talk(w, pause) {
  let slowest = 0;
  for (const end = w.clock.now() + 10 * MINUTE; w.clock.now() < end;) {
    await w.clock.run(w.random() * pause);
    w.chat.say('ann', `text ${w.chat.head}`);
    const said = w.clock.now();
    await w.clock.until(() => w.store.next === w.chat.head, 30_000);
    slowest = Math.max(slowest, w.clock.now() - said);
  }
  assert.deepEqual(w.store.messages.map(({ seq }) => seq), w.chat.messages.map(({ seq }) => seq));
  return slowest;
}

for (const top of ['held', 'stream']) {
  for (const how of top === 'held' ? limits : limits.slice(0, 1)) {
    for (const idle of [false, true]) {
      test(`cut after 3 to 30 s (${how}${idle ? ', of silence' : ''}), ${top} first: everything comes, once, soon, and no trouble is shown`, async () => {
        for (const ms of [3000, 5000, 6000, 8000, 10_000, 15_000, 20_000, 24_000, 28_000, 30_000]) {
          for (const pause of [4000, 60_000]) {
            const w = listen({ limit: { ms, how, idle }, top, seed: ms + pause + 1 });
            const slowest = await talk(w, pause);
            const cuts = w.log.filter(({ cut }) => cut).length;
            const what = `${ms} ms, said every ${pause / 2000} s: ${cuts} cuts of ${w.log.length}, slowest ${slowest}`;
            assert.deepEqual(w.shown, [], what);
            assert.ok(slowest <= 3500, what);
            w.transport.stop();
          }
        }
      });
    }
  }
}

test('streams that are held back and cut early are given up as well', async () => {
  for (const ms of [3000, 4000, 4900]) {
    const w = listen({ limit: { ms, how: 'gateway', idle: false }, top: 'stream', faults: (url) => (url.pathname === '/stream' ? 'held back' : 'none') });
    const slowest = await talk(w, 20_000);
    assert.ok(slowest <= 6000, `${slowest}`);
    assert.deepEqual(w.shown, []);
    assert.ok(w.log.filter(({ path }) => path === '/stream').length <= 5);
    w.transport.stop();
  }
});

test('polls are cut twice, and then no longer', async () => {
  for (let ms = 3000; ms <= 30_000; ms += 1000) {
    const w = listen({ limit: { ms, how: 'breaks', idle: false }, top: 'held', seed: ms });
    await w.clock.run(9 * MINUTE);
    const cuts = w.log.filter(({ cut }) => cut).length;
    assert.ok(cuts === (ms < 25_000 ? 2 : cuts) && (ms < 26_000 || cuts === 0), `${ms} ms: ${cuts} cuts`);
    w.transport.stop();
  }
});

test('lasting trouble is shown: a server that is away, and one that cuts every request', async () => {
  for (const ms of [12_000, 2600]) {
    const w = listen({ limit: { ms, how: 'breaks', idle: false }, top: 'held' });
    w.chat.answer = ((answer) => (url, init) => (url.searchParams.has('wait') ? { text: () => new Promise(() => {}) } : answer(url, init)))(w.chat.answer);
    await w.clock.run(5 * MINUTE);
    assert.ok(w.shown.length > 0, `${ms}`);
    w.transport.stop();
  }
});
