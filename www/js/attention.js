// attention.js - tells a visitor who looks elsewhere of new messages: in the title, by a sound, by
// a notification.
//
// Not while the tab is looked at, and not of the visitor's own messages. Sound and notifications
// only if the visitor has asked for them, and not in a muted room.

export class Attention {
  #missed = []; // seqs

  get missed() {
    return this.#missed.length;
  }

  /**
   * given: { isSeen(): the visitor looks; isOwn(message); wants(key): sound, notify, mute;
   * show(missed): the title; sound(); notify(message); speaks(): this tab is the one that makes
   * sounds, if there are several }.
   */
  constructor(given) {
    Object.assign(this, given);
  }

  /** These messages have come. */
  news(messages) {
    const theirs = messages.filter((message) => message.type === 'message' && !this.isOwn(message));
    if (theirs.length === 0 || this.isSeen()) {
      return;
    }
    this.#missed.push(...theirs.map(({ seq }) => seq));
    this.show(this.missed);
    if (this.wants('mute') || !this.speaks()) {
      return;
    }
    if (this.wants('sound')) {
      this.sound();
    }
    if (this.wants('notify')) {
      this.notify(theirs.at(-1));
    }
  }

  /** These messages are deleted. */
  gone(seqs) {
    const before = this.missed;
    this.#missed = this.#missed.filter((seq) => !seqs.includes(seq));
    if (this.missed !== before) {
      this.show(this.missed);
    }
  }

  seen() {
    this.#missed = [];
    this.show(0);
  }
}
