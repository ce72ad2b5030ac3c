// transport.js - keeps a store up to date by asking /poll again and again; one request at a time.
//
// Asks to be held (wait); where the server grants that, the next request follows at once, else after poll_after seconds,
// later while nobody looks. Whatever goes wrong only delays: the next request says since = what is known.
//
// Event: status; detail: { state: connecting | online | retrying, failure, until } (until: when the next try is due)

import { Failure } from './api.js';
import { Nap } from './nap.js';

const WAIT = 25; // seconds asked for; the client's own limit lies above it
const WAIT_LIMIT = 35_000;
const OPEN_WITH = 50;
const SLOWER = { active: 1, idle: 3, hidden: 8 }; // times poll_after
const SLOWEST = 30_000;
const REFUSED = 60_000; // least pause after a refusal, which time alone seldom mends
const SHORTEST = 1000; // a held request that ends sooner, and empty, wasn't held: something on the way cuts it

export class PollTransport extends EventTarget {
  #running = false;
  #hurry = false;
  #nap;
  #stop = null;
  #asking = null;
  #behind = 0; // answers in a row that know less than we do

  /** pace: () => active | idle | hidden. */
  constructor({ store, api, backoff, clock, random = Math.random, pace = () => 'active' }) {
    super();
    this.#nap = new Nap(clock);
    Object.assign(this, { store, api, backoff, clock, random, pace });
  }

  start() {
    if (!this.#running) {
      this.#running = true;
      this.#stop = new AbortController();
      this.#status('connecting');
      this.#loop();
    }
  }

  stop() {
    this.#running = false;
    this.#stop?.abort();
    this.#asking?.abort();
    this.#nap.wake();
  }

  /** Ask now, not later: somebody looks again, a message was sent. anew: the network is another one, so an answer on its way won't come. */
  hurry({ anew = false } = {}) {
    if (this.#nap.isAsleep) {
      this.#nap.wake();
    } else {
      this.#hurry = true;
      if (anew) {
        this.#asking?.abort();
      }
    }
  }

  async #loop() {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#hurry = false;
      let delay;
      try {
        this.#asking = new AbortController();
        delay = await this.#ask(this.#asking.signal);
        this.backoff.reset();
        this.#status('online');
      } catch (failure) {
        if (signal.aborted) {
          return;
        }
        if (this.#asking.signal.aborted) {
          continue; // by hurry()
        }
        delay = this.#failed(failure);
      }
      if (delay > 0 && !this.#hurry) {
        await this.#nap.sleep(delay);
      }
    }
  }

  /** One request; returns how long to wait before the next one. */
  async #ask(signal) {
    const { store } = this;
    if (store.next === null) {
      const page = await this.api.poll({ room: store.room, last: OPEN_WITH }, { signal });
      this.#behind = 0;
      store.open(page);
      return this.#pause(page);
    }
    const since = store.next;
    const query = { room: store.room, since, epoch: store.epoch, wait: WAIT };
    const began = this.clock.now();
    const page = await this.api.poll(query, { limit: WAIT_LIMIT, signal });
    if (page.epoch !== store.epoch) {
      throw new Failure('epoch', 'The chat has another database now.', { epoch: page.epoch });
    }
    if (page.next < since) {
      return this.#lessThanKnown(page);
    }
    this.#behind = 0;
    const [first] = page.messages;
    if (first !== undefined ? first.seq !== since + 1 && page.gap !== true : page.next !== since && page.gap !== true) {
      throw new Failure('answer', 'The answer leaves messages out.');
    }
    const isCut = store.append(page) === 0 && page.gap !== true && this.clock.now() - began < SHORTEST;
    return page.more && !isCut ? 0 : this.#pause(isCut ? { ...page, wait: 0 } : page);
  }

  /** A copy of an old answer, or a database that was set back? If it says so again, it is the latter. */
  #lessThanKnown(page) {
    this.#behind += 1;
    if (this.#behind > 1) {
      this.store.forget();
      return 0;
    }
    return this.#pause({ ...page, wait: 0 });
  }

  #pause({ wait, poll_after: after = 2 }) {
    if (wait > 0) {
      return 0;
    }
    const base = Math.max(after, 0.5) * 1000;
    return Math.max(base, Math.min(SLOWEST, base * SLOWER[this.pace()])) * (0.9 + this.random() / 5);
  }

  #failed(failure) {
    if (failure.kind === 'epoch') {
      this.store.forget();
    } else if (failure.kind === undefined) {
      throw failure; // an error of ours
    }
    const delay = Math.max(this.backoff.next(failure.retryAfter), failure.kind === 'refused' ? REFUSED : 0);
    if (failure.kind !== 'epoch' || this.backoff.tries > 1) {
      this.#status('retrying', failure, this.clock.now() + delay);
      return delay;
    }
    return 0;
  }

  #status(state, failure = null, until = 0) {
    const event = new Event('status');
    event.detail = { state, failure, until };
    this.dispatchEvent(event);
  }
}

/** Older messages, on demand. Returns how many came; throws a Failure. */
export async function fetchOlder({ store, api, limit = 50 }) {
  const page = await api.poll({ room: store.room, before: store.lowest, limit, epoch: store.epoch });
  return store.prepend(page);
}
