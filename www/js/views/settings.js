// settings.js - the panel of what each visitor may choose for himself: sound, notifications, muting, language, colours.

export class SettingsView {
  /**
   * dialog: the panel; opener: the button that opens it. values: { sound, notify, mute, language, theme }, with get(key) and set(key, value).
   * on: { changed(key, value): what to show instead if it can't be had, or a promise of it }
   */
  constructor(dialog, opener, { values, languages, language, on }) {
    Object.assign(this, { dialog, values, language, on });
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
      if (event.target === dialog) {
        dialog.close(); // beside the panel
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
    const refusal = await this.on.changed(field.name, value);
    this.note.textContent = refusal ?? '';
    this.values.set(field.name, refusal === undefined ? value : 'no');
    this.#show(field);
  }
}
