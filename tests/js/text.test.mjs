import assert from 'node:assert/strict';
import test from 'node:test';
import { heavyTexts } from '../browser/long.mjs';
import { hue, initials, isBlank, isFewEmoji, mentions, parts, pieceOf, snippet } from '../../www/js/text.js';
import { seeded } from './world.mjs';

const joined = (text) => parts(text).map((part) => part.text).join('');
const links = (text) => parts(text).filter((part) => part.href).map((part) => part.text);

test('links are http and https only, and end where the sentence goes on', () => {
  assert.deepEqual(links('see https://example.org/a?b=c#d, and http://x.y!'), ['https://example.org/a?b=c#d', 'http://x.y']);
  assert.deepEqual(links('(https://example.org/a_(b))'), ['https://example.org/a_(b)']);
  assert.deepEqual(links('**https://example.org/**'), ['https://example.org/']);
  assert.deepEqual(links('javascript:alert(1) data:text/html,x ftp://a file:///etc'), []);
  assert.deepEqual(links('<a href="https://example.org/">'), ['https://example.org/']);
  assert.deepEqual(links('https:// and https://[ and http://'), []);
});

test('the parts are the whole text', () => {
  for (const text of ['', 'a', ' https://a.b ', 'https://a.b', 'x\nhttps://a.b.\n\n', 'https://%', '\u0000https://a.b\u0001', '🙂 https://a.b 🙂']) {
    assert.equal(joined(text), text);
  }
  assert.deepEqual(parts(''), []);
});

test('a long text without end is read in a moment', () => {
  const begin = process.hrtime.bigint();
  parts(`https://a.b/${'('.repeat(100_000)}`);
  parts(`https://a.b/${'.'.repeat(100_000)}`);
  parts(`https://a.b/${')'.repeat(300_000)}`);
  isFewEmoji('🙂'.repeat(100_000));
  assert.ok(process.hrtime.bigint() - begin < 5_000_000_000n);
});

test('initials of names', () => {
  const expected = { ann: 'A', 'Ann Lee': 'AL', 'ann b. lee': 'AL', 'ann_lee': 'AL', 'josé maría': 'JM', 李: '李', '🙂': '🙂', '(ann)': 'A', '!!!': '!', 'x  ': 'X', '': '' };
  for (const [name, letters] of Object.entries(expected)) {
    assert.equal(initials(name), letters, name);
  }
});

test('a name always has the same colour, and names have many', () => {
  assert.equal(hue('ann', 12), hue('ann', 12));
  const seen = new Set(Array.from({ length: 500 }, (_, i) => hue(`name ${i}`, 12)));
  assert.deepEqual([...seen].sort((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

test('a few emoji and blank texts are recognised', () => {
  assert.deepEqual(['🙂', '👍🏽', '👩‍👩‍👧', '❤️ 🎉', '🙂🙂🙂🙂'].map(isFewEmoji), [true, true, true, true, true]);
  assert.deepEqual(['', '1', '#', 'a🙂', '🙂🙂🙂🙂🙂'].map(isFewEmoji), [false, false, false, false, false]);
  assert.deepEqual(['', ' \n\t', 'a', ' a '].map(isBlank), [true, true, false, false]);
});

const kinds = (text, name) => parts(text, name).map(({ text: t, ...kind }) => Object.entries(kind)[0] ?? t);

test('code is what is between the marks, and has no links or calls', () => {
  assert.deepEqual(kinds('run `make test` now'), ['run ', ['code', 'make test'], ' now']);
  assert.deepEqual(kinds('```js\nlet a = `https://a.b`;\n```\nso'), [['block', 'let a = `https://a.b`;'], '\nso']);
  assert.deepEqual(kinds('`https://a.b` @ann', 'ann'), [['code', 'https://a.b'], ' ', ['mention', true]]);
  assert.deepEqual(kinds('a ` b\nc ` d'), ['a ` b\nc ` d']);
  assert.deepEqual(kinds('``` left open'), ['``` left open']);
  for (const text of ['`a` ``` `b` ``` c', '```\n\n```', '````', '`', '``````', 'x```y```z`w`']) {
    assert.equal(joined(text), text);
  }
});

test('only the visitor\'s own name, as a word, is a call', () => {
  assert.equal(mentions('hi @ann!', 'ann'), true);
  assert.equal(mentions('hi @Ann', 'ann'), true);
  assert.equal(mentions('@anna, mail@ann, ann, @@ann', 'ann'), false);
  assert.equal(mentions('`@ann`', 'ann'), false);
  assert.equal(mentions('@(a|b)* ok', '(a|b)*'), true);
  assert.equal(mentions('@', ''), false);
  assert.equal(mentions('@王 好', '王'), true);
  assert.equal(joined('hi @ann and @ben'), 'hi @ann and @ben');
});

test('a text of marks is read in a moment', () => {
  const begin = process.hrtime.bigint();
  for (const text of ['`'.repeat(300_000), '```a'.repeat(75_001), '@'.repeat(300_000), '`a\n'.repeat(100_000), '@ann'.repeat(75_000)]) {
    assert.equal(parts(text, 'ann').map((part) => part.text).join(''), text);
  }
  assert.ok(process.hrtime.bigint() - begin < 5_000_000_000n);
});

test('a quote is one line, and no character is cut in two', () => {
  assert.equal(snippet(' a\n b\t c '), 'a b c');
  assert.equal(snippet('🙂'.repeat(200), 3), '🙂🙂🙂…');
});

/** All pieces of a text. */
function pieces(text, name) {
  const found = [];
  for (let place = { end: 0, isInBlock: false }; place.end < text.length; ) {
    place = pieceOf(text, name, { at: place.end, isInBlock: place.isInBlock });
    found.push(place);
  }
  return found;
}

test('pieces are the whole text, and each has a few thousand characters, 200 parts and 100 lines at most', () => {
  const random = seeded(3);
  const bits = ['a', ' ', '\n', '`', '```', '@ann', 'http://a.b/c', '🙂', 'e\u0301', '\r\n', '_', 'word ', '```js\n', '<', '\u05d0', 'x'.repeat(700)];
  for (let round = 0; round < 300; round++) {
    const few = bits.filter(() => random() < 0.4);
    const text = Array.from({ length: 1 + Math.floor(random() * 6000) }, () => few[Math.floor(random() * few.length)] ?? 'z').join('').slice(0, 40_000);
    const found = pieces(text, 'ann');
    assert.equal(found.flatMap(({ parts: list }) => list.map((part) => part.text)).join(''), text);
    for (const { parts: list } of found) {
      const piece = list.map((part) => part.text).join('');
      assert.ok(piece.length <= 4500 && list.length <= 200 && piece.split('\n').length <= 101, `${piece.length} ${list.length}`);
      assert.ok(!/[\ud800-\udbff]$/.test(piece), 'no half of a character');
    }
  }
  assert.deepEqual(pieceOf('short `code`', 'ann').parts, parts('short `code`', 'ann'));
  assert.equal(pieceOf('short').end, 5);
});

test('a piece ends after a line or a word; a block goes on in the next piece, and a link is whole', () => {
  const words = 'word '.repeat(2000);
  assert.ok(pieces(words).every(({ parts: list }) => list.at(-1).text.endsWith(' ')));
  const code = Array.from({ length: 2000 }, (_, i) => `line ${i} = \`x\``).join('\n');
  const inBlock = pieces(`see\n\`\`\`js\n${code}\n\`\`\`\nand https://a.b/`);
  const blocks = inBlock.map(({ parts: list }) => list.find((part) => part.block !== undefined)?.block).filter((block) => block !== undefined);
  assert.equal(blocks.join('\n'), code);
  assert.deepEqual(inBlock.at(-1).parts.slice(-2), [{ text: '\nand ' }, { text: 'https://a.b/', href: 'https://a.b/' }]);
  assert.ok(pieces(`\`\`\` never closed ${words}`).every(({ parts: list }) => list.every(({ block }) => block === undefined)));
  const long = `https://a.b/${'x'.repeat(1500)}`;
  const hrefs = (text) => pieces(text).flatMap(({ parts: list }) => list).filter(({ href }) => href).map(({ href }) => href);
  assert.deepEqual(hrefs(`${'y'.repeat(2900)} ${long} and ${'z'.repeat(500)}`), [], 'cut in two it leads nowhere');
  assert.deepEqual(hrefs(`${'y '.repeat(1700)} ${long} and`), [long]);
});

test('a text of a million characters is read in a moment, whatever is in it', () => {
  const begin = process.hrtime.bigint();
  for (const text of Object.values(heavyTexts(1 << 20))) {
    mentions(text, 'ann');
    isFewEmoji(text);
    snippet(text);
    let place = { end: 0 };
    for (let i = 0; i < 10; i++) {
      place = pieceOf(text, 'ann', { at: place.end, isInBlock: place.isInBlock });
    }
    assert.ok(place.end > 0);
  }
  assert.equal(parts('`a` '.repeat(1 << 18), 'ann').length, 1 << 19, 'more parts than a function takes arguments');
  assert.ok(process.hrtime.bigint() - begin < 10_000_000_000n);
});
