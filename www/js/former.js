// former.js - moves what earlier versions kept in this browser. Their keys didn't say which chat of
// the host they were for.
//
// Loaded only if there is something to move. Choices are copied, because another chat of this host
// may want them too. Drafts move to the chat that is opened first. The database of unsent messages
// says for which chat each message is. What a tab kept by itself (on a page without HTTPS) doesn't
// say so: such messages are sent only after a reload; else the visitor is asked.

import { done, openOutbox } from './keep.js';
import { attempt, CHAT, site } from './site.js';

const ROOM = '([a-z0-9][a-z0-9_-]*)';
const CHOICES = /^pollchat\.(name|language|theme|sound|notify)$/;
const OF_ROOM = new RegExp(`^pollchat\\.${ROOM}\\.(draft|mute)$`);
const TABS = 'pollchat tab '; // names of locks
const AHEAD = 'pollchat.ahead.';
const MOVED = `${CHAT} moved`;

/** Opens the former database; null if there is none. */
function openFormer(indexedDB) {
  const request = indexedDB.open('pollchat', 1);
  request.onupgradeneeded = () => request.transaction.abort();
  return done(request).catch(() => null);
}

/**
 * Calls action unless a tab of an earlier version still owns the record of `tab`. Returns whether
 * it was called.
 */
const ifLeft = (locks, tab, action) =>
  locks.request(`${TABS}${tab}`, { ifAvailable: true }, async (lock) => {
    if (lock !== null) {
      await action();
    }
    return lock !== null;
  });

function moveChoices(storage) {
  for (const key of Object.keys(storage)) {
    const [, choice] = CHOICES.exec(key) ?? [];
    const [, room, thing] = OF_ROOM.exec(key) ?? [];
    const now = choice ? `${CHAT} ${choice}` : `${CHAT} ${room} ${thing}`;
    if ((choice ?? room) !== undefined && storage.getItem(now) === null) {
      storage.setItem(now, storage.getItem(key));
      if (thing === 'draft') {
        storage.removeItem(key);
      }
    }
  }
}

/** The room that this name is of, if it is a room of this chat. paths: where the chat is. */
const roomOf = (name, paths) =>
  paths.map((path) => new RegExp(`^pollchat ${path.replace(/[^\w/]/g, '\\$&')}${ROOM}$`).exec(name)?.[1]).find((room) => room);

/** Moves the records of the database. Returns whether nothing of this chat is left there. */
async function moveRecords(indexedDB, locks, paths) {
  const former = await openFormer(indexedDB);
  if (former === null) {
    return true;
  }
  const outbox = (mode) => former.transaction('outbox', mode).objectStore('outbox');
  const move = async (key, room) => {
    const lines = await done(outbox('readonly').get(key));
    const database = await openOutbox(indexedDB, CHAT);
    await done(database.transaction('outbox', 'readwrite').objectStore('outbox').put(lines, [room, key[1]]));
    database.close();
    await done(outbox('readwrite').delete(key)); // for a moment both have it; ids make the two one
  };
  let all = true;
  for (const key of await done(outbox('readonly').getAllKeys())) {
    const room = roomOf(key[0], paths);
    all = (room === undefined || (await ifLeft(locks, key[1], () => move(key, room)))) && all;
  }
  former.close();
  return all;
}

/** Moves what the database had not written yet. Returns whether nothing of this chat is left. */
async function moveAheads(local, locks, paths) {
  let all = true;
  for (const key of Object.keys(local).filter((name) => name.startsWith(AHEAD))) {
    const [name, tab] = key.slice(AHEAD.length).split('\n');
    const room = roomOf(name, paths);
    const move = () => {
      local.setItem(`${CHAT} ${room} ahead ${tab}`, local.getItem(key));
      local.removeItem(key);
    };
    all = (room === undefined || (await ifLeft(locks, tab, move))) && all;
  }
  return all;
}

/**
 * Moves what this tab kept by itself. After a reload the page before was this one, so the messages
 * are for this chat.
 */
function moveSession(session, room) {
  const isReload = performance.getEntriesByType('navigation')[0]?.type === 'reload';
  const lines = JSON.parse(session.getItem(`pollchat.outbox.${room}`));
  session.removeItem(`pollchat.outbox.${room}`);
  const now = `${CHAT} ${room} outbox`;
  const own = JSON.parse(session.getItem(now)) ?? [];
  const found = isReload ? lines : lines.map((line) => ({ ...line, state: 'failed', detail: '' }));
  session.setItem(now, JSON.stringify([...found, ...own]));
}

/**
 * Moves what is for this chat and this room. Throws where the browser forbids it; the next visit
 * moves the rest.
 */
export async function bringOver(room) {
  const { indexedDB } = window;
  const { locks } = navigator;
  const [local, session] = ['localStorage', 'sessionStorage'].map((name) => attempt(() => window[name]));
  const paths = [site.pathname, new URL('.', document.baseURI).pathname]; // where the chat is, as earlier versions wrote it
  if (session?.getItem(`pollchat.outbox.${room}`)) {
    moveSession(session, room);
  }
  if (local?.getItem(MOVED) !== null) {
    return;
  }
  moveChoices(local);
  const all = locks === undefined || ((await moveRecords(indexedDB, locks, paths)) && (await moveAheads(local, locks, paths)));
  const others = locks === undefined ? [] : (await locks.query()).held;
  if (all && others.every(({ name }) => !name.startsWith(TABS))) {
    local.setItem(MOVED, 'yes'); // no tab of an earlier version is open that could add something
  }
}
