// watch.js - whether the file that says how far a room is (a server that can't hold polls has one)
// is worth looking at, and when to poll.
//
// Pure. The file may be late, old or another one: a poll follows after a while in any case, and
// what was behind twice in a row, a pause after a poll knew better, isn't looked at any more. A
// file that was there may give way to those of other rooms; the next poll has it made again.

export class Watch {
  #strikes = 0;
  #wasThere = false; // since it was last missing

  /** Does this answer of /poll name a file to look at? */
  fits({ wait, watch }) {
    return wait === 0 && this.#strikes < 2 && /^heads\/[\w-]+$/.test(watch);
  }

  /** Is it time to poll? said: by the file; known: { epoch, next }. */
  isNews({ epoch, head }, known) {
    this.#wasThere = true;
    const isOther = epoch !== known.epoch;
    this.#strikes = isOther || head < known.next ? this.#strikes + 1 : 0;
    return isOther || head > known.next || this.#strikes > 1;
  }

  /** There is no such file where one was looked for. */
  isMissing() {
    this.#strikes = this.#wasThere ? this.#strikes + 1 : 2;
    this.#wasThere = false;
  }
}
