// diagnosis.js - turns what a browser saw of a host into sentences for the owner of the chat. Pure:
// doctor.js asks, and shows the result.
//
// A finding is { topic, state: fine | note | poor | wrong, text }. To add one: a function that
// takes an answer ({ status, text }; status 0: no answer) and returns a list of findings, called by
// doctor.js.

import { isObject, parse, slugOf } from './answers.js';

const finding = (state, topic, text) => ({ state, topic, text });

/** The report of the programs, or null if this isn't one. */
export function ofDoctor({ status, text }) {
  const report = parse(text);
  return status === 200 && Array.isArray(report?.findings) ? report : null;
}

const ofProblem = (text) => {
  const problem = parse(text);
  return slugOf(problem) === undefined ? null : problem;
};

/**
 * Part of the refusal of probe.cgi and of GET /doctor to those whom the setting doctor leaves out.
 */
export const CLOSED = 'the setting doctor says who may read it';

/**
 * What probe.cgi said, or null if it didn't run. closed: the setting doctor forbids it to say
 * anything.
 */
export function ofProbe({ status, text }) {
  if (status === 403 && text.includes(CLOSED)) {
    return { closed: true };
  }
  if (status !== 200 || !/^probe 1$/m.test(text) || text.startsWith('#!')) {
    return null;
  }
  const lines = (word) => [...text.matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map((match) => match[1].trim());
  return {
    machine: lines('machine')[0] ?? '',
    locked: lines('not-executable'),
    open: lines('open-to-others'),
    missing: lines('missing'),
    fails: lines('fails')[0],
    starts: lines('starts')[0],
  };
}

const X_BIT =
  'In your FTP program or file manager, open the folder cgi-bin, choose send.cgi and poll.cgi (and pollchat-… in programs), then "File permissions" or "Change permissions", and enter 755: not 775 or 777, because many hosts refuse to start a program that other users may change.';
const PLAIN_CGI = 'in the folder cgi-bin, delete .htaccess and rename htaccess-for-cgi.txt to .htaccess.';
const OPEN = 'In cgi-bin/my-chat.conf write: doctor = everyone';

/** The programs can be started on this host, but its web server doesn't start them. */
function whyNotStarted({ open }) {
  return open.length > 0
    ? finding('wrong', 'permissions', `Other users may change some programs (${open.join(', ')}), and this host doesn\'t start such programs. In your FTP program or file manager, give them the permissions 755.`)
    : finding('wrong', 'fastcgi', `The programs can be started, but this host's FastCGI (mod_fcgid) doesn't start them. Let them run as plain CGI: ${PLAIN_CGI}`);
}

function whyProgramsFail(probe) {
  const { machine, missing, fails = '' } = probe;
  if (probe.starts) {
    return whyNotStarted(probe);
  }
  if (missing.length > 0) {
    return finding('wrong', 'missing', `Some files are missing in cgi-bin: ${missing.join(', ')}. Upload the whole archive again, in binary mode.`);
  }
  const locked = probe.locked.filter((file) => file.endsWith('.cgi'));
  if (locked.length > 0) {
    return finding('wrong', 'execute-bit', `The upload has removed the execute permission of the programs (${locked.join(', ')}). ${X_BIT}`);
  }
  if (/exec format|cannot execute binary|syntax error|not found/i.test(fails)) {
    return finding('wrong', 'machine', `These programs are for another kind of machine: this host's is ${machine}. Download the archive that has ${machine} in its name, and upload its folder cgi-bin.`);
  }
  if (/permission denied|operation not permitted/i.test(fails)) {
    return finding('wrong', 'noexec', 'The programs have the right permissions, but this host doesn\'t let them run in this folder (it is mounted "noexec", or the host forbids programs of its customers). Ask the host in which folder CGI programs may run, and put the chat there.');
  }
  return finding('wrong', 'programs', `The programs don't start: ${fails || 'the host gives no reason'}. The error log of the host may say more.`);
}

/** The reason that the programs themselves give, or undefined. */
function whyByPrograms(tried) {
  const told = tried.map(({ text }) => ofProblem(text)).find((problem) => problem !== null);
  if (slugOf(told) === 'forbidden') {
    return finding('note', 'closed', `The programs run, but not everyone may read this page. ${OPEN}`);
  }
  return told && finding('wrong', 'programs', `The programs say: ${told.detail}`);
}

/** The reason that the statuses of the web server show, where not even probe.cgi ran. */
function whyByStatus(statuses, here) {
  if (here.status === 404) {
    return finding('wrong', 'missing', 'The folder cgi-bin is missing, or a part of it. Upload the whole archive again.');
  }
  if (statuses[1] === 403 && here.status === 403) {
    return finding('wrong', 'rewriting', `The server refuses everything in cgi-bin (403), most often because it forbids to rewrite addresses (Options FollowSymLinks is off). Use plain CGI instead: ${PLAIN_CGI}`);
  }
  if (statuses[1] === 403 && here.status === 200) {
    return finding('wrong', 'forbidden', 'The server refuses to run the programs (403): this host allows no CGI in this folder. Ask it to switch CGI on, or put the chat where CGI programs may run.');
  }
  if (here.status >= 500) {
    return finding('wrong', 'htaccess', 'This host refuses a line of cgi-bin/.htaccess (most often Options +ExecCGI), and runs nothing in the folder cgi either. Ask it to allow CGI programs; if it says that they are allowed, delete the file cgi-bin/.htaccess.');
  }
  if (statuses.some((status) => status >= 500)) {
    return finding('wrong', 'execute-bit', `The server finds the programs, but they don't start. Most often the upload has removed their execute permission. ${X_BIT} The folder cgi-bin must have 755 as well. If all that is right already, this host forbids programs here (noexec), or they are for another kind of machine: see the name of the archive.`);
  }
  return finding('wrong', 'programs', `Nothing answers at the addresses of the programs (${statuses.join(', ')}). Perhaps this host runs no CGI programs, or ignores .htaccess.`);
}

function whyNothingRuns(tried, here, probe) {
  const statuses = tried.map(({ status }) => status);
  const told = whyByPrograms(tried);
  if (told !== undefined) {
    return told;
  }
  if (tried.some(({ status, text }) => status === 200 && text.includes('ELF'))) {
    return finding('wrong', 'handed-out', 'The server sends the programs as files instead of running them: this host runs no CGI programs here, or ignores .htaccess. Ask it to switch CGI on, or put the folder where CGI programs may run.');
  }
  if (probe?.closed) {
    return finding('wrong', 'closed', `The programs don't answer. This page may not find out why, because not everyone may read it. ${OPEN}`);
  }
  if (here.status === 0 && statuses.every((status) => status === 0)) {
    return finding('wrong', 'server', 'The server does not answer at all.');
  }
  return probe === null ? whyByStatus(statuses, here) : whyProgramsFail(probe);
}

const WAY_TEXT = {
  short: ['fine', 'Short addresses work (mod_rewrite): …/poll and …/send.'],
  programs: ['note', 'Short addresses don\'t work here (no mod_rewrite); the page uses the addresses of the programs. In scripts write …/cgi-bin/poll.cgi/poll and …/cgi-bin/send.cgi/send. Where another site shows the chat, give its script data-path="cgi-bin/poll.cgi/".'],
  refused: ['note', 'This host refuses cgi-bin/.htaccess, so the page uses the programs in the folder cgi. In scripts write …/cgi/poll.cgi/poll and …/cgi/send.cgi/send. Where another site shows the chat, give its script data-path="cgi/poll.cgi/".'],
};

/**
 * way: short, programs, refused, or null if no program answers. tried: the answers of the ways in
 * that order. here: of a plain file; probe: of probe.cgi. secure: by HTTPS; local: on this machine.
 */
export function conclude({ way, tried, here, probe, secure, local }) {
  const found = [];
  if (way === null) {
    found.push(whyNothingRuns(tried, here, ofProbe(probe)));
  } else {
    const [state, text] = WAY_TEXT[way];
    found.push(finding('fine', 'answer', 'The programs run and answer.'), finding(state, 'addresses', text));
  }
  if (!secure && !local) {
    found.push(finding('poor', 'https', 'This page came without HTTPS: anyone between a visitor and the host can read and change messages, and browsers allow no notifications. Switch on a certificate at your host (most hosts have free ones), and open the chat with https://.'));
  }
  return found;
}

/** A report of the programs. now: the time of this browser, in milliseconds. */
export function ofClock({ time, authorization, forwarded }, now) {
  const off = Math.round((Date.parse(time) - now) / 1000);
  const found = [];
  if (Math.abs(off) > 60) {
    found.push(finding('poor', 'clock', `The clocks of the host and of this device differ by ${Math.abs(off)} seconds: the host is ${off > 0 ? 'ahead' : 'behind'}. Messages have the time of the host. If the clock of your device is right, tell the host.`));
  }
  if (!authorization) {
    found.push(finding('note', 'authorization', 'This server doesn\'t pass the Authorization header to programs. The chat works without it.'));
  }
  if (forwarded) {
    found.push(finding('note', 'proxy', 'There is a proxy in front of the host. If all visitors seem to have one address, name the proxy in cgi-bin/my-chat.conf: trusted_proxies.'));
  }
  return found;
}

/**
 * isServed: whether the test file in the data folder could be read; null if there was no answer.
 */
export function ofData(isServed) {
  if (isServed === null) {
    return [finding('note', 'data-served', 'This page could not find out whether the data folder can be read over the web: there was no answer. Test again.')];
  }
  return [
    isServed
      ? finding('wrong', 'data-served', 'The web server sends files of the data folder to everyone, so everyone could download the database. The chat has stopped until this is corrected. In cgi-bin/my-chat.conf, let "data" name a folder that the web server doesn\'t serve (perhaps data = ../../../pollchat-data), and move the data there; or ask the host why it ignores .htaccess. Then delete the file READABLE-BY-THE-WEB.txt in the data folder.')
      : finding('fine', 'data-served', 'The data folder can\'t be read over the web: this page has tried.'),
  ];
}

/**
 * small: the answer to a short text with words that filters block; big: to a text of `size` bytes.
 */
export function ofBody(small, big, size) {
  const arrived = ({ status, text }) => status === 200 && /^\{"bytes":\d+\}$/.test(text);
  if (!arrived(small)) {
    return [finding('wrong', 'filter', `A filter of this host (such as mod_security) blocks messages with certain words or characters: it answered ${small.status || 'nothing'}. Ask the host to switch it off for this folder.`)];
  }
  return [
    finding('fine', 'filter', 'Messages with words that filters often block arrive.'),
    arrived(big)
      ? finding('fine', 'size', `A message of ${size / 1000} kB arrives.`)
      : finding('poor', 'size', `A message of ${size / 1000} kB doesn't arrive (${big.status || 'no answer'}): this host limits the size of a request (mod_fcgid: 128 kB unless its configuration allows more). Shorter messages work.`),
  ];
}

export function ofStream({ status, began, silent }) {
  if (status === 200 && began) {
    return [finding('fine', 'stream', 'New messages can be streamed: they appear at once.')];
  }
  return [
    silent
      ? finding('note', 'stream', 'Something between here and the programs holds answers back until they are complete, so messages can\'t be streamed. The page notices that, and asks for new messages instead.')
      : finding('note', 'stream', 'This host can\'t stream messages. The page asks for new ones instead.'),
  ];
}

/** An answer to a poll that asked to wait. */
export function ofHeads({ text }) {
  const page = parse(text);
  if (!isObject(page)) {
    return [];
  }
  if (page.wait > 0) {
    return [finding('fine', 'waiting', 'A request can wait until there is a new message.')];
  }
  return [
    typeof page.watch === 'string'
      ? finding('note', 'waiting', 'Requests can\'t wait for new messages here now. The page looks at a small file every few seconds instead, which costs the host very little.')
      : finding('note', 'waiting', `Requests can't wait for new messages here now. The page asks every ${page.poll_after ?? 2} seconds instead.`),
  ];
}

/**
 * An answer to a poll that asked to wait as long as the page asks for, and the seconds that it
 * took.
 */
export function ofHold({ status, text }, seconds) {
  const wait = parse(text)?.wait;
  const took = Math.round(seconds);
  if (status === 200 && wait > 0 && seconds >= wait * 0.8) {
    return [finding('fine', 'time-out', `An answer may take ${took} seconds: nothing ended the request before.`)];
  }
  if (status === 200 && wait === 0) {
    return [finding('note', 'time-out', 'This could not be measured: just now the chat lets no more requests wait.')];
  }
  return [finding('poor', 'time-out', `Something between here and the programs ended the request after ${took} seconds (${status || 'no answer'}). In cgi-bin/my-chat.conf write: max_wait = ${Math.max(2, took - 3)}`)];
}
