// clock.js - the time for durations, and the time of day.
//
// The device's clock may be set forwards or back at any moment. So durations are measured with a
// clock that never goes back. That clock may stand still while the device sleeps, so a jump of the
// time of day forwards counts as a sleep; a jump back counts as nothing.

const SLEPT = 2000; // a smaller difference is the grain of the two clocks

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
