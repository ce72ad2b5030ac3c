// store.js - what is known of one room: messages in the order of seq, and what of ours isn't among
// them yet.
//
// Messages come from answers of /poll only, so a hole between two of them means that rows of the
// room are gone. `next` is the since of the next poll. An own message is "pending" from the moment
// it is written until it comes back in a poll; it is known again by its key, (name, id).
//
// Events: change     something to show differs; detail.reason: open, new, older, pending, trim; detail.added: messages
//         confirmed  a pending message came back; detail.key
//         unseen     a message that the server had taken isn't in the room (another database): send it again; detail.key

export const keyOf = ({ name, id, seq }) => `${id ?? `#${seq}`}\n${name}`;

const sizeOf = (messages) => messages.reduce((sum, { text }) => sum + (text?.length ?? 0), 0);

export class Store extends EventTarget {
  epoch = null;
  next = null; // null: nothing known, open the room
  #oldest = 0;
  #messages = [];
  #keys = new Set();
  #gaps = new Set(); // seqs before which messages are gone
  #pending = new Map();
  #doubted = new Set(); // keys of what was stored in another database than the one that is shown
  #changes = new Map(); // by the seq of what is changed
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

  get hasOlder() {
    return this.#messages.length > 0 && this.lowest > this.#oldest;
  }

  /** The message with what later ones say of it: edited (its text is theirs), or deleted. */
  asItIsNow(message) {
    const change = this.#changes.get(message.seq);
    if (change === undefined) {
      return message;
    }
    if (change.of !== message) { // the same object each time, as views keep what they know of it
      change.of = message;
      change.now = change.type === 'delete' ? { ...message, text: '', deleted: true } : { ...message, text: change.text, edited: true };
    }
    return change.now;
  }

  /** Edits and deletions are messages of their own, which name a target. The last one counts. */
  #note(messages) {
    for (const message of messages) {
      if ((message.type === 'edit' || message.type === 'delete') && (this.#changes.get(message.target)?.seq ?? 0) < message.seq) {
        this.#changes.set(message.target, { text: '', ...message });
      }
    }
  }

  /**
   * Notes where rows are missing between two of these messages. before: the seq of the message that
   * they follow.
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

  /** The room is to be opened anew; what is known stays until open(). */
  forget() {
    this.epoch = null;
    this.next = null;
  }

  /** The newest page of a room, instead of all that was known. */
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
    this.#changes.clear();
    this.#note(page.messages);
    this.#confirm(page.messages);
    this.#letGo(page);
    this.#changed('open', page.messages.length);
    for (const [key, entry] of [...this.#pending]) {
      if (entry.state === 'sent' && (entry.epoch !== page.epoch || entry.seq <= page.next)) {
        this.#tell('unseen', { key });
      }
    }
  }

  /** The page after `next`. Returns how many messages were new. */
  append(page) {
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
    }
    return fresh.length;
  }

  /**
   * Adds the page before the message with that seq. An answer of another database, or one that
   * doesn't join, changes nothing.
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
    this.#note(older);
    older.forEach((message) => this.#keys.add(keyOf(message)));
    this.#confirm(older);
    this.#changed('older', older.length);
    return older.length;
  }

  /**
   * Keeps the newest `most` messages of at most so many characters together, and the last one in
   * any case. The others can be asked for again.
   */
  trim(most, characters = Infinity) {
    let kept = 0;
    for (let size = 0; kept < Math.min(most, this.#messages.length); kept++) {
      size += sizeOf([this.#messages[this.#messages.length - 1 - kept]]);
      if (kept > 0 && size > characters) {
        break;
      }
    }
    const gone = this.#messages.splice(0, this.#messages.length - kept);
    this.#size -= sizeOf(gone);
    if (gone.length > 0) {
      gone.forEach((message) => this.#keys.delete(keyOf(message)));
      this.#oldest = Math.min(this.#oldest, gone[0].seq);
      this.#changed('trim', 0);
    }
  }

  // ---- own messages on their way ----

  /** entry: { name, id, text, time, state: queued|sending|sent|failed, detail }. Returns its key. */
  hold(entry) {
    const key = keyOf(entry);
    this.#pending.set(key, { ...entry, key });
    this.#changed('pending', 0);
    return key;
  }

  update(key, patch) {
    const entry = this.#pending.get(key);
    if (entry !== undefined) {
      this.#pending.set(key, { ...entry, ...patch });
      this.#changed('pending', 0);
    }
  }

  /** Takes a pending message out; returns it. */
  drop(key) {
    const entry = this.#pending.get(key);
    if (this.#pending.delete(key)) {
      this.#changed('pending', 0);
    }
    return entry;
  }

  /** The server has taken it as `message`. It stays pending until a poll brings it, unless that is behind us. */
  settle(key, message) {
    const stored = keyOf(message); // the server may have trimmed the name
    if (this.#keys.has(stored) || (message.epoch === this.epoch && this.next !== null && message.seq <= this.next)) {
      this.drop(key); // shown already, or among the older ones
    } else {
      const { epoch, seq, time, name } = message;
      const patch = { key: stored, name, state: 'sent', detail: '', epoch, seq, time };
      this.#pending = new Map([...this.#pending].map(([k, entry]) => (k === key ? [stored, { ...entry, ...patch }] : [k, entry])));
      this.#changed('pending', 0);
      this.#doubt(stored, epoch);
    }
  }

  /** Which of the two databases is the later one? Sent once more, it is in the present one, and stored there once. */
  #doubt(key, epoch) {
    if (this.epoch !== null && epoch !== this.epoch && !this.#doubted.has(key)) {
      this.#doubted.add(key);
      this.#tell('unseen', { key });
    }
  }

  #confirm(messages) {
    for (const key of messages.map(keyOf)) {
      if (this.#pending.delete(key)) {
        this.#tell('confirmed', { key });
      }
    }
  }

  /**
   * Own messages that the server has stored and no longer keeps: they come back in no poll. passed:
   * the seq up to which all have come.
   */
  #letGo({ oldest }, passed = 0) {
    for (const [key, entry] of [...this.#pending]) {
      if (entry.state === 'sent' && entry.epoch === this.epoch && (entry.seq < oldest || entry.seq <= passed)) {
        this.#pending.delete(key);
        this.#tell('confirmed', { key });
      }
    }
  }

  #changed(reason, added) {
    this.#tell('change', { reason, added });
  }

  #tell(name, detail) {
    const event = new Event(name);
    event.detail = detail;
    this.dispatchEvent(event);
  }
}
