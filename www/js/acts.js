// acts.js - what a visitor does besides reading and writing: claims a name, moves it to another
// device, reports; what a moderator or an owner does. One request each; an answer or a Failure.
//
// Acts aren't tried again by themselves: a moderator sees at once that one failed. Each of them may
// be repeated without harm.

import { Failure, isObject, strange } from './answers.js';

/** The database as a file, { blob, name }; for owners. */
export async function backup(api) {
  const answer = await api.download('poll/desk?list=backup');
  if (!answer.ok) {
    throw new Failure('refused', `The server answered ${answer.status}.`, { status: answer.status });
  }
  const [, name = 'chat.db'] = /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition') ?? '') ?? [];
  return { blob: await answer.blob(), name };
}

/** A list for moderators: { list, items, more }. query: { list, room, before, limit … }. */
export async function readList(api, query) {
  const answer = await api.read('desk', query);
  if (!Array.isArray(answer?.items)) {
    throw strange();
  }
  return answer;
}

/**
 * api: see api.js. room: the room of the acts that name none; undefined: each of them names it.
 * Each function resolves with the answer of the chat, { done, … }.
 */
export function makeActs({ api, room }) {
  const act = async (name, fields = {}) => {
    const answer = await api.act({ do: name, room, ...fields });
    if (!isObject(answer) || answer.done !== name) {
      throw strange();
    }
    return answer;
  };
  return {
    /** Any act by its name, as API.md lists them. */
    act,

    // ---- a visitor ----

    /** Takes a free name: { name, mark }. */
    claim: (name) => act('claim', { name }),
    /** A code for another device: { code, ends }. */
    code: () => act('code'),
    /** Makes this device one of those of the person who got the code: { name, mark }. */
    move: (code) => act('move', { code }),
    /** Takes what an invitation gives: { role, room }. */
    join: (invite) => act('join', { invite }),
    report: (seq, reason) => act('report', { seq, reason }),

    // ---- a moderator ----

    remove: (seq, reason) => act('delete', { seq, reason }),
    hide: (seq, reason) => act('hide', { seq, reason }),
    show: (seq) => act('show', { seq }),
    /**
     * how: { of: key, network or newcomers; minutes, ban_minutes, all_rooms, reason; held: of a
     * message that waits, in place of seq }. Answers { deleted, ban, covers }.
     */
    clean: (seq, how) => act('clean', { seq, ...how }),
    /** how: { kind: ban, mute or shadow; of, minutes, reason }. Answers { ban, covers }. */
    ban: (seq, how) => act('ban', { seq, ...how }),
    lift: (ban) => act('lift', { ban }),
    approve: (held, how = {}) => act('approve', { held, ...how }),
    reject: (held) => act('reject', { held }),
    trust: (seq) => act('trust', { seq }),
    settle: (seq) => act('settle', { seq }),
    /** how: { kind, slow, hours, newcomers, minutes }. */
    setRoom: (how) => act('room', how),
  };
}
