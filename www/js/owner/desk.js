// desk.js - what owner.html asks the programs: lists (GET /poll/desk), who the visitor is (GET
// /poll/me), acts (POST /send/act). Shows nothing.

import { backup, readList } from '../acts.js';
import { Failure } from '../answers.js';

const PAGE = 100; // items of a list at a time

/** api: see ../api.js. acts: see ../acts.js. */
export class Desk {
  constructor({ api, acts }) {
    Object.assign(this, { api, acts });
  }

  /**
   * This visitor's role, and whether the chat has an owner. If not, the owner's code is made. What
   * waits to be decided is counted in all rooms; GET /poll/me counts that of one.
   */
  async me() {
    const me = await this.api.read('me', { sign_in: 'yes' });
    if (me.role !== 'owner' && me.role !== 'moderator') {
      return me;
    }
    const [reports, held] = await Promise.all(['reports', 'held'].map((name) => this.list(name)));
    return { ...me, reports: reports.items.length, held: held.items.length };
  }

  /** { items, more, before } */
  list(name, query = {}) {
    return readList(this.api, { list: name, limit: PAGE, ...query });
  }

  /** All items of a short list. */
  async all(name, query = {}) {
    const items = [];
    let page = { more: true, before: undefined };
    while (page.more) {
      page = await this.list(name, { ...query, before: page.before });
      items.push(...page.items);
      page.more = page.more && page.items.length > 0;
    }
    return items;
  }

  act(what, fields = {}) {
    return this.acts.act(what, fields);
  }

  /** The database as a file: { blob, name }. */
  backup() {
    return backup(this.api);
  }
}

/** Why something failed, in words. */
export const reasonOf = (error) => (error instanceof Failure ? error.message : `This page failed: ${error.message}`);
