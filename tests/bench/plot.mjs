// plot.mjs - draws report.svg from a folder with report.tsv and spread-*: each figure against its bound, and how a crowd's answers spread.
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
const LEFT = 430;
const out = [];
let y = 50;

// ---- bars: measured / bound; the line is the bound ----
const unit = 160; // pixels for the bound
out.push(text(20, 28, 'Measured figures against their bounds', 'class="title"'));
for (const f of figures) {
  const width = Math.min(Math.max(f.share, 0) * unit, WIDTH - LEFT - 90);
  out.push(text(LEFT - 10, y + 14, `${f.what}`, 'text-anchor="end"'));
  out.push(`<rect x="${LEFT}" y="${y + 2}" width="${width.toFixed(1)}" height="16" class="${f.verdict === 'reached' ? 'good' : 'bad'}"/>`);
  out.push(text(LEFT + width + 6, y + 14, `${f.measured} (${f.bound})`));
  y += 26;
}
out.push(`<line x1="${LEFT + unit}" y1="44" x2="${LEFT + unit}" y2="${y}" class="bound"/>`);
out.push(text(LEFT + unit, y + 14, 'bound', 'text-anchor="middle"'));
y += 50;

// ---- spreads: which share of readers has its answer after how long ----
function spread(kind, title) {
  const lines = ['pollchat', 'nchan']
    .map((who) => ({ who, file: path.join(folder, `spread-${kind}-${who}`) }))
    .filter(({ file }) => fs.existsSync(file))
    .map(({ who, file }) => ({ who, points: fs.readFileSync(file, 'utf8').trim().split('\n').map((l) => l.split(' ').map(Number)) }));
  if (lines.length === 0) return;
  const most = Math.max(...lines.flatMap(({ points }) => points.map(([, us]) => us))) / 1000;
  const [x0, w, h] = [70, WIDTH - 130, 180];
  const x = (us) => x0 + (us / 1000 / most) * w;
  out.push(text(20, y, title, 'class="title"'));
  y += 14;
  for (const share of [0, 50, 100]) {
    const at = y + h - (share / 100) * h;
    out.push(`<line x1="${x0}" y1="${at}" x2="${x0 + w}" y2="${at}" class="grid"/>`, text(x0 - 8, at + 4, `${share} %`, 'text-anchor="end"'));
  }
  for (let i = 0; i <= 4; i++) out.push(text(x0 + (w * i) / 4, y + h + 18, `${((most * i) / 4).toFixed(0)} ms`, 'text-anchor="middle"'));
  for (const [i, { who, points }] of lines.entries()) {
    out.push(`<polyline class="line${i}" points="${points.map(([p, us]) => `${x(us).toFixed(1)},${(y + h - (p / 100) * h).toFixed(1)}`).join(' ')}"/>`);
    out.push(text(x0 + w - 90, y + h - 40 + i * 18, who, `class="name${i}"`));
  }
  out.push(text(x0 + w / 2, y + h + 36, 'time from the send to a reader’s answer', 'text-anchor="middle"'));
  y += h + 70;
}
spread('poll', 'Long polls: share of the waiting readers that have their answer');
spread('stream', 'Streams: share of the subscribers that have the event');

const style = `
  text { font: 13px sans-serif; fill: #222 } .title { font-weight: bold; font-size: 15px } rect.good { fill: #2a7 } rect.bad { fill: #c63 }
  .bound { stroke: #222; stroke-dasharray: 4 3 } .grid { stroke: #ccc } polyline { fill: none; stroke-width: 2 }
  .line0 { stroke: #26c } .name0 { fill: #26c } .line1 { stroke: #b50 } .name1 { fill: #b50 } .paper { fill: #fff }
  @media (prefers-color-scheme: dark) { text { fill: #eee } .paper { fill: #181818 } .bound { stroke: #eee } .grid { stroke: #444 }
    .line0 { stroke: #7af } .name0 { fill: #7af } .line1 { stroke: #fa6 } .name1 { fill: #fa6 } }`;
fs.writeFileSync(
  path.join(folder, 'report.svg'),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="Benchmark of pollchat"><style>${style}</style>
<rect class="paper" width="${WIDTH}" height="${y}"/>
${out.join('\n')}
</svg>\n`,
);
