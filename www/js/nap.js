// nap.js - a sleep that can be ended early. Knows no network; the clock is given.

export class Nap {
  #wake = null;

  constructor(clock) {
    this.clock = clock;
  }

  /** Resolves after `ms` milliseconds, or when wake() is called. One sleep at a time. */
  sleep(ms) {
    return new Promise((done) => {
      const timer = this.clock.setTimeout(() => this.wake(), ms);
      this.#wake = () => {
        this.clock.clearTimeout(timer);
        this.#wake = null;
        done();
      };
    });
  }

  /** Ends the sleep; without one it does nothing. */
  wake() {
    this.#wake?.();
  }
}
