// settings.js - the panel in which visitors choose sound, notifications, muting, language and
// colours. Loaded when it is opened for the first time.

import { translate } from '../lang.js';
import { make } from './row.js';
import { loadLook, makePanel } from './panel.js';

/** An element whose text is this phrase, in the language that the visitor chooses. */
function said(tag, phrase) {
  const element = make(tag);
  element.dataset.say = phrase;
  return element;
}

function makeBox(name, text) {
  const label = make('label', 'choice');
  label.append(Object.assign(make('input'), { type: 'checkbox', name }), ' ', text);
  return label;
}

function makeList(name, text, options) {
  const label = make('label', 'choice');
  const list = Object.assign(make('select'), { name });
  list.append(...options);
  label.append(text, ' ', list);
  return label;
}

const option = (value, element) => Object.assign(element, { value });

export class SettingsView {
  /**
   * values: get(key), set(key, value), change(key, value), language; change resolves with a text if
   * the value can't be had. The keys are the names of the fields.
   */
  constructor(root, { values, languages }) {
    this.values = values;
    this.dialog = makePanel(root, '');
    this.dialog.querySelector('h2').dataset.say = 'settings';
    const form = make('form');
    form.method = 'dialog';
    this.note = Object.assign(make('p', 'panel-note'), { role: 'status' });
    const auto = () => option('auto', said('option', 'auto'));
    const tongues = languages.map(([tag, name]) => Object.assign(make('option', '', name), { value: tag, lang: tag }));
    const themes = [auto(), option('light', said('option', 'light')), option('dark', said('option', 'dark'))];
    const close = said('button', 'close');
    close.className = 'main';
    form.append(makeBox('sound', said('span', 'sound')), makeBox('notify', said('span', 'notify')), makeBox('mute', said('span', 'mute')));
    form.append(makeList('language', said('span', 'language'), [auto(), ...tongues]), makeList('theme', said('span', 'theme'), themes), this.note, close);
    this.dialog.append(form);
    for (const field of form.querySelectorAll('[name]')) {
      this.#show(field);
      field.addEventListener('change', () => this.#changed(field));
    }
  }

  async open() {
    await Promise.all([this.values.language.learn(), loadLook()]);
    translate(this.dialog, this.values.language);
    this.note.textContent = '';
    this.dialog.showModal();
  }

  #show(field) {
    const value = this.values.get(field.name);
    if (field.type === 'checkbox') {
      field.checked = value === 'yes';
    } else {
      field.value = value ?? field.querySelector('option').value;
    }
  }

  async #changed(field) {
    const value = field.type === 'checkbox' ? (field.checked ? 'yes' : 'no') : field.value;
    const refusal = await this.values.change(field.name, value);
    this.note.textContent = refusal ?? '';
    this.values.set(field.name, refusal === undefined ? value : 'no');
    this.#show(field);
  }
}
