// signals.test.mjs - SIGTERM and SIGUSR1, which web servers send when they restart, end a program
// soon and lose nothing.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PROFILE, isAlive, isFastcgi, pause, signal, until, withSite } from './harness.mjs';
import { Disturbance, storm } from './storm.mjs';

const GONE_MS = 2000;
const SLACK_MS = 4000; // for a busy machine

async function endAll(site, name) {
  const programs = site.programs();
  const begin = Date.now();
  for (const { pid } of programs) {
    signal(pid, name);
  }
  await until(() => programs.every(({ pid }) => !isAlive(pid)), `${programs.length} programs to end after ${name}`);
  const took = Date.now() - begin;
  assert.ok(took < GONE_MS + SLACK_MS, `${name}: ended after ${took} ms`);
  return programs.length;
}

describe(`${PROFILE}: signals`, () => {
  for (const name of ['SIGTERM', 'SIGUSR1']) {
    if (isFastcgi) {
      it(`${name} ends idle programs, and the next request works`, async () => {
        await withSite({}, async (site) => {
          assert.equal((await site.send({ text: 'before' })).status, 201);
          assert.equal((await site.get('/poll?since=now')).status, 200);
          assert.ok((await endAll(site, name)) >= 2, 'send and poll were running');
          const sent = await site.send({ text: 'after' });
          assert.equal(sent.status, 201, sent.text);
          assert.equal(sent.json().seq, 2);
          assert.equal((await site.get('/poll?since=0')).json().head, 2);

          // Once more, three times: lighttpd restarts a program that has ended twice in a second
          // only after a second or two. A message that is refused in that time is not stored.
          for (let seq = 3; seq <= 5; seq++) {
            await endAll(site, name);
            const next = await until(async () => {
              const answer = await site.send({ text: `after ${seq}` });
              assert.ok([201, 500, 503].includes(answer.status), answer.text);
              return answer.status === 201 ? answer : null;
            }, 'a program to accept messages again');
            assert.equal(next.json().seq, seq);
          }
        });
      });
    }

    it(`${name} under load: programs end in time, each message that was answered 201 is stored, once`, async () => {
      await withSite({}, async (site) => {
        let ended = 0;
        const disturbance = new Disturbance({
          rounds: 3,
          act: async () => {
            const count = await endAll(site, name);
            ended += count;
            return count > 0; // under plain CGI there may be none at this moment
          },
        });
        const { retried } = await storm(site, {
          room: 'load',
          senders: 4,
          messages: 120,
          readers: 2,
          retries: true,
          disturbance,
        });
        console.error(`${ended} programs ended, ${retried} requests repeated`);
        assert.ok(ended > 0);
        const { status, output } = site.check();
        assert.equal(status, 0, output);
      });
    });
  }
});
