// fake-server.mjs - serves the page and a chat in memory, and fails on demand. For faults that a real
// server doesn't show at a given moment. two-tabs.test.mjs tests real servers.
//
//   const server = await FakeServer.start();
//   server.faults.send.push('lost'); // the next message is stored, but its answer never comes
//                                    // other faults: 503, slow, hang, refuse, portal
//   await server.die(); await server.revive();

import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PeaceChat } from '../js/peace-world.mjs';

const WWW = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..', 'www');
const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml' };
const SLOW_MS = 1500;

const retryAfter = ({ headers }) => (headers?.get('Retry-After') ? { 'Retry-After': headers.get('Retry-After') } : {});

export class FakeServer {
  faults = { send: [], poll: [] };
  filter = /(?!)/; // to texts that match, a filter answers with a page of its own
  sends = []; // the bodies of /send, in the order in which they came
  #sockets = new Set();

  /** paths: of several chats on one host; `chat` is the first of them. */
  static async start(clock = { now: () => Date.now() }, paths = ['/']) {
    const server = new FakeServer();
    server.chats = new Map(paths.map((folder) => [folder, new PeaceChat(clock)]));
    [server.chat] = server.chats.values();
    await server.revive();
    return server;
  }

  get address() {
    return `http://127.0.0.1:${this.port}/`;
  }

  async revive() {
    this.http = http.createServer((request, response) => this.#answer(request, response));
    this.http.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise((done, fail) => {
      this.http.once('error', fail);
      this.http.listen(this.port ?? 0, '127.0.0.1', done);
    });
    this.port = this.http.address().port;
  }

  async die() {
    const closed = new Promise((done) => this.http.close(done));
    this.#sockets.forEach((socket) => socket.destroy());
    await closed;
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.address);
    const [folder, chat] = [...this.chats].find(([start]) => url.pathname.startsWith(start)) ?? ['/', this.chat];
    const name = url.pathname.slice(folder.length);
    if (!['send', 'poll', 'poll/me', 'poll/desk', 'send/act'].includes(name)) {
      this.#file(name === '' ? 'index.html' : name, response);
      return;
    }
    const pieces = [];
    for await (const piece of request) {
      pieces.push(piece);
    }
    const body = Buffer.concat(pieces).toString();
    if (name === 'send') {
      this.sends.push(JSON.parse(body));
    }
    const fault = this.faults[name]?.shift();
    if (fault === 'hang') {
      return;
    }
    if (fault === 'slow') {
      await new Promise((done) => setTimeout(done, SLOW_MS));
    }
    if (fault === '503') {
      this.#json(response, 503, { type: 'urn:pollchat:problem:store-busy', title: 'Service Unavailable', status: 503, detail: 'The store is busy.' }, { 'Retry-After': '1' });
      return;
    }
    if (fault === 'refuse') {
      this.#json(response, 400, { type: 'urn:pollchat:problem:bad-input', title: 'Bad Request', status: 400, detail: 'text is not nice.', field: 'text' });
      return;
    }
    if (fault === 'portal' || this.filter.test(body)) {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Welcome</h1>');
      return;
    }
    const answer = chat.answer(url, { body, headers: request.headers });
    if (fault === 'lost') {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...retryAfter(answer) }).end(await answer.text());
  }

  #json(response, status, body, headers = {}) {
    response.writeHead(status, { 'Content-Type': 'application/problem+json', ...headers }).end(JSON.stringify(body));
  }

  #file(name, response) {
    const file = path.join(WWW, path.normalize(`/${name}`));
    if (!fs.existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'Content-Type': TYPES[path.extname(file)] ?? 'application/octet-stream' }).end(fs.readFileSync(file));
  }
}

/** Runs body(server), then stops the server. */
export async function withFake(body, clock, paths) {
  const server = await FakeServer.start(clock, paths);
  try {
    await body(server);
  } finally {
    await server.die().catch(() => {});
  }
}
