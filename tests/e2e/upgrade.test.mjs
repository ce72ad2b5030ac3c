// upgrade.test.mjs - programs are replaced by newer ones, as make install does, while people talk:
// each message is stored once, and all readers get it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { assertAllRead, converse, follow } from './conversation.mjs';
import { isFastcgi, PROFILE, until, withSite } from './harness.mjs';

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
    const senders = ['ann', 'ben', 'cid'].map((name) =>
      converse(
        (fields) => site.send(fields),
        name,
        () => over,
        met.sends,
      ),
    );
    const readers = [1, 2, 3].map(() => follow((target) => site.get(`/${target}`), () => allSent, met.polls));
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
    const texts = (await Promise.all(senders)).flat();
    allSent = true;
    assertAllRead(await Promise.all(readers), texts);
    assert.match(site.check().output, /^ok/);
    console.log(`${PROFILE}: ${texts.length} messages, answers ${JSON.stringify(met)}`);
  }));
