// composer.js - the form in which a visitor writes a message. Enter sends, Shift+Enter begins a new
// line. An Enter of an input method does neither.
//
// Shows the message that is answered, until the answer is sent or cancelled. A visitor's own
// message is edited in the field too; what was written there before comes back after it. `draft`
// keeps the text: { get(), set(text) }. A long text that is pasted isn't put into the field:
// browsers would take seconds for each key, and minutes for some texts. The field shows its
// beginning, and the visitor can send or cancel it.

import { isBlank, snippet } from '../text.js';

const MOST_ROWS = 8;
const TALL = 2000; // so many characters fill MOST_ROWS for sure
const PASTED = 1000; // so many characters at once are pasted, not typed
const FIELD = 20_000; // most characters in the field after pasting,
const TYPED = 60_000; // and after typing
const KEEP_MS = 300; // after the last key the draft is kept

export class ComposerView {
  #replyTo = null;
  #edited = null; // { message, before: the text that was in the field }
  #isBlocked = false;
  #timer;
  #long = null; // a text that is too long for the field

  /**
   * on: { send(text, { replyTo }), change(message, text): an own message is to have this text,
   * up(): the arrow up, in an empty field }
   */
  constructor(root, { draft, language, on }) {
    const part = (id) => root.querySelector(`[data-part="${id}"]`);
    Object.assign(this, { root, draft, language, on, field: root.querySelector('textarea') });
    Object.assign(this, { bar: part('reply'), whom: part('whom'), what: part('what'), long: part('long'), howLong: part('howLong'), note: part('note'), button: root.querySelector('[type="submit"]') });
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

  /** Answers a message; null: none, and none is edited either. */
  reply(message) {
    this.#stopEditing();
    this.#replyTo = message;
    // marks keep the direction of writing of the name apart
    this.#showBar(message, message && this.language.say('replying', { name: `\u2068${message.name}\u2069` }));
    this.focus();
  }

  /** Puts an own message into the field, for other words. */
  edit(message) {
    this.reply(null);
    this.#edited = { message, before: this.text };
    this.#allow();
    this.#showBar(message, this.language.say('editing'));
    this.#put(message.text);
  }

  /** Shows why nothing can be written now, or a hint; '': nothing. */
  tell(note, isBlocked = false) {
    this.note.textContent = note;
    this.note.hidden = note === '';
    this.#isBlocked = isBlocked;
    this.root.classList.toggle('form-blocked', isBlocked);
    this.#allow();
  }

  /** An own message may be edited where nothing new may be written. */
  #allow() {
    this.button.disabled = this.#isBlocked && this.#edited === null;
  }

  #showBar(message, whom) {
    this.bar.hidden = message === null;
    this.whom.textContent = whom ?? '';
    this.what.textContent = message === null ? '' : snippet(message.text);
  }

  #stopEditing() {
    if (this.#edited !== null) {
      const { before } = this.#edited;
      this.#put(before);
      this.#edited = null;
      this.#allow();
    }
  }

  /** Puts a text that couldn't be sent before the text in the field. */
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

  /** Replaces the text. */
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
      return; // of an input method
    }
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === 'Escape' && !this.bar.hidden) {
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
    if (this.#edited !== null) {
      const { message } = this.#edited;
      this.reply(null);
      this.on.change(message, text);
    } else if (!isBlank(text) && !this.#isBlocked) {
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
    if (this.#edited !== null) {
      return; // the draft is what was in the field before
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.draft.set(this.text), this.text === '' ? 0 : KEEP_MS);
  }

  /* * Gives the field as many rows as the text has, up to MOST_ROWS. Long texts aren't measured:
   * that is slow. */
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
