// visit.mjs - what visitors and the owner do on a host: they talk, and the owner reads doctor.html.

import { say, shows } from '../browser/harness.mjs';

// Errors of the search for the programs, which the browser logs.
export const FAULTS = /404|403|500|Failed to load resource/;

let visits = 0; // each has names of its own, since a name belongs to the browser that used it first

/** Two visitors talk; one of them opens the page later. Both see the same messages. */
export async function talk({ tab, address, first = [] }) {
  const ann = await tab(address, { name: `Ann, visit ${++visits}`, ignore: FAULTS });
  await say(ann, 'is this thing on?');
  await shows(ann, [...first, 'is this thing on?']);
  const ben = await tab(address, { name: `Ben, visit ${visits}`, ignore: FAULTS });
  await shows(ben, [...first, 'is this thing on?']);
  await say(ben, 'it is');
  await shows(ann, [...first, 'is this thing on?', 'it is']);
  await shows(ben, [...first, 'is this thing on?', 'it is']);
}

/**
 * Opens doctor.html. Returns its findings: states is { topic: state }, texts is all of them as
 * text.
 */
export async function diagnose({ tab, address }) {
  const page = await tab(`${address}doctor.html`, { ignore: FAULTS });
  await page.locator('html[data-done=yes]').waitFor({ timeout: 60_000 });
  const list = await page
    .locator('.finding')
    .evaluateAll((rows) =>
      rows.map((row) => [row.dataset.topic, row.dataset.state, row.querySelector('.text').textContent]),
    );
  const states = Object.fromEntries(list.map(([topic, state]) => [topic, state]));
  return {
    page,
    states,
    list,
    texts: list.map((row) => row.join(' | ')).join('\n'),
    sum: await page.locator('[data-part=sum]').textContent(),
  };
}

export const wrong = ({ states }) => Object.keys(states).filter((topic) => states[topic] === 'wrong');
