// upgrade.test.mjs - a new archive is uploaded over the old one by FTP while people talk: nothing
// is lost, no file is busy, no incomplete program is run.
//
// It is uploaded as FTP does it: each file is truncated and written in place, slowly, in the order
// of the names, and without an execute bit if it is new.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { assertAllRead, converse, follow } from '../e2e/conversation.mjs';
import { makeFolder, pause, processes, removeFolder, until } from '../e2e/harness.mjs';
import { ARCHIVE, user, withHost } from './host.mjs';

const programIn = (site) => fs.readFileSync(path.join(site, 'cgi-bin', 'programs', 'use'), 'utf8').trim();

/** Makes the archive of a later release: the same program with another name. */
function laterRelease(body) {
  const folder = makeFolder();
  assert.equal(spawnSync('unzip', ['-q', ARCHIVE, '-d', folder]).status, 0);
  const site = path.join(folder, 'pollchat');
  const programs = path.join(site, 'cgi-bin', 'programs');
  fs.renameSync(path.join(programs, programIn(site)), path.join(programs, 'pollchat-9.9.9-0badcafe'));
  fs.writeFileSync(path.join(programs, 'use'), 'pollchat-9.9.9-0badcafe\n');
  return body(site).finally(() => removeFolder(folder));
}

/**
 * Opens a file as FTP's STOR does. A starter is busy for a millisecond while it runs, so there are
 * several tries. A program must never be busy.
 */
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
  for (const file of names
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(from, path.join(entry.path, entry.name)))
    .sort()) {
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

const post = (host) => (fields) =>
  host.get('send', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(fields) });

const running = (site) => processes().filter(({ exe }) => exe.startsWith(path.join(site, 'cgi-bin')));

for (const kind of ['usual-fcgid', 'usual-cgi']) {
  test(`${kind}: an archive is uploaded over a chat in use, and the older one back again`, () =>
    laterRelease((later) =>
      withHost(kind, {}, async (host) => {
        const earlier = makeFolder();
        fs.cpSync(host.site, earlier, { recursive: true, filter: (name) => !name.includes('pollchat-data/') });
        const old = programIn(host.site);
        let over = false;
        let sendersDone = false;
        // Or senders and readers would never end.
        const stop = setTimeout(() => (over = sendersDone = 'failed'), 240_000);
        const met = { sends: {}, polls: {} };
        const senders = ['ann', 'ben', 'cid'].map((name) => converse(post(host), name, () => over, met.sends));
        const readers = [1, 2].map(() => follow((target) => host.get(target), () => sendersDone, met.polls));
        await until(async () => (await host.get('poll?last=1')).json().head > 20, 'messages to be stored');

        await upload(later, host.site);
        assert.equal(programIn(host.site), 'pollchat-9.9.9-0badcafe');
        await until(() => running(host.site).every(({ exe }) => !exe.includes(old)), 'the old programs to end');
        await host.get('poll?since=now');
        const head = (await host.get('poll?last=1')).json().head;
        await until(async () => (await host.get('poll?last=1')).json().head > head + 10, 'more messages to be stored');

        // Back again: the older archive is uploaded over the newer one.
        await upload(earlier, host.site);
        assert.equal(programIn(host.site), old);
        await until(() => running(host.site).every(({ exe }) => !exe.includes('9.9.9')), 'the newer programs to end');
        over = true;
        const sent = await Promise.all(senders);
        sendersDone = true;
        const seen = await Promise.all(readers);
        removeFolder(earlier);
        clearTimeout(stop);

        assertAllRead(seen, sent.flat());
        assert.doesNotMatch(host.log(), /signal|Segmentation|exit signal/i, 'no incomplete program was run');
        console.log(`${kind}: ${sent.flat().length} messages, answers ${JSON.stringify(met)}`);
      }),
    ));
}

test('the archive is unpacked over itself by a host\'s file manager while people talk', () =>
  withHost('usual-cgi', {}, async (host) => {
    let over = false;
    const senders = ['ann', 'ben'].map((name) => converse(post(host), name, () => over, {}));
    try {
      await until(async () => (await host.get('poll?last=1')).json().head > 10, 'messages to be stored');
      for (let i = 0; i < 3; i++) {
        host.unpack();
      }
    } catch (error) {
      over = 'failed'; // or they would go on for ever
      throw error;
    }
    over = true;
    const sent = await Promise.all(senders);
    assert.equal((await host.get('poll?last=1')).json().head, sent.flat().length);
  }));

test('usual-fcgid: programs end for new settings while people wait and send, and no request fails', () =>
  withHost('usual-fcgid', {}, async (host) => {
    const statuses = {};
    const told = []; // what one waiting reader gets
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
        const answer = await host.get('send', {
          method: 'POST',
          body: `text=${sent}`,
          headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        });
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
        await until(() => !programs().some((pid) => old.includes(pid)), 'the programs to end');
        const before = told.length;
        await until(() => told.length > before + 5, 'news from new programs');
      }
    };
    await Promise.all([...everybody, disturb().finally(() => (isOver = true))]);
    assert.deepEqual(
      Object.keys(statuses).filter((status) => status !== '200' && status !== '201'),
      [],
      JSON.stringify(statuses),
    );
    const all = JSON.parse((await host.get('poll?since=0&limit=1000')).body);
    assert.equal(all.head, sent);
    assert.deepEqual(told, Array.from({ length: told.length }, (_, i) => i + 1));
  }));
