// webkit.test.mjs - the same page in the system's WebKit: a name, a message each way, a reload.

import assert from 'node:assert/strict';
import test from 'node:test';
import { until, withSite } from '../e2e/harness.mjs';
import { withWebKit } from './webkit.mjs';

const PROFILES = (process.env.PROFILES ?? process.env.PROFILE ?? 'lighttpd apache-fcgid').split(/[\s,]+/);
const ENTER = '\uE007';

for (const profile of PROFILES.filter((name) => name !== '')) {
  test(`WebKit: two people talk: ${profile}`, async () => {
    await withSite({ profile }, async (site) => {
      await withWebKit(async (window) => {
        const shown = () => window.run('return [...document.querySelectorAll(".row[data-state=stored] .bubble-text")].map((text) => text.textContent)');
        const shows = (texts) => until(async () => JSON.stringify(await shown()) === JSON.stringify(texts), `${texts} to be shown`);
        await window.go(`http://127.0.0.1:${site.port}/`);
        await window.type('#name', `ann${ENTER}`);
        await window.type('#text', `hello?${ENTER}`);
        await shows(['hello?']);
        assert.equal((await site.send({ name: 'ben', text: 'hello ann, `code` & <b>no</b> HTML' })).status, 201);
        await shows(['hello?', 'hello ann, code & <b>no</b> HTML']);
        assert.equal(await window.run('return document.querySelectorAll(".rows b").length'), 0);
        await window.reload();
        await shows(['hello?', 'hello ann, code & <b>no</b> HTML']);
        await window.type('#text', `back${ENTER}`);
        await shows(['hello?', 'hello ann, code & <b>no</b> HTML', 'back']);
        assert.deepEqual((await site.get('/poll')).json().messages.map(({ name }) => name), ['ann', 'ben', 'ann']);
      });
      assert.equal(site.check().status, 0);
    });
  });
}
