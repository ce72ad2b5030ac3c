// lead.js - which of the tabs and frames of a chat in one browser leads.
//
// The tabs elect a leader by messages alone. So it works wherever tabs can talk to each other, also
// on a page without HTTPS, which has no locks. A tab that wants to lead claims the lead, and gets
// it unless another tab objects within a moment. The leader objects, and so does a claiming tab
// that comes first: visible tabs before hidden ones, then smaller ids. Each lead has a term, greater
// than the one before. Of two leaders the one with the older term gives way, so a tab that was
// asleep can't come back as leader. A visible tab takes the lead from a hidden one. A leader that is
// silent for ten seconds was killed or is frozen, and has lost the lead.
//
// For a moment two tabs may lead. That only costs a connection: what they tell has seqs (tabs.js).

const SETTLE = 200; // milliseconds in which another tab may object
const SILENT = 7000; // after so long without a sign of life of the leader, the other tabs poll
const FROZEN = 10_000; // after so long, another tab claims the lead
const PATIENCE = 12; // a hidden tab waits so many times as long: its timers run once a minute

export const ALIVE = 3000; // between two signs of life, and two calls of tick()

export class Lead {
  isLeading = false;
  leader = null; // { id, isSeen }, as far as known
  #term = 0;
  #claimed = 0;
  #candidacy = null;
  #heard;

  /* * given: { id: of this tab; clock; say(what): tells the other tabs; isSeen(): this tab is
   * visible; info(): what the leader tells with each sign of life; won(), lost(): called when this
   * tab gets or loses the lead }.
   */
  constructor(given) {
    Object.assign(this, given);
    this.#heard = this.clock.now();
  }

  /** Claims the lead. */
  stand() {
    if (!this.isLeading && this.#candidacy === null) {
      this.#claimed = this.#term + 1;
      this.#heard = this.clock.now(); // so the next claim comes after FROZEN
      this.#sayClaim();
      this.#candidacy = this.clock.setTimeout(() => this.#win(), SETTLE);
    }
  }

  /** Gives up the lead. hear() is not to be called any more. */
  leave() {
    this.#withdraw();
    this.isLeading = false;
    this.leader = null;
    this.say({ type: 'bye', id: this.id });
  }

  get isSilent() {
    return !this.isLeading && this.#silence() >= SILENT;
  }

  tick() {
    if (this.isLeading) {
      this.sayLead();
    } else if (this.#silence() >= FROZEN || (this.leader?.isSeen === false && this.isSeen())) {
      this.stand();
    }
  }

  sayLead() {
    if (this.isLeading) {
      this.say({ type: 'lead', id: this.id, term: this.#term, isSeen: this.isSeen(), ...this.info() });
    }
  }

  /** Takes what another tab said. Returns whether it is a sign of life of the leader. */
  hear(what) {
    if (what.type === 'claim') {
      this.#hearClaim(what);
    } else if (what.type === 'lead') {
      return this.#hearLead(what);
    } else if (what.id === this.leader?.id) {
      this.#heard = this.clock.now();
      if (what.type === 'bye') {
        this.leader = null;
        this.stand();
      }
    }
    return false;
  }

  #silence() {
    return (this.clock.now() - this.#heard) / (this.isSeen() ? 1 : PATIENCE);
  }

  #sayClaim() {
    this.say({ type: 'claim', id: this.id, term: this.#claimed, isSeen: this.isSeen() });
  }

  #withdraw() {
    this.clock.clearTimeout(this.#candidacy);
    this.#candidacy = null;
  }

  #win() {
    this.#candidacy = null;
    this.isLeading = true;
    this.leader = null;
    this.#term = this.#claimed;
    this.won();
    this.sayLead();
  }

  #hearClaim({ id, term, isSeen }) {
    if (this.isLeading) {
      const mayHaveIt = isSeen && !this.isSeen();
      if (!mayHaveIt || term <= this.#term) {
        this.sayLead();
      }
    } else if (this.#candidacy !== null) {
      if (isSeen === this.isSeen() ? id < this.id : isSeen) {
        this.#withdraw();
      } else {
        this.#sayClaim(); // that tab may not have heard the first claim
      }
    }
  }

  #hearLead({ id, term, isSeen }) {
    if (term < this.#term || (this.isLeading && term === this.#term && id > this.id)) {
      this.sayLead(); // that tab was asleep, and doesn't know
      return false;
    }
    const had = this.isLeading;
    this.isLeading = false;
    this.#term = term;
    this.leader = { id, isSeen };
    this.#heard = this.clock.now();
    this.#claimed = Math.max(this.#claimed, term + 1);
    if (isSeen || !this.isSeen()) {
      this.#withdraw();
    }
    if (had) {
      this.lost();
    }
    return true;
  }
}
