// moved.test.mjs - the data folder is moved to another place, in any order of steps: there is never
// a second chat.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { fastcgi, root, startFastcgi, temporaryFolder, until } from './program.mjs';

/**
 * Programs in a folder of their own, with the data where they lie unless a setting says otherwise.
 */
async function install(t) {
  const home = temporaryFolder(t);
  const programs = path.join(home, 'chat', 'cgi-bin');
  fs.mkdirSync(programs, { recursive: true });
  for (const name of ['send', 'poll']) fs.copyFileSync(path.join(root, 'cgi-bin', name), path.join(programs, name));
  const start = (name) => startFastcgi(t, name, undefined, { file: path.join(programs, name), env: { POLLCHAT_DATA: undefined } });
  const settle = () => fs.writeFileSync(path.join(programs, 'my-chat.conf'), `data = ${path.join(home, 'moved')}\n`);
  return { old: path.join(home, 'chat', 'pollchat-data'), moved: path.join(home, 'moved'), start, settle };
}

const say = (sender, text) => fastcgi(sender.socket, { program: 'send', method: 'POST', type: 'text/plain', body: text });
const read = async (poller) => (await fastcgi(poller.socket, { program: 'poll', query: 'since=0' })).json.messages.map(({ text }) => text);
const topics = async (poller) =>
  (await fastcgi(poller.socket, { program: 'poll', extra: { SCRIPT_NAME: '/doctor', HTTP_HOST: 'localhost' } })).json.findings.map(({ topic }) => topic);

test('first the folder, then the setting: what still runs, and what is still held, begins nothing in the old place', async (t) => {
  const { old, moved, start, settle } = await install(t);
  const [sender, poller] = [await start('send'), await start('poll')];
  assert.equal((await say(sender, 'a')).status, 201);
  const held = fastcgi(poller.socket, { program: 'poll', query: 'since=1&wait=2' });
  await until(async () => (await fastcgi(poller.socket, { program: 'poll', extra: { SCRIPT_NAME: '/status', HTTP_HOST: 'localhost' } })).json.parked.polls === 1, 'it to wait');
  fs.renameSync(old, moved);
  assert.equal((await say(sender, 'b')).status, 503);
  await held;
  assert.equal(fs.existsSync(old), false);
  settle();
  await Promise.all([sender, poller].map(({ gone }) => gone)); // they leave for others that read the setting
  const [next, reader] = [await start('send'), await start('poll')];
  assert.equal((await say(next, 'c')).json.seq, 2);
  assert.deepEqual(await read(reader), ['a', 'c']);
  assert.equal(fs.existsSync(old), false);
});

test('first the setting, then the folder: nothing begins in the new place before it is there', async (t) => {
  const { old, moved, start, settle } = await install(t);
  const first = await start('send');
  assert.equal((await say(first, 'a')).status, 201);
  settle();
  await first.gone;
  const [sender, poller] = [await start('send'), await start('poll')];
  const refused = await say(sender, 'b');
  assert.equal(refused.status, 503);
  assert.match(refused.json.detail, /Move that folder to its new place/);
  assert.ok((await topics(poller)).includes('data-left'));
  assert.equal(fs.existsSync(moved), false);
  fs.renameSync(old, moved);
  assert.equal((await say(sender, 'c')).json.seq, 2);
  assert.deepEqual(await read(poller), ['a', 'c']);
  assert.ok(!(await topics(poller)).includes('data-left'));
});

test('what a program has begun in the old place meanwhile is named by doctor', async (t) => {
  const { old, moved, start, settle } = await install(t);
  await say(await start('send'), 'a');
  fs.cpSync(old, moved, { recursive: true });
  settle();
  assert.ok((await topics(await start('poll'))).includes('data-left'));
});
