// page.test.mjs - two visitors talk on the page at ADDRESS.
import assert from 'node:assert/strict';
import test from 'node:test';
import { say, shows, log, withBrowser } from '../browser/harness.mjs';

test(`two visitors of ${process.env.ADDRESS} see each other's messages`, async () => {
  await withBrowser(async ({ tab }) => {
    const room = `${process.env.ADDRESS}?room=page`;
    const ann = await tab(room, { name: 'ann' });
    const ben = await tab(room, { name: 'ben' });
    const before = await log(ann).getByRole('listitem').count();
    assert.equal(before, 0);
    await say(ann, 'hello?');
    await shows(ben, ['hello?']);
    await say(ben, 'hello ann');
    await shows(ann, ['hello?', 'hello ann']);
  });
});
