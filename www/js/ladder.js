// ladder.js - which way to listen: a stream, held polls, timed polls; down on evidence, up again after a while.
//
// Pure: it is told what happened and when, and says what to try next. Knows no network and no timers.
//
//   stream   the server tells each message when it is there
//   held     a poll is answered when there is one, or after some 25 s
//   timed    a poll is answered at once; the next one follows after a pause

export const RUNGS = ['stream', 'held', 'timed'];

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
