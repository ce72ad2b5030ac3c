// tabs.js - all tabs and frames of a chat in one browser share one connection: one of them leads
// and listens for all rooms, the others are told.
//
// Browsers allow six connections to a host, so seven tabs that each hold one would stop everything.
// Therefore a browser holds one connection, whatever the rooms, and none while all tabs are hidden
// (unless the visitor wants to hear of news at once). lead.js chooses the leader. Each tab says
// which room it shows and how far it is; the leader listens for all of them in one request. A tab
// that missed something (it was asleep, was just opened, or its room has found no place) polls once
// by itself, and so do all tabs while the leader is silent. Each tab sends by itself. Where tabs
// can't talk to each other, none of them holds a connection: they poll on a timer.
//
// What is told is joined by epoch and seq, so it does no harm if it comes twice, late, or from two
// leaders.
//
// Takes the place of a transport: start, stop, hurry, and its status event.

import { Holds } from './holds.js';
import { ALIVE, Lead } from './lead.js';

const MOST_ROOMS = 32; // that the server takes in one request
const REGROUP = 300; // ms, so that tabs that are opened together are one change
const GONE = { active: 4 * ALIVE, idle: 4 * ALIVE, hidden: 180_000 }; // ms after which a silent tab counts as closed
const LOOKED_AT = 3.5 * ALIVE;
const SELDOM = 8; // ticks between two polls of a hidden tab whose room has found no place

/** A store that tells what is put into it. What a transport knows of a store. */
export class Feed {
  told = null;

  constructor(store) {
    this.store = store;
  }

  get room() {
    return this.store.room;
  }

  get epoch() {
    return this.store.epoch;
  }

  get next() {
    return this.store.next;
  }

  open(page) {
    this.store.open(page);
    this.told?.({ type: 'open', room: this.room, page });
  }

  append(page) {
    const { epoch, next: since } = this.store;
    const count = this.store.append(page);
    if (count > 0 || page.gap === true) {
      this.told?.({ type: 'append', room: this.room, page, epoch, since });
    }
    return count;
  }

  forget() {
    this.store.forget();
  }
}

/** A room that only other tabs show: how far they are. */
class Remote {
  constructor({ room, epoch, next }, told) {
    Object.assign(this, { room, epoch, next, told });
  }

  append(page) {
    const since = this.next;
    this.next = page.next;
    if (page.messages.length > 0 || page.gap === true) {
      this.told({ type: 'append', room: this.room, page, epoch: this.epoch, since });
    }
    return page.messages.length;
  }

  forget() {
    this.next = null;
  }
}

const plainFailure = (failure) => failure && { kind: failure.kind, message: failure.message, status: failure.status, slug: failure.slug };

const PACES = ['active', 'idle', 'hidden'];

export class Tabs extends EventTarget {
  #others = new Map(); // by id: what other tabs said of themselves, { room, epoch, next, pace, at }
  #remotes = new Map(); // by room: what the leader listens for besides its own
  #isStarted = false;
  #isTold = false; // the leader listens for this tab's room
  #isApart = false; // its room was refused, so it does without the other tabs
  #isInTrouble = false; // the leader doesn't reach the server, and tries again
  #speaker = null; // which tab of this room makes a sound
  #timer;
  #regrouping = null;
  #ticks = 0;
  #saidHere = -Infinity;

  /**
   * openChannel(name): see channel.js; 'tabs' is of this chat, 'holds' of all chats of the host.
   * id: that no other tab has. pace: whether this tab is looked at, as in transport.js.
   * wantsNews(): the visitor wants to hear of news at once, also from hidden tabs. The transport
   * asks others() and mayHold() of this.
   */
  constructor({ id, feed, transport, clock, openChannel, pace = () => 'active', wantsNews = () => false }) {
    super();
    Object.assign(this, { id, feed, transport, clock, openChannel, wantsNews, ownPace: pace });
    const isSeen = () => this.ownPace() !== 'hidden';
    this.holds = new Holds({ id, clock, isSeen, openChannel: () => openChannel('holds'), changed: () => this.transport.review() });
    transport.addEventListener('status', ({ detail }) => this.#status(detail));
    this.lead = new Lead({
      id, clock, say: (what) => this.#say(what), isSeen, info: () => this.#info(), won: () => this.#won(), lost: () => this.#lost(),
    });
  }

  start() {
    if (this.#isStarted) {
      return;
    }
    this.#isStarted = true;
    this.channel = this.openChannel('tabs');
    if (this.channel === undefined) {
      this.transport.start();
      return;
    }
    this.channel.onmessage = ({ data }) => this.#hear(data);
    this.holds.start();
    if (this.feed.next === null) {
      this.#tell({ state: 'connecting', failure: null, until: 0 });
    }
    this.lead.stand();
    this.#sayHere();
    this.transport.once(); // whichever tab leads, the room is to be seen at once
    this.#timer = this.clock.setTimeout(() => this.#tick(), ALIVE);
  }

  /** For good, or until start(): a page that is kept for the way back holds nothing. */
  stop() {
    this.#isStarted = false;
    this.#leave();
    this.transport.stop();
  }

  hurry(options = {}) {
    if (this.#isAlone || this.lead.isLeading) {
      this.transport.hurry(options);
      return;
    }
    this.#sayHere();
    if (options.anew !== true) { // the leader is in the same network
      this.#say({ type: 'hurry', options });
    }
    if (this.lead.isSilent || !this.#isTold) {
      this.transport.once();
    }
  }

  /** This tab is hidden now. */
  turnedAway() {
    if (!this.#isAlone) {
      this.#sayHere();
      this.lead.sayLead();
    }
  }

  /** Of several tabs of a room one makes a sound. */
  get speaks() {
    return this.#isAlone || this.lead.isLeading || this.#speaker === this.id;
  }

  get isLeading() {
    return this.lead.isLeading;
  }

  /** Whether any tab of this room is looked at. */
  get isLookedAt() {
    return this.#paceOf((tab) => tab.room === this.feed.room) === 'active';
  }

  /** How much the tabs are looked at: the most of any. */
  pace() {
    return this.#paceOf(() => true);
  }

  /** The other tabs do without this one, and it without them. */
  #leave() {
    this.clock.clearTimeout(this.#timer);
    this.clock.clearTimeout(this.#regrouping);
    this.#regrouping = null;
    if (this.channel !== undefined) {
      this.lead.leave();
      this.holds.stop();
      this.channel.close();
      this.channel = undefined;
    }
    this.#others.clear();
    this.#follow();
  }

  #comeBack() {
    if (this.#isStarted) {
      this.stop();
      this.start();
    }
  }

  // ---- for the transport ----

  /** Whether a connection may be held. */
  mayHold() {
    return !this.#isAlone && (this.pace() !== 'hidden' || this.wantsNews()) && this.holds.isFree;
  }

  /** The rooms to listen for besides the own one. */
  others() {
    return [...this.#remotes.values()].filter(({ epoch, next }) => next !== null && epoch === this.feed.epoch);
  }

  // ---- who is there ----

  get #isAlone() {
    return this.channel === undefined;
  }

  #paceOf(which) {
    const now = this.clock.now();
    const fresh = [...this.#others.values()].filter((tab) => which(tab) && now - tab.at < LOOKED_AT).map(({ pace }) => pace);
    return PACES.find((pace) => pace === this.ownPace() || fresh.includes(pace));
  }

  #tick() {
    this.#timer = this.clock.setTimeout(() => this.#tick(), ALIVE);
    this.#ticks += 1;
    this.#forgetTheGone();
    this.lead.tick();
    this.#sayHere();
    if (this.lead.isLeading) {
      this.holds.say(this.mayHold());
      this.transport.review();
      return;
    }
    if (this.lead.isSilent) {
      this.transport.once();
    } else if (!this.#isTold && (this.ownPace() !== 'hidden' || this.#ticks % SELDOM === 0)) {
      this.#catchUp();
    }
  }

  /** Polls once, unless the leader knows that it is in vain. */
  #catchUp() {
    if (!this.#isInTrouble) {
      this.transport.once();
    }
  }

  #forgetTheGone() {
    const now = this.clock.now();
    for (const [id, { at, pace }] of this.#others) {
      if (now - at > GONE[pace]) {
        this.#others.delete(id);
      }
    }
    this.#regroup();
  }

  /** The leader listens for the rooms of the tabs that are there, those of visible tabs first. */
  #regroup() {
    if (!this.lead.isLeading) {
      return;
    }
    const { room: own, epoch } = this.feed;
    const tabs = [...this.#others.values()].filter((tab) => tab.room !== own && tab.next !== null && tab.epoch === epoch);
    tabs.sort((a, b) => PACES.indexOf(a.pace) - PACES.indexOf(b.pace));
    const rooms = new Map();
    for (const tab of tabs) {
      const known = this.#remotes.get(tab.room);
      if (rooms.size < MOST_ROOMS - 1 && !rooms.has(tab.room)) {
        rooms.set(tab.room, known?.epoch === epoch && known.next !== null ? known : new Remote(tab, (what) => this.#tellAll(what)));
      }
    }
    const isChange = rooms.size !== this.#remotes.size || [...rooms].some(([room, remote]) => this.#remotes.get(room) !== remote);
    this.#remotes = rooms;
    if (isChange && this.#regrouping === null) {
      this.#regrouping = this.clock.setTimeout(() => {
        this.#regrouping = null;
        this.transport.review();
        this.lead.sayLead();
      }, REGROUP);
    }
  }

  #won() {
    this.feed.told = (what) => this.#tellAll(what);
    this.holds.say(this.mayHold());
    this.transport.start();
    this.#regroup();
  }

  /** Another tab has taken the lead: this one was asleep, or isn't looked at. */
  #lost() {
    this.#follow();
    this.transport.stop();
    this.transport.once();
  }

  #follow() {
    this.feed.told = null;
    this.#remotes = new Map();
    this.#isTold = false;
    this.#isInTrouble = false;
    this.holds.say(false);
  }

  // ---- what is told ----

  /** What the leader says of itself: how far each room is, and who makes a sound there. */
  #info() {
    const { epoch, room, next } = this.feed;
    const speakers = new Map([...this.#others].reverse().map(([id, tab]) => [tab.room, id]));
    const rooms = Object.fromEntries(this.others().map((remote) => [remote.room, { next: remote.next, speaker: speakers.get(remote.room) }]));
    return { epoch, rooms: { ...rooms, [room]: { next, speaker: this.id } } };
  }

  #sayHere() {
    this.#saidHere = this.clock.now();
    const { room, epoch, next } = this.feed;
    this.#say({ type: 'here', id: this.id, room, epoch, next, pace: this.ownPace() });
  }

  #say(what) {
    this.channel?.postMessage(what);
  }

  #tellAll(what) {
    this.#say({ ...what, id: this.id });
    if (what.type === 'open') {
      this.lead.sayLead();
    }
  }

  #hear(what) {
    const isLead = this.lead.hear(what);
    if (what.type === 'here') {
      this.#others.set(what.id, { ...what, at: this.clock.now() });
      this.#regroup();
    } else if (what.type === 'bye') {
      this.#others.delete(what.id);
      this.#regroup();
    } else if (what.type === 'hurry' && this.lead.isLeading) {
      this.transport.hurry(what.options);
    } else if (isLead) {
      this.#compare(what);
    } else if (!this.lead.isLeading) {
      this.#learn(what);
    }
  }

  /** Compares this tab with what the leader says of its room. */
  #compare({ epoch, rooms }) {
    const { store } = this.feed;
    const said = rooms[store.room];
    this.#isTold = said !== undefined && said.next !== null && epoch === store.epoch;
    this.#speaker = said?.speaker;
    if (epoch !== null && (epoch !== store.epoch || said?.next > store.next)) {
      this.#catchUp();
    } else if (said === undefined && this.clock.now() - this.#saidHere > ALIVE / 3) {
      this.#sayHere();
    }
  }

  #learn(what) {
    const { store } = this.feed;
    if (what.type === 'status' && what.id === this.lead.leader?.id) {
      this.#isInTrouble = what.detail.state === 'retrying';
      this.#tell({ ...what.detail, until: what.left && this.clock.now() + what.left });
    } else if (what.room !== store.room) {
      return;
    } else if (what.type === 'open') {
      if (what.page.epoch === store.epoch || store.next === null) {
        this.transport.once();
      } else {
        store.open(what.page);
      }
    } else if (what.type === 'append') {
      this.#append(what);
    }
  }

  #append({ page, epoch, since }) {
    const { store } = this.feed;
    if (epoch === store.epoch && (since === store.next || (since < store.next && page.gap !== true))) {
      if (page.next > store.next) {
        store.append({ ...page, messages: page.messages.filter(({ seq }) => seq > store.next) });
      }
    } else if (epoch !== store.epoch || page.next > store.next) {
      this.transport.once();
    }
  }

  #status(detail) {
    this.#tell(detail);
    if (detail.failure?.kind === 'refused' && this.feed.next === null && !this.#isAlone) {
      this.#leave(); // with a refused room a tab can't lead the others
      this.#isApart = true;
      this.transport.start();
      return;
    }
    if (this.#isApart && detail.state === 'online') {
      this.#isApart = false;
      this.clock.setTimeout(() => this.#comeBack(), 0);
    }
    if (this.lead.isLeading) {
      const left = detail.until && detail.until - this.clock.now(); // each tab has a clock of its own
      this.#say({ type: 'status', id: this.id, left, detail: { ...detail, failure: plainFailure(detail.failure) } });
    } else if (detail.state === 'online' && !this.#isTold) {
      this.#sayHere(); // now it is known how far this tab is
    }
  }

  #tell(detail) {
    const event = new Event('status');
    event.detail = detail;
    this.dispatchEvent(event);
  }
}
