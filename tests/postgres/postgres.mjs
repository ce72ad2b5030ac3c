// postgres.mjs - a private PostgreSQL for tests (the script `cluster` beside this file), and the
// database of each site that the harnesses start.
//
//   await withPostgres({}, async (cluster) => {
//     const address = await cluster.database();       a new, empty database
//     await cluster.restart('immediate');
//   });
//
// Environment: STORE                  postgres: the sites of the harnesses keep their messages in
//                                     PostgreSQL, each in a database of its own
//              TEST_POSTGRES the address of a running cluster's database chat; otherwise
//                                     the first site of a test file starts a cluster

import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const script = fileURLToPath(new URL('./cluster', import.meta.url));
const runFile = promisify(execFile);

const newFolder = () => fs.mkdtempSync(path.join(os.tmpdir(), 'pollchat-pg.'));

/** The options of `cluster start` for a cluster that ends with this process. */
function startOptions({ durable = false, tcp = false, set = {} }) {
  return [
    '--temporary', '--owner', String(process.pid),
    ...(durable ? [] : ['--fast']),
    ...(tcp ? ['--tcp'] : []),
    ...Object.entries(set).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
  ];
}

/** Runs the script; returns what it prints. */
async function run(...args) {
  try {
    return (await runFile(script, args)).stdout.trim();
  } catch (error) {
    throw new Error(`cluster ${args[0]}: ${error.stderr || error.message}`);
  }
}

export class Cluster {
  constructor(folder) {
    this.folder = folder;
  }

  /** The address of a database; with `others` (clusters), of whichever can be written to. */
  address(name = 'chat', ...others) {
    return run('address', this.folder, ...others.map((other) => other.folder), name);
  }

  /** Makes a database and returns its name. */
  async database() {
    const name = `t${randomBytes(6).toString('hex')}`;
    await run('database', this.folder, name);
    return name;
  }

  /** Runs SQL as superuser; returns the rows as psql prints them, columns separated by |. */
  sql(database, text) {
    return run('sql', this.folder, database, text);
  }

  stop(mode = 'fast') {
    return run('stop', this.folder, mode);
  }

  start() {
    return run('start', this.folder);
  }

  restart(mode = 'fast') {
    return run('restart', this.folder, mode);
  }

  /** Kills the server by SIGKILL; start() starts it again. */
  kill() {
    return run('kill', this.folder);
  }

  async pid() {
    return Number(await run('pid', this.folder));
  }

  /** A streaming replica. sync: each commit of this cluster waits for it. */
  async replica({ sync = false, ...options } = {}) {
    const folder = newFolder();
    await run('replica', this.folder, folder, ...(sync ? ['--sync'] : []), ...startOptions(options));
    return new Cluster(folder);
  }

  /** Commits wait for no replica any more. */
  async() {
    return run('async', this.folder);
  }

  /** Makes this replica the one that is written to. */
  promote() {
    return run('promote', this.folder);
  }

  /** Starts PgBouncer; returns the address of a database through it. mode: session, transaction. */
  async pool(mode, database = 'chat') {
    return (await run('pool', this.folder, mode)).replace('/chat?', `/${database}?`);
  }

  end() {
    return run('end', this.folder);
  }
}

/**
 * Starts a cluster that ends with this process. options: durable (with fsync, for tests of
 * crashes), tcp, set ({ max_connections: 5 }).
 */
export async function startPostgres(options = {}) {
  const folder = newFolder();
  try {
    await run('start', folder, ...startOptions(options));
  } catch (error) {
    fs.rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return new Cluster(folder);
}

/** Runs a test's body with a cluster. */
export async function withPostgres(options, body) {
  const cluster = await startPostgres(options);
  try {
    return await body(cluster);
  } finally {
    await cluster.end();
  }
}

// ---- the databases of sites ----
// The functions below return when the work is done: a harness calls them between two lines of a
// test.

/** 'postgres', or undefined for SQLite. */
export const STORE = process.env.STORE || undefined;
if (STORE !== undefined && STORE !== 'postgres') {
  throw new Error(`STORE is '${STORE}'; it must be postgres, or nothing for SQLite`);
}

/** Options of a test about the files of SQLite: it is left out with another store. */
export const aboutSqlite = { skip: STORE === undefined ? false : "about SQLite's files" };

const databases = new Map(); // the data folder -> the database's address
let admin = process.env.TEST_POSTGRES; // the address of a database that isn't a site's
let psql;

function startOwn() {
  const folder = newFolder();
  const address = execFileSync(script, ['start', folder, ...startOptions({})], { encoding: 'utf8' }).trim();
  process.on('exit', () => execFileSync(script, ['end', folder]));
  return address;
}

/** The path of psql. */
export function psqlPath() {
  psql ??= path.join(execFileSync(script, ['bin'], { encoding: 'utf8' }).trim(), 'psql');
  return psql;
}

/** Runs SQL in the database of an address; returns the rows as psql prints them. */
export function ask(address, text) {
  const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] };
  return execFileSync(psqlPath(), ['-wXAtq', '-v', 'ON_ERROR_STOP=1', '-d', address, '-c', text], options).trim();
}

/** The database of the site whose data are in this folder; makes it at the first call. */
export function databaseOf(data) {
  const folder = path.resolve(data);
  if (!databases.has(folder)) {
    admin ??= startOwn();
    const name = `t${randomBytes(6).toString('hex')}`;
    ask(admin, `CREATE DATABASE ${name}`);
    databases.set(folder, admin.replace(/\/chat(\?|$)/, `/${name}$1`));
  }
  return databases.get(folder);
}

/** Two data folders, one chat: the site of `data` gets the database of the site `other`. */
export function shareDatabase(data, other) {
  databases.set(path.resolve(data), databaseOf(other));
}

/** The settings of a site: POLLCHAT_STORE, or nothing if it uses SQLite. */
export const storeSettings = (data) => (STORE === undefined ? {} : { POLLCHAT_STORE: databaseOf(data) });

/** Drops the databases of sites whose data are (or were) in this folder. */
export function dropDatabases(folder) {
  const dropped = [...databases].filter(([data]) => `${data}/`.startsWith(`${path.resolve(folder)}/`));
  for (const [data, address] of dropped) {
    databases.delete(data);
    if (![...databases.values()].includes(address)) {
      ask(admin, `DROP DATABASE IF EXISTS ${/\/(\w+)(\?|$)/.exec(address)[1]} WITH (FORCE)`);
    }
  }
}

/**
 * Runs SQL in the database of a site, of either store; returns rows, columns separated by |.
 * Several statements are one transaction, unless the first one is a SELECT.
 */
export function sqlOf(data, text) {
  if (STORE !== undefined) {
    return ask(databaseOf(data), text);
  }
  const whole = /^\s*SELECT/i.test(text) ? text : `BEGIN IMMEDIATE; ${text}; COMMIT`;
  return execFileSync('sqlite3', ['-cmd', '.timeout 20000', path.join(data, 'chat.db'), whole], { encoding: 'utf8' }).trim();
}

const LOCK_TABLES = `BEGIN;
DO $$ DECLARE t text; BEGIN
  FOR t IN SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1 LOOP
    EXECUTE 'LOCK TABLE ' || t || ' IN SHARE MODE';
  END LOOP;
END $$;
SELECT 'locked';
`;

/**
 * Makes each writer of a site wait, in either store, until release(); readers go on. The lock ends
 * with this process too.
 */
export async function lockDatabase(data) {
  const [program, args, begin] =
    STORE === undefined
      ? ['sqlite3', ['-batch', path.join(data, 'chat.db')], ".timeout 20000\nBEGIN IMMEDIATE;\nSELECT 'locked';\n"]
      : [psqlPath(), ['-wXAtq', '-d', databaseOf(data)], LOCK_TABLES];
  const shell = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  shell.stdin.write(begin);
  const [first] = await Promise.race([once(shell.stdout, 'data'), once(shell, 'close')]);
  if (String(first).trim() !== 'locked') {
    throw new Error(`no lock: ${first}`);
  }
  return {
    async release() {
      shell.stdin.end('COMMIT;\n');
      await once(shell, 'close');
    },
  };
}
