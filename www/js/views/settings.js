// settings.js - the panel in which visitors choose sound, notifications, muting, language and
// colours.

export class SettingsView {
  /**
   * opener: the button that opens the panel. values: get(key), set(key, value), change(key, value);
   * the last one resolves with a text if the value can't be had. The keys are the names of the
   * fields.
   */
  constructor(dialog, opener, { values, languages }) {
    Object.assign(this, { dialog, values });
    this.note = dialog.querySelector('[data-part="note"]');
    this.#offerLanguages(languages);
    for (const field of dialog.querySelectorAll('[name]')) {
      this.#show(field);
      field.addEventListener('change', () => this.#changed(field));
    }
    opener.addEventListener('click', () => {
      this.note.textContent = '';
      dialog.showModal();
    });
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog) { // beside the panel
        dialog.close();
      }
    });
  }

  #offerLanguages(languages) {
    const list = this.dialog.querySelector('[name="language"]');
    for (const [tag, name] of languages) {
      const option = document.createElement('option');
      Object.assign(option, { value: tag, textContent: name, lang: tag });
      list.append(option);
    }
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
