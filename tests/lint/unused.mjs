// unused.mjs - is every function that a header of cgi-bin declares used by another file?
//
//   node tests/lint/unused.mjs [FOLDER]
//
// FOLDER: a tree with cgi-bin/ and tests/ in it (default: the repository).
//
// A function that only its own file uses becomes static. One that no program uses goes, unless its
// comment says "for tests". One that its own file uses and a test calls may stay: the test has no
// other way to it. Prints a line for each offence; status 1 if there was one.

import fs from 'node:fs';
import path from 'node:path';

const root = process.argv[2] ?? new URL('../..', import.meta.url).pathname;

const list = (folder) => fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
  const file = path.join(folder, entry.name);
  if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : list(file);
  return /\.[ch]$/.test(entry.name) ? [file] : [];
});
const blank = (text) => text.replace(/[^\n]/g, ' ');
const read = (file) => {
  const text = fs.readFileSync(file, 'utf8');
  return { file, text, code: text.replace(/\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"/g, blank) };
};
const count = (code, name) => code.match(new RegExp(`\\b${name}\\b`, 'g'))?.length ?? 0;

const programs = list(path.join(root, 'cgi-bin')).map(read);
const tests = list(path.join(root, 'tests')).map(read);

/** Functions that a header declares, each with the lines since the declaration before it. */
function declared({ text, code }) {
  return [...code.matchAll(/^(?!typedef|static|return)[a-z][\w *]*?\b([a-z]\w*)\([^;{}]*?;/gm)].map((match) => ({
    name: match[1],
    line: code.slice(0, match.index).split('\n').length,
    comment: text.slice(code.lastIndexOf(';', match.index), text.indexOf('\n', match.index + match[0].length)),
  }));
}

let bad = 0;
for (const header of programs.filter(({ file }) => file.endsWith('.h'))) {
  for (const { name, line, comment } of declared(header)) {
    const defines = new RegExp(`^[a-z][\\w *]*\\b${name}\\([^;]*?\\)\\s*\\{`, 'm');
    const own = programs.find(({ file, code }) => file.endsWith('.c') && defines.test(code));
    const isUsed = programs.some((one) => one !== own && count(one.code, name) > (one === header ? 1 : 0));
    const isUsedAtHome = own !== undefined && count(own.code, name) > 1;
    const isTested = tests.some(({ code }) => count(code, name) > 0);
    if (isUsed || (isUsedAtHome && isTested) || (isTested && /\bfor tests\b/i.test(comment))) continue;
    const advice = isUsedAtHome ? 'only the file that defines it uses it: make it static' : isTested ? 'only tests use it: remove it, or say "for tests"' : 'it is not used: remove it';
    console.log(`${path.relative(root, header.file)}:${line}: ${name}: ${advice}`);
    bad++;
  }
}
process.exitCode = bad > 0 ? 1 : 0;
