// status.js - one calm line about the connection, and a button to try at once. The seconds that run are not read out.

const TICK_MS = 500;

export class StatusView {
  #until = 0;
  #timer = null;

  /** on: { now() }; now(): the clock that `until` is of, in ms. */
  constructor(root, { language, on, now }) {
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    Object.assign(this, { root, language, now, text: part('text'), count: part('count'), button: part('now') });
    this.button.addEventListener('click', () => on.now());
  }

  /** state: connecting, online, retrying, refused; until: when the next try is due. */
  show({ state, text, until = 0 }) {
    this.root.dataset.state = state;
    if (this.text.textContent !== text) {
      this.text.textContent = text;
    }
    this.#until = until;
    this.button.hidden = until === 0;
    clearInterval(this.#timer);
    if (until !== 0) {
      this.#timer = setInterval(() => this.#tick(), TICK_MS);
    }
    this.#tick();
  }

  #tick() {
    const seconds = Math.ceil((this.#until - this.now()) / 1000);
    const shown = this.#until === 0 ? '' : seconds > 0 ? this.language.say('nextTry', { n: seconds }) : this.language.say('trying');
    if (this.count.textContent !== shown) {
      this.count.textContent = shown;
    }
  }
}
