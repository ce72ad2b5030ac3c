// api.js - one request to /send, /poll or /stream, with a time limit. The result is an answer of
// the form that the contract describes, or a Failure. Each request says who asks: the visitor's key
// (key.js) or a token of the site around the chat.

import { failureOf, Failure, isHead, isHeld, isMessage, isPage, parse, strange } from './answers.js';
import { pagesOf } from './several.js';

/**
 * Where the programs answer, by the folder of the programs: at short addresses; at their own, where
 * a host has no mod_rewrite; in cgi/, where it refuses cgi-bin/.htaccess.
 */
export const WAYS = { short: '', programs: 'cgi-bin/', refused: 'cgi/' };

/** What stands before the path of a request to a program. */
export const pathOf = (folder, program) => folder && `${folder}${program}.cgi/`;

const LIMIT = 15_000; // milliseconds without a byte
const HEAD_LIMIT = 5000;
const SEND_LIMIT = 30_000;
const LONG = 100_000; // bytes that each web server takes

/** The whole body. progress() is called for each piece of it. */
async function read(answer, progress) {
  if (answer.body?.getReader === undefined) {
    return answer.text();
  }
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    progress();
    text += decoder.decode(piece.value, { stream: true });
  }
  return text + decoder.decode();
}

/** The query as part of an address. A value may be a list; undefined and null are left out. */
const inAddress = (query) =>
  new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) => [value].flat().filter((one) => one !== undefined && one !== null).map((one) => [name, one])),
  );

const posted = (body) => ({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

/**
 * Some web servers limit a body themselves: mod_fcgid answers 500 above 128 kB, nginx 413 above 1
 * MB. Another try would end in the same way, so the message is refused.
 */
function orTooLong(failure, { body }) {
  const isTooLong = (failure.status === 413 || failure.status === 500) && !failure.slug && body.length > LONG;
  return isTooLong ? new Failure('refused', 'This server takes no message of that length.', { status: 413, field: 'text' }) : failure;
}

/**
 * base: the address of the chat's folder. clock: see clock.js. who: { headers(): the headers that
 * say who asks, or a promise of them; renew(): the token was refused; resolves with whether there
 * is a new one }.
 */
export function makeApi({ base, fetch, clock, who = { headers: () => ({}), renew: async () => false } }) {
  const folders = Object.values(WAYS);
  let way = 0;
  let isSure = false;
  const address = (program, path, which = way) => new URL(pathOf(folders[which], program) + path, base).href;

  /** Calls request(headers), once more if the token had ended and there is a new one. */
  async function signed(request) {
    try {
      return await request(await who.headers());
    } catch (failure) {
      if (failure.slug === 'bad-token' && (await who.renew())) {
        return request(await who.headers());
      }
      throw failure;
    }
  }

  const ask = (program, path, init, ...how) =>
    signed((headers) => tryWays(program, path, { ...init, headers: { ...init.headers, ...headers } }, ...how));

  /** Until the chat has answered once, a request tries each way in turn. */
  async function tryWays(program, path, ...how) {
    let first;
    for (let i = way; i < folders.length; i++) {
      try {
        const body = await once(address(program, path, i), ...how);
        if (isSure || typeof body?.epoch === 'string' || body?.held === true) {
          [way, isSure] = [i, true];
          return body;
        }
        first ??= strange();
      } catch (failure) {
        if (isSure || failure.slug || failure.kind === 'network') {
          throw failure;
        }
        first ??= failure;
      }
    }
    throw first;
  }

  /** limit: milliseconds without a byte, as a slow line isn't a dead one. */
  async function once(href, init, limit, signal) {
    const stop = new AbortController();
    const abort = () => stop.abort();
    signal?.addEventListener('abort', abort);
    let timer;
    const wait = () => {
      clock.clearTimeout(timer);
      timer = clock.setTimeout(abort, limit);
    };
    wait();
    let answer;
    let text;
    try {
      answer = await fetch(href, { cache: 'no-store', ...init, credentials: 'same-origin', signal: stop.signal });
      wait();
      text = await read(answer, wait);
    } catch (error) {
      throw new Failure('network', stop.signal.aborted ? 'The server did not answer in time.' : error.message);
    } finally {
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
    const body = parse(text);
    if (![200, 201, 202].includes(answer.status)) {
      throw failureOf(answer.status, answer.headers, body, clock.wall());
    }
    return body;
  }

  return {
    /** What stands before the paths of poll's requests. */
    get way() {
      return address('poll', '');
    },

    /**
     * query: { room, since | before | last, limit, wait, epoch }. limit: milliseconds. rooms:
     * several; then the result is a page for each of them.
     */
    async poll(query, { limit = LIMIT, signal, rooms } = {}) {
      // the browser may keep old pages
      const init = query.before === undefined ? {} : { cache: 'default' };
      const answer = await ask('poll', `poll?${inAddress(query)}`, init, limit, signal);
      const page = rooms === undefined ? answer : pagesOf(answer, rooms);
      if (page === null || (rooms === undefined && !isPage(page, query.room))) {
        throw strange();
      }
      return page;
    },

    /**
     * The head file of a room: { epoch, head }. The browser asks the server whether its copy is
     * current.
     */
    async head(path, { signal }) {
      const said = await once(new URL(path, base).href, { cache: 'no-cache' }, HEAD_LIMIT, signal);
      if (!isHead(said)) {
        throw strange();
      }
      return said;
    },

    /**
     * query: { room, since, epoch }, or { room: ['a:5', 'b:7'], epoch }. read: readStream() of
     * stream.js, which the first load of the page does without; options: for it.
     */
    stream: (read, query, options) => signed((headers) => read({ fetch, clock, address: address('poll', `stream?${inAddress(query)}`), headers, ...options })),

    /**
     * Whether the chat itself answers at /send. It refuses a message without text, and doesn't
     * store it.
     */
    async reaches(room) {
      const failure = await ask('send', 'send', posted({ room, text: '' }), LIMIT).catch((error) => error);
      return failure instanceof Failure && failure.slug !== undefined;
    },

    /**
     * Sends a message, an edit or a deletion; returns it as the chat has stored it, or { held: true
     * } if it waits for a moderator. The limit suits a line of 4 characters a millisecond.
     */
    async send({ room, name, text, id, reply_to, type, target, proof }, { limit = SEND_LIMIT + text.length / 4, signal } = {}) {
      const init = posted({ room, name, text, id, reply_to, type, target, proof });
      const message = await ask('send', 'send', init, limit, signal).catch((failure) => {
        throw orTooLong(failure, init);
      });
      if (!isHeld(message, id) && (!isMessage(message) || message.id !== id || typeof message.epoch !== 'string')) {
        throw strange();
      }
      return message;
    },

    /** Another answer of poll: `me` (me.js), or `desk` with lists for moderators (acts.js). */
    read: (what, query) => ask('poll', `poll/${what}?${inAddress(query)}`, {}, LIMIT),

    /** The same as the browser gives it: a Response, of whatever status. */
    download: (path) => signed((headers) => fetch(address('poll', path), { cache: 'no-store', credentials: 'same-origin', headers })),

    /** Does something besides sending (acts.js). fields: { do, … }. */
    act: (fields) => ask('send', 'send/act', posted(fields), SEND_LIMIT),
  };
}
