// proof.test.mjs - proofs of work through a real web server: what js/proof.js and the script of
// API.md compute, the chat accepts.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, it } from 'node:test';

import { prove, sha256 } from '../../www/js/proof.js';
import { PROFILE, withSite } from './harness.mjs';

const KEYS = ['AAECAwQFBgcICQoLDA0ODw', 'DwAAAAAAAAAAAAAAAAAAAA', 'DwEAAAAAAAAAAAAAAAAAAA'];
const ENV = { POLLCHAT_PROOF: '10' };

/** The example of API.md, with another challenge. */
function script({ challenge, bits }, key) {
  const paper = fs.readFileSync(new URL('../../www/API.md', import.meta.url), 'utf8');
  const [, code] = paper.match(/```sh\n(key=AAECAw[^]*?)^prove 2000000000/m);
  const run = spawnSync('sh', ['-euc', `${code}\nkey=${key}; prove ${challenge} ${bits}`], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  return run.stdout.trim();
}

/** A number that does not prove the work. */
const tooFew = (challenge, key) => [1, 2, 3, 4, 5].find((n) => !sha256(`${challenge}:${key}:${n}`).startsWith('00'));

describe(`${PROFILE}: proofs of work`, () => {
  it('a new key is asked for a proof, and writes with it: with that of the page, and of the script', () =>
    withSite({ env: ENV }, async (site) => {
      for (const [i, compute] of [(asked, key) => prove({ ...asked, key }), script].entries()) {
        const [key, text] = [KEYS[i], `message ${i}`];
        const asked = await site.send({ text, name: `ann${i}`, key });
        assert.equal(asked.status, 403, String(asked.body));
        const { type, challenge, bits } = asked.json();
        assert.equal(type, 'urn:pollchat:problem:proof-needed');
        const proof = await compute({ challenge, bits: Number(bits) }, key);
        for (const [wrong, other] of [['', key], [`${challenge}:0x1`, key], [`${challenge}:${tooFew(challenge, key)}`, key], [proof, KEYS[2]]]) {
          const refused = await site.send({ text, name: `ann${i}`, key: other, ...(wrong && { proof: wrong }) });
          assert.equal(refused.status, 403, `${wrong}: ${refused.body}`);
          assert.ok(refused.json().challenge, 'with a new challenge');
        }
        const sent = await site.send({ text, name: `ann${i}`, key, proof });
        assert.equal(sent.status, 201, String(sent.body));
      }
      assert.equal((await site.get('/poll')).json().messages.length, 2);
    }));
});
