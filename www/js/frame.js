// frame.js - the chat in a frame of another site's page.
//
// embed.js, on the other site, puts an iframe with GET /embed there. The two talk by messages;
// every message has `pollchat: 1`. Frame to loader: ready, then message, unread, seen, close, token
// (a question), key (to be kept by the loader, where the browser lets the frame keep nothing). Loader
// to frame: hello (the answer to ready), then open, close, name, token (the answer), renew. The
// elements come from index.html.

import { start } from './app.js';
import { makeClock } from './clock.js';
import { site } from './site.js';

const isOfLoader = ({ source, data }) => source === parent && data?.pollchat === 1;

function obey(chat, data, token) {
  if (data.type === 'open') {
    chat.opened(true);
  } else if (data.type === 'close') {
    chat.opened(false);
  } else if (data.type === 'name' && typeof data.name === 'string') {
    chat.setName(data.name);
  } else if (data.type === 'renew') {
    token?.renew();
  }
}

async function skeleton() {
  const text = await (await fetch(new URL('index.html', site))).text();
  const page = new DOMParser().parseFromString(text, 'text/html');
  const root = document.adoptNode(page.querySelector('.chat'));
  for (const image of root.querySelectorAll('img')) {
    image.src = new URL(image.getAttribute('src'), site);
  }
  return root;
}

/**
 * Resolves with the event of the loader's first message: its colours, and whether the chat is open.
 */
function hello() {
  return new Promise((resolve) => {
    const hear = (event) => {
      if (isOfLoader(event) && event.data.type === 'hello') {
        removeEventListener('message', hear);
        resolve(event);
      }
    };
    addEventListener('message', hear);
    parent.postMessage({ pollchat: 1, type: 'ready' }, '*');
  });
}

/**
 * The token of the visitor, for whom the loader asks its own site: this frame can't. tell(what):
 * sends to the loader's page, and to no other one that may be there later.
 */
async function makeToken(tell, loader) {
  const { Token } = await import('./token.js');
  let count = 0;
  const ask = () =>
    new Promise((resolve, reject) => {
      const n = ++count;
      const hear = (event) => {
        if (isOfLoader(event) && event.origin === loader && event.data.n === n) {
          removeEventListener('message', hear);
          const { text, status, date } = event.data;
          return typeof text === 'string' ? resolve({ text, status, date }) : reject(new Error('The site did not answer.'));
        }
      };
      addEventListener('message', hear);
      tell({ type: 'token', n });
    });
  return new Token({ ask, clock: makeClock() });
}

export async function startInFrame() {
  const { room, title } = document.body.dataset;
  const [root, { data: wish, origin }] = await Promise.all([skeleton(), hello()]);
  const tell = (what) => parent.postMessage({ pollchat: 1, ...what }, origin);
  const token = wish.tokenUrl ? await makeToken(tell, origin) : undefined;
  document.body.replaceChildren(root);
  const chat = await start(root, {
    room,
    title,
    token,
    preset: typeof wish.name === 'string' ? wish.name : undefined,
    embedded: true,
    keeper: { key: wish.key, keep: (key) => tell({ type: 'key', key }) },
    on: {
      message: (message) => tell({ type: 'message', message }),
      unread: (count) => tell({ type: 'unread', count }),
      seen: (epoch, seq) => tell({ type: 'seen', epoch, seq }),
    },
  });
  chat.look(wish);
  chat.opened(wish.open);
  addEventListener('message', (event) => {
    if (isOfLoader(event) && event.origin === origin) {
      obey(chat, event.data, token);
    }
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.defaultPrevented && document.querySelector('dialog[open]') === null) {
      tell({ type: 'close' });
    }
  });
}
