// row.js - makes and paints the elements of one row of the log. Sets texts through textContent
// only.
//
// Of a long text a row shows the first piece, and a button for the next one. A browser takes
// minutes to lay out some texts of a few hundred thousand characters, and any visitor may send
// them.

import { hue, initials, isFewEmoji, pieceOf, snippet } from '../text.js';
import { clock, dayLabel, exact, isValid } from '../time.js';

const HUES = 12; // .hue-0 to .hue-11 in messages.css
const LONGEST_LINE = 500; // characters of a line between rows

// what a row shows: { frame, quote, text, name, isDeleted, at, isInBlock }
const states = new WeakMap();

export function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) {
    element.className = className;
  }
  if (text !== undefined) {
    element.textContent = text;
  }
  return element;
}

export function paintAvatar(element, name) {
  element.textContent = initials(name);
  for (let i = 0; i < HUES; i++) {
    element.classList.toggle(`hue-${i}`, i === hue(name, HUES));
  }
}

function makePart(part) {
  if (part.href !== undefined) {
    const link = make('a', '', part.text);
    link.href = part.href;
    link.target = '_blank';
    link.rel = 'noopener noreferrer nofollow ugc';
    return link;
  }
  if (part.block !== undefined) {
    const block = make('pre', 'block');
    block.tabIndex = 0; // it scrolls
    block.append(make('code', '', part.block));
    return block;
  }
  if (part.code !== undefined) {
    return make('code', '', part.code);
  }
  return part.mention ? make('mark', 'mention', part.text) : document.createTextNode(part.text);
}

export function makeLine(text, kind) {
  const row = make('li', `line line-${kind}`);
  row.append(make('span', 'line-text', snippet(text ?? '', LONGEST_LINE)));
  return row;
}

export const makeDay = (time, language) =>
  makeLine(dayLabel(time, Date.now(), language.locale, undefined, { today: language.say('today'), yesterday: language.say('yesterday') }), 'day');

function button(label, action, data, className = 'quiet') {
  const element = make('button', className, label);
  element.type = 'button';
  Object.assign(element.dataset, { action, ...data });
  return element;
}

/* * The author and the beginning of the message that is answered. target: undefined if it isn't
 * here. */
function makeQuote(seq, target, language) {
  const quote = button('', 'jump', { seq }, 'quote');
  const name = make('span', 'quote-name', target?.name ?? `#${seq}`);
  const text = make('span', 'quote-text', target === undefined ? language.say('gone') : target.deleted ? language.say('deleted') : snippet(target.text));
  name.dir = 'auto';
  text.dir = 'auto';
  quote.append(name, text);
  return quote;
}

function makeTools(row, { seq }, isModerator, language) {
  const tools = make('div', 'row-tools');
  const data = { seq };
  const menu = button('\u22ef', 'menu', data, 'quiet row-menu');
  menu.setAttribute('aria-label', language.say('menu'));
  menu.ariaHasPopup = 'menu';
  tools.append(button(language.say('reply'), 'reply', data), menu);
  if (isModerator) {
    tools.append(button(language.say('clean'), 'clean', data, 'quiet row-clean'));
  }
  for (const tool of tools.children) {
    tool.tabIndex = row.tabIndex; // the row leads to it: list.js
  }
  row.querySelector('.row-tools')?.remove();
  row.querySelector('.row-body').append(tools);
}

/** Beside the author's name: the role, the mark of the key, and what readers should know of it. */
function makeMarks({ role, mark, signed, alike, fresh }, language) {
  const marks = [];
  const badge = (phrase, kind) => marks.push(make('span', `row-badge ${kind}`, phrase));
  if (role === 'owner' || role === 'moderator') {
    badge(role === 'owner' ? language.say('owner') : language.say('moderator'), 'badge-role');
  } else if (signed) {
    badge(language.say('signed'), 'badge-signed');
  }
  if (mark) {
    const shown = make('span', `row-mark${alike || fresh ? ' row-mark-shown' : ''}`, `\u00b7${mark}`);
    shown.ariaHidden = alike || fresh ? null : 'true';
    marks.push(shown);
  }
  if (alike) {
    badge(language.say('alike'), 'badge-warn');
  } else if (fresh) {
    badge(language.say('fresh'), 'badge-fresh');
  }
  return marks.flatMap((element) => [' ', element]);
}

/** The row of a message, with what never changes; paintRow() sets the rest. */
export function makeRow(message, language) {
  const row = make('li', 'row');
  row.tabIndex = -1;
  const avatar = make('span', 'avatar');
  avatar.setAttribute('aria-hidden', 'true');
  paintAvatar(avatar, message.name);
  const body = make('div', 'row-body');
  const head = make('p', 'row-head');
  const name = make('bdi', 'row-name', message.name);
  head.append(name, ...makeMarks(message, language), make('span', 'hidden', ': '));
  const bubble = make('div', 'bubble');
  const text = make('div', 'bubble-text');
  text.dir = 'auto';
  bubble.append(text);
  body.append(head, bubble, make('p', 'row-foot'));
  row.append(avatar, body);
  return row;
}

function paintQuote(row, message, target, language) {
  row.querySelector('.quote')?.remove();
  if (message.reply_to !== undefined) {
    row.querySelector('.bubble').prepend(makeQuote(message.reply_to, target, language));
  }
}

/** Appends the piece that begins at state.at to an element. */
function addPiece(into, state) {
  const { parts, end, isInBlock } = pieceOf(state.text, state.name, state);
  for (const part of parts) {
    into.append(makePart(part));
  }
  Object.assign(state, { at: end, isInBlock });
}

/** Says how much of the text isn't shown, with buttons for it. */
function paintRest(row, state, language) {
  const left = state.text.length - state.at;
  row.querySelector('.row-more')?.remove();
  if (left > 0) {
    const rest = make('p', 'row-more');
    rest.append(button(language.say('more'), 'more', {}), button(language.say('copyText'), 'whole', {}), make('span', '', language.say('rest', { n: left })));
    // as the other buttons of the row: list.js
    rest.querySelectorAll('button').forEach((tool) => (tool.tabIndex = row.tabIndex));
    row.querySelector('.bubble').append(rest);
  }
}

function paintText(row, state, language) {
  const bubble = row.querySelector('.bubble');
  const text = row.querySelector('.bubble-text');
  bubble.classList.toggle('bubble-deleted', state.isDeleted);
  bubble.classList.toggle('bubble-emoji', !state.isDeleted && state.quote === undefined && isFewEmoji(state.text));
  text.replaceChildren();
  if (state.isDeleted) {
    text.append(make('em', '', language.say('deleted')));
  } else {
    addPiece(text, state);
  }
  paintRest(row, state, language);
}

/**
 * Shows the next piece of a long text, in a box of its own, so that the browser need not lay out
 * the earlier ones again.
 */
export function showMore(row, language) {
  const state = states.get(row);
  const piece = make('div', 'piece');
  piece.dir = 'auto';
  piece.tabIndex = -1;
  addPiece(piece, state);
  row.querySelector('.bubble-text').append(piece);
  paintRest(row, state, language);
  (row.querySelector('.row-more button') ?? piece).focus({ preventScroll: true });
}

/** The whole text of a row, however much of it is shown. */
export const textOf = (row) => states.get(row)?.text ?? '';

/* * A row that says that it can't be shown. So a faulty one doesn't stop the others. row: as far
 * as it was made, or undefined.
 */
export function makeBroken(row, language) {
  const broken = row ?? makeLine('', 'notice');
  states.delete(broken);
  broken.dataset.state ??= 'stored';
  (broken.querySelector('.bubble-text') ?? broken.querySelector('.line-text') ?? broken).textContent = language.say('unshown');
  broken.querySelector('.row-more')?.remove();
  return broken;
}

function makeTime(time, language) {
  const element = make('time', 'row-time');
  if (isValid(time)) {
    element.dateTime = time;
    element.title = exact(time, language.locale);
    element.textContent = clock(time, language.locale);
  }
  return element;
}

function paintFoot(row, message, state, language) {
  const foot = row.querySelector('.row-foot');
  const isFailed = (message.change ?? message).state === 'failed';
  // screen readers skip times and "Sending"
  foot.setAttribute('aria-live', isFailed ? 'polite' : 'off');
  const pieces = [makeTime(message.time, language)];
  if (message.edited) {
    const note = make('span', 'row-note', language.say('edited'));
    note.title = isValid(message.editedAt) ? exact(message.editedAt, language.locale) : '';
    pieces.push(note);
  }
  foot.replaceChildren(...pieces, ...(state === 'stored' ? makeState(message.change, language, true) : makeState(message, language)));
}

/** How far an own message is, or the change of one, and what can be done with it. */
function makeState(entry, language, isChange = false) {
  if (entry === undefined) {
    return [];
  }
  const { key, state, detail, reason, part = 0 } = entry;
  const notes = {
    queued: language.say('queued'), sending: language.say('sending'), sent: language.say('sent'), failed: language.say('failed'),
    held: language.say('held'), proving: `${language.say('proving')} ${Math.round(part * 100)} %`,
  };
  const deed = (label, action) => button(label, action, { key });
  const note = make('span', 'row-note', notes[state]);
  if (state === 'held') {
    return [note, deed(language.say('dismiss'), 'drop')];
  }
  if (state !== 'failed') {
    return [note];
  }
  const why = make('span', 'row-detail', reason === 'blocked' ? language.say('blocked') : detail);
  const others = isChange ? [deed(language.say('dismiss'), 'drop')] : [deed(language.say('edit'), 'edit'), deed(language.say('copyText'), 'copy')];
  return [note, why, deed(language.say('retry'), 'retry'), ...others];
}

/** Changes what is different. look: { isOwn, isFirst, isLast, name, target, isCalled,
 * isModerator }. */
export function paintRow(row, message, look, language) {
  const before = states.get(row);
  const { name, target, ...frame } = look;
  const { change = {} } = message;
  const state = message.state ?? 'stored';
  const shown = {
    frame: JSON.stringify([frame, state, message.detail, message.reason, message.part, message.time, message.edited, message.editedAt, change.key, change.state, change.detail, change.part]),
    quote: message.reply_to === undefined ? undefined : JSON.stringify(target && [target.name, target.deleted, snippet(target.text)]),
    text: message.deleted ? '' : message.text,
    name,
    isDeleted: message.deleted === true,
    at: 0,
    isInBlock: false,
  };
  if (shown.frame !== before?.frame) {
    paintFrame(row, message, look, language);
  }
  if (before === undefined || shown.quote !== before.quote) {
    paintQuote(row, message, target, language);
  }
  if (before !== undefined && ['text', 'name', 'isDeleted'].every((key) => shown[key] === before[key])) {
    // the pieces that are shown stay
    Object.assign(before, { frame: shown.frame, quote: shown.quote });
    return;
  }
  paintText(row, shown, language);
  states.set(row, shown);
}

function paintFrame(row, message, look, language) {
  const state = message.state ?? 'stored';
  row.classList.toggle('row-own', look.isOwn);
  row.classList.toggle('row-first', look.isFirst);
  row.classList.toggle('row-last', look.isLast);
  row.classList.toggle('row-called', look.isCalled);
  row.classList.toggle('row-changing', message.change !== undefined && message.change.state !== 'failed');
  row.classList.toggle('row-deleted', message.deleted === true);
  row.dataset.state = state;
  paintFoot(row, message, state, language);
  const tools = `${message.seq} ${look.isModerator}`;
  if (message.seq !== undefined && state === 'stored' && row.dataset.tools !== tools) {
    Object.assign(row.dataset, { seq: message.seq, tools });
    makeTools(row, message, look.isModerator, language);
  }
}
