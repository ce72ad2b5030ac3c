// settings.js - owner.html: every setting as it is, and where it comes from. Some can be changed
// here.

import { button, choice, el } from './dom.js';

const SOURCES = { default: 'default', page: 'changed here' };

function editor(page, item) {
  const now = item.value;
  const label = { 'aria-label': item.key };
  const input = item.kind === 'word'
    ? choice(item.key, item.words.map((word) => [word, word]), now)
    : el('input', { name: item.key, value: now, type: item.kind === 'number' ? 'number' : 'text', min: item.min, max: item.max, required: true });
  Object.entries(label).forEach(([name, value]) => input.setAttribute(name, value));
  return el('form', { class: 'row', onsubmit: (event) => {
    event.preventDefault();
    page.do('set', { key: item.key, value: input.value }, `${item.key} is ${input.value} now.`);
  } }, input, el('button', {}, 'Save'), item.source === 'page' && button('Back to the default', () => page.do('unset', { key: item.key }, `${item.key} is back at its default, ${item.default}.`)));
}

function row(page, item) {
  const value = item.set ? '(set, not shown)' : item.value === '' ? '(empty)' : item.value;
  return el('li', { class: 'card setting', data: { key: item.key } },
    el('div', {}, el('h3', {}, el('code', {}, item.key)), el('p', { class: 'soft' }, SOURCES[item.source] ?? item.source)),
    el('div', {}, el('p', { class: 'about' }, item.about), item.editable ? editor(page, item) : el('p', {}, el('code', {}, value))));
}

export async function show({ page, desk }) {
  const items = await desk.all('settings');
  const [here, elsewhere] = [true, false].map((is) => items.filter(({ editable }) => editable === is));
  return [
    el('h2', {}, 'Settings'),
    el('p', { class: 'about' }, 'What stands in chat.conf, my-chat.conf or the environment wins, and is changed there.'),
    el('ul', { class: 'list' }, here.map((item) => row(page, item))),
    el('h2', {}, 'Set elsewhere'),
    el('p', { class: 'about' }, 'In chat.conf beside the programs, or in the web server’s environment.'),
    el('ul', { class: 'list' }, elsewhere.map((item) => row(page, item))),
  ];
}
