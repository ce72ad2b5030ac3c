// tabs.test.mjs - many tabs and widgets of one browser, which allows six connections to a host. All of
// them work, even when some close.

import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { until, withSite } from '../e2e/harness.mjs';
import { PLAIN, say, shows, withBrowser } from './harness.mjs';

const PROFILES = (process.env.PROFILES ?? process.env.PROFILE ?? 'lighttpd lighttpd-cgi apache-proxy apache-fcgid').split(/[\s,]+/);

/** Runs body(address) with a blog whose articles, at /1, /2 and so on, contain the chat. */
async function withBlog(chat, body) {
  const server = http.createServer(({ url }, response) => {
    const article = url.slice(1);
    response.setHeader('Content-Type', 'text/html');
    const mode = article === 'button' ? 'button' : 'inline';
    response.end(`<!doctype html><title>${article}</title><h1>Article ${article}</h1><script src="${chat()}embed.js" data-room="post-${article}" data-mode="${mode}" data-count="off" data-name="bea"></script>`);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  try {
    await body(`http://localhost:${server.address().port}`);
  } finally {
    server.close();
  }
}

/**
 * The connections that a browser context keeps open: requests that the server may answer late.
 */
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
          const open = async (address, isWidget) => {
            const page = await first.context().newPage();
            await page.goto(address);
            await (isWidget ? page.frameLocator('iframe') : page).getByRole('textbox', { name: 'Message' }).waitFor();
            talks.push(isWidget ? page.frames().find((frame) => frame.url().includes('embed')) : page);
            await until(() => held.size <= HELD_AT_MOST, `at most ${HELD_AT_MOST} connections to be held`);
          };
          for (let i = 1; i < 10; i++) {
            await open(`${chat}?room=r${i}`, false);
            if (i < 8) await open(`${blog}/${i}`, true);
          }
          for (const [i, talk] of talks.entries()) {
            await say(talk, `from ${i}`);
            await shows(talk, [`from ${i}`]);
            await until(() => held.size <= HELD_AT_MOST, `at most ${HELD_AT_MOST} connections to be held`);
          }
          const rooms = new Map([...talks.entries()].map(([i, talk]) => [new URL(talk.url()).searchParams.get('room'), { i, talk }]));
          for (const room of rooms.keys()) assert.equal((await site.send({ room, name: 'ben', text: 'heard you' })).status, 201);
          for (const { i, talk } of rooms.values()) await shows(talk, [`from ${i}`, 'heard you']);
          await until(() => held.size <= 2, 'one connection to be held by the tabs and one by the widgets');
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
          await shows(page, said); // all tabs show the order of the chat
        }
        for (const page of pages) await shows(page, said);
        for (const page of pages.splice(0, 5)) await page.close(); // the leader is one of them
        assert.equal((await site.send({ name: 'ben', text: 'still there?' })).status, 201);
        for (const page of pages) await shows(page, [...said, 'still there?']);
        await say(pages[4], 'yes');
        for (const page of pages) await shows(page, [...said, 'still there?', 'yes']);
      });
      assert.equal(site.check().status, 0);
    });
  });
}

// ---- with one server only: all of this happens in the browser ----

const HERE = 'lighttpd';
const ONCE = { skip: !PROFILES.includes(HERE) && 'once is enough' };

/** Hides a page, or shows it. For a headless browser all pages are visible. */
const look = (page, isHidden) =>
  page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event('visibilitychange'));
  }, isHidden);

test('hidden tabs and closed widgets keep no connection open', ONCE, async () => {
  let chat = '';
  await withBlog(() => chat, async (blog) => {
    await withSite({ profile: HERE, env: { POLLCHAT_ALLOW_ORIGIN: blog } }, async (site) => {
      chat = `http://${PLAIN}:${site.port}/`;
      await withBrowser(async ({ tab }) => {
        const first = await tab(chat, { name: 'ann' });
        const held = countHeld(first.context());
        const second = await first.context().newPage();
        await second.goto(`${chat}?room=dev`);
        await look(first, true);
        await until(() => held.size === 1, 'the tab that is looked at to hold one');
        await look(second, true);
        await until(() => held.size === 0, 'nothing to be held');
        await look(first, false);
        await until(() => held.size === 1, 'one to be held again');
        await site.send({ name: 'ben', text: 'hello' });
        await site.send({ room: 'dev', name: 'ben', text: 'hello, dev' });
        await shows(first, ['hello']);
        await shows(second, ['hello, dev']);
        await first.close();
        await second.close();

        const page = await tab(`${blog}/button`);
        const ofWidget = countHeld(page.context());
        await page.getByRole('button', { name: 'Chat' }).click();
        await until(() => ofWidget.size === 1, 'the open widget to hold one');
        await page.getByRole('button', { name: 'Chat' }).click();
        await until(() => ofWidget.size === 0, 'the closed one to hold none');
      });
    });
  });
});

test('another tab takes the lead in the usual time, although the clock is set back', ONCE, async () => {
  await withSite({ profile: HERE }, async (site) => {
    await withBrowser(async ({ tab }) => {
      const first = await tab(`http://${PLAIN}:${site.port}/`, { name: 'ann' });
      const held = countHeld(first.context());
      await first.reload();
      const second = await first.context().newPage();
      await second.goto(first.url());
      await say(first, 'before');
      await shows(second, ['before']);
      const listening = () => [...held].map((request) => request.frame().page());
      await until(() => held.size === 1, 'one of the two to listen');
      const [leading] = listening();
      const other = leading === first ? second : first;
      leading.evaluate(() => {
        for (const end = performance.now() + 60_000; performance.now() < end;);
      }).catch(() => {}); // the browser is closed before
      await other.evaluate(() => {
        const { now } = Date;
        Date.now = () => now() - 300_000;
      });
      await until(() => listening().includes(other), 'the other one to listen');
      await site.send({ name: 'ben', text: 'still there?' });
      await shows(other, ['before', 'still there?']);
    });
  });
});

test('in a browser without BroadcastChannel tabs of seven rooms work, by the storage that they share', ONCE, async () => {
  await withSite({ profile: HERE }, async (site) => {
    await withBrowser(async ({ tab }) => {
      const first = await tab('about:blank');
      await first.context().addInitScript(() => {
        delete window.BroadcastChannel;
        localStorage.setItem('pollchat / name', 'ann');
      });
      const held = countHeld(first.context());
      const pages = [];
      for (let i = 0; i < 7; i++) {
        const page = await first.context().newPage();
        await page.goto(`http://${PLAIN}:${site.port}/?room=r${i}`);
        pages.push(page);
      }
      for (const [i, page] of pages.entries()) {
        await say(page, 'hi');
        await shows(page, ['hi']);
        await site.send({ room: `r${i}`, name: 'ben', text: 'you' });
        await shows(page, ['hi', 'you']);
      }
      assert.ok(held.size <= 1, `${held.size} connections are held`);
    });
  });
});

test('a page that the browser kept for the way back listens again, and misses nothing', ONCE, async () => {
  await withSite({ profile: HERE }, async (site) => {
    await withBrowser(
      async ({ tab }) => {
        const page = await tab(`http://${PLAIN}:${site.port}/`, { name: 'ann', ignore: /favicon/ });
        await page.evaluate(() => addEventListener('pageshow', ({ persisted }) => (window.isKept = persisted)));
        await say(page, 'one');
        await shows(page, ['one']);
        const held = countHeld(page.context());
        await page.goto(`http://127.0.0.1:${site.port}/icon.svg`);
        await site.send({ name: 'ben', text: 'two' });
        await page.goBack({ waitUntil: 'commit' });
        await shows(page, ['one', 'two']);
        assert.equal(await page.evaluate(() => window.isKept), true);
        await until(() => held.size === 1, 'it to listen');
        await site.send({ name: 'ben', text: 'three' });
        await shows(page, ['one', 'two', 'three']);
      },
      { ignoreDefaultArgs: ['--disable-back-forward-cache'] },
    );
  });
});
