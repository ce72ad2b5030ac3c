// connection.js - the parts that listen, send and remember, joined for one room. Has no elements.

import { Failure, parse } from './answers.js';
import { makeApi } from './api.js';
import { Backoff } from './backoff.js';
import { openChannel } from './channel.js';
import { keyStorage, makeKey, makeWho } from './key.js';
import { Ladder } from './ladder.js';
import { newId, Outbox } from './outbox.js';
import { attempt, CHAT, remember, site } from './site.js';
import { Store } from './store.js';
import { Tabs } from './tabs.js';
import { Transport } from './transport.js';

const TALK = 1; // version of the messages between tabs: tabs of another release may be open

const makeId = () => newId((bytes) => crypto.getRandomValues(bytes));

/** Whether this browser can read an answer while it comes. */
const canStream = () => typeof ReadableStream === 'function' && 'body' in Response.prototype && 'getReader' in ReadableStream.prototype;

/** A storage of the browser, or null where it is forbidden. */
const storage = (name) => attempt(() => window[name]);

/** Opens the channel with this name (channel.js). */
function channelOf(name) {
  const { BroadcastChannel, origin } = window;
  return openChannel(name, { BroadcastChannel, origin, storage: storage('localStorage'), target: window });
}

/**
 * Moves what earlier versions kept, under names without the chat. Rejects where the browser forbids
 * it.
 */
export async function bringOver(room) {
  const local = storage('localStorage');
  const isOld = local?.getItem('pollchat.name') && local.getItem(`${CHAT} moved`) === null;
  if (isOld || storage('sessionStorage')?.getItem(`pollchat.outbox.${room}`)) {
    await (await import('./former.js')).bringOver(room);
  }
}

/** The browser's locks, or a stand-in on a page without HTTPS. */
const findLocks = async (clock) => navigator.locks ?? (await import('./locks.js')).makeLocks({ id: makeId(), clock, channel: channelOf(`${CHAT} locks`) });

/** Keeps unsent messages (keep.js). The module is loaded when the room is shown already. */
function makeKeep(room, clock) {
  const session = remember('sessionStorage', CHAT);
  const otherwise = {
    load() {
      const list = parse(session.get(`${room} outbox`));
      return Array.isArray(list) ? list : [];
    },
    save: (list) => session.set(`${room} outbox`, JSON.stringify(list)),
  };
  const indexedDB = attempt(() => window.indexedDB); // a frame without storage may not even ask for it
  const given = { indexedDB, locks: () => findLocks(clock), chat: CHAT, room, tab: makeId(), ahead: storage('localStorage'), otherwise };
  let keep = otherwise;
  return {
    async load() {
      try {
        keep = new (await import('./keep.js')).Keep(given);
      } catch {
        // there is no network now: `otherwise` keeps messages until the tab is closed
      }
      return keep.load();
    },
    save: (entries) => keep.save(entries),
  };
}

/** Solves a challenge of the chat. Without a network, a later try loads the module. */
const solver = (key) => async ({ challenge, bits }, progress) => {
  const { prove } = await import('./proof.js').catch(({ message }) => {
    throw new Failure('network', message);
  });
  return prove({ challenge, bits, key: key() }, { progress });
};

/** Numbers the lines of all tabs in the order of writing. */
function counter() {
  const local = remember('localStorage', CHAT);
  return (last) => {
    const next = Math.max(last, Number(local.get('written')) || 0) + 1;
    local.set('written', next);
    return next;
  };
}

function makeTabs({ store, api, clock, pace, wantsNews }) {
  const listener = new Transport({
    store, api, clock, backoff: new Backoff(), ladder: new Ladder({ top: canStream() ? 'stream' : 'held' }),
    pace: () => tabs.pace(), others: () => tabs.others(), mayHold: () => tabs.mayHold(),
  });
  const openOf = (what) => channelOf(what === 'holds' ? 'pollchat holds' : `${CHAT} ${what} ${TALK}`);
  const tabs = new Tabs({ id: makeId(), store, transport: listener, clock, openChannel: openOf, pace, wantsNews });
  return tabs;
}

/**
 * pace(), wantsNews(): see tabs.js. token: see token.js; undefined: the site has no visitors of its
 * own. keeper: see key.js.
 */
export function connect({ room, clock, pace, wantsNews, token, keeper }) {
  const store = new Store(room);
  const key = makeKey({ storage: keyStorage(keeper) });
  const api = makeApi({ base: site, fetch: (...args) => fetch(...args), clock, who: makeWho(key, token) });
  const transport = makeTabs({ store, api, clock, pace, wantsNews });
  const outbox = new Outbox({ store, api, clock, backoff: new Backoff(), makeId, keep: makeKeep(room, clock), count: counter(), prove: solver(key) });
  return { store, api, transport, outbox };
}
