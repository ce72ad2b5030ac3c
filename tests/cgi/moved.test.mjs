// moved.test.mjs - the owner moves the data folder, in any order of steps: a second, empty chat is
// never started.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { aboutSqlite, fastcgi, root, startFastcgi, status, temporaryFolder, topics, until } from './program.mjs';

/**
 * Installs the programs in a folder of their own. The data is beside them unless a setting names
 * another folder.
 */
async function install(t) {
  const home = temporaryFolder(t);
  const programs = path.join(home, 'chat', 'cgi-bin');
  fs.mkdirSync(programs, { recursive: true });
  for (const name of ['send', 'poll']) fs.copyFileSync(path.join(root, 'cgi-bin', name), path.join(programs, name));
  const start = (name) =>
    startFastcgi(t, name, undefined, { file: path.join(programs, name), env: { POLLCHAT_DATA: undefined } });
  const settle = () => fs.writeFileSync(path.join(programs, 'my-chat.conf'), `data = ${path.join(home, 'moved')}\n`);
  return { old: path.join(home, 'chat', 'pollchat-data'), moved: path.join(home, 'moved'), start, settle };
}

const say = (sender, text) =>
  fastcgi(sender.socket, { program: 'send', method: 'POST', type: 'text/plain', body: text });
const read = async (poller) =>
  (await fastcgi(poller.socket, { program: 'poll', query: 'since=0' })).json.messages.map(({ text }) => text);

test('the folder is moved before the setting: running programs and waiting polls create nothing in the old place', aboutSqlite, async (t) => {
  const { old, moved, start, settle } = await install(t);
  const [sender, poller] = [await start('send'), await start('poll')];
  assert.equal((await say(sender, 'a')).status, 201);
  const held = fastcgi(poller.socket, { program: 'poll', query: 'since=1&wait=2' });
  await until(async () => (await status(poller)).parked.polls === 1, 'the poll to wait');
  fs.renameSync(old, moved);
  assert.equal((await say(sender, 'b')).status, 503);
  await held;
  assert.equal(fs.existsSync(old), false);
  settle();
  // They end, so that new processes read the setting.
  await Promise.all([sender, poller].map(({ gone }) => gone));
  const [next, reader] = [await start('send'), await start('poll')];
  assert.equal((await say(next, 'c')).json.seq, 2);
  assert.deepEqual(await read(reader), ['a', 'c']);
  assert.equal(fs.existsSync(old), false);
});

test('the setting is changed before the folder is moved: programs create nothing in the new place', aboutSqlite, async (t) => {
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

test('doctor names data that is left in the old place', aboutSqlite, async (t) => {
  const { old, moved, start, settle } = await install(t);
  await say(await start('send'), 'a');
  fs.cpSync(old, moved, { recursive: true });
  settle();
  assert.ok((await topics(await start('poll'))).includes('data-left'));
});
