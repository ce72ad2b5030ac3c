// neighbours.test.mjs - another site on the same web server, which has its stock settings. Far more
// visitors come to the chat than the server has connections or workers, and the other site's pages
// are still served.
//
// Environment: NEIGHBOURS_TIMES (10): visitors for each poll that may wait; NEIGHBOURS_S (5): how
// long they stay; NEIGHBOURS_RAMP_S (5): the time in which they arrive

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';

import { copyRoot, freePort, makeFolder, pause, PROFILE, removeFolder, start, until } from './harness.mjs';

const TIMES = Number(process.env.NEIGHBOURS_TIMES ?? 10);
const STAY_MS = 1000 * Number(process.env.NEIGHBOURS_S ?? 5);
const RAMP_MS = 1000 * Number(process.env.NEIGHBOURS_RAMP_S ?? 5);
const LATE_MS = 5000; // people give up on a page then

/** Sets the number of workers, and leaves the limit of waiting polls to the programs. */
function setApache(root, workers) {
  const file = path.join(root, 'apache', 'server.conf');
  let text = fs.readFileSync(file, 'utf8').replace(/^SetEnv POLLCHAT_MAX_WAITING_APACHE.*$/m, '');
  for (const [name, value] of Object.entries(workers))
    text = text.replace(new RegExp(`^${name} .*$`, 'm'), `${name} ${value}`);
  fs.writeFileSync(file, text);
}

/**
 * The stock settings of each server (Debian 12), with another site on it. Each function returns the
 * options of start() and the other site's port.
 */
const stock = {
  async lighttpd(folder, root, other) {
    const file = path.join(root, 'lighttpd', 'server.conf');
    const text = fs.readFileSync(file, 'utf8').replace(/^server\.max-fds.*$/m, '');
    fs.writeFileSync(file, `${text}\n$HTTP["host"] == "www.example.org" { server.document-root = "${other}" }\n`);
    // The limits of descriptors are systemd's.
    return { env: { POLLCHAT_MAX_WAITING: 'auto' }, before: ['prlimit', '--nofile=1024:8192'], neighbour: {} };
  },
  async nginx(folder, root, other) {
    const settings = path.join(folder, 'run', 'settings.d');
    const port = await freePort();
    fs.mkdirSync(settings, { recursive: true });
    fs.writeFileSync(path.join(settings, 'other.conf'), `server { listen 127.0.0.1:${port}; root ${other}; }\n`);
    return { env: { CHAT_CONNECTIONS: '768' }, before: ['prlimit', '--nofile=1024:8192'], neighbour: { port } };
  },
  async 'apache-proxy'(folder, root, other) {
    const file = path.join(root, 'apache', 'server.conf');
    const port = await freePort();
    const workers = { StartServers: 2, ServerLimit: 16, ThreadLimit: 64, ThreadsPerChild: 25, MaxRequestWorkers: 150 };
    setApache(root, workers);
    fs.appendFileSync(
      file,
      `\nListen 127.0.0.1:${port}\n<VirtualHost 127.0.0.1:${port}>\nDocumentRoot "${other}"\n<Directory "${other}">\nRequire all granted\n</Directory>\n</VirtualHost>\n`,
    );
    return { before: ['prlimit', '--nofile=1024:8192'], neighbour: { port } };
  },
};

/**
 * Fetches a page of the other site again and again. It runs in its own thread, so that the load of
 * this one does not delay it.
 */
class Reader {
  constructor(port) {
    this.worker = new Worker(
      `const { parentPort, workerData: { port } } = require('node:worker_threads');
       const http = require('node:http');
       let list = [];
       const once = () => new Promise((done) => {
         const began = performance.now();
         const end = (status) => { list.push([status, performance.now() - began]); done(); };
         const r = http.get({ port, host: '127.0.0.1', path: '/index.html', headers: { Host: 'www.example.org' }, agent: false }, (answer) => {
           answer.resume(); answer.on('end', () => end(answer.statusCode)); answer.on('error', () => end(0));
         });
         r.on('error', () => end(0)); r.setTimeout(30000, () => r.destroy(new Error('late')));
       });
       parentPort.on('message', () => { parentPort.postMessage(list); list = []; });
       (async () => { for (;;) { await once(); await new Promise((done) => setTimeout(done, 20)); } })();`,
      { eval: true, workerData: { port } },
    );
  }

  /** Returns [status, ms] of each fetch since the last call. */
  async take() {
    this.worker.postMessage('take');
    return new Promise((done) => this.worker.once('message', done));
  }
}

function figures(list) {
  const times = list.map(([, ms]) => ms).sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  return { count: times.length, median: at(0.5), p99: at(0.99), worst: times.at(-1) };
}

/** Polls as the page does, until told to stop. */
async function visitor(site, notes) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  while (!notes.over) {
    await new Promise((done) => {
      const r = http.get({ port: site.port, host: '127.0.0.1', path: '/poll?since=now&wait=25', agent }, (answer) => {
        let text = '';
        answer.on('data', (piece) => (text += piece));
        answer.on('error', done);
        answer.on('end', async () => {
          const page = answer.statusCode === 200 ? JSON.parse(text) : { wait: 0, poll_after: 2 };
          notes.answers.set(answer.statusCode, (notes.answers.get(answer.statusCode) ?? 0) + 1);
          if (page.wait === 0) {
            notes.told = Math.max(notes.told, page.poll_after);
            await notes.pause(page.poll_after * 1000 * (0.9 + Math.random() / 5));
          }
          done();
        });
      });
      r.on('error', async () => {
        notes.failed += notes.over ? 0 : 1;
        await notes.pause(2000);
        done();
      });
      notes.requests.add(r);
      r.on('close', () => notes.requests.delete(r));
    });
  }
  agent.destroy();
}

describe(`${PROFILE}: neighbours`, { skip: stock[PROFILE] === undefined }, () => {
  it(`pages of another site are served while ${TIMES} times as many visitors come as may wait`, async (t) => {
    const folder = makeFolder();
    const root = copyRoot(path.join(folder, 'root'));
    const other = path.join(folder, 'other');
    fs.mkdirSync(other, { mode: 0o755 });
    fs.writeFileSync(path.join(other, 'index.html'), 'the other site');
    const { neighbour, ...options } = await stock[PROFILE](folder, root, other);
    const site = await start({ folder, root, ...options });
    const reader = new Reader(neighbour.port ?? site.port);
    let over;
    const ended = new Promise((done) => (over = done));
    const notes = {
      over: false,
      answers: new Map(),
      failed: 0,
      told: 0,
      requests: new Set(),
      pause: (ms) =>
        new Promise((done) => {
          const timer = setTimeout(done, ms);
          ended.then(() => (clearTimeout(timer), done()));
        }),
    };
    try {
      await site.send({ text: 'old' });
      const status = await site.askStatus();
      const crowd = TIMES * status.max_waiting;
      await pause(1500);
      const idle = figures(await reader.take());
      const all = Array.from({ length: crowd }, async (_, i) => {
        await notes.pause((RAMP_MS * i) / crowd);
        if (!notes.over) await visitor(site, notes);
      });
      await pause(RAMP_MS);
      const coming = await reader.take();
      await pause(STAY_MS);
      const staying = await reader.take();
      const { parked } = await site.askStatus();
      notes.over = true;
      over();
      for (const r of notes.requests) r.destroy();
      await Promise.all(all);
      t.diagnostic(
        JSON.stringify({
          max_waiting: status.max_waiting,
          why: status.max_waiting_why,
          crowd,
          parked,
          told: notes.told,
          failed: notes.failed,
          answers: [...notes.answers],
          idle,
          coming: figures(coming),
          staying: figures(staying),
        }),
      );
      const failed = [...coming, ...staying].filter(([code]) => code !== 200);
      assert.deepEqual(failed, [], 'each page of the other site is served');
      assert.ok(figures([...coming, ...staying]).worst < LATE_MS, 'each page is served in time');
      assert.ok(parked.polls >= status.max_waiting / 2, `many polls wait: ${parked.polls} of ${status.max_waiting}`);
    } catch (error) {
      console.error(site.log().slice(-4000));
      throw error;
    } finally {
      await reader.worker.terminate();
      await site.halt().finally(() => removeFolder(folder));
    }
  });

  it('an Apache of ten workers keeps most of them free, however many polls ask to wait', { skip: PROFILE !== 'apache-proxy' }, async () => {
    const folder = makeFolder();
    const root = copyRoot(path.join(folder, 'root'));
    setApache(root, { StartServers: 1, ServerLimit: 1, ThreadLimit: 10, ThreadsPerChild: 10, MaxRequestWorkers: 10 });
    const site = await start({ folder, root });
    try {
      await site.send({ text: 'old' });
      const answers = [];
      const all = Array.from({ length: 30 }, async (_, n) =>
        answers.push((await site.get(`/poll?since=1&wait=25&n=${n}`, { agent: false })).json()),
      );
      await until(() => answers.length >= 27, 'the polls over the limit to be answered');
      for (let n = 0; n < 10; n++) assert.equal((await site.get('/icon.svg', { agent: false })).status, 200);
      assert.equal(answers.length, 27, 'a third of the workers hold waiting polls, the others serve pages');
      assert.ok(answers.every(({ wait, poll_after: after }) => wait === 0 && after >= 2));
      const status = await site.askStatus();
      assert.equal(status.max_waiting, 3);
      assert.match(status.max_waiting_why, /10 workers/);
      await site.send({ text: 'new' });
      await Promise.all(all);
      assert.equal(answers.filter(({ messages }) => messages.length === 1).length, 3);
    } finally {
      await site.halt().finally(() => removeFolder(folder));
    }
  });

  it('/status and /doctor say how many polls may wait, and why', { skip: PROFILE !== 'lighttpd' }, async () => {
    const site = await start({ before: ['prlimit', '--nofile=1024:8192'], env: { POLLCHAT_MAX_WAITING: 'auto' } });
    try {
      const status = await site.askStatus();
      assert.ok(status.max_waiting > 0);
      assert.match(status.max_waiting_why, /connections that lighttpd admits/);
      const { findings } = (await site.get('/doctor')).json();
      const { text } = findings.find(({ topic }) => topic === 'waiting');
      assert.ok(text.includes(String(status.max_waiting)) && text.includes(status.max_waiting_why), text);
    } finally {
      await site.stop();
    }
  });
});
