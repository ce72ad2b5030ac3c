// main.js - the entry of index.html: starts the chat, in the room that the address names. Where the
// site has visitors of its own, <body data-token-url> says where their tokens come from (EMBED.md).

import { start } from './app.js';
import { makeClock } from './clock.js';

async function makeToken(address) {
  const { askSite, Token } = await import('./token.js');
  return new Token({ ask: () => askSite(address), clock: makeClock() });
}

async function run() {
  const { tokenUrl } = document.body.dataset;
  const token = tokenUrl && (await makeToken(tokenUrl));
  start(document.querySelector('.chat'), { room: new URLSearchParams(location.search).get('room') || 'lobby', token });
}

run();
