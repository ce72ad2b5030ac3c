// rooms.js - owner.html: the rooms and their modes.

import { hoursHere } from '../time.js';
import { ask, button, choice, el, field, number, when } from './dom.js';

const KINDS = { open: 'open', 'read-only': 'read-only', members: 'members only', locked: 'locked' };
const LONG = { open: 'open: everybody reads and writes', 'read-only': 'read-only: moderators write', members: 'members read and write', locked: 'locked: only moderators read and write' };
const NEWCOMERS = [['default', 'as the setting says'], ['free', 'write like all others'], ['slow', 'write slowly, without links'], ['held', 'wait for approval']];

async function change(page, me, item) {
  const given = await ask({
    title: `#${item.room}`,
    body: [
      field('What it is', choice('kind', [['default', 'as the setting says'], ...Object.entries(LONG)], item.kind_set ?? 'default')),
      field('For how long', choice('minutes', [['0', 'until I change it'], ['30', 'half an hour'], ['120', 'two hours'], ['1440', 'a day']], '0')),
      field('Slow mode', el('input', { name: 'slow', type: 'number', min: '0', max: '86400', value: item.slow ?? 0 }), 'Seconds that a person waits between two messages. 0: none.'),
      field('Opening hours', el('input', { name: 'hours', value: item.hours ?? '', placeholder: 'mon-fri 08:00-18:00 +60' }), 'Days, and from-to in your time; or with minutes east of UTC at the end. Empty: always open.'),
      field('New visitors', choice('newcomers', NEWCOMERS, item.newcomers ?? 'default')),
      ...(me.role === 'owner' ? [
        field('Keep messages for', el('input', { name: 'keep_days', type: 'number', min: '0', value: item.keep_days ?? '', placeholder: 'as the setting says' }), 'Days; 0: for ever. Older ones are removed for good.'),
        field('Keep at most', el('input', { name: 'keep_count', type: 'number', min: '0', value: item.keep_count ?? '', placeholder: 'as the setting says' }), 'Messages; 0: all.'),
      ] : []),
    ],
    yes: 'Save',
  });
  if (given !== null) {
    const kept = me.role === 'owner' ? { keep_days: given.keep_days || 'default', keep_count: given.keep_count || 'default' } : {};
    await page.do('room', { room: item.room, ...given, hours: hoursHere(given.hours), ...kept }, `#${item.room} is changed.`);
  }
}

function row(page, me, item) {
  return el('tr', {},
    el('td', {}, el('a', { href: `./?room=${encodeURIComponent(item.room)}` }, `#${item.room}`)),
    el('td', {}, number(item.messages), el('span', { class: 'soft' }, item.messages === 1 ? ' message' : ' messages')),
    el('td', {}, KINDS[item.kind] ?? item.kind, item.until ? [' until ', when(item.until)] : '', item.slow > 0 ? `, one message in ${item.slow} s` : '', item.hours ? `, open ${item.hours}` : ''),
    el('td', {}, button('Change …', () => change(page, me, item))));
}

export async function show({ page, desk, me }) {
  const items = await desk.all('rooms');
  return [
    el('h2', {}, 'Rooms'),
    el('p', { class: 'about' }, 'A room is made by its first message, or here.'),
    items.length === 0 ? el('p', {}, 'There is none yet.') : el('div', { class: 'card scroll' }, el('table', {},
      el('thead', {}, el('tr', {}, ['Room', 'Kept', 'Now', ''].map((title) => el('th', { scope: 'col' }, title || el('span', { 'aria-label': 'Change' }))))),
      el('tbody', {}, items.map((item) => row(page, me, item))))),
    el('div', { class: 'row' }, button('Set up another room …', async () => {
      const given = await ask({ title: 'Set up a room', body: [field('Name', el('input', { name: 'room', required: true, maxlength: '64', pattern: '[a-z0-9][a-z0-9_\\-]*' }), 'Small letters, digits, - and _.')], yes: 'Go on' });
      if (given !== null) {
        await change(page, me, { room: given.room });
      }
    })),
  ];
}
