// main.js - the entry of index.html: starts the chat, in the room that the address names. Where the
// site has visitors of its own, <body data-token-url> says where their tokens come from (EMBED.md).

import { start } from './app.js';

start(document.querySelector('.chat'), { room: new URLSearchParams(location.search).get('room') || 'lobby', tokenUrl: document.body.dataset.tokenUrl });
