// row.js - makes the elements of one row of the log. Text goes in through textContent only.

import { hue, initials, isFewEmoji, parts, snippet } from '../text.js';
import { clock, dayLabel, exact, isValid } from '../time.js';

const HUES = 12; // .hue-0 to .hue-11 in messages.css

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
  row.append(make('span', 'line-text', text));
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

/** The message that is answered: its author and how it begins. target: undefined when it isn't here. */
function makeQuote(seq, target, language) {
  const quote = button('', 'jump', { seq }, 'quote');
  const name = make('span', 'quote-name', target?.name ?? `#${seq}`);
  const text = make('span', 'quote-text', target === undefined ? language.say('gone') : target.deleted ? language.say('deleted') : snippet(target.text));
  name.dir = 'auto';
  text.dir = 'auto';
  quote.append(name, text);
  return quote;
}

function makeTools(message, language) {
  const tools = make('div', 'row-tools');
  const data = { seq: message.seq };
  tools.append(button(language.say('reply'), 'reply', data), button(language.say('copyLink'), 'link', data));
  for (const tool of tools.children) {
    tool.tabIndex = -1; // reached from its row: log.js
  }
  return tools;
}

/** A message. Its author and place stay; paintRow sets what changes. */
export function makeRow(message) {
  const row = make('li', 'row');
  row.tabIndex = -1;
  const avatar = make('span', 'avatar');
  avatar.setAttribute('aria-hidden', 'true');
  paintAvatar(avatar, message.name);
  const body = make('div', 'row-body');
  const head = make('p', 'row-head');
  const name = make('bdi', 'row-name', message.name);
  head.append(name, make('span', 'hidden', ': '));
  const bubble = make('div', 'bubble');
  const text = make('div', 'bubble-text');
  text.dir = 'auto';
  bubble.append(text);
  body.append(head, bubble, make('p', 'row-foot'));
  row.append(avatar, body);
  return row;
}

function paintText(row, message, { name, target }, language) {
  const bubble = row.querySelector('.bubble');
  const text = row.querySelector('.bubble-text');
  bubble.querySelector('.quote')?.remove();
  if (message.reply_to !== undefined) {
    bubble.prepend(makeQuote(message.reply_to, target, language));
  }
  bubble.classList.toggle('bubble-deleted', message.deleted === true);
  bubble.classList.toggle('bubble-emoji', !message.deleted && message.reply_to === undefined && isFewEmoji(message.text));
  text.replaceChildren(...(message.deleted ? [make('em', '', language.say('deleted'))] : parts(message.text, name).map(makePart)));
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
  foot.setAttribute('aria-live', state === 'failed' ? 'polite' : 'off'); // times and "Sending" aren't read out with each message
  const notes = { queued: language.say('queued'), sending: language.say('sending'), sent: language.say('sent'), failed: language.say('failed') };
  const pieces = [makeTime(message.time, language)];
  if (message.edited) {
    pieces.push(make('span', 'row-note', language.say('edited')));
  }
  if (state !== 'stored') {
    pieces.push(make('span', 'row-note', notes[state]));
  }
  if (state === 'failed') {
    const data = { key: message.key };
    pieces.push(make('span', 'row-detail', message.reason === 'blocked' ? language.say('blocked') : message.detail), button(language.say('retry'), 'retry', data), button(language.say('edit'), 'edit', data), button(language.say('copyText'), 'copy', data));
  }
  foot.replaceChildren(...pieces);
}

/** look: { isOwn, isFirst, isLast, name, target, isCalled }. Touches nothing that is as it should be. */
export function paintRow(row, message, look, language) {
  const state = message.state ?? 'stored';
  const quoted = look.target && [look.target.name, look.target.deleted, snippet(look.target.text)];
  const wanted = JSON.stringify([{ ...look, target: quoted }, state, message.detail, message.reason, message.time, message.edited, message.deleted, message.edited && message.text]);
  if (row.dataset.look === wanted) {
    return;
  }
  row.dataset.look = wanted;
  row.classList.toggle('row-own', look.isOwn);
  row.classList.toggle('row-first', look.isFirst);
  row.classList.toggle('row-last', look.isLast);
  row.classList.toggle('row-called', look.isCalled);
  row.dataset.state = state;
  paintText(row, message, look, language);
  paintFoot(row, message, state, language);
  if (message.seq !== undefined && state === 'stored' && row.querySelector('.row-tools') === null) {
    row.dataset.seq = message.seq;
    row.querySelector('.row-body').append(makeTools(message, language));
  }
}
