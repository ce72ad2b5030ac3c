// person.js - asks for the visitor's name once, instead of the composer, and shows it in the bar,
// with a button to change it.

import { isBlank } from '../text.js';
import { paintAvatar } from './row.js';

export class PersonView {
  #name = '';

  /**
   * form: asks for the name; me: shows it. on: { name(name), opened(), closed(), asked(): the form
   * is open, and views/naming.js may add to it }
   */
  constructor(form, me, { language, on }) {
    const part = (name) => form.querySelector(`[data-part="${name}"]`) ?? me.querySelector(`[data-part="${name}"]`);
    Object.assign(this, { form, me, language, on, field: form.querySelector('input') });
    Object.assign(this, { label: part('label'), submit: part('submit'), cancel: part('cancel') });
    Object.assign(this, { avatar: part('avatar'), shown: part('shown'), change: part('change') });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.cancel.addEventListener('click', () => this.close());
    form.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.#name !== '') {
        this.close();
      }
    });
    this.field.addEventListener('input', () => this.field.setCustomValidity(''));
    this.change.addEventListener('click', () => this.ask());
  }

  get isAsking() {
    return !this.form.hidden;
  }

  /** Shows the name; '' if it is to be asked for. */
  show(name) {
    this.#name = name;
    this.me.hidden = name === '';
    this.form.hidden = name !== '';
    paintAvatar(this.avatar, name);
    this.shown.textContent = name;
  }

  /** name: stands in the field at first; without it, the visitor's. */
  ask(name = this.#name) {
    const isKnown = this.#name !== '';
    this.label.textContent = isKnown ? this.language.say('nameChange') : this.language.say('nameAsk');
    this.submit.textContent = isKnown ? this.language.say('nameSave') : this.language.say('nameJoin');
    this.cancel.hidden = !isKnown;
    this.field.value = name;
    this.form.hidden = false;
    this.on.opened();
    this.field.focus();
    this.field.select();
    this.on.asked();
  }

  focus() {
    this.field.focus();
  }

  #submit() {
    const name = this.field.value.trim();
    if (isBlank(name)) {
      this.field.setCustomValidity(this.language.say('nameNone'));
      this.field.reportValidity();
      return;
    }
    this.on.name(name);
  }

  close() {
    this.form.hidden = true;
    this.on.closed();
  }
}
