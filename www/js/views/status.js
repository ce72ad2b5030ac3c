// status.js - one line about the connection, and a button to try at once. Screen readers don't read
// the seconds until the next try.

const TICK_MS = 500;
const LASTING = /full|only|expo/; // problems (slugs) that last: their own text says more than that the chat is busy

export class StatusView {
  #until = 0;
  #timer = null;
  #state = 'connecting';
  #failures = { poll: null, send: null }; // { failure, until } while one waits for another try

  /** on: { now(): try at once }. now(): the time, on the clock of `until`, in milliseconds. */
  constructor(root, { language, on, now }) {
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    Object.assign(this, { root, language, now, text: part('text'), count: part('count'), button: part('now') });
    this.button.addEventListener('click', () => on.now());
  }

  /** How listening goes: { state: connecting | online | retrying, failure, until }. */
  polls(detail) {
    const isSame = this.#failures.poll === null && this.#state === detail.state;
    this.#failures.poll = detail.state === 'retrying' ? detail : null;
    if (!isSame || this.#failures.poll !== null) { // else a note stays
      this.#describe(detail.state);
    }
  }

  /** How sending goes: { failure, until }; failure is null if nothing is wrong. */
  sends(detail) {
    this.#failures.send = detail.failure === null ? null : detail;
    this.#describe('online');
  }

  /** Shows a note until the state changes, unless something is wrong. */
  say(note) {
    this.#describe('online', note);
  }

  speak(language) {
    this.language = language;
    this.#describe('online');
  }

  get isFailing() {
    return this.#failures.poll !== null;
  }

  #describe(state, note) {
    this.#state = state;
    const failing = this.#failures.poll ?? this.#failures.send;
    if (failing === null) {
      this.#show({ state, text: note ?? (state === 'connecting' ? this.language.say('connecting') : '') });
    } else {
      const { failure, until } = failing;
      this.#show({ state: failure.kind === 'refused' ? 'refused' : 'retrying', text: this.#wordsOf(failure, failing === this.#failures.send), until, isTooFast: failure.status === 429 });
    }
  }

  /**
   * What a visitor needs to know of a failure; else the words of the failure itself. isOwn: of
   * sending.
   */
  #wordsOf({ kind, status, slug, message }, isOwn) {
    if (kind === 'network' || kind === 'silent') {
      return this.language.say('offline');
    }
    if (kind === 'answer') {
      return this.language.say('portal');
    }
    if (slug === 'slow-mode') {
      return this.language.say('slowMode');
    }
    if (slug === 'too-fast') {
      return isOwn ? this.language.say('tooFast') : this.language.say('tooOften');
    }
    const isBusy = kind === 'busy' && (status === 429 || status === 503) && !LASTING.test(slug);
    return isBusy ? this.language.say('busy') : message;
  }

  /**
   * until: when the next try is due; 0: none is. isTooFast: trying sooner is no use, as the server
   * would refuse it.
   */
  #show({ state, text, until = 0, isTooFast = false }) {
    this.root.dataset.state = state;
    if (this.text.textContent !== text) {
      this.text.textContent = text;
    }
    this.#until = until;
    this.button.hidden = until === 0 || isTooFast;
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
