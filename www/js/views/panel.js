// panel.js - dialogs: a panel with fields, which asks for something.

import { site } from '../site.js';
import { make } from './row.js';

let look = null;

/** Loads panel.css once. Resolves too if that fails: a plain dialog is better than none. */
export function loadLook() {
  look ??= new Promise((done) => {
    const link = document.createElement('link');
    Object.assign(link, { rel: 'stylesheet', href: new URL('panel.css', site), onload: done, onerror: done });
    document.querySelector('[data-part="dark"]').before(link);
  });
  return look;
}

let count = 0; // panels so far, for ids

/** A dialog in root with a heading. A click beside it closes it. */
export function makePanel(root, title) {
  const dialog = make('dialog', 'panel');
  const heading = make('h2', '', title);
  heading.id = `panel-${(count += 1)}`;
  dialog.setAttribute('aria-labelledby', heading.id);
  dialog.append(heading);
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) {
      dialog.close();
    }
  });
  root.append(dialog);
  return dialog;
}

function makeChoice({ name, options, value }) {
  const list = make('select');
  for (const [key, label] of options) {
    list.append(new Option(label, key));
  }
  Object.assign(list, { name, value });
  return list;
}

const makers = {
  select: makeChoice,
  check: ({ name, value }) => Object.assign(make('input'), { type: 'checkbox', name, checked: value === true }),
  text: ({ name, value = '', most = 200, hint = '' }) => Object.assign(make('input', 'field'), { name, value, maxLength: most, placeholder: hint, dir: 'auto', autocomplete: 'off' }),
  area: ({ name, value = '', most = 1000, hint = '' }) => Object.assign(make('textarea', 'field'), { name, value, maxLength: most, rows: 2, placeholder: hint, dir: 'auto' }),
};

/** A field with its label. field: { type: select, check, text or area; name, label, value, … }. */
function makeField(field) {
  const label = make('label', `choice choice-${field.type}`);
  const input = makers[field.type](field);
  const text = make('span', '', field.label);
  label.append(...(field.type === 'check' ? [input, text] : [text, input]));
  return label;
}

const valueOf = (input) => (input.type === 'checkbox' ? input.checked : input.value);

/**
 * Asks in a dialog. given: { title, text, fields (see makeField), submit, cancel: words of the
 * buttons; isGrave: what is done can't be undone }. Resolves with the values by name, or with null.
 */
export async function ask(root, { title, text, fields = [], submit, cancel, isGrave = false }) {
  await loadLook();
  const dialog = makePanel(root, title);
  const form = make('form');
  form.method = 'dialog';
  const buttons = make('div', 'panel-buttons');
  const no = Object.assign(make('button', 'quiet', cancel), { type: 'button' });
  const yes = make('button', isGrave ? 'main main-grave' : 'main', submit);
  no.addEventListener('click', () => dialog.close());
  buttons.append(...(cancel ? [no, yes] : [yes]));
  form.append(...(text ? [make('p', 'panel-text', text)] : []), ...fields.map(makeField), buttons);
  dialog.append(form);
  dialog.showModal();
  (fields.length === 0 || isGrave ? yes : form.elements[0]).focus();
  return new Promise((done) => {
    let values = null;
    form.addEventListener('submit', () => {
      values = Object.fromEntries([...form.elements].filter(({ name }) => name).map((input) => [input.name, valueOf(input)]));
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      done(values);
    });
  });
}

/** Shows a text with a button to close it. */
export const tell = (root, { title, text, close }) => ask(root, { title, text, submit: close, cancel: '' });
