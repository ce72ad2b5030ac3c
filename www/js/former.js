// former.js - brings over what earlier versions kept in this browser, under keys that didn't say
// which chat of the host they are for.
//
// It is only loaded where there is something to bring over. Choices are copied, as another chat of
// this host may want them too. Drafts move to the chat that is opened first. For messages that
// aren't sent yet, the database says for which chat they are. Those that a tab kept by itself (a
// page without HTTPS) don't say so: they are sent after a reload only, else the visitor is asked.

const ROOM = '([a-z0-9][a-z0-9_-]*)';
const CHOICES = /^pollchat\.(name|language|theme|sound|notify)$/;
const OF_ROOM = new RegExp(`^pollchat\\.${ROOM}\\.(draft|mute)$`);
const TABS = 'pollchat tab '; // their locks
const AHEAD = 'pollchat.ahead.';

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** The former database, or null; it isn't made. */
function openFormer(indexedDB) {
  const request = indexedDB.open('pollchat', 1);
  request.onupgradeneeded = () => request.transaction.abort();
  return done(request).catch(() => null);
}

/**
 * Calls action unless a tab of an earlier version still owns what is kept for `tab`. Returns
 * whether it was called.
 */
const ifLeft = (locks, tab, action) =>
  locks.request(`${TABS}${tab}`, { ifAvailable: true }, async (lock) => {
    if (lock !== null) {
      await action();
    }
    return lock !== null;
  });

function moveChoices(storage, chat) {
  for (const key of Object.keys(storage)) {
    const [, choice] = CHOICES.exec(key) ?? [];
    const [, room, thing] = OF_ROOM.exec(key) ?? [];
    const now = choice ? `${chat} ${choice}` : `${chat} ${room} ${thing}`;
    if ((choice ?? room) !== undefined && storage.getItem(now) === null) {
      storage.setItem(now, storage.getItem(key));
      if (thing === 'draft') {
        storage.removeItem(key);
      }
    }
  }
}

/** The room, if the name is that of a room of this chat; paths: where the chat is. */
const roomOf = (name, paths) => paths.map((path) => new RegExp(`^pollchat ${path.replace(/[^\w/]/g, '\\$&')}${ROOM}$`).exec(name)?.[1]).find((room) => room);

/** Moves the database's records. Returns whether nothing of this chat is left there. */
async function moveRecords({ indexedDB, locks, paths, openOutbox }) {
  const former = await openFormer(indexedDB);
  if (former === null) {
    return true;
  }
  const outbox = (mode) => former.transaction('outbox', mode).objectStore('outbox');
  const move = async (key, room) => {
    const lines = await done(outbox('readonly').get(key));
    const database = await openOutbox();
    await done(database.transaction('outbox', 'readwrite').objectStore('outbox').put(lines, [room, key[1]]));
    database.close();
    await done(outbox('readwrite').delete(key)); // both have it for a moment: each line is known by its id
  };
  let all = true;
  for (const key of await done(outbox('readonly').getAllKeys())) {
    const room = roomOf(key[0], paths);
    all = (room === undefined || (await ifLeft(locks, key[1], () => move(key, room)))) && all;
  }
  former.close();
  return all;
}

/** Moves what a database had not written yet. Returns whether nothing of this chat is left. */
async function moveAheads({ local, locks, paths, chat }) {
  let all = true;
  for (const key of Object.keys(local).filter((name) => name.startsWith(AHEAD))) {
    const [name, tab] = key.slice(AHEAD.length).split('\n');
    const room = roomOf(name, paths);
    const move = () => {
      local.setItem(`${chat} ${room} ahead ${tab}`, local.getItem(key));
      local.removeItem(key);
    };
    all = (room === undefined || (await ifLeft(locks, tab, move))) && all;
  }
  return all;
}

/**
 * Moves what this tab kept by itself. isReload: the page before was this one, so the lines are for
 * this chat.
 */
function moveSession({ session, chat, room, isReload }) {
  const lines = JSON.parse(session.getItem(`pollchat.outbox.${room}`));
  session.removeItem(`pollchat.outbox.${room}`);
  const now = `${chat} ${room} outbox`;
  const own = JSON.parse(session.getItem(now)) ?? [];
  const found = isReload ? lines : lines.map((line) => ({ ...line, state: 'failed', detail: '' }));
  session.setItem(now, JSON.stringify([...found, ...own]));
}

/**
 * local, session: the two storages, or null; chat: what the chat's keys begin with; paths: where
 * the chat is, as earlier versions wrote it; openOutbox(): opens its database. Throws where the
 * browser forbids something; the rest stays for another time.
 */
export async function bringOver(of) {
  const { local, session, locks, chat, room } = of;
  if (session?.getItem(`pollchat.outbox.${room}`)) {
    moveSession(of);
  }
  if (local?.getItem(`${chat} moved`) !== null) {
    return;
  }
  moveChoices(local, chat);
  const all = locks === undefined || ((await moveRecords(of)) && (await moveAheads(of)));
  const others = locks === undefined ? [] : (await locks.query()).held;
  if (all && others.every(({ name }) => !name.startsWith(TABS))) {
    local.setItem(`${chat} moved`, 'yes'); // no tab of an earlier version is left that may add to it
  }
}
