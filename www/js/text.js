// text.js - what is read out of texts and names. Pure; makes no HTML.

const LINK = /https?:\/\/[^\s<>"'`\u0000-\u001f]+/gi;
const CLOSING = { ')': '(', ']': '[', '}': '{' };

/** A link ends before punctuation that belongs to the sentence; a closing bracket stays if the link opened it. */
function linkEnd(link) {
  const left = {}; // how often each character is in what is left: counted once, or a line of brackets would take hours
  for (const unit of link.split('')) {
    left[unit] = (left[unit] ?? 0) + 1;
  }
  let end = link.length;
  for (; end > 0; end--) {
    const last = link[end - 1];
    const open = CLOSING[last];
    if (!/[.,;:!?*_~]/.test(last) && (open === undefined || (left[open] ?? 0) >= left[last])) {
      break;
    }
    left[last] -= 1;
  }
  return end;
}

/** Links within a text that is neither code nor anything else. */
function linked(text) {
  const found = [];
  let done = 0;
  for (const match of text.matchAll(LINK)) {
    const link = match[0].slice(0, linkEnd(match[0]));
    let url;
    try {
      url = new URL(link);
    } catch {
      continue;
    }
    if (match.index > done) {
      found.push({ text: text.slice(done, match.index) });
    }
    found.push({ text: link, href: url.href });
    done = match.index + link.length;
  }
  if (done < text.length) {
    found.push({ text: text.slice(done) });
  }
  return found;
}

/** Cuts text at each match; make(match) is the part for it, rest(text) the parts between. */
function cut(text, pattern, make, rest) {
  const found = [];
  let done = 0;
  for (const match of text.matchAll(pattern)) {
    found.push(...rest(text.slice(done, match.index)), make(match));
    done = match.index + match[0].length;
  }
  return [...found, ...rest(text.slice(done))];
}

const BLOCK = /```(?:[a-z0-9+-]*\n)?([^]*?)```/gi;
const CODE = /`([^`\n]+)`/g;
const escaped = (word) => word.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** A name behind an @, as a word. */
function mentionOf(name) {
  return isBlank(name) ? null : new RegExp(`(?<![\\p{L}\\p{N}_@])@${escaped(name)}(?![\\p{L}\\p{N}_])`, 'giu');
}

/**
 * [{ text, href | block | code | mention }]: `text` of all together is the whole text. href: a link, http or https only. block, code: what
 * stands between the marks. mention: true where `name` is called.
 */
export function parts(text, name = '') {
  const mention = mentionOf(name);
  const words = (piece) => (mention === null ? linked(piece) : cut(piece, mention, ([all]) => ({ text: all, mention: true }), linked));
  const lines = (piece) => cut(piece, CODE, ([all, code]) => ({ text: all, code }), words);
  return cut(text, BLOCK, ([all, block]) => ({ text: all, block: block.replace(/\n$/, '') }), lines);
}

/** Whether `name` is called in the text, outside of code. */
export const mentions = (text, name) => !isBlank(name) && text.includes('@') && parts(text, name).some((part) => part.mention);

/** The beginning of a text, on one line, for a quote. */
export function snippet(text, most = 120) {
  const line = text.slice(0, most * 4).replace(/\s+/g, ' ').trim();
  const characters = [...line];
  return characters.length > most ? `${characters.slice(0, most).join('')}…` : line;
}

const firstOf = (word) => [...word][0] ?? '';

/** One or two characters for an avatar. */
export function initials(name) {
  const words = name
    .split(/[\s._-]+/u)
    .map((word) => word.replace(/^[^\p{L}\p{N}]+/u, ''))
    .filter((word) => word !== '');
  const letters = words.length > 1 ? firstOf(words[0]) + firstOf(words.at(-1)) : firstOf(words[0] ?? name.trim());
  return letters.toUpperCase();
}

/** A number below `count` that is the same for the same name everywhere (FNV-1a). */
export function hue(name, count) {
  let hash = 0x811c9dc5;
  for (const character of name) {
    hash = Math.imul(hash ^ character.codePointAt(0), 0x01000193) >>> 0;
  }
  return ((hash ^ (hash >>> 15)) >>> 0) % count;
}

/** A few emoji and nothing else are shown large. */
export const isFewEmoji = (text) => /^(?:\p{Extended_Pictographic}[\p{Emoji_Modifier}\u200d\ufe0f]*\s*){1,4}$/u.test(text);

export const isBlank = (text) => text.trim() === '';
