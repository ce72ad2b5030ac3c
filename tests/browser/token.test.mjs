// token.test.mjs - visitors of the site around the chat are signed in by its token: in the widget on
// their pages, and in the chat's own page.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { ROOT, until, withSite } from '../e2e/harness.mjs';
import { withBrowser } from './harness.mjs';

const SECRET = '0123456789abcdef0123456789abcdef';
const ENV = { POLLCHAT_TOKEN_ALG: 'hs256', POLLCHAT_TOKEN_KEY: SECRET, POLLCHAT_TOKEN_AUD: 'chat', POLLCHAT_GUESTS: 'no', POLLCHAT_ROOM_KIND: 'open' };
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function sign(visitor) {
  const text = `${encode({ alg: 'HS256' })}.${encode({ ...visitor, aud: 'chat', exp: Math.floor(Date.now() / 1000) + 600 })}`;
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
}

/** A shop with visitors of its own, and a page with the chat's widget. */
async function withShop(body) {
  const shop = { visitor: { sub: '17', name: 'Ann' }, asked: [], answers: [], html: '' };
  const server = http.createServer((request, response) => {
    if (request.url === '/token') {
      shop.asked.push(request.headers);
      const status = shop.answers.shift() ?? 200;
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ token: shop.visitor && sign(shop.visitor) }));
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/html', 'Set-Cookie': 'shop=1; SameSite=Strict; HttpOnly' }).end(shop.html);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  shop.address = `http://localhost:${server.address().port}`;
  try {
    await withSite({ profile: 'lighttpd', env: { ...ENV, POLLCHAT_ALLOW_ORIGIN: shop.address } }, async (site) => {
      const chat = `http://127.0.0.1:${site.port}/`;
      shop.html = `<!doctype html><title>A shop</title><script src="${chat}embed.js" data-title="Questions?" data-count="off" data-token-url="/token"></script>`;
      await withBrowser(async ({ tab }) => body({ shop, site, chat, tab }));
    });
  } finally {
    server.close();
  }
}

const READER = sign({ sub: 'reader', name: 'Reader' });
const messages = async (site) => (await site.get('/poll', { headers: { 'Pollchat-Token': READER } })).json().messages.map(({ name, text }) => `${name}: ${text}`);

async function write(where, text) {
  await where.getByRole('textbox', { name: 'Message' }).fill(text);
  await where.getByRole('textbox', { name: 'Message' }).press('Enter');
}

test('a visitor of the page\'s site writes in the widget under the name that the site says, and is asked for none', () =>
  withShop(async ({ shop, site, chat, tab }) => {
    const page = await tab(shop.address);
    const toChat = [];
    page.on('request', (request) => request.url().startsWith(chat) && toChat.push(request));
    await page.getByRole('button', { name: 'Questions?' }).click();
    assert.equal(shop.asked.length <= 1, true);
    const frame = page.frameLocator('iframe');
    await frame.getByRole('textbox', { name: 'Message' }).waitFor();
    await write(frame, 'is it in stock?');
    await frame.getByRole('log').getByText('is it in stock?').waitFor();
    await until(async () => (await messages(site)).length === 1, 'the message');
    assert.deepEqual(await messages(site), ['Ann: is it in stock?']);
    assert.match(shop.asked[0].cookie, /shop=1/, 'the site knows its visitor');
    assert.equal(shop.asked.length, 1, 'one token serves many requests');
    const sent = toChat.find((request) => request.url() === `${chat}send`);
    assert.match((await sent.allHeaders())['pollchat-token'], /^[\w-]+\.[\w-]+\.[\w-]+$/);
    assert.doesNotMatch(toChat.map((request) => request.url()).join(), /eyJ/, 'no address has a token');
  }));

test('a token that the chat refuses is fetched anew, and the message is sent', () =>
  withShop(async ({ shop, site, chat, tab }) => {
    const page = await tab(shop.address, { ignore: /401|Unauthorized/ });
    await page.getByRole('button', { name: 'Questions?' }).click();
    const frame = page.frameLocator('iframe');
    await frame.getByRole('textbox', { name: 'Message' }).waitFor();
    let refused = 0;
    await page.route(`${chat}send`, (route) => {
      refused += 1;
      return refused > 1 ? route.continue() : route.fulfill({ status: 401, contentType: 'application/problem+json', body: '{"type":"urn:pollchat:problem:bad-token","title":"Unauthorized","status":401,"detail":"The token expired."}' });
    });
    const asked = shop.asked.length;
    shop.visitor = { sub: '17', name: 'Ann', again: true };
    await write(frame, 'hello');
    await until(async () => (await messages(site)).length === 1, 'the message');
    assert.deepEqual(await messages(site), ['Ann: hello']);
    assert.equal(shop.asked.length, asked + 1);
  }));

test('a token is renewed before it ends, and a busy site makes no guest of its visitor', () =>
  withShop(async ({ shop, site, tab }) => {
    const page = await tab('about:blank', { ignore: /503|no token/ });
    await page.clock.install();
    await page.goto(shop.address);
    await page.getByRole('button', { name: 'Questions?' }).click();
    const frame = page.frameLocator('iframe');
    await frame.getByRole('textbox', { name: 'Message' }).waitFor();
    const asked = shop.asked.length;
    shop.answers.push(503);
    await page.clock.fastForward('09:00');
    await write(frame, 'after nine minutes');
    await until(async () => (await messages(site)).length === 1, 'the message');
    assert.ok(shop.asked.length > asked);
    await page.clock.fastForward('02:00');
    await write(frame, 'after eleven minutes');
    await until(async () => (await messages(site)).length === 2, 'the message');
    assert.deepEqual(await messages(site), ['Ann: after nine minutes', 'Ann: after eleven minutes']);
  }));

test('a visitor who signs in at the site as another person writes under that name', () =>
  withShop(async ({ shop, site, tab }) => {
    const page = await tab(shop.address);
    await page.getByRole('button', { name: 'Questions?' }).click();
    const frame = page.frameLocator('iframe');
    await frame.getByRole('textbox', { name: 'Message' }).waitFor();
    await write(frame, 'one');
    await until(async () => (await messages(site)).length === 1, 'the message');
    shop.visitor = { sub: '18', name: 'Bob' };
    await page.evaluate(() => window.pollchat.renew());
    await frame.getByText('Bob', { exact: true }).waitFor();
    await write(frame, 'two');
    await frame.getByRole('log').getByText('two').waitFor();
    await until(async () => (await messages(site)).length === 2, 'the message');
    assert.deepEqual(await messages(site), ['Ann: one', 'Bob: two']);
    assert.equal(await frame.getByRole('log').getByText('two').count(), 1, 'shown once');
  }));

test('other frames of the page get no token, whatever they say', () =>
  withShop(async ({ shop, chat, tab }) => {
    const page = await tab('about:blank');
    await page.route(`${chat}advert`, (route) => route.fulfill({ contentType: 'text/html', body: `<!doctype html><script>
      window.heard = [];
      addEventListener('message', ({ data }) => heard.push(data));
      for (const type of ['ready', 'token']) parent.postMessage({ pollchat: 1, type, n: 1 }, '*');
    </script>` }));
    shop.html += `<iframe src="${chat}advert"></iframe>`; // even one of the chat's own origin
    await page.goto(shop.address);
    await page.getByRole('button', { name: 'Questions?' }).click();
    await page.frameLocator('iframe[title="Questions?"]').getByRole('textbox', { name: 'Message' }).waitFor();
    const advert = page.frames().find((one) => one.url() === `${chat}advert`);
    assert.deepEqual(await advert.evaluate(() => window.heard), []);
    assert.equal(shop.asked.length, 1, 'only the chat has asked');
  }));

test('an address of another site is refused, and the visitor is a guest', () =>
  withShop(async ({ shop, chat, tab }) => {
    shop.html = shop.html.replace('data-token-url="/token"', `data-token-url="${chat}token"`);
    const page = await tab('about:blank', { ignore: /no token|same-origin|401|Unauthorized/ });
    const asked = [];
    page.on('request', (request) => request.url() === `${chat}token` && asked.push(request.url()));
    await page.goto(shop.address);
    await page.getByRole('button', { name: 'Questions?' }).click();
    await page.frameLocator('iframe').getByRole('textbox', { name: 'What shall we call you?' }).waitFor();
    assert.deepEqual(asked, []);
  }));

test('the chat\'s own page signs visitors in where its body names the address of the token', () =>
  withShop(async ({ site, chat, tab }) => {
    const page = await tab('about:blank');
    const html = fs.readFileSync(path.join(ROOT, 'www', 'index.html'), 'utf8');
    assert.ok(html.includes('<body>'));
    await page.route(`${chat}forum/chat-token`, (route) => route.fulfill({ contentType: 'application/json', body: JSON.stringify({ token: sign({ sub: '18', name: 'Bob' }) }) }));
    await page.route(chat, (route) => route.fulfill({ contentType: 'text/html', body: html.replace('<body>', '<body data-token-url="forum/chat-token">') }));
    await page.goto(chat);
    await page.getByRole('textbox', { name: 'Message' }).waitFor();
    await write(page, 'hello');
    await until(async () => (await messages(site)).length === 1, 'the message');
    assert.deepEqual(await messages(site), ['Bob: hello']);
  }));
