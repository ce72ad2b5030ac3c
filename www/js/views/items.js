// items.js - makes the items of the list of rows (list.js) from messages.

import { layout } from '../layout.js';
import { mentions } from '../text.js';
import { makeDay, makeLine, makeRow, paintRow } from './row.js';

export class Items {
  #called = new WeakMap(); // by message: whether it calls a name, { name, isCalled }

  /** given: { store, name(): the visitor's, isOwn(message) }. */
  constructor(given) {
    Object.assign(this, given);
  }

  /**
   * messages: as they are now, pending ones last. newFrom, today: see layout.js. Returns [{ key,
   * create, paint }], as RowList.show() takes them.
   */
  of(messages, { newFrom, today, language }) {
    const lines = {
      gap: () => makeLine(language.say('gap'), 'gap'),
      new: () => makeLine(language.say('newLine'), 'new'),
      day: ({ message }) => makeDay(message.time, language),
      notice: ({ message }) => makeLine(message.text, 'notice'),
    };
    const rows = layout(messages, { gapBefore: (seq) => this.store.gapBefore(seq), newFrom, today });
    return rows.map((row) =>
      row.kind === 'row'
        ? { key: row.key, create: () => makeRow(row.message), paint: (element) => paintRow(element, row.message, this.#lookOf(row), language) }
        : { key: row.key, create: () => lines[row.kind](row) },
    );
  }

  #lookOf({ message, isFirst, isLast }) {
    const name = this.name();
    const isOwn = this.isOwn(message);
    return { isOwn, isFirst, isLast, name, isCalled: !isOwn && this.#isCalled(message, name), target: this.#targetOf(message) };
  }

  /** Whether a message calls this name. Each text is searched once. */
  #isCalled(message, name) {
    let known = this.#called.get(message);
    if (known?.name !== name) {
      known = { name, isCalled: mentions(message.text ?? '', name) };
      this.#called.set(message, known);
    }
    return known.isCalled;
  }

  /** The message that this one answers, if it is here. */
  #targetOf({ reply_to: seq }) {
    const target = seq === undefined ? undefined : this.store.find(seq);
    return target && this.store.asItIsNow(target);
  }
}
