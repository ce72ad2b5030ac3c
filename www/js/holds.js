// holds.js - limits the connections that all chats of a host keep open in one browser. Each chat
// keeps one open (tabs.js), but there may be several chats at paths of one host, in several windows
// or on one page. Together they keep at most four of the six connections that a browser allows.
//
// A tab that keeps a connection open tells all other tabs. Visible tabs come before hidden ones.

const MOST = 4;
const FRESH = { seen: 10_000, unseen: 180_000 }; // browsers let timers of hidden tabs run once a minute

export class Holds {
  #others = new Map(); // by id: { isSeen, at }
  #holds = false;

  /**
   * given: { id: of this tab; clock; openChannel(): the channel of all chats of the host
   * (channel.js); isSeen(): the tab is visible; changed(): called when one more tab keeps a
   * connection open }.
   */
  constructor(given) {
    Object.assign(this, given);
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

  /** Whether this tab may keep a connection open. */
  get isFree() {
    const now = this.clock.now();
    const own = this.isSeen();
    const before = [...this.#others].filter(([id, { isSeen, at }]) => now - at < (isSeen ? FRESH.seen : FRESH.unseen) && (isSeen === own ? id < this.id : isSeen));
    return before.length < MOST;
  }

  /**
   * Tells the others that this tab keeps a connection open, or no longer does. To be called every
   * few seconds.
   */
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
