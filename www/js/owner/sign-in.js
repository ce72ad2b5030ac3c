// sign-in.js - how somebody becomes the owner (by the code in the data folder), or what an
// invitation gives.

import { button, el, field } from './dom.js';

function ownerForm(page) {
  const code = el('input', { name: 'code', autocomplete: 'one-time-code', spellcheck: 'false', autocapitalize: 'characters', required: true, maxlength: '64' });
  const form = el('form', { class: 'card', onsubmit: async (event) => {
    event.preventDefault();
    if (await page.do('sign-in', { code: code.value.trim() }, 'You are the owner of this chat now.')) {
      await page.enter();
    }
  } },
  el('div', { class: 'fields' }, field('Code', code)),
  el('div', { class: 'row' }, el('button', { class: 'main' }, 'Sign in as the owner')));
  return form;
}

function signIn({ page, me }) {
  const steps = [
    el('li', {}, 'Open the data folder by FTP, in your host’s file manager or in a shell. It is the folder with ', el('code', {}, 'chat.db'), ', usually ', el('code', {}, 'pollchat-data'), '.'),
    el('li', {}, 'Open the file ', el('code', {}, 'owner-code.txt'), '. Nobody can read it over the web.'),
    el('li', {}, 'Enter the code here. This browser is then the owner’s.'),
  ];
  return el('section', { class: 'narrow' },
    el('h2', {}, me.owner ? 'This page is for the owner and moderators' : 'This chat has no owner yet'),
    el('p', { class: 'about' }, me.owner ? 'This browser is neither. A moderator opens the link of an invitation.' : 'Whoever can read the data folder can become its owner:'),
    me.owner
      ? el('details', { class: 'card' },
        el('summary', {}, 'You are the owner, but this browser doesn’t know it?'),
        el('p', {}, 'On a device where you are the owner: open the chat, click your name, and choose “Use my name on another device”.'),
        el('p', {}, 'If there is none: put an empty file named ', el('code', {}, 'owner-code.txt'), ' into the data folder. The chat writes a code into it when you load this page again. Then:'),
        ownerForm(page))
      : [el('ol', {}, steps), ownerForm(page)]);
}

const GIVES = { owner: 'an owner of this chat', moderator: 'a moderator', member: 'a member', reader: 'a reader' };

function join({ page, code }) {
  const leave = () => {
    location.hash = '';
  };
  return el('section', { class: 'narrow card' },
    el('h2', {}, 'You are invited'),
    el('p', {}, 'This link gives you a role in this chat. It will belong to the key that this browser keeps, so open the link in the browser that you use for the chat.'),
    el('div', { class: 'row' },
      button('Accept', async () => {
        const answer = await page.do('join', { invite: code }, ({ role, room }) => `You are ${GIVES[role] ?? role} now${room ? `, in #${room}` : ''}.`);
        if (answer) {
          history.replaceState(null, '', location.pathname); // the code is used up
          await page.enter();
        }
      }, 'main'),
      button('Not now', leave)));
}

export const show = (context) => (context.code === undefined ? signIn(context) : join(context));
