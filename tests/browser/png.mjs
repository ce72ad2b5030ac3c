// png.mjs - makes a screenshot small: a PNG with a palette. Pages have few colours. Rare ones, at the
// edges of letters, become the nearest colour of the palette.
//
//   fs.writeFileSync(file, shrink(await page.screenshot()));

import zlib from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MOST_COLOURS = 64;

// ---- reading: 8 bits a channel, RGB or RGBA, not interlaced, as Chromium writes ----

function chunks(bytes) {
  const found = [];
  for (let at = SIGNATURE.length; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    found.push({ type: bytes.toString('latin1', at + 4, at + 8), data: bytes.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return found;
}

function paeth(a, b, c) {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

const PREDICT = [() => 0, (a) => a, (a, b) => b, (a, b) => (a + b) >> 1, paeth];

/** { width, height, pixels }: a number 0xRRGGBB each. */
function read(bytes) {
  const all = chunks(bytes);
  const head = all[0].data;
  const [width, height, depth, kind] = [head.readUInt32BE(0), head.readUInt32BE(4), head[8], head[9]];
  const size = { 2: 3, 6: 4 }[kind];
  if (depth !== 8 || size === undefined || head[12] !== 0) {
    throw new Error('not a PNG of the kind that Chromium writes');
  }
  const raw = zlib.inflateSync(Buffer.concat(all.filter(({ type }) => type === 'IDAT').map(({ data }) => data)));
  const pixels = new Uint32Array(width * height);
  let above = Buffer.alloc(width * size);
  for (let y = 0; y < height; y++) {
    const start = y * (width * size + 1);
    const predict = PREDICT[raw[start]];
    const line = raw.subarray(start + 1, start + 1 + width * size);
    for (let i = 0; i < line.length; i++) {
      line[i] += predict(i >= size ? line[i - size] : 0, above[i], i >= size ? above[i - size] : 0);
    }
    for (let x = 0; x < width; x++) {
      pixels[y * width + x] = line.readUIntBE(x * size, 3);
    }
    above = line;
  }
  return { width, height, pixels };
}

// ---- writing ----

function distance(one, other) {
  const part = (shift) => ((one >> shift) & 255) - ((other >> shift) & 255);
  return part(16) ** 2 * 2 + part(8) ** 2 * 4 + part(0) ** 2;
}

/** The palette: the most frequent colour, then again and again the one that is missed most. */
function paletteOf(pixels) {
  const counts = new Map();
  pixels.forEach((colour) => counts.set(colour, (counts.get(colour) ?? 0) + 1));
  const palette = [];
  const rest = [...counts].map(([colour, count]) => ({ colour, count, off: Infinity }));
  while (palette.length < MOST_COLOURS && palette.length < counts.size) {
    const next = rest.reduce((best, one) => (Math.min(one.off, 1e9) * one.count > Math.min(best.off, 1e9) * best.count ? one : best)).colour;
    palette.push(next);
    rest.forEach((one) => (one.off = Math.min(one.off, distance(one.colour, next))));
  }
  const nearest = new Map(rest.map(({ colour }) => [colour, palette.reduce((best, other, i) => (distance(colour, other) < distance(colour, palette[best]) ? i : best), 0)]));
  return { palette, nearest };
}

const CRC = Array.from({ length: 256 }, (_, n) => Array.from({ length: 8 }).reduce((c) => (c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1), n));

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = [Buffer.alloc(4), Buffer.alloc(4)];
  ends[0].writeUInt32BE(data.length);
  ends[1].writeUInt32BE((body.reduce((c, byte) => CRC[(c ^ byte) & 255] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0);
  return Buffer.concat([ends[0], body, ends[1]]);
}

export function shrink(bytes) {
  const { width, height, pixels } = read(bytes);
  const { palette, nearest } = paletteOf(pixels);
  const raw = Buffer.alloc((width + 1) * height); // each line begins with 0: no filter, which is best for palettes
  pixels.forEach((colour, i) => (raw[i + Math.floor(i / width) + 1] = nearest.get(colour)));
  const head = Buffer.from([...Buffer.alloc(8), 8, 3, 0, 0, 0]);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  return Buffer.concat([
    SIGNATURE, chunk('IHDR', head), chunk('PLTE', Buffer.from(palette.flatMap((c) => [c >> 16, (c >> 8) & 255, c & 255]))),
    chunk('IDAT', zlib.deflateSync(raw, { level: 9, memLevel: 9 })), chunk('IEND', Buffer.alloc(0)),
  ]);
}
