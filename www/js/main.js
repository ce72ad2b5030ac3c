// main.js - the page: starts the chat in it, in the room of its address.

import { start } from './app.js';

start(document.querySelector('.chat'), { room: new URLSearchParams(location.search).get('room') || 'lobby' });
