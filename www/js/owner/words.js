// words.js - owner.html: the list of words that are refused, held or masked.

import { button, choice, el, field } from './dom.js';

const ACTS = { reject: 'is refused', hold: 'waits for approval', mask: 'is stored with ***' };

export async function show({ page, desk }) {
  const items = await desk.all('words');
  const pattern = el('input', { name: 'pattern', required: true, maxlength: '100' });
  const act = choice('act', Object.entries(ACTS).map(([value, text]) => [value, `the message ${text}`]), 'reject');
  const whole = el('input', { type: 'checkbox', name: 'whole', checked: true });
  const form = el('form', { class: 'card', onsubmit: (event) => {
    event.preventDefault();
    page.do('word', { pattern: pattern.value, act: act.value, whole: whole.checked ? 'yes' : 'no' }, 'The word is on the list.');
  } },
  el('div', { class: 'fields' }, field('Word', pattern, 'Capitals, accents and letters that look alike count as the same.'), field('Then', act), el('label', { class: 'box' }, whole, 'only as a whole word')),
  el('button', { class: 'main' }, 'Add'));
  return [
    el('h2', {}, 'Words'),
    el('p', { class: 'about' }, items.length > 0 ? 'Moderators’ own messages are not looked at.' : 'No word is on the list.'),
    items.length > 0 ? el('div', { class: 'card scroll' }, el('table', {},
      el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Word'), el('th', { scope: 'col' }, 'A message with it'), el('th', { scope: 'col' }, el('span', { 'aria-label': 'Remove' })))),
      el('tbody', {}, items.map((item) => el('tr', {}, el('td', {}, el('bdi', {}, item.pattern), item.whole ? '' : el('span', { class: 'soft' }, ' (also within words)')), el('td', {}, ACTS[item.act]),
        el('td', {}, button('Remove', () => page.do('unword', { word: item.word }, 'The word is off the list.')))))))) : [],
    form,
  ].flat();
}
