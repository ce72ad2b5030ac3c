// world.mjs - for tests: time that runs on demand, random numbers from a seed, and a chat in memory
// behind a network that fails on demand.

// loaded on first use, which must take no time here
import '../../www/js/by-stream.js';
import '../../www/js/watch.js';
import { makeClock } from '../../www/js/clock.js';
import { streamReply } from './streams.mjs';

/** Random numbers, the same for the same seed (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Lets all code run that waits for nothing but promises. */
export const settle = () => new Promise((done) => setImmediate(done));

export class Clock {
  #now = Date.parse('2025-11-25T10:00:00Z');
  #timers = new Map();
  #count = 0;

  #jumped = 0;

  wall = () => this.#now + this.#jumped;
  now = makeClock({ wall: this.wall, mono: () => this.#now }).now;

  /** The clock of the device is set: the time of day jumps, timers go on. */
  jump(ms) {
    this.#jumped += ms;
  }

  setTimeout = (action, ms) => {
    this.#count += 1;
    this.#timers.set(this.#count, { at: this.#now + ms, action });
    return this.#count;
  };

  clearTimeout = (id) => this.#timers.delete(id);

  sleep = (ms) => new Promise((done) => this.setTimeout(done, ms));

  /** Milliseconds until each timer, soonest first. */
  get due() {
    return [...this.#timers.values()].map(({ at }) => at - this.#now).sort((a, b) => a - b);
  }

  async run(ms) {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const next = [...this.#timers].sort(([, a], [, b]) => a.at - b.at)[0];
      if (next === undefined || next[1].at > end) {
        break;
      }
      this.#timers.delete(next[0]);
      this.#now = Math.max(this.#now, next[1].at);
      next[1].action();
    }
    this.#now = end;
    await settle();
  }

  /** Runs until condition() is true; throws if it isn't after `ms`. */
  async until(condition, ms = 3_600_000) {
    for (let spent = 0; !condition(); spent += 100) {
      if (spent > ms) {
        throw new Error(`not within ${ms} ms: ${condition}`);
      }
      await this.run(100);
    }
  }
}

export function reply(status, body, headers = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { status, headers: { get: (name) => lower[name.toLowerCase()] ?? null }, text: async () => text };
}

export const problem = (status, slug, detail, more = {}, headers = {}) =>
  reply(status, { type: `urn:pollchat:problem:${slug}`, title: slug, status, detail, ...more }, headers);

/** What /send and /poll do for one room, as far as the page needs it. */
export class Chat {
  messages = [];
  epoch = 'epoch-1';
  oldest = 1;
  tellsGaps = true; // wherever messages are missing; older servers tell it only before the oldest message
  wait = 0;
  #last = 0; // the seqs of removed messages aren't used again
  #first = new WeakMap(); // by message: { id, text, type } as it was sent
  file = null; // a HeadFile, if answers name one

  constructor(clock, room = 'lobby') {
    Object.assign(this, { clock, room });
  }

  get head() {
    this.#last = Math.max(this.#last, this.messages.at(-1)?.seq ?? 0);
    return this.#last;
  }

  say(name, text, id = `${name}-${this.head + 1}`) {
    const time = new Date(this.clock.now()).toISOString();
    const message = { seq: this.head + 1, time, name, text, type: 'message', id };
    this.messages.push(message);
    this.#last = message.seq;
    this.#first.set(message, { id, text, type: message.type });
    return message;
  }

  /** A message as it was sent: { id, text, type }. */
  asSent(message) {
    return this.#first.get(message) ?? message;
  }

  // ---- edits and deletions, as everybody reads them: with the present text of their target ----

  change(type, target, text = '', { name = 'staff', id = `${type}-${this.head + 1}` } = {}) {
    const said = type === 'delete' ? '' : text;
    const event = Object.assign(this.say(name, said, id), { type, target });
    this.#first.set(event, { id, text: said, type });
    const of = this.messages.find(({ seq }) => seq === target);
    if (type === 'delete') {
      this.#erase(of);
    } else {
      this.#edit(of, event);
    }
    return event;
  }

  /** One deletion of several messages. */
  sweep(which) {
    const gone = this.messages.filter((m) => m.type === 'message' && which(m));
    gone.forEach((m) => this.#erase(m));
    if (gone.length === 0) {
      return undefined;
    }
    const event = Object.assign(this.say('staff', ''), { type: 'delete', target: gone[0].seq, targets: gone.map(({ seq }) => [seq, seq]) });
    const { id, text, type } = event;
    this.#first.set(event, { id, text, type });
    return event;
  }

  #changesOf(target) {
    return this.messages.filter((m) => m.type === 'edit' && m.target === target);
  }

  #erase(message) {
    this.#changesOf(message.seq).forEach((other) => Object.assign(other, { type: 'delete', text: '' }));
    Object.assign(message, { type: 'delete', text: '', target: message.seq, id: '' });
  }

  /** Another database, with the first `keep` messages: as they were before those that it lacks. */
  replace(epoch, keep = 0) {
    this.epoch = epoch;
    this.messages = this.messages.slice(0, keep);
    this.#last = 0;
    this.oldest = 1;
    this.messages.forEach((message) => this.#restore(message));
    for (const event of this.messages.filter(({ type }) => type !== 'message')) {
      const targets = event.targets?.map(([seq]) => seq) ?? [event.target];
      this.messages.filter(({ seq }) => targets.includes(seq)).forEach((of) => (event.type === 'edit' ? this.#edit(of, event) : this.#erase(of)));
    }
  }

  /** The message as it was sent. */
  #restore(message) {
    Object.assign(message, this.asSent(message));
    delete message.edited;
    if (message.type === 'message') {
      delete message.target;
    }
  }

  #edit(of, { seq, text }) {
    Object.assign(of, { text, edited: seq });
    this.#changesOf(of.seq).forEach((other) => Object.assign(other, { text }));
  }

  answer(url, init) {
    if (url.pathname.includes('/heads/')) {
      return this.file === null ? reply(404, '<h1>Not Found</h1>') : this.file.reply(url.pathname);
    }
    return url.pathname.endsWith('/send') ? this.#send(JSON.parse(init.body)) : this.read(url.searchParams);
  }

  hasNews(url) {
    return this.head > Number(url.searchParams.get('since'));
  }

  #send({ name, text, id, type = 'message', target }) {
    if (text === '' && type !== 'delete') {
      return problem(400, 'bad-input', 'text is empty.', { field: 'text' });
    }
    const known = this.messages.find((m) => m.name === name && this.asSent(m).id === id);
    if (known !== undefined && this.asSent(known).text !== text) {
      return problem(409, 'id-reused', 'another text');
    }
    const of = this.messages.find((m) => m.seq === target && m.seq >= this.oldest && m.type === 'message' && m.name === name);
    if (known === undefined && type !== 'message' && of === undefined) {
      return problem(404, 'not-found', 'no such message');
    }
    const { seq, time } = known ?? (type === 'message' ? this.say(name, text, id) : this.change(type, target, text, { name, id }));
    return reply(known === undefined ? 201 : 200, { epoch: this.epoch, room: this.room, seq, time, name, text, type, id, target });
  }

  read(query) {
    if (query.has('epoch') && query.get('epoch') !== this.epoch) {
      return problem(409, 'epoch-changed', 'another database', { epoch: this.epoch });
    }
    const number = (name) => Number(query.get(name));
    const kept = this.messages.filter(({ seq }) => seq >= this.oldest);
    const limit = query.has('limit') ? number('limit') : 100;
    let page;
    let more;
    let next;
    if (query.has('before')) {
      const older = kept.filter(({ seq }) => seq < number('before'));
      page = older.slice(-limit);
      more = older.length > page.length;
      next = page.at(-1)?.seq ?? number('before') - 1;
    } else if (query.has('last')) {
      page = kept.slice(-number('last'));
      more = false;
      next = this.head;
    } else {
      const newer = kept.filter(({ seq }) => seq > number('since'));
      page = newer.slice(0, limit);
      more = newer.length > page.length;
      next = more ? page.at(-1).seq : this.head;
    }
    const isTold = query.has('since') && (number('since') < this.oldest - 1 || (this.tellsGaps && number('since') + page.length < next));
    const gap = isTold ? { gap: true } : {};
    const after = this.wait === 0 ? { poll_after: 2 } : {};
    const { epoch, room, head, oldest, wait } = this;
    const watch = this.wait === 0 && this.file !== null && head > 0 ? { watch: this.file.mend() } : {};
    const whole = { epoch, room, messages: page, next, head, oldest, more, wait, ...after, ...watch, ...gap };
    return Object.assign(reply(200, whole), { page: whole });
  }
}

const positionsOf = (query) => query.getAll('room').map((room) => room.split(':'));

/** The same for several rooms of one database. */
export class House {
  rooms = new Map();
  wait = 0;

  constructor(clock, epoch = 'epoch-1') {
    Object.assign(this, { clock, epoch });
  }

  room(name) {
    if (!this.rooms.has(name)) {
      this.rooms.set(name, Object.assign(new Chat(this.clock, name), { epoch: this.epoch, wait: this.wait }));
    }
    return this.rooms.get(name);
  }

  /** Another database, in which each room keeps `part` of its messages: 0 to 1. */
  replace(epoch, part = 0) {
    this.epoch = epoch;
    for (const chat of this.rooms.values()) {
      chat.replace(epoch, Math.floor(chat.messages.length * part));
    }
  }

  hasNews(url) {
    const [[, since], ...others] = positionsOf(url.searchParams);
    return since === undefined && others.length === 0
      ? this.room(url.searchParams.get('room')).hasNews(url)
      : positionsOf(url.searchParams).some(([room, from]) => this.room(room).head > Number(from));
  }

  answer(url, init) {
    if (url.pathname.endsWith('/send')) {
      return this.room(JSON.parse(init.body).room).answer(url, init);
    }
    const positions = positionsOf(url.searchParams);
    if (positions.length === 1 && positions[0].length === 1) {
      return this.room(positions[0][0]).answer(url, init);
    }
    return this.#several(url, positions);
  }

  #several(url, positions) {
    const { epoch, wait } = this;
    const page = { epoch, messages: [], next: {}, head: {}, oldest: {}, more: false, wait, ...(wait === 0 ? { poll_after: 2 } : {}) };
    const query = new URLSearchParams(url.searchParams);
    query.delete('room');
    for (const [room, since] of positions) {
      query.set('since', since);
      const answer = this.room(room).read(query);
      if (answer.status !== 200) {
        return answer;
      }
      page.messages.push(...answer.page.messages.map((message) => ({ room, ...message })));
      for (const part of ['next', 'head', 'oldest']) {
        page[part][room] = answer.page[part];
      }
      page.more ||= answer.page.more;
      if (answer.page.gap) {
        (page.gap ??= []).push(room);
      }
    }
    return reply(200, page);
  }
}

/* * The head file of a chat, as a web server sends it. how: { lag: ms, stuck, missing, html,
 * forgotten }. */
export class HeadFile {
  #written = [];

  constructor(chat, clock, how = {}) {
    Object.assign(this, { chat, clock, how });
    const say = chat.say.bind(chat);
    chat.say = (...args) => {
      const message = say(...args);
      if (!this.how.forgotten) { // forgotten: each sender dies between its commit and the file
        this.#write();
      }
      return message;
    };
  }

  #write() {
    const { epoch, head } = this.chat;
    this.#written.push({ at: this.clock.now(), text: JSON.stringify({ epoch, head }) });
  }

  /** A poll writes the file anew, so that it says the same as the answer. */
  mend() {
    const { epoch, head } = this.chat;
    if (this.#written.at(-1)?.text !== JSON.stringify({ epoch, head })) {
      this.#write();
    }
    return 'heads/0a1b';
  }

  reply(path) {
    const { lag = 0, stuck, missing, html } = this.how;
    const known = stuck ? this.#written.slice(0, 1) : this.#written.filter(({ at }) => at <= this.clock.now() - lag);
    if (missing || path !== '/deep/heads/0a1b' || known.length === 0) {
      return reply(404, '<h1>Not Found</h1>');
    }
    return reply(200, html ? '<h1>Index</h1>' : known.at(-1).text);
  }
}

/** Makes a poll without news wait, as a server that grants `wait` does. */
export function holdPolls(chat, clock) {
  const answer = chat.answer.bind(chat);
  chat.answer = (url, init) => {
    const first = answer(url, init);
    if (url.pathname.endsWith('/send') || !url.searchParams.has('wait')) {
      return first;
    }
    const most = Number(url.searchParams.get('wait')) * 1000;
    const { epoch } = chat;
    return {
      ...first,
      text: async () => {
        for (let held = 0; held < most && !chat.hasNews(url) && chat.epoch === epoch; held += 500) {
          await clock.sleep(500);
        }
        return chat.epoch === epoch ? answer(url, init).text() : first.text();
      },
    };
  };
}

const PORTAL = '<!doctype html><title>Welcome to the train</title><p>Please log in';

/** What a proxy does with a request that takes longer than its limit. */
export const limits = ['breaks', 'gateway', 'page'];

function cutBy({ how }) {
  if (how === 'breaks') {
    throw new TypeError('network error');
  }
  return how === 'gateway' ? reply(504, '<h1>Gateway Time-out</h1>') : reply(200, PORTAL, { 'Content-Type': 'text/html' });
}

/**
 * A fetch that asks a chat. faults(): the fault of the next request, or 'none'. limit: { ms, how,
 * idle }, of a proxy on the way; idle: the time without a byte counts, else the whole time.
 */
export function network({ chat, clock, faults = () => 'none', random = seeded(1), delay = () => 20, log = [], cache = [], limit = null }) {
  return async (address, init) => {
    const url = new URL(address);
    const fault = faults(url);
    const aborted = new Promise((_, fail) => {
      init.signal.addEventListener('abort', () => fail(new Error('aborted')));
    });
    aborted.catch(() => {});
    const patient = (promise) => Promise.race([promise, aborted]);
    const entry = { path: url.pathname, query: Object.fromEntries(url.searchParams), fault, at: clock.now(), body: init.body };
    log.push(entry);
    const limited = () => (limit === null ? new Promise(() => {}) : clock.sleep(limit.ms).then(() => null));
    const whole = limited();
    await patient(clock.sleep(delay()));
    switch (fault) {
      case 'dropped':
        throw new TypeError('Failed to fetch');
      case 'hangs':
        return patient(new Promise(() => {}));
      case 'portal':
        return reply(200, PORTAL, { 'Content-Type': 'text/html' });
      case 'redirected':
        return reply(200, {}, {});
      case 'bad gateway':
        return reply(502, '<h1>Bad Gateway</h1>');
      case 'busy':
        return problem(503, 'store-busy', 'The store is busy.', {}, { 'Retry-After': '2' });
      case 'too many':
        return problem(429, 'too-many', 'Too many.', {}, { 'Retry-After': '1' });
      case 'stale': {
        const old = cache.filter(({ path }) => path === url.pathname);
        if (old.length > 0) {
          return reply(200, old[Math.floor(random() * old.length)].text);
        }
      }
    }
    if (url.pathname.endsWith('/stream')) {
      return streamReply({ chat, clock, url, fault, random, patient, entry, cut: () => (limit?.idle ? limited() : whole) });
    }
    const answer = chat.answer(url, init);
    const text = await patient(Promise.race([answer.text(), whole]));
    if (text === null) {
      entry.cut = true;
      return cutBy(limit);
    }
    if (fault === 'repeated') {
      chat.answer(url, init); // a proxy sends it twice, and passes on the second answer
    }
    if (fault === 'reordered') {
      await patient(clock.sleep(random() * 5000)); // other answers overtake this one
    }
    await patient(clock.sleep(delay()));
    if (fault === 'lost') {
      throw new TypeError('Failed to fetch');
    }
    if (fault === 'cut') {
      return reply(answer.status, text.slice(0, Math.floor(random() * text.length)));
    }
    if (answer.status < 300) {
      cache.push({ path: url.pathname, text }); // from here a proxy takes old answers
    }
    return { ...answer, text: async () => text };
  };
}
