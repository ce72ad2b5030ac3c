// widget.test.mjs - the chat on a page of another site with a hostile stylesheet: a button, a panel, a
// frame in the text.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import zlib from 'node:zlib';
import { ROOT, withSite } from '../e2e/harness.mjs';
import { withBrowser } from './harness.mjs';

const HOSTILE = '* { display: none !important; color: transparent !important; opacity: 0 !important; font-size: 0 !important; visibility: hidden !important }\n'
  + 'html, head ~ body { display: block !important; opacity: 1 !important; visibility: visible !important }';

/**
 * The ways in which a page may run the loader without document.currentScript. chat: its address.
 */
const WAYS = {
  'as a module': (chat) => `<script type="module" src="${chat}embed.js" data-room="post-42" data-title="Questions?"></script>`,
  'in a bundle, with an element that names the chat': (chat) => `<script src="/bundle.js"></script><div data-pollchat="${chat}" data-room="post-42" data-title="Questions?"></div>`,
  'in a bundle that the body comes after, deferred': (chat) => `<script defer src="/bundle.js" data-cache="7"></script><i data-pollchat="${chat}" data-room="post-42" data-title="Questions?"></i>`,
  'by an optimizer that keeps the address elsewhere': (chat) => `<script type="text/later" data-later-src="${chat}embed.js" data-room="post-42" data-title="Questions?"></script><script src="/later.js"></script>`,
  'by a tag manager that drops the attributes': (chat) => `<div data-pollchat="${chat}" data-room="post-42" data-title="Questions?"></div><script src="/manager.js" data-chat="${chat}"></script>`,
  'on the host of the chat, by a relative address (no module)': () => '<script src="embed.js" data-room="post-42" data-title="Questions?"></script>',
  'under another name': () => '<script src="/bundle.js" data-room="post-42" data-title="Questions?"></script>',
  'beside another product\'s embed.js': (chat) => `<script type="text/later" data-src="https://comments.example/embed.js" data-timestamp="1"></script><script src="${chat}embed.js" data-room="post-42" data-title="Questions?"></script>`,
  'by a module, inline, twice': (chat) => [1, 2].map((n) => `<script type="module" src="${chat}embed.js" data-mode="inline" data-room="post-42" data-title="Questions ${n}"></script>`).join('<p>between</p>'),
};
const SCRIPTS = {
  '/later.js': 'addEventListener("load", () => import("/bundle.js"));',
  '/manager.js': 'const script = document.createElement("script"); script.src = document.currentScript.dataset.chat + "embed.js"; document.head.append(script);',
};

/** Another site with one page, whose policy forbids inline styles and scripts. */
async function withPage(html, body) {
  const server = http.createServer((request, response) => {
    const isStyle = request.url === '/style.css';
    const script = request.url === '/bundle.js' ? `;${fs.readFileSync(path.join(ROOT, 'www', 'embed.js'))}` : SCRIPTS[request.url];
    response.setHeader('Content-Type', isStyle ? 'text/css' : script ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(isStyle ? HOSTILE : script ?? html());
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  try {
    await body(`http://localhost:${server.address().port}`);
  } finally {
    server.close();
  }
}

const asScript = (attributes) => (chat) => `<script src="${chat}embed.js" ${attributes}></script>`;

/** how: the attributes of the script, or a function that makes the elements. */
async function withWidget(how, body, { allowed = true } = {}) {
  let chat = '';
  const elements = typeof how === 'string' ? asScript(how) : how;
  const page = () => `<!doctype html><title>A shop</title><link rel="stylesheet" href="/style.css"><p>Things to buy</p>${elements(chat)}`;
  await withPage(page, async (address) => {
    await withSite({ profile: 'lighttpd', env: allowed ? { POLLCHAT_ALLOW_ORIGIN: address } : {} }, async (site) => {
      chat = `http://127.0.0.1:${site.port}/`;
      await withBrowser(async ({ tab }) => body({ site, tab, address, chat }));
    });
  });
}

const panel = (page) => page.frameLocator('iframe');

test('a button opens the chat over a page with a hostile stylesheet; two visitors talk', () =>
  withWidget('data-room="post-42" data-title="Questions?"', async ({ site, tab, address, chat }) => {
    const loaded = [];
    const ann = await tab('about:blank');
    ann.on('request', (request) => loaded.push(request.url()));
    await ann.goto(address);
    const button = ann.getByRole('button', { name: 'Questions?' });
    await button.waitFor();
    const isQuestion = (url) => url.startsWith(`${chat}poll?`); // after some seconds the loader asks for the number of new messages
    assert.deepEqual(loaded.filter((url) => url.startsWith(chat) && !isQuestion(url)), [`${chat}embed.js`], 'nothing but the loader');
    assert.ok((await button.boundingBox()).height >= 44);
    await ann.evaluate(() => {
      window.heard = [];
      window.pollchat.on('message', ({ name, text }) => window.heard.push(`${name}: ${text}`));
    });
    await button.click();
    await panel(ann).getByRole('textbox', { name: 'What shall we call you?' }).fill('ann');
    await panel(ann).getByRole('button', { name: 'Join' }).click();
    await panel(ann).getByRole('textbox', { name: 'Message' }).fill('is it in stock?');
    await panel(ann).getByRole('textbox', { name: 'Message' }).press('Enter');
    await panel(ann).getByRole('log').getByText('is it in stock?').waitFor();
    assert.equal(await panel(ann).getByRole('heading', { level: 1 }).textContent(), 'Questions?');

    const shop = await tab(address); // a visitor who doesn't open the chat
    await shop.evaluate(() => {
      window.pollchat.setName('shop');
      window.pollchat.open();
    });
    await panel(shop).getByRole('log').getByText('is it in stock?').waitFor();
    await panel(shop).getByRole('textbox', { name: 'Message' }).fill('it is');
    await panel(shop).getByRole('textbox', { name: 'Message' }).press('Enter');
    await panel(ann).getByRole('log').getByText('it is', { exact: true }).waitFor();
    await ann.waitForFunction(() => window.heard.at(-1) === 'shop: it is');
    assert.deepEqual((await site.get('/poll?room=post-42')).json().messages.map(({ name }) => name), ['ann', 'shop']);

    await panel(ann).getByRole('textbox', { name: 'Message' }).press('Escape');
    await ann.getByRole('button', { name: 'Questions?', expanded: false }).waitFor();
    assert.equal(await ann.locator('iframe').isVisible(), false);
    await site.send({ room: 'post-42', name: 'till', text: 'two left' });
    await ann.getByRole('button', { name: 'Questions?, 1' }).waitFor();
    await ann.getByRole('button', { name: 'Questions?, 1' }).click();
    await panel(ann).getByText('two left').waitFor();
    await ann.getByRole('button', { name: 'Questions?', exact: true }).waitFor();
  }));

for (const [way, elements] of Object.entries(WAYS)) {
  test(`the loader finds its element when it runs ${way}`, () =>
    withWidget(elements, async ({ tab, address, chat }) => {
      const page = await tab('about:blank');
      const place = way.includes('module') || way.includes('name') ? `${chat}shop` : address; // browsers load a module of another site only if that site allows it
      await page.route(`${chat}bundle.js`, async (route) => route.fulfill({ contentType: 'text/javascript', path: path.join(ROOT, 'www', 'embed.js') }));
      await page.route(`${chat}shop`, (route) => route.fulfill({ contentType: 'text/html', body: elements(chat) }));
      await page.goto(place);
      if (way.includes('inline')) {
        await page.waitForFunction(() => window.pollchat?.all.length === 2);
        const places = await page.evaluate(() => [...document.querySelectorAll('script')].map((script) => script.nextElementSibling?.shadowRoot?.querySelector('iframe').title));
        assert.deepEqual(places, ['Questions 1', 'Questions 2'], 'each at the place of its script');
        return;
      }
      await page.getByRole('button', { name: 'Questions?' }).click();
      const frame = await page.waitForFunction(() => [...document.querySelectorAll('*')].map((e) => e.shadowRoot?.querySelector('iframe')?.src).find((src) => src));
      assert.equal(await frame.jsonValue(), `${chat}embed?room=post-42&title=Questions%3F`);
      await panel(page).getByRole('textbox', { name: 'What shall we call you?' }).waitFor();
      assert.equal(await page.evaluate(() => window.pollchat.all.length), 1);
    }));
}

test('before the chat is opened the button tells the number of new messages', () =>
  withWidget('data-room="news"', async ({ site, tab, address }) => {
    await site.send({ room: 'news', name: 'ann', text: 'old' });
    const page = await tab('about:blank');
    await page.clock.install();
    await page.goto(address);
    await page.clock.runFor(4000);
    await page.waitForFunction(() => Object.keys(localStorage).some((key) => key.startsWith('pollchat '))); // the loader has asked how far the room is
    for (const text of ['one', 'two']) await site.send({ room: 'news', name: 'ann', text });
    await page.clock.runFor(80_000);
    await page.getByRole('button', { name: 'Chat, 2' }).waitFor();
  }));

test('an inline chat has the colours of its page', () =>
  withWidget('data-mode="inline" data-height="400px" data-theme="dark" data-accent="rgb(120, 0, 80)"', async ({ tab, address }) => {
    const page = await tab(address);
    await panel(page).getByRole('textbox', { name: 'What shall we call you?' }).waitFor();
    const box = await page.locator('iframe').boundingBox();
    assert.ok(Math.abs(box.height - 400) <= 2, `${box.height}`);
    const frame = page.frames().find((one) => one.url().includes('/embed?'));
    assert.equal(await frame.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--fill').trim()), 'rgb(120, 0, 80)');
    assert.equal(await frame.evaluate(() => getComputedStyle(document.documentElement).colorScheme), 'dark');
  }));

test('a site that isn\'t allowed shows a frame without a chat', () =>
  withWidget('data-count="off"', async ({ tab, address }) => {
    const page = await tab(address, { ignore: /frame-ancestors|ERR_BLOCKED_BY_RESPONSE|Failed to load|violates/ });
    await page.getByRole('button', { name: 'Chat' }).click();
    await page.waitForTimeout(1000);
    assert.ok(page.frames().every((frame) => !frame.url().includes('/embed?') || frame.url().startsWith('chrome-error:')), page.frames().map((f) => f.url()).join());
  }, { allowed: false }));

test('packed, the loader has at most 3 kB, and what the page loads at first at most 50 kB', () => {
  const www = path.join(ROOT, 'www'); // as it is installed
  const sizeOf = (file) => zlib.gzipSync(fs.readFileSync(path.join(www, file)), { level: 9 }).length;
  const loaded = new Set(['index.html', 'icon.svg', 'chat.css', 'messages.css', 'dark.css']);
  const load = (file) => {
    if (!loaded.has(file)) {
      loaded.add(file);
      const source = fs.readFileSync(path.join(www, file), 'utf8');
      [...source.matchAll(/^import\b[^;]*? from '([^']+)';/gm)].forEach(([, to]) => load(path.join(path.dirname(file), to)));
    }
  };
  load('js/main.js');
  assert.ok(sizeOf('embed.js') <= 3000, `${sizeOf('embed.js')}`);
  const sum = [...loaded].reduce((total, file) => total + sizeOf(file), 0);
  assert.ok(sum <= 50_000, `${sum}: ${[...loaded].map((file) => `${file} ${sizeOf(file)}`)}`);
});
