// people.js - owner.html: who writes here, with names, roles and bans.

import { ask, button, choice, el, field, number, person, when } from './dom.js';

const ROLES = [['reader', 'reader: may not write'], ['member', 'member'], ['moderator', 'moderator'], ['owner', 'owner']];

async function changeRole(page, item) {
  const given = await ask({
    title: `Role of ${item.name ?? 'this person'}`,
    body: [
      field('Role', choice('role', ROLES, item.role)),
      field('Room', el('input', { name: 'room', maxlength: '64', pattern: '[a-z0-9][a-z0-9_\\-]*' }), 'Empty: in all rooms.'),
    ],
    yes: 'Save',
  });
  if (given !== null) {
    await page.do('role', { person: item.person, ...given }, 'The role is changed.');
  }
}

async function ban(page, item) {
  const given = await ask({
    title: `Ban ${item.name ?? 'this person'}`,
    body: [
      field('What', choice('kind', [['ban', 'banned'], ['mute', 'muted: may read'], ['shadow', 'seen by themselves alone']], 'ban')),
      field('How long', choice('minutes', [['60', 'an hour'], ['1440', 'a day'], ['10080', 'a week'], ['43200', '30 days'], ['0', 'without end']], '1440')),
      field('Reason', el('input', { name: 'reason', maxlength: '200' }), 'The person reads it.'),
    ],
    yes: 'Ban',
    bad: true,
  });
  if (given !== null) {
    await page.do('ban', { person: item.person, ...given }, 'Done.');
  }
}

async function erase(page, item) {
  const given = await ask({
    title: `Erase everything of ${item.name ?? 'this person'}?`,
    body: [el('p', {}, 'All messages, names and keys of this person are erased from the database, for good. Readers see that messages are gone. Copies that were made before (backups, chat-before-….db) still have them.')],
    yes: 'Erase everything',
    bad: true,
  });
  if (given !== null) {
    await page.do('erase', { person: item.person }, ({ erased }) => `Erased messages: ${erased}.`);
  }
}

async function free(page, item) {
  const given = await ask({ title: 'Free a name', body: [field('Name', choice('name', item.names.map((name) => [name, name]), item.names[0]), 'Then anybody may take it.')], yes: 'Free it' });
  if (given !== null) {
    await page.do('release', given, 'The name is free.');
  }
}

/** Roles, weakest first. An act on a person needs a higher role than that person has. */
const RANKS = ['nobody', 'reader', 'member', 'moderator', 'owner'];

function row(page, me, item) {
  const isOwner = me.role === 'owner';
  const isBelow = RANKS.indexOf(item.role) < RANKS.indexOf(me.role);
  const tags = [
    el('span', { class: 'tag' }, item.role),
    ...(item.roles ?? []).map(({ room, role }) => el('span', { class: 'tag' }, `${role} in #${room}`)),
    item.signed && el('span', { class: 'tag' }, 'signed in by the site'),
    item.fresh && el('span', { class: 'tag' }, 'new'),
    item.bans?.length > 0 && el('span', { class: 'tag bad' }, 'banned'),
  ];
  return el('li', { class: 'card', data: { person: item.person } },
    el('h3', {}, person(item.name, item.mark), ' ', tags.flatMap((tag) => [tag, ' '])),
    el('p', { class: 'soft' }, 'First here ', when(item.first), ', last ', when(item.seen), item.hour > 0 ? `, ${number(item.hour)} in the last hour` : ''),
    item.names?.length > 0 && el('p', {}, 'Names: ', item.names.flatMap((name, i) => [i > 0 ? ', ' : '', el('bdi', {}, name)])),
    el('div', { class: 'row' },
      item.fresh && isBelow && button('Trust', () => page.do('trust', { person: item.person }, 'This person no longer counts as new.')),
      isOwner && button('Role …', () => changeRole(page, item)),
      item.names?.length > 0 && button('Free a name …', () => free(page, item)),
      isBelow && button('Ban …', () => ban(page, item), 'bad'),
      isOwner && isBelow && button('Erase …', () => erase(page, item), 'bad')));
}

export async function show({ page, desk, me, given }) {
  const q = given.get('q') ?? '';
  const { items, more } = await desk.list('people', { q: q === '' ? undefined : q });
  const search = el('input', { name: 'q', value: q, type: 'search', 'aria-label': 'Search by name or mark' });
  return [
    el('h2', {}, 'People'),
    el('p', { class: 'about' }, 'Everybody who has written or taken a name with a key, the latest first. The four digits behind a name tell persons apart.'),
    el('form', { class: 'row', role: 'search', onsubmit: (event) => {
      event.preventDefault();
      location.hash = `people?${new URLSearchParams({ q: search.value })}`;
    } }, search, el('button', {}, 'Search')),
    items.length === 0 ? el('p', {}, q === '' ? 'Nobody yet.' : 'Nobody is found.') : el('ul', { class: 'list' }, items.map((item) => row(page, me, item))),
    more && el('p', { class: 'soft' }, 'There are more; search for a name.'),
  ].filter(Boolean);
}
