import assert from 'node:assert/strict';
import test from 'node:test';
import { Backoff } from '../../www/js/backoff.js';

const delays = (backoff, n) => Array.from({ length: n }, () => backoff.next());

test('the time doubles up to a limit, and half of it is random', () => {
  assert.deepEqual(delays(new Backoff({ random: () => 1 }), 7), [1000, 2000, 4000, 8000, 16000, 30000, 30000]);
  assert.deepEqual(delays(new Backoff({ random: () => 0 }), 7), [500, 1000, 2000, 4000, 8000, 15000, 15000]);
});

test('after a success the time begins again', () => {
  const backoff = new Backoff({ random: () => 1 });
  delays(backoff, 3);
  backoff.reset();
  assert.equal(backoff.tries, 0);
  assert.equal(backoff.next(), 1000);
});

test('a try is never sooner than the server asks, and clients spread', () => {
  assert.equal(new Backoff({ random: () => 0 }).next(7), 7000);
  assert.equal(new Backoff({ random: () => 1 }).next(7), 8400);
  assert.equal(new Backoff({ random: () => 0 }).next(86_400), 300_000);
});

test('the time stays finite after very many tries', () => {
  assert.equal(delays(new Backoff({ random: () => 1 }), 5000).at(-1), 30_000);
});
