// tabs.test.mjs - many tabs and widgets of one browser, which allows six connections to a host: all of them work, also when some close.

import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { withSite } from '../e2e/harness.mjs';
import { PLAIN, say, shows, withBrowser } from './harness.mjs';

const PROFILES = (process.env.PROFILES ?? process.env.PROFILE ?? 'lighttpd lighttpd-cgi apache-proxy apache-fcgid').split(/[\s,]+/);

/** Runs body(address) with a blog whose articles, at /1, /2, ..., have the chat in their text. */
async function withBlog(chat, body) {
  const server = http.createServer(({ url }, response) => {
    const article = url.slice(1);
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><title>${article}</title><h1>Article ${article}</h1><script src="${chat()}embed.js" data-room="post-${article}" data-mode="inline" data-name="ann"></script>`);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  try {
    await body(`http://localhost:${server.address().port}`);
  } finally {
    server.close();
  }
}

/** The connections that a browser context holds: requests that the server may take its time with. */
function countHeld(context) {
  const held = new Set();
  context.on('request', (request) => /\/stream\?|[?&]wait=/.test(request.url()) && held.add(request));
  for (const event of ['requestfinished', 'requestfailed']) context.on(event, (request) => held.delete(request));
  return held;
}

const HELD_AT_MOST = 4; // of six

for (const profile of PROFILES.filter((name) => name !== '')) {
  test(`tabs of ten rooms, and widgets in seven articles, leave connections free where there are no locks: ${profile}`, async () => {
    let chat = '';
    await withBlog(() => chat, async (blog) => {
      await withSite({ profile, env: { POLLCHAT_ALLOW_ORIGIN: blog } }, async (site) => {
        chat = `http://${PLAIN}:${site.port}/`;
        await withBrowser(async ({ tab }) => {
          const first = await tab(`${chat}?room=r0`, { name: 'ann' });
          const held = countHeld(first.context());
          const talks = [first];
          let most = 0;
          const open = async (address, isWidget) => {
            const page = await first.context().newPage();
            await page.goto(address);
            await (isWidget ? page.frameLocator('iframe') : page).getByRole('textbox', { name: 'Message' }).waitFor();
            talks.push(isWidget ? page.frames().find((frame) => frame.url().includes('embed')) : page);
            most = Math.max(most, held.size);
          };
          for (let i = 1; i < 10; i++) {
            await open(`${chat}?room=r${i}`, false);
            if (i < 8) await open(`${blog}/${i}`, true);
          }
          for (const [i, talk] of talks.entries()) {
            await say(talk, `from ${i}`);
            await shows(talk, [`from ${i}`]);
            most = Math.max(most, held.size);
          }
          const rooms = new Map([...talks.entries()].map(([i, talk]) => [new URL(talk.url()).searchParams.get('room'), { i, talk }]));
          for (const room of rooms.keys()) assert.equal((await site.send({ room, name: 'ben', text: 'heard you' })).status, 201);
          for (const { i, talk } of rooms.values()) await shows(talk, [`from ${i}`, 'heard you']);
          assert.ok(most <= HELD_AT_MOST, `${most} connections were held`);
        });
        assert.equal(site.check().status, 0);
      });
    });
  });

  test(`ten tabs talk over one connection: ${profile}`, async () => {
    await withSite({ profile }, async (site) => {
      await withBrowser(async ({ tab }) => {
        const first = await tab(`http://${PLAIN}:${site.port}/`, { name: 'ann' });
        const pages = [first];
        while (pages.length < 10) {
          const page = await first.context().newPage();
          await page.goto(first.url());
          pages.push(page);
        }
        const said = [];
        for (const [i, page] of pages.entries()) {
          await say(page, `from tab ${i}`);
          said.push(`from tab ${i}`);
          await shows(page, said); // the order of the chat is that of the tabs
        }
        for (const page of pages) await shows(page, said);
        for (const page of pages.splice(0, 5)) await page.close(); // whoever led is among them
        assert.equal((await site.send({ name: 'ben', text: 'still there?' })).status, 201);
        for (const page of pages) await shows(page, [...said, 'still there?']);
        await say(pages[4], 'yes');
        for (const page of pages) await shows(page, [...said, 'still there?', 'yes']);
      });
      assert.equal(site.check().status, 0);
    });
  });
}
