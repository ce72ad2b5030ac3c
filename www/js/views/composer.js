// composer.js - where a message is written. Enter sends; Shift+Enter breaks the line; an input method's Enter is its own.

import { isBlank } from '../text.js';

const MOST_ROWS = 8;

export class ComposerView {
  /** on: { send(text) } */
  constructor(root, { on }) {
    Object.assign(this, { root, on, field: root.querySelector('textarea') });
    root.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.field.addEventListener('input', () => this.#fit());
    this.field.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
        event.preventDefault();
        this.#submit();
      }
    });
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

  /** Puts a text back that couldn't be sent, before what is being written. */
  putBack(text) {
    this.field.value = isBlank(this.field.value) ? text : `${text}\n${this.field.value}`;
    this.#fit();
    this.focus();
  }

  #submit() {
    const text = this.field.value;
    if (!isBlank(text)) {
      this.field.value = '';
      this.#fit();
      this.on.send(text);
    }
    this.focus();
  }

  /** As many rows as the text has, up to a limit. */
  #fit() {
    this.field.rows = 1;
    while (this.field.rows < MOST_ROWS && this.field.scrollHeight > this.field.clientHeight) {
      this.field.rows += 1;
    }
  }
}
