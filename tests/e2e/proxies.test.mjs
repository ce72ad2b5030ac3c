// proxies.test.mjs - lighttpd behind real reverse proxies and shared caches: nginx and Varnish.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PROFILE, copyRoot, makeFolder, removeFolder, request, start, until, withSite } from './harness.mjs';
import { startNginx, startVarnish } from './proxy.mjs';

const OURS = 'http://a.example';
const ALLOWED = ['https://one.example', 'https://two.example'];
const JSON_TYPE = { 'Content-Type': 'application/json' };

const post = (port, target, headers, text = 'hi') =>
  request(port, target, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify({ text }) });

/** The first bytes of an answer; empty if nothing arrives within `ms`. */
function beginning(port, target, ms) {
  return new Promise((done, fail) => {
    const r = http.get({ host: '127.0.0.1', port, path: target }, (answer) => {
      answer.on('data', (piece) => finish(`${piece}`));
      answer.on('error', () => {});
    });
    const timer = setTimeout(() => finish(''), ms);
    const finish = (text) => {
      clearTimeout(timer);
      r.off('error', fail);
      r.on('error', () => {});
      r.destroy();
      done(text);
    };
    r.on('error', fail);
  });
}

async function withProxy(options, body) {
  const site = await start({ profile: 'lighttpd', env: options.env });
  let proxy;
  try {
    proxy = await startNginx({ http: options.http, server: options.server(site.port) });
    await body({ site, port: proxy.port });
  } catch (error) {
    console.error(site.log());
    throw error;
  } finally {
    await proxy?.stop();
    await site.stop();
  }
}

const into = (folder, lines) => (origin) => `location ${folder} { proxy_pass http://127.0.0.1:${origin}/; ${lines} }`;
const TRUSTED = { POLLCHAT_TRUSTED_PROXIES: '127.0.0.1 ::1' };

describe('behind proxies', { skip: PROFILE !== 'lighttpd' && 'one server is enough', concurrency: false }, () => {
  // ---- another path, another host, another scheme ----

  const works = async (port, headers) => {
    assert.equal((await post(port, '/talk/send', headers)).status, 201);
    assert.equal((await request(port, '/talk/poll?since=0')).json().messages.length, 1);
    const page = await request(port, '/talk/');
    const parts = [...page.text.matchAll(/(?:src|href)="([^"#]*)"/g)].map(([, address]) => address);
    assert.ok(parts.length >= 4, `${parts}`);
    const embedded = await request(port, '/talk/embed?room=lobby');
    parts.push(...[...embedded.text.matchAll(/(?:src|href)="([^"#]*)"/g)].map(([, address]) => address));
    for (const part of parts) {
      const { pathname, search } = new URL(part, `http://a.example/talk/`);
      assert.equal((await request(port, pathname + search)).status, 200, part);
    }
    assert.equal((await request(port, '/talk')).status, 301);
    const form = { 'Content-Type': 'application/x-www-form-urlencoded', ...headers };
    const sent = await request(port, '/talk/send?format=html', {
      method: 'POST',
      headers: form,
      body: 'text=by+form&name=ann',
    });
    assert.equal(sent.status, 303);
    const next = new URL(sent.headers.location, `http://a.example/talk/send?format=html`);
    assert.equal(next.origin + next.pathname, 'http://a.example/talk/plain');
    assert.match((await request(port, next.pathname + next.search)).text, /<form/);
    assert.match((await request(port, `/talk/plain?part=log`)).text, /by form/);
  };

  test('works under a sub-path, when the proxy passes on the Host header', () =>
    withProxy({ server: into('/talk/', 'proxy_set_header Host $http_host;') }, ({ port }) =>
      works(port, { Host: 'a.example', Origin: OURS }),
    ));

  test('works under a sub-path, when the proxy changes the Host header, is trusted and names the original host', () =>
    withProxy(
      { env: TRUSTED, server: into('/talk/', 'proxy_set_header X-Forwarded-Host $http_host;') },
      async ({ port }) => {
        await works(port, { Host: 'a.example', Origin: OURS });
        assert.equal(
          (await post(port, '/talk/send', { Host: 'a.example', Origin: 'http://evil.example' })).status,
          403,
        );
      },
    ));

  test('works under a sub-path without the original host for browsers that send Sec-Fetch-Site; others get an error that says what to set', () =>
    withProxy({ server: into('/talk/', '') }, async ({ port }) => {
      const refused = await post(port, '/talk/send', { Host: 'a.example', Origin: OURS });
      assert.equal(refused.status, 403);
      assert.match(refused.json().detail, /Host.*X-Forwarded-Host.*trusted_proxies/);
      const untrusted = await post(port, '/talk/send', {
        Host: 'a.example',
        Origin: OURS,
        'X-Forwarded-Host': 'a.example',
      });
      assert.equal(untrusted.status, 403);
      await works(port, { Host: 'a.example', Origin: OURS, 'Sec-Fetch-Site': 'same-origin' });
    }));

  test('behind a proxy that ends TLS, the https page of the site is the one that may send', () =>
    withProxy(
      {
        env: TRUSTED,
        server: into('/', 'proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https;'),
      },
      async ({ port }) => {
        assert.equal((await post(port, '/send', { Host: 'a.example', Origin: 'https://a.example' })).status, 201);
        assert.equal((await post(port, '/send', { Host: 'a.example', Origin: 'http://a.example' })).status, 403);
      },
    ));

  // ---- client addresses ----

  test('each client behind a trusted proxy has its own slots, and cannot take those of others', () => {
    const env = { ...TRUSTED, POLLCHAT_MAX_WAITING_PER_CLIENT: '2' };
    // All requests of this test come from 127.0.0.1, which is a trusted proxy.
    return withProxy({ env, server: into('/', 'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;') }, async ({ site, port }) => {
      await site.send({ text: 'old' });
      const answers = [];
      const ask = (from) =>
        request(port, '/poll?since=1&wait=25', { headers: { 'X-Forwarded-For': from } }).then((answer) =>
          answers.push([from, answer.json().wait]),
        );
      const waiting = async (n) =>
        until(async () => (await site.askStatus({ Host: 'localhost' })).parked.polls === n, `${n} polls to wait`);
      const all = [ask('203.0.113.9'), ask('203.0.113.9')];
      await waiting(2);
      all.push(ask('203.0.113.9'), ask('203.0.113.5, 203.0.113.9'), ask('127.0.0.1, 203.0.113.9:4711'));
      await until(() => answers.length === 3, 'three polls to be answered at once');
      assert.ok(answers.every(([, wait]) => wait === 0), JSON.stringify(answers));
      all.push(ask('203.0.113.5'), ask('203.0.113.5'), ask('2001:db8::1'));
      await waiting(5);
      await site.send({ text: 'new' });
      await Promise.all(all);
      assert.equal((await request(port, '/status', { headers: { Host: 'localhost' } })).status, 403);
    });
  });

  // ---- time-outs and buffering ----

  test("a max_wait below the proxy's time-out makes polls end before it", () =>
    withProxy(
      { env: { POLLCHAT_MAX_WAIT: '2' }, server: into('/', 'proxy_read_timeout 4;') },
      async ({ site, port }) => {
        await site.send({ text: 'old' });
        const answer = await request(port, '/poll?since=1&wait=25');
        assert.deepEqual([answer.status, answer.json().wait], [200, 2]);
      },
    ));

  test('streams pass a proxy that buffers, unless it ignores X-Accel-Buffering', () => {
    // HTTP/1.0 is nginx's default. With HTTP/1.1, nginx passes on chunked answers in any case.
    const server = (
      origin,
    ) => `proxy_buffering on; proxy_http_version 1.0; location / { proxy_pass http://127.0.0.1:${origin}/; }
      location /deaf/ { proxy_pass http://127.0.0.1:${origin}/; proxy_ignore_headers X-Accel-Buffering; }`;
    return withProxy({ server }, async ({ port }) => {
      assert.match(await beginning(port, '/stream?since=0', 20_000), /event: cursor/);
      assert.equal(await beginning(port, '/deaf/stream?since=0', 3000), '');
    });
  });

  // ---- shared caches ----

  const caches = {
    varnish: {
      begin: (origin) => startVarnish(origin),
      isHit: ({ headers }) => headers['x-varnish'].includes(' '),
    },
    nginx: {
      begin: (origin) =>
        startNginx({
          http: 'proxy_cache_path FOLDER/cache keys_zone=chat:1m use_temp_path=off;',
          server: `location / { proxy_pass http://127.0.0.1:${origin}; proxy_set_header Host $http_host; proxy_cache chat; proxy_cache_valid any 60s;
          proxy_ignore_headers X-Accel-Buffering; proxy_cache_methods GET HEAD; add_header X-Cache $upstream_cache_status always; }`,
        }),
      isHit: ({ headers }) => !['MISS', 'BYPASS', undefined].includes(headers['x-cache']),
    },
  };

  for (const [name, { begin, isHit }] of Object.entries(caches)) {
    describe(`a shared cache, ${name}`, { concurrency: false }, () => {
      let site;
      let cache;
      before(async () => {
        site = await start({
          profile: 'lighttpd',
          env: { POLLCHAT_ALLOW_ORIGIN: ALLOWED.join(' '), POLLCHAT_STATUS: 'everyone' },
        });
        for (let i = 0; i < 5; i++) await site.send({ text: `text ${i}` });
        cache = await begin(site.port);
      });
      after(async () => {
        await cache?.stop();
        await site?.stop();
      });
      const get = (target, options) => request(cache.port, target, options);

      test('no answer of the programs is ever cached', async () => {
        const targets = [
          '/poll',
          '/poll?since=0',
          '/poll?since=0&format=text',
          '/poll?last=2',
          '/poll?since=now',
          '/poll?since=5&wait=1',
          '/poll?room=nobody-spoke',
          '/status',
          '/plain',
          '/plain?part=log',
          '/embed',
          '/poll?since=x',
          '/poll?since=x&format=text',
          '/poll?since=0&epoch=other',
          '/rooms',
          '/poll?before=4&limit=2',
          '/poll?before=99',
          '/poll?before=x',
          '/stream?since=x',
          '/stream?since=0&epoch=other',
          '/send',
          '/send?format=html',
        ];
        for (const target of targets) {
          for (const method of ['GET', 'HEAD', 'GET', 'OPTIONS', 'GET']) {
            const answer = await get(target, { method, headers: { Origin: ALLOWED[0] } });
            assert.ok(!isHit(answer), `${method} ${target}: ${answer.status}`);
            assert.equal(answer.headers['cache-control'], 'no-store', `${method} ${target}: ${answer.status}`);
          }
        }
        const { etag } = (await get('/poll?since=4')).headers;
        for (let i = 0; i < 3; i++) {
          const answer = await get('/poll?since=4', { headers: { 'If-None-Match': etag } });
          assert.ok(!isHit(answer) && [200, 304].includes(answer.status), `${answer.status}`);
        }
      });

      test('a message can be read right after it was sent, also with the same request as before', async () => {
        const room = `talk-${name}`;
        for (let seq = 1; seq <= 5; seq++) {
          assert.equal((await get(`/poll?room=${room}&since=${seq - 1}`)).json().head, seq - 1);
          const sent = await get('/send', {
            method: 'POST',
            headers: JSON_TYPE,
            body: JSON.stringify({ room, text: `n ${seq}`, id: `id-${seq}`, name: 'ann' }),
          });
          const again = await get('/send', {
            method: 'POST',
            headers: JSON_TYPE,
            body: JSON.stringify({ room, text: `n ${seq}`, id: `id-${seq}`, name: 'ann' }),
          });
          assert.deepEqual([sent.status, again.status, again.json().seq], [201, 200, seq]);
          assert.equal((await get(`/poll?room=${room}&since=${seq - 1}`)).json().next, seq);
        }
      });

      test('pages of old messages have the CORS headers of the origin that asks', async () => {
        for (let round = 0; round < 3; round++) {
          for (const origin of [...ALLOWED, 'https://evil.example', undefined]) {
            const answer = await get('/poll?before=4&limit=2', {
              headers: origin === undefined ? {} : { Origin: origin },
            });
            assert.equal(answer.status, 200);
            assert.deepEqual(answer.json().messages.map(({ seq }) => seq), [2, 3]);
            assert.equal(answer.headers['access-control-allow-origin'], ALLOWED.includes(origin) ? origin : undefined);
            assert.match(answer.headers.vary, /Origin/);
          }
        }
      });

      test('many polls wait at once, and streams flow', async () => {
        const { head } = (await site.get('/poll?since=now')).json();
        const all = Array.from({ length: 4 }, (_, i) => get(`/poll?since=${head}&wait=25&n=${i}`));
        const parked = async (n) =>
          until(async () => (await site.askStatus()).parked.polls === n, `${n} polls to wait`);
        await parked(4);
        const streams = [1, 2].map(() => beginning(cache.port, `/stream?since=${head}`, 20_000));
        for (const text of await Promise.all(streams)) assert.match(text, /event: cursor/);
        await site.send({ text: 'news' });
        for (const answer of await Promise.all(all)) assert.equal(answer.json().next, head + 1);
      });

      test('after the programs were killed, the server\'s error is not cached for others', async () => {
        const asked = '/poll?since=0&limit=3';
        site.programs(['poll']).forEach(({ pid }) => process.kill(pid, 'SIGKILL'));
        const first = await get(asked);
        await until(async () => (await site.get(asked)).status === 200, 'poll to be started again');
        const second = await get(asked);
        assert.equal(second.status, 200, `after ${first.status}`);
        assert.ok(!isHit(second));
      });
    });
  }
});

test('while a program cannot be reached, the server\'s own error page forbids caching', { skip: !['nginx', 'apache-proxy'].includes(PROFILE) && 'has no socket that could be moved away' }, () =>
  withSite({}, async (site) => {
    const socket = path.join(site.run, 'poll.sock');
    fs.renameSync(socket, `${socket}.away`);
    const answer = await site.get('/poll');
    assert.deepEqual(
      [answer.status, answer.headers['cache-control'], answer.count('cache-control')],
      [503, 'no-store', 1],
    );
    fs.renameSync(`${socket}.away`, socket);
    await until(async () => (await site.get('/poll')).status === 200, 'the program to be reached again');
  }));

describe(`${PROFILE}: a proxy's headers in another spelling`, { skip: PROFILE === 'caddy' && 'sets these headers itself' }, () => {
  const env = { POLLCHAT_TRUSTED_PROXIES: '127.0.0.1' };
  const evil = 'http://evil.example';
  const forged = { Origin: evil, 'X-Forwarded-Host': 'talk.example', 'X_Forwarded-Host': 'evil.example' };
  const attempts = async (site) => {
    assert.equal(
      (
        await site.send(
          { text: 'x' },
          { headers: { Origin: 'http://talk.example', 'X-Forwarded-Host': 'talk.example' } },
        )
      ).status,
      201,
    );
    for (const headers of [forged, Object.fromEntries(Object.entries(forged).reverse())]) {
      assert.equal((await site.send({ text: 'x' }, { headers })).status, 403);
    }
  };

  test('a client\'s header with an underscore does not replace the proxy\'s', () => withSite({ env }, attempts));

  test('it does not even where the server passes on both', { skip: !PROFILE.startsWith('lighttpd') && 'passes on no such header' }, async () => {
    const folder = makeFolder();
    try {
      const root = copyRoot(path.join(folder, 'root'));
      const conf = path.join(root, 'lighttpd', 'site.conf');
      const without = fs.readFileSync(conf, 'utf8').replace(/^ *setenv\.set-request-header = \([^)]*\)\n/m, '');
      assert.doesNotMatch(without, /X_Forwarded-Host/);
      fs.writeFileSync(conf, without);
      await withSite({ root, env }, attempts);
    } finally {
      removeFolder(folder);
    }
  });
});
