// embedded.js - the chat in a frame of another site's page. The frame is GET /embed, put there by embed.js, with which this talks by
// messages; what stands in the frame is that of index.html.

import { start } from './app.js';

const { room, title } = document.body.dataset;
const site = new URL('..', import.meta.url); // the frame's own address may be a program's

function whenAsked(chat, { data }) {
  if (data.type === 'open') {
    chat.opened(true);
  } else if (data.type === 'close') {
    chat.opened(false);
  } else if (data.type === 'name' && typeof data.name === 'string') {
    chat.setName(data.name);
  }
}

async function skeleton() {
  const page = new DOMParser().parseFromString(await (await fetch(new URL('index.html', site))).text(), 'text/html');
  const root = document.adoptNode(page.querySelector('.chat'));
  for (const image of root.querySelectorAll('img')) {
    image.src = new URL(image.getAttribute('src'), site);
  }
  return root;
}

/** The loader's first word: how it is to look, and whether it is open. Only the page around us is heard. */
function hello() {
  return new Promise((resolve) => {
    const hear = (event) => {
      if (event.source === parent && event.data?.pollchat === 1 && event.data.type === 'hello') {
        removeEventListener('message', hear);
        resolve(event);
      }
    };
    addEventListener('message', hear);
    parent.postMessage({ pollchat: 1, type: 'ready' }, '*');
  });
}

const [root, { data: wish, origin }] = await Promise.all([skeleton(), hello()]);
const tell = (what) => parent.postMessage({ pollchat: 1, ...what }, origin);
document.body.replaceChildren(root);
const chat = await start(root, {
  room,
  title,
  preset: typeof wish.name === 'string' ? wish.name : undefined,
  embedded: true,
  on: {
    message: (message) => tell({ type: 'message', message }),
    unread: (count) => tell({ type: 'unread', count }),
    seen: (epoch, seq) => tell({ type: 'seen', epoch, seq }),
  },
});
chat.look(wish);
chat.opened(wish.open);
addEventListener('message', (event) => {
  if (event.source === parent && event.origin === origin && event.data?.pollchat === 1) {
    whenAsked(chat, event);
  }
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !event.defaultPrevented && document.querySelector('dialog[open]') === null) {
    tell({ type: 'close' });
  }
});
