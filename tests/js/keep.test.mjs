// keep.test.mjs - the order of unsent messages that several tabs left behind.

import assert from 'node:assert/strict';
import test from 'node:test';
import { inOrder } from '../../www/js/keep.js';

const line = (text, order, time) => ({ text, order, time: `2025-11-25T${time}Z` });
const texts = (lists) => inOrder(lists).map(({ text }) => text);

test('the messages come in the order of writing, whatever the clock of the device said', () => {
  assert.deepEqual(texts([[line('one', 1, '10:00'), line('three', 3, '09:55')], [line('two', 2, '10:01'), line('four', 4, '09:56')]]), ['one', 'two', 'three', 'four']);
});

test('messages of an earlier version, without numbers, come first and keep their order within a tab', () => {
  const former = [line('one', undefined, '10:00'), line('two', undefined, '10:02'), line('three', undefined, '09:57')];
  const other = [line('between', undefined, '10:01')];
  assert.deepEqual(texts([[line('new', 7, '09:00')], former, other]), ['one', 'between', 'two', 'three', 'new']);
});
