// tabs.js - several tabs of one room share one connection: one of them leads and listens, the others are told.
//
// Browsers allow six connections to a host; ten tabs that each hold one would stop the seventh. Who leads is a Web Lock, so that
// the next one follows at once when a tab closes; news goes by BroadcastChannel. A tab that missed something (it was asleep, it has
// just come) asks once by itself, and so does everybody while the leader is silent; after a while one takes the lead from a leader
// that is frozen. Each tab sends by itself. Without locks or channel each tab listens for itself.
//
// Takes the place of a transport: start, stop, hurry, and its status event.

const SOON = 150; // who is alone has the lead by then
const ALIVE = 5000;
const SILENT = 15_000; // the leader is asleep, or was killed
const FROZEN = 25_000;
const PATIENCE = 8; // times, while hidden: browsers let timers of hidden tabs run once a minute

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
    this.told?.({ type: 'open', page });
  }

  append(page) {
    const { epoch, next: since } = this.store;
    const count = this.store.append(page);
    if (count > 0 || page.gap === true) {
      this.told?.({ type: 'append', page, epoch, since });
    }
    return count;
  }

  forget() {
    this.store.forget();
  }
}

const plainFailure = (failure) => failure && { kind: failure.kind, message: failure.message, status: failure.status };

export class Tabs extends EventTarget {
  #isLeading = false;
  #isStopped = false;
  #heard = 0; // when the leader last said something
  #lookedAtUntil = 0; // one of the tabs that are told
  #timer;
  #giveUp = null; // ends the lead

  /**
   * locks: navigator.locks; channel: a BroadcastChannel; both may be undefined. name: of the room on this site. pace: whether somebody
   * looks at this tab, as in transport.js.
   */
  constructor({ feed, transport, clock, name, locks, channel, pace = () => 'active' }) {
    super();
    Object.assign(this, { feed, transport, clock, name, locks, channel, ownPace: pace });
    transport.addEventListener('status', ({ detail }) => this.#status(detail));
  }

  start() {
    if (this.locks === undefined || this.channel === undefined) {
      this.transport.start();
      return;
    }
    this.channel.onmessage = ({ data }) => this.#hear(data);
    this.#heard = this.clock.now();
    this.#stand();
    this.#tick();
  }

  stop() {
    this.#isStopped = true;
    this.clock.clearTimeout(this.#timer);
    this.#giveUp?.();
    this.transport.stop();
    this.channel?.close();
  }

  hurry(options = {}) {
    if (this.#isLeading || this.channel === undefined || this.locks === undefined) {
      this.transport.hurry(options);
    } else {
      this.#say({ type: 'hurry', options });
    }
  }

  /** Of several tabs one makes a sound. */
  get speaks() {
    return this.#isLeading || this.locks === undefined || this.channel === undefined;
  }

  get isLeading() {
    return this.#isLeading;
  }

  /** Whether somebody looks at any of the tabs. */
  pace() {
    const own = this.ownPace();
    return own !== 'active' && this.clock.now() < this.#lookedAtUntil ? 'active' : own;
  }

  // ---- who leads ----

  /** Waits for the lead, and leads until it is taken away. */
  #stand({ steal = false } = {}) {
    const lead = () =>
      new Promise((done) => {
        if (this.#isStopped) {
          done();
          return;
        }
        this.#giveUp = done;
        this.#isLeading = true;
        this.feed.told = (what) => this.#say(what);
        this.transport.start();
        this.#sayAlive();
      });
    this.locks.request(this.name, steal ? { steal } : {}, lead).catch((error) => (error.name === 'AbortError' ? this.#lost() : this.#alone()));
    if (!steal) {
      this.clock.setTimeout(() => this.#look(), SOON);
    }
  }

  /** No lock is to be had (a frame of another site, where the browser forbids it): this tab listens for itself. */
  #alone() {
    this.clock.clearTimeout(this.#timer);
    this.channel.close();
    this.channel = undefined;
    if (!this.#isStopped) {
      this.transport.start();
    }
  }

  /** Whoever leads, the room is to be seen at once. */
  #look() {
    if (!this.#isLeading && !this.#isStopped && this.channel !== undefined && this.feed.next === null) {
      this.transport.once();
    }
  }

  /** Another tab has taken the lead, since this one was asleep. */
  #lost() {
    if (this.#isLeading && !this.#isStopped) {
      this.#isLeading = false;
      this.feed.told = null;
      this.transport.stop();
      this.#heard = this.clock.now();
      this.#stand();
      this.transport.once();
    }
  }

  #tick() {
    this.#timer = this.clock.setTimeout(() => this.#tick(), ALIVE);
    if (this.#isLeading) {
      this.#sayAlive();
      return;
    }
    const own = this.ownPace();
    if (own === 'active') {
      this.#say({ type: 'looked at' });
    }
    const silent = (this.clock.now() - this.#heard) / (own === 'hidden' ? PATIENCE : 1);
    if (silent >= FROZEN) {
      this.#heard = this.clock.now();
      this.#stand({ steal: true });
    } else if (silent >= SILENT) {
      this.transport.once();
    }
  }

  // ---- what is told ----

  #sayAlive() {
    this.#say({ type: 'alive', next: this.feed.next, epoch: this.feed.epoch, isLookedAt: this.ownPace() === 'active' });
  }

  #say(what) {
    this.channel.postMessage(what);
  }

  #hear(what) {
    if (what.type === 'looked at' || what.isLookedAt) {
      this.#lookedAtUntil = this.clock.now() + 2 * ALIVE;
    }
    if (this.#isLeading && what.type === 'hurry') {
      this.transport.hurry(what.options);
    }
    if (this.#isLeading || what.type === 'hurry' || what.type === 'looked at') {
      return; // the leader tells, it isn't told
    }
    this.#heard = this.clock.now();
    const { store } = this.feed;
    if (what.type === 'status') {
      this.#tell(what.detail);
    } else if (what.type === 'open') {
      if (what.page.epoch === store.epoch || store.next === null) {
        this.transport.once();
      } else {
        store.open(what.page);
      }
    } else if (what.type === 'append' && what.epoch === store.epoch && what.since === store.next) {
      store.append(what.page);
    } else if (what.type === 'alive' || what.type === 'append') {
      const isBehind = what.epoch !== store.epoch || (what.next ?? what.page?.next) > store.next;
      if (isBehind) {
        this.transport.once();
      }
    }
  }

  #status(detail) {
    this.#tell(detail);
    if (this.#isLeading) {
      this.#say({ type: 'status', detail: { ...detail, failure: plainFailure(detail.failure) } });
    }
  }

  #tell(detail) {
    const event = new Event('status');
    event.detail = detail;
    this.dispatchEvent(event);
  }
}
