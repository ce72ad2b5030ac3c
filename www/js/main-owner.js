// main-owner.js - the entry of owner.html.

import { start } from './owner/page.js';

start(document);
