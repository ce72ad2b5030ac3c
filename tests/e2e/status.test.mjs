// status.test.mjs - GET /status on a real server: the counters are true, and only the owner sees
// them.

import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, it } from 'node:test';

import { PROFILE, STORE, costsProcess, isFastcgi, signal, streamsFlow, until, withSite } from './harness.mjs';

async function status(site) {
  const answer = await site.get('/status');
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers['cache-control'], 'no-store');
  return answer.json();
}

/** Sends a request; the test can close its connection at any time. */
function open(port, target) {
  const socket = net.connect({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  socket.on('data', () => {});
  socket.write(`GET ${target} HTTP/1.1\r\nHost: chat.test\r\n\r\n`);
  return socket;
}

describe(`${PROFILE}: status`, () => {
  it('counts requests, answers, messages and groups of the whole site, and shows no text, name or room', async () => {
    await withSite({}, async (site) => {
      const before = await status(site); // the harness has made requests before
      for (let i = 0; i < 3; i++) await site.send({ text: `secret ${i}`, name: 'ann', room: 'hidden' });
      assert.equal((await site.get('/poll?room=hidden')).status, 200);
      assert.equal((await site.get('/poll?since=x')).status, 400);
      const answer = await site.get('/status');
      const s = answer.json();
      const since = (group) =>
        Object.fromEntries(Object.entries(s[group]).map(([key, n]) => [key, n - before[group][key]]));
      assert.deepEqual(since('requests'), { send: 3, poll: 2, stream: 0, status: 1 });
      assert.equal(s.messages, 3);
      // The status request itself is not counted yet.
      assert.deepEqual(since('answers'), { '2xx': 5, '3xx': 0, '4xx': 1, '5xx': 0 });
      assert.equal(s.group_messages.count, 3);
      assert.equal(s.group_messages.sum, 3);
      assert.equal(s.queued, 0);
      assert.equal(s.counts_of, 'site');
      assert.equal(s.wake, 'bell');
      assert.match(s.version, /^\d+\.\d+\.\d+$/);
      assert.match(s.store.kind, STORE === undefined ? /^SQLite/ : /^PostgreSQL/);
      assert.ok(s.store.bytes > 4096 && s.descriptors >= 1024 && s.uptime >= 0);
      assert.ok(Math.abs(Date.parse(s.counted_since) - Date.now()) < 600_000);
      assert.doesNotMatch(answer.text, /secret|ann"|hidden/);
    });
  });

  it('counts waiting polls and streams, and no closed connections', async () => {
    const count = costsProcess ? 4 : 40;
    await withSite({ env: { POLLCHAT_MAX_WAIT: '60', POLLCHAT_MAX_HELD: '4' } }, async (site) => {
      await site.send({ text: 'old' });
      const sockets = Array.from({ length: count }, () => open(site.port, '/poll?since=1&wait=60'));
      const streams = streamsFlow ? Array.from({ length: 10 }, () => open(site.port, '/stream?since=1')) : [];
      await until(async () => (await status(site)).parked.polls === count, 'all polls to wait');
      await until(async () => (await status(site)).parked.streams === streams.length, 'all streams to flow');
      if (isFastcgi) {
        // Wakes the program, but no poll is answered.
        await site.send({ text: 'news', room: 'elsewhere' });
        await until(async () => (await status(site)).wakeups > 0, 'the wake-up to be counted');
        assert.equal((await status(site)).woken, 0);
      }
      for (const socket of [...sockets, ...streams]) socket.destroy();
      // Not every server reports a hang-up. Then the next write notices it.
      await site.send({ text: 'news' });
      await site.send({ text: 'more news' });
      await until(async () => {
        const { parked } = await status(site);
        if (parked.streams > 0) await site.send({ text: 'a write' });
        return parked.polls === 0 && parked.streams === 0;
      }, 'no waiting request to be left');
    });
  });

  it('measures the time from a commit to the answers of waiting polls', { skip: !isFastcgi }, async () => {
    await withSite({}, async (site) => {
      // News that comes while a poll is on its way to the waiting ones answers it too, but wakes
      // nothing. An answer may arrive before it is counted. So this is done until one is counted.
      let head = (await site.send({ text: 'old' })).json().seq;
      let s;
      do {
        const waiter = site.get(`/poll?since=${head}&wait=20`);
        await until(async () => (await status(site)).parked.polls === 1, 'the poll to wait');
        head = (await site.send({ text: 'new' })).json().seq;
        assert.equal((await waiter).json().next, head);
        s = await status(site);
      } while (s.woken === 0 || s.commit_to_write_us.count === 0);
      assert.ok(s.woken < head && s.commit_to_write_us.count < head, 'no answer is counted twice');
      assert.ok(s.commit_to_write_us.sum > 0 && s.commit_to_write_us.p50 <= s.commit_to_write_us.p99);
    });
  });

  it('does not count polls that waited in a killed program', { skip: !isFastcgi }, async () => {
    await withSite({ env: { POLLCHAT_MAX_HELD: '3' } }, async (site) => {
      await site.send({ text: 'old' });
      const sockets = Array.from({ length: 3 }, () => open(site.port, '/poll?since=1&wait=25'));
      await until(async () => (await status(site)).parked.polls === 3, 'three polls to wait');
      for (const p of site.programs(['poll'])) signal(p.pid, 'SIGKILL');
      await until(async () => {
        const answer = await site.get('/status');
        return answer.status === 200 && answer.json().parked.polls === 0;
      }, 'no poll to be counted');
      assert.equal((await status(site)).messages, 1, 'other counters keep their value');
      for (const socket of sockets) socket.destroy();
    });
  });

  it('answers only this machine, not clients behind a proxy on it, unless it is set otherwise', { skip: PROFILE === 'caddy' && 'Caddy itself adds forwarding headers' }, async () => {
    await withSite({}, async (site) => {
      for (const headers of [
        { 'X-Forwarded-For': '127.0.0.1' },
        { Forwarded: 'for=127.0.0.1' },
        { 'X-Real-IP': '192.0.2.1' },
        { Via: '1.1 proxy' },
      ]) {
        const refused = await site.get('/status', { headers });
        assert.equal(refused.status, 403, JSON.stringify(headers));
        assert.match(refused.json().type, /:forbidden$/);
      }
    });
    await withSite({ env: { POLLCHAT_STATUS: 'everyone' } }, async (site) => {
      assert.equal((await site.get('/status', { headers: { 'X-Forwarded-For': '192.0.2.1' } })).status, 200);
    });
    await withSite({ env: { POLLCHAT_STATUS: 'nobody' } }, async (site) => {
      assert.equal((await site.get('/status')).status, 403);
    });
  });

  it('format=prometheus is valid Prometheus text', async () => {
    await withSite({}, async (site) => {
      await site.send({ text: 'hi' });
      const answer = await site.get('/status?format=prometheus');
      assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
      const values = new Map();
      for (const line of answer.text.trimEnd().split('\n')) {
        if (line.startsWith('#')) {
          assert.match(line, /^# (HELP pollchat_\w+ \S.*|TYPE pollchat_\w+ (counter|gauge|histogram))$/);
        } else {
          const [, name, labels, value] =
            /^(pollchat_\w+)(\{\w+="[^"\\]*"(?:,\w+="[^"\\]*")*\})? ([0-9.e+-]+)$/.exec(line) ?? assert.fail(line);
          assert.ok(!values.has(name + labels), line);
          values.set(name + (labels ?? ''), Number(value));
        }
      }
      assert.equal(values.get('pollchat_messages_total'), 1);
      assert.equal(values.get('pollchat_requests_total{route="send"}'), 1);
      assert.equal(values.get('pollchat_group_messages_bucket{le="+Inf"}'), 1);
      assert.equal((await site.get('/status?format=xml')).json().field, 'format');
      assert.equal((await site.get('/status', { method: 'HEAD' })).text, '');
    });
  });
});
