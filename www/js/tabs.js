// tabs.js - all tabs and frames of a chat in one browser share one connection: one tab leads and
// listens for all rooms, and tells the others.
//
// A browser allows six connections to a host, so seven tabs with one each would block everything.
// Therefore a browser keeps one request open, whatever the rooms, and none while all tabs are
// hidden (unless the visitor wants to hear of news at once). lead.js chooses the leader. Each tab
// says which room it shows and how far it is; the leader asks for all of them in one request. A tab
// polls once by itself if it missed something: it was asleep, was just opened, or the leader's
// request has no space for its room. All tabs do so while the leader is silent. Each tab sends by
// itself. If tabs can't talk to each other, no tab keeps a request open: they poll on a timer.
//
// What is told has an epoch and seqs. So it does no harm if it comes twice, late, or from two
// leaders.
//
// Has the interface of a transport: start, stop, hurry, and the event status.

import { Source } from './events.js';
import { Holds } from './holds.js';
import { ALIVE, Lead } from './lead.js';
import { Others, Remotes } from './others.js';

const REGROUP = 300; // milliseconds; tabs that are opened together count as one change
const SELDOM = 8; // ticks between two polls of a hidden tab whose room the leader leaves out

/** A failure without its class, as messages between tabs carry only data. */
const asData = (failure) => failure && { kind: failure.kind, message: failure.message, status: failure.status, slug: failure.slug };

export class Tabs extends Source {
  #isStarted = false;
  #isTold = false; // the leader listens for this tab's room
  #isApart = false; // the server refused its room, so the tab does without the others
  #isInTrouble = false; // the leader doesn't reach the server, and tries again
  #speaker = null; // the tab of this room that makes a sound
  #timer;
  #regrouping = null;
  #ticks = 0;
  #saidHere = -Infinity;

  /**
   * openChannel(name): see channel.js; 'tabs' is of this chat, 'holds' of all chats of the host.
   * id: that no other tab has. pace(): how much this tab is looked at (transport.js). wantsNews():
   * the visitor wants to hear of news at once, also from hidden tabs. The transport gets others()
   * and mayHold() from here.
   */
  constructor({ id, store, transport, clock, openChannel, pace = () => 'active', wantsNews = () => false }) {
    super();
    Object.assign(this, { id, store, transport, clock, openChannel, wantsNews, ownPace: pace });
    const isSeen = () => this.ownPace() !== 'hidden';
    this.tabs = new Others(clock);
    this.remotes = new Remotes((page) => this.#tellPage(page));
    this.holds = new Holds({ id, clock, isSeen, openChannel: () => openChannel('holds'), changed: () => this.transport.review() });
    this.lead = new Lead({
      id, clock, say: (what) => this.#say(what), isSeen, info: () => this.#info(), won: () => this.#won(), lost: () => this.#lost(),
    });
    transport.addEventListener('status', ({ detail }) => this.#status(detail));
    store.addEventListener('page', ({ detail }) => this.#tellPage({ ...detail, room: store.room }));
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
    if (this.store.next === null) {
      this.tell('status', { state: 'connecting', failure: null, until: 0 });
    }
    this.lead.stand();
    this.#sayHere();
    this.transport.once(); // whichever tab leads, the room is to be seen at once
    this.#timer = this.clock.setTimeout(() => this.#tick(), ALIVE);
  }

  /**
   * Until start(), or for good. A page that the browser keeps for the way back has no request open.
   */
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
    if (options.anew !== true) { // the leader notices by itself that there is another network
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

  /** Whether this tab makes a sound: one tab of each room does. */
  get speaks() {
    return this.#isAlone || this.lead.isLeading || this.#speaker === this.id;
  }

  get isLeading() {
    return this.lead.isLeading;
  }

  /** Whether the visitor looks at a tab of this room. */
  get isLookedAt() {
    return this.#paceOf((tab) => tab.room === this.store.room) === 'active';
  }

  /** How much the tabs are looked at: the liveliest pace of all. */
  pace() {
    return this.#paceOf(() => true);
  }

  /** Does without the other tabs. */
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
    this.tabs.clear();
    this.#follow();
  }

  #comeBack() {
    if (this.#isStarted) {
      this.stop();
      this.start();
    }
  }

  // ---- for the transport ----

  /** Whether a request may stay open. */
  mayHold() {
    return !this.#isAlone && (this.pace() !== 'hidden' || this.wantsNews()) && this.holds.isFree;
  }

  /** The rooms to listen for besides this tab's own. */
  others() {
    return this.remotes.of(this.store.epoch);
  }

  // ---- who is there ----

  get #isAlone() {
    return this.channel === undefined;
  }

  #paceOf(which) {
    return this.tabs.paceOf(this.ownPace(), which);
  }

  #tick() {
    this.#timer = this.clock.setTimeout(() => this.#tick(), ALIVE);
    this.#ticks += 1;
    this.tabs.forgetTheGone();
    this.#regroup();
    this.lead.tick();
    this.#sayHere();
    if (this.lead.isLeading) {
      this.holds.say(this.mayHold());
      this.transport.review();
    } else if (this.lead.isSilent) {
      this.transport.once();
    } else if (!this.#isTold && (this.ownPace() !== 'hidden' || this.#ticks % SELDOM === 0)) {
      this.#catchUp();
    }
  }

  /** Polls once, unless the leader has just failed to reach the server. */
  #catchUp() {
    if (!this.#isInTrouble) {
      this.transport.once();
    }
  }

  /** The leader listens for the rooms of all tabs. */
  #regroup() {
    if (this.lead.isLeading && this.remotes.choose(this.tabs.elsewhere(this.store), this.store.epoch) && this.#regrouping === null) {
      this.#regrouping = this.clock.setTimeout(() => {
        this.#regrouping = null;
        this.transport.review();
        this.lead.sayLead();
      }, REGROUP);
    }
  }

  #won() {
    this.holds.say(this.mayHold());
    this.transport.start();
    this.#regroup();
  }

  /** Another tab leads now: this one was asleep, or is hidden. */
  #lost() {
    this.#follow();
    this.transport.stop();
    this.transport.once();
  }

  #follow() {
    this.remotes.clear();
    this.#isTold = false;
    this.#isInTrouble = false;
    this.holds.say(false);
  }

  // ---- what is told ----

  /** What the leader says of itself: how far each room is, and which tab makes a sound there. */
  #info() {
    const { epoch, room, next } = this.store;
    const { speakers } = this.tabs;
    const rooms = Object.fromEntries(this.others().map((remote) => [remote.room, { next: remote.next, speaker: speakers[remote.room] }]));
    return { epoch, rooms: { ...rooms, [room]: { next, speaker: this.id } } };
  }

  #sayHere() {
    this.#saidHere = this.clock.now();
    const { room, epoch, next } = this.store;
    this.#say({ type: 'here', id: this.id, room, epoch, next, pace: this.ownPace() });
  }

  #say(what) {
    this.channel?.postMessage(what);
  }

  /** The leader tells what has come. */
  #tellPage(what) {
    if (this.lead.isLeading) {
      this.#say({ ...what, id: this.id });
      if (what.type === 'open') {
        this.lead.sayLead();
      }
    }
  }

  #hear(what) {
    const isLead = this.lead.hear(what);
    if (what.type === 'here') {
      this.tabs.hear(what);
      this.#regroup();
    } else if (what.type === 'bye') {
      this.tabs.leave(what.id);
      this.#regroup();
    } else if (what.type === 'hurry' && this.lead.isLeading) {
      this.transport.hurry(what.options);
    } else if (isLead) {
      this.#compare(what);
    } else if (!this.lead.isLeading) {
      this.#learn(what);
    }
  }

  /** Compares what this tab has with what the leader says of the room. */
  #compare({ epoch, rooms }) {
    const { store } = this;
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
    const { store } = this;
    if (what.type === 'status' && what.id === this.lead.leader?.id) {
      this.#isInTrouble = what.detail.state === 'retrying';
      this.tell('status', { ...what.detail, until: what.left && this.clock.now() + what.left });
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
    const { store } = this;
    if (epoch === store.epoch && (since === store.next || (since < store.next && page.gap !== true))) {
      if (page.next > store.next) {
        store.append({ ...page, messages: page.messages.filter(({ seq }) => seq > store.next) });
      }
    } else if (epoch !== store.epoch || page.next > store.next) {
      this.transport.once();
    }
  }

  #status(detail) {
    this.tell('status', detail);
    if (detail.failure?.kind === 'refused' && this.store.next === null && !this.#isAlone) {
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
      this.#say({ type: 'status', id: this.id, left, detail: { ...detail, failure: asData(detail.failure) } });
    } else if (detail.state === 'online' && !this.#isTold) {
      this.#sayHere(); // now it is known how far this tab is
    }
  }
}
