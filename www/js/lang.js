// lang.js - the words of the page in the visitor's language. Catalogues are in lang/, one module each, loaded when needed.
//
// A phrase is a text with {places}, or one for each plural form of the language (Intl.PluralRules) by the number n. A catalogue
// that lacks one is a fault that a test finds; the page shows English then.

import english from './lang/en.js';

/** Tag, name in its own language, direction. Each has a catalogue. */
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

/** The first of the wanted tags (as navigator.languages has them) that there is a catalogue for; English otherwise. */
export function choose(wanted) {
  const tags = LANGUAGES.map(([tag]) => tag);
  return wanted.map((tag) => tag.toLowerCase().split('-')[0]).find((tag) => tags.includes(tag)) ?? 'en';
}

export const directionOf = (tag) => LANGUAGES.find(([other]) => other === tag)?.[2] ?? 'ltr';

export class Language {
  /** locale: for dates and numbers, such as de-AT; its language is that of the phrases. */
  constructor(locale, phrases) {
    this.locale = locale;
    this.phrases = phrases;
    this.plural = new Intl.PluralRules(locale);
    this.number = new Intl.NumberFormat(locale);
  }

  /** The phrase with its places filled. */
  say(key, values = {}) {
    const phrase = this.phrases[key] ?? english[key] ?? key;
    const text = typeof phrase === 'string' ? phrase : (phrase[this.plural.select(values.n)] ?? phrase.other);
    return text.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === 'number' ? this.number.format(values[name]) : (values[name] ?? '')));
  }
}

export const inEnglish = () => new Language('en-GB', english);

/** What needs no loading, for who wants it: undefined where another language is wanted. */
export const readyLanguage = (wanted) => (choose(wanted) === 'en' ? new Language(wanted.find((tag) => /^en\b/i.test(tag)) ?? 'en-GB', english) : undefined);

/** wanted: tags in the order of preference. load: (tag) => the catalogue. Falls back to English. */
export async function loadLanguage(wanted, load = (tag) => import(`./lang/${tag}.js`)) {
  const tag = choose(wanted);
  const locale = wanted.find((one) => one.toLowerCase().split('-')[0] === tag) ?? 'en-GB';
  try {
    return new Language(locale, (await load(tag)).default);
  } catch {
    return inEnglish();
  }
}

/** Fills every [data-say] and [data-say-label], [data-say-hint] within root. */
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
