// answers.js - what an answer of the chat looks like. Everything else is a Failure.
//
// Between the page and the server, proxies cut answers, and login portals answer every address with
// a page of their own. So an answer counts only if it has the form that the contract describes.

/**
 * kind: network (no answer), answer (something else than the chat answered), refused (4xx), busy
 * (408, 429, 5xx), epoch (another database), silent (a stream without a sign of life). slug: the
 * chat's own name for the problem. retryAfter: seconds. more: other members of the problem, such as
 * suggestion (a free name) and until.
 */
export class Failure extends Error {
  constructor(kind, message, { status = 0, retryAfter, field, epoch, slug, more = {} } = {}) {
    super(message);
    this.name = 'Failure';
    Object.assign(this, { kind, status, retryAfter, field, epoch, slug, more });
  }
}

/** Something else than the chat has answered. */
export const strange = () => new Failure('answer', 'Something between here and the chat answered instead of it.');

export const PROBLEM = 'urn:pollchat:problem:'; // before the slug, in the type of a problem

/** The chat's name for the problem that this body tells, or undefined. */
export const slugOf = (body) => (isString(body?.type) && body.type.startsWith(PROBLEM) ? body.type.slice(PROBLEM.length) : undefined);

const isWhole = (value) => Number.isSafeInteger(value) && value >= 0;
const isString = (value) => typeof value === 'string';
export const isObject = (value) => typeof value === 'object' && value !== null;

/** A later server may send other types, without a text or an id. They count, for the order. */
export const isMessage = (m) =>
  isObject(m) && isWhole(m.seq) && m.seq > 0 && [m.time, m.name, m.type].every(isString) &&
  (m.type !== 'message' || (isString(m.text) && isString(m.id)));

/** The message with this id waits until a moderator approves it. */
export const isHeld = (answer, id) => isObject(answer) && answer.held === true && answer.id === id;

/** Seqs ascend; some may be missing, as rows may be deleted. */
export const isPage = (page, room) =>
  isObject(page) && isString(page.epoch) && page.room === room &&
  Array.isArray(page.messages) && page.messages.every(isMessage) &&
  page.messages.every((m, i) => i === 0 || m.seq > page.messages[i - 1].seq) &&
  [page.next, page.head, page.oldest, page.wait].every(isWhole) && typeof page.more === 'boolean';

/** The cursor event of a stream. */
export const isCursor = (c, room) => isObject(c) && isString(c.epoch) && c.room === room && [c.next, c.head, c.oldest].every(isWhole);

/** The head file of a room (watch.js). */
export const isHead = (said) => isObject(said) && isString(said.epoch) && isWhole(said.head);

/** The value of a JSON text; undefined if it isn't one. */
export function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Seconds. The header has a number, or a date. */
function retryAfter(value, now) {
  if (value === null) {
    return undefined;
  }
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - now) / 1000;
  return seconds > 0 ? seconds : undefined;
}

/**
 * The meaning of an answer whose status is neither 200 nor 201. now: milliseconds of the time of
 * day.
 */
export function failureOf(status, headers, body, now) {
  const problem = isObject(body) ? body : {};
  const detail = isString(problem.detail) ? problem.detail : `The server answered ${status}.`;
  const slug = slugOf(problem);
  const { field } = problem;
  const more = { status, slug, field, retryAfter: retryAfter(headers.get('Retry-After'), now), more: problem };
  if (status === 409 && slug === 'epoch-changed') {
    return new Failure('epoch', detail, { ...more, epoch: problem.epoch });
  }
  if (status === 408 || status === 429 || status >= 500) {
    return new Failure('busy', detail, more);
  }
  // Only the chat refuses for good. A 403 or 404 without its slug is of a gateway, or of a server
  // that is being updated.
  return slug === undefined ? new Failure('answer', `The answer is not from a chat: ${status}.`, more) : new Failure('refused', detail, more);
}
