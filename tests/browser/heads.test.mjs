// heads.test.mjs - where polls can't wait, two people talk with the help of the head file of the room.
// While there is no news, the pages ask for nothing else.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { copyRoot, makeFolder, removeFolder, until, withSite } from '../e2e/harness.mjs';
import { say, shows, withBrowser } from './harness.mjs';

const PROFILE = (process.env.PROFILE ?? 'lighttpd').startsWith('apache') ? 'apache-cgi' : 'lighttpd-cgi';

/**
 * Counts the requests of a page from now on: polls, looks at the file, and looks that found nothing
 * new (the server answered 304).
 */
async function count(page) {
  const counts = { polls: 0, looks: 0, unchanged: 0 };
  const session = await page.context().newCDPSession(page);
  const looks = new Set();
  session.on('Network.requestWillBeSent', ({ requestId, request }) => {
    const { pathname } = new URL(request.url);
    if (pathname === '/poll') {
      counts.polls += 1;
    } else if (pathname.startsWith('/heads/')) {
      counts.looks += 1;
      looks.add(requestId);
    }
  });
  session.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode }) => {
    counts.unchanged += looks.has(requestId) && statusCode === 304 ? 1 : 0;
  });
  await session.send('Network.enable');
  return counts;
}

async function onSite(env, body) {
  const folder = makeFolder();
  const root = copyRoot(path.join(folder, 'root'));
  const heads = path.join(root, 'www', 'heads');
  fs.mkdirSync(heads);
  fs.chmodSync(heads, 0o777); // the programs may run as another user than this test
  try {
    await withSite({ profile: PROFILE, root, env: { POLLCHAT_HEADS: '../www/heads', POLLCHAT_MAX_HELD: '0', ...env } }, async (site) => {
      await withBrowser(({ tab }) => body({ site, heads, tab, address: `http://127.0.0.1:${site.port}/` }));
    });
  } finally {
    removeFolder(folder);
  }
}

test(`${PROFILE}: two people talk, and between messages only the file is asked for`, () =>
  onSite({ POLLCHAT_POLL_AFTER: '1' }, async ({ site, tab, address }) => {
    await site.send({ name: 'cid', text: 'first' });
    const ann = await tab(address, { name: 'ann' });
    const ben = await tab(address, { name: 'ben' });
    await shows(ann, ['first']);
    await shows(ben, ['first']);
    const counts = await count(ben);
    await until(() => counts.looks > 0, 'ben to look at the file');
    const before = { ...counts };
    await until(() => counts.looks >= before.looks + 6, 'six more looks');
    assert.ok(counts.polls - before.polls <= 1, `${counts.polls - before.polls} polls`);
    assert.ok(counts.unchanged >= 4, `${counts.unchanged} of ${counts.looks} looks were answered 304`);

    const all = ['first'];
    for (const [who, text] of [[ann, 'how are you?'], [ben, 'well'], [ann, 'good'], [ben, 'and you?']]) {
      await say(who, text);
      all.push(text);
      await shows(ann, all);
      await shows(ben, all);
    }
    const then = { ...counts };
    await until(() => counts.looks >= then.looks + 3, 'the file to be looked at again');
  }));

test(`${PROFILE}: one tab looks at the files of two rooms for tabs of both`, () =>
  onSite({ POLLCHAT_POLL_AFTER: '1' }, async ({ site, tab, address }) => {
    await site.send({ room: 'dev', name: 'cid', text: 'first of dev' });
    await site.send({ name: 'cid', text: 'first' });
    const lobby = await tab(address, { name: 'ann' });
    await shows(lobby, ['first']);
    const dev = await lobby.context().newPage();
    await dev.goto(`${address}?room=dev`);
    await shows(dev, ['first of dev']);
    const counts = [await count(lobby), await count(dev)];
    const sum = (what) => counts[0][what] + counts[1][what];
    await until(() => sum('looks') >= 4, 'looks at the files');
    const before = { polls: sum('polls'), looks: sum('looks') };
    await until(() => sum('looks') >= before.looks + 8, 'eight more looks');
    assert.ok(sum('polls') - before.polls <= 2, `${sum('polls') - before.polls} polls`);
    await site.send({ room: 'dev', name: 'cid', text: 'news of dev' });
    await shows(dev, ['first of dev', 'news of dev']);
    await site.send({ name: 'cid', text: 'news' });
    await shows(lobby, ['first', 'news']);
  }));

test(`${PROFILE}: where the files are not served, polls are timed`, () =>
  onSite({ POLLCHAT_HEADS: '../elsewhere', POLLCHAT_POLL_AFTER: '1' }, async ({ site, heads, tab, address }) => {
    fs.mkdirSync(path.join(site.root, 'elsewhere'));
    fs.chmodSync(path.join(site.root, 'elsewhere'), 0o777);
    await site.send({ name: 'cid', text: 'first' });
    const ann = await tab(address, { name: 'ann', ignore: /404 .*\/heads\// });
    await shows(ann, ['first']);
    const counts = await count(ann);
    await until(() => counts.polls >= 4, 'polls by the timer');
    assert.ok(counts.looks <= 1, `${counts.looks} looks`);
    assert.deepEqual(fs.readdirSync(heads), []);
    await site.send({ name: 'cid', text: 'second' });
    await shows(ann, ['first', 'second']);
  }));
