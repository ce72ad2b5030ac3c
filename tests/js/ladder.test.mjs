import assert from 'node:assert/strict';
import test from 'node:test';
import { makeApi } from '../../www/js/api.js';
import { Backoff } from '../../www/js/backoff.js';
import { Ladder } from '../../www/js/ladder.js';
import { Store } from '../../www/js/store.js';
import { EventParser } from '../../www/js/stream.js';
import { Transport } from '../../www/js/transport.js';
import { Chat, Clock, network, seeded } from './world.mjs';

const MINUTE = 60_000;

test('a way that can\'t work is left at once, and tried again after longer and longer pauses', () => {
  const ladder = new Ladder({ random: () => 0 });
  assert.equal(ladder.rung(0), 'stream');
  let now = 0;
  for (const minutes of [1, 2, 4, 8, 16, 30, 30]) {
    ladder.unfit(now);
    assert.equal(ladder.rung(now + minutes * MINUTE - 1), 'held');
    now += minutes * MINUTE;
    assert.equal(ladder.rung(now), 'stream');
  }
});

test('a way that breaks is left at the third time within two minutes', () => {
  const ladder = new Ladder({ random: () => 0 });
  for (const at of [0, 60_000, 125_000, 190_000]) ladder.shaky(at); // never three within two minutes
  assert.equal(ladder.rung(190_000), 'stream');
  ladder.shaky(191_000);
  ladder.shaky(192_000);
  assert.equal(ladder.rung(192_000), 'held');
});

test('a way that worked for five minutes is trusted again', () => {
  const ladder = new Ladder({ random: () => 0 });
  ladder.unfit(0);
  assert.equal(ladder.rung(MINUTE), 'stream');
  ladder.works(7 * MINUTE);
  ladder.unfit(7 * MINUTE);
  assert.equal(ladder.rung(8 * MINUTE), 'stream', 'the first pause again');
});

test('the ladder stays between its lowest and its top way; another network begins at the top', () => {
  const ladder = new Ladder({ top: 'held', random: () => 0 });
  assert.equal(ladder.rung(0), 'held');
  for (let i = 0; i < 5; i++) ladder.unfit(0);
  assert.equal(ladder.rung(1000), 'timed');
  ladder.forget(2000);
  assert.equal(ladder.rung(2000), 'held');
  assert.equal(ladder.rung(1e9), 'held');
});

function listen({ faults = () => 'none', top = 'stream', wait = 25 } = {}) {
  const clock = new Clock();
  const chat = new Chat(clock);
  chat.wait = wait;
  const log = [];
  const random = seeded(3);
  const fetch = network({ chat, clock, log, faults, random, delay: () => 5 });
  const api = makeApi({ base: 'http://chat.test/', fetch, clock });
  const store = new Store('lobby');
  const transport = new Transport({ store, api, clock, random, backoff: new Backoff({ random }), ladder: new Ladder({ top, random }) });
  transport.start();
  return { clock, chat, log, store, transport, paths: () => log.map(({ path }) => path.slice(1)) };
}

const onStream = (fault) => (url) => (url.pathname === '/stream' ? fault : 'none');

test('one stream brings everything, and no other request is made meanwhile', async () => {
  const w = listen();
  await w.clock.run(1000);
  for (let i = 0; i < 5; i++) {
    w.chat.say('ann', `text ${i}`);
    await w.clock.run(20_000);
    assert.equal(w.store.next, i + 1);
  }
  assert.deepEqual(w.paths(), ['poll', 'stream']);
  w.transport.stop();
});

test('where streams are refused, held back or answered by a proxy, polls take over within seconds', async () => {
  for (const fault of ['no stream', 'held back', 'portal']) {
    const w = listen({ faults: onStream(fault), wait: 0 });
    await w.clock.run(7000);
    w.chat.say('ann', 'hi');
    await w.clock.run(3000);
    assert.equal(w.store.next, 1, fault);
    assert.equal(w.paths().filter((path) => path === 'stream').length, 1, fault);
    await w.clock.run(10 * MINUTE);
    const tries = w.paths().filter((path) => path === 'stream').length;
    assert.ok(tries >= 2 && tries <= 5, `${fault}: ${tries} tries in ten minutes`);
    w.transport.stop();
  }
});

test('a dead stream is given up when the visitor\'s own message doesn\'t come', async () => {
  const w = listen({ faults: onStream('dies') });
  await w.clock.run(61_000); // by now it is dead
  const before = w.log.length;
  w.chat.say('me', 'mine');
  w.transport.hurry({ expected: true });
  await w.clock.run(6000);
  assert.ok(w.log.length > before);
  assert.equal(w.store.next, 1);
  w.transport.stop();
});

const read = (...pieces) => {
  const parser = new EventParser();
  return [pieces.flatMap((piece) => parser.push(piece)), parser.retry];
};

test('events are read as the standard says, wherever the pieces are cut', () => {
  const text = ':comment\nretry: 1500\nevent: cursor\ndata: {"a":1}\n\nid: 4\ndata: one\ndata:two\r\n\r\ndata\n\nevent: none\n\n: \ndata: x\r\rleft: open';
  const expected = [[{ event: 'cursor', data: '{"a":1}' }, { event: 'message', data: 'one\ntwo' }, { event: 'message', data: '' }, { event: 'message', data: 'x' }], 1500];
  assert.deepEqual(read(text), expected);
  assert.deepEqual(read(...text), expected);
  for (let at = 0; at < text.length; at++) assert.deepEqual(read(text.slice(0, at), text.slice(at)), expected, `cut at ${at}`);
});

test('a long event in small pieces is read in a moment', () => {
  const begin = process.hrtime.bigint();
  const pieces = Array(20_000).fill('x'.repeat(300));
  const [events] = read('data: ', ...pieces, '\n\n');
  assert.equal(events[0].data.length, 6_000_000);
  assert.ok(process.hrtime.bigint() - begin < 5_000_000_000n);
});

test('a stream goes on over a deleted row, and a gap is marked there', async () => {
  const w = listen({});
  await w.clock.run(1000);
  for (const text of ['one', 'two', 'three']) {
    w.chat.say('ann', text);
  }
  w.chat.messages = w.chat.messages.filter(({ text }) => text !== 'two');
  await w.clock.run(5000);
  w.chat.say('ann', 'four');
  await w.clock.run(2000);
  assert.deepEqual(w.store.messages.map(({ text }) => text), ['one', 'three', 'four']);
  assert.equal(w.store.gapBefore(3), true);
  assert.equal(w.log.at(-1).path, '/stream');
  w.transport.stop();
});
