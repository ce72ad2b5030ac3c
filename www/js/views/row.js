// row.js - makes the elements of one row of the log. Text goes in through textContent only.

import { hue, initials, isFewEmoji, parts } from '../text.js';
import { clock, dayLabel, exact, isValid } from '../time.js';

const HUES = 12; // .hue-0 to .hue-11 in chat.css

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

function paintText(element, text) {
  element.replaceChildren(
    ...parts(text).map((part) => {
      if (part.href === undefined) {
        return document.createTextNode(part.text);
      }
      const link = make('a', '', part.text);
      link.href = part.href;
      link.target = '_blank';
      link.rel = 'noopener noreferrer nofollow ugc';
      return link;
    }),
  );
}

export function makeLine(text, kind) {
  const row = make('li', `line line-${kind}`);
  row.append(make('span', 'line-text', text));
  return row;
}

export const makeDay = (time) => makeLine(dayLabel(time, Date.now(), 'en-GB'), 'day');

const NOTES = { queued: 'Waiting', sending: 'Sending …', sent: 'Sent', failed: 'Not sent' };

/** A message. Its author, text and place stay; paintRow sets what changes. */
export function makeRow(message) {
  const row = make('li', 'row');
  const avatar = make('span', 'avatar');
  avatar.setAttribute('aria-hidden', 'true');
  paintAvatar(avatar, message.name);
  const body = make('div', 'row-body');
  const head = make('p', 'row-head');
  const name = make('span', 'row-name', message.name);
  name.dir = 'auto';
  const bubble = make('div', 'bubble');
  const text = make('p', 'bubble-text');
  text.dir = 'auto';
  paintText(text, message.text);
  bubble.classList.toggle('bubble-emoji', isFewEmoji(message.text));
  bubble.append(text);
  const foot = make('p', 'row-foot');
  head.append(name, make('span', 'hidden', ': '));
  body.append(head, bubble, foot);
  row.append(avatar, body);
  return row;
}

function makeTime(time) {
  const element = make('time', 'row-time');
  if (isValid(time)) {
    element.dateTime = time;
    element.title = exact(time);
    element.textContent = clock(time);
  }
  return element;
}

function button(label, action, key) {
  const element = make('button', 'quiet', label);
  element.type = 'button';
  element.dataset.action = action;
  element.dataset.key = key;
  return element;
}

/** look: { isOwn, isFirst, isLast } of a run of one author. Touches nothing that is as it should be. */
export function paintRow(row, message, look) {
  const state = message.state ?? 'stored';
  const wanted = JSON.stringify([look, state, message.detail, message.time]);
  if (row.dataset.look === wanted) {
    return;
  }
  row.dataset.look = wanted;
  row.classList.toggle('row-own', look.isOwn);
  row.classList.toggle('row-first', look.isFirst);
  row.classList.toggle('row-last', look.isLast);
  row.dataset.state = state;
  const foot = row.querySelector('.row-foot');
  foot.setAttribute('aria-live', state === 'failed' ? 'polite' : 'off'); // times and "Sending" aren't read out with each message
  const note = state === 'stored' ? [] : [make('span', 'row-note', NOTES[state])];
  const again = state === 'failed' ? [button('Retry', 'retry', message.key), button('Edit', 'edit', message.key)] : [];
  if (state === 'failed') {
    note.push(make('span', 'row-detail', message.detail));
  }
  foot.replaceChildren(makeTime(message.time), ...note, ...again);
}
