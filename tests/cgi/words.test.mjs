// words.test.mjs - the word list: what a visitor who writes one of its words learns, and what others read.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { poll, send, sqlOf, temporaryFolder } from './program.mjs';

const REJECT = 1, HOLD = 2, MASK = 3;

/** A chat with a word list of rows [pattern, whole, act]. */
async function chatWith(t, ...words) {
  const data = path.join(temporaryFolder(t), 'data');
  fs.mkdirSync(data, { mode: 0o700 });
  assert.equal((await send(data, { name: 'ann', text: 'first' })).status, 201);
  const rows = words.map(([pattern, whole, act]) => `('${pattern}', ${whole ? 1 : 0}, ${act})`);
  sqlOf(data, `INSERT INTO word (pattern, whole, act) VALUES ${rows}; UPDATE meta SET rules = rules + 1`);
  return { data, post: (fields) => send(data, { name: 'ann', ...fields }) };
}

const textsOf = async (data) => (await poll(data)).json.messages.map(({ text }) => text);

test('a text with a rejected word is refused in words, however it is disguised, and nothing is stored', async (t) => {
  const { data, post } = await chatWith(t, ['viagra', false, REJECT]);
  for (const text of ['buy viagra', 'V1AGRA', 'v\u200bi\u200ba\u200bg\u200bra', 'vіаgrа', 'v.i.a.g.r.a', '𝐯𝐢𝐚𝐠𝐫𝐚', 'viáááágra', `${'long '.repeat(20000)}viagra`]) {
    const answer = await post({ text });
    assert.equal(answer.status, 403, text.slice(-20));
    assert.equal(answer.json.type, 'urn:pollchat:problem:words');
    assert.equal(answer.json.field, 'text');
    assert.match(answer.json.detail, /a word that isn't allowed here/);
  }
  assert.equal((await post({ text: 'niagara' })).status, 201);
  assert.deepEqual(await textsOf(data), ['first', 'niagara']);
});

test('a masked word is stored as stars, and the answer and a retry say so', async (t) => {
  const { data, post } = await chatWith(t, ['darn', true, MASK]);
  const fields = { id: 'one', text: 'darn, dаrn! darning d a r n' };
  const first = await post(fields);
  assert.equal(first.status, 201);
  assert.equal(first.json.text, '****, ****! darning * * * *');
  const again = await post(fields);
  assert.equal(again.status, 200);
  assert.equal(again.json.seq, first.json.seq);
  assert.deepEqual(await textsOf(data), ['first', '****, ****! darning * * * *']);
});

test('a text with a held word waits for a moderator, without the words that are masked', async (t) => {
  const { data, post } = await chatWith(t, ['casino', false, HOLD], ['darn', false, MASK]);
  const answer = await post({ text: 'darn c4sino' });
  assert.equal(answer.status, 202);
  assert.equal(answer.json.held, true);
  assert.deepEqual(await textsOf(data), ['first']);
  assert.match(sqlOf(data, 'SELECT text, why FROM held'), /^\*{4} c4sino\|word$/m);
});

test('the list counts for names', async (t) => {
  const { data, post } = await chatWith(t, ['viagra', false, REJECT], ['darn', false, MASK], ['casino', true, HOLD]);
  for (const name of ['Viagra 24', 'vіаgrа', 'darn it']) {
    const answer = await post({ name, text: 'hello' });
    assert.equal(answer.status, 403, name);
    assert.equal(answer.json.field, 'name');
  }
  assert.equal((await post({ name: 'Casino', text: 'hello' })).status, 202);
  assert.deepEqual(await textsOf(data), ['first']);
});
