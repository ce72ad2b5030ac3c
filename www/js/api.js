// api.js - one request to /send or /poll, with a time limit, and an answer that is what it should be, or a Failure.
//
// Between here and the server there are proxies that cut answers, portals that answer every address with their own page and
// servers on their way down: an answer counts only when it has the shape of the contract.

/** kind: network (nobody answered), answer (no pollchat answered), refused (4xx), busy (429, 5xx), epoch (another database). */
export class Failure extends Error {
  constructor(kind, message, { status = 0, retryAfter, field, epoch } = {}) {
    super(message);
    this.name = 'Failure';
    Object.assign(this, { kind, status, retryAfter, field, epoch });
  }
}

const isWhole = (value) => Number.isSafeInteger(value) && value >= 0;
const isString = (value) => typeof value === 'string';

// Kinds that come with later servers may lack a text or an id; they count as messages all the same, for the order.
const isMessage = (m) =>
  typeof m === 'object' && m !== null && isWhole(m.seq) && m.seq > 0 && [m.time, m.name, m.type].every(isString) &&
  (m.type !== 'message' || (isString(m.text) && isString(m.id)));

function isPage(page, room) {
  return (
    typeof page === 'object' && page !== null && isString(page.epoch) && page.room === room &&
    Array.isArray(page.messages) && page.messages.every(isMessage) &&
    page.messages.every((m, i) => i === 0 || m.seq === page.messages[i - 1].seq + 1) &&
    [page.next, page.head, page.oldest, page.wait].every(isWhole) && typeof page.more === 'boolean'
  );
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Retry-After in seconds; a date is taken as well. */
function retryAfter(value, now) {
  if (value === null) {
    return undefined;
  }
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - now) / 1000;
  return seconds > 0 ? seconds : undefined;
}

function failure(status, headers, body, now) {
  const problem = typeof body === 'object' && body !== null ? body : {};
  const detail = isString(problem.detail) ? problem.detail : `The server answered ${status}.`;
  const more = { status, field: problem.field, retryAfter: retryAfter(headers.get('Retry-After'), now) };
  if (status === 409 && isString(problem.type) && problem.type.endsWith(':epoch-changed')) {
    return new Failure('epoch', detail, { ...more, epoch: problem.epoch });
  }
  if (status === 408 || status === 429 || status >= 500) {
    return new Failure('busy', detail, more);
  }
  // Only the chat itself can refuse for good. A bare 403 or 404 is a gateway's, or a server in the middle of an update.
  const isOurs = isString(problem.type) && problem.type.startsWith('urn:pollchat:problem:');
  return isOurs ? new Failure('refused', detail, more) : new Failure('answer', `This is no answer of a chat: ${status}.`, more);
}

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

/** base: the address that the others are relative to. fetch, clock: { now, setTimeout, clearTimeout }. */
export function makeApi({ base, fetch, clock }) {
  async function ask(path, init, limit, signal) {
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
      answer = await fetch(new URL(path, base).href, { cache: 'no-store', ...init, credentials: 'same-origin', signal: stop.signal });
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
      throw failure(answer.status, answer.headers, body, clock.now());
    }
    return body;
  }

  return {
    /** query: { room, since | before | last, limit, wait, epoch }. limit: milliseconds. */
    async poll(query, { limit = 15_000, signal } = {}) {
      const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
      const init = query.before === undefined ? {} : { cache: 'default' }; // old pages may be kept
      const page = await ask(`poll?${new URLSearchParams(given)}`, init, limit, signal);
      if (!isPage(page, query.room)) {
        throw new Failure('answer', 'Something between here and the chat answered in its place.');
      }
      return page;
    },

    /** draft: { room, name, text, id }. Returns the message as it is stored. */
    async send({ room, name, text, id }, { limit = 30_000 + text.length / 4, signal } = {}) {
      const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ room, name, text, id }) };
      const message = await ask('send', init, limit, signal);
      if (!isMessage(message) || message.id !== id || !isString(message.epoch)) {
        throw new Failure('answer', 'Something between here and the chat answered in its place.');
      }
      return message;
    },
  };
}
