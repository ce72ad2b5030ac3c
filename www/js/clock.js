// clock.js - the time for durations, the time of day, and sleep.
//
// A user may set the clock of the device forwards or back at any moment. So durations are measured
// with a clock that never goes back. That clock may stop while the device sleeps, so a jump of the
// time of day forwards counts as a sleep; a jump back counts as nothing.

const SLEPT = 2000; // milliseconds; smaller differences are due to the precision of the two clocks

/**
 * wall, mono: milliseconds. Returns { now(): for durations, never goes back; wall(): the time of
 * day; setTimeout, clearTimeout }.
 */
export function makeClock({ wall = () => Date.now(), mono = () => performance.now(), ...timers } = {}) {
  let [lastWall, lastMono] = [wall(), mono()];
  let now = lastWall;
  return {
    setTimeout: (f, ms) => setTimeout(f, ms),
    clearTimeout: (timer) => clearTimeout(timer),
    ...timers,
    wall,
    now() {
      const [byWall, byMono] = [wall() - lastWall, Math.max(0, mono() - lastMono)];
      [lastWall, lastMono] = [lastWall + byWall, lastMono + byMono];
      now += byWall > byMono + SLEPT ? byWall : byMono;
      return now;
    },
  };
}

/** A sleep that can be ended early. */
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

  wake() {
    this.#wake?.();
  }
}
