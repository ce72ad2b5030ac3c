// php.mjs - PHP's own web server for a test, and tokens read as the chat reads them.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { until } from '../wait.mjs';

export const ROOT = path.resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
export const SECRET = '0123456789abcdef0123456789abcdef';

export async function freePort() {
  const server = net.createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Runs body(folder) with a new folder, which is removed afterwards. */
export async function withFolder(body) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pollchat-bridge-'));
  try {
    return await body(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/**
 * Serves a folder by PHP. body({ get, port }): get(path, { cookie, headers, form }) resolves with
 * { status, headers, text, cookies }. A warning of PHP fails the test.
 */
export async function withPhp(folder, env, body, port) {
  port ??= await freePort();
  const log = [];
  const sessions = fs.mkdtempSync(path.join(os.tmpdir(), 'pollchat-sessions-'));
  const settings = ['display_errors=1', 'error_reporting=E_ALL', `session.save_path=${sessions}`].flatMap((one) => ['-d', one]);
  const php = spawn('php', ['-n', ...extensions(), ...settings, '-S', `127.0.0.1:${port}`, '-t', folder], { env: { ...process.env, ...env } });
  php.stderr.on('data', (piece) => log.push(String(piece)));
  const get = async (where, { cookie = '', headers = {}, form } = {}) => {
    const init = form ? { method: 'POST', body: new URLSearchParams(form) } : {};
    const answer = await fetch(`http://127.0.0.1:${port}${where}`, { ...init, redirect: 'manual', headers: { ...headers, cookie } });
    // Debian's node has no getSetCookie. A comma within a date has no name behind it.
    const cookies = (answer.headers.get('set-cookie') ?? '').split(/, (?=[^ ;,]+=)/).filter(Boolean).map((one) => one.split(';')[0]);
    return { status: answer.status, headers: answer.headers, text: await answer.text(), cookies };
  };
  try {
    await until(() => get('/nothing-here').then(() => true, () => false));
    await body({ get, port });
    assert.doesNotMatch(log.join(''), /PHP (Warning|Notice|Deprecated|Fatal|Parse)/);
  } finally {
    php.kill();
    await new Promise((done) => (php.exitCode ?? php.signalCode) === null ? php.on('exit', done) : done());
    fs.rmSync(sessions, { recursive: true });
  }
}

/** Without php.ini only what is built in is there; these are modules in Debian. */
function extensions() {
  const folder = fs.readdirSync('/usr/lib/php').filter((name) => /^\d{8}$/.test(name)).sort().at(-1);
  return ['ctype', 'tokenizer', 'pdo', 'pdo_sqlite'].filter((name) => fs.existsSync(`/usr/lib/php/${folder}/${name}.so`)).flatMap((name) => ['-d', `extension=${name}`]);
}

const decode = (part) => JSON.parse(Buffer.from(part, 'base64url'));

/** The claims of a token that is signed well; its header is { header }. */
export function read(token, { secret = SECRET, kid } = {}) {
  const [header, claims, signature] = token.split('.');
  assert.equal(signature, createHmac('sha256', secret).update(`${header}.${claims}`).digest('base64url'));
  assert.deepEqual(decode(header), { alg: 'HS256', typ: 'JWT', ...(kid && { kid }) });
  const { iat, exp, ...rest } = decode(claims);
  assert.equal(exp - iat, 600);
  assert.ok(Math.abs(iat - Date.now() / 1000) < 60);
  return rest;
}

/** The claims in an answer of a bridge; null for a guest. */
export function claimsIn(answer, how) {
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers.get('Content-Type'), /^application\/json/);
  assert.equal(answer.headers.get('Cache-Control'), 'no-store');
  assert.equal(answer.headers.get('X-Content-Type-Options'), 'nosniff');
  const { token } = JSON.parse(answer.text);
  return token && read(token, how);
}
