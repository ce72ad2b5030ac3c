// main.js - wires the page: which room, whose name, and who tells whom.

import { makeApi } from './api.js';
import { Backoff } from './backoff.js';
import { Keep } from './keep.js';
import { Ladder } from './ladder.js';
import { newId, Outbox } from './outbox.js';
import { Store } from './store.js';
import { Feed, Tabs } from './tabs.js';
import { fetchOlder, Transport } from './transport.js';
import { ComposerView } from './views/composer.js';
import { LogView } from './views/log.js';
import { PersonView } from './views/person.js';
import { StatusView } from './views/status.js';

const IDLE_MS = 120_000;
const NAME = 'pollchat.name';

/** Storage that may be absent, full or forbidden: then nothing is remembered, and all works. */
function keeper(storage) {
  const attempt = (action) => {
    try {
      return action(window[storage]);
    } catch {
      return null;
    }
  };
  return {
    get: (key) => attempt((s) => s.getItem(key)),
    set: (key, value) => attempt((s) => s.setItem(key, value)),
  };
}

function parseList(text) {
  try {
    const list = JSON.parse(text ?? '[]');
    return list.filter((entry) => [entry.name, entry.id, entry.text, entry.time].every((value) => typeof value === 'string'));
  } catch {
    return [];
  }
}

/** An answer can be read while it comes. */
const canStream = () => typeof ReadableStream === 'function' && 'body' in Response.prototype && 'getReader' in ReadableStream.prototype;

function start() {
  const byId = (id) => document.getElementById(id);
  const local = keeper('localStorage');
  const session = keeper('sessionStorage');
  const room = new URLSearchParams(location.search).get('room') || 'lobby';
  const clock = { now: () => Date.now(), setTimeout: (f, ms) => setTimeout(f, ms), clearTimeout: (t) => clearTimeout(t) };
  let name = local.get(NAME) ?? '';
  let lastActive = Date.now();
  let missed = 0;

  const store = new Store(room);
  const api = makeApi({ base: document.baseURI, fetch: (...args) => fetch(...args), clock });
  const pace = () => (document.hidden ? 'hidden' : Date.now() - lastActive > IDLE_MS ? 'idle' : 'active');
  const ladder = new Ladder({ top: canStream() ? 'stream' : 'held' });
  const feed = new Feed(store);
  const listener = new Transport({ store: feed, api, clock, pace: () => transport.pace(), ladder, backoff: new Backoff() });
  const channelName = `pollchat ${new URL('.', document.baseURI).pathname}${room}`;
  const channel = typeof BroadcastChannel === 'function' ? new BroadcastChannel(channelName) : undefined;
  const transport = new Tabs({ feed, transport: listener, clock, name: channelName, locks: navigator.locks, channel, pace });
  const outboxKey = `pollchat.outbox.${room}`;
  const outbox = new Outbox({
    store,
    api,
    clock,
    backoff: new Backoff(),
    makeId: () => newId((bytes) => crypto.getRandomValues(bytes)),
    keep: new Keep({
      indexedDB: window.indexedDB,
      locks: navigator.locks,
      name: channelName,
      tab: newId((bytes) => crypto.getRandomValues(bytes)),
      otherwise: { load: () => parseList(session.get(outboxKey)), save: (list) => session.set(outboxKey, JSON.stringify(list)) },
    }),
  });

  // ---- views ----

  const status = new StatusView(byId('status'), { on: { now: hurry } });
  const log = new LogView(byId('log'), {
    store,
    news: byId('news'),
    isOwn: (message) => message.state !== undefined || message.name === name,
    on: {
      older: () => fetchOlder({ store, api }).catch((failure) => describe({ state: 'online', note: `Older messages didn't come: ${failure.message}` })),
      retry(key) {
        outbox.retry(key, name);
        composer.focus(); // the button is gone
      },
      edit: (key) => composer.putBack(outbox.takeBack(key)),
    },
  });
  const composer = new ComposerView(byId('composer'), {
    on: {
      send(text) {
        log.toEnd();
        outbox.send({ name, text });
      },
    },
  });
  const person = new PersonView(byId('person'), byId('me'), {
    on: {
      name(chosen) {
        name = chosen;
        local.set(NAME, name);
        showPerson();
        composer.focus();
      },
      opened: () => composer.show(false),
      closed() {
        composer.show(true);
        composer.focus();
      },
    },
  });

  function showPerson() {
    person.show(name);
    composer.show(name !== '');
    log.paint();
  }

  // ---- the connection, in words ----

  const trouble = { poll: null, send: null };

  function describe({ state, note }) {
    const failing = trouble.poll ?? trouble.send;
    if (failing === null) {
      status.show({ state, text: note ?? (state === 'connecting' ? 'Connecting …' : '') });
      return;
    }
    const { failure, until } = failing;
    const words = {
      network: 'No connection. What you write is kept and goes out as soon as there is one.',
      answer: `${failure.message} Perhaps this network wants you to log in.`,
    };
    if (failure.status === 429 || failure.status === 503) {
      words.busy = 'The chat is busy. What you write is kept and goes out in a moment.';
    }
    status.show({ state: failure.kind === 'refused' ? 'refused' : 'retrying', text: words[failure.kind] ?? failure.message, until });
  }

  transport.addEventListener('status', ({ detail }) => {
    if (detail.state === 'online' && trouble.poll !== null) {
      outbox.hurry();
    }
    trouble.poll = detail.state === 'retrying' ? detail : null;
    describe(detail);
  });
  outbox.addEventListener('status', ({ detail }) => {
    trouble.send = detail.failure === null ? null : detail;
    describe({ state: 'online' });
  });
  outbox.addEventListener('sent', ({ detail }) => {
    if (detail.said === name && detail.name !== name) {
      name = detail.name; // as the server writes it, so that own messages are known as such
      local.set(NAME, name);
      log.paint();
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

  function title() {
    document.title = `${missed > 0 ? `(${missed}) ` : ''}#${room} – pollchat`;
  }
  store.addEventListener('change', ({ detail }) => {
    if (document.hidden && detail.reason === 'new') {
      missed += detail.added;
      title();
    }
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) {
      missed = 0;
      lastActive = Date.now();
      title();
      transport.hurry();
    }
  });
  for (const event of ['pointerdown', 'keydown']) {
    document.addEventListener(
      event,
      () => {
        const wasIdle = pace() === 'idle';
        lastActive = Date.now();
        if (wasIdle) {
          transport.hurry();
        }
      },
      { passive: true },
    );
  }
  window.addEventListener('online', () => {
    transport.hurry({ anew: true });
    outbox.hurry();
  });

  byId('room').textContent = room;
  title();
  showPerson();
  if (name === '') {
    person.ask();
  } else {
    composer.focus();
  }
  outbox.restore();
  transport.start();
}

start();
