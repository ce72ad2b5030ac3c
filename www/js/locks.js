// locks.js - a stand-in for navigator.locks, which a page without HTTPS doesn't have. For locks
// that a tab keeps as long as it lives.
//
// A tab asks over a channel (channel.js) whether another tab has the lock. A frozen tab doesn't
// answer, so two tabs may have the same lock. Use it only where a second owner does no harm: a
// message that two tabs send has one id, and is stored once.

const ANSWER = 400; // milliseconds for an answer

export class Locks {
  #names = new Set();
  #asked = new Map(); // by name: a function to call when another tab has it

  /** given: { id, clock, channel }; id: that no other tab has; channel: see channel.js. */
  constructor(given) {
    Object.assign(this, given);
    this.channel.onmessage = ({ data }) => this.#hear(data);
  }

  /**
   * As navigator.locks.request, but never waits: without ifAvailable the name must be one that no
   * other tab asks for.
   */
  async request(name, ...more) {
    const [action] = more.slice(-1);
    const isOurs = !more[0].ifAvailable || (await this.#isFree(name));
    if (isOurs) {
      this.#names.add(name);
    }
    try {
      return await action(isOurs ? { name } : null);
    } finally {
      if (isOurs) {
        this.#names.delete(name);
      }
    }
  }

  #isFree(name) {
    return new Promise((found) => {
      const end = (isFree) => {
        this.#asked.delete(name);
        this.clock.clearTimeout(timer);
        found(isFree);
      };
      const timer = this.clock.setTimeout(() => end(true), ANSWER);
      this.#asked.set(name, () => end(false));
      this.channel.postMessage({ type: 'who has', name, id: this.id });
    });
  }

  #hear({ type, name, id }) {
    if (type === 'who has') {
      const isOurs = this.#names.has(name) || (this.#asked.has(name) && this.id < id); // of two that ask at once one has it
      if (isOurs) {
        this.channel.postMessage({ type: 'mine', name });
      }
    } else {
      this.#asked.get(name)?.();
    }
  }
}

/** undefined where tabs can't talk to each other. */
export const makeLocks = (given) => given.channel && new Locks(given);
