// program.mjs - runs send, poll and pollchat without a web server: as plain CGI, and as FastCGI on a Unix socket.
//
// Environment: ROOT, the folder that holds cgi-bin/ (a stage or an installed tree).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export const root = process.env.ROOT ?? path.resolve('build/release/stage');

/** What a program's environment begins with: as little as a server gives it, and the sanitizers' options. */
const environment = {
  PATH: `${process.env.PATH}:/usr/bin:/usr/sbin`,
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => /^[A-Z]+SAN_OPTIONS$/.test(name))),
};

export function programPath(name) {
  return path.join(root, 'cgi-bin', name);
}

/** What becomes of nothing within this time never will: a test that waited on would hold up all others, and nobody would know for what. */
const LIMIT_MS = 120_000;

/** A program that is told to end is gone within two seconds; the rest is for a machine that is busy, or tools that make it slow. */
export const GONE_MS = 6000;

const endings = new WeakMap();

/** Has this done when the test t ends: what was asked for last comes first, so that a folder goes after the program that writes in it; and all
 * of it is done, whatever becomes of one. (t.after begins with the first, and leaves out what is behind one that fails.) */
export function atEnd(t, what) {
  if (!endings.has(t)) {
    const list = [];
    endings.set(t, list);
    t.after(async () => {
      const failures = [];
      for (const each of list.reverse()) {
        try {
          await each();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    });
  }
  endings.get(t).push(what);
}

/** A new folder for one test's data; removed when the test ends. */
export function temporaryFolder(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pollchat-test-'));
  atEnd(t, () => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function text(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

/** Splits what a CGI program printed into status, headers (lower case) and body. */
export function parseAnswer(output) {
  const end = output.indexOf('\r\n\r\n');
  if (end < 0) return { status: 0, headers: {}, body: output };
  const headers = {};
  for (const line of output.slice(0, end).split('\r\n')) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const body = output.slice(end + 4);
  const isJson = /^application\/(problem\+)?json$/.test(headers['content-type'] ?? '');
  return { status: parseInt(headers.status, 10), headers, body, json: isJson && body !== '' ? JSON.parse(body) : undefined };
}

/** The CGI variables of one request, as a web server would set them. */
export function variables({ program, method = 'GET', query = '', type, length, extra = {} }) {
  const all = {
    GATEWAY_INTERFACE: 'CGI/1.1', SERVER_PROTOCOL: 'HTTP/1.1', SERVER_NAME: 'chat.test', SERVER_PORT: '80', HTTP_HOST: 'chat.test',
    SERVER_SOFTWARE: 'lighttpd/1.4.69',
    REMOTE_ADDR: '127.0.0.1', REQUEST_METHOD: method, SCRIPT_NAME: `/${program}`, QUERY_STRING: query,
  };
  if (type !== undefined) all.CONTENT_TYPE = type;
  if (length !== undefined) all.CONTENT_LENGTH = String(length);
  return { ...all, ...extra };
}

/** Starts a program as plain CGI. Give its standard input to `child.stdin`; `answer` resolves when it ends. */
export function startCgi(data, request) {
  const env = { ...environment, ...(data ? { POLLCHAT_DATA: data } : {}), ...variables(request) };
  const child = spawn(programPath(request.program), [], { env, stdio: ['pipe', 'pipe', 'pipe'], timeout: LIMIT_MS, killSignal: 'SIGKILL' });
  child.stdin.on('error', () => {}); // a program that doesn't want the body may leave first
  const answer = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([stdout, stderr, [code, signal]]) => ({ ...parseAnswer(stdout), stdout, stderr, code, signal }),
  );
  return { child, answer };
}

/** One request by plain CGI. body: string or Buffer; its length is announced unless `length` says otherwise (null: not at all). */
export async function cgi(data, request) {
  const body = Buffer.from(request.body ?? '');
  const length = request.length === null ? undefined : (request.length ?? (request.body !== undefined ? body.length : undefined));
  const { child, answer } = startCgi(data, { ...request, length });
  child.stdin.end(body);
  return answer;
}

export function send(data, fields, more = {}) {
  return cgi(data, {
    program: 'send', method: 'POST', type: 'application/x-www-form-urlencoded', body: new URLSearchParams(fields).toString(), ...more,
  });
}

export function poll(data, query = 'since=0', more = {}) {
  return cgi(data, { program: 'poll', query, ...more });
}

/** Runs pollchat. */
export async function pollchat(args, env = {}) {
  const child = spawn(programPath('pollchat'), args, { env: { ...environment, ...env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS, killSignal: 'SIGKILL' });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { stdout, stderr, code };
}

// ---- FastCGI ----

const BEGIN = 1;
const END = 3;
const PARAMS = 4;
const STDIN = 5;
const STDOUT = 6;
const STDERR = 7;

function record(type, content = Buffer.alloc(0), id = 1) {
  const head = Buffer.alloc(8);
  head[0] = 1;
  head[1] = type;
  head.writeUInt16BE(id, 2);
  head.writeUInt16BE(content.length, 4);
  return Buffer.concat([head, content]);
}

function pairLength(n) {
  if (n < 128) return Buffer.from([n]);
  const four = Buffer.alloc(4);
  four.writeUInt32BE((n | 0x80000000) >>> 0);
  return four;
}

export const beginRecord = (keep = false) => record(BEGIN, Buffer.from([0, 1, keep ? 1 : 0, 0, 0, 0, 0, 0]));

/** A value that is a list: as many variables of one name. */
export function paramsRecords(all) {
  const each = Object.entries(all).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  const pairs = each.map(([name, value]) => {
    const [n, v] = [Buffer.from(name), Buffer.from(value)];
    return Buffer.concat([pairLength(n.length), pairLength(v.length), n, v]);
  });
  return Buffer.concat([record(PARAMS, Buffer.concat(pairs)), record(PARAMS)]);
}

export function stdinRecords(body) {
  const pieces = [];
  for (let at = 0; at < body.length; at += 65535) pieces.push(record(STDIN, body.subarray(at, at + 65535)));
  return Buffer.concat([...pieces, record(STDIN)]);
}

/** Cuts what came from a FastCGI program into its streams. `ended`: the END record came. */
export function parseRecords(bytes) {
  const streams = { [STDOUT]: [], [STDERR]: [] };
  let ended = false;
  for (let at = 0; at + 8 <= bytes.length;) {
    const length = bytes.readUInt16BE(at + 4);
    streams[bytes[at + 1]]?.push(bytes.subarray(at + 8, at + 8 + length));
    ended ||= bytes[at + 1] === END;
    at += 8 + length + bytes[at + 6];
  }
  return { ...parseAnswer(Buffer.concat(streams[STDOUT]).toString()), stderr: Buffer.concat(streams[STDERR]).toString(), ended };
}

// The file is there from bind() on, but who comes before listen() is refused: the kernel's list has a flag for that.
const isListening = (socket) =>
  fs.readFileSync('/proc/net/unix', 'latin1').split('\n').some((line) => line.endsWith(` ${socket}`) && line.split(' ')[3] === '00010000');

/** Starts a program as FastCGI on a socket of its own, stopped at the end of the test. */
export async function startFastcgi(t, program, data, { env = {}, file = programPath(program), name = 'fcgi.sock' } = {}) {
  const folder = temporaryFolder(t);
  const socket = path.join(folder, name);
  const child = spawn('spawn-fcgi', ['-n', '-s', socket, '-b', '128', '--', file], {
    env: { ...environment, POLLCHAT_DATA: data, ...env }, stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stderr = text(child.stderr);
  const gone = once(child, 'close');
  atEnd(t, async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await gone;
  });
  await until(() => child.exitCode !== null || isListening(socket), `${name} to be listened on`);
  if (child.exitCode !== null) throw new Error(`spawn-fcgi: ${await stderr}`);
  return { child, socket, gone, stderr };
}

/** One whole request by FastCGI; resolves with the last byte of the answer, not with the close that follows it. */
export function fastcgiToLastByte(socket, request) {
  return new Promise((resolve, reject) => {
    const connection = net.createConnection(socket);
    let came = Buffer.alloc(0);
    connection.on('data', (piece) => {
      came = Buffer.concat([came, piece]);
      const answer = parseRecords(came);
      if (answer.ended) resolve(answer);
    });
    connection.on('error', reject);
    connection.on('close', () => reject(new Error('closed before the end of an answer')));
    connection.setTimeout(LIMIT_MS, () => connection.destroy(new Error('no answer')));
    connection.write(Buffer.concat([beginRecord(), paramsRecords(variables(request)), stdinRecords(Buffer.alloc(0))]));
  });
}

/** One whole request by FastCGI whose answer nobody reads, but whoever calls: a socket. It is closed at the end of the test. */
export function unread(t, socket, request) {
  const connection = net.createConnection(socket);
  connection.pause();
  connection.on('error', () => {});
  const body = Buffer.from(request.body ?? '');
  const all = variables({ ...request, length: request.body === undefined ? undefined : body.length });
  connection.write(Buffer.concat([beginRecord(), paramsRecords(all), stdinRecords(body)]));
  atEnd(t, () => connection.destroy());
  return connection;
}

/** Writes bytes to the socket as they are; collects what comes until the program closes the connection. */
export async function exchange(socket, ...pieces) {
  const connection = net.createConnection(socket);
  const came = [];
  connection.on('data', (piece) => came.push(piece));
  const closed = new Promise((resolve, reject) => {
    connection.setTimeout(LIMIT_MS, () => {
      reject(new Error(`neither an answer nor its end; so far: ${Buffer.concat(came)}`));
      connection.destroy();
    });
    connection.on('close', resolve);
    connection.on('error', resolve);
  });
  for (const piece of pieces) connection.write(piece);
  await closed;
  return Buffer.concat(came);
}

/** One whole request by FastCGI. */
export async function fastcgi(socket, request, { keep = false } = {}) {
  const body = Buffer.from(request.body ?? '');
  const all = variables({ ...request, length: request.length === null ? undefined : (request.length ?? body.length) });
  return parseRecords(await exchange(socket, beginRecord(keep), paramsRecords(all), stdinRecords(body)));
}

/** Waits until the condition holds; fails loudly when it never does. */
export async function until(condition, what, limitMs = 60_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await delay(10);
  }
}
