// firefox.test.mjs - the same page in the system's Firefox: two people talk, with a reload, and tabs that share a connection.

import assert from 'node:assert/strict';
import test from 'node:test';
import { withSite } from '../e2e/harness.mjs';
import { log, say, shows, withBrowser } from './harness.mjs';

const PROFILES = (process.env.PROFILES ?? process.env.PROFILE ?? 'lighttpd apache-fcgid').split(/[\s,]+/);

for (const profile of PROFILES.filter((name) => name !== '')) {
  test(`Firefox: two people talk: ${profile}`, async () => {
    await withSite({ profile }, async (site) => {
      await withBrowser(async ({ tab }) => {
        const address = `http://127.0.0.1:${site.port}/`;
        const ann = await tab(address, { name: 'ann' });
        const ben = await tab(address, { name: 'ben' });
        await say(ann, 'hello?');
        await shows(ben, ['hello?']);
        await say(ben, 'hello ann, `code` & <b>no</b> HTML');
        await shows(ann, ['hello?', 'hello ann, code & <b>no</b> HTML']);
        assert.equal(await log(ann).locator('b').count(), 0);
        await ann.reload();
        await shows(ann, ['hello?', 'hello ann, code & <b>no</b> HTML']);
        const second = await ann.context().newPage();
        await second.goto(address);
        await say(second, 'from another tab');
        await shows(ann, ['hello?', 'hello ann, code & <b>no</b> HTML', 'from another tab']);
        await ann.close();
        assert.equal((await site.send({ name: 'cid', text: 'still there?' })).status, 201);
        await shows(second, ['hello?', 'hello ann, code & <b>no</b> HTML', 'from another tab', 'still there?']);
      }, { engine: 'firefox' });
      assert.equal(site.check().status, 0);
    });
  });
}
