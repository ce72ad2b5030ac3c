// static.test.mjs - the files of the page are served unchanged, and nothing else is served.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { PROFILE, ROOT, copyRoot, makeFolder, rawRequest, removeFolder, start } from './harness.mjs';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/plain; charset=utf-8',
};
const SECRET = 'hunter2 must never be served';

let site;
let folder;

function files(dir) {
  return fs.readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(dir, entry.name);
    return entry.isDirectory() ? files(name) : [name];
  });
}


/** Whatever the answer is, it contains nothing that is not for visitors. */
function assertNoSecrets(text, target) {
  assert.ok(!text.includes('hunter2'), `${target} reveals a secret`);
  assert.ok(!text.includes('SQLite format'), `${target} reveals the database`);
  assert.ok(!text.includes('\x7fELF'), `${target} reveals a program`);
  assert.ok(!text.includes('chat.conf.example'), `${target} reveals the settings`);
}

// One suite around all: node before 18.17 does not run the hooks of a file.
describe(PROFILE, () => {
  before(async () => {
    folder = makeFolder();
    const root = copyRoot(path.join(folder, 'root'));
    const plant = (name) => {
      fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      fs.writeFileSync(path.join(root, name), SECRET);
    };
    // The default place of the database, with secrets in it and around it.
    const data = path.join(root, 'pollchat-data');
    site = await start({ root, data });
    assert.equal((await site.send({ text: SECRET })).status, 201);
    for (const name of [
      'cgi-bin/chat.conf',
      'pollchat-data/note.txt',
      'secret.txt',
      'www/.htaccess',
      'www/.htpasswd',
      'www/.git/config',
      'www/js/.env',
      'www/index.html~',
      'www/chat.css.bak',
      'www/.index.html.swp',
      'www/chat.db',
      'www/chat.db-wal',
      'www/chat.conf',
      'www-old/index.html',
    ]) {
      plant(name);
    }
    fs.symlinkSync('../secret.txt', path.join(root, 'www', 'link.txt'));
    fs.symlinkSync('../pollchat-data', path.join(root, 'www', 'link'));
  });
  after(async () => {
    await site?.stop();
    removeFolder(folder);
  });

  describe('what is served', () => {
    const pages = files(path.join(ROOT, 'www')).map((name) => path.relative(path.join(ROOT, 'www'), name));

    it('there is an index.html', () => {
      assert.ok(pages.includes('index.html'));
    });

    for (const name of pages) {
      it(`${name} unchanged, with its type, headers and ETag`, async () => {
        const answer = await site.get(`/${name}`);
        assert.equal(answer.status, 200);
        assert.ok(answer.body.equals(fs.readFileSync(path.join(ROOT, 'www', name))));
        assert.equal(
          answer.headers['content-type'],
          TYPES[path.extname(name)],
          `${name} has no type; add it to the servers' lists`,
        );
        assert.equal(answer.headers['x-content-type-options'], 'nosniff');
        assert.equal(answer.headers['cache-control'], 'no-cache');
        assert.equal(answer.headers['referrer-policy'], 'same-origin');
        assert.equal(answer.headers['x-frame-options'], 'DENY');
        const policy = answer.headers['content-security-policy'];
        assert.match(policy, /default-src 'none'/);
        assert.match(policy, /script-src 'self'/);
        assert.doesNotMatch(policy, /unsafe|\*|data:|http/);
        for (const header of ['content-security-policy', 'x-content-type-options', 'cache-control', 'etag']) {
          assert.equal(answer.count(header), 1, header);
        }
        const again = await site.get(`/${name}`, { headers: { 'If-None-Match': answer.headers.etag } });
        assert.equal(again.status, 304);
        assert.equal(again.body.length, 0);
        const head = await site.get(`/${name}`, { method: 'HEAD' });
        assert.equal(head.status, 200);
        assert.equal(head.headers['content-length'], String(answer.body.length));
      });
    }

    it('the page at /', async () => {
      const answer = await site.get('/');
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-type'], TYPES['.html']);
      assert.ok(answer.body.equals(fs.readFileSync(path.join(ROOT, 'www', 'index.html'))));
    });

    it('error pages have the headers as well', async () => {
      const answer = await site.get('/nothing-here');
      assert.equal(answer.status, 404);
      assert.match(answer.headers['content-security-policy'], /default-src 'none'/);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    });

    it('answers do not name the server\'s version', async () => {
      const { server } = (await site.get('/')).headers;
      assert.doesNotMatch(server ?? '', /\d/);
    });
  });

  describe('what is not served', () => {
    const targets = [
      '/.htaccess', '/.htpasswd', '/.git/config', '/.git/', '/js/.env', '/%2ehtaccess', '/.%68taccess', '/./.htaccess', '//.htaccess', '/js/../.htaccess', '/js/%2e%2e/.htaccess',
      '/index.html~', '/index.html%7e', '/chat.css.bak', '/.index.html.swp', '/chat.db', '/chat.db-wal', '/chat.conf', '/chat%2edb',
      // Caddy follows links.
      ...(PROFILE === 'caddy' ? [] : ['/link.txt', '/link/note.txt', '/link/chat.db']),
      '/cgi-bin/send', '/cgi-bin/poll', '/cgi-bin/pollchat', '/cgi-bin/chat.conf', '/cgi-bin/', '/pollchat-data/', '/pollchat-data/chat.db', '/pollchat-data/note.txt',
      '/../cgi-bin/send', '/../cgi-bin/chat.conf', '/../pollchat-data/chat.db', '/../secret.txt', '/../www-old/index.html', '/..www-old/index.html',
      '/%2e%2e/secret.txt', '/%2e./secret.txt', '/.%2e/secret.txt', '/..%2fsecret.txt', '/%2e%2e%2fsecret.txt', '/..%5csecret.txt', '/..\\secret.txt', '/%252e%252e/secret.txt',
      '/js/../../secret.txt', '/js/..%2f..%2fsecret.txt', '/js/%2e%2e/%2e%2e/secret.txt', '/js//..//../secret.txt', '/....//secret.txt', '/..;/secret.txt',
      '/%c0%ae%c0%ae/secret.txt', '/..%c0%afsecret.txt', '/..%00/secret.txt', '/index.html%00.txt', '/secret.txt%00.html',
      '/send/../../secret.txt', '/poll/../../secret.txt', '/poll/../secret.txt', '/poll/..%2f..%2fsecret.txt', '/send/%2e%2e/%2e%2e/cgi-bin/chat.conf', '/poll/../chat.conf', '/send/../.htaccess',
      '/send/chat.conf', '/poll/chat.db', '/poll.conf', '/send~', '/pollchat', '/chat.conf.example', '/cgi-bin/chat.conf.example',
      '/lighttpd/server.conf', '/apache/server.conf',
    ];
    for (const target of targets) {
      it(target, async () => {
        // Over a raw connection, because clients normalise paths.
        const reply = await rawRequest(
          site.port,
          `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
        );
        assert.match(reply, /^(HTTP\/1\.[01] (30[128]|[45]\d\d) |$)/, `${target}: ${reply.slice(0, 200)}`);
        assertNoSecrets(reply, target);
      });
    }

    it('a request line with an absolute address or without a path', async () => {
      for (const target of [
        'http://localhost/../secret.txt',
        'http://localhost/.htaccess',
        'http://elsewhere.example/',
        '*',
        'secret.txt',
        'file:///etc/passwd',
      ]) {
        const reply = await rawRequest(
          site.port,
          `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
        );
        assertNoSecrets(reply, target);
        assert.ok(!reply.includes('root:'), target);
      }
    });

    it('a listing of a folder', async () => {
      for (const dir of new Set(
        files(path.join(ROOT, 'www')).map((name) => path.dirname(path.relative(path.join(ROOT, 'www'), name))),
      )) {
        if (dir !== '.') {
          const answer = await site.get(`/${dir}/`);
          assert.ok([403, 404].includes(answer.status), `${dir}: ${answer.status}`);
          assert.doesNotMatch(answer.text, /\.js\b/);
        }
      }
    });

    it('anything to a method that changes something', async () => {
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'MKCOL']) {
        const answer = await site.get('/index.html', { method, body: 'text=hi' });
        assert.ok(answer.status >= 400, `${method}: ${answer.status}`);
      }
      const trace = await site.get('/', { method: 'TRACE', headers: { Cookie: 'hunter2' } });
      assert.ok(trace.status >= 400);
      assertNoSecrets(trace.text, 'TRACE');
      assert.ok(fs.existsSync(path.join(site.root, 'www', 'index.html')));
    });

    it('other hosts: the server is not an open proxy', async () => {
      const reply = await rawRequest(
        site.port,
        `GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\n\r\n`,
      );
      assert.doesNotMatch(reply, /^HTTP\/1\.[01] 50[234]/, 'it tried to connect');
      const connect = await rawRequest(
        site.port,
        `CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\n\r\n`,
        { halfClose: true },
      );
      assert.match(connect, /^(HTTP\/1\.[01] [45]\d\d |$)/);
    });

    it('folders to other users of the machine', () => {
      assert.equal(fs.statSync(site.data).mode & 0o077, 0, 'the data folder is private');
      for (const name of fs.readdirSync(site.data).filter((name) => name.startsWith('chat.db'))) {
        assert.equal(fs.statSync(path.join(site.data, name)).mode & 0o077, 0, `${name} is private`);
      }
    });
  });
});
