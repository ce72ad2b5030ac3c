// cluster.test.mjs - the private PostgreSQL of the tests: starts, several side by side, ends, leaves
// nothing. What the tests of outages rely on is tested here as well: crashes, replicas, pools.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { until } from '../wait.mjs';
import { ask, withPostgres } from './postgres.mjs';

const script = fileURLToPath(new URL('./cluster', import.meta.url));

/** The processes that name this folder, or work in it. */
function processesOf(folder) {
  return fs.readdirSync('/proc').filter((pid) => {
    try {
      const name = fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1') + fs.readlinkSync(`/proc/${pid}/cwd`);
      return /^\d+$/.test(pid) && Number(pid) !== process.pid && name.includes(folder);
    } catch {
      return false; // it has ended
    }
  });
}

async function leavesNothing(folder) {
  await until(() => !fs.existsSync(folder) && processesOf(folder).length === 0, `${folder} and its processes to go`);
}

describe('cluster', () => {
  it('starts, answers, ends, and leaves no process and no folder', async () => {
    let folder;
    await withPostgres({}, async (cluster) => {
      ({ folder } = cluster);
      assert.equal(ask(await cluster.address(), 'SELECT 1 + 1'), '2');
      assert.ok(processesOf(folder).length > 0);
    });
    await leavesNothing(folder);
  });

  it('two run side by side, over a socket and over TCP, each with its own databases', async () => {
    await withPostgres({}, async (one) => {
      await withPostgres({ tcp: true }, async (other) => {
        const addresses = [await one.address(), await other.address()];
        assert.match(addresses[1], /@127\.0\.0\.1:\d+\/chat$/);
        for (const [i, address] of addresses.entries()) {
          ask(address, `CREATE TABLE t AS SELECT ${i} AS x`);
        }
        assert.deepEqual(addresses.map((address) => ask(address, 'SELECT x FROM t')), ['0', '1']);
      });
    });
  });

  it('lets no other user of the machine in without the password', async () => {
    await withPostgres({}, async (cluster) => {
      const address = await cluster.address();
      assert.throws(() => ask(address.replace(/:\w+@/, ':wrong@'), 'SELECT 1'), /authentication failed/);
      assert.throws(() => ask(address.replace(/chat:\w+@/, 'chat@'), 'SELECT 1'));
      assert.equal(ask(address, 'SELECT rolsuper FROM pg_roles WHERE rolname = current_user'), 'f');
    });
  });

  it('what was committed is there after an immediate restart, and after a kill -9', async () => {
    await withPostgres({ durable: true }, async (cluster) => {
      const address = await cluster.address();
      assert.equal(ask(address, 'SHOW fsync'), 'on');
      ask(address, 'CREATE TABLE t AS SELECT 1 AS x');
      await cluster.restart('immediate');
      ask(address, 'INSERT INTO t VALUES (2)');
      await cluster.kill();
      assert.throws(() => ask(address, 'SELECT 1'));
      await cluster.start();
      assert.equal(ask(address, 'SELECT sum(x) FROM t'), '3');
    });
  });

  it('a synchronous replica has every commit, and one address leads to the server that is written to', async () => {
    await withPostgres({}, async (primary) => {
      const replica = await primary.replica({ sync: true });
      try {
        const both = await primary.address('chat', replica);
        ask(both, 'CREATE TABLE t AS SELECT 1 AS x');
        await primary.kill();
        await replica.promote();
        ask(both, 'INSERT INTO t VALUES (2)');
        assert.equal(ask(await replica.address(), 'SELECT sum(x) FROM t'), '3');
      } finally {
        await replica.end();
      }
    });
  });

  // PgBouncer resets a connection between two clients in session mode only, so in transaction mode
  // the second client sees what the first one has set.
  it('a pool lends a connection for a session, or only for a transaction', async () => {
    await withPostgres({}, async (cluster) => {
      const database = await cluster.database();
      for (const [mode, seen] of [['session', ''], ['transaction', 'left behind']]) {
        const address = await cluster.pool(mode, database);
        ask(address, "SET test.mark = 'left behind'");
        assert.equal(ask(address, "SELECT current_setting('test.mark', true)"), seen, mode);
        assert.equal(ask(address, 'SELECT current_database()'), database);
      }
    });
  });

  it('ends by itself when its owner is killed', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pollchat-pg.'));
    const owner = spawn('sleep', ['600']);
    const started = spawnSync(script, ['start', folder, '--fast', '--temporary', '--owner', String(owner.pid)], { encoding: 'utf8' });
    assert.equal(started.status, 0, started.stderr);
    owner.kill('SIGKILL');
    await once(owner, 'close');
    await leavesNothing(folder);
  });

  it('keeps the data of a cluster that is not temporary, and the same address', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pollchat-pg.'));
    const call = (...args) => spawnSync(script, args, { encoding: 'utf8' });
    const first = call('start', folder, '--fast');
    assert.equal(first.status, 0, first.stderr);
    const again = call('start', folder);
    assert.equal(again.status, 2);
    assert.match(again.stderr, /runs in .* already; its address: postgresql:/);
    ask(first.stdout.trim(), 'CREATE TABLE kept ()');
    assert.equal(call('end', folder).status, 0);
    await until(() => processesOf(folder).length === 0, 'its processes to end');
    assert.equal(call('start', folder, '--temporary').stdout, first.stdout);
    assert.equal(ask(first.stdout.trim(), 'SELECT count(*) FROM kept'), '0');
    assert.equal(call('end', folder).status, 0);
    await leavesNothing(folder);
  });

  it('refuses a folder with other things in it, and a path too long for a socket', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pollchat-pg.'));
    fs.writeFileSync(path.join(folder, 'mine'), '');
    for (const [path_, text] of [[folder, /holds other things/], [path.join(folder, 'x'.repeat(90)), /too long/]]) {
      const refused = spawnSync(script, ['start', path_], { encoding: 'utf8' });
      assert.equal(refused.status, 2);
      assert.match(refused.stderr, text);
    }
    assert.deepEqual(fs.readdirSync(folder), ['mine']);
    fs.rmSync(folder, { recursive: true });
  });
});
