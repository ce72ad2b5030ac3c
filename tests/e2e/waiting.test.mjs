// waiting.test.mjs - polls that wait for news, on a real server.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PROFILE, costsProcess, pause, until, withSite } from './harness.mjs';

async function held(site, query) {
  const begin = Date.now();
  const answer = await site.get(`/poll?${query}`);
  assert.equal(answer.status, 200, answer.text);
  return { took: Date.now() - begin, ...answer.json() };
}

describe(`${PROFILE}: waiting`, () => {
  it('a waiting poll is answered when a message arrives', async () => {
    await withSite({}, async (site) => {
      await site.send({ text: 'first' });
      for (let seq = 2; seq <= 6; seq++) {
        const waiter = held(site, `since=${seq - 1}&wait=20`);
        await pause(50); // so that it usually waits already; the test is right in either case
        const sent = await site.send({ text: `news ${seq}` });
        assert.equal(sent.json().seq, seq);
        const answer = await waiter;
        assert.deepEqual(answer.messages.map((m) => m.seq), [seq]);
        assert.equal(answer.next, seq);
        assert.ok(answer.took < 15_000, `answered by the message, not by the end of the wait: ${answer.took} ms`);
      }
    });
  });

  it('without news a poll is answered without messages after its wait, and the answer says how long that was', async () => {
    await withSite({}, async (site) => {
      await site.send({ text: 'old' });
      const answer = await held(site, 'since=1&wait=1');
      assert.deepEqual(answer.messages, []);
      assert.equal(answer.next, 1);
      assert.equal(answer.wait, 1);
      assert.equal(answer.poll_after, undefined);
      assert.ok(answer.took >= 850, `${answer.took} ms`);
    });
  });

  it('since=now and several rooms wait for the next message', async () => {
    await withSite({}, async (site) => {
      await site.send({ text: 'old', room: 'a' });
      let answered = 0;
      const note = () => (answered += 1);
      const now = held(site, 'room=a&since=now&wait=20').finally(note);
      const both = held(site, 'room=b:0&room=a:1&wait=20').finally(note);
      // A client cannot see when `now` is taken, so messages are sent until both are answered.
      for (let n = 2; answered < 2; n++) {
        await pause(100);
        assert.equal((await site.send({ text: `new ${n}`, room: 'a' })).json().seq, n);
      }
      const fresh = (await now).messages;
      assert.ok(fresh.length >= 1 && fresh[0].seq >= 2, 'only messages after the request');
      const answer = await both;
      assert.equal(answer.messages[0].room, 'a');
      assert.equal(answer.messages[0].seq, 2);
      assert.deepEqual(answer.next, { a: 1 + answer.messages.length, b: 0 });
    });
  });

  it('existing messages are returned at once, whatever the wait', async () => {
    await withSite({}, async (site) => {
      await site.send({ text: 'there' });
      for (const query of ['since=0&wait=30', 'since=9&wait=30', 'last=5&wait=30']) {
        const answer = await held(site, query);
        assert.equal(answer.next, 1, query);
        assert.equal(answer.wait, 25, 'the wait that would be granted, so the client needs no timer');
      }
    });
  });

  it('polls over the limit are told to ask again, and none gets an error', async () => {
    await withSite({ env: { POLLCHAT_MAX_HELD: '3', POLLCHAT_MAX_WAITING: '5', POLLCHAT_MAX_WAITING_APACHE: '4' } }, async (site) => {
      await site.send({ text: 'old' });
      const answers = [];
      const all = Array.from({ length: 9 }, () => held(site, 'since=1&wait=20').then((a) => answers.push(a)));
      const places = costsProcess ? 3 : PROFILE === 'apache-proxy' ? 4 : 5;
      await until(() => answers.length >= 9 - places, 'the polls over the limit to be answered');
      for (const answer of answers) {
        assert.equal(answer.wait, 0);
        assert.ok(answer.poll_after >= 1);
      }
      assert.equal(answers.length, 9 - places, 'the other polls wait');
      await site.send({ text: 'new' });
      await Promise.all(all);
      assert.equal(answers.filter((a) => a.messages.length === 1).length, places);
    });
  });

  it('an answer with messages promises no wait when no slot is free', async () => {
    await withSite({ env: { POLLCHAT_MAX_HELD: '1', POLLCHAT_MAX_WAITING: '1', POLLCHAT_MAX_WAITING_APACHE: '1' } }, async (site) => {
      await site.send({ text: 'old' });
      assert.equal((await held(site, 'since=0&wait=20')).wait, 20);
      const waiter = held(site, 'since=1&wait=20');
      await until(async () => (await site.askStatus()).parked.polls === 1, 'the only slot to be taken');
      const answer = await held(site, 'since=0&wait=20');
      assert.equal(answer.messages.length, 1);
      assert.equal(answer.wait, 0);
      assert.ok(answer.poll_after >= 1);
      await site.send({ text: 'new' });
      assert.equal((await waiter).messages.length, 1);
    });
  });

  it('fifty messages in a row reach each waiting reader once and in order', async () => {
    await withSite({}, async (site) => {
      const readers = Array.from({ length: costsProcess ? 4 : 20 }, async () => {
        const seen = [];
        for (let since = 0; seen.length < 50;) {
          const answer = await held(site, `since=${since}&wait=20`);
          seen.push(...answer.messages.map((m) => m.seq));
          since = answer.next;
        }
        return seen;
      });
      for (let i = 1; i <= 50; i++) assert.equal((await site.send({ text: `m${i}` })).json().seq, i);
      const expected = Array.from({ length: 50 }, (_, i) => i + 1);
      for (const seen of await Promise.all(readers)) assert.deepEqual(seen, expected);
    });
  });
});
