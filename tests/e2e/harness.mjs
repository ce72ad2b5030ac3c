// harness.mjs - starts pollchat on a real web server for a test, sends requests to it, stops it.
//
//   const site = await start();                       PROFILE's server, a new data folder
//   const answer = await site.send({ text: 'hi' });   { status, headers, body, json() }
//   await site.stop();                                no process and no folder is left
//
// Environment: ROOT    a staged folder (make stage); default build/release/stage
//              PROFILE lighttpd (default), lighttpd-cgi, apache-proxy, apache-fcgid, apache-cgi,
//                      nginx, caddy
//              WRAP    a command put before the programs, such as 'strace -f -o /tmp/s',
//                      'valgrind -q --log-file=/tmp/v.%p' or 'env ASAN_OPTIONS=log_path=/tmp/asan'
//              STORE   postgres: each site keeps its messages in a database of its own (see
//                      ../postgres/postgres.mjs); otherwise SQLite
//              KEEP    1 keeps the folders of a run, and prints where they are
//
// Each site runs from its own copy of ROOT: so its programs can be recognised by their path. All
// processes are stopped by process id, also when a test file ends early.

import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { aboutSqlite, dropDatabases, sqlOf, STORE, storeSettings } from '../postgres/postgres.mjs';
import { GIVE_UP_MS, pause, until } from '../wait.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const serveScript = path.join(here, '..', 'serve', 'serve');

export const ROOT = path.resolve(process.env.ROOT ?? path.join(here, '..', '..', 'build', 'release', 'stage'));
export const PROFILE = process.env.PROFILE ?? 'lighttpd';
export const isFastcgi = !PROFILE.endsWith('-cgi');
/** Each request takes a process, and so does each waiting poll. */
export const costsProcess = ['lighttpd-cgi', 'apache-cgi', 'apache-fcgid'].includes(PROFILE);
/** The server passes on the events of a stream at once. */
export const streamsFlow = !costsProcess;
export const isRoot = process.getuid() === 0;
export { aboutSqlite, pause, STORE, until };

const WRAP = process.env.WRAP ?? '';

const running = new Set();
process.on('exit', () => {
  for (const site of running) {
    site.child.kill('SIGTERM');
  }
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => process.exit(1)); // runs the handler above
}

export function freePort() {
  return new Promise((done, fail) => {
    const server = net.createServer();
    server.on('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

// ---- folders ----

/**
 * Creates a folder that other users may enter: the servers drop root, and must still reach the
 * programs.
 */
export function makeFolder() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pollchat-e2e.'));
  fs.chmodSync(folder, 0o755);
  return folder;
}

export function removeFolder(folder) {
  if (process.env.KEEP === '1') {
    console.error(`kept: ${folder}`);
  } else {
    fs.rmSync(folder, { recursive: true, force: true });
    dropDatabases(folder);
  }
}

/** Copies ROOT, and puts WRAP before its programs. */
export function copyRoot(to) {
  fs.cpSync(ROOT, to, { recursive: true });
  for (const name of WRAP === '' ? [] : ['send', 'poll']) {
    const program = path.join(to, 'cgi-bin', name);
    fs.writeFileSync(`${program}.new`, `#!/bin/sh\nexec ${WRAP} '${path.join(ROOT, 'cgi-bin', name)}' "$@"\n`, {
      mode: 0o755,
    });
    fs.renameSync(`${program}.new`, program);
  }
  return to;
}

// ---- processes, from /proc ----

function readProcess(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const args = fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    let exe = '';
    try {
      exe = fs.readlinkSync(`/proc/${pid}/exe`);
    } catch {
      // A zombie, or a process of another user.
    }
    return { pid, state, parent: Number(parent), session: Number(session), exe, args };
  } catch {
    return null; // it has ended in the meantime
  }
}

export function processes() {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((p) => p !== null && p.state !== 'Z' && p.state !== 'X');
}

export const isAlive = (pid) => {
  const p = readProcess(pid);
  return p !== null && p.state !== 'Z' && p.state !== 'X';
};

export function signal(pid, name) {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if (error.code === 'ESRCH') {
      return false;
    }
    throw error;
  }
}

/**
 * Limits the size of files for a process and its later children; Infinity: no limit. Returns an
 * error message, or null. prlimit runs as the owner of the process: root in a container may not
 * change the processes of others.
 */
export function limitFileSize(pid, bytes) {
  const owner = fs.statSync(`/proc/${pid}`, { throwIfNoEntry: false });
  if (owner === undefined) {
    return `${pid} has ended`;
  }
  const { uid, gid } = owner;
  const limit = bytes === Infinity ? 'unlimited' : bytes;
  const done = spawnSync('prlimit', [`--pid=${pid}`, `--fsize=${limit}:`], {
    encoding: 'utf8',
    ...(isRoot ? { uid, gid } : {}),
  });
  return done.status === 0 ? null : done.stderr;
}

/** All processes below `pid`, without itself. */
export function descendants(pid) {
  const all = processes();
  const found = new Set([pid]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const p of all) {
      if (!found.has(p.pid) && found.has(p.parent)) {
        found.add(p.pid);
        grown = true;
      }
    }
  }
  found.delete(pid);
  return all.filter((p) => found.has(p.pid));
}

// ---- HTTP ----

class Answer {
  constructor(status, headers, rawHeaders, body) {
    this.status = status;
    this.headers = headers;
    this.rawHeaders = rawHeaders;
    this.body = body;
  }

  get text() {
    return this.body.toString('utf8');
  }

  json() {
    try {
      return JSON.parse(this.text);
    } catch {
      throw new Error(`no JSON, but ${this.status}: ${this.text.slice(0, 500)}`);
    }
  }

  /** The number of lines of a header. Node itself joins or drops repeated ones. */
  count(name) {
    return this.rawHeaders.filter((value, i) => i % 2 === 0 && value.toLowerCase() === name).length;
  }
}

/**
 * Makes one request; the path is sent unchanged. options: method, headers, body (string or Buffer),
 * chunked, agent.
 */
export function request(port, target, { method = 'GET', headers = {}, body = null, chunked = false, agent = undefined } = {}) {
  return new Promise((done, fail) => {
    const bytes = body === null ? null : Buffer.from(body);
    const length = bytes !== null && !chunked ? { 'Content-Length': bytes.length } : {};
    const r = http.request({ host: '127.0.0.1', port, method, path: target, headers: { ...length, ...headers }, agent }, (answer) => {
      const pieces = [];
      answer.on('data', (piece) => pieces.push(piece));
      answer.on('error', fail);
      answer.on('aborted', () => fail(new Error('the answer was cut off')));
      answer.on('end', () =>
        done(new Answer(answer.statusCode, answer.headers, answer.rawHeaders, Buffer.concat(pieces))),
      );
    });
    r.on('error', fail);
    r.setTimeout(GIVE_UP_MS, () => r.destroy(new Error('no answer')));
    if (bytes !== null && chunked) {
      const half = Math.ceil(bytes.length / 2);
      r.write(bytes.subarray(0, half));
      r.write(bytes.subarray(half));
      r.end();
    } else {
      r.end(bytes ?? undefined);
    }
  });
}

/**
 * Sends the bytes unchanged over a new connection; resolves to everything received when the server
 * closes it.
 */
export function rawRequest(port, bytes, { halfClose = false } = {}) {
  return new Promise((done, fail) => {
    const pieces = [];
    const socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true }, () => {
      if (halfClose) {
        socket.end(bytes);
      } else {
        socket.write(bytes);
      }
    });
    const finish = () => {
      socket.destroy();
      done(Buffer.concat(pieces).toString('latin1'));
    };
    socket.on('data', (piece) => pieces.push(piece));
    socket.on('end', finish);
    socket.on('error', (error) => (error.code === 'ECONNRESET' || error.code === 'EPIPE' ? finish() : fail(error)));
    socket.setTimeout(GIVE_UP_MS, () => fail(new Error('no answer')));
  });
}

// ---- a site ----

class Site {
  constructor(child, port, folder, root, data, store) {
    this.child = child;
    this.port = port;
    this.folder = folder;
    this.root = root;
    this.data = data;
    this.store = store; // the settings that say which store it is
    this.run = path.join(folder, 'run');
    this.output = '';
    this.ended = new Promise((done) => {
      child.on('close', (code, signalName) => {
        running.delete(this);
        this.status = { code, signal: signalName };
        done(this.status);
      });
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        this.output += text;
      });
    }
    running.add(this);
  }

  async ready() {
    await until(
      () => this.status !== undefined || this.output.includes('pollchat on '),
      `${PROFILE} to start`,
      GIVE_UP_MS,
    );
    if (this.status !== undefined) {
      throw new Error(`serve ended with ${JSON.stringify(this.status)}\n${this.output}`);
    }
  }

  get(target, options) {
    return request(this.port, target, options);
  }

  /** What GET /status says. */
  async askStatus(headers = {}) {
    return (await this.get('/status', { headers })).json();
  }

  /** POST /send with fields as JSON. */
  send(fields, options = {}) {
    return request(this.port, '/send', {
      method: 'POST',
      body: JSON.stringify(fields),
      ...options,
      headers: { 'Content-Type': 'application/json', ...options.headers },
    });
  }

  /** The path of a program as this site runs it. */
  program(name) {
    return path.join(this.root, 'cgi-bin', name);
  }

  /** The running send and poll processes of this site. */
  programs(names = ['send', 'poll']) {
    const paths = names.map((name) => this.program(name));
    const wrapped = names.map((name) => path.join(ROOT, 'cgi-bin', name));
    return processes().filter(
      (p) =>
        paths.includes(p.exe.replace(/ \(deleted\)$/, '')) ||
        (WRAP !== '' && wrapped.some((name) => p.args.includes(name))),
    );
  }

  /** The logs of the server and the programs. */
  log() {
    const names = fs.existsSync(this.run) ? fs.readdirSync(this.run).filter((name) => name.endsWith('.log')) : [];
    return names.map((name) => `--- ${name}\n${fs.readFileSync(path.join(this.run, name), 'utf8')}`).join('');
  }

  /** Runs SQL in the site's database, of either store; returns rows, columns separated by |. */
  sql(text) {
    return sqlOf(this.data, text);
  }

  /** Runs pollchat check on the data folder, as its owner. */
  check() {
    const { uid, gid } = fs.statSync(this.data);
    const result = spawnSync(path.join(ROOT, 'cgi-bin', 'pollchat'), ['check', '--data', this.data], {
      encoding: 'utf8',
      cwd: this.data,
      env: { ...process.env, ...this.store },
      ...(isRoot ? { uid, gid } : {}),
    });
    return { status: result.status, output: `${result.stdout}${result.stderr}` };
  }

  /** Stops the site and checks that no process is left. The data folder stays until remove(). */
  async halt(signalName = 'SIGTERM') {
    const ours = descendants(this.child.pid);
    this.child.kill(signalName);
    await this.ended;
    const left = [...ours.filter((p) => isAlive(p.pid)), ...this.programs()];
    if (this.status.code !== 0 || left.length > 0) {
      throw new Error(
        `stopped with ${JSON.stringify(this.status)}, left: ${left.map((p) => p.args.join(' '))}\n${this.output}${this.log()}`,
      );
    }
  }

  remove() {
    removeFolder(this.folder);
  }

  async stop() {
    try {
      if (this.status === undefined) {
        await this.halt();
      }
    } finally {
      this.remove();
    }
  }
}

/**
 * Starts serve without waiting for it. options: env, data, folder, root, port, profile; before: a
 * list, the command that starts serve.
 */
export async function launch(options = {}) {
  const folder = options.folder ?? makeFolder();
  const root = options.root ?? path.join(folder, 'root');
  if (!fs.existsSync(root)) {
    copyRoot(root);
  }
  const data = options.data ?? path.join(folder, 'data');
  const port = options.port ?? (await freePort());
  const inherited = Object.entries(process.env).filter(([name]) => !/^(POLLCHAT|CHAT)_/.test(name));
  // Caddy sends forwarding headers of its own, so each request counts as proxied, for the status
  // and for limits.
  const own = (options.profile ?? PROFILE) === 'caddy' ? { POLLCHAT_STATUS: 'everyone', POLLCHAT_LIMITS: 'off' } : {};
  const { CHAT_STORE, POLLCHAT_STORE = CHAT_STORE } = options.env ?? {};
  const store = POLLCHAT_STORE === undefined ? storeSettings(data) : { POLLCHAT_STORE };
  const env = { ...Object.fromEntries(inherited), ...own, ...(CHAT_STORE === undefined ? store : {}), CHAT_RUN: path.join(folder, 'run'), ...options.env };
  const command = [...(options.before ?? []), serveScript, options.profile ?? PROFILE, String(port), data, root];
  const child = spawn(command[0], command.slice(1), { env, stdio: ['ignore', 'pipe', 'pipe'] });
  return new Site(child, port, folder, root, data, store);
}

/** Starts a site and waits until it answers. */
export async function start(options = {}) {
  for (let tries = 3; ; tries--) {
    const site = await launch(options);
    try {
      await site.ready();
      return site;
    } catch (error) {
      site.child.kill('SIGTERM');
      await site.ended;
      const log = site.log();
      if (options.folder === undefined) {
        site.remove();
      }
      if (tries > 1 && options.port === undefined && site.output.includes('is in use')) {
        continue; // another process has taken the port, which was free a moment ago
      }
      throw new Error(`${error.message}\n${log}`);
    }
  }
}

/** Runs a test's body with a site, and shows the logs when it fails. */
export async function withSite(options, body) {
  const site = await start(options);
  try {
    await body(site);
  } catch (error) {
    console.error(`${site.output}${site.log()}`);
    throw error;
  } finally {
    await site.stop();
  }
}
