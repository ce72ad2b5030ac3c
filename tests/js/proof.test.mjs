// proof.test.mjs - the page computes proofs of work that the chat accepts, and stays fluid.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { prove, sha256 } from '../../www/js/proof.js';

const KEY = 'AAECAwQFBgcICQoLDA0ODw';
const CHALLENGE = '2000000000.jNSN1c4h4-l8ln-8I9Tb8w';
const hashOf = (text) => createHash('sha256').update(text).digest();

/** What proof.c does: the zero bits of SHA-256(challenge ":" key ":" N). */
function bitsOf(proof, key) {
  const [challenge, number] = proof.split(':');
  assert.match(number, /^[0-9]{1,20}$/, 'a number as proof.c reads it');
  const bits = [...hashOf(`${challenge}:${key}:${number}`)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits.indexOf('1');
}

test('SHA-256 gives the hashes of FIPS 180-4, and those of another program for each length', () => {
  assert.equal(sha256('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.equal(sha256(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(sha256('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'), '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1');
  assert.equal(sha256('a'.repeat(1_000_000)), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0');
  for (let length = 0; length < 300; length++) {
    const text = `${'a'.repeat(length)}ä`;
    assert.equal(sha256(text), hashOf(text).toString('hex'), `${length} letters`);
  }
});

test('a proof has the bits that were asked for, with a challenge and key of any length', async () => {
  for (let length = 0; length <= 70; length++) {
    const [challenge, key] = ['c'.repeat(length), 'k'];
    const proof = await prove({ challenge, bits: 7, key });
    assert.equal(proof.slice(0, length + 1), `${challenge}:`);
    assert.ok(bitsOf(proof, key) >= 7, proof);
  }
  for (const bits of [0, 1, 8, '12', 15]) {
    assert.ok(bitsOf(await prove({ challenge: CHALLENGE, bits, key: KEY }), KEY) >= bits);
  }
});

test('other tasks have a turn in each slice, also while the tab is in the background', async () => {
  let time = 0;
  let turns = 0;
  const other = new MessageChannel(); // timers wait for a second in the background, messages don't
  other.port1.onmessage = () => {
    turns += 1;
    other.port2.postMessage(null);
  };
  other.port2.postMessage(null);
  const shares = [];
  await prove({ challenge: CHALLENGE, bits: 16, key: KEY }, { now: () => (time += 5), progress: (share) => shares.push(share) });
  other.port1.close();
  assert.ok(shares.length > 20 && turns >= shares.length - 1, `${turns} turns of another task in ${shares.length} slices`);
  assert.deepEqual(shares, [...shares].sort((a, b) => a - b), 'the share only grows');
  assert.ok(shares[0] >= 0 && shares.at(-1) < 1);
});

test('a proof that is not wanted any more stops', async () => {
  const stop = new AbortController();
  const proof = prove({ challenge: CHALLENGE, bits: 24, key: KEY }, { signal: stop.signal });
  stop.abort();
  await assert.rejects(proof, { name: 'AbortError' });
});

test('what no server of this chat asks for is refused at once', async () => {
  for (const bits of [-1, 25, 1.5, NaN, 'x', undefined]) {
    await assert.rejects(prove({ challenge: CHALLENGE, bits, key: KEY }), RangeError);
  }
});
