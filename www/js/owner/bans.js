// bans.js - owner.html: who is banned or muted, and until when.

import { ask, button, choice, coverage, el, field, when } from './dom.js';

const KINDS = { ban: 'banned', mute: 'muted', shadow: 'seen by themselves alone' };

function row(page, item) {
  return el('li', { class: 'card' },
    el('h3', {}, el('bdi', {}, item.title), ' ', el('span', { class: 'tag bad' }, KINDS[item.kind] ?? item.kind), ' ', item.room ? el('span', { class: 'tag' }, `#${item.room}`) : undefined),
    el('p', {}, 'Until ', when(item.until), `.${coverage(item.covers)}`),
    el('p', { class: 'soft' }, item.reason ? ['“', el('bdi', {}, item.reason), '”, '] : '', 'by ', el('bdi', {}, item.by ?? 'the program'), ', ', when(item.made)),
    el('div', { class: 'row' }, button('Lift', () => page.do('lift', { ban: item.ban }, 'The ban is lifted.'))));
}

async function add(page) {
  const given = await ask({
    title: 'Ban a name',
    body: [
      el('p', {}, 'To ban a person or a network, use the menu of one of their messages, or the list of people.'),
      field('Name', el('input', { name: 'name', required: true, maxlength: '64' }), 'Also in other spellings that look the same.'),
      field('What', choice('kind', [['ban', 'may not write or read by key'], ['mute', 'may not write']], 'mute')),
      field('How long', choice('minutes', [['60', 'an hour'], ['1440', 'a day'], ['10080', 'a week'], ['43200', '30 days'], ['0', 'without end']], '1440')),
      field('Reason', el('input', { name: 'reason', maxlength: '200' })),
    ],
    yes: 'Ban',
    bad: true,
  });
  if (given !== null) {
    await page.do('ban', given, 'The name is banned.');
  }
}

export async function show({ page, desk }) {
  const { items } = await desk.list('bans');
  return [
    el('h2', {}, 'Bans'),
    el('p', { class: 'about' }, items.length > 0 ? 'They end by themselves.' : 'Nobody is banned.'),
    el('ul', { class: 'list' }, items.map((item) => row(page, item))),
    el('div', { class: 'row' }, button('Ban a name …', () => add(page))),
  ];
}
