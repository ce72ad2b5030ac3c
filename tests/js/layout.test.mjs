import assert from 'node:assert/strict';
import test from 'node:test';
import { layout } from '../../www/js/layout.js';
import { Store } from '../../www/js/store.js';

const at = (minutes) => new Date(Date.parse('2025-11-25T10:00:00Z') + minutes * 60_000).toISOString();
const message = (seq, name, minutes, more = {}) => ({ seq, name, id: `id-${seq}`, time: at(minutes), text: `text ${seq}`, type: 'message', ...more });
const shape = (rows) => rows.map(({ kind, message: m, isFirst, isLast }) => (kind === 'row' ? `${m.seq ?? m.key}${isFirst ? ' first' : ''}${isLast ? ' last' : ''}` : kind));
const look = (items, more = {}) => shape(layout(items, { zone: 'UTC', ...more }));

test('close messages of one author are one run; time, a reply, another day or a gap ends it', () => {
  assert.deepEqual(look([message(1, 'ann', 0), message(2, 'ann', 1), message(3, 'ben', 2), message(4, 'ben', 20)]), ['day', '1 first', '2 last', '3 first last', '4 first last']);
  assert.deepEqual(look([message(1, 'ann', 0), message(2, 'ann', 1, { reply_to: 1 })]), ['day', '1 first last', '2 first last']);
  assert.deepEqual(look([message(1, 'ann', 0), message(2, 'ann', 24 * 60)]), ['day', '1 first last', 'day', '2 first last']);
  assert.deepEqual(look([message(1, 'ann', 0), message(9, 'ann', 1)], { gapBefore: (seq) => seq === 9 }), ['day', '1 first last', 'gap', '9 first last']);
});

test('one line is above the new messages, pending messages come last, and edits have no row', () => {
  const pending = { key: 'p', name: 'ann', time: at(3), text: 'x', state: 'queued' };
  assert.deepEqual(look([message(1, 'ann', 0), message(2, 'ann', 1), message(3, 'ann', 2), pending], { newFrom: 2 }), ['day', '1 first last', 'new', '2 first', '3', 'p last']);
  assert.deepEqual(look([message(1, 'ann', 0), message(2, 'ann', 1, { type: 'edit', target: 1 }), message(3, 'ann', 2)]), ['day', '1 first', '3 last']);
  assert.deepEqual(look([message(1, 'ann', 0), message(2, '', 1, { type: 'notice' }), message(3, 'ann', 2)]), ['day', '1 first last', 'notice', '3 first last']);
  const gone = { gapBefore: (seq) => seq === 3 };
  assert.deepEqual(look([message(1, 'ann', 0), message(3, 'ann', 1, { type: 'edit', target: 1 }), message(4, 'ann', 2)], gone), ['day', '1 first last', 'gap', '4 first last'], 'a gap before what has no row');
  assert.deepEqual(look([]), []);
});

test('an edit changes the text of its target, a deletion removes it, and the last one counts', () => {
  const store = new Store('lobby');
  const page = { epoch: 'e', next: 4, oldest: 1, messages: [message(1, 'ann', 0), message(2, 'ann', 1), message(3, 'ann', 2, { type: 'edit', target: 1, text: 'better' }), message(4, 'ann', 3, { type: 'delete', target: 2 })] };
  store.open(page);
  const now = store.messages.map((m) => store.asItIsNow(m));
  assert.deepEqual([now[0].text, now[0].edited, now[1].text, now[1].deleted], ['better', true, '', true]);
  store.append({ messages: [message(5, 'ann', 4, { type: 'edit', target: 1, text: 'best' })], next: 5, oldest: 1 });
  assert.equal(store.asItIsNow(store.messages[0]).text, 'best');
  store.open({ ...page, epoch: 'other', messages: page.messages.slice(0, 2), next: 2 });
  assert.equal(store.asItIsNow(store.messages[0]).edited, undefined);
});

test('no key comes twice, whatever the clocks say: a day that comes again has a line of its own', () => {
  const day = 24 * 60;
  const items = [message(1, 'ann', 0), message(2, 'ann', day), message(3, 'ann', 1), message(4, 'ann', 2)]; // the clock of the host was wrong once
  assert.deepEqual(look(items.slice(0, 3)), ['day', '1 first last', 'day', '2 first last', 'day', '3 first last']);
  const keysOf = (list, more = {}) => layout(list, { zone: 'UTC', today: '2025-11-25', ...more }).map(({ key }) => key);
  const before = keysOf(items.slice(0, 3));
  assert.deepEqual(keysOf(items).slice(0, 6), before);
  assert.equal(new Set(before).size, 6);
  const sent = { key: 'b', name: 'ann', time: at(4), text: 'x', state: 'sent', seq: 5 };
  const failed = { key: 'a', name: 'ann', time: at(3), text: 'x', state: 'failed' };
  const doubled = { ...message(6, 'ann', 5), id: 'id-1' };
  const keys = keysOf([...items, doubled, failed, sent], { newFrom: 2 });
  assert.equal(new Set(keys).size, keys.length, keys.join());
});
