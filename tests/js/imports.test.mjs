// imports.test.mjs - which module of the page imports which, and that an import alone does nothing.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const FOLDER = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../www/js');
const WWW = path.dirname(FOLDER);

/** Scripts of index.html, /embed, doctor.html and owner.html. Each starts something. */
const ENTRIES = ['main.js', 'embedded.js', 'main-doctor.js', 'main-owner.js', 'old.js'];

const modules = fs.readdirSync(FOLDER, { recursive: true }).filter((name) => name.endsWith('.js')).sort();
const sourceOf = (name) => fs.readFileSync(path.join(FOLDER, name), 'utf8');

/** The modules that a module imports, as paths below www/js. */
const importsOf = (name) =>
  [...sourceOf(name).matchAll(/^(?:import|export)\b[^;]*?from '([^']+)';/gm)].map(([, to]) => path.join(path.dirname(name), to));

/** All modules that are loaded along with this one. */
function loadedWith(name, found = new Set()) {
  if (!found.has(name)) {
    found.add(name);
    importsOf(name).forEach((one) => loadedWith(one, found));
  }
  return found;
}

// What a module could do something with. Each access is noted.
const REACH = [
  'document', 'window', 'self', 'parent', 'location', 'navigator', 'history', 'localStorage', 'sessionStorage', 'indexedDB', 'fetch', 'addEventListener',
  'setTimeout', 'setInterval', 'queueMicrotask', 'requestAnimationFrame', 'BroadcastChannel', 'AudioContext', 'Notification', 'ResizeObserver', 'XMLHttpRequest',
];

test('an import does nothing: no module touches the page, a storage, a timer or the network', async () => {
  const touched = [];
  const before = REACH.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
  const isOurs = () => new Error().stack.includes(`${path.sep}www${path.sep}js${path.sep}`);
  for (const [name, descriptor] of before) {
    const get = () => {
      if (isOurs()) {
        touched.push(name);
      }
      return descriptor?.get?.call(globalThis) ?? descriptor?.value;
    };
    Object.defineProperty(globalThis, name, { configurable: true, get });
  }
  try {
    for (const name of modules.filter((one) => !ENTRIES.includes(one))) {
      await import(path.join(FOLDER, name));
      assert.deepEqual(touched, [], name);
    }
  } finally {
    for (const [name, descriptor] of before) {
      delete globalThis[name];
      if (descriptor !== undefined) {
        Object.defineProperty(globalThis, name, descriptor);
      }
    }
  }
});

test('an entry only starts a module', () => {
  for (const name of ENTRIES) {
    const code = sourceOf(name).split('\n').filter((line) => line !== '' && !line.startsWith('//'));
    assert.ok(code.length <= 2, `${name}: ${code.length} lines`);
    assert.ok(!code.some((line) => line.startsWith('export')), name);
  }
});

/** Lower modules first: a module imports only modules of lower rows, or of its own. */
const FLOORS = [
  /^(answers|backoff|changes|channel|clock|events|fresh|proof|site|store|text|time|watch|ladder|lang\/\w+|words\/\w+|owner\/dom)\.js$/, // import nothing but each other
  /^(api|several|stream|layout|lang|locks|keep|former|holds|lead|feed|others|attention|alert|diagnosis|presence|links|key|acts|me|token|refusals)\.js$/,
  /^(by-poll|by-stream|outbox|views\/\w+|owner\/[\w-]+)\.js$/,
  /^(transport|tabs|preferences|doctor|moderation)\.js$/,
  /^(connection|peace)\.js$/,
  /^app\.js$/,
  /^frame\.js$/,
];

test('no module imports one of a higher floor, and no modules import each other in a circle', () => {
  const floorOf = (name) => FLOORS.findIndex((floor) => floor.test(name));
  for (const name of modules.filter((one) => !ENTRIES.includes(one))) {
    assert.ok(floorOf(name) >= 0, `${name} stands on no floor: add it to FLOORS`);
    for (const one of importsOf(name)) {
      assert.ok(floorOf(one) <= floorOf(name), `${name} imports ${one}`);
      assert.ok(!loadedWith(one).has(name), `${name} and ${one} import each other`);
    }
  }
});

test('a view imports nothing that asks the server or sends', () => {
  const asking = ['api.js', 'stream.js', 'by-poll.js', 'by-stream.js', 'transport.js', 'tabs.js', 'outbox.js', 'connection.js'];
  for (const name of modules.filter((one) => one.startsWith('views/'))) {
    assert.deepEqual([...loadedWith(name)].filter((one) => asking.includes(one)), [], name);
  }
});

test('the page names all modules that it loads, so that the browser fetches them at once', () => {
  const page = fs.readFileSync(path.join(WWW, 'index.html'), 'utf8');
  const named = [...page.matchAll(/<link rel="modulepreload" href="js\/([^"]+)">/g)].map(([, name]) => name);
  const needed = [...loadedWith('main.js')].filter((name) => name !== 'main.js');
  assert.deepEqual(named.sort(), needed.sort());
});

test('no module is longer than 380 lines', () => {
  for (const name of modules) {
    const lines = sourceOf(name).split('\n').length - 1;
    assert.ok(lines <= 380, `${name}: ${lines} lines`);
  }
});
