// diagnosis.js - from what a browser saw of a host to sentences for its owner. Pure: doctor.js does the looking.
//
// A finding: { topic, state: fine | note | poor | wrong, text }.

const finding = (state, topic, text) => ({ state, topic, text });

/** The programs' own report, or null when this isn't one. */
export function ofDoctor({ status, text }) {
  try {
    const report = JSON.parse(text);
    return status === 200 && Array.isArray(report.findings) ? report : null;
  } catch {
    return null;
  }
}

const ofProblem = (text) => {
  try {
    const problem = JSON.parse(text);
    return typeof problem.type === 'string' && problem.type.startsWith('urn:pollchat:problem:') ? problem : null;
  } catch {
    return null;
  }
};

/**
 * What probe.cgi said: null when it didn't run; closed: the setting doctor forbids it to say
 * anything.
 */
export function ofProbe({ status, text }) {
  if (status === 403 && text.includes('the setting doctor says for whom')) {
    return { closed: true };
  }
  if (status !== 200 || !/^probe 1$/m.test(text) || text.startsWith('#!')) {
    return null;
  }
  const lines = (word) => [...text.matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map((match) => match[1].trim());
  return { machine: lines('machine')[0] ?? '', locked: lines('not-executable'), open: lines('open-to-others'), missing: lines('missing'), fails: lines('fails')[0], starts: lines('starts')[0] };
}

const X_BIT =
  'In your FTP program or file manager, open the folder cgi-bin, choose send.cgi and poll.cgi (and pollchat-… in programs), then "File permissions" or "Change permissions", and enter 755: not 775 or 777, as many hosts start nothing that others than its owner may write to.';

function whyProgramsFail(probe) {
  if (probe.starts && probe.open.length > 0) {
    return finding('wrong', 'permissions', `Others than their owner may write to some programs (${probe.open.join(', ')}), and this host starts no such program. In your FTP program or file manager give them the permissions 755.`);
  }
  if (probe.starts) {
    return finding('wrong', 'fastcgi', 'The programs can be started, but this host\'s FastCGI (mod_fcgid) doesn\'t do it. Let them run as plain CGI: in the folder cgi-bin, delete .htaccess and rename htaccess-for-cgi.txt to .htaccess.');
  }
  if (probe.missing.length > 0) {
    return finding('wrong', 'missing', `Some files are missing in cgi-bin: ${probe.missing.join(', ')}. Upload the whole archive again, in binary mode.`);
  }
  const locked = probe.locked.filter((file) => file.endsWith('.cgi'));
  if (locked.length > 0) {
    return finding('wrong', 'execute-bit', `The programs have lost their execute permission on the way here (${locked.join(', ')}). ${X_BIT}`);
  }
  if (/exec format|cannot execute binary|syntax error|not found/i.test(probe.fails ?? '')) {
    return finding('wrong', 'machine', `This host's machine is of the kind ${probe.machine}, and these programs are for another one. Download the archive that has ${probe.machine} in its name, and upload its folder cgi-bin.`);
  }
  if (/permission denied|operation not permitted/i.test(probe.fails ?? '')) {
    return finding('wrong', 'noexec', 'The programs have the right permissions, but this host does not let own programs run in this folder (it is mounted "noexec", or they are forbidden). Ask the host where CGI programs may lie, and put the chat there.');
  }
  return finding('wrong', 'programs', `The programs don't start: ${probe.fails || 'the host gives no reason'}. The host's error log may say more.`);
}

function whyNothingRuns(tried, here, probe) {
  const statuses = tried.map(({ status }) => status);
  const told = tried.map(({ text }) => ofProblem(text)).find((problem) => problem !== null);
  if (told?.type.endsWith(':forbidden')) {
    return finding('note', 'closed', 'The programs run, but this page is not for everyone. In cgi-bin/my-chat.conf write: doctor = everyone');
  }
  if (told !== undefined) {
    return finding('wrong', 'programs', `The programs say: ${told.detail}`);
  }
  if (tried.some(({ status, text }) => status === 200 && text.includes('ELF'))) {
    return finding('wrong', 'handed-out', 'The server hands the programs out as files instead of running them: this host runs no CGI programs here, or takes no notice of .htaccess. Ask it to switch CGI on, or put the folder where CGI programs may lie.');
  }
  if (probe?.closed) {
    return finding('wrong', 'closed', 'The programs don\'t answer, and this page is not for everyone, so it can\'t find out why. In cgi-bin/my-chat.conf write: doctor = everyone');
  }
  if (here.status === 0 && statuses.every((status) => status === 0)) {
    return finding('wrong', 'server', 'The server does not answer at all.');
  }
  if (probe !== null) {
    return whyProgramsFail(probe);
  }
  if (here.status === 404) {
    return finding('wrong', 'missing', 'The folder cgi-bin is not here, or not whole. Upload the whole archive again.');
  }
  if (statuses[1] === 403 && here.status === 403) {
    return finding('wrong', 'rewriting', 'The server refuses everything in cgi-bin (403): most often because it forbids the rewriting of addresses (Options FollowSymLinks is off). In the folder cgi-bin, delete .htaccess and rename htaccess-for-cgi.txt to .htaccess.');
  }
  if (statuses[1] === 403 && here.status === 200) {
    return finding('wrong', 'forbidden', 'The server refuses to run the programs (403). This host allows no CGI in this folder: ask it to switch CGI on, or put the chat where CGI programs may lie.');
  }
  if (here.status >= 500) {
    return finding('wrong', 'htaccess', 'This host refuses what stands in cgi-bin/.htaccess (most often the line Options +ExecCGI), and runs nothing in the folder cgi either. Ask it to allow CGI programs; if it says that they are on, delete the file cgi-bin/.htaccess.');
  }
  if (statuses.some((status) => status >= 500)) {
    return finding('wrong', 'execute-bit', `The programs are found but don't start. Most often they have lost their execute permission on the way here. ${X_BIT} The folder cgi-bin must have 755 as well. If all that is right already, this host forbids own programs here (noexec), or they are for another kind of machine: see the archive's name.`);
  }
  return finding('wrong', 'programs', `Nothing answers where the programs should be (${statuses.join(', ')}). This host may run no CGI programs, or take no notice of .htaccess.`);
}

const WAY_TEXT = {
  short: ['fine', 'Short addresses work (mod_rewrite): …/poll and …/send.'],
  programs: ['note', 'Short addresses don\'t work here (no mod_rewrite); the page uses those of the programs. In scripts: …/cgi-bin/poll.cgi/poll and …/cgi-bin/send.cgi/send. On other sites\' pages give the script of the chat data-path="cgi-bin/poll.cgi/".'],
  refused: ['note', 'This host refuses cgi-bin/.htaccess, so the page uses the programs in the folder cgi. In scripts: …/cgi/poll.cgi/poll and …/cgi/send.cgi/send. On other sites\' pages give the script of the chat data-path="cgi/poll.cgi/".'],
};

/** way: short, programs, refused or null; tried: the answers; here, probe: answers; secure: by HTTPS; local: on the own machine. */
export function conclude({ way, tried, here, probe, secure, local }) {
  const found = [];
  if (way === null) {
    found.push(whyNothingRuns(tried, here, ofProbe(probe)));
  } else {
    const [state, text] = WAY_TEXT[way];
    found.push(finding('fine', 'answer', 'The programs run and answer.'), finding(state, 'addresses', text));
  }
  if (!secure && !local) {
    found.push(finding('poor', 'https', 'This page came without HTTPS: anybody on the way can read and alter what is said, and browsers allow no notifications. Switch on a certificate at your host (most have them for nothing), and open the chat by https://.'));
  }
  return found;
}

/** now: this browser's clock, in ms. */
export function ofClock({ time, authorization, forwarded }, now) {
  const off = Math.round((Date.parse(time) - now) / 1000);
  const found = [];
  if (Math.abs(off) > 60) {
    found.push(finding('poor', 'clock', `The host's clock and this device's differ by ${Math.abs(off)} seconds: the host is ${off > 0 ? 'ahead' : 'behind'}. Messages bear the host's time. If your device is right, tell the host.`));
  }
  if (!authorization) {
    found.push(finding('note', 'authorization', 'This server keeps the Authorization header from programs. The chat does without it.'));
  }
  if (forwarded) {
    found.push(finding('note', 'proxy', 'There is a proxy in front. If all visitors seem to come from one address, name it in cgi-bin/my-chat.conf: trusted_proxies.'));
  }
  return found;
}

/** isServed: null when nobody answered. */
export const ofData = (isServed) => [
  isServed === null
    ? finding('note', 'data-served', 'Whether the data folder can be read over the web could not be tried: nobody answered. Look again.')
    : isServed
    ? finding('wrong', 'data-served', 'The web server hands out files of the data folder, so everybody could download the database. The chat has stopped until that is mended. In cgi-bin/my-chat.conf let "data" name a folder outside of the one that is served (data = ../../../pollchat-data, if that is one), and move the data there; or ask the host why it takes no notice of .htaccess. Then delete the file READABLE-BY-THE-WEB.txt in the data folder.')
    : finding('fine', 'data-served', 'The data folder can\'t be read over the web: tried.'),
];

/** small: a short text with what filters don't like; big: one of `size` bytes. */
export function ofBody(small, big, size) {
  const arrived = ({ status, text }) => status === 200 && /^\{"bytes":\d+\}$/.test(text);
  if (!arrived(small)) {
    return [finding('wrong', 'filter', `A filter of this host (such as mod_security) blocks messages with certain words or signs: it answered ${small.status || 'nothing'}. Ask the host to switch it off for this folder.`)];
  }
  const found = [finding('fine', 'filter', 'Messages with signs that filters dislike get through.')];
  found.push(
    arrived(big)
      ? finding('fine', 'size', `A message of ${size / 1000} kB gets through.`)
      : finding('poor', 'size', `A message of ${size / 1000} kB doesn't get through (${big.status || 'no answer'}): this host limits what may be sent at once, mod_fcgid to 128 kB if nobody has told it otherwise. Shorter ones do.`),
  );
  return found;
}

export function ofStream({ status, began, silent }) {
  if (status === 200 && began) {
    return [finding('fine', 'stream', 'News can be streamed: it is there at once.')];
  }
  return [
    silent
      ? finding('note', 'stream', 'Something between here and the programs holds answers back until they end, so news is not streamed. The page notices and asks instead.')
      : finding('note', 'stream', 'This host can\'t stream news. The page asks for it instead.'),
  ];
}

/** page: the answer to a poll that wants to be held. */
export function ofHeads({ text }) {
  let page;
  try {
    page = JSON.parse(text);
  } catch {
    return [];
  }
  if (page.wait > 0) {
    return [finding('fine', 'waiting', 'Visitors can be held until there is news.')];
  }
  return [
    typeof page.watch === 'string'
      ? finding('note', 'waiting', 'Visitors can\'t be held here now. They look at a small file every few seconds, which costs the host next to nothing.')
      : finding('note', 'waiting', `Visitors can't be held here now. They ask every ${page.poll_after ?? 2} seconds.`),
  ];
}

export function ofHold({ status, text }, seconds) {
  let wait;
  try {
    wait = JSON.parse(text).wait;
  } catch {
    // whatever cut it
  }
  const took = Math.round(seconds);
  if (status === 200 && wait > 0 && seconds >= wait * 0.8) {
    return [finding('fine', 'time-out', `An answer may take ${took} seconds: nothing cut it.`)];
  }
  if (status === 200 && wait === 0) {
    return [finding('note', 'time-out', 'There was no place to be held in just now, so this could not be measured.')];
  }
  return [finding('poor', 'time-out', `Something on the way ended the request after ${took} seconds (${status || 'no answer'}). In cgi-bin/my-chat.conf write: max_wait = ${Math.max(2, took - 3)}`)];
}
