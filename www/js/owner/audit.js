// audit.js - owner.html: what moderators and the programs did, the latest first.

import { button, el, when } from './dom.js';

function row(item) {
  const about = [item.subject, item.detail].filter(Boolean).join(': ');
  return el('tr', {},
    el('td', {}, when(item.time)),
    el('td', {}, el('bdi', {}, item.who)),
    el('td', {}, item.act),
    el('td', {}, item.room ? (item.seq ? el('a', { href: `./?room=${encodeURIComponent(item.room)}#${item.seq}` }, `#${item.room}, ${item.seq}`) : `#${item.room}`) : ''),
    el('td', {}, el('bdi', {}, about), item.reason ? [' “', el('bdi', {}, item.reason), '”'] : ''));
}

export async function show({ desk, page }) {
  let shown = await desk.list('audit');
  const body = el('tbody', {}, shown.items.map(row));
  const more = button('Older entries', async () => {
    try {
      shown = await desk.list('audit', { before: shown.before });
      body.append(...shown.items.map(row));
      more.hidden = !shown.more;
    } catch (error) {
      page.say(error.message, true);
    }
  });
  more.hidden = !shown.more;
  return [
    el('h2', {}, 'Log'),
    el('p', { class: 'about' }, shown.items.length > 0 ? 'Who did what, and why. Texts of messages are not kept here.' : 'Nothing has happened yet.'),
    shown.items.length > 0 ? el('div', { class: 'card scroll' }, el('table', {},
      el('thead', {}, el('tr', {}, ['When', 'Who', 'What', 'Where', 'Whom or what, and why'].map((title) => el('th', { scope: 'col' }, title)))), body)) : [],
    el('div', { class: 'row' }, more),
  ].flat();
}
