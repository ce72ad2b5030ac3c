// outbox.js - sends what the visitor writes: in order, one message at a time, each with the same id
// however often it is tried.
//
// A try without an answer may have stored the message. The next try has the same id, so the server
// stores it once. A refusal by the chat (4xx) is final. If something on the way (a filter, a proxy)
// stops a message each time although the chat itself can be reached, the message is given up too,
// because one message must not stop all later ones. After any other failure the message is tried
// again, until it works. Through `keep`, messages that aren't sent yet survive a reload.
//
// Edits and deletions go the same way. A message that waits for a moderator (state: held) isn't
// sent again: it goes when it is in the room, or when the visitor dismisses it. A change names its
// message by the seq, so it goes only to the database that the visitor saw, and not with the next
// one; it is dropped when its message is gone.
//
// Events: sent     detail: { key, said, name }; said: the name as written; name: as it is stored
//         refused  detail: { key, field, failure }
//         held     detail: { key }
//         status   detail: { failure, until } before another try, else { failure: null }

import { Nap } from './clock.js';
import { Source } from './events.js';

const PROOFS = 3; // challenges that are solved for one message
// a message is given up when it was stopped so often while the chat could be reached
const STRIKES = 8;

const TAKEN = ['name-taken', 'name-alike']; // problems of a name
const LASTING = ['failed', 'held']; // states that a reload doesn't change

/** No answer, or not one of the chat: a page of a proxy, or an error of the web server. */
const isStrange = ({ kind, slug }) => slug === undefined && (kind === 'network' || kind === 'answer' || kind === 'busy');

/** 128 random bits. random: fills an array, as crypto.getRandomValues does. */
export function newId(random) {
  return Array.from(random(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export class Outbox extends Source {
  #queue = []; // keys, oldest first
  #busy = false;
  #stopped = { key: null, tries: 0, strikes: 0 }; // how often the first message was stopped
  #saved = null; // the entries that `keep` has
  #isRestored = false; // nothing is kept or sent before
  #order = 0; // the number of the message that was written last
  #nap;

  /**
   * keep: { load(): entries, or a promise of them; save(entries) }; with it nothing is sent before
   * restore(). count(last): the number of the next message, greater than `last`. These numbers tell
   * the order of writing; times don't, because the clock of a device may be set back.
   * prove(problem, progress(part)): solves the challenge of a problem (proof.js); resolves with the
   * proof.
   */
  constructor({ store, api, backoff, clock, makeId, keep = null, count = (last) => last + 1, prove = null }) {
    super();
    this.#nap = new Nap(clock);
    Object.assign(this, { store, api, backoff, clock, makeId, count, prove, keep: keep ?? { load: () => [], save: () => {} } });
    this.#isRestored = keep === null;
    store.addEventListener('confirmed', ({ detail }) => this.#leave(detail.key));
    store.addEventListener('unseen', ({ detail }) => this.retry(detail.key));
    store.addEventListener('change', ({ detail }) => {
      this.#save();
      if (detail.reason === 'open') {
        this.#pump(); // a change waited for the epoch
      }
    });
  }

  /** Takes over what an earlier page didn't send. What was written meanwhile comes after it. */
  async restore() {
    const before = await this.keep.load();
    const written = this.#queue;
    this.#queue = [];
    for (const entry of before) {
      this.#order = Math.max(this.#order, entry.order ?? 0);
      this.#enter({ ...entry, detail: '', state: LASTING.includes(entry.state) ? entry.state : 'queued' });
    }
    this.#queue.push(...written);
    written.forEach((key) => this.store.update(key, { order: this.#next() }));
    this.#isRestored = true;
    this.#save();
    this.#pump();
  }

  /** type: edit or delete, with the seq of its target; else it is a message. */
  send({ name, text = '', reply_to, type, target }) {
    const time = new Date(this.clock.wall()).toISOString();
    const entry = { name, text, reply_to, type, target, targetEpoch: target && this.store.epoch, id: this.makeId(), time, order: this.#next(), state: 'queued', detail: '' };
    const key = this.#enter(entry);
    this.#pump();
    return key;
  }

  /** Sends a message again. name: the visitor's, if the server refused the one of the message. */
  retry(key, name) {
    const entry = this.#entry(key);
    if (entry?.field === 'name' && name !== undefined && name !== entry.name) {
      this.store.drop(key); // it isn't stored under the old name, as that was refused
      this.#enter({ ...entry, name, order: this.#next(), state: 'queued', detail: '', field: undefined });
      this.#pump();
      return;
    }
    // it goes to the end of the queue
    const order = this.#queue.includes(key) ? {} : { order: this.#next() };
    if (!this.#queue.includes(key)) {
      this.#queue.push(key);
    }
    this.store.update(key, { ...order, state: 'queued', detail: '', reason: undefined, slug: undefined });
    this.#pump();
  }

  /** Sends all messages again whose name belongs to another person, under another name. */
  rename(name) {
    this.store.pending.filter(({ state, slug }) => state === 'failed' && TAKEN.includes(slug)).forEach(({ key }) => this.retry(key, name));
  }

  /** Takes a refused message out, and returns its text. */
  takeBack(key) {
    this.#leave(key);
    return this.store.drop(key)?.text ?? '';
  }

  textOf(key) {
    return this.#entry(key)?.text ?? '';
  }

  #next() {
    this.#order = this.count(this.#order);
    return this.#order;
  }

  hurry() {
    this.#nap.wake();
  }

  #enter(entry) {
    const key = this.store.hold(entry);
    if (entry.state === 'queued') {
      this.#queue.push(key);
    }
    return key;
  }

  #leave(key) {
    const isNext = this.#queue[0] === key;
    this.#queue = this.#queue.filter((other) => other !== key);
    if (isNext) {
      this.#nap.wake();
    }
  }

  #save() {
    if (!this.#isRestored) {
      return;
    }
    const entries = this.store.pending.filter(({ state }) => state !== 'sent');
    const isSame = entries.length === this.#saved?.length && entries.every((entry, i) => entry === this.#saved[i]);
    if (!isSame) { // the store changes with each message of other visitors too
      this.#saved = entries;
      this.keep.save(entries);
    }
  }

  #entry(key) {
    return this.store.pending.find((entry) => entry.key === key);
  }

  async #pump() {
    if (this.#busy || !this.#isRestored) {
      return;
    }
    this.#busy = true;
    while (this.#queue.length > 0) {
      const key = this.#queue[0];
      const entry = this.#entry(key);
      if (entry?.targetEpoch && this.store.epoch === null) {
        break; // until the room is open
      }
      if (entry === undefined) {
        this.#leave(key);
      } else if (entry.targetEpoch && entry.targetEpoch !== this.store.epoch) {
        this.takeBack(key); // in this database, the seq is another message's
      } else {
        await this.#try(key, entry);
      }
    }
    this.#busy = false;
  }

  async #try(key, entry) {
    this.store.update(key, { state: 'sending' });
    try {
      const message = await this.#post(key, entry);
      this.#leave(key);
      this.backoff.reset();
      if (message.held) {
        this.store.update(key, { state: 'held', detail: '' });
      } else {
        this.store.settle(key, message);
      }
      this.tell('status', { failure: null });
      this.tell(message.held ? 'held' : 'sent', { key, said: entry.name, name: message.name });
    } catch (failure) {
      if (failure.kind === undefined) {
        this.#busy = false;
        throw failure;
      }
      const isStopped = isStrange(failure) && (await this.#isStopped(key));
      if (isStopped || failure.kind === 'refused' || failure.kind === 'epoch') {
        this.#giveUp(key, failure, isStopped ? 'blocked' : undefined);
        return;
      }
      if (!this.#queue.includes(key)) {
        return; // it came back from the server meanwhile
      }
      const delay = this.backoff.next(failure.retryAfter);
      const until = this.clock.now() + delay;
      this.store.update(key, { state: 'queued', detail: failure.message });
      this.tell('status', { failure, until });
      await this.#pause(key, delay, failure.status === 429 ? until : 0);
    }
  }

  /** notBefore: until then the server wants no request, so no hurry ends the pause. */
  async #pause(key, delay, notBefore) {
    await this.#nap.sleep(delay);
    for (let left; (left = notBefore - this.clock.now()) > 0 && this.#queue[0] === key;) {
      await this.#nap.sleep(left);
    }
  }

  /** Sends a message, with a proof of work if the chat asks for one. */
  async #post(key, entry) {
    let proof;
    for (let tries = 0; ; tries++) {
      try {
        return await this.api.send({ ...entry, room: this.store.room, proof });
      } catch (failure) {
        if (failure.slug !== 'proof-needed' || this.prove === null || tries === PROOFS) {
          throw failure;
        }
        proof = await this.prove(failure.more, (part) => this.store.update(key, { state: 'proving', part }));
      }
    }
  }

  /**
   * Whether something on the way stops this message, and not all messages. A few failures may be
   * chance.
   */
  async #isStopped(key) {
    if (this.#stopped.key !== key) {
      this.#stopped = { key, tries: 0, strikes: 0 };
    }
    const stopped = this.#stopped;
    stopped.tries += 1;
    if (stopped.tries > 1) {
      stopped.strikes = (await this.api.reaches(this.store.room)) ? stopped.strikes + 1 : 0;
    }
    if (stopped.strikes > 0) {
      this.backoff.reset(); // the chat is there: no need to wait for it
    }
    return stopped.strikes >= STRIKES && this.#queue.includes(key); // or it came back meanwhile
  }

  /**
   * The message stays in sight, and the visitor decides. reason: a phrase (lang.js) that says more
   * than the failure.
   */
  #giveUp(key, failure, reason) {
    this.#stopped = { key: null, tries: 0, strikes: 0 };
    this.#leave(key);
    const { field, slug, message: detail } = failure;
    if (slug === 'not-found' && this.#entry(key)?.target !== undefined) {
      this.store.drop(key); // the message is gone already
    } else {
      this.store.update(key, { state: 'failed', detail, field, slug, reason });
    }
    this.tell('status', { failure: null });
    this.tell('refused', { key, field, failure });
  }
}
