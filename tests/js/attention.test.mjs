import assert from 'node:assert/strict';
import test from 'node:test';
import { Attention } from '../../www/js/attention.js';

const said = (name, type = 'message') => ({ name, type, text: 'x' });

function visitor({ seen = false, wants = [], speaks = true } = {}) {
  const v = { seen, wants: new Set(wants), heard: [] };
  v.attention = new Attention({
    isSeen: () => v.seen, isOwn: ({ name }) => name === 'me', wants: (key) => v.wants.has(key), speaks: () => speaks,
    show: (missed) => v.heard.push(missed), sound: () => v.heard.push('sound'), notify: ({ name }) => v.heard.push(`notify ${name}`),
  });
  return v;
}

test('a visitor who looks elsewhere sees the number of new messages, and hears of them only on request', () => {
  const v = visitor();
  v.attention.news([said('ann'), said('ben')]);
  v.attention.news([said('ann')]);
  assert.deepEqual(v.heard, [2, 3]);
  v.wants = new Set(['sound', 'notify']);
  v.attention.news([said('ann'), said('ben')]);
  assert.deepEqual(v.heard.slice(2), [5, 'sound', 'notify ben']);
  v.attention.seen();
  assert.equal(v.heard.at(-1), 0);
});

test('nothing is told while the tab is looked at, of own messages, of edits, in a muted room, or by a second tab', () => {
  const all = ['sound', 'notify'];
  for (const [options, message, expected] of [
    [{ seen: true, wants: all }, said('ann'), []],
    [{ wants: all }, said('me'), []],
    [{ wants: all }, said('ann', 'edit'), []],
    [{ wants: [...all, 'mute'] }, said('ann'), [1]],
    [{ wants: all, speaks: false }, said('ann'), [1]],
  ]) {
    const v = visitor(options);
    v.attention.news([message]);
    assert.deepEqual(v.heard, expected);
  }
});
