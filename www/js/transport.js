// transport.js - keeps a store up to date: by a stream, or by asking /poll again and again; one
// request at a time. The same request asks for what other tabs show (tabs.js): `others`, which are
// like stores.
//
// Which of them is the ladder's choice (ladder.js). A poll asks to be held (wait); where the server
// grants that, the next one follows at once, else after poll_after seconds, later while nobody
// looks; or when a file has moved that is cheap to look at. Whatever goes wrong only delays: the
// next request says since = what is known, so nothing is missed, and what is known already is
// passed over.
//
// Event: status; detail: { state: connecting | online | retrying, failure, until } (until: when the
// next try is due)

import { Failure, isMessage } from './answers.js';
import { Ladder, Patience } from './ladder.js';
import { Nap } from './nap.js';
import { cursorsOf, messagesOf, questionOf } from './several.js';
import { Watch } from './watch.js';

const WAIT_LIMIT = 35_000; // above all that is asked for
const OPEN_WITH = 50;
const SLOWER = { active: 1, idle: 3, hidden: 8 }; // times poll_after
const SLOWEST = 30_000;
const REFUSED = 60_000; // least pause after a refusal, which time alone seldom mends
const FIRST_EVENT = 5000; // a stream whose first event isn't there by then is held back by something
const SILENCE = 40_000; // a stream gives a sign of life every 15 s
const QUIET = 20_000; // one that should be looked at anew when somebody comes back
const EXPECTED = 4000; // for news that must come, as it is our own
const SHORT_STREAM = 10_000;
const SHORTEST_CUT = 2500; // what ends sooner leaves no time to be held
const SHORTEST = 1000; // a held request that ends sooner, and empty, wasn't held: something on the way cuts it

/**
 * The first place where messages are missing in an answer to `since`: { after, before }, seqs; or
 * undefined.
 */
function holeIn({ messages, next }, since) {
  const seqs = [since, ...messages.map(({ seq }) => seq), next + 1];
  const at = seqs.findIndex((seq, i) => i > 0 && seq !== seqs[i - 1] + 1);
  return at < 0 ? undefined : { after: seqs[at - 1], before: seqs[at] };
}

const roomsOf = (feeds) => feeds.map(({ room }) => room).sort().join();

export class Transport extends EventTarget {
  #running = false;
  #hurry = false;
  #nap;
  #stop = null;
  #asking = null;
  #behind = 0; // answers in a row that know less than we do
  #isStreaming = false;
  #once = null; // a promise
  #holds = ''; // the rooms of the request that is held
  #heard = 0; // when the stream last gave a sign of life
  #mustPoll = false; // the stream said something that only a poll can settle
  #watches = new Map(); // by room
  #watched = []; // the answers that name a file to look at
  #looking;
  #hasMoved = false;

  /**
   * pace: () => active | idle | hidden. others(): what to listen for besides the store, { room,
   * epoch, next, append(page), forget() }. mayHold(): whether a connection may be held; else polls
   * are timed.
   */
  constructor({ store, others = () => [], mayHold = () => true, api, backoff, clock, random = Math.random, pace = () => 'active', ladder = new Ladder({ top: 'held', random }), patience = new Patience() }) {
    super();
    this.#nap = new Nap(clock);
    Object.assign(this, { store, others, mayHold, api, backoff, clock, random, pace, ladder, patience });
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

  /** What is there now, without waiting for more: for a tab that is told the news by another one. */
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
        await this.#open(signal, 'timed');
      } else {
        for (let more = true; more && !this.#running && !signal.aborted;) {
          more = (await this.#ask(signal, undefined, [this.store])) === 0;
        }
      }
      if (!signal.aborted) {
        this.#status('online');
      }
    } catch (failure) {
      await this.#onceFailed(failure, signal);
    }
  }

  /** Nothing is tried again here: the tab asks again later. */
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
   * The held request is made anew if the rooms have changed, or if nothing may be held any more.
   */
  review() {
    if (this.#holds !== '' && this.#holds !== (this.mayHold() ? roomsOf(this.#feeds()) : '')) {
      this.#asking.abort();
    } else if (this.#watched.length > 0 && roomsOf(this.#watched) !== roomsOf(this.#feeds())) {
      this.hurry(); // it looks at the files of other rooms
    }
  }

  #watchOf({ room }) {
    return this.#watches.get(room) ?? this.#watches.set(room, new Watch()).get(room);
  }

  #feeds() {
    return [this.store, ...this.others()];
  }

  stop() {
    this.#running = false;
    this.#stop?.abort();
    this.#asking?.abort();
    this.#wake();
  }

  #wake() {
    this.#looking?.abort();
    this.#nap.wake();
  }

  /**
   * Ask now, not later: somebody looks again, a message was sent. anew: the network is another one, so an answer on its way won't
   * come. expected: there is news for sure, so a stream that doesn't bring it has died.
   */
  hurry({ anew = false, expected = false } = {}) {
    if (anew) {
      this.ladder.forget(this.clock.now());
    }
    if (this.#isStreaming) {
      this.#revive(anew, expected);
    } else {
      this.#hurry = true;
      this.#wake();
      if (anew) {
        this.#asking?.abort();
      }
    }
  }

  /** Ends a stream that seems to be dead; the loop goes on with another. */
  #revive(anew, expected) {
    const asking = this.#asking;
    const now = this.clock.now();
    if (anew || now - this.#heard > QUIET) {
      asking.abort();
    } else if (expected) {
      this.clock.setTimeout(() => {
        if (this.#asking === asking && this.#heard < now) {
          this.ladder.shaky(this.clock.now());
          asking.abort();
        }
      }, EXPECTED);
    }
  }

  async #loop() {
    const { signal } = this.#stop;
    if (this.#once !== null) {
      await this.#once;
    }
    while (!signal.aborted) {
      this.#hurry = false;
      this.#watched = [];
      let delay;
      try {
        this.#asking = new AbortController();
        delay = await this.#next(this.#asking.signal);
      } catch (failure) {
        if (signal.aborted) {
          return;
        }
        if (this.#asking.signal.aborted) {
          continue; // by hurry()
        }
        delay = this.#failed(failure);
      }
      if (delay > 0 && !this.#hurry && !signal.aborted) {
        await (this.#watched.length > 0 ? this.#look(signal) : this.#nap.sleep(delay));
      }
    }
  }

  /** A pause that ends when a file has moved, after 30 s at the latest. */
  async #look(stop) {
    const pages = this.#watched;
    const known = new Map(this.#feeds().map((feed) => [feed.room, feed]));
    let watch;
    const due = this.clock.setTimeout(() => this.hurry(), SLOWEST);
    try {
      for (let i = 0; !this.#hasMoved; i = (i + 1) % pages.length) {
        if (i === 0) {
          await this.#nap.sleep(this.#pause(pages[0]));
        }
        if (this.#hurry || stop.aborted) {
          break;
        }
        this.#looking = new AbortController();
        watch = this.#watchOf(pages[i]);
        this.#hasMoved = watch.isNews(await this.api.head(pages[i].watch, this.#looking), known.get(pages[i].room));
      }
    } catch (failure) {
      if (failure.kind === 'answer') {
        watch.isMissing();
      } else if (failure.kind === undefined) {
        throw failure;
      }
    }
    this.clock.clearTimeout(due);
  }

  /** One request; returns how long to wait before the next one. */
  async #next(signal) {
    const now = this.clock.now();
    const rung = this.mayHold() ? this.ladder.rung(now) : 'timed';
    if (rung === 'stream' && this.store.next !== null && !this.#mustPoll) {
      return this.#listen(signal);
    }
    this.#mustPoll = false;
    const wait = rung === 'timed' || this.#hasMoved ? undefined : this.patience.wait(now);
    this.#hasMoved = false;
    const delay = this.store.next === null ? await this.#open(signal, rung) : await this.#ask(signal, wait, this.#feeds());
    this.#works();
    return delay;
  }

  #works() {
    this.backoff.reset();
    this.ladder.works(this.clock.now());
    this.#status('online');
  }

  async #open(signal, rung) {
    const { store } = this;
    const page = await this.api.poll({ room: store.room, last: OPEN_WITH }, { signal });
    this.#behind = 0;
    store.open(page);
    return rung === 'stream' ? 0 : this.#pause(page);
  }

  // ---- the stream ----

  async #listen(signal) {
    const { store } = this;
    const began = this.clock.now();
    const feeds = this.#feeds();
    const heard = feeds.map(() => ({ oldest: 0, gap: false }));
    const query = { ...questionOf(feeds), epoch: store.epoch };
    let quiet = 0; // longest silence
    try {
      this.#holds = roomsOf(feeds);
      this.#heard = began;
      this.#isStreaming = true;
      const { retry = 1000 } = await this.api.stream(query, {
        signal, first: FIRST_EVENT, silence: SILENCE, take: (events) => this.#take(events, feeds, heard),
        alive: () => {
          quiet = Math.max(quiet, this.clock.now() - this.#heard);
          this.#heard = this.clock.now();
        },
      });
      if (this.clock.now() - began < SHORT_STREAM) {
        this.ladder.shaky(this.clock.now());
      }
      return Math.min(retry, SLOWEST) * this.random();
    } catch (failure) {
      if (signal.aborted || failure.kind === undefined) {
        throw failure;
      }
      return this.#streamFailed(failure, heard[0].oldest > 0, this.clock.now() - began, quiet);
    } finally {
      this.#isStreaming = false;
      this.#holds = '';
    }
  }

  /** began: something came of it. Returns the delay, or throws what is a failure of polls just as well. */
  #streamFailed(failure, began, ms, quiet) {
    const now = this.clock.now();
    const isHeldBack = !began && failure.slug === undefined && ms > SHORTEST_CUT;
    const cantBe = failure.slug === 'no-stream' || failure.kind === 'answer' || isHeldBack;
    if (cantBe) {
      this.ladder.unfit(now);
      return 0;
    }
    const silence = now - this.#heard; // as one that was longer cut nothing, it can't be that
    if (failure.kind === 'network' && began && !this.#mustPoll && this.#isCut(failure, ms, silence > quiet ? silence : ms)) {
      this.ladder.unfit(now);
    } else if (failure.kind === 'silent' || failure.kind === 'network') {
      this.ladder.shaky(now);
    }
    if (failure.kind === 'silent') {
      return 0;
    }
    throw failure;
  }

  /** Something on the way ended what took long, which nobody needs to see unless it goes on. True if now we know how long is too long. */
  #isCut(failure, ms, limit = ms) {
    failure.isCut = ms > SHORTEST_CUT;
    return limit > SHORTEST_CUT && this.patience.cut(limit, this.clock.now());
  }

  #take(events, feeds, heard) {
    let messages = [];
    for (const { event, value } of [...events, { event: 'end' }]) {
      if (event === 'message') {
        messages.push(value);
      } else if (messages.length > 0) {
        this.#share(messages, feeds, heard);
        messages = [];
      }
      if (event === 'cursor') {
        this.#cursor(value, feeds, heard);
      }
    }
  }

  /** Each room its own. */
  #share(messages, feeds, heard) {
    feeds.forEach((feed, i) => {
      const own = feeds.length === 1 ? messages : messagesOf(messages, feed.room);
      if (own.length > 0) {
        this.#news(own, feed, heard[i]);
      }
    });
  }

  #cursor(value, feeds, heard) {
    const cursors = cursorsOf(value, feeds.map(({ room }) => room));
    if (cursors === null) {
      throw new Failure('answer', 'This is no stream of a chat.');
    }
    const [{ epoch }] = cursors;
    if (epoch !== this.store.epoch) {
      throw new Failure('epoch', 'The chat has another database now.', { epoch });
    }
    if (cursors.some(({ head }, i) => head < feeds[i].next)) {
      this.#mustPoll = true; // it knows less than we do: a poll finds out why
      throw new Failure('network', 'The stream is behind.');
    }
    cursors.forEach(({ oldest, gap }, i) => Object.assign(heard[i], { oldest, gap: gap === true }));
    this.#works();
  }

  #news(messages, feed, heard) {
    if (heard.oldest === 0 || !messages.every(isMessage)) {
      throw new Failure('answer', 'This is no stream of a chat.');
    }
    const fresh = messages.filter(({ seq }) => seq > feed.next);
    const joins = fresh.every(({ seq }, i) => seq === (i === 0 ? feed.next : fresh[i - 1].seq) + 1);
    if (!joins && !heard.gap) {
      this.#mustPoll = true;
      throw new Failure('network', 'The stream leaves messages out.');
    }
    if (fresh.length > 0) {
      feed.append({ messages: fresh, next: fresh.at(-1).seq, oldest: heard.oldest, gap: heard.gap });
      heard.gap = false;
    }
  }

  // ---- polls ----

  async #ask(signal, wait, feeds) {
    const since = feeds.map(({ next }) => next);
    const began = this.clock.now();
    this.#holds = wait ? roomsOf(feeds) : '';
    const pages = await this.#request(signal, wait, feeds, began);
    this.patience.held(this.clock.now() - began);
    const [page] = pages;
    if (page.epoch !== this.store.epoch) {
      throw new Failure('epoch', 'The chat has another database now.', { epoch: page.epoch });
    }
    if (pages.some(({ next }, i) => next < since[i])) {
      return this.#lessThanKnown(page);
    }
    this.#behind = 0;
    for (const [i, one] of pages.entries()) {
      if (await this.#leavesOut(one, since[i], signal)) {
        throw new Failure('answer', 'The answer leaves messages out.');
      }
    }
    const counts = pages.map((one, i) => feeds[i].append(one));
    const isEmpty = counts.every((count, i) => count === 0 && pages[i].gap !== true);
    const isCut = isEmpty && this.clock.now() - began < SHORTEST;
    if (isCut && page.wait > 0) {
      this.ladder.shaky(this.clock.now());
    }
    this.#watched = pages.every((one) => this.#watchOf(one).fits(one)) ? pages : [];
    return page.more && !isCut ? 0 : this.#pause(isCut ? { ...page, wait: 0 } : page);
  }

  /** A page for each of the feeds. */
  async #request(signal, wait, feeds, began) {
    // n: a shared cache (Varnish) would let the same request of another client wait for the first
    // answer before it passes it on.
    const query = { ...questionOf(feeds), epoch: this.store.epoch, wait, n: wait && this.random() };
    const options = { limit: WAIT_LIMIT, signal };
    try {
      return await (feeds.length === 1 ? this.api.poll(query, options).then((page) => [page]) : this.api.poll(query, { ...options, rooms: feeds.map(({ room }) => room) }));
    } catch (failure) {
      const ms = this.clock.now() - began;
      if (wait && failure.slug === undefined && ms > SHORTEST && !signal.aborted && !(ms < WAIT_LIMIT && this.#isCut(failure, ms))) {
        this.ladder.shaky(this.clock.now());
      }
      throw failure;
    } finally {
      this.#holds = '';
    }
  }

  /**
   * True: messages are missing in an answer although the server has them, so something on the way
   * gave another answer. False: none are missing, or their rows are gone, which an older server
   * doesn't say (gap).
   */
  async #leavesOut(page, since, signal) {
    const hole = page.gap === true ? undefined : holeIn(page, since);
    if (hole === undefined) {
      return false;
    }
    const { room, epoch } = page;
    const query = { room, before: hole.before, limit: 1, epoch, n: this.random() }; // n: no copy that something has kept
    const { messages, oldest, head } = await this.api.poll(query, { signal });
    const isOlder = messages.length > 1 || head < page.next; // a copy of some other answer
    return isOlder || (messages.length > 0 ? messages[0].seq > hole.after : oldest < hole.before);
  }

  /** A copy of an old answer, or a database that was set back? If it says so again, it is the latter. */
  #lessThanKnown(page) {
    this.#behind += 1;
    if (this.#behind > 1) {
      this.#forget();
      return 0;
    }
    return this.#pause({ ...page, wait: 0 });
  }

  #forget() {
    this.#feeds().forEach((feed) => feed.forget());
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
      this.#forget();
    } else if (failure.kind === undefined) {
      throw failure; // an error of ours
    }
    const delay = Math.max(this.backoff.next(failure.retryAfter), failure.kind === 'refused' ? REFUSED : 0);
    if (failure.isCut && this.backoff.tries < 3) {
      return delay;
    }
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
  const before = store.lowest;
  const page = await api.poll({ room: store.room, before, limit, epoch: store.epoch });
  return store.prepend(page, before);
}
