// main.js - the entry of index.html: starts the chat, in the room that the address names.

import { start } from './app.js';

start(document.querySelector('.chat'), { room: new URLSearchParams(location.search).get('room') || 'lobby' });
