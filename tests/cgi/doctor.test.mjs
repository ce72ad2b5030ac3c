// doctor.test.mjs - /doctor without a web server: what it reports, to whom, and how it stops a chat
// whose data folder is exposed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { aboutSqlite, cgi, fastcgi, poll, pollchat, programPath, send, startFastcgi, STORE, temporaryFolder, until } from './program.mjs';

const doctor = (data, { extra, ...options } = {}) =>
  cgi(data, {
    program: 'poll',
    path: '/doctor',
    method: 'GET',
    ...options,
    extra: { PATH_INFO: '/doctor', POLLCHAT_DOCTOR: 'everyone', ...extra },
  });
const topic = (answer, name) => answer.json.findings.find((finding) => finding.topic === name);

test('doctor creates the database in a new folder, and each finding is a sentence', async (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  const answer = await doctor(data);
  assert.equal(answer.status, 200);
  assert.equal(topic(answer, 'database').state, 'fine');
  if (STORE === undefined) assert.ok(fs.existsSync(path.join(data, 'chat.db')));
  for (const { text } of answer.json.findings) {
    assert.match(text, /^[A-Z].*[.!]$/, text);
    assert.ok(!text.includes(data), 'findings contain no path of the host');
  }
});

test('by default only requests from the same machine may read it', async (t) => {
  const data = temporaryFolder(t);
  const loopback = { POLLCHAT_DOCTOR: 'loopback' };
  assert.equal(
    (await doctor(data, { extra: { ...loopback, REMOTE_ADDR: '192.0.2.7', HTTP_HOST: 'chat.example' } })).status,
    403,
  );
  assert.equal(
    (await doctor(data, { extra: { ...loopback, REMOTE_ADDR: '127.0.0.1', HTTP_HOST: 'localhost' } })).status,
    200,
  );
  assert.equal(
    (
      await doctor(data, {
        extra: { ...loopback, REMOTE_ADDR: '127.0.0.1', HTTP_HOST: 'localhost', HTTP_X_FORWARDED_FOR: '192.0.2.7' },
      })
    ).status,
    403,
  );
});

test('a request counts as encrypted if the web server or a trusted proxy says so', async (t) => {
  const data = temporaryFolder(t);
  const secure = async (extra) => (await doctor(data, { extra: { REMOTE_ADDR: '192.0.2.7', ...extra } })).json.secure;
  assert.equal(await secure({}), false);
  assert.equal(await secure({ HTTPS: 'on' }), true);
  assert.equal(await secure({ HTTP_X_FORWARDED_PROTO: 'https' }), false);
  assert.equal(await secure({ HTTP_X_FORWARDED_PROTO: 'https', POLLCHAT_TRUSTED_PROXIES: '192.0.2.7' }), true);
});

const local = { REMOTE_ADDR: '127.0.0.1', HTTP_HOST: 'localhost' };

test('a wrong setting is shown with its value to requests from the same machine, and without it to others', async (t) => {
  const data = temporaryFolder(t);
  const wrong = { POLLCHAT_MAX_TEXT: 'hunter2', POLLCHAT_SECRET: 'hunter3' };
  const owner = await doctor(data, { extra: { ...wrong, ...local } });
  assert.equal(owner.status, 200);
  assert.match(owner.body, /MAX_TEXT: max_text is 'hunter2'.*no setting 'SECRET'/);
  assert.equal(topic(owner, 'settings').state, 'poor');
  assert.equal(topic(owner, 'database').state, 'fine');
  for (const asks of [{}, { ...local, HTTP_X_FORWARDED_FOR: '192.0.2.7' }, { ...local, HTTP_HOST: 'chat.example' }]) {
    const stranger = await doctor(data, { extra: { ...wrong, ...asks } });
    assert.equal(topic(stranger, 'settings').state, 'poor');
    assert.match(stranger.body, /max_text has a value that isn't allowed; allowed is a whole number/);
    assert.doesNotMatch(stranger.body, /hunter|SECRET/);
  }
});

test('where wrong settings stop the chat, doctor says so, and shows their values only to the owner', async (t) => {
  const data = temporaryFolder(t);
  const extra = { POLLCHAT_DATA: undefined, POLLCHAT_DATE: '/hunter2' };
  const owner = await doctor(data, { extra: { ...extra, ...local } });
  assert.match(topic(owner, 'settings').text, /stopped.*no setting 'DATE' \(its value is '\/hunter2'\). Is data meant/);
  const stranger = await doctor(data, { extra });
  assert.equal(topic(stranger, 'settings').state, 'wrong');
  assert.match(stranger.body, /Is data meant/);
  assert.doesNotMatch(stranger.body, /DATE|hunter/);
  const nobody = await doctor(data, { extra: { ...extra, POLLCHAT_DOCTOR: 'all' } });
  assert.equal(nobody.status, 403);
  assert.match(nobody.json.detail, /the setting doctor says who may read it.*misspelt/);
});

test('repeated requests by strangers do not test the disk again within 5 s; a request by the owner always does', async (t) => {
  const data = temporaryFolder(t);
  const file = path.join(data, 'chat.trial');
  const tried = () => fs.statSync(file, { bigint: true }).mtimeNs;
  await doctor(data);
  const first = tried();
  const answers = await Promise.all([...Array(8)].map(() => doctor(data)));
  assert.ok(answers.every((answer) => topic(answer, 'data').state === 'fine'));
  assert.equal(tried(), first, 'the last test of the disk is less than 5 s old');
  assert.equal(topic(await doctor(data, { extra: local }), 'data').state, 'fine');
  const second = tried();
  assert.ok(second > first);
  const past = Date.now() / 1000 - 6;
  fs.utimesSync(file, past, past);
  await doctor(data);
  assert.ok(tried() > second, 'the last test of the disk is more than 5 s old');
  assert.ok(fs.statSync(file).size < 4096);
});

test('a FastCGI process shows strangers its findings of the last seconds', async (t) => {
  const data = temporaryFolder(t);
  const { socket } = await startFastcgi(t, 'poll', data, { env: { POLLCHAT_DOCTOR: 'everyone' } });
  const look = (extra = {}) => fastcgi(socket, { program: 'poll', extra: { PATH_INFO: '/doctor', ...extra } });
  assert.equal(topic(await look(), 'data').state, 'fine');
  fs.rmSync(path.join(data, 'chat.trial'));
  const answers = await Promise.all([...Array(8)].map(() => look()));
  assert.ok(answers.every((answer) => topic(answer, 'data').state === 'fine'));
  assert.ok(!fs.existsSync(path.join(data, 'chat.trial')), 'no new test of the disk');
  assert.equal(topic(await look(local), 'data').state, 'fine');
  assert.ok(fs.existsSync(path.join(data, 'chat.trial')));
});

test('a data folder that other users may write to is not used, and doctor says why; with its permissions restored, the chat continues', aboutSqlite, async (t) => {
  const data = temporaryFolder(t);
  assert.equal((await send(data, { text: 'before' })).status, 201);
  const poller = await startFastcgi(t, 'poll', data);
  const look = () => fastcgi(poller.socket, { program: 'poll', query: 'since=0' });
  assert.equal((await look()).status, 200);
  for (const [what, open, closed, says] of [
    [data, 0o777, 0o700, /the data folder \(permissions 777\)/],
    [path.join(data, 'chat.db'), 0o666, 0o600, /chat\.db \(permissions 666\)/],
  ]) {
    fs.chmodSync(what, open);
    const noticed = await until(async () => {
      const answer = await look();
      return answer.status === 503 && answer;
    }, 'the running program to notice the permissions');
    const names = fs.readdirSync(data).sort();
    for (const answer of [await send(data, { text: 'now' }), await poll(data), noticed]) {
      assert.equal(answer.status, 503);
      assert.equal(answer.json.type, 'urn:pollchat:problem:exposed');
      assert.doesNotMatch(answer.body, /permissions|chat\.db/, 'the reason is not sent to strangers');
      // A background thread may have noticed it first and logged it.
      if (answer !== noticed) assert.match(answer.stderr, says);
    }
    const said = topic(await doctor(data), 'data-others');
    assert.equal(said.state, 'wrong');
    assert.match(said.text, says);
    for (const command of [
      ['check'],
      ['backup', path.join(data, '..', 'none.db')],
      ['restore', path.join(data, 'chat.db')],
      ['doctor'],
    ]) {
      const shell = await pollchat([...command, '--data', data]);
      assert.equal(shell.code, 1, command[0]);
      assert.match(shell.stdout + shell.stderr, says);
    }
    assert.deepEqual(fs.readdirSync(data).sort(), names, 'no file is created there');
    fs.chmodSync(what, closed);
    await until(async () => (await look()).status === 200, 'the running program to answer again');
  }
  assert.equal((await send(data, { text: 'after' })).status, 201);
  assert.equal((await poll(data)).json.head, 2);
});

test('a folder that belongs to another user is not used, whatever its permissions', { skip: process.getuid() !== 0 && 'needs root' }, async (t) => {
  const data = temporaryFolder(t);
  fs.chmodSync(data, 0o755);
  fs.chownSync(data, 1234, 1234);
  const as = (args) =>
    spawnSync(
      'setpriv',
      ['--reuid=65534', '--regid=65534', '--clear-groups', '--', programPath('pollchat'), ...args, '--data', data],
      { encoding: 'utf8' },
    );
  const seen = as(['doctor']);
  assert.equal(seen.status, 1, seen.stderr);
  assert.match(seen.stdout, /wrong +data-others +Another user of this machine has the data folder/);
});

test('links in a data folder, set by its owner, make no pollchat command that root runs change other files', { skip: process.getuid() !== 0 && 'needs root' }, async (t) => {
  const folder = temporaryFolder(t);
  const precious = path.join(folder, 'precious');
  const state = () => [
    fs.readFileSync(precious, 'utf8'),
    ...['mode', 'uid', 'gid'].map((key) => fs.statSync(precious)[key]),
  ];
  fs.writeFileSync(precious, 'root:x:0:0\n', { mode: 0o644 });
  const before = state();
  const names = [
    'chat.db-lock',
    'chat.bell',
    'chat.limits',
    'chat.tally',
    'chat.key',
    'chat.trial',
    'chat.upgrade',
    'chat.warned',
    'chat.incidents',
    'web-test.txt',
    'chat-restore.new',
    'chat-restore.old',
    'chat.db-trial',
    'READABLE-BY-THE-WEB.txt',
  ];
  for (const make of [fs.symlinkSync, fs.linkSync]) {
    for (const name of names) {
      const data = path.join(folder, `data-${make.name}-${name}`);
      fs.mkdirSync(data, { mode: 0o700 });
      assert.equal((await send(data, { text: 'kept' })).status, 201);
      fs.rmSync(path.join(data, name), { force: true });
      make(precious, path.join(data, name));
      for (const file of ['.', ...fs.readdirSync(data)].filter((file) => file !== name))
        fs.lchownSync(path.join(data, file), 65534, 65534);
      const copy = path.join(folder, `copy-${make.name}-${name}`);
      for (const command of [['doctor'], ['check'], ['backup', copy], ['restore', copy]]) {
        await pollchat([...command, '--data', data], { POLLCHAT_MAX_TEXT: 'wrong' });
        assert.deepEqual(state(), before, `${make.name} ${name}: pollchat ${command[0]}`);
      }
    }
  }
});

test('a body sent to /doctor is counted and not stored; a body that is too long is refused', async (t) => {
  const data = temporaryFolder(t);
  const small = await doctor(data, { method: 'POST', type: 'application/json', body: '{"text":"<script>"}' });
  assert.deepEqual(small.json, { bytes: 19 });
  const big = await doctor(data, { method: 'POST', type: 'application/json', body: 'x'.repeat(2 * 1024 * 1024 + 1) });
  assert.equal(big.status, 413);
  assert.ok(!fs.existsSync(path.join(data, 'chat.db')), 'nothing is stored, not even a database');
});

test('the secret word of the test file stops the chat, other words do not, and only the owner can start it again', async (t) => {
  const data = temporaryFolder(t);
  const word = 'abcdefghijklmnopqrstuv';
  fs.writeFileSync(path.join(data, 'web-test.txt'), `pollchat ${word}\n`);
  for (const wrong of ['abcdefghijklmnopqrstuw', 'x', '']) {
    const answer = await doctor(data, { method: 'POST', query: `exposed=${wrong}`, body: '', type: 'text/plain' });
    assert.equal(answer.status, 400, wrong);
    assert.equal(answer.json.field, 'exposed');
  }
  assert.equal((await send(data, { text: 'before' })).status, 201);
  assert.equal(
    (await doctor(data, { method: 'POST', query: `exposed=${word}`, body: '', type: 'text/plain' })).status,
    200,
  );
  for (const answer of [await poll(data), await send(data, { text: 'now' })]) {
    assert.equal(answer.status, 503);
    assert.equal(answer.json.type, 'urn:pollchat:problem:exposed');
    assert.doesNotMatch(answer.body, /data folder|download/, 'the reason is not sent to strangers');
  }
  assert.equal(topic(await doctor(data), 'data-web').state, 'wrong');
  const shell = await pollchat(['doctor', '--data', data]);
  assert.equal(shell.code, 1);
  assert.match(shell.stdout, /^wrong +data-web/m);
  fs.rmSync(path.join(data, 'READABLE-BY-THE-WEB.txt'));
  assert.equal((await send(data, { text: 'after' })).status, 201);
  assert.equal((await poll(data)).json.head, 2);
});

test('pollchat doctor only looks: it creates no database in a mistyped folder', async (t) => {
  const data = path.join(temporaryFolder(t), 'mistyped');
  const shell = await pollchat(['doctor', '--data', data]);
  assert.equal(shell.code, 0);
  assert.match(shell.stdout, /no database/);
  assert.ok(!fs.existsSync(data));
});
