// cgi.test.mjs - the programs as plain CGI, without a web server: bodies, settings, folders and
// signals.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { cgi, parseAnswer, poll, pollchat, programPath, send, sqlOf, startCgi, STORE, temporaryFolder, until, variables } from './program.mjs';

const form = 'application/x-www-form-urlencoded';

test('the first message creates the database, and poll returns it', async (t) => {
  const data = temporaryFolder(t);
  const sent = await send(data, { text: 'hi', name: 'ann' });
  assert.equal(sent.status, 201);
  assert.equal(sent.code, 0);
  const { epoch, time, id, ...rest } = sent.json;
  assert.deepEqual(rest, { room: 'lobby', seq: 1, name: 'ann', text: 'hi', type: 'message' });
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const polled = await poll(data);
  assert.deepEqual(polled.json, {
    epoch, room: 'lobby', messages: [{ seq: 1, time, name: 'ann', text: 'hi', type: 'message', id }],
    next: 1, head: 1, oldest: 1, more: false, wait: 0, poll_after: 2,
  });
});

test('a poll before the first message creates the database and answers without messages', async (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  const polled = await poll(data, '');
  assert.equal(polled.status, 200);
  assert.deepEqual(polled.json.messages, []);
  assert.equal(fs.statSync(data).mode & 0o777, 0o700);
  if (STORE === undefined) assert.equal(fs.statSync(path.join(data, 'chat.db')).mode & 0o777, 0o600);
  assert.match(fs.readFileSync(path.join(data, '.htaccess'), 'utf8'), /denied/);
});

test('every answer has the security headers, Cache-Control: no-store and a Content-Length', async (t) => {
  const data = temporaryFolder(t);
  for (const answer of [
    await poll(data),
    await send(data, { text: 'x' }),
    await poll(data, 'since=x'),
    await send(data, {}),
  ]) {
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.match(answer.headers['content-security-policy'], /default-src 'none'/);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(Number(answer.headers['content-length']), Buffer.byteLength(answer.body));
  }
});

test('a body ends after Content-Length bytes; the program ignores bytes after that', async (t) => {
  const sent = await cgi(temporaryFolder(t), {
    program: 'send',
    method: 'POST',
    type: form,
    body: 'text=hi&name=eve',
    length: 7,
  });
  assert.equal(sent.json.text, 'hi');
  assert.equal(sent.json.name, 'guest');
});

test('a body without Content-Length is read to its end only if the server says that it is chunked', async (t) => {
  const data = temporaryFolder(t);
  const chunked = await cgi(data, {
    program: 'send',
    method: 'POST',
    type: form,
    body: 'text=chunked',
    length: null,
    extra: { HTTP_TRANSFER_ENCODING: 'chunked' },
  });
  assert.equal(chunked.json.text, 'chunked');
  for (const extra of [{}, { CONTENT_LENGTH: '' }]) {
    const none = await cgi(data, {
      program: 'send',
      method: 'POST',
      type: form,
      body: 'text=unannounced',
      length: null,
      extra,
    });
    assert.equal(none.status, 400);
    assert.equal(none.json.field, 'text');
  }
});

test('a body shorter than its Content-Length is answered 400, and nothing is stored', async (t) => {
  const data = temporaryFolder(t);
  const sent = await cgi(data, { program: 'send', method: 'POST', type: form, body: 'text=half', length: 100 });
  assert.equal(sent.status, 400);
  assert.match(sent.json.detail, /9 of 100 bytes/);
  assert.equal((await poll(data)).json.head, 0);
});

test('a Content-Length that is not a number is answered 400', async (t) => {
  for (const length of ['-1', '1e3', '99999999999999999999', '+5', ' 5']) {
    const sent = await cgi(temporaryFolder(t), {
      program: 'send',
      method: 'POST',
      type: form,
      body: 'text=hi',
      length,
    });
    assert.equal(sent.status, 400, `length ${length}`);
  }
});

test('a body over the limit is answered 413 and told the limit, with and without Content-Length', async (t) => {
  const data = temporaryFolder(t);
  const env = { POLLCHAT_MAX_TEXT: '100' };
  const body = 'text=' + 'x'.repeat(20_000);
  for (const how of [{}, { length: null, extra: { HTTP_TRANSFER_ENCODING: 'chunked', ...env } }]) {
    const sent = await cgi(data, { program: 'send', method: 'POST', type: form, body, extra: env, ...how });
    assert.equal(sent.status, 413);
    assert.match(sent.json.detail, /100 bytes/);
  }
  assert.equal((await send(data, { text: 'x'.repeat(101) }, { extra: env })).status, 413);
  assert.equal((await send(data, { text: 'x'.repeat(100) }, { extra: env })).status, 201);
});

for (const [bytes, what, extra] of [
  [262_144, 'as it comes', {}],
  [1_048_576, 'by setting', { POLLCHAT_MAX_TEXT: '1048576' }],
]) {
  test(`a text of ${bytes / 1024} KiB is stored and returned byte for byte, one more byte is refused: ${what}`, async (t) => {
    const data = temporaryFolder(t);
    const piece = '\u00e9\u{1f600}\r\n\t\u0001"\\';
    const text = piece.repeat(bytes / Buffer.byteLength(piece)) + 'x'.repeat(bytes % Buffer.byteLength(piece));
    assert.equal(Buffer.byteLength(text), bytes);
    const post = (body) => cgi(data, { program: 'send', method: 'POST', type: 'text/plain', body, extra });
    assert.equal((await post(text)).status, 201);
    assert.equal((await poll(data, 'since=0', { extra })).json.messages[0].text, text);
    const refused = await post(`${text}x`);
    assert.equal(refused.status, 413);
    assert.match(refused.json.detail, new RegExp(`${bytes}`));
  });
}

test('with a wrong setting requests are still answered: the default applies, and the log names the mistake', async (t) => {
  const data = temporaryFolder(t);
  for (const [extra, said] of [
    [{ POLLCHAT_MAX_TEXT: 'lots' }, /MAX_TEXT.*lots.*1 to 16777216/],
    [{ POLLCHAT_MAX_TXT: '1' }, /MAX_TXT.*Is max_text meant/],
  ]) {
    const sent = await send(data, { text: 'hi' }, { extra });
    assert.equal(sent.status, 201);
    assert.match(sent.stderr, said);
    assert.equal((await poll(data, '', { extra })).status, 200);
  }
});

test('a mistake in the settings is logged once, not by each process', async (t) => {
  const data = temporaryFolder(t);
  const told = async (max) => {
    const answers = await Promise.all(
      [0, 1, 2, 3].flatMap(() => [
        poll(data, '', { extra: { POLLCHAT_MAX_TEXT: max } }),
        send(data, { text: 'hi' }, { extra: { POLLCHAT_MAX_TEXT: max } }),
      ]),
    );
    return answers.filter((answer) => answer.stderr.includes(`'${max}'`)).length;
  };
  assert.equal(await told('lots'), 1);
  assert.equal(await told('lots'), 0);
  assert.equal(await told('much'), 1, 'another mistake is logged again');
  const yesterday = Date.now() / 1000 - 25 * 60 * 60;
  fs.utimesSync(path.join(data, 'chat.warned'), yesterday, yesterday);
  assert.equal(await told('much'), 1, 'logged again after a day');
});

test('if it is not certain which data folder is meant, a request is answered 500; the values are logged, but not sent to the client', async (t) => {
  const data = temporaryFolder(t);
  for (const extra of [
    { POLLCHAT_DATA: '' },
    { POLLCHAT_DATA: undefined, POLLCHAT_DATE: data },
    { POLLCHAT_DATA: undefined, POLLCHAT_CONF: `${data}/hunter2` },
  ]) {
    const polled = await poll(data, '', { extra });
    assert.equal(polled.status, 500);
    assert.equal(polled.json.type, 'urn:pollchat:problem:misconfigured');
    assert.doesNotMatch(polled.body, /DAT[AE]|hunter2/);
    assert.match(polled.stderr, /POLLCHAT_DATA: data is ''|POLLCHAT_DATE.*Is data meant|hunter2 can't be read/);
  }
  assert.deepEqual(fs.readdirSync(data), []);
});

test('a name with an invisible character is answered 400 with its code point and position; emoji are allowed', async (t) => {
  const data = temporaryFolder(t);
  for (const [name, says] of [
    ['an\u200bn', /number 3 is U\+200B/],
    ['\u3164ann\u2060x', /U\+2060/],
    ['a\u00adnn', /U\+00AD/],
    ['ann\u{e0041}', /U\+E0041/],
    ['ann\ufe0f', /U\+FE0F/],
  ]) {
    const sent = await send(data, { text: 'hi', name });
    assert.equal(sent.status, 400, name);
    assert.equal(sent.json.field, 'name');
    assert.match(sent.json.detail, says);
  }
  for (const name of ['\u{1f469}\u200d\u{1f4bb}', '\u2764\ufe0f ann', 'نیم\u200cفاصله']) {
    const sent = await send(data, { text: 'hi', name });
    assert.equal(sent.status, 201, sent.body);
    assert.equal(sent.json.name, name);
  }
});

test('settings come from a file, and environment variables override the file', async (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'my.conf');
  fs.writeFileSync(file, '; comment\nmax_text = 5\ndata = here\n');
  const extra = { POLLCHAT_CONF: file };
  assert.equal((await send(folder, { text: '123456' }, { extra })).status, 413);
  assert.equal((await send(folder, { text: '123456' }, { extra: { ...extra, POLLCHAT_MAX_TEXT: '6' } })).status, 201);
  const shown = await pollchat(['settings'], { POLLCHAT_CONF: file, POLLCHAT_MAX_TEXT: '6' });
  assert.match(shown.stdout, /^max_text = 6 {2}; environment POLLCHAT_MAX_TEXT$/m);
  assert.match(shown.stdout, /^data = \/.*\/here {2}; my\.conf line 3$/m);
  fs.writeFileSync(file, 'max_text = 5\nmax_txet = 6\n');
  const wrong = await pollchat(['settings'], { POLLCHAT_CONF: file });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /my\.conf line 2.*max_txet/);
});

test('a data folder that cannot be created is answered 500 and logged; once it can be created, requests succeed', async (t) => {
  const folder = temporaryFolder(t);
  const missing = path.join(folder, 'not', 'there');
  const sent = await send(missing, { text: 'hi' });
  assert.equal(sent.status, 500);
  assert.equal(sent.json.type, 'urn:pollchat:problem:misconfigured');
  assert.match(sent.stderr, /data.*must exist/);
  fs.mkdirSync(path.join(folder, 'not'));
  assert.equal((await send(missing, { text: 'hi' })).status, 201);
});

test('SIGTERM and SIGUSR1 end a program that waits for its body at once, and nothing is stored', async (t) => {
  const data = temporaryFolder(t);
  await poll(data);
  for (const signal of ['SIGTERM', 'SIGUSR1']) {
    const { child, answer } = startCgi(data, { program: 'send', method: 'POST', type: form, length: 100 });
    child.stdin.write('text=half');
    await until(() => fs.readFileSync(`/proc/${child.pid}/wchan`, 'utf8') !== '' && child.pid, 'the program to run');
    child.kill(signal);
    assert.equal((await answer).signal, signal);
  }
  assert.equal((await poll(data)).json.head, 0);
});

test('pollchat check prints ok for a sound database, and reports a folder without a database', async (t) => {
  const data = temporaryFolder(t);
  await send(data, { text: 'hi' });
  const good = await pollchat(['check', '--data', data]);
  assert.equal(good.code, 0);
  assert.match(good.stdout, /^ok/);
  const none = await pollchat(['check', '--data', path.join(data, 'typo')]);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /no database|no chat in it yet/);
  assert.ok(!fs.existsSync(path.join(data, 'typo')), 'check creates nothing');
});

test('pollchat check names the damage', async (t) => {
  const data = temporaryFolder(t);
  for (const text of ['a', 'b', 'c']) await send(data, { text });
  sqlOf(data, 'DELETE FROM message WHERE seq = 2');
  const bad = await pollchat(['check', '--data', data]);
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /seqs are missing/);
});

test('pollchat with a wrong command prints its usage', async () => {
  assert.equal((await pollchat([])).code, 2);
  assert.equal((await pollchat(['chekc'])).code, 2);
  assert.equal((await pollchat(['check', '--data'])).code, 2);
  assert.match((await pollchat(['help'])).stdout, /check/);
  assert.match((await pollchat(['version'])).stdout, /^pollchat \d+\.\d+\.\d+$/m);
});

test('chat.conf.example is what pollchat settings --example prints', async () => {
  const shown = await pollchat(['settings', '--example']);
  assert.equal(
    shown.stdout,
    fs.readFileSync(path.join(path.dirname(programPath('pollchat')), 'chat.conf.example'), 'utf8'),
  );
});

test('a client that may not use a route is refused before its query is read', async (t) => {
  const data = temporaryFolder(t);
  const broken = { query: 'room=%zz', extra: { HTTP_ORIGIN: 'https://evil.example' } };
  const sent = await cgi(data, { program: 'send', method: 'POST', body: 'x', type: 'text/plain', ...broken });
  assert.equal(sent.status, 403);
  assert.match(sent.json.type, /:forbidden-origin$/);
  const elsewhere = { SCRIPT_NAME: '/status', REMOTE_ADDR: '192.0.2.1' };
  const status = await cgi(data, { program: 'poll', query: 'format=%zz', extra: elsewhere });
  assert.equal(status.status, 403);
});

test('pollchat run as CGI refuses, because a query string can become arguments (RFC 3875, section 4.4)', async (t) => {
  const data = temporaryFolder(t);
  assert.equal((await send(data, { text: 'mine' })).status, 201);
  const stolen = path.join(data, 'stolen.db');
  const env = { POLLCHAT_DATA: data, ...variables({ program: 'pollchat', query: `backup+${stolen}` }) };
  const { stdout } = spawnSync(programPath('pollchat'), ['backup', stolen], { env, encoding: 'utf8' });
  assert.equal(parseAnswer(stdout).status, 403);
  assert.ok(!fs.existsSync(stolen));
});
