// greed.test.mjs - one address asks for all slots, again and again: other clients still wait, are
// told short pauses, and are answered quickly.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { pause, PROFILE, request, withSite } from './harness.mjs';

const HOLDERS = 8; // clients at that address that wait, and ask again at once
const HAMMERS = 6; // clients at that address that ask every 40 ms
const ATTACK_MS = 6000;
const PLACES = 8; // where a waiting poll costs no process

const from = (address) => ({ agent: false, headers: { 'X-Forwarded-For': address } });
const attacker = from('203.0.113.66');

// Caddy sets X-Forwarded-For itself and drops a client's, so all requests here come from this
// machine.
const skip = PROFILE === 'caddy' && 'it passes on only the address of this machine';

describe(`${PROFILE}: greed`, () => {
  it('one address takes no slots of other clients, and does not slow them down', { skip }, async (t) => {
    const env = {
      POLLCHAT_TRUSTED_PROXIES: '127.0.0.1',
      POLLCHAT_LIMITS: 'off', // this is about slots
      POLLCHAT_STATUS: 'everyone',
      POLLCHAT_MAX_WAITING: String(PLACES),
      POLLCHAT_MAX_WAITING_APACHE: String(PLACES),
    };
    await withSite({ env }, async (site) => {
      await site.send({ text: 'old' });
      let over = false;
      let asked = 0;
      const ask = async (ms) => {
        while (!over) {
          const answer = await request(site.port, '/poll?since=now&wait=25', attacker);
          assert.equal(answer.status, 200, answer.text);
          asked++;
          await pause(ms);
        }
      };
      const attack = [
        ...Array.from({ length: HOLDERS }, () => ask(5)),
        ...Array.from({ length: HAMMERS }, () => ask(40)),
      ];
      const end = Date.now() + ATTACK_MS;
      const took = [];
      const told = [];
      let held = 0;
      let sent = 0;
      const timed = async (target, options) => {
        const began = performance.now();
        const answer = await request(site.port, target, options);
        took.push(performance.now() - began);
        return answer;
      };
      const waits = async (address) => { // as the page does
        while (!over) {
          const page = (await request(site.port, '/poll?since=now&wait=2', from(address))).json();
          held += page.wait > 0 ? 1 : 0;
          if (page.wait === 0) {
            told.push(page.poll_after);
            await pause(Math.min(page.poll_after, 3) * 1000);
          }
        }
      };
      await pause(500); // by now the attacker has all slots that it can get
      const innocents = ['198.51.100.1', '2001:db8::1'].map(waits);
      while (Date.now() < end) {
        assert.equal((await timed('/poll?since=0', from('198.51.100.3'))).status, 200);
        const body = JSON.stringify({ room: 'other', text: `m${++sent}` });
        assert.equal(
          (
            await timed('/send', {
              method: 'POST',
              body,
              agent: false,
              headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': '198.51.100.4' },
            })
          ).status,
          201,
        );
        await pause(50);
      }
      over = true;
      let gone = false;
      const all = Promise.all([...attack, ...innocents]).finally(() => (gone = true));
      while (!gone) {
        // Also a client that asked for messages after the last one.
        await site.send({ text: 'to wake all' });
        await pause(300);
      }
      await all;
      took.sort((a, b) => a - b);
      const p99 = took[Math.floor(took.length * 0.99)];
      t.diagnostic(
        JSON.stringify({
          asked,
          held,
          told,
          requests: took.length,
          median: took[took.length >> 1],
          p99,
          worst: took.at(-1),
        }),
      );
      assert.ok(held > 0, 'another client could wait');
      // Many polls of one address count once. But where polls are slow, or several run at a time,
      // every client is told a longer pause, up to 10 s (POLL_INTERVAL_LOAD_MOST).
      assert.ok(Math.max(2, ...told) <= 10, `other clients are told to ask again after ${told} s`);
      assert.ok(p99 < 5000, `another client's answer took ${Math.round(p99)} ms`);
    });
  });
});
