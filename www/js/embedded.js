// embedded.js - the entry of GET /embed: starts the chat in the frame that the page is.

import { startInFrame } from './frame.js';

startInFrame();
