// dom.js - elements of owner.html: text goes in through textContent only.

/** An element. props: attributes; on…: listeners; data: a dataset. Children: elements or texts. */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else if (name === 'data') {
      Object.assign(element.dataset, value);
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== undefined && value !== false && value !== null) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

export const button = (text, onclick, className = '') => el('button', { type: 'button', class: className, onclick }, text);

/** A choice of [value, text] pairs. */
export function choice(name, options, chosen) {
  const list = el('select', { name });
  list.append(...options.map(([value, text]) => el('option', { value, selected: value === chosen }, text)));
  return list;
}

/** A label above its field, with a hint below. The field's name is the label alone. */
export function field(text, input, hint) {
  input.setAttribute('aria-label', text);
  if (hint) {
    input.setAttribute('aria-description', hint);
  }
  return el('label', {}, el('span', {}, text), input, hint && el('span', { class: 'hint' }, hint));
}

/** How many addresses a ban covers, in words; '' for a ban of a person or a name. */
export const coverage = (covers) => (covers && Number(covers) !== 1 ? ` It covers ${Number(covers) > 0 ? number(covers) : covers} addresses.` : '');

const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** A time of the chat in the reader's words. */
export const when = (time) => (time ? el('time', { datetime: time, title: time }, WHEN.format(new Date(time))) : 'without end');

/** ann ·7f3a */
export const person = (name, mark) => el('span', {}, el('bdi', {}, name || 'no name yet'), mark ? el('span', { class: 'mark' }, ` ·${mark}`) : undefined);

export const number = (value) => Number(value ?? 0).toLocaleString();

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

export function bytes(value) {
  let unit = 0;
  let left = Number(value ?? 0);
  for (; left >= 1000 && unit < UNITS.length - 1; unit++) {
    left /= 1000;
  }
  return `${left.toLocaleString(undefined, { maximumFractionDigits: left < 10 && unit > 0 ? 1 : 0 })} ${UNITS[unit]}`;
}

/**
 * Asks in a dialog. Resolves with the values of its fields by name, or null if it was cancelled.
 * body: elements; yes: the word on the button.
 */
export function ask({ title, body = [], yes, bad = false }) {
  const dialog = document.querySelector('[data-part=ask]');
  const form = el('form', { method: 'dialog' },
    el('h2', { id: 'ask-title' }, title),
    el('div', { class: 'fields' }, body),
    el('div', { class: 'row' },
      el('button', { class: bad ? 'bad' : 'main', value: 'yes' }, yes),
      el('button', { value: 'no', formnovalidate: true }, 'Cancel')));
  dialog.replaceChildren(form);
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes' ? Object.fromEntries(new FormData(form)) : null), { once: true });
  });
}

/** A field with a text to copy. */
export function copyable(text, label) {
  const input = el('input', { readonly: true, value: text, 'aria-label': label, onfocus: () => input.select() });
  const copy = button('Copy', async () => {
    input.select();
    await navigator.clipboard?.writeText(text).catch(() => {});
    copy.textContent = navigator.clipboard === undefined ? 'Press Ctrl+C' : 'Copied';
  });
  return el('div', { class: 'link' }, input, copy);
}
