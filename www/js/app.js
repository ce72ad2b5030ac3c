// app.js - wires a chat: which room, whose name, and who tells whom. For the page (main.js) and for the frame (embedded.js).

import { makeApi } from './api.js';
import { Attention, makeSound, notifyOf } from './attention.js';
import { Backoff } from './backoff.js';
import { openChannel } from './channel.js';
import { makeClock } from './clock.js';
import { Keep, openOutbox } from './keep.js';
import { Ladder } from './ladder.js';
import { directionOf, choose, LANGUAGES, loadLanguage, readyLanguage, translate } from './lang.js';
import { Locks } from './locks.js';
import { newId, Outbox } from './outbox.js';
import { Store } from './store.js';
import { Feed, Tabs } from './tabs.js';
import { fetchOlder, Transport } from './transport.js';
import { ComposerView } from './views/composer.js';
import { LogView } from './views/log.js';
import { PersonView } from './views/person.js';
import { SettingsView } from './views/settings.js';
import { StatusView } from './views/status.js';

const IDLE_MS = 120_000;
const TALK = 1; // version of what tabs tell each other, as tabs of another release may still be open

function attempt(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

/** Storage that may be absent, full or forbidden: then nothing is remembered, and all works. */
function keeper(storage, prefix) {
  return {
    get: (key) => attempt(() => window[storage].getItem(`${prefix} ${key}`)),
    set: (key, value) => attempt(() => window[storage].setItem(`${prefix} ${key}`, value)),
  };
}

function parseList(text) {
  const list = attempt(() => JSON.parse(text));
  return Array.isArray(list) ? list : [];
}

/** Buttons and own messages in a colour of the site's, with letters that can be read on it. */
function paint(accent) {
  const { style } = document.documentElement;
  style.setProperty('--fill', accent);
  style.setProperty('--own', accent);
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.color = accent;
  const [r, g, b] = getComputedStyle(probe).color.match(/\d+/g).map(Number);
  probe.remove();
  for (const letters of ['--on-accent', '--on-own']) {
    style.setProperty(letters, r * 0.3 + g * 0.59 + b * 0.11 > 140 ? '#000' : '#fff');
  }
}

/** theme: auto, light, dark. */
function setTheme(theme) {
  const media = { light: 'not all', dark: 'all' }[theme] ?? '(prefers-color-scheme: dark)';
  document.querySelector('[data-part="dark"]').media = media;
}

const site = new URL('..', import.meta.url);

/**
 * The beginning of all names under which the browser keeps things for this chat: other chats may be
 * at other paths of the host.
 */
const CHAT = `pollchat ${site.pathname}`;

/** Earlier versions kept things under names without the chat. */
async function bringOver(room) {
  const [local, session] = ['localStorage', 'sessionStorage'].map((name) => attempt(() => window[name]));
  const isOld = local?.getItem('pollchat.name') && local.getItem(`${CHAT} moved`) === null;
  if (isOld || session?.getItem(`pollchat.outbox.${room}`)) {
    const former = await import('./former.js');
    const { indexedDB } = window;
    const isReload = performance.getEntriesByType('navigation')[0]?.type === 'reload';
    const paths = [site.pathname, new URL('.', document.baseURI).pathname];
    await former.bringOver({ local, session, indexedDB, locks: navigator.locks, chat: CHAT, room, paths, isReload, openOutbox: () => openOutbox(indexedDB, CHAT) });
  }
}

/** An answer can be read while it comes. */
const canStream = () => typeof ReadableStream === 'function' && 'body' in Response.prototype && 'getReader' in ReadableStream.prototype;

/** What listens, sends and remembers. Knows no elements. */
function makeTalk({ room, pace, wantsNews, clock }) {
  const [local, session] = ['localStorage', 'sessionStorage'].map((storage) => keeper(storage, CHAT));
  const store = new Store(room);
  const api = makeApi({ base: site, fetch: (...args) => fetch(...args), clock });
  const feed = new Feed(store);
  const ladder = new Ladder({ top: canStream() ? 'stream' : 'held' });
  const listener = new Transport({ store: feed, api, clock, pace: () => transport.pace(), others: () => transport.others(), mayHold: () => transport.mayHold(), ladder, backoff: new Backoff() });
  const makeId = () => newId((bytes) => crypto.getRandomValues(bytes));
  const { BroadcastChannel, origin } = window;
  const channel = { BroadcastChannel, origin, storage: attempt(() => window.localStorage), target: window };
  const transport = new Tabs({ id: makeId(), feed, transport: listener, clock, openChannel: (of) => openChannel(of === 'holds' ? 'pollchat holds' : `${CHAT} ${of} ${TALK}`, channel), pace, wantsNews });
  const wire = navigator.locks === undefined ? openChannel(`${CHAT} locks`, channel) : undefined;
  const standIn = wire && new Locks({ id: makeId(), clock, channel: wire });
  const otherwise = { load: () => parseList(session.get(`${room} outbox`)), save: (list) => session.set(`${room} outbox`, JSON.stringify(list)) };
  const keep = new Keep({ indexedDB: window.indexedDB, locks: navigator.locks ?? standIn, chat: CHAT, room, tab: makeId(), ahead: attempt(() => window.localStorage), otherwise });
  const count = (last) => {
    const next = Math.max(last, Number(local.get('written')) || 0) + 1;
    local.set('written', next);
    return next;
  };
  const outbox = new Outbox({ store, api, clock, backoff: new Backoff(), makeId, keep, count });
  return { store, api, transport, outbox };
}

/**
 * root: holds the elements of index.html. title: in the place of the room's name. preset: a name for who has none yet. embedded: in a
 * frame, where the document's title and the address are nobody's. on: { message(message), unread(n), seen(epoch, seq) }
 * Returns { setName(name), look({ theme, accent }), opened(isOpen) }.
 */
export async function start(root, { room, title, preset, embedded = false, on = {} }) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  await bringOver(room).catch(() => {}); // another time
  const clock = makeClock();
  const local = keeper('localStorage', CHAT);
  const inRoom = keeper('localStorage', `${CHAT} ${room}`);
  let name = local.get('name') ?? preset ?? '';
  let lastActive = clock.now();
  let isOpen = !embedded;
  const isSeen = () => isOpen && !document.hidden;
  const pace = () => (!isSeen() ? 'hidden' : clock.now() - lastActive > IDLE_MS ? 'idle' : 'active');
  const wantsNews = () => isOpen && ['sound', 'notify'].some((key) => local.get(key) === 'yes');
  const { store, api, transport, outbox } = makeTalk({ room, pace, wantsNews, clock });
  let language = readyLanguage(wantedLanguages()) ?? (await loadLanguage(wantedLanguages())); // at once where it can be: people type early

  function wantedLanguages() {
    const chosen = local.get('language');
    const own = navigator.languages ?? [navigator.language];
    return chosen === null || chosen === 'auto' ? own : [own.find((tag) => tag.toLowerCase().split('-')[0] === chosen) ?? chosen, ...own];
  }

  function speak() {
    const tag = choose([language.locale]);
    document.documentElement.lang = tag;
    document.documentElement.dir = directionOf(tag);
    translate(root, language);
  }

  // ---- views ----

  const isOwn = (message) => message.state !== undefined || message.name === name;
  const status = new StatusView(part('status'), { language, on: { now: hurry }, now: clock.now });
  const log = new LogView(part('scroller'), {
    store,
    news: part('news'),
    name: () => name,
    isOwn,
    language,
    on: {
      older: (limit) => fetchOlder({ store, api, limit }).catch((failure) => describe({ state: 'online', note: language.say('olderFailed', { why: failure.message }) })),
      retry(key) {
        outbox.retry(key, name);
        composer.focus(); // the button is gone
      },
      edit: (key) => composer.putBack(outbox.takeBack(key)),
      copy: (key) => copy(outbox.textOf(key), language.say('textCopied')),
      copyText: (text) => copy(text, language.say('textCopied')),
      reply: (message) => composer.reply(message),
      link: copyLink,
      leave: () => composer.focus(),
    },
  });
  const composer = new ComposerView(part('composer'), {
    draft: { get: () => inRoom.get('draft'), set: (text) => inRoom.set('draft', text) },
    language,
    on: {
      send(text, { replyTo }) {
        log.toEnd();
        outbox.send({ name, text, reply_to: replyTo });
      },
      up: () => log.focusLast(),
    },
  });
  const person = new PersonView(part('person'), part('me'), {
    language,
    on: {
      name(chosen) {
        setName(chosen);
        composer.focus();
      },
      opened: () => composer.show(false),
      closed() {
        composer.show(true);
        composer.focus();
      },
    },
  });
  const choices = {
    get: (key) => (key === 'mute' ? inRoom : local).get(key),
    set: (key, value) => (key === 'mute' ? inRoom : local).set(key, value),
  };
  new SettingsView(part('settings'), part('opener'), { values: choices, languages: LANGUAGES, language, on: { changed } });

  function setName(chosen) {
    name = chosen;
    local.set('name', name);
    showPerson();
  }

  function showPerson() {
    person.show(name);
    composer.show(name !== '');
    log.paint();
  }

  async function copyLink(seq) {
    const address = new URL(embedded ? `./?room=${room}` : location.href, document.baseURI);
    address.hash = `m${seq}`;
    if (!(await copy(address.href, language.say('copied'))) && !embedded) {
      location.hash = address.hash; // no clipboard here: the address is in the bar
    }
  }

  /** Returns whether it could be. */
  async function copy(text, note) {
    try {
      await navigator.clipboard.writeText(text);
      describe({ state: 'online', note });
      return true;
    } catch {
      return false; // forbidden, or a page without HTTPS
    }
  }

  // ---- what each visitor chooses ----

  async function changed(key, value) {
    if (key === 'theme') {
      setTheme(value);
    } else if (key === 'language') {
      local.set('language', value);
      language = await loadLanguage(wantedLanguages());
      for (const view of [status, composer, person]) {
        view.language = language;
      }
      speak();
      log.paint(language);
      describe({ state: 'online' });
    } else if (key === 'sound' && value === 'yes') {
      sound(); // to hear what it is; and a browser lets it sound later only after a click
    } else if (key === 'notify' && value === 'yes') {
      const isAllowed = typeof Notification === 'function' && (await Notification.requestPermission()) === 'granted';
      return isAllowed ? undefined : language.say('notifyDenied');
    }
    return undefined;
  }

  // ---- the connection, in words ----

  const trouble = { poll: null, send: null };
  let last = { state: 'connecting' };

  function describe({ state, note }) {
    const failing = trouble.poll ?? trouble.send;
    last = { state };
    if (failing === null) {
      status.show({ state, text: note ?? (state === 'connecting' ? language.say('connecting') : '') });
      return;
    }
    const { failure, until } = failing;
    const words = { network: language.say('offline'), silent: language.say('offline'), answer: language.say('portal') };
    if ((failure.status === 429 || failure.status === 503) && !/full|only|expo/.test(failure.slug)) {
      words.busy = language.say('busy');
    }
    status.show({ state: failure.kind === 'refused' ? 'refused' : 'retrying', text: words[failure.kind] ?? failure.message, until });
  }

  transport.addEventListener('status', ({ detail }) => {
    if (detail.state === 'online' && trouble.poll !== null) {
      outbox.hurry();
    }
    const note = trouble.poll === null && last.state === detail.state;
    trouble.poll = detail.state === 'retrying' ? detail : null;
    if (!note || trouble.poll !== null) {
      describe(detail);
    }
  });
  outbox.addEventListener('status', ({ detail }) => {
    trouble.send = detail.failure === null ? null : detail;
    describe({ state: 'online' });
  });
  outbox.addEventListener('sent', ({ detail }) => {
    if (detail.said === name && detail.name !== name) {
      setName(detail.name); // as the server writes it, so that own messages are known as such
    }
    transport.hurry({ expected: true });
  });
  outbox.addEventListener('refused', ({ detail }) => {
    if (detail.field === 'name') {
      person.ask();
    }
  });

  function hurry() {
    transport.hurry();
    outbox.hurry();
  }

  // ---- who looks ----

  const sound = makeSound(clock);
  const attention = new Attention({
    isSeen: () => isSeen() || transport.isLookedAt, // here, or in another tab of the room
    isOwn,
    wants: (key) => choices.get(key) === 'yes',
    speaks: () => transport.speaks,
    sound,
    notify: (message) => notifyOf({ title: language.say('notifyTitle', { name: message.name, room }), message, tag: `${CHAT} ${room}`, open: () => window.focus() }),
    show(missed) {
      on.unread?.(missed);
      if (!embedded) {
        document.title = `${missed > 0 ? `(${missed}) ` : ''}#${room} – pollchat`;
      }
    },
  });

  function lookedAt() {
    attention.seen();
    tellSeen();
    lastActive = clock.now();
    transport.hurry();
  }

  function tellSeen() {
    if (isSeen() && store.next !== null) {
      on.seen?.(store.epoch, store.next);
    }
  }

  store.addEventListener('change', ({ detail }) => {
    if (detail.reason === 'new') {
      const fresh = store.messages.slice(store.messages.length - detail.added);
      attention.news(fresh);
      fresh.forEach((message) => on.message?.(message));
    }
    if (detail.reason === 'new' || detail.reason === 'open') {
      tellSeen();
    }
  });
  function turnedAway() {
    log.turnedAway();
    transport.turnedAway();
  }

  document.addEventListener('visibilitychange', () => (document.hidden ? turnedAway() : lookedAt()));
  for (const [event, action] of [['pagehide', 'stop'], ['freeze', 'stop'], ['pageshow', 'start'], ['resume', 'start']]) {
    (event.startsWith('page') ? window : document).addEventListener(event, () => transport[action]()); // a page may come back
  }
  for (const event of ['pointerdown', 'keydown']) {
    const active = () => {
      const wasIdle = pace() === 'idle';
      lastActive = clock.now();
      if (wasIdle) {
        transport.hurry();
      }
    };
    document.addEventListener(event, active, { passive: true });
  }
  window.addEventListener('online', () => {
    transport.hurry({ anew: true });
    outbox.hurry();
  });

  // ---- a link to a message ----

  function followLink() {
    const seq = Number(/^#m(\d+)$/.exec(location.hash)?.[1]);
    if (seq > 0 && store.next !== null) {
      log.goTo(seq).then((isThere) => isThere || describe({ state: 'online', note: language.say('gone') }));
    }
  }
  window.addEventListener('hashchange', followLink);
  const opened = ({ detail }) => {
    if (detail.reason === 'open') {
      store.removeEventListener('change', opened);
      if (store.next === 0 && root.dataset.fresh) {
        import('./fresh.js').then(({ lookOnce }) => lookOnce(api.way, site)).catch(() => {}); // nobody's business here
      }
      setTimeout(followLink);
    }
  };
  store.addEventListener('change', opened);

  // ---- begin ----

  setTheme(local.get('theme') ?? 'auto');
  speak();
  part('title').textContent = title || room;
  if (title) {
    part('hash').remove();
  }
  attention.show(0);
  showPerson();
  if (name === '') {
    person.ask();
  } else if (!embedded) {
    composer.focus();
  }
  outbox.restore();
  transport.start();

  return {
    setName,
    /** theme: auto, light, dark, unless the visitor has chosen; accent: a colour. */
    look({ theme, accent }) {
      if (local.get('theme') === null && ['auto', 'light', 'dark'].includes(theme)) {
        setTheme(theme);
      }
      if (typeof accent === 'string' && CSS.supports('color', accent)) {
        paint(accent);
      }
    },
    opened(nowOpen) {
      isOpen = nowOpen;
      if (isOpen) {
        lookedAt();
        (name === '' ? part('person').querySelector('input') : composer).focus();
      } else {
        turnedAway();
      }
    },
  };
}
