// several.js - several rooms in one request: makes the query, and takes the answer apart. Each room
// gets an answer in the form of an answer about one room.

import { isCursor, isObject, isPage } from './answers.js';

/** The query for messages after `next`. feeds: [{ room, next }]. */
export const questionOf = (feeds) =>
  feeds.length === 1 ? { room: feeds[0].room, since: feeds[0].next } : { room: feeds.map(({ room, next }) => `${room}:${next}`) };

const withoutRoom = ({ room, ...message }) => message;

/** The messages of one room, among those of several rooms. */
export const messagesOf = (messages, room) => messages.filter((message) => message?.room === room).map(withoutRoom);

/**
 * In an answer about several rooms, next, head, oldest and watch are objects by room; gap is a list
 * of rooms.
 */
const partOf = (answer, room) => {
  const { next, head, oldest, watch, gap } = answer;
  return { ...answer, room, next: next[room], head: head[room], oldest: oldest[room], watch: watch?.[room], gap: Array.isArray(gap) && gap.includes(room) };
};

const isBySeveral = (answer) => isObject(answer) && [answer.next, answer.head, answer.oldest].every(isObject);

/** A page for each room, or null if this is no answer of a chat. */
export function pagesOf(answer, rooms) {
  if (!isBySeveral(answer) || !Array.isArray(answer.messages)) {
    return null;
  }
  const pages = rooms.map((room) => ({ ...partOf(answer, room), messages: messagesOf(answer.messages, room) }));
  return pages.every((page) => isPage(page, page.room)) ? pages : null;
}

/** A cursor for each room, or null if this is no cursor of a chat. */
export function cursorsOf(cursor, rooms) {
  const cursors = rooms.length === 1 ? [cursor] : isBySeveral(cursor) ? rooms.map((room) => partOf(cursor, room)) : [null];
  return cursors.every((one, i) => isCursor(one, rooms[i])) ? cursors : null;
}
