// stream.js - reads /stream, which sends server-sent events. It uses fetch instead of EventSource,
// which would show neither the status nor silence nor single pieces.
//
// A stream counts as working when its first event has come, not when it is open: a proxy may accept
// the connection and hold all events back.

import { Failure, failureOf, parse, strange } from './answers.js';

export const FIRST_EVENT = 5000; // milliseconds; if the first event hasn't come by then, something holds the stream back
const SILENCE = 40_000; // the server gives a sign of life every 15 s
const LONGEST = 32 * 1024 * 1024; // characters of an event: twice the longest text that a setting allows

/** Makes events of pieces of text (HTML Living Standard, section 9.2.6). */
export class EventParser {
  #rest = ''; // of a line that isn't complete
  #isHalfBroken = false; // the rest ends in a carriage return
  #event = '';
  #data = [];
  retry;

  /** Returns the events that are complete now: [{ event, data }]. */
  push(text) {
    if (!/[\r\n]/.test(text) && !this.#isHalfBroken) {
      this.#keep(this.#rest + text); // without a search through all earlier pieces of a long line
      return [];
    }
    const events = [];
    const whole = this.#rest + text;
    this.#isHalfBroken = whole.endsWith('\r');
    const end = this.#isHalfBroken ? whole.length - 1 : whole.length; // a line feed may follow in the next piece
    const lines = whole.slice(0, end).split(/\r\n|\n|\r/);
    this.#keep(lines.pop() + whole.slice(end));
    for (const line of lines) {
      if (line === '') {
        if (this.#data.length > 0) {
          events.push({ event: this.#event || 'message', data: this.#data.join('\n') });
        }
        this.#event = '';
        this.#data = [];
      } else {
        this.#field(line);
      }
    }
    return events;
  }

  #keep(rest) {
    this.#rest = rest;
    if (rest.length > LONGEST) {
      throw new Failure('answer', 'An event of the stream has no end.');
    }
  }

  #field(line) {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') {
      this.#data.push(value);
    } else if (name === 'event') {
      this.#event = value;
    } else if (name === 'retry' && /^\d+$/.test(value)) {
      this.retry = Number(value);
    }
  }
}

function check(answer) {
  const type = answer.headers.get('Content-Type') ?? '';
  if (!type.startsWith('text/event-stream')) {
    throw strange();
  }
  if (answer.body?.getReader === undefined) {
    throw new Failure('silent', 'This browser shows an answer only when it is complete.');
  }
}

/** Calls stop() after `first` milliseconds, or after `silence` since the last alive(). */
function watchdog({ clock, stop, first, silence }) {
  let timer;
  const arm = (ms) => {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(stop, ms);
  };
  arm(first);
  return { alive: () => arm(silence), rest: () => clock.clearTimeout(timer) };
}

/**
 * Reads until the stream ends; then resolves with { retry } (milliseconds, or undefined).
 * take(events) gets the events of each piece, [{ event, value }], and may throw. alive() is called
 * at each sign of life. first, silence: milliseconds until the first event, and between two signs
 * of life; past either the Failure is `silent`. signal: ends it.
 */
export async function readStream({ fetch, clock, address, headers = {}, take, alive = () => {}, first = FIRST_EVENT, silence = SILENCE, signal }) {
  const stop = new AbortController();
  let isSilent = false;
  const abort = () => stop.abort();
  signal.addEventListener('abort', abort);
  const watch = watchdog({ clock, first, silence, stop: () => { isSilent = true; abort(); } });
  const parser = new EventParser();
  try {
    const answer = await fetch(address, { cache: 'no-store', credentials: 'same-origin', headers: { Accept: 'text/event-stream', ...headers }, signal: stop.signal });
    if (answer.status !== 200) {
      throw failureOf(answer.status, answer.headers, parse(await answer.text()), clock.wall());
    }
    check(answer);
    const reader = answer.body.getReader();
    const decoder = new TextDecoder();
    let began = false;
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      const events = parser.push(decoder.decode(piece.value, { stream: true }));
      began ||= events.length > 0;
      if (began) {
        watch.alive();
        alive();
      }
      if (events.length > 0) {
        take(events.map(({ event, data }) => ({ event, value: parse(data) })));
      }
    }
    return { retry: parser.retry };
  } catch (error) {
    if (isSilent) {
      throw new Failure('silent', 'The stream was silent for too long.');
    }
    throw error instanceof Failure || error.kind !== undefined ? error : new Failure('network', error.message);
  } finally {
    watch.rest();
    abort();
    signal.removeEventListener('abort', abort);
  }
}
