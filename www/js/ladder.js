// ladder.js - which way to listen: a stream, held polls, timed polls; down on evidence, up again after a while. And how long polls
// are held.
//
// Pure: it is told what happened and when, and says what to try next. Knows no network and no timers.
//
//   stream   the server tells each message when it is there
//   held     a poll is answered when there is one, or after some 25 s
//   timed    a poll is answered at once; the next one follows after a pause

export const RUNGS = ['stream', 'held', 'timed'];

const WAIT = 25; // seconds
const STRIKES = 3; // what may be chance is evidence at the third time
const STRIKES_WITHIN = 120_000;
const FIRST_PAUSE = 60_000; // before a better way is tried again; doubled each time it fails again
const LONGEST_PAUSE = 1_800_000;
const TRUSTED_AFTER = 300_000; // a way that held out so long starts with the first pause again

export class Ladder {
  #rung;
  #top;
  #since = null; // when this rung was taken
  #upAt = Infinity;
  #strikes = [];
  #pauses = new Map();

  /** top: the best way that this browser can go. */
  constructor({ top = 'stream', random = Math.random } = {}) {
    this.#top = RUNGS.indexOf(top);
    this.#rung = this.#top;
    this.random = random;
  }

  /** The way to go now. */
  rung(now) {
    this.#since ??= now;
    if (now >= this.#upAt && this.#rung > this.#top) {
      this.#take(this.#rung - 1, now);
    }
    return RUNGS[this.#rung];
  }

  /** This way works: what it is for has happened. */
  works(now) {
    if (now - (this.#since ?? now) >= TRUSTED_AFTER) {
      this.#pauses.delete(this.#rung);
    }
  }

  /** It can't work here: answers are held back, or refused. */
  unfit(now) {
    if (this.#rung < RUNGS.length - 1) {
      const pause = this.#pauses.get(this.#rung) ?? FIRST_PAUSE;
      this.#pauses.set(this.#rung, Math.min(LONGEST_PAUSE, pause * 2));
      this.#take(this.#rung + 1, now, now + pause * (1 + this.random()));
    }
  }

  /** It broke off, which may be chance. */
  shaky(now) {
    this.#strikes = this.#strikes.filter((at) => now - at < STRIKES_WITHIN && at <= now);
    this.#strikes.push(now);
    if (this.#strikes.length >= STRIKES) {
      this.unfit(now);
    }
  }

  /** Another network: what was learned of the last one says nothing. */
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

/** How long a poll may be held before something on the way cuts it: learned from the cuts. */
export class Patience {
  #wait = WAIT;
  #cut = 0; // milliseconds that the last one had
  #upAt = 0; // when more is asked for again
  #pause = FIRST_PAUSE * 10;

  /** Seconds to ask for. */
  wait(now) {
    return now < this.#upAt ? this.#wait : WAIT;
  }

  /** One was answered after so long, so that what was cut before was cut by chance. */
  held(ms) {
    if (ms > this.#cut * 1.25) {
      this.#cut = 0;
    }
  }

  /** One was cut after so long. True if that is known now, having happened before: the next one asks for less. */
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
}
