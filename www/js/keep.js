// keep.js - keeps messages that aren't sent yet, through reloads, crashes and days offline: in
// IndexedDB, one record for each tab.
//
// Each chat has a database of its own, and its address is part of all names, because other chats
// may be at other paths of the host. A tab has a lock as long as it lives, so that no other tab
// touches its record. If a tab is gone, the next tab that opens the room takes over its record. A
// browser may have no IndexedDB or no locks (nor channels for a stand-in), or forbid them; then
// `otherwise` keeps the messages: { load, save } over something simpler, and only until the tab is
// closed. A database needs a moment to write, in which the tab may be closed: until then `ahead`, a
// storage that writes at once (localStorage), has the same.

const OUTBOX = 'outbox';

/** The result of a request to a database, as a promise. */
export const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Opens the database. chat: its name in this browser. */
export function openOutbox(indexedDB, chat) {
  const request = indexedDB.open(chat, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(OUTBOX); // key: [room, tab]
  return done(request);
}

const isEntry = (entry) => [entry?.name, entry?.id, entry?.text, entry?.time].every((value) => typeof value === 'string');

/**
 * Joins the messages of several tabs in the order of writing. Those without a number are older than
 * those with one, and in order within their own list.
 */
export function inOrder(lists) {
  const lines = lists.flatMap((list) => {
    let time = '';
    return list.map((entry) => ({ entry, order: entry.order ?? 0, time: (time = entry.time > time ? entry.time : time) }));
  });
  const byTime = (a, b) => (a.order > 0 || a.time === b.time ? 0 : a.time < b.time ? -1 : 1);
  return lines.sort((a, b) => a.order - b.order || byTime(a, b)).map(({ entry }) => entry);
}

export class Keep {
  #database = null;
  #locks;
  #key;
  #last = '[]';
  #hasOther = false; // `otherwise` holds entries

  /**
   * locks(): like navigator.locks, or a promise of it; undefined: there are none. chat: its name in
   * this browser. tab: an id that no other tab has.
   */
  constructor({ indexedDB, locks, chat, room, tab, ahead, otherwise }) {
    Object.assign(this, { indexedDB, locks, chat, room, ahead, otherwise });
    this.#key = [room, tab];
  }

  /**
   * Returns what tabs that are gone left behind, in the order of writing. To be called once, before
   * save().
   */
  async load() {
    try {
      this.#locks = await this.locks();
      this.#database = await openOutbox(this.indexedDB, this.chat);
      await this.#live();
      const found = [];
      const add = (list) => found.push(list.filter(({ id }) => found.flat().every((other) => other.id !== id)));
      for (const key of await this.#keys()) {
        add(await this.#adopt(key));
      }
      for (const [key, text] of this.#aheads()) {
        add(await this.#adoptAhead(key, text));
      }
      add(this.#others());
      return inOrder(found);
    } catch {
      this.#database = null;
      return inOrder([this.#others()]);
    }
  }

  #others() {
    const others = this.otherwise.load().filter(isEntry);
    this.#hasOther = others.length > 0;
    return others;
  }

  /** Resolves when the entries are kept, in the database or by `otherwise`. */
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
      if (this.#hasOther) {
        this.otherwise.save([]);
        this.#hasOther = false;
      }
    } catch {
      this.#hasOther = true;
      this.otherwise.save(entries);
    }
  }

  // ---- what the database has not written yet ----

  #aheadKey([room, tab]) {
    return `${this.chat} ${room} ahead ${tab}`;
  }

  #writeAhead(text) {
    try {
      if (text === '[]') {
        this.ahead.removeItem(this.#aheadKey(this.#key));
      } else {
        this.ahead.setItem(this.#aheadKey(this.#key), text);
      }
    } catch {
      // full or forbidden: only the database has it
    }
  }

  /** What other tabs of this room wrote ahead: [[key, text]]. */
  #aheads() {
    try {
      return Object.keys(this.ahead)
        .filter((key) => key.startsWith(this.#aheadKey([this.room, ''])))
        .map((key) => [[this.room, key.slice(key.lastIndexOf(' ') + 1)], this.ahead.getItem(key)]);
    } catch {
      return [];
    }
  }

  #adoptAhead(key, text) {
    return this.#locks.request(this.#lockOf(key), { ifAvailable: true }, (lock) => {
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

  /** Takes this tab's lock, for as long as the tab lives. */
  #live() {
    return new Promise((resolve, reject) => {
      this.#locks
        .request(this.#lockOf(this.#key), () => {
          resolve();
          return new Promise(() => {});
        })
        .catch(reject);
    });
  }

  #lockOf([, tab]) {
    return `${this.chat} tab ${tab}`;
  }

  async #keys() {
    const all = await done(this.#database.transaction(OUTBOX).objectStore(OUTBOX).getAllKeys());
    return all.filter(([room, tab]) => room === this.room && tab !== this.#key[1]);
  }

  /**
   * Moves the record of a tab that is gone to this tab. In one transaction: if this tab goes as
   * well, nothing is lost.
   */
  #adopt(key) {
    return this.#locks.request(this.#lockOf(key), { ifAvailable: true }, async (lock) => {
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
