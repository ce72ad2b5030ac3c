// ways.test.mjs - where the programs answer: at short addresses, at their own, or in the folder for
// hosts that refuse cgi-bin/.htaccess.
import assert from 'node:assert/strict';
import test from 'node:test';
import { makeApi } from '../../www/js/api.js';
import { Clock } from './world.mjs';

const page = { epoch: 'e', room: 'lobby', messages: [], next: 0, head: 0, oldest: 1, more: false, wait: 0, poll_after: 2 };

/** answers: (path) => [status, body]. */
function host(answers) {
  const asked = [];
  const fetch = async (address) => {
    const { pathname } = new URL(address);
    asked.push(pathname);
    const [status, body] = answers(pathname);
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });
  };
  return { asked, api: makeApi({ base: 'http://host.test/talk/', fetch, clock: new Clock() }) };
}

const html = [404, '<html>no such file</html>'];

test('where short addresses answer, no others are asked', async () => {
  const { api, asked } = host(() => [200, page]);
  await api.poll({ room: 'lobby', since: 0 });
  await api.poll({ room: 'lobby', since: 0 });
  assert.deepEqual(asked, ['/talk/poll', '/talk/poll']);
});

test('without short addresses the programs\' own are found once and used from then on, also to send', async () => {
  const { api, asked } = host((path) => {
    if (path.startsWith('/talk/cgi-bin/send.cgi/')) {
      return [201, { epoch: 'e', room: 'lobby', seq: 1, time: 't', name: 'ann', text: 'hi', type: 'message', id: 'x' }];
    }
    return path.startsWith('/talk/cgi-bin/poll.cgi/') ? [200, page] : html;
  });
  await api.poll({ room: 'lobby', since: 0 });
  await api.poll({ room: 'lobby', since: 0 });
  const sent = await api.send({ room: 'lobby', name: 'ann', text: 'hi', id: 'x' });
  assert.equal(sent.seq, 1);
  assert.deepEqual(asked, ['/talk/poll', '/talk/cgi-bin/poll.cgi/poll', '/talk/cgi-bin/poll.cgi/poll', '/talk/cgi-bin/send.cgi/send']);
});

test('a message that is sent before the first poll finds the address too', async () => {
  const { api } = host((path) =>
    path === '/talk/cgi/send.cgi/send' ? [201, { epoch: 'e', room: 'lobby', seq: 1, time: 't', name: 'ann', text: 'hi', type: 'message', id: 'x' }] : [500, 'Internal Server Error'],
  );
  assert.equal((await api.send({ room: 'lobby', name: 'ann', text: 'hi', id: 'x' })).seq, 1);
});

test('a program that is sent as a file, with 200, is no answer', async () => {
  const { api } = host((path) => (path.startsWith('/talk/cgi/') ? [200, page] : [200, '\x7fELF']));
  assert.equal((await api.poll({ room: 'lobby', since: 0 })).head, 0);
});

test('an error of the chat itself ends the search for an address', async () => {
  const { api, asked } = host(() => [400, { type: 'urn:pollchat:problem:bad-input', detail: 'no', status: 400 }]);
  await assert.rejects(api.poll({ room: 'lobby', since: 0 }), { kind: 'refused' });
  await assert.rejects(api.poll({ room: 'lobby', since: 0 }), { kind: 'refused' });
  assert.deepEqual(asked, ['/talk/poll', '/talk/poll']);
});

test('where nothing answers, the first failure is told, and the next request tries all again', async () => {
  let works = false;
  const { api, asked } = host((path) => (works && path.startsWith('/talk/cgi-bin/') ? [200, page] : path === '/talk/poll' ? [503, 'busy'] : html));
  await assert.rejects(api.poll({ room: 'lobby', since: 0 }), { kind: 'busy', status: 503 });
  assert.equal(asked.length, 3);
  works = true;
  await api.poll({ room: 'lobby', since: 0 });
});

test('an address that has answered once is kept, whatever happens later', async () => {
  let broken = false;
  const { api, asked } = host(() => (broken ? [502, 'gateway'] : [200, page]));
  await api.poll({ room: 'lobby', since: 0 });
  broken = true;
  await assert.rejects(api.poll({ room: 'lobby', since: 0 }), { kind: 'busy' });
  assert.deepEqual(asked, ['/talk/poll', '/talk/poll']);
});

test('a long message that the web server refuses is given up, a short one is tried again', async () => {
  for (const status of [500, 413]) {
    const { api } = host(() => [status, '<html>no']);
    await assert.rejects(api.send({ room: 'lobby', name: 'ann', text: 'x'.repeat(140_000), id: 'x' }), { kind: 'refused', field: 'text' });
  }
  const { api } = host(() => [500, '<html>no']);
  await assert.rejects(api.send({ room: 'lobby', name: 'ann', text: 'hi', id: 'x' }), { kind: 'busy' });
  const full = host(() => [503, { type: 'urn:pollchat:problem:store-full', detail: 'full' }]);
  await assert.rejects(full.api.send({ room: 'lobby', name: 'ann', text: 'x'.repeat(140_000), id: 'x' }), { kind: 'busy' });
});
