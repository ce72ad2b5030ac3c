// others.js - the other tabs and frames of a chat in this browser, by what they said of themselves;
// and the rooms that only they show, for which the leader listens (tabs.js).

import { ALIVE } from './lead.js';

const PACES = ['active', 'idle', 'hidden'];
const GONE = { active: 4 * ALIVE, idle: 4 * ALIVE, hidden: 180_000 }; // milliseconds after which a silent tab counts as closed
const MOST_ROOMS = 32; // that the server accepts in one request
const LOOKED_AT = 3.5 * ALIVE; // its pace counts for so long

export class Others {
  #tabs = new Map(); // by id: { room, epoch, next, pace, at }

  constructor(clock) {
    this.clock = clock;
  }

  /** tab: { id, room, epoch, next, pace }. */
  hear(tab) {
    this.#tabs.set(tab.id, { ...tab, at: this.clock.now() });
  }

  leave(id) {
    this.#tabs.delete(id);
  }

  clear() {
    this.#tabs.clear();
  }

  forgetTheGone() {
    const now = this.clock.now();
    for (const [id, { at, pace }] of this.#tabs) {
      if (now - at > GONE[pace]) {
        this.#tabs.delete(id);
      }
    }
  }

  /**
   * The liveliest pace of a tab whose own pace this is, and of the others that which(tab) chooses.
   */
  paceOf(own, which) {
    const now = this.clock.now();
    const paces = [...this.#tabs.values()].filter((tab) => which(tab) && now - tab.at < LOOKED_AT).map(({ pace }) => pace);
    return PACES.find((pace) => pace === own || paces.includes(pace));
  }

  /** The tabs that show another room of this database; visible ones first. */
  elsewhere({ room, epoch }) {
    const tabs = [...this.#tabs.values()].filter((tab) => tab.room !== room && tab.next !== null && tab.epoch === epoch);
    return tabs.sort((a, b) => PACES.indexOf(a.pace) - PACES.indexOf(b.pace));
  }

  /** The tab of each room that makes a sound: { room: id }. */
  get speakers() {
    return Object.fromEntries([...this.#tabs].reverse().map(([id, tab]) => [tab.room, id]));
  }
}

/** A room that only other tabs show. For the transport it is like a store. */
class Remote {
  constructor({ room, epoch, next }, tell) {
    Object.assign(this, { room, epoch, next, tell });
  }

  append(page) {
    const { epoch, next: since } = this;
    this.next = page.next;
    if (page.messages.length > 0 || page.gap === true) {
      this.tell({ type: 'append', room: this.room, page, epoch, since });
    }
    return page.messages.length;
  }

  forget() {
    this.next = null;
  }
}

export class Remotes {
  #rooms = new Map(); // by name

  /** tell(what): called with what comes for them. */
  constructor(tell) {
    this.tell = tell;
  }

  /** The rooms that are up to date with this database. */
  of(database) {
    return [...this.#rooms.values()].filter(({ epoch, next }) => next !== null && epoch === database);
  }

  /**
   * Takes the rooms of these tabs, as many as fit in a request. Returns whether they are others
   * than before.
   */
  choose(tabs, database) {
    const before = this.#rooms;
    const known = new Map(this.of(database).map((remote) => [remote.room, remote]));
    this.#rooms = new Map();
    for (const tab of tabs) {
      if (this.#rooms.size < MOST_ROOMS - 1 && !this.#rooms.has(tab.room)) {
        this.#rooms.set(tab.room, known.get(tab.room) ?? new Remote(tab, this.tell));
      }
    }
    return this.#rooms.size !== before.size || [...this.#rooms].some(([room, remote]) => before.get(room) !== remote);
  }

  clear() {
    this.#rooms.clear();
  }
}
