// proxies.test.mjs - two people talk through proxies that cut long requests or hold answers back. Each
// message arrives, once, and the page shows no trouble.

import assert from 'node:assert/strict';
import test from 'node:test';
import { until, withSite } from '../e2e/harness.mjs';
import { startCutter, startNginx } from '../e2e/proxy.mjs';
import { say, shows, withBrowser } from './harness.mjs';

const NETWORK = { ignore: /Failed to load resource|net::ERR/ }; // what the browser writes about a failed request
const LIMIT_S = 6;

/** The requests of a page, and the states that it shows, from now on. */
async function watch(page) {
  const asked = [];
  const of = (request) => asked.find((entry) => entry.request === request);
  page.on('request', (request) => {
    const url = new URL(request.url());
    asked.push({ request, path: url.pathname.slice(1), wait: Number(url.searchParams.get('wait')), how: 'open' });
  });
  page.on('response', (response) => {
    const entry = of(response.request());
    if (entry !== undefined && response.status() >= 500) entry.how = 'cut';
  });
  page.on('requestfailed', (request) => {
    const entry = of(request);
    if (entry?.how === 'open') entry.how = request.failure().errorText === 'net::ERR_ABORTED' ? 'done' : 'cut'; // the browser says so of a request that was read to its end
  });
  page.on('requestfinished', (request) => of(request)?.how === 'open' && (of(request).how = 'done'));
  await page.evaluate(() => {
    window.said = [];
    const status = document.querySelector('[role=status]');
    new MutationObserver(() => status.textContent.trim() !== '' && window.said.push(status.textContent)).observe(status, { childList: true, subtree: true, characterData: true });
  });
  return { asked, polls: () => asked.filter(({ path, wait }) => path === 'poll' && wait > 0), said: () => page.evaluate(() => window.said) };
}

async function talk(pages, texts, pause) {
  for (let i = 0; i < 6; i++) {
    const text = `${texts.length + 1} by ${i % 2}`;
    texts.push(text);
    await say(pages[i % 2], text);
    for (const page of pages) await shows(page, texts);
    await pages[0].waitForTimeout(pause * i);
  }
}

const proxies = {
  'one that breaks off': (origin) => startCutter(origin, LIMIT_S * 1000),
  'nginx with a time-out': (origin) => startNginx({ server: `proxy_read_timeout ${LIMIT_S}s; proxy_set_header Host $http_host; location / { proxy_pass http://127.0.0.1:${origin}; }` }),
};

for (const [name, begin] of Object.entries(proxies)) {
  test(`${name}, after ${LIMIT_S} s`, () =>
    withSite({ profile: 'lighttpd' }, async (site) => {
      const proxy = await begin(site.port);
      try {
        await withBrowser(async ({ tab }) => {
          const pages = [];
          const watched = [];
          for (const who of ['ann', 'ben']) {
            const page = await tab(`http://127.0.0.1:${proxy.port}/`, { name: who, ...NETWORK });
            watched.push(await watch(page));
            pages.push(page);
          }
          const texts = [];
          await talk(pages, texts, 100);
          const learned = ({ polls }) => polls().filter(({ how, wait }) => how === 'done' && wait < LIMIT_S).length >= 2;
          await until(() => watched.every(learned), 'both to have learned', 120_000);
          const before = watched.map(({ polls }) => polls().filter(({ how }) => how === 'cut').length);
          assert.ok(before.every((cuts) => cuts <= 3), `${before}`);
          await talk(pages, texts, 1000);
          for (const [i, { polls, said }] of watched.entries()) {
            assert.equal(polls().filter(({ how }) => how === 'cut').length, before[i], 'no poll is cut any more');
            assert.deepEqual(await said(), []);
          }
          const stored = (await site.get('/poll?since=0')).json().messages.map(({ text }) => text);
          assert.deepEqual(stored, texts);
        });
      } finally {
        await proxy.stop();
      }
    }));
}

test('behind an nginx that collects answers, polls that wait replace the stream', () =>
  withSite({ profile: 'lighttpd' }, async (site) => {
    const server = `proxy_http_version 1.0; proxy_ignore_headers X-Accel-Buffering; proxy_set_header Host $http_host; location / { proxy_pass http://127.0.0.1:${site.port}; }`;
    const proxy = await startNginx({ server });
    try {
      await withBrowser(async ({ tab }) => {
        const ann = await tab(`http://127.0.0.1:${proxy.port}/`, { name: 'ann' });
        const ben = await tab(`http://127.0.0.1:${proxy.port}/`, { name: 'ben' });
        const watched = [await watch(ann), await watch(ben)];
        await until(() => watched.every(({ polls }) => polls().length > 0), 'held polls');
        await talk([ann, ben], [], 100);
        for (const { said } of watched) assert.deepEqual(await said(), []);
      });
    } finally {
      await proxy.stop();
    }
  }));
