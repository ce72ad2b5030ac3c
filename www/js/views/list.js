// list.js - the rows of the log as elements. Changes as few of them as it can, and leads the
// keyboard from row to row.
//
// An element belongs to a key. So a message on its way and the same message when it has come back
// are one element, and screen readers hear of new rows only.

import { makeBroken } from './row.js';

export class RowList {
  #elements = new Map(); // by key
  #broken = new WeakSet(); // elements that couldn't be painted
  #active = null; // the row that Tab leads to

  constructor(root) {
    this.root = root;
    root.addEventListener('focusin', ({ target }) => this.#activate(target.closest('.row')));
  }

  get isEmpty() {
    return this.#elements.size === 0;
  }

  /** All rows are to be made anew. */
  clear() {
    this.#elements.clear();
    this.root.replaceChildren();
  }

  /** items: [{ key, create(): an element, paint(element) }] from top to bottom. */
  show(items, language) {
    this.#removeAllBut(new Set(items.map(({ key }) => key)));
    const kept = new Map();
    let next = this.root.firstElementChild;
    for (const item of items) {
      const element = this.#painted(item, language);
      kept.set(item.key, element);
      if (element === next) {
        next = element.nextElementSibling;
      } else {
        this.root.insertBefore(element, next);
      }
    }
    this.#elements = kept;
    if (!this.#active?.isConnected) {
      this.#activate(this.last);
    }
  }

  #removeAllBut(keys) {
    for (const [key, element] of this.#elements) {
      if (!keys.has(key)) {
        element.remove();
      }
    }
  }

  /** The element of an item as it should be, or one that says that it can't be shown. */
  #painted({ key, create, paint }, language) {
    let element = this.#elements.get(key);
    if (this.#broken.has(element)) {
      return element;
    }
    try {
      element ??= create();
      paint?.(element);
    } catch (error) {
      console.error(error);
      element = makeBroken(element, language);
      this.#broken.add(element);
    }
    return element;
  }

  // ---- finding rows ----

  get last() {
    return this.root.querySelector('.row:last-of-type');
  }

  /** The row of the message with this seq, or null. */
  find(seq) {
    return this.root.querySelector(`.row[data-seq="${seq}"]`);
  }

  /**
   * The rows below this height of the window, then those above it, nearest first: [{ element, top
   * }], for hold().
   */
  anchors(top) {
    const all = [...this.root.children].filter((row) => row.matches('.row')).map((element) => ({ element, rect: element.getBoundingClientRect() }));
    const first = all.findIndex(({ rect }) => rect.bottom > top);
    const near = first < 0 ? all.reverse() : [...all.slice(first), ...all.slice(0, first).reverse()];
    return near.map(({ element, rect }) => ({ element, top: rect.top }));
  }

  // ---- the keyboard ----

  /** Tab leads to one row, and from it to its buttons; arrows lead to the other rows. */
  #activate(row) {
    if (row === null || row === this.#active) {
      return;
    }
    for (const [element, index] of [[this.#active, -1], [row, 0]]) {
      if (element !== null) {
        element.tabIndex = index;
        element.querySelectorAll('.row-tools button, .row-more button').forEach((tool) => (tool.tabIndex = index));
      }
    }
    this.#active = row;
  }

  /** Moves the focus from a row to the one above or below it. */
  step(row, isUp) {
    const next = isUp ? 'previousElementSibling' : 'nextElementSibling';
    let other = row[next];
    while (other !== null && !other.matches('.row')) {
      other = other[next];
    }
    other?.focus();
  }
}
