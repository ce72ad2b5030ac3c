// upgrade.test.mjs - a new archive uploaded over the old one by FTP while people talk: nothing is lost, no file is busy, nothing runs by half.
//
// FTP as it is: each file is emptied and written in place, slowly, in the order of their names, and has no execute bit if it is new.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { makeFolder, pause, processes, removeFolder, until } from '../e2e/harness.mjs';
import { ARCHIVE, user, withHost } from './host.mjs';

const programIn = (site) => fs.readFileSync(path.join(site, 'cgi-bin', 'programs', 'use'), 'utf8').trim();

/** The archive as a later release would be: the same program, under another name. */
function laterRelease(body) {
  const folder = makeFolder();
  assert.equal(spawnSync('unzip', ['-q', ARCHIVE, '-d', folder]).status, 0);
  const site = path.join(folder, 'pollchat');
  const programs = path.join(site, 'cgi-bin', 'programs');
  fs.renameSync(path.join(programs, programIn(site)), path.join(programs, 'pollchat-9.9.9-0badcafe'));
  fs.writeFileSync(path.join(programs, 'use'), 'pollchat-9.9.9-0badcafe\n');
  return body(site).finally(() => removeFolder(folder));
}

/** What FTP's STOR does. A starter is busy for the millisecond that it runs: the second try has it. A program must never be. */
async function store(target) {
  for (let tries = 50; ; tries--) {
    try {
      return fs.openSync(target, fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_TRUNC, 0o644);
    } catch (error) {
      if (error.code !== 'ETXTBSY' || !target.endsWith('.cgi') || tries === 0) {
        throw error;
      }
      await pause(5);
    }
  }
}

async function upload(from, to) {
  const names = fs.readdirSync(from, { recursive: true, withFileTypes: true });
  for (const file of names.filter((entry) => entry.isFile()).map((entry) => path.relative(from, path.join(entry.path, entry.name))).sort()) {
    const bytes = fs.readFileSync(path.join(from, file));
    const target = path.join(to, file);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    const handle = await store(target);
    fs.fchownSync(handle, user.uid, user.gid);
    const piece = Math.max(64 * 1024, Math.ceil(bytes.length / 20));
    for (let at = 0; at < bytes.length; at += piece) {
      fs.writeSync(handle, bytes.subarray(at, at + piece));
      await pause(bytes.length > piece ? 40 : 0);
    }
    fs.closeSync(handle);
  }
}

/** Someone who sends until told to stop, each message again and again until it is stored. Returns what was stored, and the statuses that were met. */
async function sender(host, name, isOver) {
  const stored = [];
  const met = {};
  for (let i = 1; !isOver() || i === 1; i++) {
    const text = `${name} ${i}`;
    for (let done = false; !done && isOver() !== 'failed'; ) {
      const answer = await host
        .get('send', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name, text, id: `${name}-${i}` }) })
        .catch((error) => ({ status: error.code }));
      met[answer.status] = (met[answer.status] ?? 0) + 1;
      done = answer.status === 201 || answer.status === 200;
      await pause(done ? 20 : 200);
    }
    stored.push(text);
  }
  return { stored, met };
}

/** Someone who reads from the beginning, held where that can be. */
async function reader(host, isOver) {
  const seen = [];
  let next = 0;
  for (let more = true; more && isOver() !== 'failed'; ) {
    const wasOver = isOver(); // before it asks: an answer may be from before the last commit and arrive after it
    const answer = await host.get(`poll?since=${next}&wait=2`).catch(() => ({ status: 0 }));
    more = answer.status !== 200 || !wasOver;
    if (answer.status === 200) {
      const page = answer.json();
      more ||= page.messages.length > 0;
      seen.push(...page.messages);
      next = page.next;
    }
    await pause(50);
  }
  return seen;
}

const running = (site) => processes().filter(({ exe }) => exe.startsWith(path.join(site, 'cgi-bin')));

for (const kind of ['usual-fcgid', 'usual-cgi']) {
  test(`${kind}: uploaded over a chat in use, and back again`, () =>
    laterRelease((later) =>
      withHost(kind, {}, async (host) => {
        const earlier = makeFolder();
        fs.cpSync(host.site, earlier, { recursive: true, filter: (name) => !name.includes('pollchat-data/') });
        const old = programIn(host.site);
        let over = false;
        let sendersDone = false;
        const stop = setTimeout(() => (over = sendersDone = 'failed'), 240_000); // or those who send and read would go on for ever
        const senders = ['ann', 'ben', 'cid'].map((name) => sender(host, name, () => over));
        const readers = [reader(host, () => sendersDone), reader(host, () => sendersDone)];
        await until(async () => (await host.get('poll?last=1')).json().head > 20, 'people to talk');

        await upload(later, host.site);
        assert.equal(programIn(host.site), 'pollchat-9.9.9-0badcafe');
        await until(() => running(host.site).every(({ exe }) => !exe.includes(old)), 'programs of before to leave');
        await host.get('poll?since=now');
        const head = (await host.get('poll?last=1')).json().head;
        await until(async () => (await host.get('poll?last=1')).json().head > head + 10, 'people to talk on');

        // And back: the archive of before, over the new one.
        await upload(earlier, host.site);
        assert.equal(programIn(host.site), old);
        await until(() => running(host.site).every(({ exe }) => !exe.includes('9.9.9')), 'the newer programs to leave');
        over = true;
        const sent = await Promise.all(senders);
        sendersDone = true;
        const seen = await Promise.all(readers);
        removeFolder(earlier);
        clearTimeout(stop);

        const expected = sent.flatMap(({ stored }) => stored).sort();
        for (const messages of seen) {
          assert.deepEqual(messages.map(({ seq }) => seq), messages.map((_, i) => i + 1), 'one order without a gap');
          assert.deepEqual(messages.map(({ text }) => text).sort(), expected, 'everything once');
        }
        assert.doesNotMatch(host.log(), /signal|Segmentation|exit signal/i, 'nothing half was run');
        console.log(`${kind}: ${expected.length} messages; answers met: ${JSON.stringify(sent.map(({ met }) => met))}`);
      }),
    ));
}

test('unpacked over itself by a host\'s file manager', () =>
  withHost('usual-cgi', {}, async (host) => {
    let over = false;
    const senders = ['ann', 'ben'].map((name) => sender(host, name, () => over));
    try {
      await until(async () => (await host.get('poll?last=1')).json().head > 10, 'people to talk');
      for (let i = 0; i < 3; i++) {
        host.unpack();
      }
    } catch (error) {
      over = 'failed'; // or they would go on for ever
      throw error;
    }
    over = true;
    const sent = await Promise.all(senders);
    assert.equal((await host.get('poll?last=1')).json().head, sent.flatMap(({ stored }) => stored).length);
  }));

test('usual-fcgid: programs leave for new settings while people wait and send, and nobody gets an error', () =>
  withHost('usual-fcgid', {}, async (host) => {
    const statuses = {};
    const told = []; // what one who waits is told
    let isOver = false;
    const count = ({ status }) => (statuses[status] = (statuses[status] ?? 0) + 1);
    const waiter = async (isTold) => {
      for (let since = 0; !isOver; ) {
        const answer = await host.get(`poll?since=${since}&wait=10`);
        count(answer);
        const { messages, next } = JSON.parse(answer.body);
        since = next;
        if (isTold) {
          told.push(...messages.map(({ seq }) => seq));
        }
      }
    };
    let sent = 0;
    const speaker = async () => {
      while (!isOver) {
        const answer = await host.get('send', { method: 'POST', body: `text=${sent}`, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
        count(answer);
        sent += answer.status === 201;
        await pause(60);
      }
    };
    const everybody = [waiter(true), waiter(false), waiter(false), speaker()];
    const programs = () => running(host.site).map(({ pid }) => pid);
    const disturb = async () => {
      for (let round = 1; round <= 3; round++) {
        const old = await until(() => programs().length > 0 && programs(), 'programs to run');
        fs.writeFileSync(path.join(host.site, 'cgi-bin', 'my-chat.conf'), `; ${round}\n`);
        await until(() => !programs().some((pid) => old.includes(pid)), 'the programs to leave');
        const before = told.length;
        await until(() => told.length > before + 5, 'news by new ones');
      }
    };
    await Promise.all([...everybody, disturb().finally(() => (isOver = true))]);
    assert.deepEqual(Object.keys(statuses).filter((status) => status !== '200' && status !== '201'), [], JSON.stringify(statuses));
    const all = JSON.parse((await host.get('poll?since=0&limit=1000')).body);
    assert.equal(all.head, sent);
    assert.deepEqual(told, Array.from({ length: told.length }, (_, i) => i + 1));
  }));
