// keep.js - keeps what isn't sent yet, through reloads, crashes and days offline: IndexedDB, one record for each tab.
//
// A tab holds a lock for as long as it lives, so that its record is its own; what a tab left behind that is gone is taken over by the
// next one that opens the room. Where a browser has no IndexedDB or no locks (a page without HTTPS), or forbids them, `otherwise`
// keeps it: { load, save } over something simpler. A database needs a moment to write, and a tab may be closed in it: until then `ahead`,
// a storage that writes at once (localStorage), has the same.

const DATABASE = 'pollchat';
const OUTBOX = 'outbox';
const AHEAD = 'pollchat.ahead.';

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

function open(indexedDB) {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(OUTBOX); // key: [room of a site, tab]
  return done(request);
}

const isEntry = (entry) => [entry?.name, entry?.id, entry?.text, entry?.time].every((value) => typeof value === 'string');

export class Keep {
  #database = null;
  #key;
  #last = '[]';

  /** name: of the room on this site; tab: an id that no other tab has. */
  constructor({ indexedDB, locks, name, tab, ahead, otherwise }) {
    Object.assign(this, { indexedDB, locks, name, ahead, otherwise });
    this.#key = [name, tab];
  }

  /** What was left behind, oldest first. To be called once, before save(). */
  async load() {
    try {
      this.#database = await open(this.indexedDB);
      await this.#live();
      const found = [];
      for (const key of await this.#keys()) {
        found.push(...(await this.#adopt(key)));
      }
      for (const [key, text] of this.#aheads()) {
        found.push(...(await this.#adoptAhead(key, text)).filter(({ id }) => found.every((other) => other.id !== id)));
      }
      return found.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    } catch {
      this.#database = null;
      return this.otherwise.load().filter(isEntry);
    }
  }

  /** Resolves when they are kept, one way or the other. */
  async save(entries) {
    const text = JSON.stringify(entries);
    if (text === this.#last) {
      return;
    }
    this.#last = text;
    try {
      this.#writeAhead(text);
      if (this.#database === null) {
        throw new Error('no database');
      }
      const outbox = this.#database.transaction(OUTBOX, 'readwrite').objectStore(OUTBOX);
      await done(entries.length > 0 ? outbox.put(JSON.parse(text), this.#key) : outbox.delete(this.#key));
      if (this.#last === text) {
        this.#writeAhead('[]');
      }
    } catch {
      this.otherwise.save(entries);
    }
  }

  // ---- what a database has not written yet ----

  #aheadKey([name, tab]) {
    return `${AHEAD}${name}\n${tab}`;
  }

  #writeAhead(text) {
    try {
      if (text === '[]') {
        this.ahead.removeItem(this.#aheadKey(this.#key));
      } else {
        this.ahead.setItem(this.#aheadKey(this.#key), text);
      }
    } catch {
      // full or forbidden: the database alone
    }
  }

  /** [[tab's key, text]] of other tabs of this room. */
  #aheads() {
    try {
      return Object.keys(this.ahead)
        .filter((key) => key.startsWith(`${AHEAD}${this.name}\n`))
        .map((key) => [[this.name, key.slice(key.lastIndexOf('\n') + 1)], this.ahead.getItem(key)]);
    } catch {
      return [];
    }
  }

  #adoptAhead(key, text) {
    return this.locks.request(this.#lockOf(key), { ifAvailable: true }, (lock) => {
      if (lock === null) {
        return [];
      }
      this.ahead.removeItem(this.#aheadKey(key));
      try {
        return JSON.parse(text).filter(isEntry);
      } catch {
        return [];
      }
    });
  }

  /** Holds this tab's lock until it is gone. */
  #live() {
    return new Promise((resolve, reject) => {
      this.locks
        .request(this.#lockOf(this.#key), () => {
          resolve();
          return new Promise(() => {});
        })
        .catch(reject);
    });
  }

  #lockOf([, tab]) {
    return `pollchat tab ${tab}`;
  }

  async #keys() {
    const all = await done(this.#database.transaction(OUTBOX).objectStore(OUTBOX).getAllKeys());
    return all.filter(([name, tab]) => name === this.name && tab !== this.#key[1]);
  }

  /** The record of a tab that is gone becomes ours, in one transaction: nothing is lost should this tab go as well. */
  #adopt(key) {
    return this.locks.request(this.#lockOf(key), { ifAvailable: true }, async (lock) => {
      if (lock === null) {
        return [];
      }
      const outbox = this.#database.transaction(OUTBOX, 'readwrite').objectStore(OUTBOX);
      const theirs = ((await done(outbox.get(key))) ?? []).filter(isEntry);
      const own = (await done(outbox.get(this.#key))) ?? [];
      outbox.put([...own, ...theirs], this.#key);
      await done(outbox.delete(key));
      return theirs;
    });
  }
}
