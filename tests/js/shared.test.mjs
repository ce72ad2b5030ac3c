// shared.test.mjs - what the page and the programs must agree on: limits, waits, names. Each is
// written once in C (or shell) and once in JavaScript; this is the list of them.
//
// To add one: a line in `numbers`, or a test. Values are read from the sources, wherever a file is
// now.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { CLOSED } from '../../www/js/diagnosis.js';
import { PROBLEM } from '../../www/js/answers.js';
import { WAIT } from '../../www/js/ladder.js';
import { newId } from '../../www/js/outbox.js';

const TREE = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const read = (name) => fs.readFileSync(path.join(TREE, name), 'utf8');
const page = (name) => read(path.join('www', name));

const programs = fs
  .readdirSync(path.join(TREE, 'cgi-bin'), { recursive: true })
  .filter((name) => /\.[ch]$/.test(name))
  .map((name) => read(path.join('cgi-bin', name)))
  .join('\n');

function find(text, pattern, where) {
  const match = pattern.exec(text);
  assert.ok(match !== null, `${pattern} isn't in ${where} any more: say here what it is called now`);
  return match[1];
}

const numberOf = (text, where, name) => Number(find(text, new RegExp(`\\b${name}\\s*[:=]\\s*([\\d_]+)`), where).replaceAll('_', ''));
const inC = (name) => numberOf(programs, 'the C code', name);
const inJs = (file, name) => numberOf(page(file), file, name);
const setting = (name) => Number(find(read('cgi-bin/chat.conf.example'), new RegExp(`^;?\\s*${name} *= *(\\d+)`, 'm'), 'chat.conf.example'));

const equal = (js, c) => js === c;
const atMost = (js, c) => js <= c;
const isLonger = (js, c) => js > c;

const numbers = [
  ['rooms in one request', inJs('js/others.js', 'MOST_ROOMS'), equal, inC('QUERY_ROOMS_MAX')],
  ['messages when a room is opened', inJs('js/by-poll.js', 'OPEN_WITH'), atMost, inC('QUERY_LIMIT_MAX')],
  ['messages of a page for a link', inJs('js/views/log.js', 'LINK_PAGE'), atMost, inC('QUERY_LIMIT_MAX')],
  ['messages that the widget counts', inJs('embed.js', 'MOST'), atMost, inC('QUERY_LIMIT_MAX')],
  ['seconds that a poll asks to wait', WAIT, equal, setting('max_wait')],
  ['seconds that a poll may ask to wait', WAIT, atMost, inC('QUERY_WAIT_MAX')],
  ['milliseconds for a poll that waits', inJs('js/by-poll.js', 'WAIT_LIMIT'), isLonger, 1000 * setting('max_wait')],
  ['seconds that doctor.html promises to measure', Number(find(page('doctor.html'), /Measure it \((\d+) s\)/, 'doctor.html')), equal, setting('max_wait')],
  ['silence of a stream, over two signs of life', inJs('js/stream.js', 'SILENCE'), isLonger, 2 * inC('HEARTBEAT_MS')],
  ['seconds between two polls, where the answer names none', Number(find(page('js/by-poll.js'), /poll_after: after = (\d+)/, 'by-poll.js')), equal, setting('poll_after')],
  ['the same, in what the doctor says', Number(find(page('js/diagnosis.js'), /poll_after \?\? (\d+)/, 'diagnosis.js')), equal, setting('poll_after')],
  ['characters of a name', Number(find(page('index.html'), /name="name" maxlength="(\d+)"/, 'index.html')), equal, inC('CHAT_NAME_MAX')],
  ['characters of an id', newId((bytes) => bytes).length, atMost, inC('CHAT_ID_MAX')],
  ['bytes of the long message that the doctor tries', inJs('js/doctor.js', 'BODY'), atMost, setting('max_text')],
  ['characters of the word in the test file', Number(find(page('js/fresh.js'), /\[\\w-\]\{(\d+)\}/, 'fresh.js')), equal, inC('RANDOM_ID_SIZE') - 1],
];
for (const [what, js, holds, c] of numbers) {
  test(`${what}: ${js} and ${c}`, () => assert.ok(holds(js, c), `${holds.name}: ${js}, ${c}`));
}

test('the problems that the page knows by name are problems of the programs', () => {
  assert.ok(programs.includes(`"${PROBLEM}%s"`));
  const slugs = [...programs.matchAll(/\[ERR_\w+\] = \{\d+, \d+, \w+, "([\w-]+)"/g)].map(([, slug]) => slug);
  assert.ok(slugs.length > 10, `${slugs}`);
  const code = ['answers', 'by-stream', 'diagnosis'].map((name) => page(`js/${name}.js`)).join('\n');
  const used = [...code.matchAll(/(?:slug|slugOf\(\w+\)) === '([\w-]+)'/g)].map(([, slug]) => slug);
  assert.deepEqual(used.sort(), ['epoch-changed', 'forbidden', 'no-stream']);
  assert.deepEqual(used.filter((slug) => !slugs.includes(slug)), []);
  const lasting = new RegExp(find(page('js/views/status.js'), /LASTING = \/([^/]*)\//, 'status.js'));
  assert.deepEqual(slugs.filter((slug) => lasting.test(slug)).sort(), ['exposed', 'store-full', 'store-read-only']);
});

test('types of messages, names of events and of parameters are the same', () => {
  for (const type of ['edit', 'delete', 'notice']) {
    assert.match(programs, new RegExp(`\\[CHAT_${type.toUpperCase()}\\] = "${type}"`));
  }
  assert.match(programs, /"event: cursor\\ndata: "/);
  for (const name of ['room', 'since', 'last', 'before', 'limit', 'wait', 'epoch']) {
    assert.match(programs, new RegExp(`(form_once|parse_number)\\(fields, "${name}"|\\.name, "${name}"\\)`), name);
  }
  for (const name of ['exposed', 'title']) { // of POST /doctor and GET /embed
    assert.ok(programs.includes(`form_once(fields, "${name}"`), name);
  }
});

test('each list of the fields of a message has those of the table in chat/draft.c', () => {
  const namesIn = (text, pattern) => [...new Set([...text.matchAll(pattern)].map(([, name]) => name))].sort();
  const part = (name, pattern) => find(read(name), pattern, name);
  const table = part('cgi-bin/chat/draft.c', /\} fields\[\] = \{(.*?)\};/s);
  const fields = namesIn(table, /\{"(\w+)"/g);
  assert.ok(fields.includes('text') && fields.includes('reply_to'), `${fields}`);
  const except = (...names) => fields.filter((name) => !names.includes(name));

  // Besides, a message may have a proof of work. What is sent as a form of /plain has no target.
  const ofMessage = except('type', 'target');
  const withoutChange = (names) => names.filter((name) => !['type', 'target'].includes(name));
  const sent = [...fields, 'proof'].sort();
  assert.deepEqual(namesIn(part('www/js/api.js', /async send\(\{(.*?)\}/s), /(\w+)/g), sent, 'api.js: send');
  assert.deepEqual(namesIn(part('www/js/api.js', /init = posted\(\{(.*?)\}/s), /(\w+)/g), sent, 'api.js: posted');
  const form = part('cgi-bin/format/html_page.c', /static void add_form(.*?)\n\}/s);
  assert.deepEqual(withoutChange(namesIn(form, /(?:add_hidden\(out, "| name=\\")(\w+)/g)), [...ofMessage, 'secret'].sort(), 'html_page.c: add_form');
  assert.deepEqual(namesIn(part('tests/fuzz/fuzz_json.c', /json_known\[\] = \{(.*?)\}/s), /"(\w+)"/g), fields, 'fuzz_json.c');

  // Fields that may come as headers, which pages of other sites must be allowed to send.
  const headers = [...except('text'), 'key', 'token'].sort();
  const asField = (name) => name.toLowerCase().replaceAll('-', '_');
  const inHeaders = (text) => namesIn(text, /Pollchat-([\w-]+)/g).map(asField).sort();
  assert.deepEqual(namesIn(read('cgi-bin/routes/post_send.c'), /\{"HTTP_POLLCHAT_\w+", "(\w+)"\}/g), headers, 'post_send.c');
  for (const name of ['cgi-bin/web/cors.c', 'tests/unit/test_cors.c', 'www/API.md']) {
    assert.deepEqual(inHeaders(read(name)), headers, name);
  }

  // In an answer, seq and time are the store's, and the room stands beside the message.
  const written = namesIn(part('cgi-bin/format/json.c', /static void add_message(.*?)\n\}/s), /add_(?:key|member_\w+)\(out, "(\w+)"/g);
  const later = ['edited']; // what the store adds: how a message was changed. json.c writes the sender's members elsewhere
  assert.deepEqual(written, [...except('room'), 'seq', 'time', ...later].sort(), 'json.c: add_message');
  const optional = ['reply_to', 'target', ...later]; // an answer may lack them, so isMessage doesn't ask for them
  const known = part('www/js/answers.js', /export const isMessage =(.*?);/s);
  assert.deepEqual(namesIn(known, /\bm\.(\w+)/g), written.filter((name) => !optional.includes(name)), 'answers.js: isMessage');
});

test('the addresses that the programs write lead to what the page looks for', () => {
  assert.ok(programs.includes('"heads/%s"'));
  assert.ok(page('js/watch.js').includes('/^heads\\/[\\w-]+$/'));
  const entry = find(programs, /src=\\"%s(js\/\w+\.js)\\"/, 'the C code');
  assert.ok(fs.existsSync(path.join(TREE, 'www', entry)), entry);
  assert.ok(programs.includes('data-room=\\"%s\\" data-title=\\"'));
  assert.ok(read('apache/archive/build').includes('data-fresh="yes"'));
});

test('the script probe.cgi says what the doctor reads', () => {
  const probe = read('apache/archive/probe.cgi');
  assert.ok(probe.includes(CLOSED));
  assert.ok(programs.includes(CLOSED));
  assert.ok(probe.includes("echo 'probe 1'"));
  for (const word of ['machine', 'missing', 'not-executable', 'open-to-others', 'starts', 'fails']) {
    assert.ok(probe.includes(`echo "${word} `), word);
    assert.ok(page('js/diagnosis.js').includes(`lines('${word}')`), word);
  }
});

test('what INSTALL.html quotes, the chat says', () => {
  const theirs = /^(\d{3}|Internal Server Error|Forbidden|Not Found|overwrite|Please .*|my-chat\.conf line …)$/; // not texts of the chat, or with a number
  const said = (programs + page('js/doctor.js')).replace(/"\s*\n\s*"/g, '');
  for (const [, quote] of read('apache/archive/INSTALL.html').matchAll(/“([^”]*)”/g)) {
    assert.ok(theirs.test(quote) || said.includes(quote), quote);
  }
});

test('settings and files that the doctor names exist', () => {
  const text = page('js/diagnosis.js');
  const example = read('cgi-bin/chat.conf.example');
  for (const name of ['doctor', 'max_wait', 'trusted_proxies', 'data']) {
    assert.match(example, new RegExp(`^;?\\s*${name} *=`, 'm'), name);
    assert.match(text, new RegExp(`\\b${name}\\b`), name);
  }
  assert.ok(programs.includes('"READABLE-BY-THE-WEB.txt"'));
  for (const file of ['htaccess-for-cgi.txt', 'my-chat.conf']) {
    assert.ok(read('apache/archive/build').includes(file) || programs.includes(file), file);
  }
});

test('what is twice in the page is the same: hues of names, the brightness for black letters, words of frame and loader', () => {
  const hues = [...page('messages.css').matchAll(/^\.hue-(\d+) /gm)].length;
  assert.equal(inJs('js/views/row.js', 'HUES'), hues);
  assert.ok(page('embed.js').includes(`> ${inJs('js/preferences.js', 'BRIGHT')} ? '#000' : '#fff'`));
  const types = (file, pattern) => [...new Set([...page(file).matchAll(pattern)].map(([, type]) => type))].sort();
  assert.deepEqual(types('embed.js', /say\(\{ type: '(\w+)'/g), types('js/frame.js', /data\.type === '(\w+)'/g));
  assert.deepEqual(types('embed.js', /data\.type === '(\w+)'/g), types('js/frame.js', /type: '(\w+)'/g));
});
