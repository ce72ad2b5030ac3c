// invites.js - owner.html: links that make moderators and members.

import { site } from '../site.js';
import { button, choice, copyable, el, field, when } from './dom.js';

/** The code stands behind #, which browsers send to no server. */
export function linkOf({ invite, role, room }) {
  const isForDesk = role === 'moderator' || role === 'owner';
  const address = new URL(isForDesk ? 'owner.html' : './', site);
  if (!isForDesk && room) {
    address.searchParams.set('room', room);
  }
  address.hash = `join=${invite}`;
  return address.href;
}

export async function show({ page, desk }) {
  const items = await desk.all('invites');
  const role = choice('role', [['moderator', 'a moderator'], ['member', 'a member'], ['reader', 'a reader, who may not write'], ['owner', 'an owner, with all you can do']], 'moderator');
  const room = el('input', { name: 'room', maxlength: '64', pattern: '[a-z0-9][a-z0-9_\\-]*' });
  const uses = el('input', { name: 'uses', type: 'number', min: '1', max: '1000', value: '1' });
  const days = el('input', { name: 'days', type: 'number', min: '1', max: '365', value: '7' });
  const result = el('div', { role: 'status' });
  const form = el('form', { class: 'card', onsubmit: async (event) => {
    event.preventDefault();
    result.replaceChildren(); // the link before isn't the one that was asked for
    try {
      const answer = await desk.act('invite', { role: role.value, room: room.value, uses: uses.value, days: days.value });
      const link = linkOf({ ...answer, role: role.value, room: room.value });
      result.replaceChildren(el('p', {}, 'Send this link to the person. It is shown only now.'), copyable(link, 'Link of the invitation'));
      page.say('The link is made.');
    } catch (error) {
      page.say(error.message, true);
    }
  } },
  el('div', { class: 'fields' }, field('Whoever opens the link becomes', role), field('Only in this room', room, 'Empty: in all rooms.'), field('How many times it works', uses), field('Days until it ends', days)),
  el('button', { class: 'main' }, 'Make a link'), result);
  const row = (item) => el('tr', {}, el('td', {}, item.role, item.room ? ` in #${item.room}` : ''), el('td', {}, when(item.until)), el('td', {}, `${item.uses}`),
    el('td', {}, button('Revoke', () => page.do('revoke', { invite: item.invite }, 'The link no longer works.'))));
  return [
    el('h2', {}, 'Invitations'),
    el('p', { class: 'about' }, 'There are no accounts: a link gives a role to the browser that opens it first.'),
    form,
    items.length > 0 ? el('div', { class: 'card scroll' }, el('table', {},
      el('thead', {}, el('tr', {}, ['Makes', 'Until', 'Uses left', ''].map((title) => el('th', { scope: 'col' }, title || el('span', { 'aria-label': 'Revoke' }))))),
      el('tbody', {}, items.map(row)))) : [],
  ].flat();
}
