// lang.test.mjs - the texts of the page: every language has every phrase, every phrase is used, and
// numbers have their plural forms.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { choose, directionOf, inEnglish, Language, LANGUAGES, loadLanguage } from '../../www/js/lang.js';
import english from '../../www/js/lang/en.js';

const www = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../../www');
const catalogues = await Promise.all(LANGUAGES.map(async ([tag]) => [tag, (await import(`../../www/js/lang/${tag}.js`)).default]));
const later = await Promise.all(LANGUAGES.map(async ([tag]) => [tag, (await import(`../../www/js/words/${tag}.js`)).default]));
const places = (phrase) => [...new Set((typeof phrase === 'string' ? [phrase] : Object.values(phrase)).flatMap((text) => text.match(/\{\w+\}/g) ?? []))].sort();

const everyPhrase = (all) => {
  const [, first] = all.find(([tag]) => tag === 'en');
  for (const [tag, phrases] of all) {
    assert.deepEqual(Object.keys(phrases).sort(), Object.keys(first).sort(), tag);
    for (const [key, phrase] of Object.entries(phrases)) {
      assert.deepEqual(places(phrase), places(first[key]), `${tag}: ${key}`);
      assert.equal(typeof phrase, typeof first[key], `${tag}: ${key}`);
      const texts = typeof phrase === 'string' ? [phrase] : Object.values(phrase);
      assert.ok(texts.every((text) => text.trim() === text && text !== ''), `${tag}: ${key}`);
      if (typeof phrase === 'object') {
        assert.deepEqual(Object.keys(phrase).sort(), new Intl.PluralRules(tag).resolvedOptions().pluralCategories.sort(), `${tag}: ${key}`);
      }
    }
  }
};

for (const [folder, all] of [['lang', catalogues], ['words', later]]) {
  test(`every language has every phrase of ${folder}/, with the same values and each plural form`, () => {
    assert.deepEqual(fs.readdirSync(path.join(www, 'js', folder)).sort(), LANGUAGES.map(([tag]) => `${tag}.js`).sort());
    everyPhrase(all);
  });
}

test('every phrase is used, and every phrase that is used exists', () => {
  const files = fs.readdirSync(www, { recursive: true }).filter((name) => /\.(js|html)$/.test(name) && !/(lang|words|owner)\//.test(name));
  const source = files.map((name) => fs.readFileSync(path.join(www, name), 'utf8')).join('\n');
  const used = new Set([...source.matchAll(/(?:[sS]ay\(|said\('\w+', |#act\([^\n]*, |[cC]opy\([^\n]*, |data-say(?:-label|-hint)?=|SAY\.\w+ = |say: )["'](\w+)["']/g)].map(([, key]) => key));
  const known = { ...later.find(([tag]) => tag === 'en')[1], ...english };
  assert.deepEqual([...used].filter((key) => !(key in known)), [], 'not in the catalogue');
  assert.deepEqual(Object.keys(known).filter((key) => !used.has(key)), [], 'not used');
});

test('the language is the first wanted one that has a catalogue, else English', async () => {
  assert.equal(choose(['da', 'de-AT', 'en']), 'de');
  assert.equal(choose(['pt-BR']), 'pt');
  assert.equal(choose(['ZH-hant-TW']), 'zh');
  assert.equal(choose([]), 'en');
  assert.equal(directionOf('ar'), 'rtl');
  assert.equal((await loadLanguage(['de-AT', 'en'])).locale, 'de-AT');
  assert.equal((await loadLanguage(['de'], async () => { throw new Error('offline'); })).say('send'), 'Send');
});

test('values are filled in: numbers in the form of the language, texts unchanged', () => {
  const en = inEnglish();
  assert.equal(en.say('news', { n: 1 }), '1 new message');
  assert.equal(en.say('news', { n: 1200 }), '1,200 new messages');
  assert.equal(en.say('replying', { name: '{room} $& <b>' }), 'Replying to {room} $& <b>');
  const polish = new Language('pl', catalogues.find(([tag]) => tag === 'pl')[1]);
  assert.deepEqual([1, 3, 5, 22].map((n) => polish.say('news', { n })), ['1 nowa wiadomość', '3 nowe wiadomości', '5 nowych wiadomości', '22 nowe wiadomości']);
});
