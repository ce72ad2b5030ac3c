// contract.test.mjs - the HTTP contract of /send and /poll through a real web server.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';

import { PROFILE, pause, rawRequest, start, withSite } from './harness.mjs';

const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';
const TEXT = 'text/plain';

let site;
let rooms = 0;


/** A new room for each test, so that no test sees another's messages. */
const newRoom = () => `room-${++rooms}`;
const say = async (room, text, more = {}) => {
  const answer = await site.send({ room, text, ...more });
  assert.equal(answer.status, 201, answer.text);
  return answer.json();
};
const poll = async (query) => {
  const answer = await site.get(`/poll?${query}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
};
const post = (body, type, query = '', headers = {}) =>
  site.get(`/send${query}`, { method: 'POST', body, headers: { ...(type === null ? {} : { 'Content-Type': type }), ...headers } });
const headOf = async (room) => (await poll(`room=${room}&since=now`)).head;

function assertProblem(answer, status, slug, field) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  const problem = answer.json();
  assert.equal(problem.type, `urn:pollchat:problem:${slug}`, answer.text);
  assert.equal(problem.status, status);
  assert.ok(problem.title.length > 0 && problem.detail.length > 0, answer.text);
  assert.equal(problem.field, field, answer.text);
  assertCommonHeaders(answer);
  return problem;
}

function assertCommonHeaders(answer) {
  assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  assert.equal(answer.headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'", "the policy of the programs, not of the page");
  assert.equal(answer.headers['referrer-policy'], 'no-referrer');
  assert.equal(answer.headers['x-robots-tag'], 'noindex');
  assert.equal(answer.headers['cache-control'], 'no-store');
  // A server that sets headers for static files must not set them for answers of programs.
  for (const name of ['x-content-type-options', 'content-security-policy', 'referrer-policy', 'x-frame-options', 'cache-control']) {
    assert.equal(answer.count(name), 1, `${name} is there ${answer.count(name)} times`);
  }
}

// One suite around all: node before 18.17 does not run the hooks of a file.
/**
 * Sends texts of `bytes` bytes, each byte six bytes in JSON and three in a form. They come back
 * unchanged; one more byte is refused.
 */
async function takesText(where, bytes) {
  const room = newRoom();
  const text = '\u0001'.repeat(bytes);
  const packed = (body, type, query = '') => where.get(`/send${query}`, { method: 'POST', body, headers: { 'Content-Type': type } });
  const escaped = await where.send({ room, text });
  assert.equal(escaped.status, 201, escaped.text.slice(0, 300));
  assert.equal((await packed(new URLSearchParams({ room, text }).toString(), FORM)).status, 201);
  assert.equal((await packed(text, TEXT, `?room=${room}`)).status, 201);
  const page = (await where.get(`/poll?room=${room}&since=0&limit=1`)).json();
  assert.ok(page.messages[0].text === text, 'the text comes back unchanged');
  for (const answer of [await where.send({ room, text: `${text}x` }), await packed(`${text}x`, TEXT, `?room=${room}`)]) {
    const problem = assertProblem(answer, 413, 'too-large', 'text');
    assert.match(problem.detail, new RegExp(bytes));
  }
  assert.equal((await where.get(`/poll?room=${room}&since=0&limit=1`)).json().head, 3);
}

describe(PROFILE, () => {
  before(async () => {
    site = await start({ env: { POLLCHAT_ALLOW_ORIGIN: 'https://friend.example https://other.example:8443' } });
  });
  after(async () => {
    await site?.stop();
  });

  describe('sending', () => {
    it('answers 201 with the stored message, and poll returns the same', async () => {
      const room = newRoom();
      const answer = await site.send({ room, text: 'hi', name: 'ann', id: 'a-1' });
      assert.equal(answer.status, 201, answer.text);
      assert.equal(answer.headers['content-type'], JSON_TYPE);
      assertCommonHeaders(answer);
      const sent = answer.json();
      assert.deepEqual(Object.keys(sent), ['epoch', 'room', 'seq', 'time', 'name', 'text', 'type', 'id']);
      assert.match(sent.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.deepEqual({ ...sent, epoch: 0, time: 0 }, { epoch: 0, room, seq: 1, time: 0, name: 'ann', text: 'hi', type: 'message', id: 'a-1' });

      const page = await poll(`room=${room}&since=0`);
      const { epoch, room: _, ...message } = sent;
      assert.deepEqual(page.messages, [message]);
      assert.equal(page.epoch, epoch);
    });

    it('takes JSON, a form and plain text, with fields in body, query or headers', async () => {
      const room = newRoom();
      const answers = [
        await post(JSON.stringify({ room, name: 'j', text: 'a&b=c+d %41 é' }), `${JSON_TYPE}; charset=utf-8`),
        await post(`room=${room}&name=f&text=a%26b%3Dc%2Bd+%25+%C3%A9`, FORM),
        await post('a&b=c+d %41 é\n', TEXT, `?room=${room}&name=t`),
        await post('h', `${TEXT};charset="UTF-8"`, '', { 'Pollchat-Room': room, 'Pollchat-Name': 'h', 'Pollchat-Id': 'h-1' }),
        await site.get(`/send?room=${room}&name=q&text=only+a+query`, { method: 'POST', body: '' }),
        await post(JSON.stringify({ text: 'body wins', name: 'body' }), JSON_TYPE, `?room=${room}&name=query`, { 'Pollchat-Name': 'header' }),
      ];
      assert.deepEqual(answers.map((a) => a.status), [201, 201, 201, 201, 201, 201], answers.map((a) => a.text).join('\n'));
      const page = await poll(`room=${room}&since=0`);
      assert.deepEqual(page.messages.map((m) => [m.seq, m.name, m.text]), [
        [1, 'j', 'a&b=c+d %41 é'],
        [2, 'f', 'a&b=c+d % é'],
        [3, 't', 'a&b=c+d %41 é\n'],
        [4, 'h', 'h'],
        [5, 'q', 'only a query'],
        [6, 'body', 'body wins'],
      ]);
      assert.equal(page.messages[3].id, 'h-1');
    });

    it('has defaults: the room lobby, the name guest and a generated id', async () => {
      const sent = (await post('text=hello', FORM)).json();
      assert.equal(sent.room, 'lobby');
      assert.equal(sent.name, 'guest');
      assert.match(sent.id, /^[A-Za-z0-9._-]{1,64}$/);
      const again = (await post('text=hello', FORM)).json();
      assert.notEqual(again.id, sent.id);
      assert.equal(again.seq, sent.seq + 1);
    });

    it('keeps the text byte for byte', async () => {
      const room = newRoom();
      const texts = [
        ' leading and trailing \t\n',
        '\r\n\u000b\u001b[31m\u007f\u0001',
        'é e\u0301 \u{1f469}\u200d\u{1f469}\u200d\u{1f467} \u202eabc\u202c \ufeff \u2028 \ufffd \u{10ffff}',
        '<script>alert(1)</script> & "quoted" \\ / \\u0041 </p>',
        '{"text":"json in text"}',
        'a=b&text=c;d%00%2B+',
      ];
      for (const [i, text] of texts.entries()) {
        const answers = [
          await site.send({ room, text, name: `json${i}` }),
          await post(new URLSearchParams({ room, text, name: `form${i}` }).toString(), FORM),
          await post(text, TEXT, `?room=${room}&name=text${i}`),
        ];
        for (const answer of answers) {
          assert.equal(answer.status, 201, answer.text);
          assert.equal(answer.json().text, text);
        }
      }
      const page = await poll(`room=${room}&since=0`);
      assert.deepEqual(page.messages.map((m) => m.text), texts.flatMap((text) => [text, text, text]));
    });

    it('stores a repeated id once and answers it alike, one after the other and at the same moment', async () => {
      const room = newRoom();
      const fields = { room, text: 'once', name: 'ann', id: randomUUID() };
      const first = await site.send(fields);
      const second = await site.send(fields);
      assert.deepEqual([first.status, second.status], [201, 200]);
      assert.equal(second.text, first.text);

      const many = await Promise.all(Array.from({ length: 12 }, () => site.send({ ...fields, id: 'same', text: 'at once' })));
      assert.deepEqual(many.map((a) => a.status).sort(), [...Array(11).fill(200), 201]);
      assert.equal(new Set(many.map((a) => a.text)).size, 1);

      assert.equal((await site.send({ ...fields, name: 'bob' })).status, 201, 'another sender may use the same id');
      assert.equal((await site.send({ ...fields, room: `${room}-b` })).status, 201, 'in another room as well');
      assertProblem(await site.send({ ...fields, text: 'else' }), 409, 'id-reused', 'id');
      assert.equal(await headOf(room), 3);
    });

    it('takes a reply to an existing message', async () => {
      const room = newRoom();
      const { seq } = await say(room, 'question');
      assert.equal((await say(room, 'answer', { reply_to: seq })).reply_to, seq);
      assertProblem(await site.send({ room, text: 'x', reply_to: 99 }), 400, 'bad-input', 'reply_to');
      assert.equal((await poll(`room=${room}&since=1`)).messages[0].reply_to, seq);
    });

    it('answers a text line when asked', async () => {
      const room = newRoom();
      const answer = await post(`room=${room}&name=ann&text=two%0Alines`, FORM, '?format=text');
      assert.equal(answer.status, 201);
      assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
      assert.match(answer.text, /^1\t\d{4}-\S+Z\tann\ttwo\\nlines\n$/);
    });

    it('takes 256 KiB of text in each encoding, and not one byte more', async () => {
      await takesText(site, 262_144);
    });

    it('takes 1 MiB of text if it is so set, in each encoding, and not one byte more', async () => {
      await withSite({ env: { POLLCHAT_MAX_TEXT: '1048576' } }, (other) => takesText(other, 1_048_576));
    });

    it('answers 413 by the program for a body far longer than the longest text', async () => {
      const room = newRoom();
      const answer = await post(Buffer.alloc(6.5 * (1 << 20), 'x'), TEXT, `?room=${room}`);
      assertProblem(answer, 413, 'too-large', 'text');
      assert.equal(await headOf(room), 0);
    });

    // The server would collect such a body on its disk. mod_proxy_fcgi passes a body on while it
    // arrives, so there the program answers.
    it('answers a body over the server\'s limit without asking a program', async () => {
      const room = newRoom();
      const answer = await post(Buffer.alloc(9 << 20, 'x'), TEXT, `?room=${room}`);
      assert.ok(answer.status >= 400, `${answer.status}`);
      assert.equal(answer.headers['content-type'] === 'application/problem+json', PROFILE === 'apache-proxy');
      assert.equal(await headOf(room), 0);
    });

    // Caddy 2.6 tells FastCGI programs a Content-Length of -1 for a chunked body, and they refuse
    // it.
    it('takes a chunked body', { skip: PROFILE === 'caddy' }, async () => {
      const room = newRoom();
      const text = 'chunked '.repeat(30_000);
      const answer = await site.send({ room, text }, { chunked: true });
      assert.equal(answer.status, 201, answer.text.slice(0, 300));
      assert.ok(answer.json().text === text);
      const small = await site.get('/send', { method: 'POST', body: `room=${room}&text=small`, chunked: true, headers: { 'Content-Type': FORM } });
      assert.equal(small.json().seq, 2);
    });

    it('stores nothing of a body that is shorter than announced', async () => {
      const room = newRoom();
      const request = `POST /send?room=${room} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 100\r\nConnection: close\r\n\r\nhalf`;
      const reply = await rawRequest(site.port, request, { halfClose: true });
      assert.match(reply, /^(HTTP\/1\.[01] (400|408|50[02]) |$)/, '400 from the program, an error of the server, or a closed connection');
      const chunked = `POST /send?room=${room} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n10\r\nhalf`;
      assert.match(await rawRequest(site.port, chunked, { halfClose: true }), /^(HTTP\/1\.[01] (400|408|50[02]) |$)/);
      // Commits have an order: once a later message is stored, the broken one is decided.
      assert.equal((await say(room, 'later')).seq, 1);
      assert.deepEqual((await poll(`room=${room}&since=0`)).messages.map((m) => m.text), ['later']);
    });

    const bad = [
      ['no text', { room: 'r' }, 'text'],
      ['an empty text', { text: '' }, 'text'],
      ['a room with capitals', { text: 'x', room: 'Lobby' }, 'room'],
      ['an empty room', { text: 'x', room: '' }, 'room'],
      ['a room of 65 characters', { text: 'x', room: 'a'.repeat(65) }, 'room'],
      ['a blank name', { text: 'x', name: '  ' }, 'name'],
      ['a name of 65 characters', { text: 'x', name: 'n'.repeat(65) }, 'name'],
      ['a name with a line break', { text: 'x', name: 'a\nb' }, 'name'],
      ['a name with a bidirectional override', { text: 'x', name: 'a\u202eb' }, 'name'],
      ['an id with a space', { text: 'x', id: 'a b' }, 'id'],
      ['an id of 65 characters', { text: 'x', id: 'i'.repeat(65) }, 'id'],
      ['reply_to 0', { text: 'x', reply_to: 0 }, 'reply_to'],
      ['reply_to beyond 64 bits', { text: 'x', reply_to: '18446744073709551616' }, 'reply_to'],
    ];
    for (const [what, fields, field] of bad) {
      it(`answers 400 to ${what} and names the field`, async () => {
        assertProblem(await site.send(fields), 400, 'bad-input', field);
      });
    }

    it('answers 400 to U+0000 in the text', async () => {
      assertProblem(await post('text=a%00b', FORM), 400, 'bad-input', 'text');
      assertProblem(await post('a\u0000b', TEXT), 400, 'bad-input', 'text');
      // From the JSON parser, which knows no fields.
      const problem = assertProblem(await site.send({ text: 'a\u0000b' }), 400, 'bad-input');
      assert.match(problem.detail, /U\+0000/);
    });

    it('answers 400 to bodies that cannot be decoded', async () => {
      const room = newRoom();
      for (const [body, type] of [
        ['{"text":"x"', JSON_TYPE],
        ['["text"]', JSON_TYPE],
        ['{"text":"x","text":"y"}', JSON_TYPE],
        ['text=%zz', FORM],
        ['text=%f', FORM],
        ['text=%ff', FORM],
        ['text=a&text=b', FORM],
        [Buffer.from([0x68, 0xff, 0x69]), TEXT],
        [Buffer.from([0xed, 0xa0, 0x80]), TEXT], // a surrogate
        [Buffer.from([0xc0, 0xaf]), TEXT], // an overlong encoding
        ['a\u0000b', TEXT],
      ]) {
        const answer = await post(body, type, `?room=${room}`);
        assert.equal(answer.status, 400, `${body}: ${answer.text}`);
        assert.equal(answer.json().type, 'urn:pollchat:problem:bad-input');
      }
      assert.equal(await headOf(room), 0);
    });

    it('explains both correct forms when curl -d hi sends no field name', async () => {
      const problem = assertProblem(await post('hi', FORM), 400, 'bad-input', 'text');
      assert.match(problem.detail, /-d text=hi/);
      assert.match(problem.detail, /Content-Type: text\/plain/);
    });

    it('refuses media types and charsets that it does not know', async () => {
      assertProblem(await post('<x/>', 'application/xml'), 415, 'unsupported-type');
      assertProblem(await post('x', 'text/html'), 415, 'unsupported-type');
      assertProblem(await post('text=x', 'multipart/form-data; boundary=x'), 415, 'unsupported-type');
      assertProblem(await post('x', `${TEXT}; charset=iso-8859-1`), 415, 'unsupported-type');
      // Caddy declares a body without a type as a form.
      if (PROFILE !== 'caddy') assertProblem(await post('x', null), 415, 'unsupported-type');
    });

    it('answers errors as text when asked', async () => {
      const answer = await post('', FORM, '?format=text');
      assert.equal(answer.status, 400);
      assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
      assert.match(answer.text, /^400 [^\n]+\n$/);
    });
  });

  describe('polling', () => {
    it('answers an empty room', async () => {
      const room = newRoom();
      const answer = await site.get(`/poll?room=${room}&since=0`);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-type'], JSON_TYPE);
      assertCommonHeaders(answer);
      const page = answer.json();
      assert.deepEqual({ ...page, epoch: 0 }, { epoch: 0, room, messages: [], next: 0, head: 0, oldest: page.oldest, more: false, wait: 0, poll_after: 2 });
    });

    it('reports missing rows, and continues after them', async () => {
      const room = newRoom();
      for (const text of ['one', 'two', 'three']) await say(room, text);
      const columns = 'message_id, time_ms, type, reply_to, name, id, id_sent, text';
      site.sql(`CREATE TABLE taken AS SELECT ${columns} FROM message WHERE seq = 2 AND room_id = (SELECT room_id FROM room WHERE name = '${room}');
        DELETE FROM message WHERE message_id IN (SELECT message_id FROM taken)`);
      const { messages, gap, next } = await poll(`room=${room}&since=0`);
      assert.deepEqual([messages.map(({ seq }) => seq), gap, next], [[1, 3], true, 3]);
      assert.equal((await poll(`room=${room}&since=2`)).gap, undefined);
      site.sql(`INSERT INTO message (${columns}) SELECT ${columns} FROM taken; DROP TABLE taken`);
      assert.equal((await poll(`room=${room}&since=0`)).gap, undefined, 'no gap once the row is back');
    });

    it('reads a room page by page without gap or repeat', async () => {
      const room = newRoom();
      for (let i = 1; i <= 25; i++) {
        await say(room, `m${i}`);
      }
      const seen = [];
      let since = 0;
      for (let more = true; more; ) {
        const page = await poll(`room=${room}&since=${since}&limit=7`);
        assert.ok(page.messages.length <= 7);
        seen.push(...page.messages);
        ({ next: since, more } = page);
        assert.equal(page.head, 25);
        assert.equal(page.oldest, 1);
      }
      assert.deepEqual(seen.map((m) => [m.seq, m.text]), Array.from({ length: 25 }, (_, i) => [i + 1, `m${i + 1}`]));
      assert.equal(since, 25);

      assert.deepEqual((await poll(`room=${room}&last=3`)).messages.map((m) => m.seq), [23, 24, 25]);
      assert.deepEqual((await poll(`room=${room}&last=1000`)).messages.length, 25);
      const now = await poll(`room=${room}&since=now`);
      assert.deepEqual([now.messages.length, now.next, now.head], [0, 25, 25]);
      const beyond = await poll(`room=${room}&since=9999`);
      assert.deepEqual([beyond.messages.length, beyond.next, beyond.more], [0, 25, false]);
    });

    it('pages backwards, and lets no page be cached, as old messages change too', async () => {
      const room = newRoom();
      for (let i = 1; i <= 10; i++) {
        await say(room, `m${i}`);
      }
      const seen = [];
      let before = 11;
      for (let more = true; more; ) {
        const answer = await site.get(`/poll?room=${room}&before=${before}&limit=4`);
        const page = answer.json();
        assertCommonHeaders(answer);
        assert.equal(page.next, page.messages.at(-1).seq);
        seen.unshift(...page.messages);
        ({ more } = page);
        before = page.messages[0].seq;
      }
      assert.deepEqual(seen.map((m) => m.seq), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      assert.deepEqual((await poll(`room=${room}&before=1`)).messages, []);
    });

    it('tells a poll without wait when to ask again, and a poll that finds news at once the wait it would get', async () => {
      const room = newRoom();
      const idle = await poll(`room=${room}&since=0`);
      assert.deepEqual([idle.wait, idle.poll_after], [0, 2]);
      await say(room, 'news');
      const news = await poll(`room=${room}&since=0&wait=60`);
      assert.deepEqual([news.messages.length, news.wait, news.poll_after], [1, 25, undefined]);
    });

    it('answers several rooms at once', async () => {
      const [a, b, c] = [newRoom(), newRoom(), newRoom()];
      for (const [room, text] of [[a, 'a1'], [b, 'b1'], [a, 'a2'], [b, 'b2'], [c, 'c1']]) {
        await say(room, text);
      }
      const page = await poll(`room=${a}:1&room=${b}:0&room=${c}:now`);
      assert.equal(page.room, undefined);
      assert.deepEqual(page.messages.map((m) => [m.room, m.seq, m.text]), [[a, 2, 'a2'], [b, 1, 'b1'], [b, 2, 'b2']]);
      assert.deepEqual(page.next, { [a]: 2, [b]: 2, [c]: 1 });
      assert.deepEqual(page.head, { [a]: 2, [b]: 2, [c]: 1 });
      assert.deepEqual(page.oldest, { [a]: 1, [b]: 1, [c]: 1 });

      let position = { [a]: 0, [b]: 0, [c]: 0 };
      const seen = [];
      for (let more = true; more; ) {
        const query = Object.entries(position).map(([room, since]) => `room=${room}:${since}`).join('&');
        const next = await poll(`${query}&limit=2`);
        seen.push(...next.messages.map((m) => m.text));
        ({ next: position, more } = next);
      }
      assert.deepEqual(seen.sort(), ['a1', 'a2', 'b1', 'b2', 'c1']);

      const one = await poll(`room=${a}:1`);
      assert.deepEqual(one.next, { [a]: 2 }, 'a single room in the syntax of several is answered in that form');

      assertProblem(await site.get(`/poll?room=${a}:0&room=${a}:1`), 400, 'bad-input', 'room');
      assertProblem(await site.get(`/poll?room=${a}:x`), 400, 'bad-input', 'room');
      assert.equal((await site.get(`/poll?room=${a}:0&room=${b}:0&last=2`)).status, 400);
      const many = Array.from({ length: 33 }, (_, i) => `room=r${i}:0`).join('&');
      assertProblem(await site.get(`/poll?${many}`), 400, 'bad-input', 'room');
      assert.equal((await site.get(`/poll?${many.slice(0, many.lastIndexOf('&'))}`)).status, 200);
    });

    it('format=ndjson has one message a line and a cursor at the end', async () => {
      const room = newRoom();
      await say(room, 'one\ntwo');
      await say(room, 'three');
      const answer = await site.get(`/poll?room=${room}&since=0&format=ndjson`);
      assert.equal(answer.headers['content-type'], 'application/x-ndjson');
      assertCommonHeaders(answer);
      const lines = answer.text.trimEnd().split('\n').map((line) => JSON.parse(line));
      assert.deepEqual(lines.slice(0, 2).map((m) => m.text), ['one\ntwo', 'three']);
      const cursor = lines[2];
      assert.deepEqual({ ...cursor, epoch: 0 }, { type: 'cursor', epoch: 0, next: 2, head: 2, oldest: 1, more: false, wait: 0, poll_after: 2, ...(cursor.room === undefined ? {} : { room }) });
    });

    it('format=text has one message a line', async () => {
      const [room, other] = [newRoom(), newRoom()];
      await say(room, 'tab\tback\\slash\nline\rreturn \u0001\u001b é', { name: 'ann' });
      await say(other, 'x');
      const answer = await site.get(`/poll?room=${room}&since=0&format=text`);
      assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
      const [seq, time, name, text] = answer.text.replace(/\n$/, '').split('\t');
      assert.deepEqual([seq, name, text], ['1', 'ann', 'tab\\tback\\\\slash\\nline\\rreturn \\0001\\0033 é']);
      assert.match(time, /Z$/);
      const both = await site.get(`/poll?room=${room}:0&room=${other}:0&format=text`);
      assert.deepEqual(both.text.trimEnd().split('\n').map((line) => line.split('\t').slice(0, 2)), [[room, '1'], [other, '1']]);
    });

    it('limits an answer to 1 MiB, or half of that where each request costs a process, and says that there is more', async () => {
      const room = newRoom();
      const text = 'x'.repeat(200_000);
      for (let i = 0; i < 6; i++) {
        assert.equal((await post(text, TEXT, `?room=${room}`)).status, 201);
      }
      const most = PROFILE.endsWith('-cgi') || PROFILE === 'apache-fcgid' ? 2 : 5;
      const page = await poll(`room=${room}&since=0`);
      assert.equal(page.messages.length, most);
      assert.equal(page.more, true);
      assert.equal((await poll(`room=${room}&last=6`)).messages.length, most);
      const seqs = page.messages.map((m) => m.seq);
      for (let next = page; next.more;) {
        next = await poll(`room=${room}&since=${next.next}`);
        seqs.push(...next.messages.map((m) => m.seq));
      }
      assert.deepEqual(seqs, [1, 2, 3, 4, 5, 6]);
    });

    it('answers 304 by ETag while there is nothing new', async () => {
      const room = newRoom();
      await say(room, 'x');
      const target = `/poll?room=${room}&since=1`;
      const first = await site.get(target);
      const etag = first.headers.etag;
      assert.match(etag, /^"[^"]+"$/);
      const same = await site.get(target, { headers: { 'If-None-Match': etag } });
      assert.equal(same.status, 304);
      assert.equal(same.body.length, 0);
      assert.equal(same.headers.etag, etag);
      assert.equal((await site.get(target, { headers: { 'If-None-Match': `"a", W/${etag}` } })).status, 304);
      // Servers that compress answers change the ETag so.
      for (const end of ['-gzip', '-br', '-zstd']) {
        assert.equal((await site.get(target, { headers: { 'If-None-Match': `W/${etag.replace(/"$/, `${end}"`)}` } })).status, 304, end);
      }
      for (const other of ['"other"', etag.replace(/"$/, '0"'), etag.replace(/"$/, '-gzip0"'), etag.replace(/"$/, '')]) {
        assert.equal((await site.get(target, { headers: { 'If-None-Match': other } })).status, 200, other);
      }
      await say(room, 'y');
      const news = await site.get(target, { headers: { 'If-None-Match': etag } });
      assert.equal(news.status, 200);
      assert.notEqual(news.headers.etag, etag);
      assert.equal(news.json().messages[0].text, 'y');
    });

    it('answers 409 to another epoch, with the current one', async () => {
      const { epoch } = await poll('since=0');
      assert.equal((await site.get(`/poll?since=0&epoch=${epoch}`)).status, 200);
      const problem = assertProblem(await site.get('/poll?since=0&epoch=another'), 409, 'epoch-changed', 'epoch');
      assert.equal(problem.epoch, epoch);
    });

    const bad = [
      ['since=-1', 'since'],
      ['since=', 'since'],
      ['since=1x', 'since'],
      ['since=+1', 'since'],
      ['since=0x10', 'since'],
      ['since=18446744073709551616', 'since'],
      ['since=1&since=2', 'since'],
      ['limit=0', 'limit'],
      ['limit=1001', 'limit'],
      ['limit=', 'limit'],
      ['last=0', 'last'],
      ['last=1001', 'last'],
      ['before=0', 'before'],
      ['wait=61', 'wait'],
      ['wait=1.5', 'wait'],
      ['format=xml', 'format'],
      ['format=', 'format'],
      ['room=', 'room'],
      ['room=A', 'room'],
      ['room=..%2f', 'room'],
      ['epoch=', 'epoch'],
    ];
    for (const [query, field] of bad) {
      it(`answers 400 to ${query}`, async () => {
        assertProblem(await site.get(`/poll?${query}`), 400, 'bad-input', field);
      });
    }

    it('answers 400 to contradictions and bad escapes', async () => {
      for (const query of ['since=1&last=2', 'since=1&before=2', 'last=1&before=2', 'room=%zz', 'room=%']) {
        assert.equal((await site.get(`/poll?${query}`)).status, 400, query);
      }
    });

    it('ignores unknown parameters', async () => {
      assert.equal((await poll('since=0&utm_source=x&limit=1')).messages.length <= 1, true);
    });

    it('takes no headers for settings or parameters', async () => {
      const room = newRoom();
      const answer = await site.get(`/poll?room=${room}`, {
        headers: { 'POLLCHAT-DATA': '/tmp', 'Pollchat-Max-Text': '1', Proxy: 'http://evil.example/', 'X-Real-IP': '1.2.3.4', 'If-Modified-Since': 'Wed, 01 Jan 2031 00:00:00 GMT' },
      });
      assert.equal(answer.status, 200, answer.text);
    });
  });

  describe('methods and origins', () => {
    it('answers HEAD like GET, without a body', async () => {
      const get = await site.get('/poll?since=0');
      const head = await site.get('/poll?since=0', { method: 'HEAD' });
      assert.equal(head.status, 200);
      assert.equal(head.body.length, 0);
      assertCommonHeaders(head);
      for (const name of ['content-type', 'etag']) {
        assert.equal(head.headers[name], get.headers[name], name);
      }
      assert.ok([undefined, String(get.body.length)].includes(head.headers['content-length']));
    });

    it('answers OPTIONS with what is allowed', async () => {
      for (const [target, allowed] of [['/poll', 'GET, HEAD, OPTIONS'], ['/send', 'POST, OPTIONS']]) {
        const answer = await site.get(target, { method: 'OPTIONS' });
        assert.equal(answer.status, 204, target);
        assert.equal(answer.headers.allow, allowed);
        assert.equal(answer.body.length, 0);
      }
    });

    it('answers 405 with Allow', async () => {
      for (const [method, target, allowed] of [
        ['GET', '/send', 'POST, OPTIONS'],
        ['HEAD', '/send', 'POST, OPTIONS'],
        ['PUT', '/send', 'POST, OPTIONS'],
        ['DELETE', '/send', 'POST, OPTIONS'],
        ['POST', '/poll', 'GET, HEAD, OPTIONS'],
        ['PATCH', '/poll', 'GET, HEAD, OPTIONS'],
      ]) {
        const answer = await site.get(target, { method, body: method === 'GET' || method === 'HEAD' ? null : 'text=x' });
        assert.equal(answer.status, 405, `${method} ${target}`);
        assert.equal(answer.headers.allow, allowed, `${method} ${target}`);
        if (method !== 'HEAD') {
          assertProblem(answer, 405, 'method-not-allowed');
        }
      }
    });

    it('answers 404 to reserved addresses and to paths below an address', async () => {
      for (const target of ['/rooms', '/who', '/search', '/poll/x', '/send/x']) {
        assertProblem(await site.get(target), 404, 'not-found');
      }
      for (const target of ['/sendfoo', '/pollx', '/poll.cgi', '/xpoll']) {
        const answer = await site.get(target);
        assert.equal(answer.status, 404, target);
        assert.notEqual(answer.headers['content-type'], 'application/problem+json', `${target} is answered by a program`);
      }
    });

    it('refuses sends from pages of other sites', async () => {
      const room = newRoom();
      for (const origin of ['https://evil.example', 'null', 'https://friend.example.evil.example', 'http://friend.example']) {
        const answer = await site.send({ room, text: 'x' }, { headers: { Origin: origin } });
        assertProblem(answer, 403, 'forbidden-origin');
        assert.equal(answer.headers['access-control-allow-origin'], undefined, origin);
      }
      assert.equal(await headOf(room), 0);
    });

    it('accepts sends from its own page', async () => {
      const room = newRoom();
      const own = `127.0.0.1:${site.port}`;
      for (const headers of [
        { Origin: `http://${own}` },
        { Origin: `https://${own}` }, // a proxy may have ended TLS
        { Origin: 'https://chat.example', Host: 'chat.example' },
        { Origin: 'null', 'Sec-Fetch-Site': 'same-origin' },
      ]) {
        const answer = await site.send({ room, text: 'x' }, { headers });
        assert.equal(answer.status, 201, `${JSON.stringify(headers)}: ${answer.text}`);
      }
    });

    it('lets pages of allowed origins send and read, and says so in the preflight', async () => {
      const room = newRoom();
      for (const Origin of ['https://friend.example', 'https://other.example:8443']) {
        const before = await site.get('/send', { method: 'OPTIONS', headers: { Origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type' } });
        assert.equal(before.status, 204);
        assert.equal(before.headers['access-control-allow-origin'], Origin);
        assert.match(before.headers['access-control-allow-methods'], /POST/);
        assert.match(before.headers['access-control-allow-headers'], /Content-Type/i);
        const sent = await site.send({ room, text: 'x' }, { headers: { Origin } });
        assert.equal(sent.status, 201, sent.text);
        assert.equal(sent.headers['access-control-allow-origin'], Origin);
        const read = await site.get(`/poll?room=${room}`, { headers: { Origin } });
        assert.equal(read.headers['access-control-allow-origin'], Origin);
        assert.match(read.headers.vary, /Origin/);
        assert.equal(read.count('access-control-allow-origin'), 1);
        const error = await site.send({ room, text: '' }, { headers: { Origin } });
        assert.equal(error.headers['access-control-allow-origin'], Origin, 'pages can read errors as well');
      }
      const read = await site.get(`/poll?room=${room}`, { headers: { Origin: 'https://evil.example' } });
      assert.equal(read.status, 200);
      assert.equal(read.headers['access-control-allow-origin'], undefined);
    });

    it('takes a long query and many headers', async () => {
      const answer = await site.get(`/poll?since=0&x=${'y'.repeat(4000)}`, { headers: { 'X-Long': 'z'.repeat(3000) } });
      assert.equal(answer.status, 200);
    });

    it('answers many requests on one connection', async () => {
      const line = 'GET /poll?since=now HTTP/1.1\r\nHost: localhost\r\n';
      const reply = await rawRequest(site.port, `${line}\r\n${line}\r\n${line}Connection: close\r\n\r\n`);
      assert.equal(reply.match(/HTTP\/1\.1 200 /g)?.length, 3, reply);
      await pause(0);
    });
  });

  describe('after all these tests', () => {
    it('has a sound database', () => {
      const { status, output } = site.check();
      assert.equal(status, 0, output);
      assert.match(output, /\bok\b/);
    });
  });
});
