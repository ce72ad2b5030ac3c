// deeds.js - what a visitor does with a row of the log, by its buttons and by keys: arrows lead to
// other rows, R answers, E edits, Delete deletes, M opens the menu.

import { textOf } from './row.js';

const KEYS = { r: 'reply', e: 'change', delete: 'remove', m: 'menu', contextmenu: 'menu' };
const UNSENT = ['retry', 'edit', 'copy', 'drop']; // with the key of a message that isn't in the room

/**
 * rows: see list.js. find(seq): the message of a row. on: { retry(key), edit(key), copy(key),
 * drop(key): a message, an edit or a deletion that wasn't sent; reply(message), change(message),
 * remove(message), menu(message, at): at is the element that it belongs to; clean(message);
 * copyText(text), more(row), jump(seq), leave() }.
 */
export function hearRows(rows, { on, find }) {
  rows.root.addEventListener('click', ({ target }) => {
    const button = target.closest('button');
    const { action, key, seq } = button?.dataset ?? {};
    const row = target.closest('.row');
    if (UNSENT.includes(action)) {
      on[action](key);
    } else if (action === 'reply' || action === 'menu' || action === 'clean') {
      const message = find(Number(seq));
      if (message !== undefined) {
        on[action](message, button);
      }
    } else if (action === 'jump') {
      on.jump(Number(seq));
    } else if (action === 'whole') {
      on.copyText(textOf(row));
    } else if (action === 'more') {
      on.more(row);
    }
  });
  rows.root.addEventListener('keydown', (event) => {
    const row = event.target.closest('.row');
    const isBare = !event.ctrlKey && !event.metaKey && !event.altKey;
    const deed = KEYS[event.key.toLowerCase()];
    if (event.key === 'Escape') {
      on.leave();
    } else if (event.target === row && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      event.preventDefault();
      rows.step(row, event.key === 'ArrowUp');
    } else if (event.target === row && isBare && deed !== undefined) {
      const message = find(Number(row.dataset.seq));
      if (message !== undefined) {
        event.preventDefault();
        on[deed](message, row);
      }
    }
  });
}
