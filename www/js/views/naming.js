// naming.js - what the form for the name shows besides the field: that a name belongs to another
// visitor, a free one, and the way of a name from one device to another.

import { loadLook } from './panel.js';
import { make } from './row.js';

export class NamingView {
  #conflict = null; // { text, suggestion }
  #note = '';

  /**
   * form: see person.js. language(): see lang.js. on: { name(name): takes this name, move(): the
   * visitor has the name on another device, give(): another device is to get it }.
   */
  constructor(form, { language, on }) {
    Object.assign(this, { form, language, on });
    loadLook();
    this.box = make('div', 'naming');
    this.text = Object.assign(make('p', 'naming-text'), { id: 'naming-text' });
    this.text.setAttribute('role', 'alert');
    this.buttons = make('div', 'naming-buttons');
    this.box.append(this.text, this.buttons);
    form.append(this.box);
    form.querySelector('input').setAttribute('aria-describedby', 'naming-text');
  }

  /** A name was refused; null: no longer. conflict: { text, suggestion }. */
  refuse(conflict) {
    this.#conflict = conflict;
  }

  /** hasName: the visitor has a name of their own here. */
  show({ hasName, isSigned }) {
    const { language, on } = this;
    const conflict = this.#conflict;
    const text = conflict?.text ?? (isSigned ? language().say('nameOfSite') : '');
    if (this.text.textContent !== text) {
      this.text.textContent = text;
    }
    const buttons = [];
    const add = (label, className, action) => {
      const button = Object.assign(make('button', className, label), { type: 'button' });
      button.addEventListener('click', action);
      buttons.push(button);
    };
    if (conflict?.suggestion) {
      add(language().say('useName', { name: conflict.suggestion }), 'main', () => on.name(conflict.suggestion));
    }
    if (!isSigned) {
      add(conflict ? language().say('itIsMine') : language().say('moveHere'), 'quiet', () => on.move());
      if (hasName && conflict === null) {
        add(language().say('moveAway'), 'quiet', () => on.give());
      }
    }
    this.buttons.replaceChildren(...buttons);
  }
}
