// backoff.js - how long to wait before the next try. The time doubles with each try, is spread at
// random, and is never less than the server asked for.

export class Backoff {
  #tries = 0;

  constructor({ first = 1000, most = 30_000, mostAsked = 300_000, random = Math.random } = {}) {
    Object.assign(this, { first, most, mostAsked, random });
  }

  /** Returns milliseconds. retryAfter: seconds that the server asked for, or undefined. */
  next(retryAfter = 0) {
    const full = Math.min(this.most, this.first * 2 ** Math.min(this.#tries, 30));
    this.#tries += 1;
    const own = full * (0.5 + this.random() / 2);
    const asked = Math.min(retryAfter * 1000, this.mostAsked) * (1 + this.random() / 5); // so that not all clients come at the same moment
    return Math.round(Math.max(own, asked));
  }

  get tries() {
    return this.#tries;
  }

  reset() {
    this.#tries = 0;
  }
}
