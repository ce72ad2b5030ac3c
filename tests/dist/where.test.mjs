// where.test.mjs - the archive's programs on other systems: on a kernel of 2013, without any other
// file, on Debian 11 with its own Apache, on another processor.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { freePort, isRoot } from '../e2e/harness.mjs';
import { atEnd, temporaryFolder, until } from '../cgi/program.mjs';
import {
  build, compile, programOf, repository, run, runCgiTests, stageBy, talkByCgi, talkByFastcgi, unpack, wrapper,
} from './dist.mjs';

const asRoot = { skip: isRoot ? false : 'only root may chroot' };

// ---- an old kernel ----

function oldKernel(folder) {
  const file = path.join(folder, 'old_kernel');
  compile(file, path.join(repository, 'tests/dist/old_kernel.c'));
  run(file, ['--check']);
  return file;
}

test('Linux 3.10: messages are sent and read without newer system calls, by CGI and by FastCGI', async (t) => {
  const folder = temporaryFolder(t);
  const site = unpack(folder);
  const old = oldKernel(folder);
  await talkByCgi((name) => [old, path.join(site, 'cgi-bin', name)]);
  fs.rmSync(path.join(site, 'pollchat-data'), { recursive: true });
  await talkByFastcgi(t, (name) => wrapper(path.join(folder, name), old, path.join(site, 'cgi-bin', name)));
  assert.match(run(old, [path.join(site, 'cgi-bin', 'pollchat'), 'check']), /\S/);
});

test('Linux 3.10: the tests of plain CGI and of upgrades pass', (t) => {
  const folder = temporaryFolder(t);
  runCgiTests(stageBy(folder, 'x86_64', oldKernel(folder)), ['cgi', 'upgrade']);
});

// ---- only the archive ----

test('in a chroot with the archive alone, without /proc, /dev and libraries, messages are sent and read, and files are written only in its folder', asRoot, async (t) => {
  const folder = temporaryFolder(t);
  const site = unpack(folder);
  await talkByCgi((name) => ['/usr/sbin/chroot', folder, `/pollchat/cgi-bin/${name}`]);
  assert.ok(fs.existsSync(path.join(site, 'pollchat-data', 'chat.db')));
  assert.ok(fs.readdirSync(path.join(site, 'heads')).length > 2);
  assert.deepEqual(fs.readdirSync(folder), ['pollchat']);
  fs.rmSync(path.join(site, 'pollchat-data'), { recursive: true });
  await talkByFastcgi(t, (name) =>
    wrapper(path.join(site, `by-${name}`), '/usr/sbin/chroot', folder, `/pollchat/cgi-bin/${name}`),
  );
});

test('in a chroot with the archive alone, the programs start with a relative name, and from cgi/', asRoot, async (t) => {
  const folder = temporaryFolder(t);
  unpack(folder);
  compile(path.join(folder, 'at'), path.join(repository, 'tests/dist/chroot_at.c'), '-static');
  await talkByCgi((name) => [path.join(folder, 'at'), folder, '/pollchat/cgi', `./${name}`]);
});

// ---- Debian 11 ----

const apacheConfiguration = (port, handler) => `ServerRoot "/srv"
Listen 127.0.0.1:${port}
ServerName 127.0.0.1:${port}
PidFile "/srv/apache.pid"
Mutex "file:/srv/run" default
DefaultRuntimeDir "/srv/run"
ErrorLog "/srv/error.log"
User www-data
Group www-data
${['mpm_event', 'authz_core', 'mime', 'dir', 'alias', 'env', 'headers', 'rewrite', handler].map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
${handler === 'cgid' ? 'ScriptSock "/srv/run/cgid.sock"' : 'FcgidIPCDir "/srv/run"\nFcgidProcessTableFile "/srv/run/fcgid.shm"'}
TypesConfig /dev/null
DirectoryIndex index.html
DocumentRoot "/srv/public_html"
<Directory "/srv/public_html">
    Options FollowSymLinks
    AllowOverride All
</Directory>
<Files ".ht*">
    Require all denied
</Files>
`;

/** Starts Apache in the folder's Debian; it is stopped by its process id at the end of the test. */
async function startApache(t, root, srv, handler) {
  const port = await freePort();
  fs.writeFileSync(path.join(srv, 'apache.conf'), apacheConfiguration(port, handler));
  const inside = path.join('/', path.relative(root, srv));
  const configuration = fs.readFileSync(path.join(srv, 'apache.conf'), 'utf8').replaceAll('/srv', inside);
  fs.writeFileSync(path.join(srv, 'apache.conf'), configuration);
  const child = spawn(
    '/usr/sbin/chroot',
    [root, '/usr/sbin/apache2', '-D', 'FOREGROUND', '-f', path.join(inside, 'apache.conf')],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
  );
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  const gone = once(child, 'close');
  atEnd(t, async () => {
    child.kill('SIGTERM');
    await gone;
  });
  const log = () =>
    output + (fs.existsSync(path.join(srv, 'error.log')) ? fs.readFileSync(path.join(srv, 'error.log'), 'utf8') : '');
  const address = `http://127.0.0.1:${port}/chat/`;
  const answers = () => spawnSync('curl', ['-fso', '/dev/null', address]).status === 0;
  await until(() => child.exitCode !== null || answers(), 'Apache of Debian 11 to answer').catch((error) =>
    assert.fail(`${error}\n${log()}`),
  );
  assert.equal(child.exitCode, null, log());
  return { address, log };
}

const debian = path.join(build, 'debian-bullseye');
const fetched = isRoot
  ? spawnSync(path.join(repository, 'tests/dist/debian'), ['bullseye', debian, 'apache2-bin', 'libapache2-mod-fcgid'], {
      encoding: 'utf8',
    })
  : {};
const isGone = fetched.status === 3;
if (isGone) {
  const line = '!'.repeat(100);
  process.stderr.write(
    `${line}\nNOT TESTED: Debian 11. The mirror does not have it any more, or cannot be reached: ${fetched.stderr}${line}\n`,
  );
}

for (const handler of ['cgid', 'fcgid']) {
  test(`Debian 11: unpacked in the folder of its Apache with mod_${handler}, messages are sent and read`, isGone ? { skip: 'NOT TESTED: no mirror has it' } : asRoot, async (t) => {
    assert.equal(fetched.status, 0, fetched.stdout + fetched.stderr);
    assert.match(run('/usr/sbin/chroot', [debian, '/usr/sbin/apache2', '-v']), /Debian/);
    const srv = fs.mkdtempSync(path.join(debian, 'srv', 'test-'));
    atEnd(t, () => fs.rmSync(srv, { recursive: true, force: true }));
    fs.mkdirSync(path.join(srv, 'run'));
    fs.mkdirSync(path.join(srv, 'public_html'));
    fs.renameSync(unpack(path.join(srv, 'public_html')), path.join(srv, 'public_html', 'chat'));
    fs.chmodSync(srv, 0o755);
    run('chown', ['-R', '33:33', path.join(srv, 'public_html'), path.join(srv, 'run')]);
    const { address, log } = await startApache(t, debian, srv, handler);
    const curl = (...args) => spawnSync('curl', ['-sS', '-m', '30', ...args], { encoding: 'utf8' }).stdout;
    const sent = curl('-d', 'text=from an old release', `${address}send`);
    assert.match(sent, /"seq":1,.*"text":"from an old release"/, log());
    assert.match(curl(`${address}poll?since=0`), /"text":"from an old release"/, log());
    assert.match(curl(`${address}cgi-bin/poll.cgi/poll?since=0`), /"text":"from an old release"/, log());
    assert.match(curl('-o', '/dev/null', '-w', '%{http_code}', `${address}pollchat-data/chat.db`), /^40[34]$/);
    assert.equal(fs.statSync(path.join(srv, 'public_html/chat/pollchat-data/chat.db')).uid, 33);
  });
}

// ---- aarch64 ----

const qemu = '/usr/bin/qemu-aarch64-static';

test('aarch64: the program prints its version, and messages are sent and read, by CGI and by FastCGI', async (t) => {
  const folder = temporaryFolder(t);
  const site = unpack(folder, 'aarch64');
  assert.match(run(qemu, [programOf(site), 'version']), /\d+\.\d+\.\d+/);
  // qemu passes the exec of start.c to this machine's kernel, which cannot run the program: so the
  // program itself takes the names of the starters.
  for (const name of ['send.cgi', 'poll.cgi']) {
    fs.copyFileSync(programOf(site), path.join(site, 'cgi-bin', name));
  }
  await talkByCgi((name) => [qemu, path.join(site, 'cgi-bin', name)]);
  fs.rmSync(path.join(site, 'pollchat-data'), { recursive: true });
  await talkByFastcgi(t, (name) => wrapper(path.join(folder, name), qemu, path.join(site, 'cgi-bin', name)));
});

test('aarch64: the starter looks for the program and reports that it is missing', (t) => {
  const site = unpack(temporaryFolder(t), 'aarch64');
  fs.rmSync(path.join(site, 'cgi-bin', 'programs'), { recursive: true });
  const result = spawnSync(qemu, [path.join(site, 'cgi-bin', 'pollchat')], { encoding: 'utf8' });
  assert.equal(result.status, 1);
  assert.match(result.stderr, /cgi-bin\/programs is missing/);
});

test('aarch64: the tests of plain CGI pass', (t) => {
  runCgiTests(stageBy(temporaryFolder(t), 'aarch64', qemu), ['cgi']);
});
