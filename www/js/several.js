// several.js - several rooms in one request: the query for them, and each room's part of an answer,
// in the form of an answer about one room.

import { isCursor, isPage } from './answers.js';

/** The query for what is newer. feeds: [{ room, next }] */
export const questionOf = (feeds) => (feeds.length === 1 ? { room: feeds[0].room, since: feeds[0].next } : { room: feeds.map(({ room, next }) => `${room}:${next}`) });

const isObject = (value) => typeof value === 'object' && value !== null;

const plain = ({ room, ...message }) => message;

/** The messages of a room among those of several. */
export const messagesOf = (messages, room) => messages.filter((message) => message?.room === room).map(plain);

/** In an answer about several rooms next, head, oldest, watch and gap are by room. */
const partOf = (answer, room) => {
  const { next, head, oldest, watch, gap } = answer;
  return { ...answer, room, next: next[room], head: head[room], oldest: oldest[room], watch: watch?.[room], gap: Array.isArray(gap) && gap.includes(room) };
};

const isBySeveral = (answer) => isObject(answer) && [answer.next, answer.head, answer.oldest].every(isObject);

/** A page for each of the rooms, or null if this is no answer of a chat. */
export function pagesOf(answer, rooms) {
  if (!isBySeveral(answer) || !Array.isArray(answer.messages)) {
    return null;
  }
  const pages = rooms.map((room) => ({ ...partOf(answer, room), messages: messagesOf(answer.messages, room) }));
  return pages.every((page) => isPage(page, page.room)) ? pages : null;
}

/** A cursor for each of the rooms, or null if this is none of a chat. */
export function cursorsOf(cursor, rooms) {
  const cursors = rooms.length === 1 ? [cursor] : isBySeveral(cursor) ? rooms.map((room) => partOf(cursor, room)) : [null];
  return cursors.every((one, i) => isCursor(one, rooms[i])) ? cursors : null;
}
