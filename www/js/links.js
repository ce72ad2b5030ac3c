// links.js - links to messages: the address of the chat, with #m and the seq. And what is copied.

export class Links {
  /**
   * goTo(seq): shows a message; resolves with whether it is there. say(phrase): shows a note
   * (lang.js).
   */
  constructor({ room, embedded, goTo, say }) {
    Object.assign(this, { room, embedded, goTo, say });
  }

  /**
   * Returns whether it worked: a browser may forbid it, and has no clipboard for a page without
   * HTTPS.
   */
  async copy(text, phrase) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return false;
    }
    this.say(phrase);
    return true;
  }

  async copyLink(seq) {
    const address = new URL(this.embedded ? `./?room=${this.room}` : location.href, document.baseURI);
    address.hash = `m${seq}`;
    if (!(await this.copy(address.href, 'copied')) && !this.embedded) {
      location.hash = address.hash; // then the visitor can copy the address of the page
    }
  }

  /** The code of the invitation that the address of the page has; undefined if it has none. */
  get invite() {
    return this.embedded ? undefined : /^#join=([\w-]+)$/.exec(location.hash)?.[1];
  }

  /** Shows the message that the address of the page names, if it names one. */
  async follow() {
    const seq = Number(/^#m(\d+)$/.exec(location.hash)?.[1]);
    if (seq > 0 && !(await this.goTo(seq))) {
      this.say('gone');
    }
  }
}
