// peace.js - names that are the visitor's own, roles and limits: what the visitor may do in the
// room, and how the page says it. Loaded when the room is shown.

import { makeActs } from './acts.js';
import { Me } from './me.js';
import { whenOf, wordsOf, wordsOfFailure } from './refusals.js';
import { snippet } from './text.js';
import { openMenu } from './views/menu.js';
import { NamingView } from './views/naming.js';
import { ask, tell } from './views/panel.js';

const NAME_PROBLEMS = ['name-taken', 'name-alike'];
const CODE = /^[^a-z0-9]*([a-z0-9]{4})[^a-z0-9]*([a-z0-9]{4})[^a-z0-9]*$/i;

export class Peace {
  #isBegun = false;
  #naming = null;
  #shut = null; // the last refusal to show the room
  #moderation = null; // a promise of moderation.js's class

  /** chat: see app.js. */
  constructor(chat) {
    const { api, room, clock, presence, store } = chat;
    Object.assign(this, { chat });
    this.acts = makeActs({ api, room });
    this.me = new Me({ api, room, clock, isSeen: () => presence.isSeen });
    this.me.addEventListener('change', () => this.#changed());
    store.addEventListener('change', ({ detail }) => this.#hear(detail));
    chat.outbox.addEventListener('held', () => this.#say('heldNote'));
    chat.outbox.addEventListener('sent', () => this.me.person === null && this.me.now.may !== undefined && this.me.look());
  }

  /** The room is open. */
  async begin() {
    if (!this.#isBegun) {
      this.#isBegun = true;
      await this.me.load();
      await this.claim();
    }
  }

  // ---- words ----

  get language() {
    return this.chat.preferences.language;
  }

  /** Loads the words of menus and dialogs. Resolves with whether they are there. */
  async #learn() {
    return this.language.learn().then(() => true, () => false);
  }

  async #say(phrase, values) {
    if (await this.#learn()) {
      this.chat.status.say(this.language.say(phrase, values));
    }
  }

  get context() {
    return { language: this.language, now: this.chat.clock.wall(), kind: this.me.now.room_state?.kind, isOutside: this.me.now.may?.read === false };
  }

  /** Does something that may fail, and tells the visitor if it does. Resolves with the answer, or
   * null. */
  async attempt(act) {
    try {
      return await act();
    } catch (failure) {
      if (failure.kind === undefined) {
        throw failure;
      }
      await this.#learn();
      this.chat.status.say(wordsOfFailure(failure, this.context));
      this.me.look();
      return null;
    }
  }

  // ---- what the visitor may do ----

  #hear({ reason, added }) {
    const { messages } = this.chat.store;
    if (reason === 'new' && messages.slice(messages.length - added).some(({ type }) => type === 'notice')) {
      this.me.look(); // a moderator changed the room
    }
  }

  async #changed() {
    const { chat, me } = this;
    const { person } = me;
    if (person !== null && (person.signed || chat.name === '') && person.name && person.name !== chat.name) {
      chat.setName(person.name);
    }
    chat.log.paint();
    if (await this.#learn()) {
      this.#showWriting();
    }
    if (me.mayModerate || this.#moderation !== null) {
      this.withModeration((moderation) => moderation.show());
    }
  }

  /** Above the field: why nothing can be written, or how often. */
  #showWriting() {
    const { may, why, room_state: state = {} } = this.me.now;
    const isBlocked = may?.write === false;
    const isSaid = may?.read === false; // by the status of the connection
    const words = isBlocked && why && !isSaid ? wordsOf(why, this.context) : '';
    const slow = !isBlocked && state.slow > 0 && !this.me.mayModerate ? this.language.say('slowHint', { n: state.slow }) : '';
    this.chat.composer.tell(words || slow, isBlocked);
  }

  /** The room can't be read. detail: of the event `status` (transport.js). */
  async shut(detail) {
    const { failure } = detail;
    if (failure.shown) {
      return;
    }
    const until = Math.max(detail.until, this.#shut?.until ?? 0); // another tab's refusal has none
    this.#shut = { failure, until };
    const shut = this.#shut;
    const isLearned = await this.#learn();
    if (!this.#isBegun) {
      await this.me.load(); // it says what kind of room this is
    }
    if (!isLearned || this.#shut !== shut) {
      return; // a later refusal is shown
    }
    const message = wordsOfFailure(failure, this.context);
    this.chat.status.polls({ ...detail, until, failure: { kind: failure.kind, status: failure.status, slug: failure.slug, message, shown: true } });
  }

  /** An own message was refused. */
  async refused({ key, failure }) {
    const { chat } = this;
    const name = chat.store.pending.find((entry) => entry.key === key)?.name;
    if (await this.#learn()) {
      chat.store.update(key, { detail: wordsOfFailure(failure, this.context, name) });
    }
    if (NAME_PROBLEMS.includes(failure.slug)) {
      this.#conflict(failure, name);
    }
    this.me.look();
  }

  /** Asks whether the visitor takes what an invitation gives. */
  async join(invite) {
    const { chat, language } = this;
    if (!(await this.#learn())) {
      chat.status.say(language.say('notLoaded'));
      return;
    }
    const given = await ask(chat.root, { title: language.say('inviteTitle'), text: language.say('inviteText'), submit: language.say('inviteAccept'), cancel: language.say('cancel') });
    const failure = given && (await this.acts.join(invite).then(() => null, (error) => error));
    if (failure) {
      const text = failure.slug === 'not-found' ? language.say('inviteEnded') : wordsOfFailure(failure, this.context);
      await tell(chat.root, { title: language.say('inviteTitle'), text, close: language.say('close') });
    } else if (given) {
      history.replaceState(history.state, '', location.pathname + location.search); // the code is used up
      await this.me.load();
      chat.transport.hurry({ anew: true });
      chat.status.say(language.say('inviteDone'));
    }
  }

  // ---- the name ----

  /** Takes the visitor's name, so that a conflict shows before the first message. */
  async claim() {
    const { chat, me } = this;
    const { name } = chat;
    if (name === '' || me.person?.signed || me.owns(name) || me.now.may === undefined) {
      return;
    }
    try {
      const taken = await this.acts.claim(name);
      if (chat.name === name && taken.name !== name) {
        chat.setName(taken.name); // as the chat writes it
      }
      this.#naming?.refuse(null);
      await me.load();
    } catch (failure) {
      if (NAME_PROBLEMS.includes(failure.slug) && chat.name === name) {
        if (!me.person?.name) {
          chat.setName(''); // it was never the visitor's
        }
        await this.#conflict(failure, name);
      }
    }
  }

  async #conflict(failure, name) {
    if (await this.#learn()) {
      this.#naming ??= this.#makeNaming();
      this.#naming.refuse({ text: wordsOfFailure(failure, this.context, name), suggestion: failure.more.suggestion });
    }
    this.chat.person.ask(name);
  }

  /** The form for the name is open. */
  async offerNames() {
    if (this.me.now.may !== undefined && (await this.#learn())) {
      this.#naming ??= this.#makeNaming();
      this.#naming.show({ hasName: this.me.person !== null, isSigned: this.me.person?.signed === true });
    }
  }

  #makeNaming() {
    return new NamingView(this.chat.person.form, {
      language: () => this.language,
      on: {
        name: (name) => {
          this.#naming.refuse(null);
          this.chat.person.on.name(name);
        },
        move: () => this.#moveHere(),
        give: () => this.#moveAway(),
      },
    });
  }

  /** This device becomes one of those of the person who has the code. */
  async #moveHere(problem = '') {
    const { language } = this;
    const given = await ask(this.chat.root, {
      title: language.say('moveHere'), text: problem || language.say('codeHow'), submit: language.say('codeUse'), cancel: language.say('cancel'),
      fields: [{ type: 'text', name: 'code', label: language.say('codeAsk'), most: 20, hint: 'ABCD-1234' }],
    });
    if (given === null) {
      return;
    }
    const [, first, second] = CODE.exec(given.code) ?? [];
    const moved = first && (await this.acts.move(`${first}-${second}`.toUpperCase()).catch((failure) => ({ failure })));
    if (moved?.name) {
      this.#naming.refuse(null);
      this.chat.person.on.name(moved.name);
      this.me.load();
    } else {
      const { failure } = moved ?? {};
      this.#moveHere(failure === undefined || failure.kind === 'refused' ? language.say('codeWrong') : failure.message);
    }
  }

  async #moveAway() {
    const { language } = this;
    const given = await this.attempt(() => this.acts.code());
    if (given !== null) {
      const end = whenOf(given.ends, language, this.chat.clock.wall());
      await tell(this.chat.root, { title: given.code, text: language.say('codeShow', { end }), close: language.say('close') });
      this.chat.person.close();
    }
  }

  // ---- at a message ----

  #mayChange(message) {
    return message.deleted !== true && (this.me.mayChange(message) || (this.me.mayModerate && this.me.wrote(message) === true));
  }

  /** at: the element that the menu belongs to. */
  async openMenu(message, at) {
    if (!(await this.#learn())) {
      this.chat.status.say(this.language.say('notLoaded'));
      return;
    }
    const { language, me } = this;
    const isOwn = this.chat.isOwn(message);
    const mayModerate = me.mayModerate && me.wrote(message) !== true;
    const items = [
      { id: 'reply', label: language.say('reply') },
      { id: 'link', label: language.say('copyLink') },
      this.#mayChange(message) && { id: 'change', label: language.say('edit') },
      this.#mayChange(message) && { id: 'remove', label: language.say('delete'), isGrave: true },
      !isOwn && !mayModerate && me.now.may !== undefined && { id: 'report', label: language.say('report') },
      ...(mayModerate ? moderatorItems(message, language) : []),
    ].filter(Boolean);
    const chosen = await openMenu(this.chat.root, at, { label: language.say('menu'), items });
    this.#do(chosen, message);
  }

  #do(chosen, message) {
    const { chat } = this;
    const own = {
      reply: () => chat.composer.reply(message),
      link: () => chat.links.copyLink(message.seq),
      change: () => this.change(message),
      remove: () => this.remove(message),
      report: () => this.#report(message),
    };
    if (own[chosen] !== undefined) {
      own[chosen]();
    } else if (chosen !== null) {
      this.withModeration((moderation) => moderation[chosen](message));
    }
  }

  /** Puts an own message into the field. */
  change(message) {
    if (this.#mayChange(message)) {
      this.chat.composer.edit(message);
    } else if (this.me.wrote(message) === true) {
      this.#say('tooLate');
    }
  }

  /** An own message is to have this text. */
  changed(message, text) {
    if (text.trim() === '') {
      this.remove(message);
    } else if (text !== message.text) {
      this.chat.outbox.send({ name: this.chat.name, type: 'edit', target: message.seq, text });
    }
  }

  async remove(message) {
    if (this.#mayChange(message)) {
      if ((await this.#confirm(message)) !== null) {
        this.chat.outbox.send({ name: this.chat.name, type: 'delete', target: message.seq });
      }
      this.chat.composer.focus();
    } else if (this.me.mayModerate && this.me.wrote(message) !== true && !message.deleted) {
      this.withModeration((moderation) => moderation.remove(message));
    } else if (this.me.wrote(message) === true) {
      this.#say('tooLate');
    }
  }

  async #confirm({ text }) {
    await this.#learn();
    const { language } = this;
    return ask(this.chat.root, { title: language.say('deleteAsk'), text: snippet(text), submit: language.say('delete'), cancel: language.say('cancel'), isGrave: true });
  }

  async #report({ seq, name, text }) {
    const { language } = this;
    const given = await ask(this.chat.root, {
      title: language.say('reportTitle'), text: `${name}: ${snippet(text)}`, submit: language.say('reportSend'), cancel: language.say('cancel'),
      fields: [{ type: 'area', name: 'reason', label: language.say('reason') }],
    });
    if (given !== null && (await this.attempt(() => this.acts.report(seq, given.reason))) !== null) {
      this.#say('reported');
    }
  }

  clean(message) {
    this.withModeration((moderation) => moderation.clean(message));
  }

  /** Does something that only moderators do; loads its module. */
  async withModeration(action) {
    this.#moderation ??= import('./moderation.js');
    try {
      const [{ Moderation }] = await Promise.all([this.#moderation, this.language.learn()]);
      this.moderation ??= new Moderation(this);
      action(this.moderation);
    } catch (error) {
      this.#moderation = null;
      console.warn(error);
      this.chat.status.say(this.language.say('notLoaded'));
    }
  }
}

const moderatorItems = ({ fresh }, language) => [
  { id: 'clean', label: language.say('clean'), isGrave: true },
  { id: 'remove', label: language.say('delete'), isGrave: true },
  { id: 'hide', label: language.say('hide') },
  { id: 'mute', label: language.say('muteAuthor') },
  { id: 'ban', label: language.say('banAuthor') },
  ...(fresh ? [{ id: 'trust', label: language.say('trust') }] : []),
];
