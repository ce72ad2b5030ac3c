// log.test.mjs - what strangers ask for doesn't fill the disk with lines of the log.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, it } from 'node:test';

import { PROFILE, descendants, withSite } from './harness.mjs';

/**
 * No process of the site, nor one that comes, may make a file longer than that. As its own user:
 * root in a container may not do it to others; and not to one that starts others only, if that
 * won't have it (mod_fcgid's).
 */
function limitFiles(site, bytes) {
  const programs = site.programs().map(({ pid }) => pid);
  for (const { pid } of descendants(site.child.pid)) {
    const { uid, gid } = fs.statSync(`/proc/${pid}`);
    const done = spawnSync('prlimit', [`--pid=${pid}`, `--fsize=${bytes}:`], { encoding: 'utf8', ...(process.getuid() === 0 ? { uid, gid } : {}) });
    assert.ok(done.status === 0 || !programs.includes(pid), done.stderr);
  }
}

describe(`${PROFILE}: the log`, () => {
  it('has a line about a full disk once, however many are refused', () =>
    withSite({}, async (site) => {
      assert.equal((await site.send({ text: 'before' })).status, 201);
      const lines = () => [...site.log().matchAll(/pollchat send: /g)].length;
      limitFiles(site, 60_000);
      let refused = 0;
      for (let i = 0; refused < 25; i++) { // some are taken in between: what is in the log goes into the database
        assert.ok(i < 200, `${refused} were refused`);
        const answer = await site.send({ text: 'x'.repeat(12_000) }); // short enough for each server to keep it in memory
        assert.ok(answer.status === 201 || /store-full$/.test(answer.json().type), answer.text);
        refused += answer.status === 503 ? 1 : 0;
      }
      assert.ok(lines() > 0 || PROFILE === 'caddy', 'it is said'); // Caddy drops what programs say
      assert.ok(lines() <= 10, `${lines()} lines for ${refused} refusals`);
      assert.equal((await site.get('/poll?since=0&limit=1')).json().messages.length, 1);
    }));
});
