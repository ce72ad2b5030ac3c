// log.test.mjs - requests of strangers do not fill the disk with log lines.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PROFILE, aboutSqlite, descendants, limitFileSize, withSite } from './harness.mjs';

/**
 * Limits all processes of the site. mod_fcgid's process manager may refuse it; it only starts the
 * programs.
 */
function limitFiles(site, bytes) {
  const programs = site.programs().map(({ pid }) => pid);
  for (const { pid } of descendants(site.child.pid)) {
    const error = limitFileSize(pid, bytes);
    assert.ok(error === null || !programs.includes(pid), error);
  }
}

describe(`${PROFILE}: the log`, () => {
  it('has a line about a full disk once, however many messages are refused', aboutSqlite, () =>
    withSite({}, async (site) => {
      assert.equal((await site.send({ text: 'before' })).status, 201);
      const lines = () => [...site.log().matchAll(/pollchat send: /g)].length;
      limitFiles(site, 60_000);
      let refused = 0;
      for (let i = 0; refused < 25; i++) { // some succeed: a full log is copied into the database
        assert.ok(i < 200, `${refused} were refused`);
        // Short enough for each server to keep it in memory.
        const answer = await site.send({ text: 'x'.repeat(12_000) });
        assert.ok(answer.status === 201 || /store-full$/.test(answer.json().type), answer.text);
        refused += answer.status === 503 ? 1 : 0;
      }
      // Caddy drops what programs write to the error stream.
      assert.ok(lines() > 0 || PROFILE === 'caddy', 'it is logged');
      assert.ok(lines() <= 10, `${lines()} lines for ${refused} refusals`);
      assert.equal((await site.get('/poll?since=0&limit=1')).json().messages.length, 1);
    }));
});
