// watch.js - looks at the head files of rooms, and says when to poll. A server that can't let polls
// wait has such a file for each room; it says how far the room is, and costs next to nothing.
//
// A file may be late, old or of another database. So a poll follows after a while in any case, and
// a file that was behind twice in a row, a pause after a poll knew better, isn't looked at any
// more. The server may remove a file in favour of those of other rooms; the next poll has it made
// again.

/** Judges the file of one room. Pure. */
export class Watch {
  #strikes = 0;
  #wasThere = false; // since it was last missing

  /** Whether this answer of /poll names a file to look at. */
  fits({ wait, watch }) {
    return wait === 0 && this.#strikes < 2 && /^heads\/[\w-]+$/.test(watch);
  }

  /** Whether it is time to poll. said: by the file; known: { epoch, next }. */
  isNews({ epoch, head }, known) {
    this.#wasThere = true;
    const isOther = epoch !== known.epoch;
    this.#strikes = isOther || head < known.next ? this.#strikes + 1 : 0;
    return isOther || head > known.next || this.#strikes > 1;
  }

  /** The file doesn't exist. */
  isMissing() {
    this.#strikes = this.#wasThere ? this.#strikes + 1 : 2;
    this.#wasThere = false;
  }
}

/** Looks at the files of all rooms that are asked for. */
export class HeadFiles {
  pages = []; // answers that name a file to look at
  hasMoved = false; // a file said that there is news
  #watches = new Map(); // by room
  #looking; // ends a request for a file

  /** nap: see clock.js. */
  constructor({ api, nap }) {
    Object.assign(this, { api, nap });
  }

  #watchOf({ room }) {
    return this.#watches.get(room) ?? this.#watches.set(room, new Watch()).get(room);
  }

  /** The answers of a poll. */
  found(pages) {
    this.pages = pages.every((page) => this.#watchOf(page).fits(page)) ? pages : [];
  }

  /** Ends a request for a file. */
  wake() {
    this.#looking?.abort();
  }

  /**
   * Looks at one file after the other, until one has moved or isOver(). pauseOf(page): between two
   * rounds.
   */
  async look(feeds, pauseOf, isOver) {
    const { pages } = this;
    const known = new Map(feeds.map((feed) => [feed.room, feed]));
    let watch;
    try {
      for (let i = 0; !this.hasMoved; i = (i + 1) % pages.length) {
        if (i === 0) {
          await this.nap.sleep(pauseOf(pages[0]));
        }
        if (isOver()) {
          break;
        }
        this.#looking = new AbortController();
        watch = this.#watchOf(pages[i]);
        this.hasMoved = watch.isNews(await this.api.head(pages[i].watch, this.#looking), known.get(pages[i].room));
      }
    } catch (failure) {
      if (failure.kind === 'answer') {
        watch.isMissing();
      } else if (failure.kind === undefined) {
        throw failure;
      }
    }
  }
}
