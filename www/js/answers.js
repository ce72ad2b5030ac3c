// answers.js - what an answer of the chat must look like; whatever else comes is a Failure.
//
// Between here and the server there are proxies that cut answers, portals that answer every address with their own page and
// servers on their way down: an answer counts only when it has the shape of the contract.

/** kind: network (nobody answered), answer (no pollchat answered), refused (4xx), busy (429, 5xx), epoch (another database),
 * silent (a stream says nothing). slug: what the chat calls it. */
export class Failure extends Error {
  constructor(kind, message, { status = 0, retryAfter, field, epoch, slug } = {}) {
    super(message);
    this.name = 'Failure';
    Object.assign(this, { kind, status, retryAfter, field, epoch, slug });
  }
}

const OURS = 'urn:pollchat:problem:';
const isWhole = (value) => Number.isSafeInteger(value) && value >= 0;
const isString = (value) => typeof value === 'string';

// Kinds that come with later servers may lack a text or an id; they count as messages all the same, for the order.
export const isMessage = (m) =>
  typeof m === 'object' && m !== null && isWhole(m.seq) && m.seq > 0 && [m.time, m.name, m.type].every(isString) &&
  (m.type !== 'message' || (isString(m.text) && isString(m.id)));

export function isPage(page, room) {
  return (
    typeof page === 'object' && page !== null && isString(page.epoch) && page.room === room &&
    Array.isArray(page.messages) && page.messages.every(isMessage) &&
    page.messages.every((m, i) => i === 0 || m.seq > page.messages[i - 1].seq) && // rows may be gone
    [page.next, page.head, page.oldest, page.wait].every(isWhole) && typeof page.more === 'boolean'
  );
}

/** The file of a room. */
export const isHead = (said) => typeof said === 'object' && said !== null && isString(said.epoch) && isWhole(said.head);

export function parse(text) {
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

/** What an answer that isn't 200 or 201 means. */
export function failureOf(status, headers, body, now) {
  const problem = typeof body === 'object' && body !== null ? body : {};
  const detail = isString(problem.detail) ? problem.detail : `The server answered ${status}.`;
  const isOurs = isString(problem.type) && problem.type.startsWith(OURS);
  const slug = isOurs ? problem.type.slice(OURS.length) : undefined;
  const more = { status, slug, field: problem.field, retryAfter: retryAfter(headers.get('Retry-After'), now) };
  if (status === 409 && isString(problem.type) && problem.type.endsWith(':epoch-changed')) {
    return new Failure('epoch', detail, { ...more, epoch: problem.epoch });
  }
  if (status === 408 || status === 429 || status >= 500) {
    return new Failure('busy', detail, more);
  }
  // Only the chat itself can refuse for good. A bare 403 or 404 is a gateway's, or a server in the middle of an update.
  return isOurs ? new Failure('refused', detail, more) : new Failure('answer', `This is no answer of a chat: ${status}.`, more);
}

/** The cursor event of a stream. */
export const isCursor = (c, room) =>
  typeof c === 'object' && c !== null && isString(c.epoch) && c.room === room && [c.next, c.head, c.oldest].every(isWhole);
