// few-processes.test.mjs - a host that allows a site 20 processes, and 200 visitors that poll as
// the page does.
//
// For mod_fcgid the limit is its own setting (FcgidMaxProcesses). For plain CGI a proxy stands in
// for the "entry processes" of shared hosts: it answers 508 while 20 requests are in progress.
//
// Environment: FEW_VISITORS (200), FEW_MESSAGES (15)

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { describe, it } from 'node:test';

import { copyRoot, costsProcess, makeFolder, pause, PROFILE, removeFolder, request, start, until } from './harness.mjs';

const VISITORS = Number(process.env.FEW_VISITORS ?? 200);
const MESSAGES = Number(process.env.FEW_MESSAGES ?? 15);
const LIMIT = 20;
const RATE = 50; // poll_rate
const MAX_HELD = 6; // the most that `auto` chooses
const STALL_MS = 200; // an answer that takes longer is delayed by this machine
const SLOW_MS = 200; // how long a poll takes on a slow host
const SLOWLY_SERVED = 100; // visitors of the slow host
const SAID = 6; // messages where there are few visitors

/** Starts a site whose Apache configuration ends with these lines. */
async function startWith(lines, more = {}) {
  const env = { POLLCHAT_TRUSTED_PROXIES: '127.0.0.1', POLLCHAT_STATUS: 'everyone', POLLCHAT_LIMITS: 'off', ...more };
  const folder = makeFolder();
  const root = copyRoot(path.join(folder, 'root'));
  fs.appendFileSync(path.join(root, 'apache', 'server.conf'), `\n${lines}\n`);
  const site = await start({ folder, root, env });
  return { site, end: () => site.halt().finally(() => removeFolder(folder)) };
}

/** A proxy that passes on up to LIMIT requests at a time, and answers 508 to others. */
async function limited(site) {
  const door = { most: 0, refused: 0 };
  let busy = 0;
  const server = http.createServer(async (incoming, response) => {
    // First count those that have ended: a stall of this process is not a load of the host.
    await new Promise(setImmediate);
    if (busy >= LIMIT) {
      door.refused++;
      response.writeHead(508).end('Resource Limit Is Reached');
      return;
    }
    busy++;
    door.most = Math.max(door.most, busy);
    response.on('close', () => busy--);
    const upstream = http.request(
      {
        host: '127.0.0.1',
        port: site.port,
        method: incoming.method,
        path: incoming.url,
        headers: { ...incoming.headers, connection: 'close' },
        agent: false,
      },
      (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      },
    );
    upstream.on('error', () => response.destroy());
    incoming.pipe(upstream);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  door.port = server.address().port;
  door.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return door;
}

/**
 * What all visitors met. Times in ms: how long a pause overslept, and the slowest poll that did not
 * wait.
 */
class Notes {
  overslept = 0;
  slowest = 0;
  opened = 0; // the slowest first page
  told = 0;
  turnedAway = 0;
  held = 0;
  polls = 0;
  statuses = new Map();
  delays = [];
}

/** One client, which polls the room until it has all messages. */
async function visitor(door, room, notes, sentAt, number, messages = MESSAGES) {
  const seen = [];
  const came = performance.now();
  // An address for each visitor.
  const headers = { 'X-Forwarded-For': `198.51.${100 + (number >> 8)}.${number & 255}` };
  for (let since = 0; since < messages;) {
    const began = performance.now();
    // The server may close a kept connection just when it is used again.
    const answer = await request(door.port, `/poll?room=${room}&since=${since}&wait=25`, { agent: false, headers });
    const took = performance.now() - began;
    notes.polls++;
    notes.statuses.set(answer.status, (notes.statuses.get(answer.status) ?? 0) + 1);
    if (answer.status !== 200) {
      await pause(1000);
      continue;
    }
    const page = answer.json();
    for (const { seq } of page.messages) {
      seen.push(seq);
      // Messages from before the visit do not count.
      if (sentAt.get(seq) > came) notes.delays.push(performance.now() - sentAt.get(seq));
    }
    since = page.next;
    if (page.wait > 0 || page.more) {
      // Only a poll that waited takes so long, or `slowest` shows it.
      notes.held += took > 500 ? 1 : 0;
      continue;
    }
    notes.turnedAway++;
    notes.slowest = Math.max(notes.slowest, took);
    notes.told = Math.max(notes.told, page.poll_after);
    const rest = page.poll_after * 1000 * (0.9 + Math.random() / 5); // as www/js/transport.js does
    const from = performance.now();
    await pause(rest);
    notes.overslept = Math.max(notes.overslept, performance.now() - from - rest);
  }
  return seen;
}

/** VISITORS arrive within ten seconds, while MESSAGES are sent. */
async function crowd(door) {
  const notes = new Notes();
  const sentAt = new Map();
  const visitors = Promise.all(
    Array.from({ length: VISITORS }, async (_, number) => {
      await pause(Math.random() * 10_000);
      return visitor(door, 'full', notes, sentAt, number);
    }),
  );
  let slowestSend = 0;
  const sending = (async () => {
    for (let n = 1; n <= MESSAGES; n++) {
      const began = performance.now();
      const send = () =>
        request(door.port, '/send', {
          agent: false,
          method: 'POST',
          body: JSON.stringify({ room: 'full', text: `m${n}` }),
          headers: { 'Content-Type': 'application/json' },
        });
      let answer = await send();
      // Counted by door.refused.
      for (; answer.status === 508; answer = await send()) await pause(100);
      assert.equal(answer.status, 201, answer.text);
      sentAt.set(answer.json().seq, performance.now());
      slowestSend = Math.max(slowestSend, performance.now() - began);
      await pause(1000);
    }
  })();
  const [lists] = await Promise.all([visitors, sending]);
  return { notes, lists, slowestSend };
}

function assertComplete({ notes, lists }) {
  const expected = Array.from({ length: MESSAGES }, (_, i) => i + 1);
  for (const seen of lists) assert.deepEqual(seen, expected, 'each message once, in order');
  assert.deepEqual(
    [...notes.statuses.keys()].filter((status) => status !== 200 && status !== 508),
    [],
    'no errors except for the limit',
  );
}

function assertTimely({ notes }, message) {
  assert.deepEqual([...notes.statuses.keys()].filter((status) => status !== 508), [200], 'no errors');
  assert.ok(notes.turnedAway > VISITORS, 'most polls could not wait');
  assert.ok(notes.held > 0, 'some polls waited');
  // A client that obeys poll_after gets a message after one pause, its own delays, and a few
  // requests as slow as the slowest.
  const bound = notes.told * 1100 + notes.overslept + 5 * notes.slowest + (notes.statuses.has(508) ? 3000 : 1000);
  const worst = Math.max(...notes.delays);
  assert.ok(worst <= bound, `${message}: a message took ${Math.round(worst)} ms, not within ${Math.round(bound)}`);
}

describe(`${PROFILE}: few processes`, { skip: !costsProcess }, () => {
  /**
   * Runs one crowd on one site. Returns false if this machine was too slow, so that too many
   * requests overlapped.
   */
  async function attempt(t) {
    const { site, end } =
      PROFILE === 'apache-fcgid' ? await startWith(`FcgidMaxProcesses ${LIMIT}`) : await startWith('');
    const door = PROFILE === 'apache-fcgid' ? { port: site.port, refused: 0, close() {} } : await limited(site);
    try {
      const all = await crowd(door);
      t.diagnostic(
        JSON.stringify({
          ...all.notes,
          statuses: [...all.notes.statuses],
          delays: undefined,
          worst: Math.max(...all.notes.delays),
          slowestSend: all.slowestSend,
          most: door.most,
          refused: door.refused,
        }),
      );
      assertComplete(all);
      // One stall of this machine makes requests overlap, however well they are spread.
      if (door.refused * 33 > (all.notes.slowest > STALL_MS ? all.notes.polls : 0)) return false;
      assertTimely(all, PROFILE);
      // The timer has grown with the number of visitors, to about what keeps the rate.
      assert.ok(all.notes.told >= Math.floor((VISITORS - MAX_HELD) / RATE), `told ${all.notes.told}`);
      const possible = Math.min(RATE, 1000 / all.notes.slowest); // a slow host is polled less
      assert.ok(all.notes.told <= 3 * Math.ceil(VISITORS / possible), `told ${all.notes.told}`);
      const status = await site.askStatus();
      assert.equal(status.answers['5xx'], 0);
      assert.ok(status.max_held <= MAX_HELD);
      return true;
    } catch (error) {
      console.error(site.log());
      throw error;
    } finally {
      door.close();
      await end();
    }
  }

  it(`${VISITORS} visitors on ${LIMIT} processes get no error and all messages, within the time of the timer`, async (t) => {
    // How many requests overlap depends on the load of this machine, so there are three tries.
    assert.ok(
      (await attempt(t)) || (await attempt(t)) || (await attempt(t)),
      'requests were refused in three of three tries',
    );
  });

  it('a host with slow polls is polled less often, until few polls overlap', { skip: PROFILE === 'apache-fcgid' }, async (t) => {
    const folder = makeFolder();
    const root = copyRoot(path.join(folder, 'root'));
    const program = path.join(root, 'cgi-bin', 'poll');
    fs.renameSync(program, `${program}.real`);
    fs.writeFileSync(program, `#!/bin/sh\nsleep ${SLOW_MS / 1000}\nexec '${program}.real'\n`, { mode: 0o755 });
    const site = await start({ folder, root, env: { POLLCHAT_TRUSTED_PROXIES: '127.0.0.1', POLLCHAT_LIMITS: 'off' } });
    const door = await limited(site);
    try {
      await site.send({ text: 'old' });
      const end = Date.now() + 12_000;
      let told = 0;
      let asked = 0;
      await Promise.all(Array.from({ length: SLOWLY_SERVED }, async (_, number) => {
        const headers = { 'X-Forwarded-For': `198.51.${100 + (number >> 8)}.${number & 255}` };
        await pause(Math.random() * 6000);
        while (Date.now() < end) {
          const answer = await request(door.port, '/poll?since=1&wait=1', { agent: false, headers });
          const page = answer.status === 200 ? answer.json() : { wait: 0, poll_after: 2 };
          told = Math.max(told, page.poll_after ?? 0);
          asked++;
          if (page.wait === 0)
            await pause(Math.min(page.poll_after * 1000 * (0.9 + Math.random() / 5), Math.max(0, end - Date.now())));
        }
      }));
      t.diagnostic(JSON.stringify({ told, asked, most: door.most, refused: door.refused }));
      assert.ok(door.refused * 50 <= asked, `${door.refused} of ${asked} were refused`);
      assert.ok(told > (2 * SLOWLY_SERVED) / RATE, `told ${told} s at most`);
    } finally {
      door.close();
      await site.halt().finally(() => removeFolder(folder));
    }
  });

  it('a burst of readers leaves a process for the first sender', { skip: PROFILE !== 'apache-fcgid' }, async () => {
    const { site, end } = await startWith(`FcgidMaxProcesses ${LIMIT}`);
    const gone = [];
    try {
      // So many at once that mod_fcgid starts all processes it may. Each asks again until they are
      // running.
      let over = false;
      const readers = Array.from({ length: 100 }, async () => {
        while (!over) {
          const answer = await request(site.port, '/poll?since=0&wait=25', { agent: false });
          assert.equal(answer.status, 200, answer.text);
        }
      });
      await until(() => site.programs(['poll']).length >= LIMIT - 1, 'readers to occupy all processes');
      over = true;
      gone.push(...readers);
      const answer = await request(site.port, '/send', {
        agent: false,
        method: 'POST',
        body: 'text=hi',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      });
      assert.equal(answer.status, 201, answer.text);
      await until(() => site.programs(['poll']).length <= 12, 'processes without work to end');
      await Promise.all(gone);
    } finally {
      await end();
    }
  });

  for (const [what, directive] of [['in all', 'FcgidMaxProcesses 5'], ['for each program', 'FcgidMaxProcessesPerClass 5']]) {
    it(`eight visitors of a host with five processes ${what} can talk to each other`, { skip: PROFILE !== 'apache-fcgid' }, async (t) => {
      const { site, end } = await startWith(directive);
      const door = { port: site.port };
      const notes = new Notes();
      const sentAt = new Map();
      try {
        const visitors = Promise.all(Array.from({ length: 8 }, async (_, number) => {
          await pause(number * 500);
          const began = performance.now();
          // As the page opens a room.
          await request(door.port, '/poll?room=five&last=50', { agent: false });
          notes.opened = Math.max(notes.opened, performance.now() - began);
          return visitor(door, 'five', notes, sentAt, number, SAID);
        }));
        await pause(10_000); // all are there, and no message comes for a while
        let slowestSend = 0;
        for (let n = 1; n <= SAID; n++) {
          const began = performance.now();
          const headers = { 'Content-Type': 'application/json', 'X-Forwarded-For': `198.51.100.${n % 8}` };
          const answer = await request(site.port, '/send', {
            agent: false,
            method: 'POST',
            body: JSON.stringify({ room: 'five', text: `m${n}` }),
            headers,
          });
          assert.equal(answer.status, 201, answer.text);
          sentAt.set(answer.json().seq, performance.now());
          slowestSend = Math.max(slowestSend, performance.now() - began);
          await pause(1000);
        }
        for (const seen of await visitors) assert.deepEqual(seen, Array.from({ length: SAID }, (_, i) => i + 1));
        const worst = Math.max(...notes.delays);
        t.diagnostic(
          JSON.stringify({
            slowestSend,
            worst,
            opened: notes.opened,
            held: notes.held,
            turnedAway: notes.turnedAway,
            told: notes.told,
            processes: site.programs().length,
          }),
        );
        assert.deepEqual([...notes.statuses.keys()], [200], 'no errors');
        // A full wait is 25 s: no message waited for the end of one.
        assert.ok(slowestSend < 12_000, `a message took ${Math.round(slowestSend)} ms to be sent`);
        assert.ok(notes.opened < 20_000, `it took ${Math.round(notes.opened)} ms to see the room`);
        assert.ok(worst < 15_000, `a message took ${Math.round(worst)} ms to be seen`);
      } catch (error) {
        console.error(site.log());
        throw error;
      } finally {
        await end();
      }
    });
  }

  it('a process limit that the programs can read is shared out, and /status shows it', { skip: PROFILE !== 'apache-cgi' }, async () => {
    const { site, end } = await startWith('<Directory "${CHAT_ROOT}/cgi-bin">\n    RLimitNPROC 12 12\n</Directory>');
    try {
      const status = await site.askStatus();
      assert.equal(status.processes, 12);
      assert.equal(status.max_held, 4);
      await site.send({ text: 'old' });
      const answers = [];
      const all = Array.from({ length: 6 }, async () => answers.push((await site.get('/poll?since=1&wait=25')).json()));
      await until(
        () => answers.length === 4,
        'all but two to be answered at once (no more than six processes at a time)',
      );
      assert.deepEqual(answers.map((a) => a.wait), [0, 0, 0, 0]);
      await site.send({ text: 'new' });
      await Promise.all(all);
      assert.deepEqual(answers.map((a) => a.messages.length).sort(), [0, 0, 0, 0, 1, 1]);
    } finally {
      await end();
    }
  });
});
