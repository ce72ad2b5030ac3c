// limits.test.mjs - hosts that lack something: disk space, file locks, shared memory, trust. What
// can work works, refusals are clear, nothing is half done, and doctor.html names the cause.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { say, shows, status, texts, withBrowser } from '../browser/harness.mjs';
import { isRoot, until } from '../e2e/harness.mjs';
import { asOwner, conform, kinds, user, withHost } from './host.mjs';
import { diagnose, FAULTS, talk, wrong } from './visit.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
const data = ({ site }) => path.join(site, 'pollchat-data');
const tried = new Set();

const send = (host, text, id) =>
  host.get('cgi-bin/send.cgi/send', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'fill', text, id }),
  });
const slug = (answer) => answer.json().type.replace('urn:pollchat:problem:', '');

/** Returns all messages of the lobby. */
async function all(host) {
  const found = [];
  for (let since = 0; ; ) {
    const answer = await host.get(`cgi-bin/poll.cgi/poll?since=${since}&limit=100`);
    assert.equal(answer.status, 200, `${answer.body}`);
    const page = answer.json();
    found.push(...page.messages);
    since = page.next;
    if (!page.more) {
      return found;
    }
  }
}

// ---- no space ----

/** Sends messages until even the shortest is refused. Returns the ids of the stored ones. */
async function fill(host, round) {
  const stored = [];
  let refused;
  for (const size of [40_000, 4000, 400, 1]) {
    let no = 0; // refusals in a row: one alone may only mean that the log had its full length
    for (let i = 0; i < 3000 && no < 3; i++) {
      const id = `fill-${round}-${size}-${i}`;
      const answer = await send(host, 'x'.repeat(size), id);
      if (answer.status === 201) {
        stored.push(id);
        no = 0;
      } else {
        refused = answer;
        no += 1;
      }
    }
    assert.equal(refused?.status, 503, 'there is no space left in the end');
    assert.equal(slug(refused), 'store-full', `${refused.body}`);
    assert.ok(Number(refused.headers['retry-after']) > 0);
  }
  return stored;
}

/** limit() leaves hardly any space; widen() makes space again. says: the topic in doctor. */
const worksWhenFull = (host, { limit, widen, says }) =>
  withBrowser(async ({ tab }) => {
    const ignore = /404|403|500|503|Failed to load resource/;
    await talk({ tab, address: host.address });
    const ann = await tab(host.address, { name: 'ann', ignore });
    limit();
    const stored = [];
    let text = '';
    let last = '';

    // The page keeps a message that cannot be stored, and says why. (Once no reader uses the log
    // any more, it starts again from its beginning, and there is space.)
    for (let round = 1; last !== `${text} [queued]`; round++) {
      assert.ok(round < 20, 'there is always space again');
      stored.push(...(await fill(host, round)));
      text = `no room for this ${round}`;
      await say(ann, text);
      last = await until(async () => {
        const now = (await texts(ann)).at(-1);
        return (now === text || now === `${text} [queued]`) && now;
      }, 'the message to be queued or stored');
    }
    await status(ann).filter({ hasText: /disk or the quota .* is full/ }).first().waitFor();

    // New visitors can still read, and no message is stored half.
    const kept = (await all(host)).map(({ id }) => id).filter((id) => id.startsWith('fill-'));
    assert.deepEqual(kept, stored);
    const ben = await tab(host.address, { name: 'ben', ignore });
    await until(async () => (await texts(ben)).length > 0, 'the new visitor to see messages');

    const diagnosis = await diagnose({ tab, address: host.address });
    assert.ok(wrong(diagnosis).includes(says), diagnosis.texts);
    assert.deepEqual(wrong(diagnosis).filter((topic) => !['data', 'file-size'].includes(topic)), [], diagnosis.texts);
    assert.match(diagnosis.list.find(([topic]) => topic === says)[2], /no message can be sent|full/);

    // With space it continues by itself, and no message is stored twice.
    widen();
    const isThere = async (page) => (await texts(page)).at(-1) === text;
    await until(() => isThere(ann), 'the message to be sent by itself', 90_000);
    await until(() => isThere(ben), 'the other visitor to see it');
    assert.equal((await all(host)).filter((message) => message.text === text).length, 1);
    assert.deepEqual(wrong(await diagnose({ tab, address: host.address })), []);
    await conform(host);
  });

test('a limit of file size: reading works, and sending works again once the limit is raised', () =>
  withHost('usual-cgi', {}, (host) =>
    worksWhenFull(host, {
      says: 'file-size',
      limit() {
        const sizes = fs.readdirSync(data(host)).filter((name) => /^chat\.db(-wal|-journal)?$/.test(name)).map((name) => fs.statSync(path.join(data(host), name)).size);
        host.limitFiles(Math.max(...sizes) + 200_000);
      },
      widen: () => host.limitFiles(Infinity),
    }),
  ));

/**
 * A small disk: a mounted tmpfs where that is allowed, or else /dev/shm, which is small in
 * containers. null: neither.
 */
function smallDisk(host) {
  // Otherwise messages are refused before the disk is full.
  fs.writeFileSync(path.join(host.site, 'cgi-bin', 'my-chat.conf'), 'max_store = 1000000000000\n');
  const mounted = data(host);
  const { uid, gid } = user;
  if (
    spawnSync('mount', ['-t', 'tmpfs', '-o', `size=16m,mode=700,uid=${uid},gid=${gid}`, 'pollchat-test', mounted])
      .status === 0
  ) {
    return { folder: mounted, remove: () => spawnSync('umount', ['-l', mounted]) };
  }
  const { type, bavail, bsize } = fs.statfsSync('/dev/shm');
  if (type !== 0x01021994 || bavail * bsize > 256 * 1024 * 1024) {
    return null;
  }
  const folder = fs.mkdtempSync('/dev/shm/pollchat-shared-hosting.');
  fs.chownSync(folder, uid, gid);
  const conf = path.join(host.site, 'cgi-bin', 'chat.conf');
  fs.writeFileSync(conf, fs.readFileSync(conf, 'utf8').replace(/^data = .*$/m, `data = ${folder}`));
  return { folder, remove: () => fs.rmSync(folder, { recursive: true, force: true }) };
}

for (const kind of ['usual-cgi', 'usual-fcgid']) {
  test(`${kind}: a full disk: reading works, and sending works again once there is space`, { skip: !isRoot && 'needs root' }, async (t) => {
    let disk = null;
    await withHost(kind, { before: (host) => (disk = smallDisk(host)), after: () => disk?.remove() }, async (host) => {
      if (disk === null) {
        t.diagnostic(
          'nothing can be mounted, and /dev/shm is large: only the limit of file size is tested',
        );
        return;
      }
      const filler = path.join(disk.folder, 'filler');
      await worksWhenFull(host, {
        says: 'data',
        limit() {
          const { bavail, bsize } = fs.statfsSync(disk.folder);
          assert.equal(spawnSync('fallocate', ['-l', `${bavail * bsize - 300_000}`, filler]).status, 0);
        },
        widen: () => fs.rmSync(filler),
      });
    });
  });
}

// ---- a disk that lacks features ----

const journalOf = (host) => (fs.readFileSync(path.join(data(host), 'chat.db'))[18] === 2 ? 'WAL' : 'rollback');

for (const [kind, expected] of Object.entries({
  'no-shared-memory': { wake: 'note' },
  'network-disk': { disk: 'note' },
})) {
  tried.add(kind);
  test(`${kind}: it works with a rollback journal, and finds news by a timer`, () =>
    withHost(kind, {}, (host) =>
      withBrowser(async ({ tab }) => {
        await talk({ tab, address: host.address });
        assert.equal(journalOf(host), 'rollback');
        const diagnosis = await diagnose({ tab, address: host.address });
        assert.deepEqual(wrong(diagnosis), [], diagnosis.texts);
        assert.match(diagnosis.texts, /rollback journal/);
        assert.match(diagnosis.texts, /timer/);
        for (const [topic, state] of Object.entries(expected)) {
          assert.equal(diagnosis.states[topic], state, diagnosis.texts);
        }
        await conform(host);
      }),
    ));
}

/** Makes a database as on another disk. */
function makeDatabase(host) {
  const conf = path.join(host.site, 'cgi-bin', 'chat.conf');
  fs.appendFileSync(conf, '\njournal = rollback\n');
  const answer = asOwner(path.join(host.site, 'cgi-bin', 'poll.cgi'), [], {
    env: {
      GATEWAY_INTERFACE: 'CGI/1.1',
      REQUEST_METHOD: 'GET',
      PATH_INFO: '/poll',
      QUERY_STRING: '',
      SCRIPT_NAME: '/poll.cgi',
      SERVER_PROTOCOL: 'HTTP/1.1',
    },
  });
  assert.match(answer, /"epoch"/);
}

tried.add('no-locks');
for (const [name, before] of [['a new chat', undefined], ['a chat that was moved there', makeDatabase]]) {
  test(`no-locks: ${name} stores nothing and says why`, () =>
    withHost('no-locks', { before }, (host) =>
      withBrowser(async ({ tab }) => {
        const file = path.join(data(host), 'chat.db');
        const was = fs.existsSync(file) ? fs.readFileSync(file) : null;
        for (const answer of [await send(host, 'hello', 'one'), await host.get('cgi-bin/poll.cgi/poll')]) {
          assert.equal(answer.status, 503, `${answer.body}`);
          assert.equal(slug(answer), 'store-read-only');
          assert.match(answer.json().detail, /file locks/);
        }
        const ann = await tab(host.address, { name: 'ann', ignore: /503|404|Failed to load resource/ });
        await status(ann).filter({ hasText: /file locks/ }).first().waitFor();
        const diagnosis = await diagnose({ tab, address: host.address });
        assert.deepEqual(wrong(diagnosis), ['database'], diagnosis.texts);
        assert.match(diagnosis.texts, /file locks/);
        assert.deepEqual(fs.existsSync(file) ? fs.readFileSync(file) : null, was);
      }),
    ));
}

// ---- suEXEC ----

const mayRun = isRoot && fs.existsSync('/usr/lib/apache2/suexec') && !/^NoNewPrivs:\s*1/m.test(fs.readFileSync('/proc/self/status', 'utf8'));

for (const kind of ['suexec-cgi', 'suexec-fcgid']) {
  tried.add(kind);
  test(`${kind}: all programs run as the site's user, and suEXEC starts no program that others may write to`, { skip: !mayRun && 'needs root and suexec' }, () =>
    withHost(kind, {}, (host) =>
      withBrowser(async ({ tab }) => {
        await talk({ tab, address: host.address });
        const diagnosis = await diagnose({ tab, address: host.address });
        assert.deepEqual(wrong(diagnosis), [], diagnosis.texts);
        assert.equal(diagnosis.states.permissions, 'fine', diagnosis.texts);
        await conform(host);
        for (const name of fs.readdirSync(data(host)).filter((file) => file.startsWith('chat.'))) {
          const found = fs.statSync(path.join(data(host), name));
          assert.deepEqual([name, found.uid, found.mode & 0o777], [name, host.owner.uid, 0o600]);
        }
        assert.ok((await host.get('pollchat-data/chat.db')).status >= 400);

        const mode = (name, bits) => fs.chmodSync(path.join(host.site, 'cgi-bin', name), bits);
        for (const [name, bits, back, topic] of [
          ['poll.cgi', 0o775, 0o755, 'permissions'],
          ['.', 0o775, 0o755, 'execute-bit'],
        ]) {
          mode(name, bits);
          if (kind === 'suexec-cgi') {
            // mod_fcgid continues with its running processes
            assert.equal((await host.get('cgi-bin/poll.cgi/poll')).status, 500);
            const refused = await diagnose({ tab, address: host.address });
            assert.deepEqual(wrong(refused), [topic], refused.texts);
            assert.match(refused.texts, /755/);
            assert.match(refused.texts, /other users may change/i);
          }
          mode(name, back);
        }
        assert.equal((await host.get('cgi-bin/poll.cgi/poll')).status, 200);
      }),
    ));
}

// ---- between visitor and host ----

/**
 * A filter like mod_security: a request that looks like an attack is answered 406 and not passed
 * on.
 */
function filtering(port) {
  const server = http.createServer((question, answer) => {
    const pieces = [];
    question.on('data', (piece) => pieces.push(piece));
    question.on('end', () => {
      const body = Buffer.concat(pieces);
      if (/<script|select\W.*\Wfrom/i.test(body.toString('latin1'))) {
        answer.writeHead(406, { 'Content-Type': 'text/html' }).end('<h1>Not Acceptable!</h1>');
        return;
      }
      const { method, url, headers } = question;
      const passed = http.request({ host: '127.0.0.1', port, method, path: url, headers }, (found) => {
        answer.writeHead(found.statusCode, found.headers);
        found.pipe(answer);
      });
      passed.on('error', () => answer.destroy());
      answer.on('close', () => passed.destroy());
      passed.end(body);
    });
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

test('with a filter that blocks requests that look like attacks, visitors talk, and doctor names the filter', () =>
  withHost('usual-cgi', {}, async (host) => {
    const filter = await filtering(host.port);
    const address = `http://127.0.0.1:${filter.address().port}/home/chat/`;
    try {
      await withBrowser(async ({ tab }) => {
        const ignore = /406|404|Failed to load resource/;
        await talk({ tab, address });
        const page = await tab(`${address}doctor.html`, { ignore });
        await page.locator('html[data-done=yes]').waitFor({ timeout: 60_000 });
        const bad = await page.locator('.finding[data-state=wrong]').allTextContents();
        assert.equal(bad.length, 1, bad.join('\n'));
        assert.match(bad[0], /filter.*406/);

        // A blocked message goes back to its author, and delays no other message.
        const ann = await tab(address, { name: 'ann', ignore });
        await shows(ann, ['is this thing on?', 'it is']);
        await say(ann, 'how does <script> work?');
        await say(ann, 'anybody?');
        await shows(ann, ['is this thing on?', 'it is', 'anybody?', 'how does <script> work? [failed]'], 60_000);
      });
    } finally {
      filter.closeAllConnections();
      filter.close();
    }
  }));

for (const [minutes, word] of [[-90, /the host is ahead/], [90, /the host is behind/]]) {
  test(`doctor says in which direction a clock is wrong by ${minutes} minutes`, () =>
    withHost('usual-cgi', {}, (host) =>
      withBrowser(async ({ tab }) => {
        const page = await tab(`${host.address}doctor.html`, {
          now: new Date(Date.now() + minutes * 60_000),
          ignore: FAULTS,
        });
        const found = page.locator('.finding[data-topic=clock]');
        await found.waitFor({ timeout: 60_000 });
        assert.match(await found.textContent(), word);
        await page.locator('html[data-done=yes]').waitFor({ timeout: 60_000 });
        assert.equal(await page.locator('.finding[data-state=wrong]').count(), 0);
      }),
    ));
}

// ---- servers that cannot be run here ----

/**
 * The .htaccess directives that Apache 2.2, LiteSpeed and an Apache 2.4 with few modules know. All
 * others must be inside the condition of their module.
 */
const KNOWN = {
  // SetHandler belongs to mod_mime in 2.2, which all hosts have.
  core: ['Options', 'SetHandler', 'Files', 'FilesMatch', 'IfModule', 'FileETag'],
  'mod_authz_core.c': ['Require'],
  '!mod_authz_core.c': ['Order', 'Deny'],
  LiteSpeed: ['Order', 'Deny'],
  'mod_rewrite.c': ['RewriteEngine', 'RewriteRule', 'RewriteCond'],
  'mod_alias.c': ['RedirectMatch'],
  'mod_mime.c': ['AddType'],
  'mod_headers.c': ['Header'],
};

function unknownDirectives(text) {
  const inside = [];
  const found = [];
  for (const line of text.split('\n').map((raw) => raw.trim()).filter((line) => line !== '' && !line.startsWith('#'))) {
    const [, closing, name, rest] = /^<?(\/?)(\w+)\s*([^>]*)/.exec(line);
    if (closing === '/') {
      inside.pop();
      continue;
    }
    if (![...KNOWN.core, ...inside.flatMap((module) => KNOWN[module] ?? [])].includes(name)) {
      found.push(line);
    }
    if (line.startsWith('<')) {
      inside.push(name === 'IfModule' ? rest : '');
    }
  }
  assert.deepEqual(inside, []);
  return found;
}

test('no .htaccess has a directive that Apache 2.2 or LiteSpeed does not know', () => {
  const folder = path.join(here, '..', '..', 'apache', 'archive');
  const files = fs.readdirSync(folder).filter((name) => name.endsWith('.htaccess'));
  assert.ok(files.length >= 5);
  for (const name of files) {
    const text = fs.readFileSync(path.join(folder, name), 'utf8');
    assert.deepEqual(unknownDirectives(text), [], name);
    if (name === 'data.htaccess') {
      assert.match(text, /Deny from all/);
    }
  }
  assert.deepEqual(
    unknownDirectives(
      'Require all denied\n<IfModule mod_headers.c>\nHeader set A b\nRequire x\n</IfModule>\n<If "1">\n</If>',
    ),
    ['Require all denied', 'Require x', '<If "1">'],
  );
  assert.deepEqual(unknownDirectives('<IfModule mod_alias.c>\nRewriteEngine On\n</IfModule>\nCGIPassAuth On'), [
    'RewriteEngine On',
    'CGIPassAuth On',
  ]);
});

test('each kind of host for this file is tested', () => {
  assert.deepEqual(Object.keys(kinds).filter((kind) => kinds[kind].tried === 'limits' && !tried.has(kind)), []);
});
