// rooms.mjs - draws the rooms of cgi-bin and who enters whom, from the includes: cgi-bin/rooms.svg.
//
//   node tests/lint/rooms.mjs            writes the picture
//   node tests/lint/rooms.mjs --check    status 1 if the picture isn't what it would write
//
// A room is a folder; the table in cgi-bin/README.md says what it holds. Each room stands above all
// rooms that it enters, so every arrow points down. Rooms that enter each other can't be drawn, and
// are an error. An arrow that follows from others (a enters b, b enters c, so a may enter c) is
// left out.

import fs from 'node:fs';
import path from 'node:path';

const root = new URL('../..', import.meta.url).pathname;
const PICTURE = path.join(root, 'cgi-bin', 'rooms.svg');
const BOX = { width: 208, height: 62 };
const GAP = { x: 22, y: 50, thread: 26 }; // a thread: an arrow that passes a row of boxes
const MARGIN = 16;
const LETTERS = 36; // of a line in a box

// ---- rooms and arrows, as the files have them ----

const folders = (folder) => fs.readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).flatMap((entry) => [path.join(folder, entry.name), ...folders(path.join(folder, entry.name))]);
const sources = (folder) => fs.readdirSync(folder).filter((name) => /\.[ch]$/.test(name)).sort().map((name) => path.join(folder, name));
const roomOf = (file) => path.dirname(file).replace(/(^|\/)private$/, '').replace(/^\.$/, '') || 'programs';

function findArrows() {
  const top = path.join(root, 'cgi-bin');
  const enters = new Map();
  for (const file of [top, ...folders(top).sort()].flatMap(sources)) {
    const room = roomOf(path.relative(top, file));
    if (!enters.has(room)) enters.set(room, new Set());
    for (const [, header] of fs.readFileSync(file, 'utf8').matchAll(/^\s*#\s*include\s*"([^"]+)"/gm)) {
      if (roomOf(header) !== room) enters.get(room).add(roomOf(header));
    }
  }
  return enters;
}

function findWords() {
  const table = fs.readFileSync(path.join(root, 'cgi-bin', 'README.md'), 'utf8').match(/<!-- rooms:begin -->([^]*?)<!-- rooms:end -->/)[1];
  return new Map([...table.matchAll(/^\| `([^`]+)` \|.*\| ([^|]*) \|$/gm)].map(([, room, words]) => [room, words.replaceAll('`', '').replace(/:.*/, '')]));
}

/** The row of each room, counted from the bottom: one above the highest room that it enters. */
function findRows(enters) {
  const rows = new Map();
  const find = (room, way) => {
    if (way.includes(room)) throw new Error(`these rooms enter each other: ${[...way.slice(way.indexOf(room)), room].join(' -> ')}`);
    if (!rows.has(room)) rows.set(room, Math.max(-1, ...[...(enters.get(room) ?? [])].map((below) => find(below, [...way, room]))) + 1);
    return rows.get(room);
  };
  for (const room of enters.keys()) find(room, []);
  return rows;
}

/** Without the arrows that follow from others. */
function reduce(enters) {
  const reach = (from, to) => [...(enters.get(from) ?? [])].some((below) => below === to || reach(below, to));
  return new Map([...enters].map(([room, all]) => [room, [...all].filter((to) => ![...all].some((other) => other !== to && reach(other, to))).sort()]));
}

// ---- where they stand ----

/**
 * Rows of cells from the top; a cell is a room, or a thread: a gap through which an arrow passes
 * this row. Within a row each cell stands where its neighbours are on average; a few passes up and
 * down find an order with few crossings.
 */
function layOut(rows, arrows) {
  const top = Math.max(...rows.values());
  const cells = Array.from({ length: top + 1 }, () => []);
  const at = new Map();
  const cell = (row, room) => {
    const made = { room, row, up: [], down: [] };
    cells[top - row].push(made);
    return made;
  };
  for (const room of [...rows.keys()].sort()) at.set(room, cell(rows.get(room), room));
  const paths = [];
  for (const [room, all] of [...arrows].sort()) {
    for (const to of all) {
      const way = [at.get(room)];
      for (let row = rows.get(room) - 1; row > rows.get(to); row--) way.push(cell(row, null));
      way.push(at.get(to));
      way.slice(1).forEach((lower, i) => {
        way[i].down.push(lower);
        lower.up.push(way[i]);
      });
      paths.push(way);
    }
  }
  const width = (c) => (c.room === null ? GAP.thread : BOX.width);
  const place = (row) => {
    const whole = row.reduce((sum, c) => sum + width(c), 0) + GAP.x * (row.length - 1);
    let x = -whole / 2;
    for (const c of row) {
      c.x = x + width(c) / 2;
      x += width(c) + GAP.x;
    }
  };
  const mean = (list, other) => (list.length === 0 ? other : list.reduce((sum, c) => sum + c.x, 0) / list.length);
  cells.forEach(place);
  for (let pass = 0; pass < 24; pass++) {
    const isDown = pass % 2 === 0;
    for (const row of isDown ? cells : [...cells].reverse()) {
      row.forEach((c) => (c.wish = mean(isDown ? c.up : c.down, c.x)));
      row.sort((a, b) => a.wish - b.wish);
      place(row);
    }
  }
  const edge = Math.max(...cells.flat().map((c) => Math.abs(c.x) + width(c) / 2));
  for (const [i, row] of cells.entries()) {
    for (const c of row) {
      c.x = Math.round(c.x + edge + MARGIN);
      c.y = MARGIN + i * (BOX.height + GAP.y);
    }
  }
  return { cells, paths, width: Math.ceil(2 * (edge + MARGIN)), height: MARGIN * 2 + cells.length * BOX.height + (cells.length - 1) * GAP.y };
}

// ---- the picture ----

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function wrap(text) {
  const lines = [''];
  for (const word of text.split(' ')) {
    if (lines.at(-1) !== '' && lines.at(-1).length + word.length >= LETTERS) lines.push('');
    lines[lines.length - 1] += (lines.at(-1) === '' ? '' : ' ') + word;
  }
  return lines;
}

function box(c, words) {
  const lines = wrap(words);
  const first = c.y + 23 + (lines.length === 1 ? 4 : 0);
  return [
    `<rect x="${c.x - BOX.width / 2}" y="${c.y}" width="${BOX.width}" height="${BOX.height}" rx="6"/>`,
    `<text class="room" x="${c.x}" y="${first}">${escape(c.room)}</text>`,
    ...lines.map((line, i) => `<text x="${c.x}" y="${first + 17 + i * 13}">${escape(line)}</text>`),
  ].join('\n');
}

/** Where on a box an arrow begins or ends: arrows are spread in the order of where they lead. */
function port(c, list, other) {
  if (c.room === null) return c.x;
  const order = [...list].sort((a, b) => a.x - b.x);
  return Math.round(c.x + ((order.indexOf(other) + 1) / (order.length + 1) - 0.5) * BOX.width * 0.8);
}

function arrow(way) {
  let d = '';
  for (let i = 0; i + 1 < way.length; i++) {
    const [upper, lower] = [way[i], way[i + 1]];
    const from = [port(upper, upper.down, lower), upper.y + BOX.height];
    const to = [port(lower, lower.up, upper), lower.y - (lower.room === null ? 0 : 6)];
    const bend = (to[1] - from[1]) / 2;
    d += `${i === 0 ? 'M' : 'L'}${from.join(' ')}C${from[0]} ${from[1] + bend} ${to[0]} ${to[1] - bend} ${to.join(' ')}`;
  }
  return `<path d="${d}" marker-end="url(#tip)"/>`;
}

function draw() {
  const enters = findArrows();
  const words = findWords();
  const missing = [...enters.keys()].filter((room) => !words.has(room));
  if (missing.length > 0) throw new Error(`the table in cgi-bin/README.md has no row for ${missing.join(', ')}`);
  const { cells, paths, width, height } = layOut(findRows(enters), reduce(enters));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">
<title id="title">The rooms of cgi-bin. An arrow leads from a room to one below it whose headers it includes.</title>
<!-- Made by tests/lint/rooms.mjs from the includes: node tests/lint/rooms.mjs -->
<style>
svg { background: #fff; font: 11px system-ui, sans-serif; }
rect { fill: #eef4f5; stroke: #0b5c6b; }
text { fill: #333; text-anchor: middle; }
.room { fill: #000; font-size: 14px; font-weight: 600; }
path { fill: none; stroke: #5b6b70; stroke-width: 1.3; }
marker path { fill: #5b6b70; stroke: none; }
@media (prefers-color-scheme: dark) {
svg { background: #14191b; }
rect { fill: #1f2b2e; stroke: #6fc3d2; }
text { fill: #cdd6d8; }
.room { fill: #fff; }
path { stroke: #93a4a8; }
marker path { fill: #93a4a8; }
}
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>
${paths.map(arrow).join('\n')}
${cells.flat().filter((c) => c.room !== null).map((c) => box(c, words.get(c.room))).join('\n')}
</svg>
`;
}

try {
  const picture = draw();
  if (process.argv[2] !== '--check') {
    fs.writeFileSync(PICTURE, picture);
  } else if (!fs.existsSync(PICTURE) || fs.readFileSync(PICTURE, 'utf8') !== picture) {
    console.log('cgi-bin/rooms.svg is not what the includes say; write it by: node tests/lint/rooms.mjs');
    process.exitCode = 1;
  }
} catch (error) {
  console.log(`rooms.mjs: ${error.message}`);
  process.exitCode = 1;
}
