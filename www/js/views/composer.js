// composer.js - where a message is written. Enter sends; Shift+Enter breaks the line; an input method's Enter is its own.
//
// Shows what is answered, until it is sent or cancelled. What is being written is kept by `draft`: { get(), set(text) }.

import { isBlank, snippet } from '../text.js';

const MOST_ROWS = 8;
const LONG = 2000; // characters
const KEEP_MS = 300;

export class ComposerView {
  #replyTo = null;
  #timer;

  /** on: { send(text, { replyTo }), up() } */
  constructor(root, { draft, language, on }) {
    const part = (id) => root.querySelector(`[data-part="${id}"]`);
    Object.assign(this, { root, draft, language, on, field: root.querySelector('textarea') });
    Object.assign(this, { bar: part('reply'), whom: part('whom'), what: part('what') });
    root.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    part('cancelReply').addEventListener('click', () => this.reply(null));
    this.field.value = draft.get() ?? '';
    this.field.addEventListener('input', () => this.#changed());
    this.field.addEventListener('keydown', (event) => this.#pressed(event));
  }

  show(isShown) {
    this.root.hidden = !isShown;
    this.#fit();
  }

  focus() {
    this.field.focus();
  }

  get text() {
    return this.field.value;
  }

  /** The message that is answered; null: none. */
  reply(message) {
    this.#replyTo = message;
    this.bar.hidden = message === null;
    if (message !== null) {
      this.whom.textContent = this.language.say('replying', { name: `\u2068${message.name}\u2069` }); // isolated, whichever way it is written
      this.what.textContent = snippet(message.text);
    }
    this.focus();
  }

  /** Puts a text back that couldn't be sent, before what is being written. */
  putBack(text) {
    this.field.value = isBlank(this.field.value) ? text : `${text}\n${this.field.value}`;
    this.#changed();
    this.focus();
  }

  #pressed(event) {
    if (event.isComposing || event.keyCode === 229) {
      return; // an input method's
    }
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === 'Escape' && this.#replyTo !== null) {
      this.reply(null);
    } else if (event.key === 'ArrowUp' && this.field.value === '') {
      event.preventDefault();
      this.on.up();
    }
  }

  #submit() {
    const text = this.field.value;
    if (!isBlank(text)) {
      const replyTo = this.#replyTo?.seq;
      this.field.value = '';
      this.reply(null);
      this.#changed();
      this.on.send(text, { replyTo });
    }
    this.focus();
  }

  #changed() {
    this.#fit();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.draft.set(this.field.value), this.field.value === '' ? 0 : KEEP_MS);
  }

  /** As many rows as the text has, up to a limit. A long text has them for sure, and measuring it takes its time. */
  #fit() {
    if (this.field.value.length > LONG) {
      this.field.rows = MOST_ROWS;
      return;
    }
    this.field.rows = 1;
    while (this.field.rows < MOST_ROWS && this.field.scrollHeight > this.field.clientHeight) {
      this.field.rows += 1;
    }
  }
}
