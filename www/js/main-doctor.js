// main-doctor.js - the entry of doctor.html: starts the examination.

import { start } from './doctor.js';

start();
