// long.mjs - texts that are expensive for a browser, and a measure of what one costs an open page.

/* * Texts of so many bytes, by name. Each froze an earlier page, or costs more than other texts of
 * its length.
 */
export function heavyTexts(bytes) {
  const fill = (text) => text.repeat(Math.floor(bytes / new TextEncoder().encode(text).length));
  const charactersFrom = (first, step) => {
    let text = '';
    let size = 0;
    for (let code = first; size < bytes - 4; code = code > 0x323af ? first : code + step) {
      if (code < 0xd800 || code > 0xdfff) {
        const one = String.fromCodePoint(code);
        size += code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        text += one;
      }
    }
    return text;
  };
  const nested = Array.from({ length: 60 }, () => '\u202b\u202a').join('');
  return {
    'code': fill('`a` '),
    'links': fill('http://a '),
    'blocks': fill('```a```'),
    'one block of short lines': `\`\`\`\n${fill('a\n').slice(0, -20)}\`\`\``,
    'calls': fill('@ann '),
    'combining marks': `a${fill('\u0301').slice(0, -1)}`,
    'combining marks of many kinds': fill('a\u0300\u0316\u0334\u0489\u20d0 '),
    'one line without a space': fill('a'),
    'one line with spaces': fill('a '),
    'line breaks': fill('\n'),
    'short lines': fill('a\n'),
    'quotes': `${'>'.repeat(1000)} ${fill('> ')}`.slice(0, bytes),
    'runs from right to left': fill('a\u05d0'),
    'nested directions': fill(`${nested}a\u05d0`),
    'every character': charactersFrom(0xa1, 1),
    'characters of rare scripts': charactersFrom(0x10000, 37),
    'emoji of families': fill('👩‍👩‍👧‍👦'),
    'joined emoji': fill('👩\u200d'),
    'soft hyphens': fill('a\u00ad'),
    'tabs': fill('\t'),
    'blanks': fill(' '),
    'marks of code alone': fill('`'),
    'half blocks': fill('```a`'),
    'controls': fill('\u0001'),
    'quotation marks': fill('"\\'),
    'one long link': `http://a/${fill('(').slice(0, -10)}`,
    'names': fill('@an'),
    'Arabic': fill('\u0628\u0651\u064e'),
    'Devanagari': fill('\u0915\u094d\u0937'),
    'ligatures of many lines': fill('ffi fl '),
  };
}

/**
 * Measures the main thread of a page: await (await meter(page))() is its processor time in
 * milliseconds since the last call.
 */
export async function meter(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spent = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value * 1000]));
  };
  let before = await spent();
  return async () => {
    const now = await spent();
    const of = (name) => Math.round(now[name] - before[name]);
    const found = { total: of('TaskDuration'), script: of('ScriptDuration'), layout: of('LayoutDuration'), style: of('RecalcStyleDuration') };
    before = now;
    return found;
  };
}
