// transport.js - keeps a store up to date: by a stream (by-stream.js) or by polls (by-poll.js), one
// request at a time. The ladder (ladder.js) says which. The same request asks for the rooms that
// other tabs show (tabs.js): `others`, which are like stores.
//
// A poll asks to wait. If the server grants that, the next poll follows at once; else after
// poll_after seconds, later if the visitor doesn't look, or when a head file has moved (watch.js).
// After a 429 no request goes out before the time that the server named, not even after a hurry().
// A failure only delays: the next request says since = what is known, so nothing is missed, and
// messages that are known already are passed over.
//
// Event: status; detail: { state: connecting | online | retrying, failure, until }; until: when the
// next try is due, in milliseconds of the clock.

import { ByPoll, SLOWEST } from './by-poll.js';
import { Nap } from './clock.js';
import { Source } from './events.js';
import { Ladder, Patience } from './ladder.js';

const REFUSED = 60_000; // least pause after a refusal, which seldom ends by itself
const UNSEEN_TRIES = 3; // failures in a row, for requests that took long; fewer aren't shown

/** Stands in for streams until their module is loaded: the first request is a poll. */
const noStreams = () => ({ isOpen: false, mustPoll: false, revive() {} });

/** Stands in for head files until an answer names one. */
const noFiles = () => ({ pages: [], hasMoved: false, wake() {} });

const roomsOf = (feeds) => feeds.map(({ room }) => room).sort().join();

export class Transport extends Source {
  #running = false;
  #hurry = false; // the pause after the request is left out
  #nap;
  #stop = null;
  #asking = null; // ends the request
  #once = null; // a promise
  #held = ''; // the rooms of the request, if it may last
  #notBefore = 0; // until then the server wants no request (429)

  /**
   * pace(): active | idle | hidden. others(): what to listen for besides the store: { room, epoch,
   * next, append(page), forget() }. mayHold(): whether a request may last; else polls are timed.
   */
  constructor({ store, others = () => [], mayHold = () => true, api, backoff, clock, random = Math.random, pace = () => 'active', ladder = new Ladder({ top: 'held', random }), patience = new Patience() }) {
    super();
    Object.assign(this, { store, others, mayHold, backoff, clock, ladder, patience });
    this.#nap = new Nap(clock);
    const common = { api, clock, random, ladder, patience };
    this.polls = new ByPoll({ ...common, pace, forget: () => this.#forget() });
    this.stream = noStreams();
    this.makeStream = async () => new (await import('./by-stream.js')).ByStream({ ...common, works: () => this.#works() });
    this.files = noFiles();
    this.makeFiles = async () => new (await import('./watch.js')).HeadFiles({ api, nap: this.#nap });
  }

  start() {
    if (!this.#running) {
      this.#running = true;
      this.#stop = new AbortController();
      if (this.store.next === null) {
        this.#status('connecting');
      }
      this.#loop();
    }
  }

  stop() {
    this.#running = false;
    this.#stop?.abort();
    this.#asking?.abort();
    this.#wake();
  }

  /**
   * Asks for what is there now, and doesn't wait for more: for a tab that another tab tells the
   * news.
   */
  once() {
    if (!this.#running && this.#once === null) {
      this.#asking = new AbortController();
      this.#once = this.#askOnce(this.#asking.signal).finally(() => (this.#once = null));
    }
    return this.#once ?? Promise.resolve();
  }

  async #askOnce(signal) {
    try {
      if (this.store.next === null) {
        await this.polls.open(this.store, signal);
      } else {
        for (let more = true; more && !this.#running && !signal.aborted;) {
          more = (await this.polls.ask([this.store], undefined, signal)).delay === 0;
        }
      }
      if (!signal.aborted) {
        this.#status('online');
      }
    } catch (failure) {
      await this.#onceFailed(failure, signal);
    }
  }

  /** Nothing is tried again: the tab asks again later. */
  async #onceFailed(failure, signal) {
    if (failure.kind === undefined) {
      throw failure;
    }
    if (failure.kind === 'epoch' && this.store.next !== null) {
      this.store.forget();
      await this.#askOnce(signal);
    } else if (!signal.aborted) {
      this.#status('retrying', failure);
    }
  }

  /**
   * To be called when others() or mayHold() may have changed: then the request that lasts is made
   * anew.
   */
  review() {
    const rooms = roomsOf(this.#feeds());
    if (this.#held !== '' && this.#held !== (this.mayHold() ? rooms : '')) {
      this.#asking.abort();
    } else if (this.files.pages.length > 0 && roomsOf(this.files.pages) !== rooms) {
      this.hurry();
    }
  }

  /**
   * Asks now instead of later: the visitor is back, or has sent a message. anew: in another
   * network, so that no answer comes from the old one. expected: there is news for sure, so a
   * stream that doesn't bring it is dead.
   */
  hurry({ anew = false, expected = false } = {}) {
    if (anew) {
      this.ladder.forget(this.clock.now());
      this.#notBefore = 0; // another network has limits of its own
    } else if (this.#isLimited) {
      return;
    }
    if (this.stream.isOpen) {
      this.stream.revive({ anew, expected });
      return;
    }
    this.#hurry = true;
    this.#wake();
    if (anew) {
      this.#asking?.abort();
    }
  }

  get #isLimited() {
    return this.clock.now() < this.#notBefore;
  }

  #wake() {
    this.files.wake();
    this.#nap.wake();
  }

  #feeds() {
    return [this.store, ...this.others()];
  }

  async #loop() {
    const { signal } = this.#stop;
    if (this.#once !== null) {
      await this.#once;
    }
    while (!signal.aborted) {
      this.#hurry = false;
      this.files.pages = [];
      let delay;
      try {
        this.#asking = new AbortController();
        delay = await this.#next(this.#asking);
      } catch (failure) {
        if (signal.aborted) {
          return;
        }
        if (this.#asking.signal.aborted) {
          continue; // by hurry() or review()
        }
        delay = this.#failed(failure);
      } finally {
        this.#held = '';
      }
      if (delay > 0 && (!this.#hurry || this.#isLimited) && !signal.aborted) {
        await this.#pause(delay, signal);
      }
    }
  }

  /** A pause of `delay` or, where there are head files, until one moves, SLOWEST at most. */
  async #pause(delay, stop) {
    if (this.files.pages.length === 0) {
      await this.#nap.sleep(delay);
      return;
    }
    const due = this.clock.setTimeout(() => this.hurry(), SLOWEST);
    await this.files.look(this.#feeds(), (page) => this.polls.pause(page), () => this.#hurry || stop.aborted);
    this.clock.clearTimeout(due);
  }

  /** One request. Returns how long to wait before the next one. */
  async #next(asking) {
    const now = this.clock.now();
    const rung = this.mayHold() ? this.ladder.rung(now) : 'timed';
    if (rung === 'stream' && this.store.next !== null && !this.stream.mustPoll) {
      if (this.makeStream === null || (await this.#loadStream())) {
        const feeds = this.#feeds();
        this.#held = roomsOf(feeds);
        return this.stream.listen(feeds, asking);
      }
    }
    this.stream.mustPoll = false;
    const wait = rung === 'timed' || this.files.hasMoved ? undefined : this.patience.wait(now);
    this.files.hasMoved = false;
    const delay = this.store.next === null ? await this.#open(rung, asking) : await this.#ask(wait, asking);
    this.#works();
    return delay;
  }

  /** Loads the module for streams. Resolves with whether it is there. */
  async #loadStream() {
    try {
      this.stream = await this.makeStream();
      this.makeStream = null;
      return true;
    } catch {
      this.ladder.shaky(this.clock.now()); // polls go on; a later try may load it
      return false;
    }
  }

  async #open(rung, { signal }) {
    const page = await this.polls.open(this.store, signal);
    return rung === 'stream' ? 0 : this.polls.pause(page);
  }

  async #ask(wait, { signal }) {
    const feeds = this.#feeds();
    this.#held = wait ? roomsOf(feeds) : '';
    const { pages, delay } = await this.polls.ask(feeds, wait, signal);
    if (pages.some(({ watch }) => watch) && this.files.look === undefined) {
      this.files = await this.makeFiles().catch(noFiles); // without a network, polls go on
    }
    this.files.found?.(pages);
    return delay;
  }

  #works() {
    this.backoff.reset();
    this.ladder.works(this.clock.now());
    this.#status('online');
  }

  #forget() {
    this.#feeds().forEach((feed) => feed.forget());
  }

  /** Returns how long to wait before the next try. */
  #failed(failure) {
    if (failure.kind === 'epoch') {
      this.#forget();
    } else if (failure.kind === undefined) {
      throw failure; // a fault of the page
    }
    const delay = Math.max(this.backoff.next(failure.retryAfter), failure.kind === 'refused' ? REFUSED : 0);
    this.#notBefore = failure.status === 429 ? this.clock.now() + delay : 0;
    if (failure.isCut && this.backoff.tries < UNSEEN_TRIES) {
      return delay;
    }
    if (failure.kind === 'epoch' && this.backoff.tries <= 1) {
      return 0;
    }
    this.#status('retrying', failure, this.clock.now() + delay);
    return delay;
  }

  #status(state, failure = null, until = 0) {
    this.tell('status', { state, failure, until });
  }
}

/** Fetches older messages. Returns how many came; throws a Failure. */
export async function fetchOlder({ store, api, limit = 50 }) {
  const before = store.lowest;
  const page = await api.poll({ room: store.room, before, limit, epoch: store.epoch });
  return store.prepend(page, before);
}
