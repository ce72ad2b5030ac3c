// ladder.js - which way to listen: by a stream, by polls that wait, or by polls on a timer. It goes
// down on evidence, and up again after a while. And how long a poll may wait.
//
// Pure: it is told what happened and when, and says what to try next. Has no network and no timers.
//
//   stream   the server sends each message when it is there
//   held     the server answers a poll when there is a message, or after some 25 s
//   timed    the server answers a poll at once; the next one follows after a pause
//
// Times are in milliseconds, of a clock that never goes back (clock.js).

export const RUNGS = ['stream', 'held', 'timed'];

export const WAIT = 25; // seconds that a poll asks to wait; the default of max_wait
const STRIKES = 3; // what may be chance is evidence at the third time,
const STRIKES_WITHIN = 120_000; // within this time
const FIRST_PAUSE = 60_000; // before a better way is tried again; doubled each time that it fails again
const LONGEST_PAUSE = 1_800_000;
const TRUSTED_AFTER = 300_000; // a way that has worked so long starts with the first pause again
const SHORTEST_CUT = 2500; // a request that ends sooner would leave no time to wait

export class Ladder {
  #rung;
  #top;
  #since = null; // when this rung was taken
  #upAt = Infinity;
  #strikes = [];
  #pauses = new Map();

  /** top: the best way that this browser is capable of. */
  constructor({ top = 'stream', random = Math.random } = {}) {
    this.#top = RUNGS.indexOf(top);
    this.#rung = this.#top;
    this.random = random;
  }

  /** The way to use now. */
  rung(now) {
    this.#since ??= now;
    if (now >= this.#upAt && this.#rung > this.#top) {
      this.#take(this.#rung - 1, now);
    }
    return RUNGS[this.#rung];
  }

  /** This way works: it has brought an answer. */
  works(now) {
    if (now - (this.#since ?? now) >= TRUSTED_AFTER) {
      this.#pauses.delete(this.#rung);
    }
  }

  /** This way can't work here: answers are held back, or refused. */
  unfit(now) {
    if (this.#rung < RUNGS.length - 1) {
      const pause = this.#pauses.get(this.#rung) ?? FIRST_PAUSE;
      this.#pauses.set(this.#rung, Math.min(LONGEST_PAUSE, pause * 2));
      this.#take(this.#rung + 1, now, now + pause * (1 + this.random()));
    }
  }

  /** A request broke off, which may be chance. */
  shaky(now) {
    this.#strikes = this.#strikes.filter((at) => now - at < STRIKES_WITHIN && at <= now);
    this.#strikes.push(now);
    if (this.#strikes.length >= STRIKES) {
      this.unfit(now);
    }
  }

  /** There is another network: what was learned of the last one doesn't count. */
  forget(now) {
    this.#pauses.clear();
    this.#take(this.#top, now);
  }

  #take(rung, now, upAt = this.#pauses.has(rung - 1) ? now + this.#pauses.get(rung - 1) * (1 + this.random()) : Infinity) {
    this.#rung = rung;
    this.#since = now;
    this.#upAt = upAt;
    this.#strikes = [];
  }
}

/** How long a poll may wait before something on the way cuts it: learned from the cuts. */
export class Patience {
  #wait = WAIT;
  #cut = 0; // how long the last one lasted that was cut
  #upAt = 0; // when the full time is asked for again
  #pause = FIRST_PAUSE * 10;

  /** Seconds that a poll asks to wait. */
  wait(now) {
    return now < this.#upAt ? this.#wait : WAIT;
  }

  /** A poll was answered after `ms`: an earlier cut after less was chance. */
  held(ms) {
    if (ms > this.#cut * 1.25) {
      this.#cut = 0;
    }
  }

  /** A poll was cut after `ms`. True: so was the one before, so the next ones ask for less. */
  cut(ms, now) {
    const isKnown = ms < WAIT * 1000 && Math.abs(ms - this.#cut) < this.#cut / 4;
    this.#cut = ms;
    if (isKnown) {
      this.#wait = Math.max(2, Math.floor(ms / 1250));
      this.#upAt = now + this.#pause;
      this.#pause = Math.min(LONGEST_PAUSE, this.#pause * 2);
    }
    return isKnown;
  }

  /** Whether a request that ended after `ms` may have ended because it took long. */
  isLong(ms) {
    return ms > SHORTEST_CUT;
  }

  /**
   * Something on the way ended a request after `ms`; the failure isn't shown unless that goes on.
   * limit: how long it may have been silent. True: now it is known how long is too long.
   */
  isCut(failure, ms, now, limit = ms) {
    failure.isCut = this.isLong(ms);
    return this.isLong(limit) && this.cut(limit, now);
  }
}
