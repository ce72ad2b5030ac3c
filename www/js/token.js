// token.js - the token by which the site around the chat signs its visitor in (EMBED.md).
//
// The page asks for one before its first request, and again before it ends: each request calls
// headers(), so there is no timer, and a device that has slept gets a new one first. A visitor who
// was signed in never becomes a guest because of a failure: without a good token requests fail as
// they do without a network, until the site answers again. If the site says that its visitor isn't
// signed in (any more), the chat goes on without a token. Has no elements; the network is ask().
//
// Event `change`: another person is signed in, or the visitor is a guest again.

import { Failure, isObject, parse } from './answers.js';
import { makeClock } from './clock.js';
import { Source } from './events.js';

const FORM = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const LIFE = { least: 30, most: 3600 }; // seconds
const LEAD = 120; // seconds before its end, in which a token is renewed; a fifth of its life at most
const AGAIN = 30_000; // milliseconds after a failure
const GUEST = 300_000; // the same, after the site said that its visitor is not signed in
const LIMIT = 15_000; // for an answer

/** The token in an answer of the site: {"token":"a.b.c"}, or the token alone; null for none. */
function tokenIn(text) {
  const body = parse(text);
  const token = isObject(body) ? body.token : text.trim();
  return typeof token === 'string' && FORM.test(token) ? token : null;
}

/** The claims of a token. Only the server checks whether they are true. */
function claimsOf(token) {
  const [, claims] = token.split('.');
  try {
    const bytes = Uint8Array.from(atob(claims.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    return parse(new TextDecoder().decode(bytes)) ?? {};
  } catch {
    return {};
  }
}

/** Asks the site that the page is of; an address of another site is refused. */
export async function askSite(address) {
  const answer = await fetch(address, { mode: 'same-origin', cache: 'no-store' });
  return { text: await answer.text(), status: answer.status, date: answer.headers.get('Date') };
}

export class Token extends Source {
  #token = null;
  #person = null; // whom the token names
  #askAt = -Infinity; // by the clock: when to ask for the next one
  #endsAt = Infinity;
  #asking = null;

  /** ask(): resolves with what the site answered, as askSite() does. clock: see clock.js. */
  constructor({ ask, clock }) {
    super();
    Object.assign(this, { ask, clock });
  }

  /** Of the signed visitor: { name }; null for a visitor who is not signed in. */
  get person() {
    return this.#person && { name: this.#person.name };
  }

  /** The name of the signed visitor, once the site has answered; undefined for a guest. */
  async name() {
    await this.headers().catch(() => {});
    return this.#person?.name;
  }

  /** The headers that say who asks. Rejects if a visitor was signed in and can't be now. */
  async headers() {
    if (this.clock.now() >= this.#askAt) {
      await this.#refresh();
    }
    if (this.clock.now() >= this.#endsAt) {
      throw new Failure('network', 'The site around the chat did not renew your sign-in.');
    }
    return this.#token === null ? {} : { 'Pollchat-Token': this.#token };
  }

  /** The chat refused the token, or needs one: resolves with whether there is a new one. */
  async renew() {
    const old = this.#token;
    await this.#refresh();
    return this.#token !== null && this.#token !== old;
  }

  #refresh() {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #ask() {
    let timer;
    const late = new Promise((_, fail) => {
      timer = this.clock.setTimeout(() => fail(new Error('The site did not answer in time.')), LIMIT);
    });
    try {
      this.#take(await Promise.race([this.ask(), late]));
    } catch (error) {
      console.warn(`pollchat: no token: ${error.message}`);
      this.#askAt = this.clock.now() + AGAIN;
    } finally {
      this.clock.clearTimeout(timer);
    }
  }

  /** 401, 403, 404, 204: the visitor is not signed in. A busy or broken site says nothing. */
  #take({ text, status, date }) {
    if (status === 429 || status >= 500) {
      throw new Error(`The site answered ${status}.`);
    }
    this.#token = status === 200 ? tokenIn(text) : null;
    const claims = this.#token === null ? {} : claimsOf(this.#token);
    // by the site's clock, as the device's may be wrong
    const now = (Date.parse(date) || this.clock.wall()) / 1000;
    const life = Math.min(Math.max(claims.exp - now || 0, LIFE.least), LIFE.most);
    const lead = Math.min(LEAD, life / 5);
    this.#endsAt = this.#token === null ? Infinity : this.clock.now() + life * 1000;
    this.#askAt = this.#token === null ? this.clock.now() + GUEST : this.#endsAt - lead * 1000;
    const before = this.#person;
    this.#person = this.#token && { iss: claims.iss, sub: claims.sub, name: claims.name };
    if (before?.sub !== this.#person?.sub || before?.iss !== this.#person?.iss) {
      this.tell('change');
    }
  }
}

/** The token that an address of this page's own site answers. */
export const tokenOf = (address) => new Token({ ask: () => askSite(address), clock: makeClock() });
