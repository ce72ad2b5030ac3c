// proof.js - computes a proof of work, which the chat may ask of a new key (API.md): a number N for
// which SHA-256("challenge:key:N") begins with `bits` zero bits.
//
// SHA-256 is written out here, because crypto.subtle is missing without HTTPS, and needs a turn of
// the event loop for each of some ten thousand hashes. The page stays fluid: after SLICE
// milliseconds other tasks have a turn. It has no elements and no network.

const SLICE = 10; // milliseconds; a frame of the screen takes 16
const MOST_BITS = 24;
const LONGEST_NUMBER = 20; // digits
const BLOCK = 64; // bytes that SHA-256 takes at once
const TRIES = 256; // between two looks at the clock

/** FIPS 180-4: the first 32 bits of the fractions of the roots of the first primes. */
const fractions = (count, root) => {
  const primes = [];
  for (let n = 2; primes.length < count; n++) {
    if (primes.every((prime) => n % prime !== 0)) {
      primes.push(n);
    }
  }
  return Int32Array.from(primes, (prime) => ((prime ** (1 / root)) % 1) * 2 ** 32);
};
const START = fractions(8, 2);
const ROUND = fractions(64, 3);
const words = new Int32Array(64);

/** Takes one block of `bytes` into the state, 8 words. */
function compress(state, bytes, at) {
  for (let i = 0; i < 16; i++, at += 4) {
    words[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  for (let i = 16; i < 64; i++) {
    const [x, y] = [words[i - 15], words[i - 2]];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[i] + words[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

/** Takes the last `length` bytes, which stand at the start of `tail` (2 blocks), of `total`. */
function finish(state, tail, length, total) {
  const end = length + 9 > BLOCK ? 2 * BLOCK : BLOCK;
  tail[length] = 0x80;
  tail.fill(0, length + 1, end);
  new DataView(tail.buffer).setUint32(end - 4, total * 8);
  for (let at = 0; at < end; at += BLOCK) {
    compress(state, tail, at);
  }
}

/** A hasher of a text with a number behind it: what stays the same is hashed once. */
function hasher(text) {
  const bytes = new TextEncoder().encode(text);
  const whole = bytes.length - (bytes.length % BLOCK);
  const before = START.slice();
  for (let at = 0; at < whole; at += BLOCK) {
    compress(before, bytes, at);
  }
  const tail = new Uint8Array(2 * BLOCK);
  const state = new Int32Array(8);
  tail.set(bytes.subarray(whole));
  const rest = bytes.length - whole;
  return (number) => {
    const digits = String(number);
    for (let i = 0; i < digits.length; i++) {
      tail[rest + i] = digits.charCodeAt(i);
    }
    state.set(before);
    finish(state, tail, rest + digits.length, bytes.length + digits.length);
    return state;
  };
}

/** The hash of a text as 64 hexadecimal digits. */
export function sha256(text) {
  const bytes = new TextEncoder().encode(text);
  const whole = bytes.length - (bytes.length % BLOCK);
  const state = START.slice();
  const tail = new Uint8Array(2 * BLOCK);
  for (let at = 0; at < whole; at += BLOCK) {
    compress(state, bytes, at);
  }
  tail.set(bytes.subarray(whole));
  finish(state, tail, bytes.length - whole, bytes.length);
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

/** Lets other tasks have a turn. Timers would wait for a second in a tab in the background. */
function turns() {
  const { port1, port2 } = new MessageChannel();
  return {
    next: () =>
      new Promise((done) => {
        port1.onmessage = done;
        port2.postMessage(null);
      }),
    close: () => port1.close(),
  };
}

/**
 * The first digits of the number, so long that the digits behind them begin a block: then a try
 * hashes one block instead of two. '' if they would be too long.
 */
function firstDigits(length) {
  const missing = (BLOCK - (length % BLOCK)) % BLOCK;
  return missing > 0 && missing <= LONGEST_NUMBER - 9 ? '1'.padEnd(missing, '0') : '';
}

/**
 * Resolves with the proof, "challenge:N". key: 22 characters. signal: rejects with an AbortError.
 * progress(share): how likely it was to be done by now, from 0 to 1. now: milliseconds.
 */
export async function prove({ challenge, bits: asked, key }, { signal, progress = () => {}, now = () => performance.now() } = {}) {
  const bits = Number(asked); // a problem's members are texts
  if (!Number.isInteger(bits) || bits < 0 || bits > MOST_BITS) {
    throw new RangeError(`A proof of ${asked} bits can't be computed.`);
  }
  const first = firstDigits(challenge.length + key.length + 2);
  const hash = hasher(`${challenge}:${key}:${first}`);
  const turn = turns();
  try {
    for (let number = 0, end = now() + SLICE; ; number++) {
      if (bits === 0 || hash(number)[0] >>> (32 - bits) === 0) {
        return `${challenge}:${first}${number}`;
      }
      if (number % TRIES === TRIES - 1 && now() >= end) {
        progress(1 - Math.exp(-number / 2 ** bits));
        await turn.next();
        if (signal?.aborted) {
          throw new DOMException('The proof of work was stopped.', 'AbortError');
        }
        end = now() + SLICE;
      }
    }
  } finally {
    turn.close();
  }
}
