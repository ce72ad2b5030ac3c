// diagnosis.test.mjs - what doctor.html concludes from the answers of a host: one true sentence.
import assert from 'node:assert/strict';
import test from 'node:test';
import { conclude, ofBody, ofClock, ofDoctor, ofHeads, ofHold, ofProbe, ofStream } from '../../www/js/diagnosis.js';

const answer = (status, text = '') => ({ status, text });
const none = [answer(404), answer(404), answer(404)];
const seen = (given) => conclude({ way: null, tried: none, here: answer(200), probe: answer(404), secure: true, local: false, ...given });
const topics = (found) => found.map(({ topic, state }) => `${topic} ${state}`);
const probe = (...lines) => answer(200, ['probe 1', 'machine armv7l', ...lines, ''].join('\n'));

const causes = [
  ['a machine of another kind', { probe: probe('fails ./pollchat: 1: Syntax error: "(" unexpected') }, 'machine', /armv7l/],
  ['a machine of another kind, by the kernel\'s words', { probe: probe('fails sh: cannot execute binary file: Exec format error') }, 'machine', /armv7l/],
  ['lost execute bits', { probe: probe('not-executable send.cgi', 'not-executable poll.cgi', 'fails Permission denied') }, 'execute-bit', /755/],
  ['programs that others may write to', { probe: probe('open-to-others poll.cgi', 'starts pollchat 1') }, 'permissions', /poll\.cgi.*755/],
  ['noexec', { probe: probe('fails ./probe.cgi: ./pollchat: Permission denied') }, 'noexec', /noexec/],
  ['FastCGI that starts nothing', { tried: [answer(503), answer(0), answer(403)], probe: probe('starts pollchat 1') }, 'fastcgi', /htaccess-for-cgi/],
  ['forbidden rewriting', { tried: [answer(404), answer(403), answer(403)], here: answer(403), probe: answer(403) }, 'rewriting', /htaccess-for-cgi/],
  ['missing files', { probe: probe('missing poll.cgi') }, 'missing', /poll\.cgi/],
  ['programs handed out', { tried: [answer(404), answer(200, '\x7fELF\x02'), answer(404)] }, 'handed-out', /CGI/],
  ['no execute bit on anything', { tried: [answer(500), answer(500), answer(403)], probe: answer(500) }, 'execute-bit', /755: not 775.*folder cgi-bin must have 755/],
  ['a refused .htaccess', { tried: [answer(500), answer(500), answer(403)], here: answer(500), probe: answer(500) }, 'htaccess', /Options/],
  ['no folder', { here: answer(404) }, 'missing', /cgi-bin/],
  ['a probe that is closed', { tried: [answer(500), answer(500), answer(500)], probe: answer(403, 'This report on the host is not open to everyone; the setting doctor says who may read it.\n') }, 'closed', /doctor = everyone/],
  ['forbidden', { tried: [answer(403), answer(403), answer(403)], probe: answer(403) }, 'forbidden', /403/],
  ['a server that is gone', { tried: [answer(0), answer(0), answer(0)], here: answer(0), probe: answer(0) }, 'server', /not answer/],
  ['what the programs say', { tried: [answer(404), answer(500, '{"type":"urn:pollchat:problem:misconfigured","detail":"Not whole."}'), answer(404)] }, 'programs', /Not whole\./],
  ['a script that is handed out is no probe', { probe: answer(200, '#!/bin/sh\necho "probe 1"\nprobe 1\n') }, 'programs', /CGI/],
];
for (const [name, given, topic, words] of causes) {
  test(`the doctor names the cause: ${name}`, () => {
    const [found] = seen(given);
    assert.equal(found.topic, topic, found.text);
    assert.equal(found.state, 'wrong');
    assert.match(found.text, words);
  });
}

test('a setting that closes the page is not a fault of the host', () => {
  const [found] = seen({ tried: [answer(403, '{"type":"urn:pollchat:problem:forbidden","detail":"no"}'), answer(403), answer(403)] });
  assert.equal(`${found.topic} ${found.state}`, 'closed note');
  assert.match(found.text, /doctor = everyone/);
});

test('the doctor names the addresses that work, and what to write in scripts', () => {
  const by = (way) => conclude({ way, tried: none, here: answer(200), probe: answer(200), secure: true, local: false });
  assert.deepEqual(topics(by('short')), ['answer fine', 'addresses fine']);
  assert.match(by('programs')[1].text, /cgi-bin\/poll\.cgi\/poll/);
  assert.match(by('refused')[1].text, /…\/cgi\/poll\.cgi\/poll/);
});

test('the doctor wants HTTPS on the web, but not on the local machine', () => {
  const found = (secure, local) => topics(conclude({ way: 'short', tried: none, here: answer(200), probe: answer(200), secure, local }));
  assert.ok(found(false, false).includes('https poor'));
  assert.ok(!found(false, true).includes('https poor'));
  assert.ok(!found(true, false).includes('https poor'));
});

test('the doctor tells clocks that differ by more than a minute, and which one is ahead', () => {
  const at = (time) => ofClock({ time, authorization: true, forwarded: false }, Date.parse('2026-11-25T12:00:00Z'));
  assert.deepEqual(at('2026-11-25T12:00:50.000Z'), []);
  assert.match(at('2026-11-25T13:00:00.000Z')[0].text, /3600 seconds: the host is ahead/);
  assert.match(at('2026-11-25T11:00:00.000Z')[0].text, /behind/);
});

test('the doctor tells limits of requests, and filters', () => {
  const fine = answer(200, '{"bytes":86}');
  assert.deepEqual(topics(ofBody(fine, answer(200, '{"bytes":200011}'), 200_000)), ['filter fine', 'size fine']);
  assert.deepEqual(topics(ofBody(fine, answer(500, '<html>'), 200_000)), ['filter fine', 'size poor']);
  assert.deepEqual(topics(ofBody(answer(406), answer(406), 200_000)), ['filter wrong']);
  assert.deepEqual(topics(ofBody(answer(200, '<html>blocked'), fine, 200_000)), ['filter wrong'], 'a page as 200 is no success');
});

test('the doctor tells whether streams and long answers work', () => {
  assert.deepEqual(topics(ofStream({ status: 200, began: true })), ['stream fine']);
  assert.match(ofStream({ status: 0, silent: true })[0].text, /holds answers back/);
  assert.deepEqual(topics(ofStream({ status: 503 })), ['stream note']);
  assert.deepEqual(topics(ofHeads(answer(200, '{"wait":25}'))), ['waiting fine']);
  assert.match(ofHeads(answer(200, '{"wait":0,"watch":"heads/x"}'))[0].text, /small file/);
  assert.deepEqual(ofHeads(answer(500, '<html>')), []);
  assert.deepEqual(topics(ofHold(answer(200, '{"wait":25}'), 24)), ['time-out fine']);
  assert.deepEqual(topics(ofHold(answer(200, '{"wait":0}'), 0.1)), ['time-out note']);
  assert.match(ofHold(answer(504, '<html>'), 10.1)[0].text, /after 10 seconds \(504\).*max_wait = 7/);
});

test('a report or an answer of the probe is recognised by its form alone', () => {
  assert.equal(ofDoctor(answer(200, '<html>')), null);
  assert.equal(ofDoctor(answer(500, '{"findings":[]}')), null);
  assert.deepEqual(ofDoctor(answer(200, '{"findings":[]}')), { findings: [] });
  assert.equal(ofProbe(answer(200, 'hello')), null);
});
