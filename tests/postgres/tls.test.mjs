// tls.test.mjs - with sslmode=verify-full the programs talk to the database by TLS, and only to the
// server that has a certificate of the named authority for the named host. Any other server gets no
// password: clients are answered 503, and the log says why.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { poll, send, temporaryFolder } from '../cgi/program.mjs';
import { startPostgres } from './postgres.mjs';

const HOST = 'db.pollchat.test'; // in no DNS: the addresses below have the number
const OTHER = 'other.pollchat.test';

const openssl = (cwd, text) => execFileSync('openssl', text.split(' '), { cwd, stdio: ['ignore', 'ignore', 'pipe'] });

const NEW_KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout';

/** An authority NAME.crt, and a certificate of it for each host, NAME-HOST.crt. */
function makeAuthority(folder, name, ...hosts) {
  openssl(folder, `req -x509 ${NEW_KEY} ${name}.key -out ${name}.crt -days 2 -subj /CN=${name}`);
  for (const host of hosts) {
    const file = `${name}-${host}`;
    openssl(folder, `req ${NEW_KEY} ${file}.key -out ${file}.csr -subj /CN=${host}`);
    openssl(folder, `x509 -req -in ${file}.csr -CA ${name}.crt -CAkey ${name}.key -CAcreateserial -days 2 -out ${file}.crt`);
  }
}

describe('TLS to the database', { timeout: 120_000 }, () => {
  let cluster;
  let folder;
  let plain; // the address without TLS
  let password;

  const address = (options) => `${plain.replace(/@127\.0\.0\.1:/, `@${HOST}:`)}?hostaddr=127.0.0.1&${options}`;
  const authority = (name) => `sslrootcert=${path.join(folder, `${name}.crt`)}`;

  /** What the server shows from the next connection on. */
  async function serveWith(settings) {
    for (const [name, value] of Object.entries(settings)) {
      await cluster.sql('postgres', `ALTER SYSTEM SET ${name} = '${value}'`);
    }
    await cluster.restart();
  }

  const certificate = (host) => ({ ssl: 'on', ssl_cert_file: path.join(folder, `right-${host}.crt`), ssl_key_file: path.join(folder, `right-${host}.key`) });

  before(async () => {
    cluster = await startPostgres({ tcp: true });
    folder = path.join(cluster.folder, 'tls');
    fs.mkdirSync(folder);
    makeAuthority(folder, 'right', HOST, OTHER);
    makeAuthority(folder, 'wrong');
    const { uid, gid } = fs.statSync(path.join(cluster.folder, 'data'));
    for (const name of fs.readdirSync(folder)) {
      fs.chownSync(path.join(folder, name), uid, gid);
      fs.chmodSync(path.join(folder, name), name.endsWith('.key') ? 0o600 : 0o644);
    }
    plain = await cluster.address();
    password = /:(\w+)@/.exec(plain)[1];
  });

  after(() => cluster.end());

  /** A visitor's request over this address; returns status, problem and log. */
  async function ask(t, program, options) {
    const data = temporaryFolder(t);
    const extra = { POLLCHAT_STORE: address(options) };
    const answer = await (program === 'send' ? send(data, { text: 'hi' }, { extra }) : poll(data, 'since=0', { extra }));
    return { status: answer.status, headers: answer.headers, type: answer.json?.type, body: answer.body, log: answer.stderr };
  }

  async function assertRefused(t, options, reason) {
    for (const program of ['send', 'poll']) {
      const { status, headers, type, body, log } = await ask(t, program, options);
      assert.deepEqual([status, type], [503, 'urn:pollchat:problem:store-busy'], body);
      assert.ok(Number(headers['retry-after']) > 0, 'it says when to try again');
      assert.match(log, reason);
      assert.ok(!log.includes(password), log);
      assert.ok(!body.includes(password) && !body.includes(HOST) && !body.includes('127.0.0.1'), body);
    }
  }

  it('a server without it is refused, where an address demands it', async (t) => {
    await assertRefused(t, `sslmode=verify-full&${authority('right')}`, /connect: .*server does not support SSL/);
  });

  it('the right authority and host: messages go over TLS', async (t) => {
    await serveWith({ ...certificate(HOST), log_connections: 'on' });
    const options = `sslmode=verify-full&${authority('right')}`;
    assert.equal((await ask(t, 'send', options)).status, 201);
    const read = await ask(t, 'poll', options);
    assert.equal(read.status, 200);
    assert.match(read.body, /"text":"hi"/);
    assert.match(fs.readFileSync(path.join(cluster.folder, 'log'), 'utf8'), /connection authorized: .*SSL enabled/);
  });

  it('a certificate of another authority, or for another host, is refused', async (t) => {
    await assertRefused(t, `sslmode=verify-full&${authority('wrong')}`, /connect: .*certificate verify failed/);
    await serveWith(certificate(OTHER));
    await assertRefused(t, `sslmode=verify-full&${authority('right')}`, /connect: .*does not match host name/);
  });
});
