// menu.js - a menu at a message: a list of buttons near it; on a narrow screen at the lower edge.

import { make } from './row.js';
import { loadLook } from './panel.js';

const NARROW = '(max-width: 40rem)';
const EDGE = 8; // pixels between the menu and the edge of the window

/** Puts the menu below the element that it belongs to, or above it where there is no room. */
function place(dialog, at) {
  if (matchMedia(NARROW).matches) {
    return;
  }
  const anchor = at.getBoundingClientRect();
  const { width, height } = dialog.getBoundingClientRect();
  const left = Math.max(EDGE, Math.min(anchor.left, innerWidth - width - EDGE));
  const below = Math.min(anchor.bottom, innerHeight) + 4;
  const top = below + height > innerHeight - EDGE ? Math.max(EDGE, anchor.top - height - 4) : below;
  dialog.style.left = `${left}px`;
  dialog.style.top = `${top}px`;
}

/** Arrows lead from item to item. */
function hearKeys(list) {
  list.addEventListener('keydown', (event) => {
    const items = [...list.children];
    const at = items.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      items[next % items.length].focus();
    }
  });
}

/**
 * items: [{ id, label, isGrave }]. at: the element that the menu belongs to. Resolves with the id
 * of the chosen item, or with null.
 */
export async function openMenu(root, at, { label, items }) {
  await loadLook();
  const dialog = make('dialog', 'menu');
  const list = make('div', 'menu-items');
  dialog.setAttribute('aria-label', label);
  list.setAttribute('role', 'menu');
  let chosen = null;
  for (const { id, label: text, isGrave } of items) {
    const item = Object.assign(make('button', isGrave ? 'menu-item menu-grave' : 'menu-item', text), { type: 'button' });
    item.setAttribute('role', 'menuitem');
    item.addEventListener('click', () => {
      chosen = id;
      dialog.close();
    });
    list.append(item);
  }
  hearKeys(list);
  dialog.append(list);
  dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());
  root.append(dialog);
  dialog.showModal();
  place(dialog, at);
  return new Promise((done) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      done(chosen);
    });
  });
}
