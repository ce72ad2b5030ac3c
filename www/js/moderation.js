// moderation.js - what moderators do in the room: at a message, with a room, with reports and with
// messages that wait. Loaded when a moderator is there.

import { readList } from './acts.js';
import { whenOf } from './refusals.js';
import { snippet } from './text.js';
import { DeskView } from './views/desk.js';
import { ask } from './views/panel.js';

const HOUR = 60; // minutes
const DAY = 24 * HOUR;
const HOLD = 30; // minutes in which newcomers are held after a flood
const FLOOD = 10; // so many new keys within an hour are a flood

export class Moderation {
  /** peace: see peace.js. */
  constructor(peace) {
    const { chat, acts, me } = peace;
    Object.assign(this, { peace, chat, acts, me });
    this.view = new DeskView(chat.root, {
      language: () => this.#language,
      on: {
        open: () => this.open(),
        room: (how) => this.#setRoom(how),
        approve: ({ id }, isTrusted) => this.#act(() => this.acts.approve(id, isTrusted ? { person: 'yes' } : {}), 'approved'),
        reject: ({ id }) => this.#act(() => this.acts.reject(id), 'rejected'),
        keep: ({ seq, isHidden }) => this.#act(() => (isHidden ? this.acts.show(seq) : this.acts.settle(seq)), 'settled'),
        remove: ({ seq }) => this.#act(() => this.acts.remove(seq, this.#reported), 'removed'),
        clean: (message) => this.clean(message),
        lift: ({ id }) => this.#act(() => this.acts.lift(id), 'lifted'),
      },
    });
  }

  get #language() {
    return this.peace.language;
  }

  #say(phrase, values) {
    return this.#language.say(phrase, values);
  }

  /** The reason for deleting a reported message. */
  get #reported() {
    return this.#say('reportedReason');
  }

  /** The button in the bar, with the number of what waits for a moderator. */
  show() {
    const { reports = 0, held = 0 } = this.me.now;
    this.view.showButton(this.me.mayModerate, { reports, held });
  }

  /** Does an act, tells what came of it, and looks what is left to do. */
  async #act(act, phrase, values = () => ({})) {
    const answer = await this.peace.attempt(act);
    if (answer !== null) {
      this.chat.status.say(this.#say(phrase, values(answer)));
      await this.me.load();
      await this.#refresh();
    }
    return answer;
  }

  // ---- the room ----

  /** Reports, messages that wait, bans, and how the room is. */
  async open() {
    if (await this.#refresh(true)) {
      await this.view.open();
    }
  }

  async #refresh(isOpening = false) {
    if (!isOpening && !this.view.isOpen) {
      return false;
    }
    const { api, room } = this.chat;
    // bans of all rooms hold here too
    const lists = await this.peace.attempt(() => Promise.all(['held', 'reports', 'bans'].map((list) => readList(api, { list, room: list === 'bans' ? undefined : room, limit: 50 }))));
    if (lists === null) {
      return false;
    }
    const [held, reports, bans] = lists.map(({ items }) => items.map((item) => ({ ...item, id: item.held ?? item.ban ?? item.report ?? item.id })));
    this.view.show({ held, reports: reports.map((one) => ({ ...one, isHidden: one.hidden === true })), bans, state: this.me.now.room_state ?? {} }, (time) => this.#when(time));
    return true;
  }

  #setRoom(how) {
    return this.#act(() => this.acts.setRoom(how), 'roomSet');
  }

  #when(time) {
    return Number.isNaN(Date.parse(time)) ? this.#say('noEnd') : whenOf(time, this.#language, this.chat.clock.wall());
  }

  // ---- at a message ----

  #ends(value) {
    const choices = [[HOUR, this.#say('forHour')], [DAY, this.#say('forDay')], [7 * DAY, this.#say('forWeek')], [30 * DAY, this.#say('forMonth')], [0, this.#say('noEnd')]];
    return { type: 'select', name: 'minutes', label: this.#say('howLong'), options: choices, value };
  }

  #whose(value, more = []) {
    const options = [['key', this.#say('ofKey')], ['network', this.#say('ofNetwork')], ...more];
    return { type: 'select', name: 'of', label: this.#say('whose'), options, value };
  }

  #reason() {
    return { type: 'text', name: 'reason', label: this.#say('reasonShown') };
  }

  #ask(title, message, fields, submit, isGrave = true) {
    return ask(this.chat.root, { title, text: `${message.name}: ${snippet(message.text ?? '')}`, fields, submit, cancel: this.#say('cancel'), isGrave });
  }

  /** A flooder has a new key with each message, so the network is more likely to be the same. */
  #likely({ fresh, mark }) {
    return fresh || mark === undefined ? 'network' : 'key';
  }

  /** Many new keys may come from several networks. */
  #isFlood() {
    const { store, clock } = this.chat;
    const since = clock.wall() - HOUR * 60_000;
    const marks = store.rowsSince(0).filter(({ fresh, time }) => fresh && Date.parse(time) > since).map(({ mark }) => mark);
    return new Set(marks).size >= FLOOD;
  }

  async clean(message) {
    const likely = this.#likely(message);
    const of = likely === 'network' && this.#isFlood() ? 'newcomers' : likely;
    const hold = { type: 'check', name: 'hold', label: this.#say('holdNewcomers', { n: HOLD }), value: likely === 'network' };
    const whose = this.#whose(of, [['newcomers', this.#say('ofNewcomers')]]);
    const given = await this.#ask(this.#say('cleanTitle'), message, [whose, this.#ends(DAY), hold, this.#reason()], this.#say('cleanDo'));
    if (given === null) {
      return;
    }
    if (given.hold) { // first, so that the flood doesn't go on meanwhile
      await this.peace.attempt(() => this.acts.setRoom({ newcomers: 'held', minutes: HOLD }));
    }
    const { minutes, reason } = given;
    const how = { of: given.of, minutes: HOUR, ban_minutes: Number(minutes), reason, held: message.held };
    await this.#act(() => this.acts.clean(message.seq, how), 'cleaned', ({ deleted, covers }) => ({ n: deleted, covers: covers ?? 0 }));
    this.chat.composer.focus();
  }

  async mute(message) {
    const kinds = [['mute', this.#say('muteForAll')], ['shadow', this.#say('muteShadow')]];
    const kind = { type: 'select', name: 'kind', label: this.#say('muteHow'), options: kinds, value: 'mute' };
    const given = await this.#ask(this.#say('muteTitle'), message, [kind, this.#whose('key'), this.#ends(HOUR), this.#reason()], this.#say('muteDo'));
    await this.#ban(message, given);
  }

  async ban(message) {
    const given = await this.#ask(this.#say('banTitle'), message, [this.#whose(this.#likely(message)), this.#ends(DAY), this.#reason()], this.#say('banDo'));
    await this.#ban(message, given && { kind: 'ban', ...given });
  }

  async #ban({ seq }, given) {
    if (given !== null) {
      const how = { ...given, minutes: Number(given.minutes) };
      await this.#act(() => this.acts.ban(seq, how), 'bannedNote', ({ covers }) => ({ n: covers ?? 1 }));
    }
  }

  async remove(message) {
    const given = await this.#ask(this.#say('deleteAsk'), message, [this.#reason()], this.#say('delete'));
    if (given !== null) {
      await this.#act(() => this.acts.remove(message.seq, given.reason), 'removed');
    }
  }

  async hide({ seq }) {
    await this.#act(() => this.acts.hide(seq, ''), 'hidden');
  }

  async trust({ seq }) {
    await this.#act(() => this.acts.trust(seq), 'trusted');
  }
}
