// static.test.mjs - the page is served as it is, and nothing else is.

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


/** Whatever the answer is, it holds nothing that is not meant for visitors. */
function assertNothing(text, target) {
  assert.ok(!text.includes('hunter2'), `${target} gives a secret away`);
  assert.ok(!text.includes('SQLite format'), `${target} gives the database away`);
  assert.ok(!text.includes('\x7fELF'), `${target} gives a program away`);
  assert.ok(!text.includes('chat.conf.example'), `${target} gives the settings away`);
}

// One suite around all: hooks of a whole file are not run by node before 18.17.
describe(PROFILE, () => {
  before(async () => {
    folder = makeFolder();
    const root = copyRoot(path.join(folder, 'root'));
    const plant = (name) => {
      fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      fs.writeFileSync(path.join(root, name), SECRET);
    };
    // Where the database is when nobody says otherwise, with a secret in it and around it.
    const data = path.join(root, 'pollchat-data');
    site = await start({ root, data });
    assert.equal((await site.send({ text: SECRET })).status, 201);
    for (const name of [
      'cgi-bin/chat.conf', 'pollchat-data/note.txt', 'secret.txt',
      'www/.htaccess', 'www/.htpasswd', 'www/.git/config', 'www/js/.env', 'www/index.html~', 'www/chat.css.bak', 'www/.index.html.swp', 'www/chat.db', 'www/chat.db-wal', 'www/chat.conf',
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

    it('has a page', () => {
      assert.ok(pages.includes('index.html'));
    });

    for (const name of pages) {
      it(`${name} as it is, with its type, headers and ETag`, async () => {
        const answer = await site.get(`/${name}`);
        assert.equal(answer.status, 200);
        assert.ok(answer.body.equals(fs.readFileSync(path.join(ROOT, 'www', name))));
        assert.equal(answer.headers['content-type'], TYPES[path.extname(name)], `a type for ${name}; add it to the servers' lists`);
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

    it('/ is the page', async () => {
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

    it('does not say which version of what it is', async () => {
      const { server } = (await site.get('/')).headers;
      assert.doesNotMatch(server ?? '', /\d/);
    });
  });

  describe('what is not served', () => {
    const targets = [
      '/.htaccess', '/.htpasswd', '/.git/config', '/.git/', '/js/.env', '/%2ehtaccess', '/.%68taccess', '/./.htaccess', '//.htaccess', '/js/../.htaccess', '/js/%2e%2e/.htaccess',
      '/index.html~', '/index.html%7e', '/chat.css.bak', '/.index.html.swp', '/chat.db', '/chat.db-wal', '/chat.conf', '/chat%2edb',
      ...(PROFILE === 'caddy' ? [] : ['/link.txt', '/link/note.txt', '/link/chat.db']), // it follows links
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
        // Over a raw connection: nothing on the way makes a tidy path of it.
        const reply = await rawRequest(site.port, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
        assert.match(reply, /^(HTTP\/1\.[01] (30[128]|[45]\d\d) |$)/, `${target}: ${reply.slice(0, 200)}`);
        assertNothing(reply, target);
      });
    }

    it('a path in the request line that is a whole address, or none', async () => {
      for (const target of ['http://localhost/../secret.txt', 'http://localhost/.htaccess', 'http://elsewhere.example/', '*', 'secret.txt', 'file:///etc/passwd']) {
        const reply = await rawRequest(site.port, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
        assertNothing(reply, target);
        assert.ok(!reply.includes('root:'), target);
      }
    });

    it('a list of a folder', async () => {
      for (const dir of new Set(files(path.join(ROOT, 'www')).map((name) => path.dirname(path.relative(path.join(ROOT, 'www'), name))))) {
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
      assertNothing(trace.text, 'TRACE');
      assert.ok(fs.existsSync(path.join(site.root, 'www', 'index.html')));
    });

    it('other hosts: it is not an open proxy', async () => {
      const reply = await rawRequest(site.port, `GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\n\r\n`);
      assert.doesNotMatch(reply, /^HTTP\/1\.[01] 50[234]/, 'it tried to go there');
      const connect = await rawRequest(site.port, `CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\n\r\n`, { halfClose: true });
      assert.match(connect, /^(HTTP\/1\.[01] [45]\d\d |$)/);
    });

    it('folders for other users of the machine', () => {
      assert.equal(fs.statSync(site.data).mode & 0o077, 0, 'the data folder is private');
      for (const name of fs.readdirSync(site.data).filter((name) => name.startsWith('chat.db'))) {
        assert.equal(fs.statSync(path.join(site.data, name)).mode & 0o077, 0, `${name} is private`);
      }
    });
  });
});
