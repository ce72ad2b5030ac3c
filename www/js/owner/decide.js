// decide.js - owner.html: reported messages, and those that wait for approval.

import { ask, button, choice, coverage, el, field, number, person, when } from './dom.js';

const WHY = { newcomer: 'a new visitor', link: 'a link from a new visitor', word: 'a word of the list' };

function held(page, item) {
  const on = (what, more, done) => button(what, () => page.do(what.startsWith('Approve') ? 'approve' : 'reject', { held: item.held, ...more }, done));
  return el('li', { class: 'card', data: { held: item.held } },
    el('p', {}, person(item.name, item.mark), ' in ', el('bdi', {}, `#${item.room}`), ' ', el('span', { class: 'soft' }, when(item.time)), ' ', el('span', { class: 'tag' }, WHY[item.why] ?? item.why)),
    el('blockquote', { class: 'quote', dir: 'auto' }, item.text),
    el('div', { class: 'row' },
      on('Approve', {}, 'The message is in the room now.'),
      item.person && on('Approve, and trust this person', { person: 'yes' }, 'The message is in the room, and further ones of this person go there at once.'),
      on('Reject', {}, 'The message is gone.')));
}

/** Deletes what the sender wrote within the hour and bans the sender. */
async function cleanUp(page, { room, seq, name }) {
  const given = await ask({
    title: `Clean up after ${name}?`,
    body: [
      el('p', {}, 'Deletes the messages of the last hour and bans the sender.'),
      field('Whose', choice('of', [['key', 'of this person'], ['network', 'of everybody in this person’s network']], 'key')),
      field('Ban', choice('ban_minutes', [['60', 'for an hour'], ['1440', 'for a day'], ['10080', 'for a week'], ['0', 'no ban']], '1440')),
      field('Reason', el('input', { name: 'reason', maxlength: '200' }), 'The banned person reads it.'),
    ],
    yes: 'Delete and ban',
    bad: true,
  });
  if (given !== null) {
    await page.do('clean', { room, seq, minutes: 60, ...given }, ({ deleted, covers }) => `Deleted messages: ${number(deleted)}.${coverage(covers)}`);
  }
}

function report(page, item) {
  const where = { room: item.room, seq: item.seq };
  return el('li', { class: 'card', data: { seq: item.seq } },
    el('p', {}, person(item.name, item.mark), ' in ', el('a', { href: `./?room=${encodeURIComponent(item.room)}#${item.seq}` }, `#${item.room}, ${item.seq}`), ' ', el('span', { class: 'soft' }, when(item.time)),
      ' ', el('span', { class: item.hidden ? 'tag bad' : 'tag' }, `${item.hidden ? 'hidden, ' : ''}reported by ${item.count}`)),
    el('blockquote', { class: 'quote', dir: 'auto' }, item.text || '(deleted)'),
    (item.reasons ?? []).filter(Boolean).map((reason) => el('p', { class: 'soft' }, '“', el('bdi', {}, reason), '”')),
    el('div', { class: 'row' },
      button(item.hidden ? 'Show it again' : 'It may stay', () => page.do(item.hidden ? 'show' : 'settle', where, 'The message stays.')),
      button('Delete', () => page.do('delete', { ...where, reason: 'reported' }, 'The message is deleted.'), 'bad'),
      button('Clean up and ban …', () => cleanUp(page, item), 'bad')));
}

export async function show({ page, desk }) {
  const [waiting, reports] = await Promise.all([desk.list('held'), desk.list('reports')]);
  const list = (title, about, items, row, none) => el('section', {}, el('h2', {}, title), el('p', { class: 'about' }, items.length > 0 ? about : none), el('ul', { class: 'list' }, items.map((item) => row(page, item))));
  return [
    list('Waiting for approval', 'These messages are in no room yet.', waiting.items, held, 'Nothing is waiting.'),
    list('Reported', 'Enough reports hide a message until one of you decides.', reports.items, report, 'No message is reported.'),
  ];
}
