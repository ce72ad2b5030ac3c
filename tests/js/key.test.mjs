// key.test.mjs - the visitor's key: made once, shared by tabs, and there without a storage.

import assert from 'node:assert/strict';
import test from 'node:test';
import { makeKey, makeWho } from '../../www/js/key.js';

const memory = (map = new Map()) => ({ get: (name) => map.get(name) ?? null, set: (name, value) => map.set(name, value), map });
let seed = 0;
const random = (bytes) => bytes.fill((seed += 1));

test('a key is 22 characters of base64url, and stays the same', () => {
  const storage = memory();
  const key = makeKey({ storage, random });
  assert.match(key(), /^[\w-]{22}$/);
  assert.equal(key(), key());
  assert.equal(makeKey({ storage, random })(), key(), 'after a reload');
  assert.equal(Buffer.from(key(), 'base64url').length, 16);
});

test('of two tabs that made a key at the same moment, both use the one that was stored last', () => {
  const storage = memory();
  const [one, two] = [makeKey({ storage: memory(new Map()), random }), makeKey({ storage, random })];
  assert.notEqual(one(), two());
  const late = makeKey({ storage, random });
  storage.set('key', one());
  assert.deepEqual([two(), late()], [one(), one()]);
});

test('without a storage a key lives as long as the page; a cleared storage gets it back; rubbish isn\'t used', () => {
  const none = makeKey({ storage: { get: () => null, set: () => {} }, random });
  assert.equal(none(), none());
  const storage = memory();
  const key = makeKey({ storage, random });
  const before = key();
  storage.map.clear();
  assert.equal(key(), before);
  assert.equal(storage.get('key'), before);
  storage.set('key', '<script>');
  assert.match(makeKey({ storage, random })(), /^[\w-]{22}$/);
});

test('each request says who asks: by the key, and by a token where there is one', async () => {
  const key = () => 'k'.repeat(22);
  assert.deepEqual(await makeWho(key).headers(), { 'Pollchat-Key': key() });
  assert.equal(await makeWho(key).renew(), false);
  const token = { headers: async () => ({ 'Pollchat-Token': 'a.b.c' }), renew: async () => true };
  assert.deepEqual(await makeWho(key, token).headers(), { 'Pollchat-Key': key(), 'Pollchat-Token': 'a.b.c' });
  assert.equal(await makeWho(key, token).renew(), true);
});
