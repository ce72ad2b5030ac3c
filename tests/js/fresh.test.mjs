// fresh.test.mjs - whether the web can read the folder of the database: a file that was read counts,
// even if the programs can't be told.
import assert from 'node:assert/strict';
import test from 'node:test';
import { tryData } from '../../www/js/fresh.js';
import { ofData } from '../../www/js/diagnosis.js';

const WORD = 'abcdefghijklmnopqrstuv';

async function tried(t, answers) {
  const asked = [];
  t.mock.method(globalThis, 'fetch', async (address, init) => {
    asked.push(`${init.method ?? 'GET'} ${address}`);
    const answer = answers.shift();
    if (answer === undefined) {
      throw new TypeError('Failed to fetch');
    }
    return answer;
  });
  return { result: await tryData('cgi-bin/poll.cgi/', '/data/web-test.txt').catch(() => null), asked };
}

test('the programs are told of a folder that can be read', async (t) => {
  const { result, asked } = await tried(t, [new Response(`pollchat ${WORD}\n`), new Response('{"bytes":0}')]);
  assert.equal(result, true);
  assert.deepEqual(asked, ['GET /data/web-test.txt', `POST cgi-bin/poll.cgi/doctor?exposed=${WORD}`]);
});

test('the folder counts as readable even if a filter cuts the request that says so', async (t) => {
  const { result } = await tried(t, [new Response(`pollchat ${WORD}\n`)]);
  assert.equal(result, true);
  assert.equal(ofData(result)[0].state, 'wrong');
});

test('a refusal means that the folder can\'t be read', async (t) => {
  assert.equal((await tried(t, [new Response('Forbidden', { status: 403 })])).result, false);
});

test('no answer leaves it open whether the folder can be read', async (t) => {
  const { result } = await tried(t, []);
  assert.equal(result, null);
  assert.equal(ofData(result)[0].state, 'note');
});
