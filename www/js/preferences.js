// preferences.js - what a visitor chooses: language, colours, sound, notifications, muting. Keeps
// it in this browser, with the visitor's name and draft, and applies language and colours.
//
// To add a choice: a field in views/settings.js, a phrase in each words/, its effect in change().

import { choose, directionOf, loadLanguage, readyLanguage, translate } from './lang.js';
import { CHAT, remember } from './site.js';

const THEMES = { light: 'not all', dark: 'all', auto: '(prefers-color-scheme: dark)' }; // when dark.css applies
const BRIGHT = 140; // of 255: on a brighter colour, black letters are easier to read than white ones

function setTheme(theme) {
  document.querySelector('[data-part="dark"]').media = THEMES[theme] ?? THEMES.auto;
}

/**
 * Gives buttons and own messages this colour, and black or white letters. embed.js does the same.
 */
function setAccent(accent) {
  const { style } = document.documentElement;
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.color = accent;
  const [r, g, b] = getComputedStyle(probe).color.match(/\d+/g).map(Number);
  probe.remove();
  const letters = r * 0.3 + g * 0.59 + b * 0.11 > BRIGHT ? '#000' : '#fff';
  for (const [name, value] of [['fill', accent], ['own', accent], ['on-accent', letters], ['on-own', letters]]) {
    style.setProperty(`--${name}`, value);
  }
}

export class Preferences {
  language; // see lang.js; after load()

  /** on: { language(): it has changed; sound(): makes a sound }. */
  constructor({ room, on }) {
    this.on = on;
    this.chat = remember('localStorage', CHAT);
    this.room = remember('localStorage', `${CHAT} ${room}`);
  }

  #storeOf(key) {
    return key === 'mute' || key === 'draft' ? this.room : this.chat;
  }

  get(key) {
    return this.#storeOf(key).get(key);
  }

  set(key, value) {
    this.#storeOf(key).set(key, value);
  }

  /** Whether a box is ticked: sound, notify, mute. */
  wants(key) {
    return this.get(key) === 'yes';
  }

  /**
   * Applies what was chosen earlier. Waits for nothing if the language is English, as people type
   * early.
   */
  async load(root) {
    this.root = root;
    setTheme(this.get('theme'));
    const wanted = this.#wantedLanguages();
    this.#speak(readyLanguage(wanted) ?? (await loadLanguage(wanted)));
  }

  /** Tags in the order of preference; a region that the browser names, such as de-AT, is kept. */
  #wantedLanguages() {
    const chosen = this.get('language') ?? 'auto';
    const own = navigator.languages ?? [navigator.language];
    return chosen === 'auto' ? own : [own.find((tag) => tag.toLowerCase().split('-')[0] === chosen) ?? chosen, ...own];
  }

  #speak(language) {
    this.language = language;
    const tag = choose([language.locale]);
    Object.assign(document.documentElement, { lang: tag, dir: directionOf(tag) });
    translate(this.root, language);
  }

  /** The visitor has chosen. Resolves with a text if it can't be had, else with undefined. */
  async change(key, value) {
    if (key === 'theme') {
      setTheme(value);
    } else if (key === 'language') {
      this.set(key, value);
      const language = await loadLanguage(this.#wantedLanguages());
      await language.learn().catch(() => {}); // the panel with this choice is open
      this.#speak(language);
      this.on.language();
    } else if (key === 'sound' && value === 'yes') {
      this.on.sound(); // as an example; and browsers allow sounds only after a click
    } else if (key === 'notify' && value === 'yes') {
      const isAllowed = typeof Notification === 'function' && (await Notification.requestPermission()) === 'granted';
      return isAllowed ? undefined : this.language.say('notifyDenied');
    }
    return undefined;
  }

  /** What the site around a frame wants. The visitor's own choice of a theme comes first. */
  suggest({ theme, accent }) {
    if (this.get('theme') === null && Object.keys(THEMES).includes(theme)) {
      setTheme(theme);
    }
    if (typeof accent === 'string' && CSS.supports('color', accent)) {
      setAccent(accent);
    }
  }
}
