// paper.test.mjs - the commands and configurations of sql/postgres/README.md do what it says: roles
// and rights, a load balancer, PgBouncer, a synchronous replica, a dump and its return.
//
// A block of the paper begins with its language and a name, as in "sql superuser". Names of hosts in
// it are replaced by addresses of this machine, and … by a password.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { freePort, isRoot, makeFolder, pause, removeFolder, ROOT, start, until } from '../e2e/harness.mjs';
import { startNginx } from '../e2e/proxy.mjs';
import { startPostgres } from './postgres.mjs';

const paper = fs.readFileSync(new URL('../../sql/postgres/README.md', import.meta.url), 'utf8');
const PASSWORD = 'only-for-tests';

/** The block ```NAME of the paper, without its indentation. */
function block(name) {
  const [, indent, text] = new RegExp(`^( *)\`\`\`${name}\\n([\\s\\S]*?)^ *\`\`\``, 'm').exec(paper) ?? [];
  assert.ok(text, `the paper has no block ${name}`);
  return text.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
}

describe('the paper for several hosts', { timeout: 300_000 }, () => {
  let cluster;
  let bin;
  let folder;
  let port;
  const sites = [];

  /** An address of the paper, on this machine. */
  const here = (text) => text.replaceAll('db.example', `127.0.0.1:${port}`);
  const address = (role, database = 'chat') => `postgresql://${role}:${PASSWORD}@127.0.0.1:${port}/${database}`;

  /** PostgreSQL's programs as the superuser, in a folder that its account may write to. */
  function asSuperuser(command, args, input = '') {
    const { uid, gid } = fs.statSync(path.join(cluster.folder, 'data'));
    const env = { PATH: `${bin}:${process.env.PATH}`, HOME: '/nonexistent', PGHOST: cluster.folder, PGPORT: port, PGDATABASE: 'postgres' };
    const name = spawnSync('id', ['-un', String(uid)], { encoding: 'utf8' }).stdout.trim();
    const run = spawnSync(command, args, { input, encoding: 'utf8', cwd: folder, env: { ...env, PGUSER: name }, ...(isRoot ? { uid, gid } : {}) });
    assert.equal(run.status, 0, `${run.stdout}${run.stderr}`);
    return run.stdout.trim();
  }
  const psql = (text, database = 'postgres') => asSuperuser('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', database], text);

  /** A shell block of the paper, with the programs in PATH. */
  function shell(text, env = {}) {
    const run = spawnSync('sh', ['-euc', here(text)], {
      encoding: 'utf8',
      cwd: folder,
      env: { PATH: `${path.join(ROOT, 'cgi-bin')}:${bin}:${process.env.PATH}`, POLLCHAT_DATA: path.join(folder, 'prepare'), PGPASSWORD: PASSWORD, ...env },
    });
    return { status: run.status, output: `${run.stdout}${run.stderr}` };
  }

  /** A further host has the key of the first one in its data folder. */
  function withKey(of) {
    const home = makeFolder();
    const data = path.join(home, 'data');
    const { uid, gid } = fs.statSync(of.data);
    fs.mkdirSync(data, { mode: 0o700 });
    for (const name of ['chat.key', '.htaccess']) {
      fs.copyFileSync(path.join(of.data, name), path.join(data, name));
      fs.chownSync(path.join(data, name), uid, gid);
    }
    fs.chownSync(data, uid, gid);
    return home;
  }

  async function host(env = {}) {
    const site = await start({ ...(sites.length > 0 ? { folder: withKey(sites[0]) } : {}), env: { POLLCHAT_STORE: address('pollchat'), POLLCHAT_TRUSTED_PROXIES: '127.0.0.1', ...env } });
    sites.push(site);
    return site;
  }

  const pollchat = (...args) => {
    const run = spawnSync(path.join(ROOT, 'cgi-bin', 'pollchat'), args, {
      encoding: 'utf8',
      env: { ...process.env, POLLCHAT_DATA: path.join(folder, 'prepare'), POLLCHAT_STORE: address('pollchat') },
    });
    return { status: run.status, output: `${run.stdout}${run.stderr}` };
  };

  before(async () => {
    cluster = await startPostgres({ tcp: true });
    folder = makeFolder();
    fs.mkdirSync(path.join(folder, 'prepare'), { mode: 0o700 });
    fs.chmodSync(folder, 0o777);
    port = fs.readFileSync(path.join(cluster.folder, 'port'), 'utf8').trim();
    bin = path.dirname(spawnSync(new URL('./cluster', import.meta.url).pathname, ['bin'], { encoding: 'utf8' }).stdout.trim() + '/psql');
    psql('DROP DATABASE chat');
    psql(block('sql superuser').replaceAll('…', PASSWORD));
  });

  after(async () => {
    for (const site of sites) await site.stop();
    await cluster.end();
    removeFolder(folder);
  });

  it('the role of the programs makes no tables, the owner does', () => {
    const refused = shell(block('sh').replaceAll('pollchat_owner', 'pollchat'));
    assert.equal(refused.status, 1);
    assert.match(refused.output, /doesn't let this program's user do this/);
    const made = shell(block('sh'));
    assert.equal(made.status, 0, made.output);
    assert.match(made.output, /^ok: PostgreSQL/);
  });

  it('that role may do all that the programs do, and nothing else', async () => {
    const site = await host();
    const key = { 'Pollchat-Key': 'AAECAwQFBgcICQoLDA0ODw' };
    for (const text of ['one', 'two', 'three']) {
      assert.equal((await site.send({ text, name: 'ann' }, { headers: key })).status, 201);
    }
    assert.equal((await site.send({ text: 'of a guest', name: 'bob' })).status, 201);
    for (const command of [
      ['room', 'set', 'lobby', '--slow', '0', '--keep-count', '1000'], ['name', 'role', 'ann', 'member'], ['ban', 'add', 'ann', '--minutes', '5'], ['ban', 'lift', '1'],
      ['word', 'add', 'casino'], ['word', 'remove', '1'], ['token', 'invite', 'member'], ['token', 'owner'], ['name', 'free', 'ann'], ['erase', 'lobby:2'],
      ['purge'], ['audit'], ['stats'], ['name'], ['report'], ['check'], ['prepare'],
    ]) {
      const { status, output } = pollchat(...command);
      assert.equal(status, 0, `${command.join(' ')}: ${output}`);
    }
    const rights = psql("SELECT has_schema_privilege('pollchat', 'public', 'CREATE'), has_database_privilege('pollchat', 'chat', 'TEMPORARY')," +
      " (SELECT count(*) FROM pg_class WHERE relowner = 'pollchat'::regrole), (SELECT count(*) FROM pg_sequences" +
      " WHERE has_sequence_privilege('pollchat', format('%I.%I', schemaname, sequencename), 'USAGE')), has_table_privilege('pollchat', 'message', 'TRUNCATE, TRIGGER, REFERENCES')", 'chat');
    assert.equal(rights, 'f|f|0|0|f');
  });

  it('behind the load balancer a client meets both hosts, and sees one chat', async () => {
    const [a, b] = [sites[0], await host()];
    const text = block('nginx').replace('web1.example:80', `127.0.0.1:${a.port}`).replace('web2.example:80', `127.0.0.1:${b.port}`);
    const [, http, server] = /^(upstream [\s\S]*?^\})\nserver \{\n\s+listen 80;\n([\s\S]*)\}\n$/m.exec(text);
    const proxy = await startNginx({ http, server });
    const told = [];
    try {
      const post = (i) => ({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ room: 'balanced', text: `m${i}`, id: `m${i}` }) });
      for (let i = 1; i <= 10; i += 1) {
        told.push(await (await fetch(`http://127.0.0.1:${proxy.port}/send`, post(i))).json());
        assert.ok([200, 201].includes((await fetch(`http://127.0.0.1:${proxy.port}/send`, post(i))).status));
      }
      assert.deepEqual(told.map(({ seq }) => seq), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      let since = 0;
      const seen = [];
      while (seen.length < 10) {
        const page = await (await fetch(`http://127.0.0.1:${proxy.port}/poll?room=balanced&since=${since}&limit=3&wait=5`)).json();
        seen.push(...page.messages.map(({ text: said }) => said));
        since = page.next;
      }
      assert.deepEqual(seen, told.map(({ text: said }) => said));
      for (const site of [a, b]) {
        assert.ok((await site.askStatus()).requests.poll > 1, 'each host had requests');
      }
    } finally {
      await proxy.stop();
    }
  });

  for (const mode of ['session', 'transaction']) {
    it(`PgBouncer in ${mode} mode`, async () => {
      const listen = await freePort();
      const users = path.join(folder, 'userlist.txt');
      fs.writeFileSync(users, `"pollchat" "${PASSWORD}"\n`);
      const ini = path.join(folder, `${mode}.ini`);
      fs.writeFileSync(ini, block('ini').replace('host=db.example', `host=127.0.0.1 port=${port}`).replace('listen_addr = *', 'listen_addr = 127.0.0.1')
        .replace('6432', listen).replace('/etc/pgbouncer/userlist.txt', users).replace('pool_mode = session', `pool_mode = ${mode}`) + 'unix_socket_dir =\n');
      const pool = spawn('pgbouncer', [...(isRoot ? ['-u', 'nobody'] : []), ini], { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` }, stdio: ['ignore', 'ignore', 'pipe'] });
      let log = '';
      pool.stderr.on('data', (text) => (log += text));
      try {
        await until(() => log.includes('listening on'), 'PgBouncer to listen');
        const room = `pool-${mode}`;
        const env = { POLLCHAT_STORE: `postgresql://pollchat:${PASSWORD}@127.0.0.1:${listen}/chat` };
        const [a, b] = [await host(env), await host(env)];
        assert.equal((await a.send({ room, text: 'first' })).status, 201);
        const empty = `empty-${mode}`; // as a moderator makes it, who sets a mode before the first message
        psql(`INSERT INTO room (name, head, oldest, created_ms) VALUES ('${empty}', 0, 1, 0)`, 'chat');
        const waiting = b.get(`/poll?room=${room}&since=1&wait=20`);
        assert.equal((await a.send({ room, text: 'second' })).status, 201);
        assert.deepEqual((await waiting).json().messages.map(({ text }) => text), ['second']);
        await until(async () => {
          const { heard, deaf } = (await b.askStatus()).listeners;
          return mode === 'session' ? heard > 0 && deaf === 0 : heard === 0 && deaf > 0;
        }, 'the status to tell whether notices come through');
        for (let since = 2; since < 14; since++) {
          const news = b.get(`/poll?room=${room}&since=${since}&wait=20`);
          await pause(300); // so that all rounds last longer than the time between two echoes
          await a.send({ room, text: `after ${since}` });
          assert.equal((await news).json().messages.length, 1);
          const { heard, deaf } = (await b.askStatus()).listeners;
          assert.equal(mode === 'session' ? deaf : heard, 0, `after ${since}: ${heard} heard, ${deaf} deaf`);
        }
        const first = b.get(`/poll?room=${empty}&since=0&wait=20`);
        await pause(600); // several questions for heads
        assert.equal((await a.send({ room: empty, text: 'first' })).json().seq, 1);
        assert.equal((await first).json().messages.length, 1, 'of a room that was there before its first message');
        await a.halt();
        await b.halt();
      } finally {
        pool.kill('SIGINT');
        await new Promise((done) => pool.once('close', done));
      }
    });
  }

  it('the questions for monitoring have answers', () => {
    const rows = psql(block('sql watch'), 'chat');
    assert.match(rows, /^pollchat send\|\d+\|0$/m);
    assert.match(rows, /^pollchat poll\|\d+\|0$/m);
  });

  it('a dump goes back into a new database, with a new epoch and the same rights', async () => {
    const [site] = sites;
    const old = (await site.get('/poll?room=balanced&since=0')).json();
    const dump = shell(block('sh dump'));
    assert.equal(dump.status, 0, dump.output);
    asSuperuser('sh', ['-euc', block('sh restore')]);
    const restored = await host({ POLLCHAT_STORE: address('pollchat', 'chat_restored') });
    const found = (await restored.get('/poll?room=balanced&since=0')).json();
    assert.deepEqual(found.messages, old.messages);
    assert.notEqual(found.epoch, old.epoch);
    assert.equal((await restored.send({ room: 'balanced', text: 'after' })).json().seq, 11);
  });

  it('with the settings for a synchronous replica a send waits for one', async () => {
    const replica = await cluster.replica({ tcp: true });
    try {
      psql(block('sql primary'));
      await until(async () => psql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'quorum'") === '1', 'the replica to count');
      assert.equal((await sites[0].send({ text: 'on two disks' })).status, 201);
      await replica.stop();
      const waits = sites[0].send({ text: 'on one disk' });
      await until(() => psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") !== '0', 'a commit to wait');
      await replica.start();
      assert.equal((await waits).status, 201);
    } finally {
      psql('ALTER SYSTEM RESET synchronous_standby_names');
      psql('SELECT pg_reload_conf()');
      await replica.end();
    }
  });
});
