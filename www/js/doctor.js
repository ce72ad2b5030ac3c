// doctor.js - doctor.html: what works on this host, what doesn't, and what its owner can do about
// it.
//
// It looks at three things: a file that any server can hand out (here.txt), the report of the
// programs (GET /doctor), and what only a browser sees: whatever is between it and the programs.
// diagnosis.js makes sentences of the answers.

import { pathOf, WAYS } from './api.js';
import { conclude, ofBody, ofClock, ofData, ofDoctor, ofHeads, ofHold, ofStream } from './diagnosis.js';
import { tryData } from './fresh.js';
import { WAIT } from './ladder.js';
import { FIRST_EVENT } from './stream.js';

const LIMIT = 20_000; // milliseconds for an answer
const HOLD_LIMIT = 60_000; // the same for a poll that waits
const BODY = 200_000; // bytes; more than mod_fcgid takes unless its configuration allows more
const SUSPECT = 'Say <b>hello</b> & "select * from chat where 1=1" -- ../../etc/passwd <script>'; // words that request filters block
const WORDS = { wrong: 'Wrong', poor: 'Could be better', note: 'Note', fine: 'Good' }; // in the order of the list

const part = (name) => document.querySelector(`[data-part=${name}]`);

/** Returns { status, text }; status 0: no answer. */
async function ask(address, init = {}) {
  try {
    const answer = await fetch(address, { cache: 'no-store', signal: AbortSignal.timeout(LIMIT), ...init });
    return { status: answer.status, text: await answer.text() };
  } catch {
    return { status: 0, text: '' };
  }
}

// ---- what is shown ----

function span(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function rowOf({ state, topic, text }) {
  const row = span('li', 'finding', '');
  Object.assign(row.dataset, { state, topic });
  row.append(span('span', 'state', WORDS[state]), span('p', 'text', text));
  return row;
}

/** The result in one sentence. */
function summaryOf(findings) {
  const count = (state) => findings.filter((finding) => finding.state === state).length;
  const wrong = count('wrong');
  if (wrong > 0) {
    return `${wrong === 1 ? 'One thing is' : `${wrong} things are`} wrong.`;
  }
  return count('poor') > 0 ? 'The chat works. Something could be better.' : 'The chat works. Nothing is wrong.';
}

// ---- what is asked ----

/** To see whether the header arrives; it has the form of a key, as the programs refuse others. */
const ANY_KEY = 'A'.repeat(22);

/**
 * The first way by which the programs answer: { way, prefix, answer, tried }; way is null if there
 * is none.
 */
async function findWay() {
  const tried = [];
  for (const [way, folder] of Object.entries(WAYS)) {
    const prefix = pathOf(folder, 'poll');
    const answer = await ask(`${prefix}doctor`, { headers: { Authorization: `Bearer ${ANY_KEY}` } });
    tried.push(answer);
    if (ofDoctor(answer) !== null) {
      return { way, prefix, answer, tried };
    }
  }
  return { way: null, tried };
}

async function lookAtStream(prefix) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), FIRST_EVENT);
  try {
    const answer = await fetch(`${prefix}stream?since=now`, { cache: 'no-store', signal: stop.signal });
    if (answer.status !== 200 || answer.body === null) {
      return { status: answer.status };
    }
    const piece = await answer.body.getReader().read();
    return { status: 200, began: !piece.done };
  } catch {
    return { status: 0, silent: stop.signal.aborted };
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}

const lookAtData = async (prefix, address) => (address === '' ? [] : ofData(await tryData(prefix, address).catch(() => null)));

const post = (prefix, text) =>
  ask(`${prefix}doctor`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text }) });

class Examination {
  #findings = [];
  #prefix = ''; // of the programs' addresses, once they have answered

  async run() {
    this.#findings = [];
    part('findings').replaceChildren();
    delete document.documentElement.dataset.done;
    part('longer').hidden = true;
    part('sum').textContent = 'Looking …';
    const [found, here, probe] = await Promise.all([findWay(), ask('cgi-bin/here.txt'), ask('cgi-bin/probe.cgi')]);
    const local = /^(localhost|127\.|\[::1\])/.test(location.hostname);
    this.#show(conclude({ ...found, here, probe, secure: location.protocol === 'https:', local }));
    if (found.way !== null) {
      this.#prefix = found.prefix;
      await this.#askPrograms(ofDoctor(found.answer));
      part('longer').hidden = false;
    }
    this.#finish();
  }

  async #askPrograms(report) {
    const prefix = this.#prefix;
    this.#show(ofClock(report, Date.now()));
    this.#show(report.findings);
    this.#show(await lookAtData(prefix, report.data_address));
    const [small, big, stream, page] = await Promise.all([
      post(prefix, SUSPECT),
      post(prefix, 'x'.repeat(BODY)),
      lookAtStream(prefix),
      ask(`${prefix}poll?since=now&wait=1`),
    ]);
    this.#show(ofBody(small, big, BODY));
    this.#show(ofStream(stream));
    this.#show(ofHeads(page));
  }

  /** Keeps one request open for as long as the page does, in a room that no one uses. */
  async measure() {
    const began = performance.now();
    const room = `doctor-${Math.floor(Math.random() * 1e9)}`;
    const answer = await ask(`${this.#prefix}poll?room=${room}&wait=${WAIT}`, { signal: AbortSignal.timeout(HOLD_LIMIT) });
    this.#show(ofHold(answer, (performance.now() - began) / 1000));
    this.#finish();
  }

  get asText() {
    return this.#findings.map(({ state, topic, text }) => `${state.padEnd(5)} ${topic}: ${text}\n`).join('');
  }

  #show(findings) {
    this.#findings.push(...findings);
    part('findings').append(...findings.map(rowOf));
  }

  #finish() {
    const order = Object.keys(WORDS);
    const rank = (row) => order.indexOf(row.dataset.state);
    part('findings').replaceChildren(...[...part('findings').children].sort((a, b) => rank(a) - rank(b)));
    part('sum').textContent = summaryOf(this.#findings);
    document.documentElement.dataset.done = 'yes';
  }
}

/** Examines the host, in the elements of doctor.html. */
export function start() {
  const examination = new Examination();
  const measure = part('measure');
  const label = measure.textContent;
  part('again').addEventListener('click', () => {
    Object.assign(measure, { disabled: false, textContent: label });
    examination.run();
  });
  measure.addEventListener('click', async () => {
    Object.assign(measure, { disabled: true, textContent: 'Measuring …' });
    await examination.measure();
    measure.textContent = 'Measured';
  });
  part('copy').addEventListener('click', async () => {
    await navigator.clipboard?.writeText(examination.asText);
    part('copy').textContent = 'Copied';
  });
  examination.run();
}
