// lang.js - the texts of the page in the visitor's language. Each language has a catalogue, a
// module in lang/ that is loaded when it is needed, and a second one in words/ with what only menus
// and dialogs say: it is loaded with the first of them.
//
// A phrase is a text with {names} to fill in, or several of them: one for each plural form of the
// language (Intl.PluralRules), by the number n. For a phrase that a catalogue lacks, the page shows
// the English one; a test finds that.
//
// To add a language: a row in LANGUAGES, and catalogues like lang/en.js and words/en.js.

import english from './lang/en.js';

/** [tag, name in the language itself, direction of writing] */
export const LANGUAGES = [
  ['en', 'English', 'ltr'],
  ['de', 'Deutsch', 'ltr'],
  ['fr', 'Français', 'ltr'],
  ['es', 'Español', 'ltr'],
  ['pt', 'Português', 'ltr'],
  ['pl', 'Polski', 'ltr'],
  ['zh', '中文', 'ltr'],
  ['ja', '日本語', 'ltr'],
  ['hi', 'हिन्दी', 'ltr'],
  ['ar', 'العربية', 'rtl'],
];

/**
 * The first of the wanted languages that has a catalogue, else English. wanted: tags such as de-AT,
 * in the order of preference.
 */
export function choose(wanted) {
  const tags = LANGUAGES.map(([tag]) => tag);
  return wanted.map((tag) => tag.toLowerCase().split('-')[0]).find((tag) => tags.includes(tag)) ?? 'en';
}

export const directionOf = (tag) => LANGUAGES.find(([other]) => other === tag)?.[2] ?? 'ltr';

export class Language {
  isLearned = false; // has the second catalogue

  /** locale: for dates and numbers, such as de-AT; in the language of the phrases. */
  constructor(locale, phrases) {
    this.locale = locale;
    this.phrases = phrases;
    this.plural = new Intl.PluralRules(locale);
    this.number = new Intl.NumberFormat(locale);
  }

  /** Loads the second catalogue. Rejects without a network. */
  async learn(load = (tag) => import(`./words/${tag}.js`)) {
    if (!this.isLearned) {
      const [words, own] = await Promise.all([load('en'), load(choose([this.locale])).catch(() => ({}))]);
      this.phrases = { ...words.default, ...own.default, ...this.phrases };
      this.isLearned = true;
    }
  }

  /** The phrase with the values filled in. */
  say(key, values = {}) {
    const phrase = this.phrases[key] ?? english[key] ?? key;
    const text = typeof phrase === 'string' ? phrase : (phrase[this.plural.select(values.n)] ?? phrase.other);
    return text.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === 'number' ? this.number.format(values[name]) : (values[name] ?? '')));
  }
}

export const inEnglish = () => new Language('en-GB', english);

/** English, which needs no loading; undefined if another language is wanted. */
export const readyLanguage = (wanted) => (choose(wanted) === 'en' ? new Language(wanted.find((tag) => /^en\b/i.test(tag)) ?? 'en-GB', english) : undefined);

/** wanted: see choose(). load(tag): imports the catalogue. English if that fails. */
export async function loadLanguage(wanted, load = (tag) => import(`./lang/${tag}.js`)) {
  const tag = choose(wanted);
  const locale = wanted.find((one) => one.toLowerCase().split('-')[0] === tag) ?? 'en-GB';
  try {
    return new Language(locale, (await load(tag)).default);
  } catch {
    return inEnglish();
  }
}

/** Fills in the texts within root: data-say, data-say-label and data-say-hint name phrases. */
export function translate(root, language) {
  for (const element of root.querySelectorAll('[data-say]')) {
    element.textContent = language.say(element.dataset.say);
  }
  for (const element of root.querySelectorAll('[data-say-label]')) {
    element.setAttribute('aria-label', language.say(element.dataset.sayLabel));
  }
  for (const element of root.querySelectorAll('[data-say-hint]')) {
    element.placeholder = language.say(element.dataset.sayHint);
  }
}
