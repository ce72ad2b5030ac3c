// doctor.js - doctor.html: what works on this host and what doesn't, in plain sentences, with what to do about it.
//
// Three kinds of looking: at files that any server can hand out (here.txt), at what the programs say of their host (GET /doctor),
// and at what only a browser sees: what is between it and the programs. What the page concludes from answers is in diagnosis.js.

import { conclude, ofBody, ofClock, ofData, ofDoctor, ofHeads, ofHold, ofStream } from './diagnosis.js';
import { tryData } from './fresh.js';

const WAYS = [
  { name: 'short', poll: '' },
  { name: 'programs', poll: 'cgi-bin/poll.cgi/' },
  { name: 'refused', poll: 'cgi/poll.cgi/' },
];
const LIMIT = 20_000;
const BODY = 200_000; // more than mod_fcgid takes when nobody has told it otherwise
const SUSPECT = 'Say <b>hello</b> & "select * from chat where 1=1" -- ../../etc/passwd <script>'; // what filters for requests don't like

const part = (name) => document.querySelector(`[data-part=${name}]`);
const WORDS = { fine: 'Good', note: 'Note', poor: 'Could be better', wrong: 'Wrong' };

/** { status, text, ms }; status 0: nobody answered. */
async function ask(address, init = {}) {
  const began = performance.now();
  try {
    const answer = await fetch(address, { cache: 'no-store', signal: AbortSignal.timeout(LIMIT), ...init });
    const text = await answer.text();
    return { status: answer.status, text, ms: performance.now() - began };
  } catch {
    return { status: 0, text: '', ms: performance.now() - began };
  }
}

// ---- what is shown ----

let findings = [];

function show(finding) {
  findings.push(finding);
  const row = document.createElement('li');
  const state = document.createElement('span');
  const text = document.createElement('p');
  row.className = 'finding';
  row.dataset.state = finding.state;
  row.dataset.topic = finding.topic;
  state.className = 'state';
  state.textContent = WORDS[finding.state];
  text.className = 'text';
  text.textContent = finding.text;
  row.append(state, text);
  part('findings').append(row);
}

const showAll = (found) => found.forEach(show);

const ORDER = ['wrong', 'poor', 'note', 'fine'];

function sum() {
  const rank = (row) => ORDER.indexOf(row.dataset.state);
  part('findings').replaceChildren(...[...part('findings').children].sort((a, b) => rank(a) - rank(b))); // what is wrong comes first
  const wrong = findings.filter(({ state }) => state === 'wrong').length;
  const poor = findings.filter(({ state }) => state === 'poor').length;
  part('sum').textContent =
    wrong > 0 ? `${wrong === 1 ? 'One thing is' : `${wrong} things are`} wrong.` : poor > 0 ? 'The chat works. Something could be better.' : 'The chat is well.';
  document.documentElement.dataset.done = 'yes';
}

// ---- looking ----

/** Which way the programs answer; null when none does. */
async function findWay() {
  const tried = [];
  for (const way of WAYS) {
    const answer = await ask(`${way.poll}doctor`, { headers: { Authorization: 'Bearer test' } });
    tried.push(answer);
    if (ofDoctor(answer) !== null) {
      return { way, answer, tried };
    }
  }
  return { way: null, answer: null, tried };
}

async function lookAtStream(way) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 5000);
  try {
    const answer = await fetch(`${way.poll}stream?since=now`, { cache: 'no-store', signal: stop.signal });
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

async function lookAtData(way, address) {
  if (address === '') {
    return [];
  }
  return ofData(await tryData(way.poll, address).catch(() => null));
}

let way = null;

async function look() {
  findings = [];
  part('findings').replaceChildren();
  delete document.documentElement.dataset.done;
  part('longer').hidden = true;
  part('sum').textContent = 'Looking …';
  const [found, here, probe] = await Promise.all([findWay(), ask('cgi-bin/here.txt'), ask('cgi-bin/probe.cgi')]);
  way = found.way;
  showAll(conclude({ way: way?.name ?? null, tried: found.tried, here, probe, secure: location.protocol === 'https:', local: /^(localhost|127\.|\[::1\])/.test(location.hostname) }));
  if (way !== null) {
    const doctor = ofDoctor(found.answer);
    showAll(ofClock(doctor, Date.now()));
    doctor.findings.forEach(show);
    showAll(await lookAtData(way, doctor.data_address));
    const [small, big, stream, page] = await Promise.all([
      ask(`${way.poll}doctor`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text: SUSPECT }) }),
      ask(`${way.poll}doctor`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text: 'x'.repeat(BODY) }) }),
      lookAtStream(way),
      ask(`${way.poll}poll?since=now&wait=1`),
    ]);
    showAll(ofBody(small, big, BODY));
    showAll(ofStream(stream));
    showAll(ofHeads(page));
    part('longer').hidden = false;
  }
  sum();
}

async function measure() {
  const button = part('measure');
  button.disabled = true;
  button.textContent = 'Measuring …';
  const began = performance.now();
  const answer = await ask(`${way.poll}poll?room=doctor-${Math.floor(Math.random() * 1e9)}&wait=25`, { signal: AbortSignal.timeout(60_000) });
  showAll(ofHold(answer, (performance.now() - began) / 1000));
  button.textContent = 'Measured';
  sum();
}

part('again').addEventListener('click', () => {
  part('measure').disabled = false;
  part('measure').textContent = 'Measure it (25 s)';
  look();
});
part('measure').addEventListener('click', measure);
part('copy').addEventListener('click', async () => {
  const lines = findings.map(({ state, topic, text }) => `${state.padEnd(5)} ${topic}: ${text}`);
  await navigator.clipboard?.writeText(`${lines.join('\n')}\n`);
  part('copy').textContent = 'Copied';
});
look();
