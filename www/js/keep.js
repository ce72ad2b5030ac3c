// keep.js - keeps what isn't sent yet, through reloads, crashes and days offline: IndexedDB, one record for each tab.
//
// A tab holds a lock for as long as it lives, so that its record is its own; what a tab left behind that is gone is taken over by the
// next one that opens the room. Where a browser has no IndexedDB or no locks (a page without HTTPS), or forbids them, `otherwise`
// keeps it: { load, save } over something simpler.

const DATABASE = 'pollchat';
const OUTBOX = 'outbox';

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
  constructor({ indexedDB, locks, name, tab, otherwise }) {
    Object.assign(this, { indexedDB, locks, name, otherwise });
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
      return found.sort((a, b) => (a.time < b.time ? -1 : 1));
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
      if (this.#database === null) {
        throw new Error('no database');
      }
      const outbox = this.#database.transaction(OUTBOX, 'readwrite').objectStore(OUTBOX);
      await done(entries.length > 0 ? outbox.put(JSON.parse(text), this.#key) : outbox.delete(this.#key));
    } catch {
      this.otherwise.save(entries);
    }
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
