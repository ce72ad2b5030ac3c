// me.js - what the visitor is in this room and may do there: GET /poll/me. Asks at the start, when
// something says that it may be different, and every few minutes while the room is looked at.
//
// Event: change. An older server doesn't know the address: then nothing is known, and all is shown
// as allowed.

import { isObject } from './answers.js';
import { Source } from './events.js';

const EVERY = 240_000; // milliseconds
const SOON = 400; // several causes within this time are one request
const AFTER_END = 500; // milliseconds after the end of a ban or of opening hours

/** Names that are the same for the chat; it compares by more rules than these. */
const fold = (name) => name.normalize('NFKC').replace(/\p{Default_Ignorable_Code_Point}/gu, '').toLowerCase().trim();

export class Me extends Source {
  #now = {};
  #timer = null;
  #due = Infinity;

  /** isSeen(): the visitor looks at the room. clock: see clock.js. */
  constructor({ api, room, clock, isSeen }) {
    super();
    Object.assign(this, { api, room, clock, isSeen });
  }

  /** The last answer, as API.md describes it; {} before the first one. */
  get now() {
    return this.#now;
  }

  get person() {
    return this.#now.person ?? null;
  }

  get mayModerate() {
    return this.#now.may?.moderate === true;
  }

  get isOwner() {
    return this.#now.role === 'owner';
  }

  /** Whether a message is of this visitor; undefined if that isn't known. */
  wrote({ mark, name }) {
    const { person } = this;
    if (mark === undefined || this.#now.may === undefined) {
      return undefined;
    }
    return person !== null && mark === person.mark && this.owns(name);
  }

  /** Whether a name is one of the visitor's, however it is written. */
  owns(name) {
    const { person } = this;
    return person !== null && [person.name, ...(person.names ?? [])].some((own) => fold(own ?? '') === fold(name));
  }

  /** Whether the visitor may still edit or delete this message of their own. */
  mayChange(message) {
    const minutes = this.#now.edit_minutes ?? 0;
    return this.wrote(message) === true && this.clock.wall() - Date.parse(message.time) < minutes * 60_000;
  }

  /** Asks now. Resolves with the answer, or with what was known if there is none. */
  async load() {
    this.#plan(EVERY);
    try {
      const answer = await this.api.read('me', { room: this.room });
      if (isObject(answer) && isObject(answer.may)) {
        this.#now = answer;
        this.#planEnd(answer);
        this.tell('change');
      }
    } catch {
      // a later request tells more
    }
    return this.#now;
  }

  /** Asks soon: something may be different. */
  look() {
    this.#plan(SOON, true);
  }

  /** A ban or a closed room ends by itself: asks then. */
  #planEnd({ why, room_state: state }) {
    const ends = [why?.until, state?.until].map(Date.parse).filter((time) => time > this.clock.wall());
    if (ends.length > 0) {
      this.#plan(Math.min(Math.min(...ends) - this.clock.wall() + AFTER_END, EVERY), true);
    }
  }

  /** The next request in so many milliseconds. sooner: unless an earlier one is planned. */
  #plan(ms, sooner = false) {
    const due = this.clock.now() + ms;
    if (sooner && this.#due <= due) {
      return;
    }
    this.clock.clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = this.clock.setTimeout(() => this.#ask(), ms);
  }

  #ask() {
    this.#due = Infinity;
    if (this.isSeen() || this.#now.may === undefined) {
      this.load();
    } else {
      this.#plan(EVERY);
    }
  }
}
