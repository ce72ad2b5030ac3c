// papers.mjs - do the papers (*.md), the pages for owners and the comments of configurations hold?
//
//   node tests/lint/papers.mjs [FOLDER]    FOLDER: a copy of the repository (default: this one)
//
// - Each link of a paper leads to a file and a heading that are there. Papers in www/ are served
//   with the page, so their links stay inside of www/.
// - Prose has at most 120 columns (tables and code may have more), a comment of a configuration at
//   most 100.
// - Settings: `name = value` and POLLCHAT_NAME name one that exists. A number in brackets behind
//   the name, as in `max_wait` (25), is its default. They are compared with
//   cgi-bin/chat.conf.example, which the program writes.
// - A file named by its path, and a function named with brackets, as in `route_dispatch()`, are in
//   the repository.
// - www/API.md has each kind of error in a row with its status, as cgi-bin/format/problem.c has it.
// - What INSTALL.html quotes in “…” is said by a program or by the page.
// - cgi-bin/OWNER.md names each language of www/js/lang.js.
// Prints one line for each offence; status 1 if there was any.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const root = path.resolve(process.argv[2] ?? new URL('../..', import.meta.url).pathname);
const PROSE = 120;
const COMMENT = 100;
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
let bad = false;
const offence = (file, line, text) => {
  console.log(`${file}:${line}: ${text}`);
  bad = true;
};

/** All files below the folder, foreign and built ones left out. */
function list(folder) {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    if (/^(\.git|build|node_modules)$/.test(entry.name)) return [];
    return entry.isDirectory() ? list(name) : [name];
  });
}

/** Only what git knows or would take, where there is a git. */
function files() {
  const all = list('.');
  try {
    const run = (...args) => execFileSync('git', ['-c', 'safe.directory=*', '-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const known = new Set(run('ls-files', '-co', '--exclude-standard').split('\n'));
    return all.filter((name) => known.has(name));
  } catch {
    return all;
  }
}

/** The lines of a paper that are neither code nor tables, as [number, text]; and the tables'. */
function lines(text) {
  let isCode = false;
  const prose = [];
  const tables = [];
  text.split('\n').forEach((line, i) => {
    if (/^ *```/.test(line)) isCode = !isCode;
    else if (isCode || /^( {4}|\t)/.test(line)) return;
    else (line.startsWith('|') ? tables : prose).push([i + 1, line]);
  });
  return { prose, tables };
}

/** As GitHub makes them: lower case, signs dropped, blanks to hyphens. */
const anchor = (heading) => heading.replace(/`|\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').trim().replace(/ /g, '-');
const anchorsOf = (file) => new Set(lines(read(file)).prose.filter(([, line]) => /^#+ /.test(line)).map(([, line]) => anchor(line.replace(/^#+ /, ''))));

const isServed = (file) => file.startsWith('www/') && file !== 'www/README.md'; // see FILES in the Makefile

function checkLinks(file, text) {
  const { prose, tables } = lines(text);
  for (const [number, line] of [...prose, ...tables]) {
    for (const [, target] of line.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [name, fragment] = target.split('#');
      const to = name === '' ? file : path.normalize(path.join(path.dirname(file), name));
      if (!fs.existsSync(path.join(root, to))) offence(file, number, `a link to ${to}, which is not there`);
      else if (fragment !== undefined && to.endsWith('.md') && !anchorsOf(to).has(fragment)) offence(file, number, `${to} has no heading #${fragment}`);
      if (isServed(file) && !isServed(to)) offence(file, number, `is served, and links to ${to}, which isn't`);
    }
  }
}

const settings = new Map([...read('cgi-bin/chat.conf.example').matchAll(/^;([a-z_]+) =(?: (.*))?$/gm)].map((match) => [match[1], match[2] ?? '']));

function checkSettings(file, text) {
  text.split('\n').forEach((line, i) => {
    const named = [...line.matchAll(/(?:`|<code>)([a-z_]+) = /g), ...line.matchAll(/\bPOLLCHAT_([A-Z_]+)\b/g)].map((match) => match[1].toLowerCase());
    for (const name of named.filter((other) => other !== 'conf')) { // POLLCHAT_CONF names the file
      if (!settings.has(name)) offence(file, i + 1, `there is no setting ${name}`);
    }
    for (const [, name, value] of line.matchAll(/`([a-z_]+)` \((\d+)\)/g)) {
      if (settings.has(name) && settings.get(name) !== value) offence(file, i + 1, `${name} is ${settings.get(name)} by default, not ${value}`);
    }
  });
}

const all = files();
const sources = all.filter((name) => /\.(c|h|js|mjs|sh)$/.test(name) || /^tests\/[^.]*$/.test(name));
let code = null; // read when it is first needed

function checkNames(file, text) {
  text.split('\n').forEach((line, i) => {
    for (const [, name] of line.matchAll(/`([\w.-]+(?:\/[\w.*-]+)+\.(?:c|h|js|mjs|sh|sql|html))`/g)) {
      if (!/[*]|[A-Z]{3}/.test(name) && !all.some((other) => other === name || other.endsWith(`/${name}`))) offence(file, i + 1, `there is no file ${name}`);
    }
    for (const [, name] of line.matchAll(/`([a-z_][A-Za-z0-9_]*)\(\)`/g)) {
      code ??= sources.map(read).join('\n');
      if (!new RegExp(`\\b${name}\\(`).test(code)) offence(file, i + 1, `there is no function ${name}`);
    }
  });
}

function checkProblems(file, text) {
  const problems = [...read('cgi-bin/format/problem.c').matchAll(/= \{(\d+), [^"\n]*"([a-z-]+)"/g)];
  if (problems.length === 0) offence(file, 1, 'problem.c has no table that can be read here');
  for (const [, status, slug] of problems) {
    const rows = text.split('\n').filter((line) => line.startsWith('|') && line.includes(`\`${slug}\``));
    if (!rows.some((line) => line.split('|')[1].includes(status))) offence(file, 1, `the errors lack ${slug} with its status ${status}`);
  }
}

function checkLanguages(file, text) {
  const names = new Intl.DisplayNames('en', { type: 'language' });
  for (const [, tag] of read('www/js/lang.js').matchAll(/^ {2}\['([a-z]+)', /gm)) {
    if (!text.includes(names.of(tag))) offence(file, 1, `the languages lack ${names.of(tag)}`);
  }
}

/** Quotes of web servers, of file managers, of an owner who asks a host; and a line cut short. */
const OTHERS = /^(\d+|Internal Server Error|Forbidden|Not Found|overwrite|Please .*|.*…)$/;

function checkQuotes(file, text) {
  const said = all.filter((name) => /^(cgi-bin|www)\/.*\.(c|js|html)$/.test(name)).map((name) => read(name).replace(/"\s*\n\s*"/g, '')).join('\n');
  for (const [, quote] of text.matchAll(/“([^”]*)”/g)) {
    if (!OTHERS.test(quote) && !said.includes(quote)) offence(file, 1, `nothing says “${quote}”`);
  }
}

function checkWidth(file, text) {
  for (const [number, line] of lines(text).prose) {
    if ([...line].length > PROSE) offence(file, number, `${[...line].length} columns; prose has at most ${PROSE}`);
  }
}

function checkComments(file, text) {
  text.split('\n').forEach((line, i) => {
    const width = [...line.replace(/\t/g, '    ')].length;
    if (/^\s*[#;]/.test(line) && width > COMMENT) offence(file, i + 1, `${width} columns; a comment has at most ${COMMENT}`);
  });
}

const isConfiguration = (name) => /^(apache|lighttpd)\/.*(\.conf|htaccess(-cgi)?)$|^cgi-bin\/(systemd|debian)\//.test(name) || name === 'cgi-bin/chat.conf.example';
for (const file of all.sort()) {
  if (file.endsWith('.md')) {
    const text = read(file);
    checkLinks(file, text);
    checkSettings(file, text);
    checkWidth(file, text);
    checkNames(file, text);
    if (file === 'www/API.md') checkProblems(file, text);
    if (file === 'cgi-bin/OWNER.md') checkLanguages(file, text);
  } else if (file.endsWith('.html')) {
    checkSettings(file, read(file));
    if (path.basename(file) === 'INSTALL.html') checkQuotes(file, read(file));
  } else if (isConfiguration(file)) {
    checkComments(file, read(file));
  }
}
process.exit(bad ? 1 : 0);
