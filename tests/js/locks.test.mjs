// locks.test.mjs - the stand-in for locks of the browser.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Locks } from '../../www/js/locks.js';
import { Clock } from './world.mjs';

function tabs(count) {
  const clock = new Clock();
  const channels = Array.from({ length: count }, () => ({}));
  channels.forEach((channel) => {
    channel.postMessage = (data) => channels.forEach((other) => other !== channel && !other.isDead && queueMicrotask(() => other.onmessage({ data })));
  });
  return { clock, channels, locks: channels.map((channel, i) => new Locks({ id: `tab-${i}`, clock, channel })) };
}

const forEver = () => new Promise(() => {});

test('the lock of a living tab can\'t be taken; the lock of a tab that is gone is taken by one tab', async () => {
  const { clock, channels, locks: [first, second, third] } = tabs(3);
  first.request('name', forEver);
  const tried = [];
  const take = (locks) => locks.request('name', { ifAvailable: true }, (lock) => {
    tried.push(lock !== null);
    return lock && forEver();
  });
  take(second);
  await clock.run(1000);
  assert.deepEqual(tried, [false]);
  channels[0].isDead = true;
  take(second);
  take(third);
  await clock.run(1000);
  assert.deepEqual(tried.sort(), [false, false, true]);
});

test('a lock is free again when its action is done', async () => {
  const { clock, locks: [first, second] } = tabs(2);
  first.request('name', { ifAvailable: true }, async () => 'done').then((value) => assert.equal(value, 'done'));
  await clock.run(1000);
  let had = false;
  second.request('name', { ifAvailable: true }, (lock) => (had = lock !== null));
  await clock.run(1000);
  assert.ok(had);
});
