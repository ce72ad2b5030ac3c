// presence.js - whether the visitor looks at the chat, and when the last key or click was.

const IDLE_MS = 120_000;

export class Presence {
  #lastActive;

  /**
   * isOpen: the chat is to be seen unless the tab is hidden. A widget on another site is open or
   * closed.
   */
  constructor({ clock, isOpen }) {
    Object.assign(this, { clock, isOpen });
    this.touch();
  }

  get isSeen() {
    return this.isOpen && !document.hidden;
  }

  /** How often to look for news: active, idle or hidden. */
  get pace() {
    return !this.isSeen ? 'hidden' : this.clock.now() - this.#lastActive > IDLE_MS ? 'idle' : 'active';
  }

  /** The visitor does something. */
  touch() {
    this.#lastActive = this.clock.now();
  }

  /**
   * Calls on.looks() and on.turnsAway() when the tab becomes visible or hidden; on.isBack() when
   * the visitor does something after a pause; on.stop() and on.start() when the browser puts the
   * page aside and brings it back; on.network() when the network returns.
   */
  report(on) {
    document.addEventListener('visibilitychange', () => (document.hidden ? on.turnsAway() : on.looks()));
    for (const [target, event, action] of [[window, 'pagehide', 'stop'], [document, 'freeze', 'stop'], [window, 'pageshow', 'start'], [document, 'resume', 'start']]) {
      target.addEventListener(event, () => on[action]());
    }
    const active = () => {
      const wasIdle = this.pace === 'idle';
      this.touch();
      if (wasIdle) {
        on.isBack();
      }
    };
    for (const event of ['pointerdown', 'keydown']) {
      document.addEventListener(event, active, { passive: true });
    }
    window.addEventListener('online', () => on.network());
  }
}
