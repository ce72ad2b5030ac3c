// two-tabs.test.mjs - two people talk, on each server of PROFILES (default: the five supported ones).

import assert from 'node:assert/strict';
import test from 'node:test';
import { withSite } from '../e2e/harness.mjs';
import { join, log, say, shows, withBrowser } from './harness.mjs';

const PROFILES = (process.env.PROFILES ?? process.env.PROFILE ?? 'lighttpd lighttpd-cgi apache-proxy apache-fcgid apache-cgi').split(/[\s,]+/);

for (const profile of PROFILES.filter((name) => name !== '')) {
  test(`two tabs talk: ${profile}`, async () => {
    await withSite({ profile }, async (site) => {
      await withBrowser(async ({ tab }) => {
        const address = `http://127.0.0.1:${site.port}/`;
        const ann = await tab(address, { name: 'ann' });
        const ben = await tab(address, { name: 'ben' });
        await say(ann, 'hello?');
        await shows(ben, ['hello?']);
        await say(ben, 'hello ann,\nhere is a second line & <b>no</b> HTML');
        await shows(ann, ['hello?', 'hello ann,\nhere is a second line & <b>no</b> HTML']);
        for (const text of ['1', '2', '3', '4', '5']) {
          await say(ann, text);
        }
        const all = ['hello?', 'hello ann,\nhere is a second line & <b>no</b> HTML', '1', '2', '3', '4', '5'];
        await shows(ann, all);
        await shows(ben, all);
        assert.equal(await log(ben).locator('b').count(), 0);

        await ann.reload(); // the name and the messages are still there
        await shows(ann, all);
        assert.ok(await ann.getByRole('button', { name: /Your name: ann/ }).isVisible());
        await say(ann, 'back');
        await shows(ben, [...all, 'back']);

        const dev = await tab(`${address}?room=dev`); // another room has other messages
        await join(dev, 'cid');
        await say(dev, 'anyone?');
        await shows(dev, ['anyone?']);
        assert.deepEqual(await dev.title(), '#dev – pollchat');
        await shows(ann, [...all, 'back']);
      });
      assert.deepEqual(site.check().status, 0);
    });
  });
}
