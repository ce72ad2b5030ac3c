// holds.js - how many connections all chats of a host hold in one browser. Each chat holds one
// (tabs.js), but several chats may be at paths of one host, each in a window of its own or on one
// page: no more than four of the six that a browser allows.
//
// A tab that holds one says so to all. Hidden tabs rank behind those that are looked at.

const MOST = 4;
const FRESH = { seen: 10_000, unseen: 180_000 }; // browsers let timers of hidden tabs run once a minute

export class Holds {
  #others = new Map(); // by id: { isSeen, at }
  #holds = false;

  /**
   * openChannel(): of all chats of the host, see channel.js. id: of this tab; isSeen(): it is
   * looked at; changed(): there is one more.
   */
  constructor({ id, clock, openChannel, isSeen, changed }) {
    Object.assign(this, { id, clock, openChannel, isSeen, changed });
  }

  start() {
    this.channel = this.openChannel();
    if (this.channel !== undefined) {
      this.channel.onmessage = ({ data }) => this.#hear(data);
      this.channel.postMessage({ type: 'who' });
    }
  }

  stop() {
    this.say(false);
    this.channel?.close();
    this.channel = undefined;
  }

  /** Whether there is room for one more. */
  get isFree() {
    const now = this.clock.now();
    const own = this.isSeen();
    const before = [...this.#others].filter(([id, { isSeen, at }]) => now - at < (isSeen ? FRESH.seen : FRESH.unseen) && (isSeen === own ? id < this.id : isSeen));
    return before.length < MOST;
  }

  /** That this tab holds one, or doesn't any more; again every few seconds. */
  say(holds) {
    if (holds || this.#holds) {
      this.#holds = holds;
      this.channel?.postMessage({ type: holds ? 'holds' : 'free', id: this.id, isSeen: this.isSeen() });
    }
  }

  #hear({ type, id, isSeen }) {
    if (type === 'who') {
      this.say(this.#holds);
    } else if (type === 'holds') {
      const isNew = !this.#others.has(id);
      this.#others.set(id, { isSeen, at: this.clock.now() });
      if (isNew) {
        this.changed();
      }
    } else {
      this.#others.delete(id);
    }
  }
}
