// wait.mjs - how tests wait: for a condition, not for a time.

/** Hung, not slow: no test depends on how long something takes. */
export const GIVE_UP_MS = 60_000;

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * Waits until condition() is true, checks it every 10 ms, and returns its value. Fails after `ms`
 * with the name of what was waited for.
 */
export async function until(condition, what, ms = GIVE_UP_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`waited ${ms} ms in vain for ${what}`);
    }
    await pause(10);
  }
}
