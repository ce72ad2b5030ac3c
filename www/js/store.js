// store.js - what is known of one room: its messages in the order of seq, and the visitor's own
// messages that aren't among them yet.
//
// Messages come from the server in order (by-poll.js, by-stream.js), so a hole between two of them
// means that rows of the room are deleted. `next` is the since of the next request. A message that
// the visitor writes is "pending" until it comes back from the server; its key, (name, id), tells
// that it is the same.
//
// Events:
//   change     something to show is different. detail: { reason: open, new, older, pending, trim;
//              added: number of messages }
//   confirmed  a pending message came back. detail: { key }
//   unseen     the server has stored a message, but the room lacks it, because there is another
//              database: it is to be sent again. detail: { key }
//   deleted    messages that were known are deleted. detail: { seqs }
//   page       open() or append() has brought something, for other tabs (tabs.js).
//              detail: { type: open, page }, or { type: append, page, epoch, since }

import { changed, Changes, isChange, isDeletion, isErased } from './changes.js';
import { Source } from './events.js';

/** A message of a later type, or one that was erased, has no id. */
export const keyOf = ({ name, id, seq }) => `${id || `#${seq}`}\n${name}`;

/** Whether a message is shown as a row. */
export const hasRow = ({ type, isSwept }) => !isSwept && (type === undefined || type === 'message' || type === 'notice');

const sizeOf = (messages) => messages.reduce((sum, { text }) => sum + (text?.length ?? 0), 0);

export class Store extends Source {
  epoch = null;
  next = null; // null: the room is to be opened
  #oldest = 0;
  #messages = [];
  #keys = new Set();
  #gaps = new Set(); // seqs before which messages are missing
  #pending = new Map();
  // keys of messages that are stored in another database than the one that is shown
  #doubted = new Set();
  #changes = new Changes();
  #now = new WeakMap(); // by message: { change, editedAt, now }, see asItIsNow()
  #size = 0; // characters of all texts

  constructor(room) {
    super();
    this.room = room;
  }

  get messages() {
    return this.#messages;
  }

  get pending() {
    return [...this.#pending.values()];
  }

  /** Characters of all texts. */
  get size() {
    return this.#size;
  }

  get lowest() {
    return this.#messages[0]?.seq;
  }

  /** The index of the first message with this seq or a greater one. */
  indexOf(seq) {
    let [low, high] = [0, this.#messages.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#messages[middle].seq < seq) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The index that is n rows further down than this one; further up, if n is negative. */
  rowsFrom(index, n) {
    const step = Math.sign(n);
    for (let left = Math.abs(n); left > 0 && index + step >= 0 && index + step <= this.#messages.length;) {
      left -= hasRow(this.asItIsNow(this.#messages[step > 0 ? index : index - 1])) ? 1 : 0;
      index += step;
    }
    return index;
  }

  /** The messages from this seq on that have rows and aren't deleted, as they are now. */
  rowsSince(seq) {
    return this.#messages.slice(this.indexOf(seq)).map((message) => this.asItIsNow(message)).filter((message) => hasRow(message) && !message.deleted);
  }

  /** The message with this seq, or undefined. */
  find(seq) {
    const message = this.#messages[this.indexOf(seq)];
    return message?.seq === seq ? message : undefined;
  }

  get hasOlder() {
    return this.#messages.length > 0 && this.lowest > this.#oldest;
  }

  /**
   * The message as later ones have changed it: edited (with the new text and editedAt), or deleted.
   * isSwept: it was deleted along with others, and nothing of it is shown.
   */
  asItIsNow(message) {
    const change = this.#changes.of(message);
    if (change === undefined && message.edited === undefined && !isErased(message)) {
      return message;
    }
    const editedAt = this.find(message.edited)?.time;
    let known = this.#now.get(message);
    if (known === undefined || known.change !== change || known.editedAt !== editedAt) {
      known = { change, editedAt, now: changed(message, change, editedAt) };
      this.#now.set(message, known); // the same object each time: views keep things by it
    }
    return known.now;
  }

  /** The seqs of known messages from one to another. */
  #between(from, to) {
    return this.#messages.slice(this.indexOf(from), this.indexOf(to + 1)).map(({ seq }) => seq);
  }

  /** Notes edits and deletions among messages that are known now; isOlder: before all others. */
  #note(messages, isOlder = false) {
    const { changed: seqs, outdated } = this.#changes.note(messages, (from, to) => this.#between(from, to), isOlder);
    outdated.forEach((seq) => this.#wipe(this.find(seq)));
    this.#erase(new Set([...messages.map(({ seq }) => seq), ...seqs]));
  }

  /** Keeps no text of those messages that are deleted, and tells which they are. */
  #erase(seqs) {
    const gone = [...seqs].map((seq) => this.find(seq)).filter((message) => message?.text && !isChange(message) && isDeletion(this.#changes.of(message)));
    gone.forEach((message) => this.#wipe(message));
    this.#dropChanges();
    if (gone.length > 0) {
      this.tell('deleted', { seqs: gone.map(({ seq }) => seq) });
    }
  }

  #wipe(message) {
    if (message?.text) {
      this.#size -= message.text.length;
      message.text = '';
    }
  }

  /** A change that was refused, or waits for a moderator, goes with the message that it is of. */
  #dropChanges() {
    for (const { key, state, target } of this.pending) {
      if (/failed|held/.test(state) && isDeletion(this.#changes.of({ seq: target }))) {
        this.drop(key);
      }
    }
  }

  /**
   * Notes where rows are missing between these messages. before: the seq of the message before
   * them.
   */
  #noteGaps(messages, before = messages[0]?.seq - 1) {
    for (const { seq } of messages) {
      if (seq !== before + 1) {
        this.#gaps.add(seq);
      }
      before = seq;
    }
  }

  gapBefore(seq) {
    return this.#gaps.has(seq);
  }

  /** The room is to be opened anew. The messages stay until open(). */
  forget() {
    this.epoch = null;
    this.next = null;
  }

  /** The newest page of the room, instead of all that was known. */
  open(page) {
    this.#doubted.clear();
    this.epoch = page.epoch;
    this.next = page.next;
    this.#oldest = page.oldest;
    this.#messages = [...page.messages];
    this.#size = sizeOf(page.messages);
    this.#keys = new Set(page.messages.map(keyOf));
    this.#gaps.clear();
    this.#noteGaps(page.messages);
    this.#changes = new Changes();
    this.#note(page.messages);
    this.#confirm(page.messages);
    this.#letGo(page);
    this.#changed('open', page.messages.length);
    for (const [key, entry] of [...this.#pending]) {
      if (entry.state === 'sent' && entry.epoch === page.epoch && isErased(this.find(entry.seq) ?? {})) {
        this.drop(key); // deleted before it came back
      } else if (entry.state === 'sent' && (entry.epoch !== page.epoch || entry.seq <= page.next)) {
        this.tell('unseen', { key });
      }
    }
    this.tell('page', { type: 'open', page });
  }

  /** The page after `next`. Returns how many messages were new. */
  append(page) {
    const { epoch, next: since } = this;
    const last = this.#messages.at(-1)?.seq ?? 0;
    const fresh = page.messages.filter(({ seq }) => seq > last);
    this.#noteGaps(fresh, this.#messages.at(-1)?.seq);
    this.next = page.next;
    this.#oldest = Math.max(this.#oldest, page.oldest);
    this.#messages.push(...fresh);
    this.#size += sizeOf(fresh);
    this.#note(fresh);
    fresh.forEach((message) => this.#keys.add(keyOf(message)));
    this.#confirm(fresh);
    this.#letGo(page, page.next);
    if (fresh.length > 0 || page.gap === true) {
      this.#changed('new', fresh.length);
      this.tell('page', { type: 'append', page, epoch, since });
    }
    return fresh.length;
  }

  /**
   * Adds the page before the message with the seq `before`. A page of another database, or one that
   * doesn't join, changes nothing. Returns how many messages were added.
   */
  prepend(page, before = this.lowest) {
    const older = page.messages.filter(({ seq }) => seq < before);
    if (page.epoch !== this.epoch || before !== this.lowest) {
      return 0;
    }
    this.#noteGaps([...older, this.#messages[0]]);
    this.#oldest = page.more ? page.oldest : (older[0]?.seq ?? before);
    this.#messages.unshift(...older);
    this.#size += sizeOf(older);
    this.#note(older, true);
    older.forEach((message) => this.#keys.add(keyOf(message)));
    this.#confirm(older);
    this.#changed('older', older.length);
    return older.length;
  }

  /**
   * Keeps the newest messages: at most `most` that have rows, with at most so many characters
   * together, but always the last one. The others can be fetched again.
   */
  trim(most, characters = Infinity) {
    let kept = 0;
    this.#thin();
    const all = this.#messages.length;
    const limit = all - this.rowsFrom(all, -most);
    for (let size = 0; kept < limit; kept++) {
      size += sizeOf([this.#messages[all - 1 - kept]]);
      if (kept > 0 && size > characters) {
        break;
      }
    }
    const gone = this.#messages.splice(0, all - kept);
    this.#leave(gone);
    if (gone.length > 0) {
      this.#oldest = Math.min(this.#oldest, gone[0].seq);
      this.#changes.forget(this.lowest);
      this.#changed('trim', 0);
    }
  }

  /**
   * Takes out edits, and messages that were deleted along with others: a robot that edits its
   * message each second would fill the memory. The first and the last one say what is known.
   */
  #thin() {
    const ends = [this.lowest, this.#messages.at(-1)?.seq];
    const isKept = (message) => ends.includes(message.seq) || this.#gaps.has(message.seq) || !(isChange(message) || this.asItIsNow(message).isSwept);
    const gone = this.#messages.filter((message) => !isKept(message));
    this.#leave(gone);
    this.#messages = this.#messages.filter(isKept);
  }

  #leave(gone) {
    this.#size -= sizeOf(gone);
    gone.forEach((message) => this.#keys.delete(keyOf(message)));
  }

  // ---- the visitor's own messages that aren't in the room yet ----

  /**
   * entry: { name, id, text, time, state: queued | sending | sent | held | failed, detail }, and
   * for an edit or a deletion { type, target }. Returns its key.
   */
  hold(entry) {
    const key = keyOf(entry);
    this.#pending.set(key, { ...entry, key });
    this.#changed('pending', 0);
    return key;
  }

  /** The edit or deletion of this message that isn't in the room yet, or undefined. */
  changing(seq) {
    return this.pending.filter(({ target }) => target === seq).at(-1);
  }

  update(key, patch) {
    const entry = this.#pending.get(key);
    if (entry !== undefined) {
      this.#pending.set(key, { ...entry, ...patch });
      this.#changed('pending', 0);
    }
  }

  /** Takes a pending message out, and returns it. */
  drop(key) {
    const entry = this.#pending.get(key);
    if (this.#pending.delete(key)) {
      this.#changed('pending', 0);
    }
    return entry;
  }

  /** The server has stored a pending message as `message`. It stays pending until it comes back. */
  settle(key, message) {
    const stored = keyOf(message); // the server may have trimmed the name
    if (this.#keys.has(stored) || (message.epoch === this.epoch && this.next !== null && message.seq <= this.next)) {
      this.drop(key); // it is shown already, or is older than what is shown
    } else {
      const { epoch, seq, time, name } = message;
      const patch = { key: stored, name, state: 'sent', detail: '', epoch, seq, time };
      this.#pending = new Map([...this.#pending].map(([k, entry]) => (k === key ? [stored, { ...entry, ...patch }] : [k, entry])));
      this.#changed('pending', 0);
      this.#doubt(stored, epoch);
    }
  }

  /**
   * The message may be in an earlier database or in a later one. Sent again, it is in the present
   * one, once.
   */
  #doubt(key, epoch) {
    if (this.epoch !== null && epoch !== this.epoch && !this.#doubted.has(key)) {
      this.#doubted.add(key);
      this.tell('unseen', { key });
    }
  }

  #confirm(messages) {
    for (const key of messages.map(keyOf)) {
      if (this.#pending.delete(key)) {
        this.tell('confirmed', { key });
      }
    }
  }

  /**
   * Drops pending messages that can't come back, as the server keeps them no longer. passed: the
   * seq up to which all messages have come.
   */
  #letGo({ oldest }, passed = 0) {
    for (const [key, entry] of [...this.#pending]) {
      if (entry.state === 'sent' && entry.epoch === this.epoch && (entry.seq < oldest || entry.seq <= passed)) {
        this.#pending.delete(key);
        this.tell('confirmed', { key });
      }
    }
  }

  #changed(reason, added) {
    this.tell('change', { reason, added });
  }
}
