// by-poll.js - one poll for one room or several: asks, judges the answer, and gives it to the feeds
// (a store, and rooms of other tabs).

import { Failure } from './answers.js';
import { questionOf } from './several.js';

export const SLOWEST = 30_000; // longest pause between timed polls
const WAIT_LIMIT = 35_000; // milliseconds without a byte; more than a poll asks to wait
const OPEN_WITH = 50; // messages
const SLOWER = { active: 1, idle: 3, hidden: 8 }; // times poll_after
const SHORTEST = 1000; // a poll that waits, ends sooner and is empty was ended by something on the way

/**
 * The first place where an answer to `since` lacks messages: { after, before }, two seqs; or
 * undefined.
 */
function holeIn({ messages, next }, since) {
  const seqs = [since, ...messages.map(({ seq }) => seq), next + 1];
  const at = seqs.findIndex((seq, i) => i > 0 && seq !== seqs[i - 1] + 1);
  return at < 0 ? undefined : { after: seqs[at - 1], before: seqs[at] };
}

export class ByPoll {
  #behind = 0; // answers in a row that know less than we do

  /**
   * given: { api, clock, random, ladder, patience, pace(), forget() }; forget: all feeds are to be
   * opened anew.
   */
  constructor(given) {
    Object.assign(this, given);
  }

  /** Fetches the newest page of a store's room, instead of what is known. Returns it. */
  async open(store, signal) {
    const page = await this.api.poll({ room: store.room, last: OPEN_WITH }, { signal });
    this.#behind = 0;
    store.open(page);
    return page;
  }

  /**
   * Fetches newer messages. wait: seconds that the server may wait for them; undefined: none.
   * Returns { pages, delay }: a page for each feed, and how long to wait before the next poll.
   */
  async ask(feeds, wait, signal) {
    const since = feeds.map(({ next }) => next);
    const began = this.clock.now();
    const pages = await this.#request(feeds, wait, signal, began);
    this.patience.held(this.clock.now() - began);
    const [page] = pages;
    const { epoch } = page;
    if (epoch !== feeds[0].epoch) {
      throw new Failure('epoch', 'The chat has another database now.', { epoch });
    }
    if (pages.some(({ next }, i) => next < since[i])) {
      return { pages: [], delay: this.#lessThanKnown(page) };
    }
    this.#behind = 0;
    for (const [i, one] of pages.entries()) {
      if (await this.#leavesOut(one, since[i], signal)) {
        throw new Failure('answer', 'The answer leaves messages out.');
      }
    }
    return { pages, delay: this.#give(feeds, pages, this.clock.now() - began) };
  }

  /** ms: that the poll took. Returns how long to wait before the next one. */
  #give(feeds, pages, ms) {
    const [page] = pages;
    const counts = pages.map((one, i) => feeds[i].append(one));
    const isEmpty = counts.every((count, i) => count === 0 && pages[i].gap !== true);
    const isCut = isEmpty && ms < SHORTEST;
    if (isCut && page.wait > 0) {
      this.ladder.shaky(this.clock.now());
    }
    return page.more && !isCut ? 0 : this.pause(isCut ? { ...page, wait: 0 } : page);
  }

  /** Returns a page for each feed. */
  async #request(feeds, wait, signal, began) {
    // n: without it, a shared cache (Varnish) would let the same request of another client wait for
    // the first answer before it passes it on.
    const query = { ...questionOf(feeds), epoch: feeds[0].epoch, wait, n: wait && this.random() };
    const rooms = feeds.length === 1 ? undefined : feeds.map(({ room }) => room);
    try {
      return [await this.api.poll(query, { limit: WAIT_LIMIT, signal, rooms })].flat();
    } catch (failure) {
      const now = this.clock.now();
      const ms = now - began;
      const isBroken = wait && failure.slug === undefined && ms > SHORTEST && !signal.aborted;
      if (isBroken && !(ms < WAIT_LIMIT && this.patience.isCut(failure, ms, now))) {
        this.ladder.shaky(now);
      }
      throw failure;
    }
  }

  /**
   * True: the answer lacks messages that the server has, so something on the way gave another
   * answer. False: none are missing, or their rows are deleted. An older server doesn't say that
   * (gap).
   */
  async #leavesOut(page, since, signal) {
    const hole = page.gap === true ? undefined : holeIn(page, since);
    if (hole === undefined) {
      return false;
    }
    const { room, epoch } = page;
    const query = { room, before: hole.before, limit: 1, epoch, n: this.random() }; // n: not from a cache
    const { messages, oldest, head } = await this.api.poll(query, { signal });
    const isOther = messages.length > 1 || head < page.next; // an answer to something else
    return isOther || (messages.length > 0 ? messages[0].seq > hole.after : oldest < hole.before);
  }

  /**
   * A copy of an old answer, or a database that was set back? The second answer in a row means the
   * latter.
   */
  #lessThanKnown(page) {
    this.#behind += 1;
    if (this.#behind > 1) {
      this.forget();
      return 0;
    }
    return this.pause({ ...page, wait: 0 });
  }

  /** How long to wait after this answer before the next poll, in milliseconds. */
  pause({ wait, poll_after: after = 2 }) {
    if (wait > 0) {
      return 0;
    }
    const base = Math.max(after, 0.5) * 1000;
    return Math.max(base, Math.min(SLOWEST, base * SLOWER[this.pace()])) * (0.9 + this.random() / 5);
  }
}
