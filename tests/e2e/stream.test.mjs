// stream.test.mjs - GET /stream on a real server: events arrive at once, continue after a break,
// and are refused where a server buffers them.

import assert from 'node:assert/strict';
import http from 'node:http';
import { describe, it } from 'node:test';

import { PROFILE, pause, signal, streamsFlow, until, withSite } from './harness.mjs';

/** An open stream, and the events received so far. */
class Stream {
  #request;
  #rest = '';

  constructor(port, target, headers = {}) {
    Object.assign(this, { events: [], comments: 0, ended: false, broken: null, retry: null, status: null });
    this.#request = http.get({ host: '127.0.0.1', port, path: target, headers, agent: false }, (answer) => {
      this.status = answer.statusCode;
      this.headers = answer.headers;
      answer.setEncoding('utf8');
      answer.on('data', (text) => this.#take(text));
      answer.on('end', () => (this.ended = true));
      answer.on('error', (error) => (this.broken = error));
    });
    this.#request.on('error', (error) => (this.broken = error));
  }

  /**
   * Parses like a browser: lines with fields; an empty line ends an event; an event without data is
   * ignored.
   */
  #take(text) {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop();
    for (const block of blocks) {
      const event = { type: 'message', id: undefined, data: undefined };
      for (const line of block.split('\n')) {
        const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
        if (field === '') this.comments += 1;
        else if (field === 'event') event.type = value;
        else if (field === 'retry') this.retry = Number(value);
        else event[field] = value;
      }
      if (event.data !== undefined) this.events.push({ ...event, json: JSON.parse(event.data) });
    }
  }

  get messages() {
    return this.events.filter((event) => event.type === 'message');
  }

  get seqs() {
    return this.messages.map((event) => event.json.seq);
  }

  close() {
    this.#request.destroy();
  }

  opened() {
    return until(() => this.events.length > 0 || this.broken !== null, 'the first event');
  }
}

describe(`${PROFILE}: stream`, { skip: streamsFlow ? false : 'streams are refused here' }, () => {
  it('sends its position at once, then missed messages, then each message when it is sent', async () => {
    await withSite({}, async (site) => {
      for (const text of ['one', 'two', 'three']) await site.send({ text });
      const stream = new Stream(site.port, '/stream?since=1');
      try {
        await until(() => stream.messages.length === 2, 'the missed messages');
        assert.equal(stream.status, 200);
        assert.match(stream.headers['content-type'], /^text\/event-stream/);
        assert.match(stream.headers['cache-control'], /no-store/);
        assert.equal(stream.events[0].type, 'cursor');
        assert.deepEqual(
          [stream.events[0].json.next, stream.events[0].json.head, stream.events[0].json.room],
          [1, 3, 'lobby'],
        );
        assert.ok(stream.retry >= 1000 && stream.retry < 2000);
        for (let seq = 4; seq <= 13; seq++) {
          const sent = (await site.send({ text: `news ${seq}\nline two` })).json();
          // Before the next message is sent: nothing holds this one back.
          await until(() => stream.messages.length === seq - 1, `message ${seq}`);
          const { epoch, room, ...message } = sent;
          assert.deepEqual(stream.messages.at(-1).json, message);
          assert.equal(stream.messages.at(-1).id, String(seq));
          assert.equal(epoch, stream.events[0].json.epoch);
          assert.equal(room, 'lobby');
        }
        assert.deepEqual(stream.seqs, Array.from({ length: 12 }, (_, i) => i + 2));
      } finally {
        stream.close();
      }
    });
  });

  it('continues after Last-Event-ID, in one room and in several', async () => {
    await withSite({}, async (site) => {
      for (let i = 1; i <= 5; i++) await site.send({ text: `a${i}`, room: 'a' });
      for (let i = 1; i <= 3; i++) await site.send({ text: `b${i}`, room: 'b' });
      const first = new Stream(site.port, '/stream?room=a:0&room=b:0');
      await until(() => first.messages.length === 8, 'all messages');
      first.close();
      for (const [at, event] of first.messages.entries()) {
        const again = new Stream(site.port, '/stream?room=a:0&room=b:0', { 'Last-Event-ID': event.id });
        await until(() => again.events.length === 8 - at, 'the remaining messages');
        again.close();
        assert.deepEqual(again.messages.map((e) => e.json.text), first.messages.slice(at + 1).map((e) => e.json.text));
      }
      const one = new Stream(site.port, '/stream?room=a&since=now', { 'Last-Event-ID': '3' });
      await until(() => one.messages.length === 2, 'the missed messages');
      one.close();
      assert.deepEqual(one.seqs, [4, 5]);
    });
  });

  it('a client that reconnects with the last id after each end gets every message once', async () => {
    await withSite({ env: { POLLCHAT_MAX_STREAM: '1' } }, async (site) => {
      const seen = [];
      let streams = 0;
      let stop = false;
      const reading = (async () => {
        while (!stop) {
          const stream = new Stream(
            site.port,
            '/stream?since=0',
            seen.length > 0 ? { 'Last-Event-ID': String(seen.at(-1)) } : {},
          );
          await until(() => stream.ended || stream.broken !== null, 'the stream to end');
          assert.equal(stream.broken, null, 'the stream ends cleanly');
          seen.push(...stream.seqs);
          streams += 1;
        }
      })().finally(() => (stop = true));
      let sent = 0;
      while (streams < 4 && !stop) {
        await site.send({ text: `m${++sent}` });
        await pause(20);
      }
      stop = true;
      await reading;
      const last = new Stream(site.port, '/stream', { 'Last-Event-ID': String(seen.at(-1)) });
      await until(() => seen.length + last.messages.length === sent, 'the last messages');
      last.close();
      assert.deepEqual([...seen, ...last.seqs], Array.from({ length: sent }, (_, i) => i + 1));
    });
  });

  it('a backlog of many megabytes arrives complete, also for a client that reads slowly', async () => {
    await withSite({}, async (site) => {
      const text = 'é'.repeat(100_000);
      for (let i = 0; i < 40; i++) await site.send({ text: `${i}${text}` });
      const bytes = await new Promise((done, fail) => {
        let length = 0;
        const r = http.get({ host: '127.0.0.1', port: site.port, path: '/stream?since=0', agent: false }, async (answer) => {
          let tail = '';
          for await (const piece of answer) {
            length += piece.length;
            tail = (tail + piece.toString('latin1')).slice(-100_000);
            if (length < 1_000_000) await pause(2);
            if (/"seq":40,[^]*\n\n$/.test(tail) || tail.endsWith('}\n\n') && length > 40 * 200_000) break;
          }
          done(length);
        });
        r.on('error', fail);
      });
      assert.ok(bytes > 40 * 200_000, `${bytes} bytes`);
    });
  });

  it('streams and polls get the same messages, and continue after a program is killed', async () => {
    await withSite({}, async (site) => {
      await site.send({ text: 'first' });
      const streams = Array.from({ length: 20 }, () => new Stream(site.port, '/stream?since=0'));
      await Promise.all(streams.map((s) => s.opened()));
      const polls = Array.from({ length: 20 }, () => site.get('/poll?since=1&wait=20'));
      await pause(100);
      await site.send({ text: 'second' });
      for (const poll of await Promise.all(polls)) assert.deepEqual(poll.json().messages.map((m) => m.seq), [2]);
      await until(() => streams.every((s) => s.messages.length === 2), 'both messages in each stream');
      for (const p of site.programs(['poll'])) signal(p.pid, 'SIGKILL');
      await until(() => streams.every((s) => s.ended || s.broken !== null), 'the streams to end');
      await site.send({ text: 'third' });
      const back = await until(async () => {
        const stream = new Stream(site.port, '/stream', { 'Last-Event-ID': '2' });
        await until(() => stream.events.length > 0 || stream.ended || stream.broken !== null, 'an answer or an end');
        return stream.status === 200 && stream;
      }, 'the program to run again');
      await until(() => back.messages.length === 1, 'the missed messages');
      back.close();
      assert.deepEqual(back.seqs, [3]);
    });
  });

  it('format=text and format=ndjson stream lines', async () => {
    await withSite({}, async (site) => {
      await site.send({ text: 'two\nlines', name: 'ann' });
      const read = (target, enough) =>
        new Promise((done, fail) => {
          let text = '';
          const r = http.get({ host: '127.0.0.1', port: site.port, path: target, agent: false }, async (answer) => {
            for await (const piece of answer) if (enough((text += piece))) break;
            done(text);
          });
          r.on('error', fail);
        });
      assert.match(
        await read('/stream?since=0&format=text', (t) => t.endsWith('\n')),
        /^1\t[^\t]+\tann\ttwo\\nlines\n$/,
      );
      const lines = (await read('/stream?since=0&format=ndjson', (t) => t.includes('"seq"') && t.endsWith('\n')))
        .trimEnd()
        .split('\n');
      assert.deepEqual(lines.map((line) => JSON.parse(line).type), ['cursor', 'message']);
    });
  });

  it('a stream of an old epoch is refused before it begins, and so is one over the limit', async () => {
    await withSite({ env: { POLLCHAT_MAX_WAITING: '2', POLLCHAT_MAX_WAITING_APACHE: '2' } }, async (site) => {
      const conflict = await site.get('/stream?since=0&epoch=of-another-database');
      assert.equal(conflict.status, 409);
      assert.match(conflict.json().epoch, /^[\w-]{22}$/);
      const streams = [new Stream(site.port, '/stream'), new Stream(site.port, '/stream')];
      await Promise.all(streams.map((s) => s.opened()));
      const third = await site.get('/stream');
      assert.equal(third.status, 503);
      assert.match(third.json().type, /no-stream$/);
      assert.ok(Number(third.headers['retry-after']) > 0);
      streams.forEach((s) => s.close());
      assert.equal((await site.get('/poll?since=0')).status, 200);
    });
  });

  it('max_stream 0 allows no streams', async () => {
    await withSite({ env: { POLLCHAT_MAX_STREAM: '0' } }, async (site) => {
      assert.equal((await site.get('/stream')).status, 503);
    });
  });
});

describe(`${PROFILE}: streams are refused`, { skip: streamsFlow ? 'streams work here' : false }, () => {
  it('a stream is refused with a problem, and polling works', async () => {
    await withSite({}, async (site) => {
      await site.send({ text: 'there' });
      for (let i = 0; i < 3; i++) {
        const refused = await site.get('/stream?since=0');
        assert.equal(refused.status, 503);
        assert.match(refused.json().type, /no-stream$/);
        assert.ok(Number(refused.headers['retry-after']) > 0);
        assert.equal((await site.get('/poll?since=0')).json().next, 1);
      }
    });
  });
});
