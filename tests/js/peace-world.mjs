// peace-world.mjs - a chat in memory (world.mjs) with names that have owners, roles, limits, edits
// and deletions, as far as the page needs them. API.md describes the real ones.
//
//   chat.staff.add(key)       this key is a moderator's
//   chat.refuse = () => …     what /send answers next: a problem, or undefined
//   chat.rules                what /poll/me says of everybody

import { createHash } from 'node:crypto';
import { Chat, problem, reply } from './world.mjs';

const markOf = (key) => createHash('sha256').update(key).digest('hex').slice(0, 4);
const fold = (name) => name.toLowerCase().replaceAll(/\s/g, '');

export class PeaceChat extends Chat {
  owners = new Map(); // folded name: key
  persons = new Map(); // key: key of the person, if it was moved
  staff = new Set(); // keys of moderators
  codes = new Map();
  held = [];
  reports = [];
  bans = [];
  keys = new Map(); // seq: key of the sender
  acts = []; // what was done, as it came
  rules = { edit_minutes: 15, newcomer_minutes: 10, guests: 'yes' };
  state = { kind: 'open', slow: 0, hours: '', newcomers: 'free', until: '' };
  refuse = () => undefined;
  holds = () => undefined;

  person(key) {
    return this.persons.get(key) ?? key;
  }

  answer(url, init) {
    const key = this.person(init.headers?.['pollchat-key'] ?? '');
    const body = init.body && !init.body.startsWith('<') ? JSON.parse(init.body) : {};
    if (url.pathname.endsWith('/poll/me')) {
      return reply(200, this.#me(key));
    }
    if (url.pathname.endsWith('/poll/desk')) {
      const list = url.searchParams.get('list');
      return this.staff.has(key) ? reply(200, { list, items: this[list] ?? [], more: false }) : problem(403, 'not-allowed', 'Only for moderators.');
    }
    if (url.pathname.endsWith('/send/act')) {
      return this.#act(body, key);
    }
    return url.pathname.endsWith('/send') ? this.#sent(body, key, url, init) : super.answer(url, init);
  }

  #me(key) {
    const names = [...this.owners].filter(([, owner]) => owner === key).map(([name]) => this.spelt.get(name));
    const ban = this.bans.find((one) => one.key === key);
    const moderate = this.staff.has(key);
    const isClosed = !moderate && this.state.kind !== 'open';
    const why = ban ? { slug: ban.kind === 'mute' ? 'muted' : 'banned', detail: 'You are banned.', until: ban.until } : isClosed ? { slug: 'room-closed', detail: 'The room is closed.', until: this.state.until } : null;
    return {
      epoch: this.epoch, room: this.room, role: moderate ? 'moderator' : 'member', person: names.length > 0 ? { mark: markOf(key), name: names.at(-1), signed: false, fresh: false, names } : null,
      may: { read: true, write: why === null, moderate }, why, room_state: this.state, ...this.rules,
      reports: moderate ? this.reports.length : 0, held: moderate ? this.held.length : 0, owner: true,
    };
  }

  spelt = new Map();

  #claim(name, key) {
    const folded = fold(name);
    const owner = this.owners.get(folded);
    if (owner !== undefined && owner !== key) {
      return problem(409, 'name-taken', `${name} belongs to someone else.`, { field: 'name', suggestion: `${name} 2` });
    }
    if (key !== '') {
      this.owners.set(folded, key);
      this.spelt.set(folded, name);
    }
    return undefined;
  }

  #sent(body, key, url, init) {
    const { name, id, type = 'message', target, text } = body;
    const refusal = this.refuse(body, key) ?? (text === '' && type === 'message' ? undefined : this.#claim(name ?? '', key));
    if (refusal !== undefined) {
      return refusal;
    }
    const why = this.holds(body);
    if (why !== undefined && !this.messages.some((m) => m.id === id)) {
      if (!this.held.some((one) => one.uid === id)) {
        this.held.push({ held: this.held.length + 1, uid: id, room: this.room, time: new Date(this.clock.now()).toISOString(), name, text, why, key });
      }
      return reply(202, { held: true, id, room: this.room, why });
    }
    if (type === 'message') {
      const answer = super.answer(url, init);
      const stored = this.messages.find((m) => m.id === id);
      if (stored !== undefined && key !== '') {
        stored.mark = markOf(key);
        this.keys.set(stored.seq, key);
      }
      return answer;
    }
    const of = this.messages.find(({ seq }) => seq === target);
    if (of === undefined) {
      return problem(404, 'not-found', 'no such message');
    }
    const event = this.messages.find((m) => m.id === id) ?? this.change(type, target, text, { name, id });
    return reply(201, { epoch: this.epoch, room: this.room, ...event });
  }

  /** An edit or a deletion, as everybody reads it. */
  change(type, target, text = '', { name = 'ben', id = `${type}-${this.head + 1}` } = {}) {
    const event = Object.assign(this.say(name, text, id), { type, target });
    const of = this.messages.find(({ seq }) => seq === target);
    if (type === 'edit') {
      Object.assign(of, { text, edited: event.seq });
    } else {
      this.#erase(of);
    }
    return event;
  }

  /** One deletion of many messages. */
  sweep(which) {
    const gone = this.messages.filter((m) => m.type === 'message' && which(m));
    const targets = [];
    for (const { seq } of gone) {
      if (targets.at(-1)?.[1] === seq - 1) {
        targets.at(-1)[1] = seq;
      } else {
        targets.push([seq, seq]);
      }
    }
    gone.forEach((m) => this.#erase(m));
    if (gone.length > 0) {
      Object.assign(this.say('cleaner', '', `sweep-${this.head + 1}`), { type: 'delete', target: targets[0][0], targets });
    }
    return gone.length;
  }

  #erase(message) {
    Object.assign(message, { type: 'delete', text: '', target: message.seq, id: '' });
  }

  #act(body, key) {
    this.acts.push(body);
    const done = (more = {}) => reply(200, { done: body.do, ...more });
    const owner = this.keys.get(body.seq);
    const mine = { claim: () => this.#claim(body.name, key) ?? done({ name: body.name, mark: markOf(key) }) };
    mine.code = () => {
      this.codes.set('ABCD-2345', key);
      return done({ code: 'ABCD-2345', ends: new Date(this.clock.now() + 600_000).toISOString() });
    };
    mine.move = () => {
      const from = this.codes.get(body.code);
      if (from === undefined) {
        return problem(403, 'forbidden', 'The code is wrong.');
      }
      this.persons.set(key, from);
      return done({ name: this.spelt.get([...this.owners].find(([, who]) => who === from)[0]), mark: markOf(from) });
    };
    mine.report = () => {
      this.reports.push({ report: this.reports.length + 1, room: this.room, seq: body.seq, name: 'x', text: 'reported text', count: 1, reasons: [body.reason], hidden: false });
      return done();
    };
    const staff = {
      delete: () => done({ seq: this.change('delete', body.seq).seq }),
      clean: () => {
        this.bans.push({ ban: this.bans.length + 1, key: owner, kind: 'ban', title: 'mallory', until: new Date(this.clock.now() + body.ban_minutes * 60_000).toISOString(), reason: body.reason });
        return done({ deleted: this.sweep((m) => this.keys.get(m.seq) === owner || m.name.startsWith('mallory')), ban: this.bans.length, covers: 256 });
      },
      ban: () => {
        this.bans.push({ ban: this.bans.length + 1, key: owner, kind: body.kind, title: 'mallory', until: new Date(this.clock.now() + body.minutes * 60_000).toISOString(), reason: body.reason });
        return done({ ban: this.bans.length, covers: 1 });
      },
      lift: () => {
        this.bans = this.bans.filter(({ ban }) => ban !== body.ban);
        return done();
      },
      approve: () => {
        const one = this.held.find(({ held }) => held === body.held);
        this.held = this.held.filter((other) => other !== one);
        return done({ seq: this.say(one.name, one.text, one.uid).seq });
      },
      reject: () => {
        this.held = this.held.filter(({ held }) => held !== body.held);
        return done();
      },
      settle: () => {
        this.reports = this.reports.filter(({ seq }) => seq !== body.seq);
        return done();
      },
      room: () => {
        const { kind, slow, newcomers, hours } = body;
        Object.assign(this.state, Object.fromEntries(Object.entries({ kind, slow: slow && Number(slow), newcomers, hours }).filter(([, value]) => value !== undefined)));
        Object.assign(this.say('', 'The room is changed.', `notice-${this.head + 1}`), { type: 'notice' });
        return done();
      },
      hide: () => done({ seq: this.change('delete', body.seq).seq }),
      trust: () => done(),
    };
    if (mine[body.do] !== undefined) {
      return mine[body.do]();
    }
    return this.staff.has(key) && staff[body.do] !== undefined ? staff[body.do]() : problem(403, 'not-allowed', 'Only for moderators.');
  }
}
