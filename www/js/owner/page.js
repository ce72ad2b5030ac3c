// page.js - owner.html: chooses a part by the address (#rooms), shows it, and says what happened.
//
// To add a part: a row in PARTS, and a module with a function show(context) that returns elements.

import { makeActs } from '../acts.js';
import { makeApi } from '../api.js';
import { makeClock } from '../clock.js';
import { makeKey, makeWho } from '../key.js';
import { site } from '../site.js';
import { Desk, reasonOf } from './desk.js';
import { el } from './dom.js';

/** name, title, module, role that it takes */
const PARTS = [
  ['today', 'Today', () => import('./today.js')],
  ['decide', 'To decide', () => import('./decide.js')],
  ['people', 'People', () => import('./people.js')],
  ['bans', 'Bans', () => import('./bans.js')],
  ['rooms', 'Rooms', () => import('./rooms.js')],
  ['words', 'Words', () => import('./words.js')],
  ['invites', 'Invitations', () => import('./invites.js'), 'owner'],
  ['settings', 'Settings', () => import('./settings.js'), 'owner'],
  ['audit', 'Log', () => import('./audit.js')],
];

class Page {
  #showing = 0; // a part that takes long must not replace a later one

  constructor(document) {
    this.part = (name) => document.querySelector(`[data-part=${name}]`);
    const api = makeApi({ base: site, fetch: (...given) => fetch(...given), clock: makeClock(), who: makeWho(makeKey()) });
    this.desk = new Desk({ api, acts: makeActs({ api }) });
  }

  async begin() {
    window.addEventListener('hashchange', () => {
      this.say(''); // it was about the part before
      this.show();
    });
    await this.enter();
  }

  /** Finds out who this is, and shows what that person may see. */
  async enter() {
    try {
      this.me = await this.desk.me();
    } catch (error) {
      this.say(reasonOf(error), true);
      this.part('main').replaceChildren(el('p', {}, 'The chat does not answer. ', el('a', { href: 'doctor.html' }, 'What is wrong?')));
      return;
    }
    const { role, person } = this.me;
    this.isIn = role === 'owner' || role === 'moderator';
    this.part('who').textContent = this.isIn ? `${person?.name || 'You'}, ${role}` : '';
    this.part('tabs').hidden = !this.isIn;
    await this.show();
  }

  get parts() {
    return PARTS.filter(([, , , need]) => need !== 'owner' || this.me.role === 'owner');
  }

  /** Shows the part that the address names. */
  async show() {
    const showing = ++this.#showing;
    const [name, query = ''] = location.hash.slice(1).split('?');
    const given = new URLSearchParams(query);
    const isJoining = name.startsWith('join=');
    const load = isJoining || !this.isIn ? () => import('./sign-in.js') : (this.parts.find(([one]) => one === name) ?? PARTS[0])[2];
    this.#showTabs(name);
    try {
      const { show } = await load();
      const elements = await show({ page: this, desk: this.desk, me: this.me, given, code: isJoining ? name.slice(5) : undefined });
      if (showing === this.#showing) {
        this.part('main').replaceChildren(...[elements].flat());
      }
    } catch (error) {
      this.say(reasonOf(error), true);
    }
  }

  #showTabs(name) {
    if (!this.isIn) {
      return;
    }
    const isHere = (one) => one === name || (one === 'today' && !this.parts.some(([other]) => other === name));
    const waiting = (this.me.reports ?? 0) + (this.me.held ?? 0);
    this.part('tabs').replaceChildren(el('ul', {}, this.parts.map(([one, title]) => el('li', {},
      el('a', { href: `#${one}`, 'aria-current': isHere(one) ? 'page' : undefined }, title,
        one === 'decide' && waiting > 0 ? [' ', el('span', { class: 'count' }, `${waiting}`)] : undefined)))));
    this.part('tabs').querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }

  say(text, isBad = false) {
    const said = this.part('said');
    said.textContent = text;
    said.toggleAttribute('data-bad', isBad);
  }

  /**
   * Does something, says so, and shows the part anew. The focus goes to the part, as the button is
   * gone. Resolves with the answer, or undefined if it failed.
   */
  async do(what, fields, done) {
    try {
      const answer = await this.desk.act(what, fields);
      this.say(typeof done === 'function' ? done(answer) : done);
      this.me = await this.desk.me();
      await this.show();
      this.part('main').focus({ preventScroll: true });
      return answer;
    } catch (error) {
      this.say(reasonOf(error), true);
      return undefined;
    }
  }
}

export const start = (document) => new Page(document).begin();
