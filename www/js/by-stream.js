// by-stream.js - one stream for one room or several: reads its events, and gives the messages to
// the feeds (a store, and rooms of other tabs).

import { Failure, isMessage } from './answers.js';
import { cursorsOf, messagesOf, questionOf } from './several.js';
import { readStream } from './stream.js';

const QUIET = 20_000; // milliseconds of silence after which a stream is made anew when the visitor comes back
const EXPECTED = 4000; // milliseconds within which a stream brings the visitor's own message
const SHORT = 10_000; // a stream that ends sooner is suspicious
const LONGEST_RETRY = 30_000;

const noStream = () => new Failure('answer', 'This is no stream of a chat.');

export class ByStream {
  mustPoll = false; // the stream said something that only a poll can settle
  #asking = null; // ends the stream
  #heard = 0; // when the stream last gave a sign of life
  #quiet = 0; // its longest silence, in milliseconds

  /**
   * given: { api, clock, random, ladder, patience, works() }; works: called when the stream has
   * brought a cursor.
   */
  constructor(given) {
    Object.assign(this, given);
  }

  get isOpen() {
    return this.#asking !== null;
  }

  /**
   * Reads a stream to its end. Returns how long to wait before the next request; throws a Failure.
   */
  async listen(feeds, asking) {
    const began = this.clock.now();
    const heard = feeds.map(() => ({ oldest: 0, gap: false })); // by the last cursor
    this.#asking = asking;
    this.#heard = began;
    this.#quiet = 0;
    try {
      const query = { ...questionOf(feeds), epoch: feeds[0].epoch };
      const options = { signal: asking.signal, take: (events) => this.#take(events, feeds, heard), alive: () => this.#alive() };
      const { retry = 1000 } = await this.api.stream(readStream, query, options);
      if (this.clock.now() - began < SHORT) {
        this.ladder.shaky(this.clock.now());
      }
      return Math.min(retry, LONGEST_RETRY) * this.random();
    } catch (failure) {
      if (asking.signal.aborted || failure.kind === undefined) {
        throw failure;
      }
      return this.#failed(failure, heard[0].oldest > 0, this.clock.now() - began);
    } finally {
      this.#asking = null;
    }
  }

  /** Ends the stream if it seems to be dead. anew, expected: see Transport.hurry(). */
  revive({ anew, expected }) {
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

  #alive() {
    const now = this.clock.now();
    this.#quiet = Math.max(this.#quiet, now - this.#heard);
    this.#heard = now;
  }

  /**
   * hasBegun: a cursor came. ms: that the stream lasted. Returns how long to wait, or throws what
   * is as much a failure of polls.
   */
  #failed(failure, hasBegun, ms) {
    const { kind, slug } = failure;
    const now = this.clock.now();
    const isHeldBack = !hasBegun && slug === undefined && this.patience.isLong(ms);
    if (slug === 'no-stream' || kind === 'answer' || isHeldBack) {
      this.ladder.unfit(now);
      return 0;
    }
    const silence = now - this.#heard;
    const limit = silence > this.#quiet ? silence : ms; // a longer silence before ended nothing, so the length did
    if (kind === 'network' && hasBegun && !this.mustPoll && this.patience.isCut(failure, ms, now, limit)) {
      this.ladder.unfit(now);
    } else if (kind === 'silent' || kind === 'network') {
      this.ladder.shaky(now);
    }
    if (kind === 'silent') {
      return 0;
    }
    throw failure;
  }

  /** Messages that come together are given to the feeds together. */
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

  #share(messages, feeds, heard) {
    feeds.forEach((feed, i) => {
      const own = feeds.length === 1 ? messages : messagesOf(messages, feed.room);
      if (own.length > 0) {
        this.#append(own, feed, heard[i]);
      }
    });
  }

  /** A cursor comes first, and says how far the server is. */
  #cursor(value, feeds, heard) {
    const cursors = cursorsOf(value, feeds.map(({ room }) => room));
    if (cursors === null) {
      throw noStream();
    }
    const [{ epoch }] = cursors;
    if (epoch !== feeds[0].epoch) {
      throw new Failure('epoch', 'The chat has another database now.', { epoch });
    }
    if (cursors.some(({ head }, i) => head < feeds[i].next)) {
      this.#doubt('The stream is behind.');
    }
    cursors.forEach(({ oldest, gap }, i) => Object.assign(heard[i], { oldest, gap: gap === true }));
    this.works();
  }

  #append(messages, feed, heard) {
    if (heard.oldest === 0 || !messages.every(isMessage)) {
      throw noStream();
    }
    const fresh = messages.filter(({ seq }) => seq > feed.next);
    const joins = fresh.every(({ seq }, i) => seq === (i === 0 ? feed.next : fresh[i - 1].seq) + 1);
    // a gap up to the oldest message ends with that one
    const isCutOff = heard.gap && feed.next + 1 < heard.oldest && fresh.length > 0 && fresh[0].seq !== heard.oldest;
    if ((!joins && !heard.gap) || isCutOff) {
      this.#doubt('The stream leaves messages out.');
    }
    if (fresh.length > 0) {
      feed.append({ messages: fresh, next: fresh.at(-1).seq, oldest: heard.oldest, gap: heard.gap });
      heard.gap = false;
    }
  }

  /** A poll finds out whether the stream or what is known is wrong. */
  #doubt(message) {
    this.mustPoll = true;
    throw new Failure('network', message);
  }
}
