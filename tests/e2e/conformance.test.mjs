// conformance.test.mjs - conformance.sh accepts a correct deployment on each server and with each
// shell, and reports each fault by the check for it. A proxy before a correct site plays the
// faults.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { freePort, pause, PROFILE, start, streamsFlow, withSite } from './harness.mjs';

const script = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'conformance.sh');
const shells = [['dash'], ['busybox', 'sh']].filter(
  ([name]) => spawnSync(name, name === 'busybox' ? ['true'] : ['-c', 'true']).status === 0,
);

/**
 * Runs the script. Returns { status, output, failed, skipped, warnings }; the last three are lists
 * of lines.
 */
function run(args, shell = ['sh'], env = {}) {
  return new Promise((done, fail) => {
    const child = spawn(shell[0], [...shell.slice(1), script, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => (output += text));
    }
    child.on('error', fail);
    child.on('close', (status) => {
      const of = (word) =>
        output
          .split('\n')
          .filter((line) => line.startsWith(`${word} `))
          .map((line) => line.slice(9));
      done({ status, output, failed: of('FAILED'), skipped: of('skipped'), warnings: of('warning') });
    });
  });
}


describe(`${PROFILE}: conformance`, () => {
  it('a correct deployment passes with each shell', async () => {
    assert.ok(shells.length > 0, 'dash or busybox is installed');
    await withSite({}, async (site) => {
      await site.send({ text: 'people talk here' });
      const runs = await Promise.all(shells.map((shell) => run([`http://127.0.0.1:${site.port}`, '--quick'], shell)));
      for (const { status, output, skipped, warnings } of runs) {
        assert.equal(status, 0, output);
        assert.deepEqual(warnings, [], output);
        assert.deepEqual(skipped.map((line) => line.split(':')[0]), streamsFlow ? [] : ['stream'], output);
      }
      const lobby = (await site.get('/poll?since=0')).json();
      assert.equal(lobby.head, 1, 'it writes only to its own room');
    });
  });

  it('passes in full in a named room that has messages', { skip: PROFILE !== 'lighttpd' }, async () => {
    await withSite({ env: { POLLCHAT_MAX_WAIT: '3' } }, async (site) => {
      for (const text of ['one', 'two']) await site.send({ room: 'kept', text });
      const { status, output } = await run([`http://127.0.0.1:${site.port}/`, '--room', 'kept']);
      assert.equal(status, 0, output);
      assert.match(output, /^ok .*ends on time \(3 s granted/m);
      assert.match(output, /^ok .*413.*\(262144 bytes\)/m);
      const { messages } = (await site.get('/poll?room=kept&since=0&limit=2')).json();
      assert.deepEqual(messages.map((m) => m.text), ['one', 'two']);
    });
  });

  it('passes with other limits and other ways to wait', { skip: PROFILE !== 'lighttpd' }, async () => {
    await withSite({ env: { POLLCHAT_MAX_WAIT: '0', POLLCHAT_MAX_TEXT: '5000', POLLCHAT_MAX_STREAM: '0' } }, async (site) => {
      const { status, output, skipped } = await run([`http://127.0.0.1:${site.port}/`, '--quick']);
      assert.equal(status, 0, output);
      assert.match(output, /polls can't wait on this server; clients ask every 2 s/);
      assert.match(output, /a text of 5000 bytes comes back complete/);
      assert.equal(skipped.length, 1, output);
    });
  });

  it('exits with status 2 and a reason after wrong usage, without a server, and with another server', { skip: PROFILE !== 'lighttpd' }, async () => {
    const page = http.createServer((request, response) => response.end('<h1>It works!</h1>'));
    await new Promise((done) => page.listen(0, '127.0.0.1', done));
    const cases = [
      [[], /sh conformance\.sh https:/],
      [['example.org'], /sh conformance\.sh https:/],
      [['http://127.0.0.1/', '--slow'], /sh conformance\.sh https:/],
      [['http://127.0.0.1/', '--room', 'No Room'], /--room takes/],
      [[`http://127.0.0.1:${await freePort()}/`], /no pollchat at .*\n.*no answer \(.*connect/i],
      [[`http://127.0.0.1:${page.address().port}/`], /no pollchat at .*\n.*200.*It works!/],
    ];
    for (const [args, message] of cases) {
      const { status, output } = await run(args);
      assert.equal(status, 2, output);
      assert.match(output, message);
    }
    page.close();
  });
});

// ---- faults ----

/**
 * Starts a proxy before a site. The fault is what(request, forward): request is { method, url,
 * headers, body }, and forward(request) asks the site. It returns { status, headers, body }, or
 * null to pass on the site's own answer.
 */
async function withFault(site, what, body) {
  const agent = new http.Agent({ keepAlive: true });
  const ask = ({ method, url, headers, body: bytes }, onAnswer) => {
    const rest = { ...headers, 'content-length': bytes.length };
    if (bytes.length === 0) delete rest['content-length'];
    return http
      .request({ host: '127.0.0.1', port: site.port, method, path: url, headers: rest, agent }, onAnswer)
      .end(bytes);
  };
  const forward = (request) =>
    new Promise((done, fail) => {
      ask(request, async (answer) => {
        const pieces = [];
        for await (const piece of answer) pieces.push(piece);
        done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(pieces) });
      }).on('error', fail);
    });
  const server = http.createServer(async (incoming, response) => {
    const pieces = [];
    for await (const piece of incoming) pieces.push(piece);
    const request = {
      method: incoming.method,
      url: incoming.url,
      headers: incoming.headers,
      body: Buffer.concat(pieces),
    };
    const changed = await what(request, forward);
    if (changed !== null) {
      const headers = { ...changed.headers };
      delete headers['content-length'];
      delete headers['transfer-encoding'];
      response.writeHead(changed.status, headers);
      response.end(changed.body);
      return;
    }
    const upstream = ask(request, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  try {
    return await body(`http://127.0.0.1:${server.address().port}/`);
  } finally {
    server.closeAllConnections();
    server.close();
    agent.destroy();
  }
}

const html = (status, text) => ({ status, headers: { 'content-type': 'text/html' }, body: `<h1>${text}</h1>` });
const isSend = ({ method, url }) => method === 'POST' && url.startsWith('/send');
const isPoll = ({ method, url }) => method === 'GET' && url.startsWith('/poll');
const isForm = ({ headers }) => headers['content-type'] === 'application/x-www-form-urlencoded';
const parameter = ({ url }, name) => new URL(url, 'http://x').searchParams.get(name);
const without = (request, name) => ({
  ...request,
  body: Buffer.from(request.body.toString('latin1').replace(new RegExp(`&?${name}=[^&]*`), ''), 'latin1'),
});
const changed = (answer, change) => ({ ...answer, body: change(answer.body.toString('utf8')) });
const changedJson = (answer, change) => changed(answer, (text) => {
  const value = JSON.parse(text);
  change(value);
  return JSON.stringify(value);
});
const isJson = (answer) => answer.status === 200 && answer.headers['content-type'] === 'application/json';

const faults = {
  'stores a message twice': {
    found: ['send: JSON, plain text, defaults; each number is one higher', 'the whole room'],
    make: () => async (request, forward) => {
      const answer = isSend(request) ? await forward(request) : null;
      if (answer?.status === 201) await forward(isForm(request) ? without(request, 'id') : request);
      return answer;
    },
  },
  'loses a message on the way to readers': {
    found: ['order: 20 messages', 'the whole room'],
    make: () => async (request, forward) =>
      isPoll(request) && parameter(request, 'format') === 'text' ? changed(await forward(request), (text) => text.replace(/^17\t.*\n/m, '')) : null,
  },
  'gives one reader another order': {
    found: ['order: a reader during the sending'],
    only: true,
    make: () => async (request, forward) =>
      isPoll(request) && parameter(request, 'limit') === '7'
        ? changed(await forward(request), (text) => text.replace(/^(\d+)(\t.*)\n(\d+)(\t.*)\n/, '$1$4\n$3$2\n'))
        : null,
  },
  'answers errors with 200': {
    found: ['id: the same id with another text is 409', 'poll: an epoch that is not the current one is 409', 'errors: a since that is no number is 400', 'errors: no text is 400', 'errors: an unknown address is 404'],
    make: () => async (request, forward) => {
      const answer = request.url.startsWith('/stream') ? null : await forward(request);
      return answer === null || answer.status < 400 ? answer : { ...answer, status: 200 };
    },
  },
  'answers errors with pages of its own': {
    found: ['errors: no text is 400', 'errors: GET of send is 405'],
    make: () => async (request, forward) => {
      const answer = request.url.startsWith('/stream') ? null : await forward(request);
      return answer === null || answer.status < 400 || request.url.includes('NO-ROOM')
        ? answer
        : html(answer.status, 'Sorry');
    },
  },
  'caches answers': {
    found: ['poll: no cache between here and the server keeps answers'],
    make: () => {
      const kept = new Map();
      return async (request, forward) => {
        if (!isPoll(request) || parameter(request, 'since') === 'now') return null;
        if (!kept.has(request.url)) kept.set(request.url, await forward(request));
        return kept.get(request.url);
      };
    },
  },
  'lets shared caches store answers': {
    found: ['send: 201 with every field', 'poll: answers what was sent'],
    make: () => async (request, forward) => {
      const answer = request.url.startsWith('/stream') ? null : await forward(request);
      return answer === null ? null : { ...answer, headers: { ...answer.headers, 'cache-control': 'max-age=60' } };
    },
  },
  'forgets ids': {
    found: ['id: a message that is sent twice is stored once', 'id: a message that is sent 8 times at the same moment', 'id: the same id with another text is 409'],
    make: () => async (request, forward) => (isSend(request) && isForm(request) ? forward(without(request, 'id')) : null),
  },
  'forgets ids while the first request is in progress': {
    found: ['id: a message that is sent 8 times at the same moment'],
    only: true,
    make: () => {
      const busy = new Set();
      return async (request, forward) => {
        const id = isSend(request) ? /(?:^|&)id=([^&]*)/.exec(request.body.toString('latin1'))?.[1] : undefined;
        if (id === undefined) return null;
        if (busy.has(id)) return forward(without(request, 'id'));
        busy.add(id);
        await pause(500); // until the others have arrived
        const answer = await forward(request);
        busy.delete(id);
        return answer;
      };
    },
  },
  'passes on no keys': {
    found: ['names: the first key that uses a name owns it', 'changes: an edit by the same key', 'changes: a delete by the same key'],
    make: () => async (request, forward) => {
      if (!isSend(request) || !/key=|bearer/i.test(request.body + request.headers.authorization + request.headers['pollchat-key'])) return null;
      const { authorization, 'pollchat-key': key, ...headers } = request.headers;
      return forward(without({ ...request, headers }, 'key'));
    },
  },
  'trims texts': {
    found: ['bytes: a text with special characters comes back unchanged'],
    make: () => async (request, forward) =>
      isSend(request) && request.headers['content-type'] === 'text/plain' && !request.url.includes('NO-ROOM')
        ? forward({ ...request, body: Buffer.from(request.body.toString('utf8').trim()) })
        : null,
  },
  'truncates long texts': {
    found: ['bytes: a text of 100000 bytes comes back complete'],
    only: true,
    make: () => async (request, forward) =>
      isSend(request) && request.body.length > 65536 && request.body.length < 1e6 ? forward({ ...request, body: request.body.subarray(0, 65536) }) : null,
  },
  'wakes no waiting poll': {
    found: ['wait: a waiting poll gets a new message'],
    only: true,
    make: () => async (request, forward) => {
      if (!isPoll(request) || parameter(request, 'wait') !== '20') return null;
      return changedJson(await forward({ ...request, url: request.url.replace('wait=20', 'wait=1') }), (page) => {
        page.messages = [];
        page.next = page.head = Number(parameter(request, 'since'));
      });
    },
  },
  'answers a waiting poll earlier than it said': {
    found: ['wait: without a new message it ends on time'],
    only: true,
    make: () => async (request, forward) => {
      if (!isPoll(request) || parameter(request, 'wait') !== '2') return null;
      return changedJson(await forward({ ...request, url: request.url.replace('wait=2', 'wait=0') }), (page) => {
        page.wait = 2;
        delete page.poll_after;
      });
    },
  },
  'answers a waiting poll later than it said': {
    found: ['wait: without a new message it ends on time'],
    only: true,
    make: () => async (request, forward) => {
      const answer = isPoll(request) && parameter(request, 'wait') === '2' ? await forward(request) : null;
      if (answer !== null) await pause(17_000);
      return answer;
    },
  },
  'accepts each epoch': {
    found: ['poll: an epoch that is not the current one is 409'],
    only: true,
    make: () => async (request, forward) => (isPoll(request) ? forward({ ...request, url: request.url.replace(/&epoch=[^&]*/, '') }) : null),
  },
  'never answers 304': {
    found: ['poll: ETag, and 304'],
    only: true,
    make: () => async (request, forward) => (isPoll(request) ? forward({ ...request, headers: { ...request.headers, 'if-none-match': '"x"' } }) : null),
  },
  'claims that there is more': {
    found: ['poll: answers what was sent', 'poll: several rooms'],
    make: () => async (request, forward) => {
      const answer = isPoll(request) ? await forward(request) : null;
      return answer !== null && isJson(answer) ? changedJson(answer, (value) => (value.more = true)) : answer;
    },
  },
  'reports gaps that are not there': {
    found: ['poll: says gap if older messages were removed'],
    only: true,
    make: () => async (request, forward) => {
      const answer = isPoll(request) ? await forward(request) : null;
      return answer !== null && isJson(answer) ? changedJson(answer, (value) => (value.gap = true)) : answer;
    },
  },
  'stores what it refuses': {
    found: ['errors: none of these was stored', 'the whole room'],
    make: () => async (request, forward) => {
      const answer = isSend(request) ? await forward(request) : null;
      const room =
        answer?.status === 400 ? /(?:^|&)room=([a-z0-9-]+)/.exec(request.body.toString('latin1'))?.[1] : undefined;
      if (room !== undefined) await forward({ ...request, body: Buffer.from(`room=${room}&text=refused`) });
      return answer;
    },
  },
  'has few processes': {
    found: ['order: 20 messages'],
    make: () => {
      let busy = 0;
      let refused = false;
      return async (request, forward) => {
        if (!isSend(request)) return null;
        if (busy >= 9) {
          refused = true;
          return html(508, 'Resource limit is reached');
        }
        busy++;
        await pause(200);
        // Until the others have arrived, even on a slow machine.
        for (let i = 0; i < 25 && busy > 1 && !refused; i++) await pause(200);
        return forward(request).finally(() => busy--);
      };
    },
  },
  'serves the database': {
    found: ['secrets: '],
    only: true,
    make: () => async ({ url }) => (url === '/pollchat-data/chat.db' ? { status: 200, headers: {}, body: 'SQLite format 3\0…' } : null),
  },
  'serves the settings': {
    found: ['secrets: '],
    only: true,
    make: () => async ({ url }) => (url === '/cgi-bin/chat.conf' ? { status: 200, headers: {}, body: '; ours\ndata = /home/ann/chat\n' } : null),
  },
  'serves the programs': {
    found: ['secrets: '],
    only: true,
    make: () => async ({ url }) => (url === '/cgi-bin/poll.cgi' ? { status: 206, headers: {}, body: Buffer.from('7f454c46020101000000', 'hex') } : null),
  },
};

// Properties of a host that are not faults.
const peculiarities = {
  'accepts only bodies up to 128 KiB': {
    warnings: [/bodies of at most 131072 bytes;.*500.*Internal Server Error/],
    skipped: [/413.*a text of 131072 bytes is stored/],
    make: () => async ({ body }) => (body.length > 131072 ? html(500, 'Internal Server Error') : null),
  },
  'buffers streams': {
    skipped: [/stream.*holds streams back/],
    make: () => async ({ url }) => (url.startsWith('/stream') ? pause(30_000).then(() => html(200, '')) : null),
  },
  'is busy at times and says when to ask again': {
    says: /asked [0-9]+ times to come again/,
    make: () => {
      let count = 0;
      return async (request) =>
        isSend(request) && ++count % 20 === 3
          ? { status: 503, headers: { 'content-type': 'application/problem+json', 'retry-after': '1' }, body: '{}' }
          : null;
    },
  },
  'rewrites no addresses and serves the chat in a folder': {
    base: 'talk/',
    says: /by cgi-bin\/poll\.cgi\/poll and cgi-bin\/send\.cgi\/send/,
    make: () => async (request, forward) => {
      const url = request.url.replace(/^\/talk\/cgi-bin\/(?:poll|send)\.cgi\//, '/');
      if (url === request.url) return html(404, 'Not Found');
      return forward({ ...request, url: url.startsWith('/stream') ? '/stream?since=x' : url }).then((a) =>
        url.startsWith('/stream') ? { ...a, status: 503 } : a,
      );
    },
  },
  'ends waits a tenth early': {
    full: true, // a tenth of two seconds would not be noticed
    says: /^ok .*ends on time \(15 s granted, 13/m,
    make: () => async (request, forward) => {
      if (!isPoll(request) || parameter(request, 'wait') !== '60') return null;
      await pause(13_500);
      return changedJson(await forward({ ...request, url: request.url.replace('wait=60', 'wait=0') }), (page) => {
        page.wait = 15;
        delete page.poll_after;
      });
    },
  },
  'removes ETags': {
    warnings: [/have no ETag/],
    make: () => async (request, forward) => {
      const answer = isPoll(request) ? await forward(request) : null;
      if (answer !== null) delete answer.headers.etag;
      return answer;
    },
  },
};

// These test the script, so one server is enough.
describe('conformance: faults are found', { concurrency: 6, skip: PROFILE !== 'lighttpd' }, () => {
  let site;
  before(async () => {
    site = PROFILE === 'lighttpd' ? await start() : undefined;
  });
  after(() => site?.stop());

  for (const [name, { found, only = false, make }] of Object.entries(faults)) {
    it(`a server that ${name} fails`, async () => {
      const { status, output, failed } = await withFault(site, make(), (url) => run([url, '--quick']));
      assert.equal(status, 1, output);
      for (const start of found) assert.ok(failed.some((line) => line.startsWith(start)), `${start}\n${output}`);
      if (only) assert.equal(failed.length, found.length, output);
    });
  }

  for (const [name, { warnings = [], skipped = [], says = /./, base = '', full = false, make }] of Object.entries(peculiarities)) {
    it(`a server that ${name} passes`, async () => {
      const result = await withFault(site, make(), (url) => run([`${url}${base}`, ...(full ? [] : ['--quick'])]));
      assert.equal(result.status, 0, result.output);
      assert.match(result.output, says);
      for (const pattern of warnings) assert.ok(result.warnings.some((line) => pattern.test(line)), result.output);
      for (const pattern of skipped) assert.ok(result.skipped.some((line) => pattern.test(line)), result.output);
      assert.equal(result.warnings.length, warnings.length, result.output);
    });
  }
});
