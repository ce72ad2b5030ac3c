// text.js - finds links, code and names in texts, and makes initials and colours of names. Pure;
// makes no HTML.
//
// Any visitor may send a text of a million characters. Nothing here takes more than linear time,
// and texts are shown in pieces (pieceOf) that a browser can lay out in a moment.

const LINK = /https?:\/\/[^\s<>"'`\u0000-\u001f]+/gi;
const LONGEST_LINK = 2000; // characters; a longer one is shown as text
const CLOSING = { ')': '(', ']': '[', '}': '{' };

/**
 * The length of a link without the punctuation of the sentence around it. A closing bracket belongs
 * to the link if the link has the opening one.
 */
function linkEnd(link) {
  const left = {}; // how often each character is in what is left; a new count for each would take hours
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

/** The parts of a text without code: links, and what is between them. */
function linked(text) {
  const found = [];
  let done = 0;
  for (const match of text.matchAll(LINK)) {
    const link = match[0].slice(0, linkEnd(match[0]));
    if (link.length > LONGEST_LINK) {
      continue;
    }
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

/* * Cuts a text at each match. make(match): the part for it; rest(text): the parts of what is
 * between. */
function cut(text, pattern, make, rest) {
  const found = [];
  let done = 0;
  const fill = (end) => {
    for (const part of rest(text.slice(done, end))) {
      found.push(part);
    }
  };
  for (const match of text.matchAll(pattern)) {
    fill(match.index);
    found.push(make(match));
    done = match.index + match[0].length;
  }
  fill(text.length);
  return found;
}

const FENCE = '```';
const BLOCK = /```(?:[a-z0-9+-]*\n)?([^]*?)```/gi;
const CODE = /`([^`\n]+)`/g;
const escaped = (word) => word.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** Finds a name after an @, as a whole word. */
function mentionOf(name) {
  return isBlank(name) ? null : new RegExp(`(?<![\\p{L}\\p{N}_@])@${escaped(name)}(?![\\p{L}\\p{N}_])`, 'giu');
}

const wordsOf = (mention) => (piece) => (mention === null ? linked(piece) : cut(piece, mention, ([all]) => ({ text: all, mention: true }), linked));
const linesOf = (mention) => (piece) => cut(piece, CODE, ([all, code]) => ({ text: all, code }), wordsOf(mention));
const makeBlock = ([all, block]) => ({ text: all, block: block.replace(/\n$/, '') });

/**
 * The parts of a text: [{ text, href | block | code | mention }]. The `text` of all parts together
 * is the whole text. href: a link, http or https only. block, code: what is between the marks.
 * mention: true where `name` is called.
 */
export const parts = (text, name = '') => cut(text, BLOCK, makeBlock, linesOf(mentionOf(name)));

// ---- pieces ----

const PIECE = 4000; // characters
const ENOUGH = 500; // a rest of so many characters belongs to the piece before it
const LINES = 100;
const PARTS = 200;
const BLOCK_WEIGHT = 10; // a block counts as so many parts: it is a box of its own, which scrolls

/**
 * The text of the piece that begins at `at`. It ends after a line or a word if it can, and never
 * within a character or a fence.
 */
function beginning(text, at) {
  let end = text.length - at <= PIECE + ENOUGH ? text.length : at + PIECE;
  let piece = text.slice(at, end);
  let line = -1;
  for (let lines = 0; lines < LINES; lines++) {
    line = piece.indexOf('\n', line + 1);
    if (line < 0) {
      break;
    }
  }
  if (line >= 0) {
    piece = piece.slice(0, line + 1);
  } else if (end < text.length) {
    piece = piece.slice(0, softEnd(piece, text.charCodeAt(end)));
  }
  const marks = /`{1,2}$/.exec(piece);
  end = at + piece.length;
  return marks !== null && marks.index > 0 && text[end] === '`' ? piece.slice(0, marks.index) : piece;
}

/** Where to cut a piece without a line end near its end. next: the code unit after the piece. */
function softEnd(piece, next) {
  const line = piece.lastIndexOf('\n') + 1;
  if (line > piece.length / 2) {
    return line;
  }
  const word = /\s\S{0,999}$/.exec(piece.slice(-1000));
  if (word !== null) {
    return piece.length - word[0].length + 1;
  }
  const isHalf = next >= 0xdc00 && next < 0xe000 && piece.length > 1;
  return piece.length - (isHalf ? 1 : 0);
}

/** The first parts, as many as a piece may have. */
function atMost(found) {
  let weight = 0;
  const count = found.findIndex(({ block }) => (weight += block === undefined ? 1 : BLOCK_WEIGHT) > PARTS);
  return count < 0 ? found : found.slice(0, Math.max(1, count));
}

const lengthOf = (found) => found.reduce((sum, { text }) => sum + text.length, 0);

/**
 * The parts of a text that can be shown at once, from `at` on: { parts, end, isInBlock }. The next
 * piece begins at `end`. isInBlock: a block goes on in it; to be given to the next call.
 */
export function pieceOf(text, name = '', { at = 0, isInBlock = false } = {}) {
  const piece = beginning(text, at);
  const found = [];
  let done = 0;
  if (isInBlock) {
    const close = piece.indexOf(FENCE);
    done = close < 0 ? piece.length : close + FENCE.length;
    found.push({ text: piece.slice(0, done), block: (close < 0 ? piece : piece.slice(0, close)).replace(/\n$/, '') });
    isInBlock = close < 0;
  }
  const lines = linesOf(mentionOf(name));
  const rest = piece.slice(done);
  const whole = cut(rest, BLOCK, makeBlock, (between) => [{ text: between, isPlain: true }]);
  const left = whole.pop(); // after the last whole block: a fence in it begins a block that goes on, or none
  const open = left.text.indexOf(FENCE);
  const goesOn = open >= 0 && text.indexOf(FENCE, at + piece.length - left.text.length + open + FENCE.length) >= 0;
  for (const part of [...whole, { text: goesOn ? left.text.slice(0, open) : left.text, isPlain: true }]) {
    for (const small of part.isPlain ? lines(part.text) : [part]) {
      found.push(small);
    }
  }
  const last = found.at(-1);
  if (!goesOn && last?.href !== undefined && at + piece.length < text.length && /\S/.test(text[at + piece.length])) {
    found.splice(-1, 1, { text: last.text }); // half a link would lead elsewhere
  }
  if (goesOn) {
    const block = left.text.slice(open);
    found.push({ text: block, block: block.replace(/^```(?:[a-z0-9+-]*\n)?/i, '').replace(/\n$/, '') });
  }
  const shown = atMost(found);
  return { parts: shown, end: at + lengthOf(shown), isInBlock: shown.length === found.length && (goesOn || isInBlock) };
}

const CALL_WITHIN = 20_000; // characters in which a call is found

/** Whether `name` is called in the text, outside of code. */
export function mentions(text, name) {
  const begin = text.slice(0, CALL_WITHIN);
  return begin.includes('@') && !isBlank(name) && mentionOf(name).test(begin.replace(BLOCK, ' ').replace(CODE, ' '));
}

/** The beginning of a text, on one line. most: characters. */
export function snippet(text, most = 120) {
  const line = text.slice(0, most * 4).replace(/\s+/g, ' ').trim();
  const characters = [...line];
  return characters.length > most ? `${characters.slice(0, most).join('')}…` : line;
}

const firstOf = (word) => [...word][0] ?? '';

/** One or two characters of a name, for an avatar. */
export function initials(name) {
  const words = name
    .split(/[\s._-]+/u)
    .map((word) => word.replace(/^[^\p{L}\p{N}]+/u, ''))
    .filter((word) => word !== '');
  const letters = words.length > 1 ? firstOf(words[0]) + firstOf(words.at(-1)) : firstOf(words[0] ?? name.trim());
  return letters.toUpperCase();
}

/** A number below `count`: the same for a name everywhere (FNV-1a). */
export function hue(name, count) {
  let hash = 0x811c9dc5;
  for (const character of name) {
    hash = Math.imul(hash ^ character.codePointAt(0), 0x01000193) >>> 0;
  }
  return ((hash ^ (hash >>> 15)) >>> 0) % count;
}

/** Whether a text is a few emoji and nothing else; then they are shown large. */
export const isFewEmoji = (text) => text.length <= 100 && /^(?:\p{Extended_Pictographic}[\p{Emoji_Modifier}\u200d\ufe0f]*\s*){1,4}$/u.test(text);

export const isBlank = (text) => text.trim() === '';
