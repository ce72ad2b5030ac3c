// plain.test.mjs - a browser without JavaScript, on each server of PROFILES: the page leads to /plain,
// where people talk.

import assert from 'node:assert/strict';
import test from 'node:test';
import { withSite } from '../e2e/harness.mjs';
import { withBrowser } from './harness.mjs';

const PROFILES = (process.env.PROFILES ?? process.env.PROFILE ?? 'lighttpd lighttpd-cgi apache-proxy apache-fcgid').split(/[\s,]+/);
const plain = { javaScriptEnabled: false, ignore: /status of 400/ }; // what the browser writes about a refused message
const hostile = '</textarea><script>document.title = "hacked"</script><img src=x>';

const send = async (page, text) => {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
};

/** Waits until the frame of messages shows this text. */
const sees = (page, text) => page.frameLocator('iframe').getByText(text, { exact: true }).waitFor({ timeout: 20_000 });

for (const profile of PROFILES.filter((name) => name !== '')) {
  test(`without JavaScript two people talk, and the text in the field stays: ${profile}`, async () => {
    await withSite({ profile }, async (site) => {
      await withBrowser(async ({ tab }) => {
        const address = `http://127.0.0.1:${site.port}/`;
        const [ann, ben] = [await tab(address, plain), await tab(address, plain)];
        for (const page of [ann, ben]) await page.waitForURL(`${address}plain`);
        await ann.getByRole('textbox', { name: 'Name' }).fill('ann');
        await send(ann, 'hello?');
        await ann.waitForURL(/name=ann/);
        await sees(ann, 'hello?');
        await ben.getByRole('textbox', { name: 'Message' }).fill('half a sent');
        await sees(ben, 'hello?'); // the page reloads by itself
        assert.equal(await ben.getByRole('textbox', { name: 'Message' }).inputValue(), 'half a sent');
        await ben.getByRole('textbox', { name: 'Name' }).fill('ben');
        await send(ben, hostile);
        await sees(ann, hostile);
        await ann.reload();
        await sees(ann, hostile);
        assert.equal((await site.get('/poll')).json().head, 2, 'loading anew sends nothing again');
        await send(ann, ''); // refused; the form stays as it was
        await ann.getByRole('alert').waitFor();
        assert.equal(await ann.getByRole('textbox', { name: 'Name' }).inputValue(), 'ann');
        await send(ann, 'now with a text');
        await sees(ben, 'now with a text');
      });
    });
  });
}

test('without JavaScript nothing is wider than the screen of a phone', async () => {
  await withSite({ profile: 'lighttpd' }, async (site) => {
    await site.send({ text: `a word: ${'x'.repeat(300)}`, name: 'ann' });
    await withBrowser(async ({ tab }) => {
      const page = await tab(`http://127.0.0.1:${site.port}/plain`, { viewport: { width: 320, height: 640 } });
      for (const frame of page.frames()) {
        assert.ok(await frame.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), frame.url());
      }
    });
  });
});

test('without JavaScript a message with a name#secret can be changed and deleted by its author alone', () =>
  withSite({ profile: PROFILES[0] }, (site) =>
    withBrowser(async ({ tab }) => {
      const address = `http://127.0.0.1:${site.port}/`;
      const page = await tab('about:blank', { javaScriptEnabled: false, ignore: /status of 403/ });
      await page.goto(`${address}plain`);
      await page.getByLabel('Name').fill('ann');
      await page.getByLabel('Secret').fill('a secret of ann');
      await page.getByLabel('Message').fill('teh text');
      await page.getByRole('button', { name: 'Send' }).click();
      const change = async (secret, button, text = '') => {
        await page.goto(`${address}plain?reply_to=1`);
        const form = page.locator('form').filter({ hasText: 'Change message 1' });
        await form.getByLabel('Name').fill('ann');
        await form.getByLabel('Secret').fill(secret);
        await form.getByLabel('New text').fill(text);
        await form.getByRole('button', { name: button }).click();
      };
      const texts = async () => (await site.get('/poll?last=9')).json().messages.filter(({ seq }) => seq === 1).map(({ type, text }) => `${type}: ${text}`);
      await change('another secret', 'Edit', 'hijacked');
      await page.getByText("isn't yours to change").waitFor();
      assert.deepEqual(await texts(), ['message: teh text']);
      await change('a secret of ann', 'Edit', 'the text');
      assert.deepEqual(await texts(), ['message: the text']);
      await change('a secret of ann', 'Delete');
      assert.deepEqual(await texts(), ['delete: ']);
    })));
