// api.js - one request to /send, /poll or /stream, with a time limit, and an answer that is what it should be, or a Failure.

import { failureOf, Failure, isHead, isMessage, isPage, parse } from './answers.js';
import { pagesOf } from './several.js';
import { readStream } from './stream.js';

export { Failure };

/** The whole body; `progress` is called for each piece of it. */
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

// Where the programs answer: at short addresses, or, where a host has no mod_rewrite, by their own; cgi/ is for hosts that refuse
// what stands in cgi-bin/.htaccess.
const WAYS = ['', 'cgi-bin/', 'cgi/'];

/** The query as a part of an address; a value may be a list. */
const inAddress = (query) =>
  new URLSearchParams(Object.entries(query).flatMap(([name, value]) => [value].flat().filter((one) => one !== undefined && one !== null).map((one) => [name, one])));

/** base: the address that the others are relative to. fetch, clock: as of clock.js. */
export function makeApi({ base, fetch, clock }) {
  let way = 0;
  let isSure = false;
  const address = (program, path, which = way) => new URL(which === 0 ? path : `${WAYS[which]}${program}.cgi/${path}`, base).href;

  /** The first time each way is tried, until the chat itself answers. */
  async function ask(program, path, ...how) {
    let first;
    for (let i = way; i < WAYS.length; i++) {
      try {
        const body = await once(address(program, path, i), ...how);
        if (isSure || typeof body?.epoch === 'string') {
          [way, isSure] = [i, true];
          return body;
        }
        first ??= new Failure('answer', 'Something between here and the chat answered in its place.');
      } catch (failure) {
        if (isSure || failure.slug || failure.kind === 'network') {
          throw failure;
        }
        first ??= failure;
      }
    }
    throw first;
  }

  async function once(href, init, limit, signal) {
    const stop = new AbortController();
    const abort = () => stop.abort();
    signal?.addEventListener('abort', abort);
    let timer;
    const wait = () => {
      clock.clearTimeout(timer);
      timer = clock.setTimeout(abort, limit); // without a byte: a slow line isn't a dead one
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
    if (answer.status !== 200 && answer.status !== 201) {
      throw failureOf(answer.status, answer.headers, body, clock.wall());
    }
    return body;
  }

  return {
    /** What stands before the addresses of what reads. */
    get way() {
      return address('poll', '');
    },

    /**
     * query: { room, since | before | last, limit, wait, epoch }. limit: milliseconds. rooms:
     * several, then the answer is a page of each.
     */
    async poll(query, { limit = 15_000, signal, rooms } = {}) {
      const init = query.before === undefined ? {} : { cache: 'default' }; // old pages may be kept
      const answer = await ask('poll', `poll?${inAddress(query)}`, init, limit, signal);
      const page = rooms === undefined ? answer : pagesOf(answer, rooms);
      if (page === null || (rooms === undefined && !isPage(page, query.room))) {
        throw new Failure('answer', 'Something between here and the chat answered in its place.');
      }
      return page;
    },

    /** What the file of a room says: { epoch, head }. The browser asks the server whether its copy is still good. */
    async head(path, { signal }) {
      const said = await once(new URL(path, base).href, { cache: 'no-cache' }, 5000, signal);
      if (!isHead(said)) {
        throw new Failure('answer', 'This says nothing of a room.');
      }
      return said;
    },

    /** query: { room, since, epoch }, or { room: ['a:5', 'b:7'], epoch }. See stream.js. */
    stream: (query, options) => readStream({ fetch, clock, address: address('poll', `stream?${inAddress(query)}`), ...options }),

    /**
     * Does the chat itself answer where messages are sent? It gets a message without text, which it
     * refuses and doesn't store.
     */
    async reaches(room) {
      const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ room, text: '' }) };
      const failure = await ask('send', 'send', init, 15_000).catch((error) => error);
      return failure instanceof Failure && failure.slug !== undefined;
    },

    /** draft: { room, name, text, id }. Returns the message as it is stored. */
    async send({ room, name, text, id, reply_to }, { limit = 30_000 + text.length / 4, signal } = {}) {
      const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ room, name, text, id, reply_to }) };
      const message = await ask('send', 'send', init, limit, signal).catch((failure) => {
        // A limit of the web server's own: mod_fcgid says 500 past 128 kB, nginx 413 past 1 MB. Again would be the same again.
        const isTooLong = (failure.status === 413 || failure.status === 500) && !failure.slug && init.body.length > 1e5;
        throw isTooLong ? new Failure('refused', 'This server takes no message of that length.', { status: 413, field: 'text' }) : failure;
      });
      if (!isMessage(message) || message.id !== id || typeof message.epoch !== 'string') {
        throw new Failure('answer', 'Something between here and the chat answered in its place.');
      }
      return message;
    },
  };
}
