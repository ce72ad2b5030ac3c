// app.js - a chat: joins what listens and sends (connection.js) to what shows (views/). For the
// page (main.js) and for the frame on another site (frame.js).

import { Attention } from './attention.js';
import { makeClock } from './clock.js';
import { bringOver, connect } from './connection.js';
import { LANGUAGES } from './lang.js';
import { Links } from './links.js';
import { Preferences } from './preferences.js';
import { Presence } from './presence.js';
import { CHAT, site } from './site.js';
import { fetchOlder } from './transport.js';
import { ComposerView } from './views/composer.js';
import { LogView } from './views/log.js';
import { PersonView } from './views/person.js';
import { StatusView } from './views/status.js';

/** what: sound or notify. */
// no network, no sound
const alert = (what, given) => import('./alert.js').then((module) => module[what](given)).catch(() => {});

class Chat {
  #name;

  constructor(root, { room, title, preset = '', embedded = false, on = {}, token, signed, keeper }) {
    Object.assign(this, { root, room, title, embedded, on });
    this.clock = makeClock();
    this.presence = new Presence({ clock: this.clock, isOpen: !embedded });
    this.preferences = new Preferences({ room, on: { language: () => this.#speak(), sound: () => alert('sound') } });
    this.#name = signed ?? this.preferences.get('name') ?? preset;
    const wantsNews = () => this.presence.isOpen && ['sound', 'notify'].some((key) => this.preferences.wants(key));
    Object.assign(this, connect({ room, clock: this.clock, pace: () => this.presence.pace, wantsNews, token, keeper }));
    // another visitor
    token?.addEventListener('change', () => this.withPeace((peace) => peace.me.load(), false));
  }

  async begin() {
    await this.preferences.load(this.root);
    this.#makeViews();
    this.#hearConnection();
    this.#hearVisitor();
    this.#showTitle();
    this.#showName();
    if (this.#name === '') {
      this.person.ask();
    } else if (!this.embedded) {
      this.composer.focus();
    }
    this.outbox.restore();
    this.transport.start();
    this.#join();
  }

  /** The address of the page may have an invitation. The room may be one that it opens. */
  #join() {
    const { invite } = this.links;
    if (invite !== undefined) {
      this.withPeace((peace) => peace.join(invite));
    }
  }

  // ---- for the site around a frame ----

  /** theme: auto, light or dark, unless the visitor has chosen one; accent: a colour. */
  look(wish) {
    this.preferences.suggest(wish);
  }

  /** The widget was opened or closed. */
  opened(isOpen) {
    this.presence.isOpen = isOpen;
    if (isOpen) {
      this.#looks();
      (this.#name === '' ? this.person : this.composer).focus();
    } else {
      this.#turnsAway();
    }
  }

  get name() {
    return this.#name;
  }

  setName(name) {
    this.#name = name;
    this.preferences.set('name', name);
    this.#showName();
  }

  // ---- views ----

  #part(name) {
    return this.root.querySelector(`[data-part="${name}"]`);
  }

  #makeViews() {
    const { language } = this.preferences;
    this.status = new StatusView(this.#part('status'), { language, on: { now: () => this.#hurry({}) }, now: this.clock.now });
    this.links = new Links({ room: this.room, embedded: this.embedded, goTo: (seq) => this.log.goTo(seq), say: (phrase) => this.status.say(this.say(phrase)) });
    this.log = this.#makeLog(language);
    this.composer = this.#makeComposer(language);
    this.person = this.#makePerson(language);
    this.#part('opener').addEventListener('click', () => this.#openSettings());
    this.attention = this.#makeAttention();
  }

  /** Loads a module on first use; undefined without a network. isAsked: the visitor is told. */
  async #load(name, isAsked = true) {
    try {
      return await import(name);
    } catch {
      if (isAsked) {
        this.status.say(this.say('notLoaded'));
      }
      return undefined;
    }
  }

  /** Does something with names, roles and limits (peace.js), which are loaded after the room. */
  async withPeace(action, isAsked = true) {
    const module = await this.#load('./peace.js', isAsked);
    if (module !== undefined) {
      this.peace ??= new module.Peace(this);
      action(this.peace);
    }
  }

  async #openSettings() {
    const module = await this.#load('./views/settings.js');
    if (module !== undefined) {
      this.settings ??= new module.SettingsView(this.root, { values: this.preferences, languages: LANGUAGES });
      this.settings.open().catch(() => this.status.say(this.say('notLoaded')));
    }
  }

  #makeLog(language) {
    const { store, outbox, links } = this;
    return new LogView(this.#part('scroller'), {
      store,
      news: this.#part('news'),
      name: () => this.#name,
      isOwn: (message) => this.isOwn(message),
      isModerator: () => this.peace?.me.mayModerate === true,
      language,
      on: {
        older: (limit) => this.#fetchOlder(limit),
        retry: (key) => {
          outbox.retry(key, this.#name);
          this.composer.focus(); // the button is gone
        },
        edit: (key) => this.composer.putBack(outbox.takeBack(key)),
        drop: (key) => outbox.takeBack(key),
        copy: (key) => links.copy(outbox.textOf(key), 'textCopied'),
        copyText: (text) => links.copy(text, 'textCopied'),
        reply: (message) => this.composer.reply(message),
        change: (message) => this.withPeace((peace) => peace.change(message)),
        remove: (message) => this.withPeace((peace) => peace.remove(message)),
        menu: (message, at) => this.withPeace((peace) => peace.openMenu(message, at)),
        clean: (message) => this.withPeace((peace) => peace.clean(message)),
        leave: () => this.composer.focus(),
      },
    });
  }

  #makeComposer(language) {
    return new ComposerView(this.#part('composer'), {
      draft: { get: () => this.preferences.get('draft'), set: (text) => this.preferences.set('draft', text) },
      language,
      on: {
        send: (text, { replyTo }) => {
          this.log.toEnd();
          this.outbox.send({ name: this.#name, text, reply_to: replyTo });
        },
        change: (message, text) => this.withPeace((peace) => peace.changed(message, text)),
        up: () => this.log.focusLast(),
      },
    });
  }

  #makePerson(language) {
    return new PersonView(this.#part('person'), this.#part('me'), {
      language,
      on: {
        name: (chosen) => {
          this.setName(chosen);
          this.composer.focus();
          this.outbox.rename(chosen);
          this.peace?.claim();
        },
        asked: () => this.peace?.offerNames(),
        opened: () => this.composer.show(false),
        closed: () => {
          this.composer.show(true);
          this.composer.focus();
        },
      },
    });
  }

  #makeAttention() {
    return new Attention({
      // in this tab, or in another one of the room
      isSeen: () => this.presence.isSeen || this.transport.isLookedAt,
      isOwn: (message) => this.isOwn(message),
      wants: (key) => this.preferences.wants(key),
      speaks: () => this.transport.speaks,
      sound: () => alert('sound'),
      notify: (message) => alert('notify', { title: this.say('notifyTitle', { name: message.name, room: this.room }), message, tag: `${CHAT} ${this.room}` }),
      show: (missed) => this.#showMissed(missed),
    });
  }

  #showTitle() {
    this.#part('title').textContent = this.title || this.room;
    if (this.title) {
      this.#part('hash').remove();
    }
    this.#showMissed(0);
  }

  #showMissed(missed) {
    this.on.unread?.(missed);
    if (!this.embedded) {
      document.title = `${missed > 0 ? `(${missed}) ` : ''}#${this.room} – pollchat`;
    }
  }

  #showName() {
    this.person.show(this.#name);
    this.composer.show(this.#name !== '');
    this.log.paint();
  }

  /** The visitor has chosen another language. */
  #speak() {
    const { language } = this.preferences;
    this.composer.language = language;
    this.person.language = language;
    this.log.paint(language);
    this.status.speak(language);
  }

  /** A phrase in the visitor's language (lang.js). */
  say(phrase, values) {
    return this.preferences.language.say(phrase, values);
  }

  // ---- messages ----

  isOwn(message) {
    return message.state !== undefined || (this.peace?.me.wrote(message) ?? message.name === this.#name);
  }

  #fetchOlder(limit) {
    return fetchOlder({ ...this, limit }).catch((failure) => this.status.say(this.say('olderFailed', { why: failure.message })));
  }

  /**
   * A room without messages may be of a new chat: then it is examined whether the web can read its
   * data.
   */
  #examine() {
    if (this.store.next === 0 && this.root.dataset.fresh) {
      // of no interest to a visitor
      import('./fresh.js').then(({ lookOnce }) => lookOnce(this.api.way, site)).catch(() => {});
    }
  }

  // ---- what happens ----

  #hearConnection() {
    const { store, transport, outbox, status } = this;
    transport.addEventListener('status', ({ detail }) => {
      if (detail.state === 'online' && status.isFailing) {
        outbox.hurry();
      }
      status.polls(detail);
      if (detail.failure?.kind === 'refused') {
        this.withPeace((peace) => peace.shut(detail), false);
      }
    });
    outbox.addEventListener('status', ({ detail }) => status.sends(detail));
    outbox.addEventListener('sent', ({ detail }) => {
      if (detail.said === this.#name && detail.name !== this.#name) {
        this.setName(detail.name); // as the server writes it: own messages are recognised by it
      }
      transport.hurry({ expected: true });
    });
    outbox.addEventListener('refused', ({ detail }) => {
      if (detail.field === 'name') {
        this.person.ask();
      }
      this.withPeace((peace) => peace.refused(detail), false);
    });
    store.addEventListener('deleted', ({ detail }) => {
      this.attention.gone(detail.seqs);
      if (this.preferences.wants('notify')) {
        alert('withdraw', detail.seqs);
      }
    });
    store.addEventListener('change', ({ detail }) => this.#changed(detail));
    const opened = ({ detail }) => {
      if (detail.reason === 'open') {
        store.removeEventListener('change', opened);
        this.withPeace((peace) => peace.begin(), false);
        this.#examine();
        setTimeout(() => this.links.follow());
      }
    };
    store.addEventListener('change', opened);
  }

  #changed({ reason, added }) {
    const { store } = this;
    if (reason === 'new') {
      const fresh = store.messages.slice(store.messages.length - added);
      this.attention.news(fresh);
      fresh.forEach((message) => this.on.message?.(message));
    }
    if (reason === 'new' || reason === 'open') {
      this.#tellSeen();
    }
  }

  #hearVisitor() {
    const { presence, transport, store } = this;
    presence.report({
      looks: () => this.#looks(),
      turnsAway: () => this.#turnsAway(),
      isBack: () => transport.hurry(),
      stop: () => transport.stop(),
      start: () => transport.start(),
      network: () => this.#hurry({ anew: true }),
    });
    window.addEventListener('hashchange', () => (this.links.invite ? this.#join() : store.next !== null && this.links.follow()));
  }

  #looks() {
    this.attention.seen();
    this.#tellSeen();
    this.presence.touch();
    this.transport.hurry();
  }

  #turnsAway() {
    this.log.turnedAway();
    this.transport.turnedAway();
  }

  #tellSeen() {
    if (this.presence.isSeen && this.store.next !== null) {
      this.on.seen?.(this.store.epoch, this.store.next);
    }
  }

  #hurry(how) {
    this.transport.hurry(how);
    this.outbox.hurry();
  }
}

/**
 * Starts a chat in root, which has the elements of index.html. title: shown instead of the room's
 * name. preset: a name for a visitor who has none yet. embedded: in a frame, so the document's
 * title and the address are not of the chat. on: { message(message), unread(n), seen(epoch, seq) }.
 * token: of the visitor of the site around the chat (token.js); or tokenUrl: where this site has
 * it.
 */
export async function start(root, { tokenUrl, ...options }) {
  await bringOver(options.room).catch(() => {}); // the next visit tries again
  const token = tokenUrl ? (await import('./token.js')).tokenOf(tokenUrl) : options.token;
  const signed = await token?.name();
  const chat = new Chat(root, { ...options, token, signed });
  await chat.begin();
  return chat;
}
