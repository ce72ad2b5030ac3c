// start.test.mjs - the archive's starter alone: which program it starts, what it does during an
// upload, and what it reports without a program.
//
// A small program stands in for the real one: it prints its own file, the name it was started with,
// and its arguments.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import { temporaryFolder } from '../cgi/program.mjs';
import { ask, build, compile, polling } from './dist.mjs';

const isRoot = process.getuid() === 0;
const start = path.join(build, 'dist-x86_64', 'start');

/**
 * Makes a site with the starters, programs { name: { share, mode, age } }, and the contents of
 * `use`. share: the part of the file that has been uploaded.
 */
function site(t, programs, use) {
  const folder = temporaryFolder(t);
  fs.chmodSync(folder, 0o755);
  const [bin, at] = [path.join(folder, 'cgi-bin'), path.join(folder, 'cgi-bin', 'programs')];
  fs.mkdirSync(at, { recursive: true });
  for (const name of ['cgi-bin/poll.cgi', 'cgi-bin/send.cgi', 'cgi-bin/pollchat', 'cgi/poll.cgi']) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.copyFileSync(start, path.join(folder, name));
  }
  const said = path.join(folder, 'said');
  compile(said, new URL('said.c', import.meta.url).pathname, '-static', '-s');
  for (const [name, { share = 1, mode = 0o755, age = 0 }] of Object.entries(programs)) {
    const file = path.join(at, name);
    const bytes = fs.readFileSync(said);
    fs.writeFileSync(file, bytes.subarray(0, bytes.length * share));
    fs.chmodSync(file, mode);
    fs.utimesSync(file, 2_000_000_000 - age, 2_000_000_000 - age);
  }
  if (use !== undefined) fs.writeFileSync(path.join(at, 'use'), use);
  return { folder, bin, at, said, whole: fs.readFileSync(said) };
}

/** Returns the name of the file that was started, or else the answer. */
async function started(where, options) {
  const answer = await ask([where], polling('since=0'), options);
  return /^file (.*)$/m.exec(answer.stdout)?.[1].split('/').at(-1) ?? answer;
}

const two = { 'pollchat-1': { age: 100 }, 'pollchat-2': {} };

async function startsOf(t, use, programs = two) {
  const { bin } = site(t, programs, use);
  return started(path.join(bin, 'poll.cgi'));
}

test('the file `use` names the program, whatever line ends FTP has given it', async (t) => {
  for (const use of ['pollchat-1', 'pollchat-1\n', 'pollchat-1\r\n', 'pollchat-1\r\nmore\r\n']) {
    assert.equal(await startsOf(t, use), 'pollchat-1', JSON.stringify(use));
  }
});

test('without `use`, or if it names no existing program, the newest program is started', async (t) => {
  const useless = [
    undefined,
    '',
    '\n',
    'pollchat-3\n',
    'use\n',
    '../pollchat-1',
    './pollchat-1',
    '/bin/true',
    'pollchat-../../said',
    '../said',
    'pollchat-1 ; id',
    'pollchat-'.padEnd(200, 'x'),
    '\0\0\0',
    '\xff'.repeat(4000),
  ];
  for (const use of useless) {
    assert.equal(await startsOf(t, use), 'pollchat-2', JSON.stringify(use?.slice(0, 40)));
  }
});

test('a name in `use` never starts a program outside of the folder', async (t) => {
  for (const name of ['../../said', 'pollchat-/../../../said']) {
    const { bin } = site(t, {}, name);
    fs.mkdirSync(path.join(bin, 'programs', 'pollchat-'));
    const answer = await started(path.join(bin, 'poll.cgi'));
    assert.equal(answer.status, 500, name);
  }
});

test('a folder, a text or a dangling link with a program\'s name is skipped; a link to a program is followed', async (t) => {
  const { bin, at, said } = site(t, { 'pollchat-1': { age: 1000 } }, 'pollchat-folder\n');
  fs.mkdirSync(path.join(at, 'pollchat-folder'));
  fs.writeFileSync(
    path.join(at, 'pollchat-text'),
    'a text, and long enough to be the head of a program if it were one. '.repeat(4),
  );
  fs.symlinkSync('nowhere', path.join(at, 'pollchat-dangling'));
  assert.equal(await started(path.join(bin, 'poll.cgi')), 'pollchat-1');
  fs.symlinkSync(said, path.join(at, 'pollchat-link'));
  fs.writeFileSync(path.join(at, 'use'), 'pollchat-link');
  assert.equal(await started(path.join(bin, 'poll.cgi')), 'said');
});

test('the program gets its name and arguments, and is also found when started by a link or from cgi/', async (t) => {
  const { folder, bin } = site(t, two);
  const said = spawnSync(path.join(bin, 'pollchat'), ['backup', 'a b'], { encoding: 'utf8' }).stdout;
  assert.match(said, /^started \/.*\/cgi-bin\/pollchat\nargument backup\nargument a b\n/m);
  assert.equal(await started(path.join(folder, 'cgi', 'poll.cgi')), 'pollchat-2');
  fs.mkdirSync(path.join(folder, 'bin'));
  fs.symlinkSync(path.join(bin, 'pollchat'), path.join(folder, 'bin', 'pollchat'));
  assert.equal(await started(path.join(folder, 'bin', 'pollchat')), 'pollchat-2');
  assert.equal(await started('./poll.cgi', { cwd: bin }), 'pollchat-2');
});

test('during the upload of a program the previous one is started', async (t) => {
  for (const share of [0, 0.0001, 0.5, 0.999]) {
    assert.equal(
      await startsOf(t, 'pollchat-2\n', { 'pollchat-1': { age: 100 }, 'pollchat-2': { share } }),
      'pollchat-1',
      `${share}`,
    );
  }
});

test('during the first upload a request waits until the program is complete', async (t) => {
  const { bin, at, whole } = site(t, { 'pollchat-1': { share: 0.4, mode: 0o644 } }, 'pollchat-1\n');
  const child = spawn(path.join(bin, 'poll.cgi'), { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (text) => (out += text));
  const gone = once(child, 'close');
  await delay(300);
  fs.appendFileSync(path.join(at, 'pollchat-1'), whole.subarray(Math.floor(whole.length * 0.4), whole.length - 1));
  await delay(300);
  assert.equal(out, '');
  assert.equal(child.exitCode, null, 'a byte is missing');
  fs.appendFileSync(path.join(at, 'pollchat-1'), whole.subarray(whole.length - 1));
  await gone;
  assert.match(out, /programs\/pollchat-1$/m);
});

const assertProblem = (answer, detail) => {
  assert.equal(answer.status, 500, JSON.stringify(answer));
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.json.type, 'urn:pollchat:problem:misconfigured');
  assert.match(answer.json.detail, detail);
  assert.match(answer.stderr, detail);
  assert.doesNotMatch(answer.stdout, /\/tmp\//);
  assert.equal(answer.code, 1);
};

test('an error is reported to the web server as JSON, and to a shell as text', async (t) => {
  const none = site(t, {});
  const poll = path.join(none.bin, 'poll.cgi');
  assertProblem(await started(poll), /There is no program in cgi-bin\/programs/);
  fs.writeFileSync(path.join(none.at, 'pollchat-1'), none.whole.subarray(0, 100));
  assertProblem(await started(poll), /not whole/);
  const foreign = Buffer.from(none.whole);
  foreign.writeUInt16LE(183, 18); // e_machine: aarch64
  fs.writeFileSync(path.join(none.at, 'pollchat-1'), foreign);
  assertProblem(await started(poll), /another kind of machine/);
  fs.rmSync(none.at, { recursive: true });
  assertProblem(await started(poll), /folder cgi-bin\/programs is missing/);
  const shell = spawnSync(path.join(none.bin, 'pollchat'), ['version'], { encoding: 'utf8', env: {} });
  assert.deepEqual([shell.status, shell.stdout], [1, '']);
  assert.match(shell.stderr, /^pollchat: The folder cgi-bin\/programs is missing/);
});

test('a program of the same owner that lost its execute bit by FTP gets it back', async (t) => {
  const { bin, at } = site(t, { 'pollchat-1': { mode: 0o644 } });
  assert.equal(await started(path.join(bin, 'poll.cgi')), 'pollchat-1');
  assert.equal(fs.statSync(path.join(at, 'pollchat-1')).mode & 0o7777, 0o755);
});

test('another owner\'s program without execute bit is reported with the permissions to set', { skip: isRoot ? false : 'only root can run as another user' }, async (t) => {
  const { bin, at } = site(t, { 'pollchat-1': { mode: 0o644 } });
  assertProblem(await started(path.join(bin, 'poll.cgi'), { uid: 65534, gid: 65534 }), /the permissions 755/);
  assert.equal(fs.statSync(path.join(at, 'pollchat-1')).mode & 0o7777, 0o644);
});

test('the program gets the socket on descriptor 0, and no other descriptor of the starter', async (t) => {
  const { folder, bin } = site(t, two, 'pollchat-1\n');
  const child = spawn('spawn-fcgi', ['-n', '-s', path.join(folder, 'socket'), '--', path.join(bin, 'poll.cgi')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  child.stdout.on('data', (text) => (out += text));
  child.stderr.on('data', (text) => (out += text));
  await once(child, 'close');
  assert.match(out, /^descriptor 0 listens$/m);
  assert.doesNotMatch(out, /^descriptor [3-9]/m);
});
