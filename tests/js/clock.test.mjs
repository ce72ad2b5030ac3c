// clock.test.mjs - durations on a device whose clock is set forwards and back.

import assert from 'node:assert/strict';
import test from 'node:test';
import { makeClock } from '../../www/js/clock.js';

function device() {
  const d = { day: 1_000_000, ticks: 50 };
  d.clock = makeClock({ wall: () => d.day, mono: () => d.ticks });
  d.pass = (ms, { asleep = false } = {}) => {
    d.day += ms;
    d.ticks += asleep ? 0 : ms;
  };
  return d;
}

test('durations lose nothing when the clock is set back', () => {
  const d = device();
  const began = d.clock.now();
  d.pass(1000);
  d.day -= 300_000;
  assert.equal(d.clock.now() - began, 1000);
  d.pass(500);
  assert.equal(d.clock.now() - began, 1500);
  assert.equal(d.clock.wall(), d.day);
});

test('the time that a device slept counts, even if its counter stopped', () => {
  const d = device();
  const began = d.clock.now();
  d.pass(60_000, { asleep: true });
  assert.equal(d.clock.now() - began, 60_000);
});

test('frequent reading adds no time, although the two clocks differ in precision', () => {
  const d = device();
  const began = d.clock.now();
  for (let i = 0; i < 10_000; i++) {
    d.ticks += 0.25;
    d.day = 1_000_000 + Math.floor((d.ticks - 50) / 16) * 16;
    d.clock.now();
  }
  assert.ok(Math.abs(d.clock.now() - began - 2500) < 20, `${d.clock.now() - began}`);
});
