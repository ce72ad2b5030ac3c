// upgrade.test.mjs - programs are replaced by newer ones, as make install does, while people talk:
// each message is stored once, and all readers get it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { isFastcgi, pause, PROFILE, until, withSite } from './harness.mjs';

/** Sends messages until told to stop; repeats each until it is stored. */
async function sender(site, name, isOver, met) {
  const stored = [];
  for (let i = 1; !isOver(); i++) {
    const text = `${name} ${i}`;
    for (let done = false; !done && isOver() !== 'failed'; ) {
      const answer = await site.send({ name, text, id: `${name}-${i}` }).catch((error) => ({ status: error.code ?? error.message }));
      met[answer.status] = (met[answer.status] ?? 0) + 1;
      done = answer.status === 201 || answer.status === 200;
      await pause(done ? 10 : 100);
    }
    stored.push(text);
  }
  return stored;
}

async function reader(site, isOver, met) {
  const seen = [];
  let next = 0;
  for (let more = true; more && isOver() !== 'failed'; ) {
    // Taken before the request: its answer may be older than the last commit and arrive after it.
    const wasOver = isOver();
    const answer = await site.get(`/poll?since=${next}&wait=2`).catch((error) => ({ status: error.code ?? error.message }));
    met[answer.status] = (met[answer.status] ?? 0) + 1;
    more = answer.status !== 200 || !wasOver;
    if (answer.status === 200) {
      const page = answer.json();
      more ||= page.messages.length > 0;
      seen.push(...page.messages);
      next = page.next;
      await pause(page.wait > 0 ? 0 : 100);
    } else {
      await pause(100);
    }
  }
  return seen;
}

/** Replaces the programs as make install does: writes a new file beside each and renames it. */
function install(site) {
  for (const name of ['send', 'poll', 'pollchat']) {
    fs.copyFileSync(site.program(name), `${site.program(name)}.new`);
    fs.chmodSync(`${site.program(name)}.new`, 0o755);
    fs.renameSync(`${site.program(name)}.new`, site.program(name));
  }
}

test(`${PROFILE}: programs are replaced three times, and nothing is lost`, () =>
  withSite({}, async (site) => {
    let over = false;
    let allSent = false;
    const met = { sends: {}, polls: {} };
    const senders = ['ann', 'ben', 'cid'].map((name) => sender(site, name, () => over, met.sends));
    const readers = [1, 2, 3].map(() => reader(site, () => allSent, met.polls));
    const head = async () => {
      const answer = await site.get('/poll?last=1').catch(() => null);
      return answer?.status === 200 ? answer.json().head : 0;
    };
    try {
      for (let round = 1; round <= 3; round++) {
        const before = await head();
        await until(async () => (await head()) > before + 20, 'messages to be stored');
        const old = site.programs().map(({ pid }) => pid);
        install(site);
        if (isFastcgi) {
          await until(() => site.programs().every(({ pid }) => !old.includes(pid)), 'the old programs to end', 60_000);
        }
      }
    } catch (error) {
      over = allSent = 'failed'; // or senders and readers would never end
      throw error;
    }
    over = true;
    const expected = (await Promise.all(senders)).flat().sort();
    allSent = true;
    for (const messages of await Promise.all(readers)) {
      assert.deepEqual(messages.map(({ seq }) => seq), messages.map((_, i) => i + 1), 'one order without a gap');
      assert.deepEqual(messages.map(({ text }) => text).sort(), expected, 'each message once');
    }
    assert.match(site.check().output, /^ok/);
    console.log(`${PROFILE}: ${expected.length} messages, answers ${JSON.stringify(met)}`);
  }));
