// watch.test.mjs - where polls can't wait, the page looks at the head file of the room. Whatever the
// file says, nothing is lost or late.

import assert from 'node:assert/strict';
import test from 'node:test';
import { makeApi } from '../../www/js/api.js';
import { Backoff } from '../../www/js/backoff.js';
import { Store } from '../../www/js/store.js';
import { Transport } from '../../www/js/transport.js';
import { Watch } from '../../www/js/watch.js';
import { Chat, Clock, HeadFile, network } from './world.mjs';

function world(how = {}) {
  const clock = new Clock();
  const chat = new Chat(clock);
  chat.file = new HeadFile(chat, clock, how);
  chat.say('old', 'text 1');
  const w = { clock, chat, log: [], states: [], caches: [], paceNow: 'active', faults: () => 'none' };
  const fetch = network({ chat, clock, log: w.log, faults: (url) => w.faults(url), delay: () => 1 });
  const noting = (address, init) => {
    w.caches.push([new URL(address).pathname, init.cache]);
    return fetch(address, init);
  };
  w.store = new Store('lobby');
  w.transport = new Transport({
    store: w.store, api: makeApi({ base: 'http://chat.test/deep/', fetch: noting, clock }), clock,
    backoff: new Backoff({ random: () => 1 }), random: () => 0.5, pace: () => w.paceNow,
  });
  w.transport.addEventListener('status', ({ detail }) => w.states.push(detail));
  w.polls = () => w.log.filter(({ path }) => path.endsWith('/poll'));
  w.looks = () => w.log.filter(({ path }) => path.includes('/heads/'));
  w.seqs = () => w.store.messages.map(({ seq }) => seq);
  w.transport.start();
  return w;
}

/** The requests of so many milliseconds. */
async function during(w, ms) {
  const before = [w.polls().length, w.looks().length];
  await w.clock.run(ms);
  return { polls: w.polls().length - before[0], looks: w.looks().length - before[1] };
}

const isFile = (url) => url.pathname.includes('/heads/');

test('while there is no news the page asks for the file, and polls every 30 s', async () => {
  const w = world();
  await w.clock.run(5000);
  const { polls, looks } = await during(w, 300_000);
  assert.ok(polls >= 9 && polls <= 10, `${polls} polls`);
  assert.ok(looks >= 130 && looks <= 150, `${looks} looks`);
  assert.ok(w.caches.filter(([path]) => path.includes('/heads/')).every(([, cache]) => cache === 'no-cache'), 'the browser asks whether its copy is good');
  w.transport.stop();
});

test('a message is there after one look and one poll', async () => {
  const w = world();
  await w.clock.run(10_000);
  for (let seq = 2; seq < 12; seq++) {
    w.chat.say('ann', 'new');
    const { polls } = await during(w, 2100);
    assert.equal(w.seqs().at(-1), seq);
    assert.ok(polls <= 2, `${polls} polls`);
  }
  assert.equal(w.polls().at(-1).query.wait, undefined, 'what moved the file is there: nothing to wait for');
  assert.ok((await during(w, 31_000)).looks > 10, 'and the file is still trusted');
  w.transport.stop();
});

test('a hidden tab looks less often', async () => {
  for (const [pace, most] of [['idle', 21], ['hidden', 8]]) {
    const w = world();
    w.paceNow = pace;
    await w.clock.run(20_000);
    const { polls, looks } = await during(w, 120_000);
    assert.ok(looks > 3 && looks <= most, `${pace}: ${looks} looks`);
    assert.ok(polls >= 3 && polls <= 5, `${pace}: ${polls} polls`);
    w.transport.stop();
  }
});

test('the file tells that there is another database', async () => {
  const w = world();
  await w.clock.run(10_000);
  w.chat.replace('epoch-2');
  w.chat.say('ben', 'anew');
  await w.clock.run(2100);
  assert.equal(w.store.epoch, 'epoch-2');
  assert.deepEqual(w.store.messages.map(({ text }) => text), ['anew']);
  assert.ok((await during(w, 31_000)).looks > 10);
  w.transport.stop();
});

test('a sender that dies before it writes the file delays news until the next poll', async () => {
  const w = world({ forgotten: true });
  await w.clock.run(10_000);
  w.chat.say('ann', 'unseen');
  await w.clock.run(32_000);
  assert.deepEqual(w.seqs(), [1, 2]);
  assert.ok((await during(w, 31_000)).looks > 10, 'it goes on being looked at');
  w.transport.stop();
});

for (const [name, how] of Object.entries({ 'is missing': { missing: true }, 'is a page': { html: true } })) {
  test(`a file that ${name} is given up at once, and polls are timed`, async () => {
    const w = world(how);
    await w.clock.run(10_000);
    assert.equal(w.looks().length, 1);
    const { polls, looks } = await during(w, 60_000);
    assert.equal(looks, 0);
    assert.ok(polls >= 28, `${polls} polls`);
    assert.ok(w.states.every(({ state }) => state !== 'retrying'), 'nobody is told of it');
    w.transport.stop();
  });
}

test('a file that the server removed for other rooms is looked at again after the next poll', async () => {
  const w = world();
  await w.clock.run(10_000);
  for (let i = 0; i < 3; i++) {
    w.chat.file.how.missing = true;
    const before = w.looks().length;
    for (let ms = 0; w.looks().length === before; ms += 10) {
      assert.ok(ms < 5000, 'it is looked at');
      await w.clock.run(10);
    }
    w.chat.file.how.missing = false; // the next poll has it made
    assert.ok((await during(w, 31_000)).looks > 10);
  }
  w.chat.file.how.missing = true;
  await w.clock.run(10_000);
  assert.equal((await during(w, 60_000)).looks, 0, 'one that stays away is given up');
  w.transport.stop();
});

test('an old copy delays once, and then is given up', async () => {
  const w = world({ stuck: true });
  await w.clock.run(10_000);
  w.chat.say('ann', 'unseen');
  await w.clock.run(32_000);
  assert.deepEqual(w.seqs(), [1, 2]);
  await w.clock.run(5000);
  w.chat.say('ann', 'by the timer');
  await w.clock.run(2100);
  assert.deepEqual(w.seqs(), [1, 2, 3]);
  assert.equal((await during(w, 60_000)).looks, 0);
  w.transport.stop();
});

test('a copy of another database is given up as well', async () => {
  const w = world({ stuck: true });
  await w.clock.run(3000);
  w.chat.replace('epoch-2');
  w.chat.say('ben', 'anew');
  await w.clock.run(40_000);
  assert.deepEqual(w.store.messages.map(({ text }) => text), ['anew']);
  assert.equal((await during(w, 60_000)).looks, 0);
  w.transport.stop();
});

test('a file that is half a second late is not given up', async () => {
  const w = world({ lag: 500 });
  await w.clock.run(10_000);
  for (let i = 0; i < 20; i++) {
    w.chat.say('ann', 'new');
    w.transport.hurry({ expected: true });
    await w.clock.run(i % 2 === 0 ? 10 : 2500);
  }
  await w.clock.run(4500);
  assert.equal(w.store.next, w.chat.head);
  assert.ok((await during(w, 31_000)).looks > 10);
  w.transport.stop();
});

test('hurry() polls at once, in a pause and during a look', async () => {
  const w = world();
  await w.clock.run(10_000);
  let before = w.polls().length;
  w.transport.hurry();
  await w.clock.run(10);
  assert.equal(w.polls().length, before + 1);
  w.faults = (url) => (isFile(url) ? 'hangs' : 'none');
  await w.clock.run(2100);
  assert.equal(w.log.at(-1).path, '/deep/heads/0a1b', 'a look that gets no answer');
  before = w.polls().length;
  w.transport.hurry();
  await w.clock.run(10);
  assert.equal(w.polls().length, before + 1);
  assert.ok(w.states.every(({ state }) => state !== 'retrying'));
  w.transport.stop();
});

test('after a look that fails on the way comes a poll, and the file is kept', async () => {
  const w = world();
  for (const fault of ['dropped', 'hangs', 'bad gateway', 'busy']) {
    await w.clock.run(10_000);
    w.faults = (url) => (isFile(url) ? fault : 'none');
    w.chat.say('ann', fault);
    await w.clock.run(7500);
    assert.equal(w.store.next, w.chat.head, fault);
    w.faults = () => 'none';
  }
  await w.clock.run(10_000);
  assert.ok((await during(w, 31_000)).looks > 10);
  w.transport.stop();
});

test('no file is looked at where polls can wait, or where an answer names another address', async () => {
  const held = world();
  held.chat.wait = 25;
  await held.clock.run(60_000);
  assert.equal(held.looks().length, 0);
  held.transport.stop();
  const watch = new Watch();
  for (const address of [undefined, null, 7, '', 'heads/', 'heads/../poll', 'heads/a/b', '/heads/a', 'https://x.test/heads/a', 'heads/a?b', ' heads/a', 'heads/a\n']) {
    assert.equal(watch.fits({ wait: 0, watch: address }), false, `${address}`);
  }
  assert.equal(watch.fits({ wait: 0, watch: 'heads/aA0_-' }), true);
  assert.equal(watch.fits({ wait: 25, watch: 'heads/a' }), false);
});

test('stop() in a pause or during a look ends the requests, and start() begins one loop', async () => {
  const w = world();
  await w.clock.run(10_000);
  w.transport.stop();
  assert.deepEqual(await during(w, 60_000), { polls: 0, looks: 0 });
  assert.deepEqual(w.clock.due, []);
  w.transport.start();
  await w.clock.run(10_000);
  w.faults = (url) => (isFile(url) ? 'hangs' : 'none');
  await w.clock.run(2100);
  w.transport.stop();
  w.transport.start();
  w.faults = () => 'none';
  await w.clock.run(10_000);
  const { looks } = await during(w, 30_000);
  assert.ok(looks <= 16, `${looks} looks`);
  w.transport.stop();
});

test('a clock that is set back delays nothing', async () => {
  const w = world({ forgotten: true });
  await w.clock.run(10_000);
  w.clock.jump(-7_200_000);
  w.chat.say('ann', 'unseen');
  await w.clock.run(33_000);
  assert.deepEqual(w.seqs(), [1, 2]);
  w.transport.stop();
});
