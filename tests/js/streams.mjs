// streams.mjs - /stream of the chat in memory (world.mjs), with the faults that only streams have.

import { problem } from './world.mjs';

const HEARTBEAT = 15_000;
const LONGEST = 300_000;
const LOOK = 250;

export const STREAM_FAULTS = ['no stream', 'held back', 'ends early', 'breaks', 'dies', 'doubled', 'torn', 'leaves out', 'nonsense'];

const event = (m) => `id: ${m.room ? `${m.room}:` : ''}${m.seq}\ndata: ${JSON.stringify(m)}\n\n`;

/** rooms: [{ chat, at }]. With one room, the answer has the form for one room. */
function cursorOf(rooms, isSeveral) {
  const [{ chat: { epoch, room, head, oldest }, at: next }] = rooms;
  const by = (value) => Object.fromEntries(rooms.map((one) => [one.chat.room, value(one)]));
  const gaps = rooms.filter(({ chat, at }) => at + 1 < chat.oldest).map(({ chat }) => chat.room);
  const cursor = isSeveral
    ? { type: 'cursor', epoch, next: by(({ at }) => at), head: by(({ chat }) => chat.head), oldest: by(({ chat }) => chat.oldest), ...(gaps.length > 0 ? { gap: gaps } : {}) }
    : { type: 'cursor', epoch, room, next, head, oldest, ...(gaps.length > 0 ? { gap: true } : {}) };
  return `retry: 1000\nevent: cursor\ndata: ${JSON.stringify(cursor)}\n\n`;
}

/** The pieces of text that come, by the clock of the chat. */
async function* pieces({ chat, rooms, isSeveral, clock, fault, random }) {
  const began = clock.now();
  const { epoch } = chat;
  const end = began + (fault === 'ends early' || fault === 'breaks' ? random() * 8000 : LONGEST);
  let beat = began;
  yield cursorOf(rooms, isSeveral);
  while (clock.now() < end && chat.epoch === epoch) {
    for (const one of rooms) {
      const { messages, oldest, room } = one.chat;
      const news = messages.filter(({ seq }) => seq > one.at && seq >= oldest).map((m) => (isSeveral ? { room, ...m } : m));
      if (news.length > 0 && fault === 'leaves out' && news.length > 1) {
        news.shift();
      }
      if (news.length > 0) {
        one.at = news.at(-1).seq;
        const told = fault === 'doubled' ? [...news, ...news.slice(-1)] : news;
        yield told.map(event).join('');
        beat = clock.now();
      }
    }
    if (fault === 'nonsense' && random() < 0.05) {
      yield 'data: <html>\n\n';
    }
    if (clock.now() - beat >= HEARTBEAT) {
      beat = clock.now();
      yield ':\n\n';
    }
    await clock.sleep(LOOK);
  }
  if (fault === 'breaks') {
    yield 'data: {"seq":';
    throw new TypeError('network error');
  }
}

/** Cuts the bytes as a proxy may: anywhere, even within characters. */
async function* torn(source, random) {
  for await (const piece of source) {
    const bytes = new TextEncoder().encode(piece);
    for (let from = 0; from < bytes.length;) {
      const to = Math.min(bytes.length, from + 1 + Math.floor(random() * 40));
      yield bytes.slice(from, to);
      from = to;
    }
  }
}

export function streamReply({ chat, clock, url, fault, random, patient, entry, cut }) {
  if (fault === 'no stream') {
    return problem(503, 'no-stream', 'No stream can be had here now.');
  }
  if (url.searchParams.get('epoch') !== chat.epoch) {
    return problem(409, 'epoch-changed', 'another database', { epoch: chat.epoch });
  }
  const asked = url.searchParams.getAll('room').map((room) => room.split(':'));
  const isSeveral = asked.length > 1 || asked[0].length > 1;
  const rooms = asked.map(([room, since = url.searchParams.get('since')]) => {
    const one = chat.room instanceof Function ? chat.room(room) : chat;
    return { chat: one, at: Math.min(Number(since), one.head) };
  });
  const source = torn(pieces({ chat, rooms, isSeveral, clock, fault, random }), fault === 'torn' ? random : () => 1);
  const dies = fault === 'dies' ? clock.now() + random() * 60_000 : Infinity;
  const read = async () => {
    const isMute = fault === 'held back' || clock.now() >= dies;
    const piece = await patient(Promise.race([isMute ? new Promise(() => {}) : source.next(), cut()]));
    if (piece === null) {
      entry.cut = true;
      throw new TypeError('network error');
    }
    return piece;
  };
  return { status: 200, headers: { get: (name) => (name.toLowerCase() === 'content-type' ? 'text/event-stream' : null) }, body: { getReader: () => ({ read }) } };
}
