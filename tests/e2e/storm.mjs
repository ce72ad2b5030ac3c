// storm.mjs - many senders and readers at once, and the checks afterwards. Used by order.test.mjs,
// signals.test.mjs and ../postgres/hosts.test.mjs.
//
// A sender sends its messages in order, each twice with the same id: every second message twice at
// the same time, the others one after the other. A reader polls, and expects 1, 2, 3, … with no
// gap and no repeat. With several hosts each request of a client goes to another host than the one
// before: so the two copies of a message do, and so do two polls of a reader.

import assert from 'node:assert/strict';
import http from 'node:http';

import { pause, request, until } from './harness.mjs';

const GIVE_UP_TRIES = 2000; // for one message, some minutes: hung, not slow

/** A host may learn of a commit on another host this late, if a notice is lost, and much more. */
const OTHER_HOST_MS = 20_000;

/**
 * A client of one site, or of several hosts of a site, with its own connections. retries: whether
 * it repeats a request with the same id after an error or a 5xx.
 */
export class Client {
  constructor(sites, { retries, turn = 0 }) {
    this.sites = [sites].flat();
    this.turn = turn; // the host of the next request
    this.retries = retries;
    this.retried = 0;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
  }

  close() {
    this.agent.destroy();
  }

  async once(target, options) {
    const { port } = this.sites[this.turn++ % this.sites.length];
    const answer = await request(port, target, { ...options, agent: this.agent });
    if (answer.status >= 500) {
      throw new Error(`${answer.status}: ${answer.text.slice(0, 300)}`);
    }
    // When a program dies while it writes, Apache completes the answer with half a body.
    answer.json();
    return answer;
  }

  async ask(target, options) {
    for (let tries = 1; ; tries++) {
      try {
        return await this.once(target, options);
      } catch (error) {
        // A server may close a kept connection just when a request arrives: each client has to
        // repeat it then.
        const mayRetry = this.retries || (error.code === 'ECONNRESET' && tries === 1);
        if (!mayRetry || tries >= GIVE_UP_TRIES) {
          throw new Error(`${target}, try ${tries}: ${error.message}`);
        }
        this.retried += this.retries ? 1 : 0;
        await pause(20);
      }
    }
  }

  send(fields) {
    return this.ask('/send', {
      method: 'POST',
      body: JSON.stringify(fields),
      headers: { 'Content-Type': 'application/json' },
    });
  }
}

export const textOf = (sender, i) => `${sender} says ${i} ☃ ${'.'.repeat((i * 37) % 400)}`;

/**
 * What disturbs a storm: act(round) is called `rounds` times or more, after equal parts of the
 * messages, and every `everyMs`. It returns false if there was nothing to disturb: then the round
 * is repeated. Senders don't run away from a round: they wait for it once they are half a part
 * ahead, so a fast machine has as many rounds as a slow one. most: no more rounds than that.
 */
export class Disturbance {
  constructor({ rounds, everyMs = Infinity, most = Infinity, act }) {
    Object.assign(this, { rounds, everyMs, most, act, done: 0 });
  }

  /** How many messages may be stored before the next round. */
  limit(messages) {
    return this.done < this.rounds ? ((this.done + 1.5) * messages) / (this.rounds + 1) : Infinity;
  }

  async run(messages, progress, isOver) {
    for (let last = Date.now(); !isOver() && this.done < this.most; await pause(5)) {
      const isDue = this.done < this.rounds && progress() >= ((this.done + 1) * messages) / (this.rounds + 1);
      if ((isDue || Date.now() - last >= this.everyMs) && (await this.act(this.done + 1)) !== false) {
        this.done++;
        last = Date.now();
      }
    }
  }
}

/**
 * Sends `count` messages, each twice. mayGoOn(): the next one may be sent; onStored(seq) after
 * each. Returns [{ seq, text, id }].
 */
async function runSender(client, room, name, count, mayGoOn, onStored) {
  const stored = [];
  for (let i = 1; i <= count; i++) {
    await until(mayGoOn, 'the next disturbance');
    const fields = { room, name, text: textOf(name, i), id: `${name}-${i}` };
    const answers =
      i % 2 === 0
        ? await Promise.all([client.send(fields), client.send(fields)])
        : [await client.send(fields), await client.send(fields)];
    const statuses = answers.map((a) => a.status).sort();
    // The lost answer may be the one of the attempt that stored the message: then both answers are
    // 200.
    const expected = client.retries && statuses[1] === 200 ? [200, 200] : [200, 201];
    assert.deepEqual(statuses, expected, answers.map((a) => a.text.slice(0, 200)).join('\n'));
    assert.equal(answers[0].text, answers[1].text, 'a repeated send gets the same answer');
    const { seq, text, id } = answers[0].json();
    assert.equal(text, fields.text);
    assert.equal(id, fields.id);
    stored.push({ seq, text, id });
    onStored(seq);
  }
  return stored;
}

/**
 * Reads until `total` messages have come. Returns them. limit: messages a page; wait: seconds that
 * a poll waits for news; overSince(): when the last message was answered, or null.
 */
async function runReader(client, room, total, { limit, wait }, overSince) {
  const seen = [];
  const patience = client.sites.length > 1 ? OTHER_HOST_MS : 0;
  let since = 0;
  let epoch = null;
  while (seen.length < total) {
    // Taken before the request: its answer may be older than the last commit and arrive after it.
    const end = overSince() ?? Infinity;
    const wasOver = Date.now() - end >= patience;
    const answer = await client.ask(
      `/poll?room=${room}&since=${since}&limit=${limit}&wait=${wait}${epoch === null ? '' : `&epoch=${epoch}`}`,
    );
    assert.equal(answer.status, 200, answer.text);
    const page = answer.json();
    for (const message of page.messages) {
      assert.equal(message.seq, seen.length + 1, 'no gap, no repeat, in order');
      seen.push(message);
    }
    assert.equal(page.next, seen.length);
    assert.ok(page.head >= page.next);
    assert.equal(page.more, page.head > page.next, '`more` is true exactly while there is more');
    ({ next: since, epoch } = page);
    if (page.messages.length === 0) {
      assert.ok(!wasOver || seen.length >= total, `all messages are sent, but a reader has ${seen.length} of ${total}`);
      await pause(25); // the pace of a reader, not a wait for a condition
    }
  }
  return seen;
}

/**
 * Runs all, on a site or on several hosts. waits: every second reader waits for news. disturbance:
 * a Disturbance that runs beside it until all is sent.
 */
export async function storm(sites, { room, senders, messages, readers, retries, waits = false, disturbance = null }) {
  const each = messages / senders;
  const clients = [];
  const newClient = () => {
    const client = new Client(sites, { retries, turn: clients.length });
    clients.push(client);
    return client;
  };
  let head = 0;
  let over = null; // when the last message was answered
  const mayGoOn = () => disturbance === null || head < disturbance.limit(messages);
  const names = Array.from({ length: senders }, (_, i) => `sender${i + 1}`);
  try {
    const sending = Promise.all(
      names.map((name) => runSender(newClient(), room, name, each, mayGoOn, (seq) => {
        head = Math.max(head, seq);
      })),
    ).finally(() => {
      over = Date.now();
    });
    const reading = Promise.all(
      Array.from({ length: readers }, (_, i) =>
        runReader(newClient(), room, messages, { limit: [1000, 100, 7, 33][i % 4], wait: waits && i % 2 === 0 ? 5 : 0 }, () => (head === messages ? over : null)),
      ),
    );
    const disturbing = disturbance?.run(messages, () => head, () => over !== null);
    const [sent, seen] = await Promise.all([sending, reading, disturbing]);

    for (const list of seen) {
      assert.equal(list.length, messages);
      assert.deepEqual(list, seen[0], 'all readers have the same messages');
    }
    for (const [i, name] of names.entries()) {
      const own = seen[0].filter((m) => m.name === name);
      assert.deepEqual(
        own.map((m) => m.text),
        Array.from({ length: each }, (_, k) => textOf(name, k + 1)),
        `${name}'s messages are in the order of sending`,
      );
      assert.deepEqual(own.map(({ seq, text, id }) => ({ seq, text, id })), sent[i], 'the answers are what is stored');
    }
    return { retried: clients.reduce((sum, client) => sum + client.retried, 0) };
  } finally {
    for (const client of clients) {
      client.close();
    }
  }
}
