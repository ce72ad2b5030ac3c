// today.js - the first part of owner.html: how the chat is doing.

import { button, bytes, el, number } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const [HEIGHT, BASE, LEFT] = [190, 170, 44];
const MOST_WIDE = 960;

function svg(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  if (text !== undefined) {
    element.textContent = text;
  }
  return element;
}

/** A round number that is not less than value. */
function ceiling(value) {
  const size = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((step) => step * size).find((step) => step >= value);
}

const dayOf = (day) => new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(`${day}T00:00:00Z`));

/** Bars of messages a day; for screen readers the same as a table. */
function plot(days) {
  const most = ceiling(Math.max(...days.map(({ messages }) => messages), 1));
  const width = Math.min(Math.max(document.documentElement.clientWidth - 64, 260), MOST_WIDE); // so that its words have the size of all others
  const step = (width - LEFT) / Math.max(days.length, 1);
  const picture = svg('svg', { class: 'plot', viewBox: `0 0 ${width} ${HEIGHT}`, role: 'img', 'aria-label': 'Messages a day. The table below has the same numbers.' });
  const apart = width < 500 ? 14 : 7; // days between two dates below the bars
  for (const part of [0, 0.5, 1]) {
    const y = BASE - (BASE - 10) * part;
    picture.append(svg('line', { x1: LEFT, x2: width, y1: y, y2: y }), svg('text', { x: LEFT - 6, y: y + 4, 'text-anchor': 'end' }, number(most * part)));
  }
  days.forEach(({ day, messages }, i) => {
    const height = Math.max((BASE - 10) * (messages / most), messages > 0 ? 2 : 1);
    const bar = svg('rect', { x: LEFT + i * step + 1, y: BASE - height, width: Math.max(step - 2, 1), height, rx: 1.5, class: messages > 0 ? '' : 'none' });
    bar.append(svg('title', {}, `${dayOf(day)}: ${number(messages)}`));
    picture.append(bar);
    if (i % apart === (days.length - 1) % apart) {
      picture.append(svg('text', { x: Math.min(LEFT + (i + 0.5) * step, width - 20), y: HEIGHT - 4, 'text-anchor': 'middle' }, dayOf(day)));
    }
  });
  const table = el('details', {}, el('summary', {}, 'As a table'), el('table', {},
    el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Day (UTC)'), el('th', { scope: 'col' }, 'Messages'))),
    el('tbody', {}, [...days].reverse().map(({ day, messages }) => el('tr', {}, el('td', {}, day), el('td', {}, number(messages)))))));
  return el('figure', { class: 'card' }, el('figcaption', {}, 'Messages a day'), picture, table);
}

const figure = (title, value, hint) => el('div', { class: 'card' }, el('p', { class: 'soft' }, title), el('p', { class: 'figure' }, value), hint && el('p', { class: 'hint' }, hint));

function storage(item) {
  const share = item.max_store > 0 ? item.bytes / item.max_store : 0;
  return figure('Database', bytes(item.bytes), item.max_store > 0
    ? `${Math.round(share * 100)} % of the ${bytes(item.max_store)} after which no message is accepted (setting max_store)`
    : item.disk_free === undefined ? 'in PostgreSQL' : `${bytes(item.disk_free)} are free on the disk`);
}

function backup(page, desk, item) {
  if (item?.store === 'postgresql') {
    return el('div', { class: 'card' }, el('h3', {}, 'Backup'),
      el('p', {}, 'The messages are in PostgreSQL. Backups are made where that database runs, with pg_dump. Names keep their owners only together with the file chat.key of the data folder: keep a copy of it too.'));
  }
  const save = button('Download a backup', async () => {
    save.disabled = true;
    page.say('Making a copy of the database …');
    try {
      const { blob, name } = await desk.backup();
      const address = URL.createObjectURL(blob);
      el('a', { href: address, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
      page.say(`Saved as ${name}. To put it back: pollchat restore ${name}`);
    } catch (error) {
      page.say(error.message, true);
    }
    save.disabled = false;
  });
  return el('div', { class: 'card' }, el('h3', {}, 'Backup'),
    el('p', {}, 'The whole chat as one file: messages, names, bans, log. It has texts that are public here, and hashes of keys; keep it in a safe place. Names keep their owners only together with the file chat.key of the data folder.'),
    el('div', { class: 'row' }, save));
}

export async function show({ page, desk, me }) {
  const isOwner = me.role === 'owner';
  const [days, rooms, stored] = await Promise.all([desk.list('days'), desk.list('rooms'), isOwner ? desk.list('storage') : undefined]);
  const of = (count) => days.items.slice(-count).reduce((sum, { messages }) => sum + messages, 0);
  const item = stored?.items[0];
  return [
    el('h2', {}, 'How the chat is doing'),
    el('div', { class: 'grid' },
      figure('Messages today', number(of(1)), 'since midnight, UTC'),
      figure('In the last seven days', number(of(7))),
      figure('Rooms', number(rooms.items.length) + (rooms.more ? '+' : '')),
      figure('To decide', number((me.reports ?? 0) + (me.held ?? 0)), 'reports and messages that wait'),
      item ? storage(item) : undefined),
    plot(days.items),
    isOwner ? backup(page, desk, item) : [],
  ].flat();
}
