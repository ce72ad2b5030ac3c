// program.mjs - runs send, poll and pollchat without a web server: as plain CGI, and as FastCGI on
// a Unix socket.
//
// Environment: ROOT, the folder that holds cgi-bin/ (a stage or an installed tree).
//              STORE, postgres: each data folder's messages are in a database of its own
//              (../postgres/postgres.mjs); otherwise SQLite.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { dropDatabases, storeSettings } from '../postgres/postgres.mjs';
import { until } from '../wait.mjs';

export const root = process.env.ROOT ?? path.resolve('build/release/stage');

/**
 * The environment of each program: as small as a web server's, plus the options of the sanitizers.
 */
const environment = {
  PATH: `${process.env.PATH}:/usr/bin:/usr/sbin`,
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => /^[A-Z]+SAN_OPTIONS$/.test(name))),
};

/** Requests of these tests don't come from the machine itself, so floods would be limited. */
const unlimited = { POLLCHAT_LIMITS: 'off' };

/** The settings that say where a site's data are. */
const dataSettings = (data) => ({ POLLCHAT_DATA: data, ...storeSettings(data) });

export function programPath(name) {
  return path.join(root, 'cgi-bin', name);
}

/** A limit for each answer. A test that waited for ever would hide which answer is missing. */
const LIMIT_MS = 120_000;

/**
 * A program ends within two seconds of a signal. The rest is for busy machines and slow tools such
 * as valgrind.
 */
export const GONE_MS = 6000;

const endings = new WeakMap();

/**
 * Calls `what` when the test t ends. The last one registered runs first, so a program is stopped
 * before its folder is removed. All run, even if one fails. (t.after runs the first one first, and
 * stops at a failure.)
 */
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

/** Creates a folder for one test; it is removed when the test ends. */
export function temporaryFolder(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pollchat-test-'));
  atEnd(t, () => {
    fs.rmSync(folder, { recursive: true, force: true });
    dropDatabases(folder);
  });
  return folder;
}

async function text(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

/** Splits the output of a CGI program into status, headers (names in lower case) and body. */
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
  return {
    status: parseInt(headers.status, 10),
    headers,
    body,
    json: isJson && body !== '' ? JSON.parse(body) : undefined,
  };
}

/** The CGI variables of one request, as a web server sets them. */
export function variables({ program, method = 'GET', query = '', type, length, extra = {} }) {
  const all = {
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_PROTOCOL: 'HTTP/1.1',
    SERVER_NAME: 'chat.test',
    SERVER_PORT: '80',
    HTTP_HOST: 'chat.test',
    SERVER_SOFTWARE: 'lighttpd/1.4.69',
    REMOTE_ADDR: '127.0.0.1',
    REQUEST_METHOD: method,
    SCRIPT_NAME: `/${program}`,
    QUERY_STRING: query,
  };
  if (type !== undefined) all.CONTENT_TYPE = type;
  if (length !== undefined) all.CONTENT_LENGTH = String(length);
  return { ...all, ...extra };
}

/**
 * Starts a program as plain CGI. Write its standard input to `child.stdin`; `answer` resolves when
 * it ends.
 */
export function startCgi(data, request) {
  const env = { ...environment, ...unlimited, ...(data ? dataSettings(data) : {}), ...variables(request) };
  const child = spawn(programPath(request.program), [], {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  // A program that does not read the body may close its end first.
  child.stdin.on('error', () => {});
  const answer = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([stdout, stderr, [code, signal]]) => ({ ...parseAnswer(stdout), stdout, stderr, code, signal }),
  );
  return { child, answer };
}

/**
 * Makes one plain CGI request. body: string or Buffer. Its length is announced unless `length` is
 * given (null: none is announced).
 */
export async function cgi(data, request) {
  const body = Buffer.from(request.body ?? '');
  const length =
    request.length === null ? undefined : (request.length ?? (request.body !== undefined ? body.length : undefined));
  const { child, answer } = startCgi(data, { ...request, length });
  child.stdin.end(body);
  return answer;
}

export function send(data, fields, more = {}) {
  return cgi(data, {
    program: 'send',
    method: 'POST',
    type: 'application/x-www-form-urlencoded',
    body: new URLSearchParams(fields).toString(),
    ...more,
  });
}

export function poll(data, query = 'since=0', more = {}) {
  return cgi(data, { program: 'poll', query, ...more });
}

/** Runs the command line program pollchat. limit: ms; then it is killed. */
export async function pollchat(args, env = {}, { limit = LIMIT_MS } = {}) {
  const data = args.includes('--data') ? args[args.indexOf('--data') + 1] : env.POLLCHAT_DATA;
  const child = spawn(programPath('pollchat'), args, {
    env: { ...environment, ...(data ? storeSettings(data) : {}), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limit,
    killSignal: 'SIGKILL',
  });
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

/** Encodes parameters. A value that is a list becomes several parameters of the same name. */
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

/** Separates the streams of a FastCGI answer. `ended`: the END record has arrived. */
export function parseRecords(bytes) {
  const streams = { [STDOUT]: [], [STDERR]: [] };
  let ended = false;
  for (let at = 0; at + 8 <= bytes.length;) {
    const length = bytes.readUInt16BE(at + 4);
    streams[bytes[at + 1]]?.push(bytes.subarray(at + 8, at + 8 + length));
    ended ||= bytes[at + 1] === END;
    at += 8 + length + bytes[at + 6];
  }
  return {
    ...parseAnswer(Buffer.concat(streams[STDOUT]).toString()),
    stderr: Buffer.concat(streams[STDERR]).toString(),
    ended,
  };
}

// The socket file exists after bind(), but connections are refused until listen(). A flag in the
// kernel's list tells when.
const isListening = (socket) =>
  fs
    .readFileSync('/proc/net/unix', 'latin1')
    .split('\n')
    .some((line) => line.endsWith(` ${socket}`) && line.split(' ')[3] === '00010000');

/** Starts a program as FastCGI on a socket of its own. It is stopped at the end of the test. */
export async function startFastcgi(
  t,
  program,
  data,
  { env = {}, file = programPath(program), name = 'fcgi.sock' } = {},
) {
  const folder = temporaryFolder(t);
  const socket = path.join(folder, name);
  const child = spawn('spawn-fcgi', ['-n', '-s', socket, '-b', '128', '--', file], {
    env: { ...environment, ...unlimited, ...dataSettings(data), ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stderr = text(child.stderr);
  const gone = once(child, 'close');
  atEnd(t, async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await gone;
  });
  await until(() => child.exitCode !== null || isListening(socket), `${name} to accept connections`);
  if (child.exitCode !== null) throw new Error(`spawn-fcgi: ${await stderr}`);
  return { child, socket, gone, stderr };
}

/**
 * Makes one FastCGI request; resolves with the last byte of the answer, before the connection is
 * closed.
 */
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

/**
 * Makes one FastCGI request and returns the connection without reading from it. It is closed when
 * the test ends.
 */
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

/**
 * Writes the bytes to the socket unchanged; returns all that arrives until the program closes the
 * connection.
 */
export async function exchange(socket, ...pieces) {
  const connection = net.createConnection(socket);
  const came = [];
  connection.on('data', (piece) => came.push(piece));
  const closed = new Promise((resolve, reject) => {
    connection.setTimeout(LIMIT_MS, () => {
      reject(new Error(`the answer does not end; received so far: ${Buffer.concat(came)}`));
      connection.destroy();
    });
    connection.on('close', resolve);
    connection.on('error', resolve);
  });
  for (const piece of pieces) connection.write(piece);
  await closed;
  return Buffer.concat(came);
}

/** Makes one FastCGI request and returns its answer. */
export async function fastcgi(socket, request, { keep = false } = {}) {
  const body = Buffer.from(request.body ?? '');
  const all = variables({ ...request, length: request.length === null ? undefined : (request.length ?? body.length) });
  return parseRecords(await exchange(socket, beginRecord(keep), paramsRecords(all), stdinRecords(body)));
}

/** A GET of poll. */
export const pollRequest = (query, more = {}) => ({ program: 'poll', query, ...more });

/**
 * Asks for a path of poll from the same machine. where: a FastCGI program ({ socket }), or a data
 * folder, for plain CGI.
 */
async function askLocally(where, path_) {
  const request = pollRequest('', { extra: { SCRIPT_NAME: path_, HTTP_HOST: 'localhost' } });
  return (await (typeof where === 'string' ? cgi(where, request) : fastcgi(where.socket, request))).json;
}

/** What /status says of the site: its counters, and how many polls and streams wait. */
export const status = (where) => askLocally(where, '/status');

/** The topics of doctor's findings. */
export const topics = async (where) => (await askLocally(where, '/doctor')).findings.map(({ topic }) => topic);

export { aboutSqlite, lockDatabase, sqlOf, STORE } from '../postgres/postgres.mjs';
export { until } from '../wait.mjs';
