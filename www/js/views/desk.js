// desk.js - for moderators: a button in the bar with the number of things to decide, and the panel
// that it opens: messages that wait, reports, bans, and how the room is.

import { snippet } from '../text.js';
import { hoursHere } from '../time.js';
import { make } from './row.js';
import { loadLook, makePanel } from './panel.js';

const SHIELD = 'M12 3l7 3v5c0 4.500-3 8-7 10-4-2-7-5.500-7-10V6z';
const SVG = 'http://www.w3.org/2000/svg';

function makeIcon() {
  const icon = document.createElementNS(SVG, 'svg');
  for (const [name, value] of [['viewBox', '0 0 24 24'], ['width', '22'], ['height', '22'], ['aria-hidden', 'true'], ['focusable', 'false']]) {
    icon.setAttribute(name, value);
  }
  const path = document.createElementNS(SVG, 'path');
  for (const [name, value] of [['d', SHIELD], ['fill', 'none'], ['stroke', 'currentColor'], ['stroke-width', '2'], ['stroke-linejoin', 'round']]) {
    path.setAttribute(name, value);
  }
  icon.append(path);
  return icon;
}

export class DeskView {
  /** language(): see lang.js. on: { open(), room(how), approve(item, isTrusted), reject(item),
   * keep(item), remove(item), clean(item), lift(item) }. */
  constructor(root, { language, on }) {
    Object.assign(this, { root, language, on });
    this.button = Object.assign(make('button', 'gear desk'), { type: 'button', hidden: true, ariaHasPopup: 'dialog' });
    this.count = make('span', 'desk-count');
    this.count.ariaHidden = 'true';
    this.button.append(makeIcon(), this.count);
    this.button.addEventListener('click', () => on.open());
    root.querySelector('[data-part="opener"]').before(this.button);
    this.dialog = makePanel(root, '');
    this.dialog.classList.add('panel-wide');
    this.body = make('div');
    this.dialog.append(this.body);
  }

  get isOpen() {
    return this.dialog.open;
  }

  showButton(isShown, { reports, held }) {
    loadLook();
    const n = reports + held;
    this.button.hidden = !isShown;
    this.button.setAttribute('aria-label', n === 0 ? this.#say('moderation') : `${this.#say('moderation')}: ${this.#say('toDecide', { n })}`);
    this.count.textContent = n > 99 ? '99+' : n === 0 ? '' : String(n);
  }

  async open() {
    await loadLook();
    if (!this.dialog.open) {
      this.dialog.showModal();
    }
  }

  #say(phrase, values) {
    return this.language().say(phrase, values);
  }

  /** state: of the room, as GET /poll/me tells it. when(time): in words. */
  show({ held, reports, bans, state }, when) {
    this.dialog.querySelector('h2').textContent = this.#say('moderation');
    const close = Object.assign(make('button', 'main', this.#say('close')), { type: 'button' });
    close.addEventListener('click', () => this.dialog.close());
    this.body.replaceChildren(
      ...this.#list(this.#say('waiting'), held, (item) => this.#held(item)),
      ...this.#list(this.#say('reports'), reports, (item) => this.#report(item)),
      ...(held.length + reports.length === 0 ? [make('p', 'panel-text', this.#say('nothingToDo'))] : []),
      ...this.#list(this.#say('bans'), bans, (item) => this.#ban(item, when)),
      this.#room(state),
      this.#link(),
      close,
    );
  }

  #list(title, items, toRow) {
    if (items.length === 0) {
      return [];
    }
    const list = make('ul', 'cards');
    list.append(...items.map(toRow));
    return [make('h3', '', `${title} (${items.length})`), list];
  }

  #card(head, text, notes, deeds) {
    const card = make('li', 'card');
    const title = make('p', 'card-head');
    title.append(make('bdi', '', head));
    const body = Object.assign(make('p', 'card-text', snippet(text ?? '', 300)), { dir: 'auto' });
    const buttons = make('div', 'card-buttons');
    for (const [label, action, isGrave] of deeds) {
      const button = Object.assign(make('button', isGrave ? 'quiet menu-grave' : 'quiet', label), { type: 'button' });
      button.addEventListener('click', () => {
        buttons.querySelectorAll('button').forEach((one) => (one.disabled = true));
        action();
      });
      buttons.append(button);
    }
    card.append(title, ...(text ? [body] : []), ...notes.filter(Boolean).map((note) => Object.assign(make('p', 'card-note', note), { dir: 'auto' })), buttons);
    return card;
  }

  #held(item) {
    const why = { newcomer: this.#say('heldNewcomer'), link: this.#say('heldLink'), word: this.#say('heldWord') }[item.why];
    return this.#card(item.name, item.text, [why], [
      [this.#say('approve'), () => this.on.approve(item, false)],
      ...(item.person ? [[this.#say('approveAll'), () => this.on.approve(item, true)]] : []),
      [this.#say('reject'), () => this.on.reject(item), true],
      [this.#say('clean'), () => this.on.clean({ ...item, fresh: item.why !== 'word' }), true],
    ]);
  }

  #report(item) {
    const reasons = [item.reasons ?? []].flat().filter(Boolean);
    const n = item.reports ?? item.count ?? 1;
    return this.#card(item.name, item.text || this.#say('deleted'), [`${this.#say('reportedBy', { n })}${item.isHidden ? ` · ${this.#say('isHidden')}` : ''}`, ...new Set(reasons.map((reason) => `“${reason}”`))], [
      [item.isHidden ? this.#say('showAgain') : this.#say('mayStay'), () => this.on.keep(item)],
      [this.#say('delete'), () => this.on.remove(item), true],
      [this.#say('clean'), () => this.on.clean(item), true],
    ]);
  }

  #ban(item, when) {
    const kind = { ban: this.#say('kindBan'), mute: this.#say('kindMute'), shadow: this.#say('kindShadow') }[item.kind] ?? item.kind;
    return this.#card(item.title, '', [`${kind} · ${item.until ? this.#say('until', { end: when(item.until) }) : this.#say('noEnd')}`, item.reason && `“${item.reason}”`], [[this.#say('lift'), () => this.on.lift(item)]]);
  }

  /** How the room is. What was changed is sent with one button. */
  #room(state) {
    const form = make('form', 'room-form');
    form.append(make('h3', '', this.#say('room')));
    const seconds = [0, 5, 15, 30, 60, 300, 900];
    const slow = [...new Set([...seconds, state.slow ?? 0])].sort((a, b) => a - b).map((n) => [n, n === 0 ? this.#say('slowNone') : this.#say('slowEvery', { n })]);
    const kinds = [['open', this.#say('kindOpen')], ['read-only', this.#say('kindReadOnly')], ['members', this.#say('kindMembers')], ['locked', this.#say('kindLocked')]];
    const newcomers = [['free', this.#say('newFree')], ['slow', this.#say('newSlow')], ['held', this.#say('newHeld')]];
    const ends = [[0, this.#say('noEnd')], [30, this.#say('forHalfHour')], [120, this.#say('forTwoHours')], [1440, this.#say('forDay')]];
    const add = (name, label, options, value) => {
      const row = make('label', 'choice');
      const list = Object.assign(make('select'), { name });
      list.append(...options.map(([key, text]) => new Option(text, key)));
      list.value = value;
      row.append(make('span', '', label), list);
      form.append(row);
    };
    add('slow', this.#say('slow'), slow, String(state.slow ?? 0));
    add('kind', this.#say('kind'), kinds, state.kind ?? 'open');
    add('newcomers', this.#say('newcomers'), newcomers, state.newcomers ?? 'free');
    const hours = make('label', 'choice');
    hours.append(make('span', '', this.#say('hours')), Object.assign(make('input', 'field'), { name: 'hours', value: state.hours ?? '', maxLength: 60, placeholder: '08:00-22:00' }));
    form.append(hours);
    add('minutes', this.#say('howLong'), ends, '0');
    form.append(make('button', 'main', this.#say('apply')));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const given = Object.fromEntries(new FormData(form));
      given.hours = hoursHere(given.hours);
      const before = { slow: String(state.slow ?? 0), kind: state.kind ?? 'open', newcomers: state.newcomers ?? 'free', hours: state.hours ?? '' };
      const changed = Object.fromEntries(Object.entries(before).filter(([name, value]) => given[name] !== value).map(([name]) => [name, given[name]]));
      if (Object.keys(changed).length > 0) {
        this.on.room(given.minutes === '0' ? changed : { ...changed, minutes: Number(given.minutes) });
      }
    });
    return form;
  }

  #link() {
    const line = make('p', 'panel-text');
    const link = Object.assign(make('a', '', this.#say('allLists')), { href: new URL('../../owner.html', import.meta.url), target: '_blank', rel: 'noopener' });
    line.append(link);
    return line;
  }
}
