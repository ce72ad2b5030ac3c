// plot.mjs - draws the results in a folder: report.svg (each figure against its bound, and how long
// answers take), and a picture of each growth-*.tsv.
//
//   node plot.mjs FOLDER
import fs from 'node:fs';
import path from 'node:path';

const folder = process.argv[2];
const rows = fs.readFileSync(path.join(folder, 'report.tsv'), 'utf8').trimEnd().split('\n').map((line) => line.split('\t'));
const figures = rows
  .filter(([, bound]) => bound !== '')
  .map(([what, bound, measured, verdict]) => {
    const [relation, limit] = bound.split(' ');
    return { what, bound, measured, verdict, share: Number(measured) / Number(limit), more: relation === '>=' };
  });

const text = (x, y, words, more = '') => `<text x="${x}" y="${y}" ${more}>${words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')}</text>`;
const WIDTH = 900;
const LEFT = 480;
const out = [];
let y = 50;

// ---- bars: measured / bound; the line is the bound ----
const unit = 130; // pixels for the bound
out.push(text(20, 28, 'Measured figures against their bounds', 'class="title"'));
for (const f of figures) {
  const width = Math.min(Math.max(f.share, 0) * unit, WIDTH - LEFT - 120);
  out.push(text(LEFT - 10, y + 14, `${f.what}`, 'text-anchor="end"'));
  out.push(`<rect x="${LEFT}" y="${y + 2}" width="${width.toFixed(1)}" height="16" class="${f.verdict === 'reached' ? 'good' : 'bad'}"/>`);
  out.push(text(LEFT + width + 6, y + 14, `${f.measured} (${f.bound})`));
  y += 26;
}
out.push(`<line x1="${LEFT + unit}" y1="44" x2="${LEFT + unit}" y2="${y}" class="bound"/>`);
out.push(text(LEFT + unit, y + 14, 'bound', 'text-anchor="middle"'));
y += 50;

// ---- spreads: which share of readers has its answer after how long ----
function spread(names, title, subject) {
  const lines = Object.entries(names)
    .map(([who, name]) => ({ who, file: path.join(folder, `spread-${name}`) }))
    .filter(({ file }) => fs.existsSync(file))
    .map(({ who, file }) => ({ who, points: fs.readFileSync(file, 'utf8').trim().split('\n').map((l) => l.split(' ').map(Number)) }));
  if (lines.length === 0) return;
  // The slowest hundredth would press all others to the left edge.
  const most = Math.max(...lines.flatMap(({ points }) => points.filter(([p]) => p <= 99).map(([, us]) => us))) / 1000;
  const [x0, w, h] = [70, WIDTH - 130, 180];
  const x = (us) => x0 + Math.min(us / 1000 / most, 1) * w;
  out.push(text(20, y, title, 'class="title"'));
  y += 14;
  for (const share of [0, 50, 100]) {
    const at = y + h - (share / 100) * h;
    out.push(`<line x1="${x0}" y1="${at}" x2="${x0 + w}" y2="${at}" class="grid"/>`, text(x0 - 8, at + 4, `${share} %`, 'text-anchor="end"'));
  }
  for (let i = 0; i <= 4; i++) out.push(text(x0 + (w * i) / 4, y + h + 18, `${((most * i) / 4).toFixed(most < 10 ? 1 : 0)} ms`, 'text-anchor="middle"'));
  for (const [i, { who, points }] of lines.entries()) {
    out.push(`<polyline class="line${i}" points="${points.filter(([p]) => p <= 99).map(([p, us]) => `${x(us).toFixed(1)},${(y + h - (p / 100) * h).toFixed(1)}`).join(' ')}"/>`);
    out.push(text(x0 + w - 8, y + h - 50 + i * 18, who, `class="name${i}" text-anchor="end"`));
  }
  out.push(text(x0 + w / 2, y + h + 36, subject, 'text-anchor="middle"'));
  y += h + 70;
}
const toReader = 'time from the send to a reader’s answer';
spread({ pollchat: 'half-idle-real', 'null program': 'half-idle-null' }, 'Idle polls at half of the full load: share that is answered', 'time from the moment at which a request was due');
spread({ pollchat: 'half-send-real', 'null program': 'half-send-null' }, 'Sends at half of the full load: share that is answered', 'time from the moment at which a request was due');
spread({ pollchat: 'poll-pollchat', 'program that only holds': 'poll-hold', Nchan: 'poll-nchan' }, 'Long polls: share of the waiting readers that have their answer', toReader);
spread({ pollchat: 'stream-pollchat', Nchan: 'stream-nchan' }, 'Streams: share of the subscribers that have the event', toReader);
spread({ 'behind nginx': 'nginx-poll-nginx', 'behind lighttpd': 'nginx-poll-lighttpd' }, 'Long polls behind two web servers', toReader);
spread({ 'behind nginx': 'nginx-stream-nginx', 'behind lighttpd': 'nginx-stream-lighttpd' }, 'Streams behind two web servers', toReader);

// ---- growth: a picture for each figure, ratios to the first column on logarithmic axes ----
function growth(name, title, subject) {
  const file = path.join(folder, `growth-${name}.tsv`);
  if (!fs.existsSync(file)) return;
  const series = new Map();
  for (const line of fs.readFileSync(file, 'utf8').trimEnd().split('\n')) {
    const [who, x, ratio] = line.split('\t');
    if (!series.has(who)) series.set(who, []);
    series.get(who).push([Number(x), Number(ratio)]);
  }
  const points = [...series.values()].flat();
  const [x0, y0, w, h] = [80, 50, 620, 260];
  const xs = [...new Set(points.map(([x]) => x))].sort((a, b) => a - b);
  // The axis of ratios takes in 1/2 to 2, so that noise looks like noise.
  const low = Math.min(0.5, ...points.map(([, r]) => r / 1.1));
  const high = Math.max(2, ...points.map(([, r]) => r * 1.1));
  const across = (x) => x0 + (Math.log(x / xs[0]) / Math.log(xs.at(-1) / xs[0])) * w;
  const up = (r) => y0 + h - (Math.log(r / low) / Math.log(high / low)) * h;
  const parts = [text(20, 28, title, 'class="title"')];
  for (const r of [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].filter((r) => r >= low && r <= high)) {
    parts.push(`<line x1="${x0}" y1="${up(r).toFixed(1)}" x2="${x0 + w}" y2="${up(r).toFixed(1)}" class="${r === 1 ? 'bound' : 'grid'}"/>`);
    parts.push(text(x0 - 10, up(r) + 4, String(r), 'text-anchor="end"'));
  }
  for (const x of xs) parts.push(text(across(x), y0 + h + 20, x.toLocaleString('en'), 'text-anchor="middle"'));
  parts.push(text(x0 + w / 2, y0 + h + 44, subject, 'text-anchor="middle"'));
  parts.push(text(0, 0, 'ratio', `text-anchor="middle" transform="translate(26 ${y0 + h / 2}) rotate(-90)"`));
  for (const [i, [who, at]] of [...series].entries()) {
    parts.push(`<polyline class="line${i % 4}" points="${at.map(([x, r]) => `${across(x).toFixed(1)},${up(r).toFixed(1)}`).join(' ')}"/>`);
    for (const [x, r] of at) parts.push(`<circle class="dot${i % 4}" cx="${across(x).toFixed(1)}" cy="${up(r).toFixed(1)}" r="4"/>`);
    parts.push(text(x0 + 10, y0 + h + 70 + i * 20, `● ${who}: ${at.map(([, r]) => r.toFixed(2)).join('  ')}`, `class="name${i % 4}"`));
  }
  write(`${name}.svg`, 760, y0 + h + 80 + series.size * 20, parts, title);
}

function write(name, width, height, parts, label) {
  fs.writeFileSync(
    path.join(folder, name),
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}"><style>${style}</style>
<rect class="paper" width="${width}" height="${height}"/>
${parts.join('\n')}
</svg>\n`,
  );
}

const style = `
  text { font: 13px sans-serif; fill: #222 } .title { font-weight: bold; font-size: 15px } rect.good { fill: #2a7 } rect.bad { fill: #c63 }
  .dot0 { fill: #26c } .dot1 { fill: #b50 } .dot2 { fill: #283 } .dot3 { fill: #a3a } .line3 { stroke: #a3a } .name3 { fill: #a3a }
  .bound { stroke: #222; stroke-dasharray: 4 3 } .grid { stroke: #ccc } polyline { fill: none; stroke-width: 2 }
  .line0 { stroke: #26c } .name0 { fill: #26c } .line1 { stroke: #b50 } .name1 { fill: #b50 } .line2 { stroke: #283 } .name2 { fill: #283 } .paper { fill: #fff }
  @media (prefers-color-scheme: dark) { text { fill: #eee } .paper { fill: #181818 } .bound { stroke: #eee } .grid { stroke: #444 }
    .dot0 { fill: #7af } .dot1 { fill: #fa6 } .dot2 { fill: #6d8 } .dot3 { fill: #e8e } .line3 { stroke: #e8e } .name3 { fill: #e8e }
    .line0 { stroke: #7af } .name0 { fill: #7af } .line1 { stroke: #fa6 } .name1 { fill: #fa6 } .line2 { stroke: #6d8 } .name2 { fill: #6d8 } }`;
write('report.svg', WIDTH, y, out, 'Benchmark of pollchat');
growth('rooms', 'More rooms: cost as a ratio to one room', 'rooms that requests go to in turn');
growth('messages', 'More messages: cost as a ratio to 100 messages', 'messages in the room');
growth('waiters', 'More waiting polls', 'polls that wait for the same message');
growth('processes', 'More processes under mod_fcgid: a ratio to one process', 'processes, and as many connections');
