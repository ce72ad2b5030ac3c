// composer.js - where a message is written. Enter sends; Shift+Enter breaks the line; an input
// method's Enter is its own.
//
// Shows what is answered, until it is sent or cancelled. What is being written is kept by `draft`:
// { get(), set(text) }. A long text that is pasted isn't put into the field: browsers would take
// seconds for it with each key, and minutes for some texts. The field shows its beginning, and the
// text can be sent as it is or cancelled.

import { isBlank, snippet } from '../text.js';

const MOST_ROWS = 8;
const TALL = 2000; // characters of a text that fills MOST_ROWS for sure
const PASTED = 1000; // characters that are inserted at once by pasting
const FIELD = 20_000; // most characters of the field after pasting
const TYPED = 60_000; // the same by typing
const KEEP_MS = 300;

export class ComposerView {
  #replyTo = null;
  #timer;
  #long = null; // a text that the field doesn't hold

  /** on: { send(text, { replyTo }), up() } */
  constructor(root, { draft, language, on }) {
    const part = (id) => root.querySelector(`[data-part="${id}"]`);
    Object.assign(this, { root, draft, language, on, field: root.querySelector('textarea') });
    Object.assign(this, { bar: part('reply'), whom: part('whom'), what: part('what'), long: part('long'), howLong: part('howLong') });
    root.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    part('cancelReply').addEventListener('click', () => this.reply(null));
    part('cancelLong').addEventListener('click', () => this.#put(''));
    this.#fill(draft.get() ?? '');
    this.field.addEventListener('beforeinput', (event) => this.#inserted(event));
    this.field.addEventListener('input', () => (this.field.value.length > TYPED ? this.#put(this.field.value) : this.#changed()));
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
    return this.#long ?? this.field.value;
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
    this.#put(isBlank(this.text) ? text : `${text}\n${this.text}`);
  }

  // ---- long texts ----

  #inserted(event) {
    const { value, selectionStart: begin, selectionEnd: end } = this.field;
    const added = event.data ?? event.dataTransfer?.getData('text/plain') ?? '';
    if (added.length > PASTED && value.length - (end - begin) + added.length > FIELD) {
      event.preventDefault();
      this.#put(value.slice(0, begin) + added + value.slice(end));
    }
  }

  /** Replaces what is being written. */
  #put(text) {
    this.#fill(text);
    this.#changed();
    this.focus();
  }

  #fill(text) {
    const isLong = text.length > FIELD;
    this.#long = isLong ? text : null;
    this.field.value = isLong ? snippet(text) : text;
    this.field.readOnly = isLong;
    this.long.hidden = !isLong;
    this.howLong.textContent = isLong ? this.language.say('long', { n: text.length }) : '';
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
    } else if (event.key === 'Escape' && this.#long !== null) {
      this.#put('');
    } else if (event.key === 'ArrowUp' && this.field.value === '') {
      event.preventDefault();
      this.on.up();
    }
  }

  #submit() {
    const { text } = this;
    if (!isBlank(text)) {
      const replyTo = this.#replyTo?.seq;
      this.#fill('');
      this.reply(null);
      this.#changed();
      this.on.send(text, { replyTo });
    }
    this.focus();
  }

  #changed() {
    this.#fit();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.draft.set(this.text), this.text === '' ? 0 : KEEP_MS);
  }

  /**
   * As many rows as the text has, up to MOST_ROWS. A long text isn't measured, which would take
   * long.
   */
  #fit() {
    if (this.field.value.length > TALL) {
      this.field.rows = MOST_ROWS;
      return;
    }
    this.field.rows = 1;
    while (this.field.rows < MOST_ROWS && this.field.scrollHeight > this.field.clientHeight) {
      this.field.rows += 1;
    }
  }
}
