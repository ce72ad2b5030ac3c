// routes.mjs - do the web servers' configurations name the routes that the programs have, and no
// others?
//
//   node tests/lint/routes.mjs [FOLDER]
//
// FOLDER: a tree with cgi-bin/, apache/, lighttpd/ and www/ in it (default: the repository).
//
// The routes are the rows of the tables in cgi-bin/send.c and cgi-bin/poll.c. A row without a
// handler reserves a name: the configurations name it too, so that a later version needs no new
// ones. What is compared with them:
//   (poll|stream|...)            every group of alternatives that has "poll" and further names,
//                                with "send" or without
//   "/stream" => ...             three lines or more in a row (lighttpd)
//   <Location "/stream">         all of a file (Apache)
//   (plain|embed)                other groups with the name of a route: every name must be one
// Each file of `configurations` must have such a list; www/API.md must describe each route that
// isn't reserved.
// Prints a line for each offence, with file and line; status 1 if there was one.

import fs from 'node:fs';
import path from 'node:path';

const root = process.argv[2] ?? new URL('../..', import.meta.url).pathname;
const configurations = [
  'apache/archive/top.htaccess', 'apache/cgi.conf', 'apache/fcgid.conf', 'apache/proxy.conf',
  'cgi-bin/debian/Caddyfile', 'cgi-bin/debian/apache.conf', 'cgi-bin/debian/lighttpd.conf', 'cgi-bin/debian/nginx.conf',
  'lighttpd/README.md', 'lighttpd/cgi.conf', 'lighttpd/fastcgi.conf', 'lighttpd/site.conf',
];
const programs = ['send', 'poll', 'pollchat', 'probe'];
const folders = ['apache', 'apache/archive', 'cgi-bin', 'cgi-bin/debian', 'lighttpd', 'www'];

const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
let bad = 0;
function offence(text) {
  console.log(text);
  bad++;
}

// Rows whose names begin with a slash are below their program's name, which each server passes on.
function routesOf(file) {
  const rows = [...read(file).matchAll(/^ *\{"([a-z]+)", *([A-Z_|0 ]+), *CHAT_\w+, *(\w+)\},/gm)].map(([, name, methods, handler]) => ({ name, methods, isReserved: handler === 'NULL' }));
  if (rows.length === 0) offence(`${file}:1: there is no table of routes`);
  return rows;
}
const sent = routesOf('cgi-bin/send.c');
const polled = routesOf('cgi-bin/poll.c');
const names = new Set([...sent, ...polled].map(({ name }) => name));

/** found: [{ name, line }]. Names of `optional` may be missing. */
function compare(file, line, found, optional) {
  for (const one of found.filter(({ name }) => !names.has(name))) offence(`${file}:${one.line}: there is no route /${one.name}`);
  const missing = polled.map(({ name }) => name).filter((name) => !optional.includes(name) && !found.some((one) => one.name === name));
  if (missing.length > 0) offence(`${file}:${line}: routes are missing: ${missing.join(' ')}`);
}

function checkGroups(file, lines) {
  let lists = 0;
  lines.forEach((text, i) => {
    for (const [, group] of text.matchAll(/\((?:\?:)?([a-z]+(?:\|[a-z]+)+)\)(?!\\\.)/g)) {
      const found = group.split('|').map((name) => ({ name, line: i + 1 }));
      if (found.every(({ name }) => programs.includes(name))) continue;
      if (found.some(({ name }) => name === 'poll')) {
        compare(file, i + 1, found, []);
        lists++;
      } else if (found.some(({ name }) => names.has(name))) {
        for (const { name } of found.filter((one) => !names.has(one.name))) offence(`${file}:${i + 1}: there is no route /${name}`);
      }
    }
  });
  return lists;
}

function checkRows(file, lines) {
  let run = [];
  [...lines, ''].forEach((text, i) => {
    const row = text.match(/^\s*"\/([a-z]+)"\s*=>/);
    if (row !== null) {
      run.push({ name: row[1], line: i + 1 });
      return;
    }
    if (run.length > 2) compare(file, run[0].line, run, ['poll']); // "/poll" may be named where the program is
    run = [];
  });
}

function checkLocations(file, lines) {
  const found = lines.flatMap((text, i) => {
    const location = text.match(/^\s*<Location "\/([a-z]+)">/);
    return location !== null ? [{ name: location[1], line: i + 1 }] : [];
  });
  if (found.length > 2) compare(file, found[0].line, found, []);
}

for (const folder of folders) {
  for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true }).filter((one) => one.isFile() && !/\.([ch]|png|ico|js|css)$/.test(one.name))) {
    const file = `${folder}/${entry.name}`;
    const lines = read(file).split('\n');
    const lists = checkGroups(file, lines);
    checkRows(file, lines);
    checkLocations(file, lines);
    if (configurations.includes(file) && lists === 0) offence(`${file}:1: this configuration has no list of the routes`);
  }
}
for (const file of configurations.filter((one) => !fs.existsSync(path.join(root, one)))) offence(`${file}:1: there is no such configuration; see ${path.basename(import.meta.url)}`);
for (const { name } of [...sent, ...polled].filter(({ isReserved }) => !isReserved)) {
  if (!new RegExp(`\\b(GET|POST) /${name}\\b`).test(read('www/API.md'))) offence(`www/API.md:1: /${name} isn't described`);
}
process.exitCode = bad > 0 ? 1 : 0;
