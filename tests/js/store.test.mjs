import assert from 'node:assert/strict';
import test from 'node:test';
import { hasRow, keyOf, Store } from '../../www/js/store.js';

const message = (seq, more = {}) => ({ seq, time: '2025-11-25T10:00:00.000Z', name: 'ann', text: `text ${seq}`, type: 'message', id: `id-${seq}`, ...more });
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => message(from + i));
const page = (messages, more = {}) => ({ epoch: 'e1', messages, next: messages.at(-1)?.seq ?? 0, oldest: 1, more: false, ...more });
const seqs = (store) => store.messages.map(({ seq }) => seq);
const mine = (id, more = {}) => ({ name: 'ann', id, text: 'mine', time: '2025-11-25T10:00:00.000Z', state: 'queued', detail: '', ...more });

function opened(...given) {
  const store = new Store('lobby');
  store.open(page(...given));
  return store;
}

function heard(store, name) {
  const found = [];
  store.addEventListener(name, ({ detail }) => found.push(detail));
  return found;
}

test('a store opens, appends, and knows what comes next', () => {
  const store = opened(range(5, 7));
  const changes = heard(store, 'change');
  assert.equal(store.append(page(range(8, 9))), 2);
  assert.deepEqual(seqs(store), [5, 6, 7, 8, 9]);
  assert.equal(store.next, 9);
  assert.deepEqual(changes, [{ reason: 'new', added: 2 }]);
  assert.equal(store.append(page([], { next: 9 })), 0);
  assert.equal(changes.length, 1);
});

test('messages that are known already are not shown again', () => {
  const store = opened(range(1, 3));
  assert.equal(store.append(page(range(2, 5))), 2);
  assert.deepEqual(seqs(store), [1, 2, 3, 4, 5]);
});

test('older messages join at the front, or are dropped', () => {
  const store = opened(range(7, 9));
  assert.equal(store.hasOlder, true);
  assert.equal(store.prepend(page(range(2, 4), { more: true }), 5), 0, 'of another place');
  assert.equal(store.prepend(page(range(4, 6), { epoch: 'e2', more: true })), 0, 'another database');
  assert.equal(store.prepend(page(range(4, 6), { more: true })), 3);
  assert.equal(store.hasOlder, true);
  assert.equal(store.prepend(page(range(1, 3))), 3);
  assert.deepEqual(seqs(store), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(store.hasOlder, false);
  assert.equal(store.next, 9);
});

test('an answer tells that no older messages are left', () => {
  const store = opened(range(7, 9));
  assert.equal(store.prepend(page([], { next: 6, more: false })), 0);
  assert.equal(store.hasOlder, false);
});

test('messages far up are trimmed, and can be fetched again', () => {
  const store = opened(range(1, 10));
  assert.equal(store.hasOlder, false);
  store.trim(4);
  assert.deepEqual(seqs(store), [7, 8, 9, 10]);
  assert.equal(store.hasOlder, true);
  assert.equal(store.prepend(page(range(1, 6))), 6);
});

test('long texts are trimmed sooner than short ones, and never all', () => {
  const store = opened(range(1, 9).map((m) => ({ ...m, text: 'x'.repeat(100) })));
  assert.equal(store.size, 900);
  store.trim(5, 350);
  assert.deepEqual(seqs(store), [7, 8, 9]);
  assert.equal(store.size, 300);
  store.append(page([message(10, { text: 'x'.repeat(1000) })]));
  store.trim(5, 350);
  assert.deepEqual(seqs(store), [10]);
  assert.equal(store.prepend(page(range(7, 9))), 3);
  assert.equal(store.size, 1000 + 3 * 6);
});

test('a gap is marked before the first message after it', () => {
  const store = opened(range(1, 3));
  store.append(page(range(8, 9), { gap: true, oldest: 8 }));
  assert.deepEqual([3, 8, 9].map((seq) => store.gapBefore(seq)), [false, true, false]);
});

test('deleted rows leave a gap in the first page, in later ones, in older ones and between them', () => {
  const store = opened([message(20), message(22)]);
  store.append(page([message(23), message(25)]));
  assert.equal(store.prepend(page([message(14), message(16), message(17)], { more: true })), 3);
  assert.deepEqual(seqs(store), [14, 16, 17, 20, 22, 23, 25]);
  assert.deepEqual(seqs(store).filter((seq) => store.gapBefore(seq)), [16, 20, 22, 25]);
  assert.equal(store.hasOlder, true);
  assert.equal(store.prepend(page([])), 0);
  assert.equal(store.hasOlder, false);
});

test('an own message whose row is deleted before it came back doesn\'t stay pending', () => {
  const store = opened(range(1, 2));
  const key = store.hold(mine('a'));
  store.settle(key, { ...message(3, { id: 'a' }), epoch: 'e1' });
  assert.equal(store.pending.length, 1);
  store.append(page([message(4)], { gap: true }));
  assert.deepEqual(store.pending, []);
});

test('a gap at the end is marked when a message follows', () => {
  const store = opened(range(1, 3));
  store.append(page([], { gap: true, next: 7, oldest: 8 }));
  assert.equal(store.next, 7);
  store.append(page(range(8, 8)));
  assert.equal(store.gapBefore(8), true);
  store.append(page(range(9, 9)));
  assert.equal(store.gapBefore(9), false);
});

test('an own message is pending until a poll brings it', () => {
  const store = opened(range(1, 2));
  const confirmed = heard(store, 'confirmed');
  const key = store.hold(mine('a'));
  assert.equal(key, keyOf({ name: 'ann', id: 'a' }));
  store.update(key, { state: 'sending' });
  store.settle(key, { ...message(4, { id: 'a' }), epoch: 'e1' });
  assert.deepEqual(store.pending.map(({ state, seq }) => [state, seq]), [['sent', 4]]);
  store.append(page([message(3), message(4, { id: 'a' })]));
  assert.deepEqual(store.pending, []);
  assert.deepEqual(seqs(store), [1, 2, 3, 4]);
  assert.deepEqual(confirmed, [{ key }]);
});

test('a poll may bring a message before the answer to it comes', () => {
  const store = opened(range(1, 2));
  const key = store.hold(mine('a', { state: 'sending' }));
  store.append(page([message(3, { id: 'a' })]));
  assert.deepEqual(store.pending, []);
  store.settle(key, { ...message(3, { id: 'a' }), epoch: 'e1' });
  assert.deepEqual(store.pending, []);
  assert.deepEqual(seqs(store), [1, 2, 3]);
});

test('the same id of another name is another message', () => {
  const store = opened(range(1, 2));
  store.hold(mine('a'));
  store.append(page([message(3, { id: 'a', name: 'ben' })]));
  assert.equal(store.pending.length, 1);
});

test('a message that was stored long ago is not pending', () => {
  const store = opened(range(50, 60));
  const key = store.hold(mine('a'));
  store.settle(key, { ...message(3, { id: 'a' }), epoch: 'e1' });
  assert.deepEqual(store.pending, []);
  assert.deepEqual(seqs(store), range(50, 60).map(({ seq }) => seq));
});

test('from another database all is read anew, and messages that it lacks are to be sent again', () => {
  const store = opened(range(1, 2));
  const unseen = heard(store, 'unseen');
  const gone = store.hold(mine('gone'));
  const there = store.hold(mine('there'));
  const failed = store.hold(mine('failed', { state: 'failed' }));
  store.settle(gone, { ...message(3, { id: 'gone' }), epoch: 'e1' });
  store.settle(there, { ...message(4, { id: 'there' }), epoch: 'e1' });
  store.forget();
  assert.equal(store.next, null);
  assert.deepEqual(seqs(store), [1, 2], 'stays in sight until the answer is there');
  store.open(page([message(1), message(2, { id: 'there' })], { epoch: 'e2' }));
  assert.deepEqual(unseen, [{ key: gone }]);
  assert.deepEqual(store.pending.map(({ key }) => key), [gone, failed]);
  assert.equal(store.epoch, 'e2');
  assert.ok(there);
});

test('drop() returns the message', () => {
  const store = opened([]);
  assert.equal(store.drop(store.hold(mine('a'))).text, 'mine');
  assert.equal(store.drop('nothing'), undefined);
});

const pageOf = (epoch, messages, more = {}) => ({ epoch, messages, next: messages.at(-1)?.seq ?? 0, oldest: 1, ...more });
const own = { name: 'ann', id: 'mine', text: 'x', time: '2025-11-25T10:00:00Z', state: 'sending', detail: '' };
const storedAs = (seq, epoch) => ({ ...own, seq, epoch, type: 'message' });

test('an own message that retention removed before it came back doesn\'t stay pending', () => {
  const store = new Store('lobby');
  store.open(pageOf('e', []));
  store.settle(store.hold(own), storedAs(5, 'e'));
  assert.equal(store.pending.length, 1);
  store.append({ messages: [], next: 9, oldest: 10, gap: true });
  assert.equal(store.pending.length, 0);
});

test('a message that another database stored is sent once more, not for ever', () => {
  const store = new Store('lobby');
  const unseen = [];
  store.addEventListener('unseen', ({ detail }) => unseen.push(detail.key));
  store.open(pageOf('second', []));
  const key = store.hold(own);
  store.settle(key, storedAs(5, 'first'));
  assert.deepEqual(unseen, [key]);
  store.settle(key, storedAs(5, 'first'));
  assert.deepEqual(unseen, [key]);
  store.open(pageOf('third', []));
  assert.deepEqual(unseen, [key, key]);
});

test('a deletion of many messages leaves no row of them, tells which they are, and keeps no text', () => {
  const store = opened(range(1, 6));
  const gone = heard(store, 'deleted');
  store.append(page([message(7, { type: 'delete', target: 2, targets: [[2, 3], [5, 5]], text: '' })]));
  assert.deepEqual(gone, [{ seqs: [2, 3, 5] }]);
  const now = store.messages.map((m) => store.asItIsNow(m));
  assert.deepEqual(now.filter(hasRow).map(({ seq }) => seq), [1, 4, 6]);
  assert.deepEqual([2, 3, 5].map((seq) => [store.find(seq).text, store.asItIsNow(store.find(seq)).deleted]), Array(3).fill(['', true]));
  assert.equal(store.size, 'text 1'.length * 3);
  assert.deepEqual(store.rowsSince(2).map(({ seq }) => seq), [4, 6]);
});

test('a window of rows counts rows, however many messages between them are deleted', () => {
  const store = opened(range(1, 10));
  store.append(page([message(11, { type: 'delete', target: 3, targets: [[3, 8]], text: '' })]));
  assert.equal(store.rowsFrom(store.messages.length, -3), 1, 'rows 2, 9 and 10');
  assert.equal(store.rowsFrom(0, 3), 9);
  store.trim(3);
  assert.deepEqual(store.rowsSince(0).map(({ seq }) => seq), [2, 9, 10]);
});

test('an erased message is a deletion of itself; shown again, it has its text', () => {
  const erased = { seq: 2, time: '2025-11-25T10:00:00.000Z', name: 'ann', text: '', type: 'delete', target: 2, id: '' };
  const store = opened([message(1), erased, message(3, { reply_to: 2 })]);
  assert.equal(store.asItIsNow(store.find(2)).deleted, true);
  assert.equal(hasRow(store.asItIsNow(store.find(2))), false);
  store.append(page([message(4, { type: 'edit', target: 2, text: 'back' })]));
  const back = store.asItIsNow(store.find(2));
  assert.deepEqual([back.text, hasRow(back), back.deleted], ['back', true, undefined]);
});

test('an edit that came with an older page doesn\'t replace a newer text', () => {
  const store = opened([message(5, { text: 'newest', edited: 9 }), message(6, { type: 'edit', target: 5, text: 'older' })]);
  assert.equal(store.asItIsNow(store.find(5)).text, 'newest');
});

test('an own message that was deleted before it came back isn\'t sent again', () => {
  const store = opened(range(1, 2));
  const unseen = heard(store, 'unseen');
  store.settle(store.hold(mine('a')), { ...message(3, { id: 'a' }), epoch: 'e1' });
  store.open(page([message(1), message(2), message(3, { type: 'delete', target: 3, id: '', text: '' })]));
  assert.deepEqual([unseen, store.pending], [[], []]);
});

test('a deletion of 20,000 single messages costs later messages no time', () => {
  const timeOf = (targets) => {
    const store = opened(range(1, 40_000));
    store.append(page([message(40_001, { type: 'delete', target: 1, targets, text: '' })]));
    const began = performance.now();
    for (let seq = 40_002; seq < 40_052; seq++) {
      store.append(page([message(seq)]));
      store.rowsFrom(store.messages.length, -300);
      store.rowsSince(40_001);
    }
    return performance.now() - began;
  };
  const few = timeOf([[1, 1]]);
  const many = timeOf(Array.from({ length: 20_000 }, (_, i) => [2 * i + 1, 2 * i + 1]));
  assert.ok(many < 50 * few + 50, `${many} ms instead of ${few}`); // hundreds of times with a look at each range
});

test('history pages that come after a deletion of many show nothing of them', () => {
  const store = opened(range(11, 20), { oldest: 1 });
  store.append(page([message(21, { type: 'delete', target: 3, targets: [[3, 4], [12, 12]], text: '' })]));
  store.prepend({ ...page(range(1, 10)), more: false });
  assert.deepEqual([3, 4, 12].map((seq) => store.find(seq).text), ['', '', '']);
  assert.deepEqual(store.rowsSince(1).map(({ seq }) => seq), [1, 2, ...range(5, 11).map(({ seq }) => seq), ...range(13, 20).map(({ seq }) => seq)]);
});

test('a robot that edits its message all day doesn\'t fill the memory, and its last text stays', () => {
  const store = opened(range(1, 20));
  for (let seq = 21; seq < 5000; seq++) {
    store.append(page([message(seq, { type: 'edit', target: 20, text: `${seq} done` })]));
    if (store.messages.length > 100) {
      store.trim(50);
    }
  }
  assert.ok(store.messages.length <= 101, `${store.messages.length}`);
  assert.equal(store.asItIsNow(store.find(20)).text, '4999 done');
  assert.equal(store.next, 4999);
  assert.ok(store.size < 1000, `${store.size}`);
  assert.equal(store.append(page([message(4999), message(5000)])), 1, 'what came is still known');
});

test('a change that was refused goes with its message', () => {
  const store = opened(range(1, 3));
  store.hold(mine('edit', { type: 'edit', target: 2, state: 'failed', detail: 'too late' }));
  store.append(page([message(4, { type: 'delete', target: 2, text: '' })]));
  assert.deepEqual(store.pending, []);
});
