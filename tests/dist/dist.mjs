// dist.mjs - shared by the tests of the archive: unpacks it, starts its programs by a command,
// makes requests.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fastcgi, parseAnswer, startFastcgi, status, until, variables } from '../cgi/program.mjs';

export const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const build = path.join(repository, 'build');
// With the prefix of their tools' names.
export const architectures = { x86_64: '', aarch64: 'aarch64-linux-gnu-' };

/** Runs a command that must succeed; returns its output. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  assert.equal(
    result.status,
    0,
    `${command} ${args.join(' ')}: ${result.error ?? ''}\n${result.stdout}${result.stderr}`,
  );
  return result.stdout;
}

/** The archives that `make dist` has made. tree: the folder of another working copy. */
export function archives(arch, tree = repository) {
  const version = /^VERSION +:= (\S+)/m.exec(fs.readFileSync(path.join(tree, 'Makefile'), 'utf8'))[1];
  const name = path.join(tree, 'build', `pollchat-${version}-linux-${arch}`);
  return { zip: `${name}.zip`, tar: `${name}.tar.gz` };
}

/** Unpacks the archive into the folder; returns the path of the folder that it contains. */
export function unpack(folder, arch = 'x86_64') {
  run('tar', ['-C', folder, '-xzf', archives(arch).tar]);
  return path.join(folder, 'pollchat');
}

export const programOf = (site) =>
  path.join(site, 'cgi-bin', 'programs', fs.readFileSync(path.join(site, 'cgi-bin', 'programs', 'use'), 'utf8').trim());

export const compile = (out, source, ...flags) => run('gcc', ['-O', '-o', out, source, ...flags]);

/** Writes a script that runs the command with the script's arguments appended. */
export function wrapper(file, ...command) {
  fs.writeFileSync(file, `#!/bin/sh\nexec ${command.join(' ')} "$@"\n`, { mode: 0o755 });
  return file;
}

/**
 * Makes one plain CGI request to the program that the command starts. The environment has the
 * request's variables only.
 */
export async function ask(command, request, options = {}) {
  const { body, env: more } = { body: undefined, env: {}, ...request };
  const env = {
    ...variables({ ...request, length: body === undefined ? undefined : Buffer.byteLength(body) }),
    ...more,
  };
  const child = spawn(command[0], command.slice(1), { env, ...options });
  const out = [[], []];
  child.stdout.on('data', (piece) => out[0].push(piece));
  child.stderr.on('data', (piece) => out[1].push(piece));
  child.stdin.on('error', () => {});
  child.stdin.end(body ?? '');
  const [code, signal] = await once(child, 'close');
  const [stdout, stderr] = out.map((pieces) => Buffer.concat(pieces).toString());
  return { ...parseAnswer(stdout), stdout, stderr, code, signal };
}

export const sending = (text) => ({
  program: 'send',
  method: 'POST',
  type: 'application/x-www-form-urlencoded',
  body: new URLSearchParams({ text }).toString(),
});
export const polling = (query) => ({ program: 'poll', query });

/**
 * Sends and reads a message, as must work on each machine. how(name): the command that starts
 * send.cgi or poll.cgi.
 */
export async function talkByCgi(how) {
  const sent = await ask(how('send.cgi'), sending('hi'));
  assert.equal(sent.status, 201, sent.stdout + sent.stderr);
  const polled = await ask(how('poll.cgi'), polling('since=0'));
  assert.equal(polled.status, 200, polled.stdout + polled.stderr);
  assert.deepEqual(polled.json.messages.map(({ text }) => text), ['hi']);
  assert.deepEqual([sent.stderr, polled.stderr], ['', '']);
}

/**
 * Does the same by FastCGI, and checks that a waiting poll is answered. how(name): a file that
 * starts the program.
 */
export async function talkByFastcgi(t, how) {
  const [sender, poller] = [
    await startFastcgi(t, '', undefined, { file: how('send.cgi') }),
    await startFastcgi(t, '', undefined, { file: how('poll.cgi') }),
  ];
  const first = await fastcgi(sender.socket, sending('first'));
  assert.equal(first.status, 201, first.body + first.stderr);
  const waits = fastcgi(poller.socket, polling('since=1&wait=60'));
  await until(async () => (await status(poller))?.parked.polls === 1, 'a poll to wait');
  assert.equal((await fastcgi(sender.socket, sending('second'))).status, 201);
  assert.deepEqual((await waits).json.messages.map(({ text }) => text), ['second']);
}

/** Runs files of tests/cgi with the programs in the folder ROOT. */
export function runCgiTests(ROOT, files, more = []) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const paths = files.map((name) => path.join(repository, 'tests', 'cgi', `${name}.test.mjs`));
  const result = spawnSync(process.execPath, ['--test', ...more, ...paths], {
    encoding: 'utf8',
    env: { ...env, ROOT },
    maxBuffer: 1 << 28,
  });
  const failed = result.stdout.split(/^(?=not ok|# Subtest)/m).filter((part) => /^ *not ok/m.test(part)).join('');
  assert.equal(result.status, 0, failed || result.stdout.slice(-4000) + result.stderr);
  assert.match(result.stdout, /^# pass [1-9]/m);
}

/** Makes a staged folder with the archive's program; the command starts it each time. */
export function stageBy(folder, arch, ...command) {
  const stage = path.join(folder, 'stage');
  fs.cpSync(path.join(build, `dist-${arch}`, 'stage'), stage, { recursive: true });
  fs.mkdirSync(path.join(stage, 'cgi-bin', 'programs'));
  for (const name of ['send', 'poll', 'pollchat']) {
    const [starter, program] = [path.join(stage, 'cgi-bin', name), path.join(stage, 'cgi-bin', 'programs', name)];
    fs.renameSync(starter, program);
    wrapper(starter, ...command, program);
  }
  return stage;
}
