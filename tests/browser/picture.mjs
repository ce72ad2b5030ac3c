// picture.mjs - makes the pictures of the papers and of INSTALL.html: screenshots of the real pages.
//
//   node tests/browser/picture.mjs            writes tests/browser/pictures/desktop.png
//   node tests/browser/picture.mjs FOLDER     writes pictures of many states into FOLDER
//   node tests/browser/picture.mjs --install  writes apache/archive/pictures; needs `make dist`

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { withHost } from '../shared-hosting/host.mjs';
import { withFake } from './fake-server.mjs';
import { box, rows, say, withBrowser } from './harness.mjs';
import { shrink } from './png.mjs';

const TALK = [
  ['2025-11-25T08:02:00Z', 'Ben Okafor', 'Morning! How does the poster look?'],
  ['2025-11-25T08:02:40Z', 'Ben Okafor', 'The printer needs it by noon.'],
  ['2025-11-25T08:04:05Z', 'Ann Lindqvist', 'Nearly there. Two things left:\n1. the map on the back\n2. a bigger "free entry"'],
  ['2025-11-25T08:04:51Z', 'Ann Lindqvist', 'Draft: https://example.org/poster/3'],
  ['2025-11-25T08:07:30Z', 'Ben Okafor', 'Oh, that is lovely. The blue on the cover makes it. Could the date be a little larger? My mother read it as the 28th.'],
  ['2025-11-25T08:08:12Z', 'Ann Lindqvist', 'Mothers are the best proofreaders. Done, and sent off.'],
  ['2025-11-25T08:09:00Z', 'Ben Okafor', 'Then I bring the cake on Saturday. Lemon or plum?'],
];
const NOW = '2025-11-25T08:10:00Z';
const NAME = 'Ann Lindqvist';
const NETWORK = /Failed to load resource|net::ERR/;

const clock = { at: 0, now: () => clock.at };

async function shoot(tab, address, file, { act = async () => {}, ...options }) {
  const page = await tab(address, { now: new Date(NOW), name: NAME, ignore: NETWORK, ...options });
  await rows(page).last().waitFor();
  await page.mouse.move(0, 0);
  await act(page);
  await page.evaluate(() => document.activeElement.blur());
  await page.waitForTimeout(400); // transitions
  await page.screenshot({ path: file });
  console.log(file);
}

async function shootAll(tab, server, folder) {
  const inFolder = (name) => path.join(folder, `${name}.png`);
  const desktop = { viewport: { width: 1280, height: 800 } };
  const narrow = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };
  const dark = { colorScheme: 'dark' };
  await shoot(tab, server.address, inFolder('desktop'), desktop);
  await shoot(tab, server.address, inFolder('dark'), { ...desktop, ...dark });
  await shoot(tab, server.address, inFolder('narrow'), narrow);
  await shoot(tab, server.address, inFolder('narrow-dark'), { ...narrow, ...dark });
  await shoot(tab, server.address, inFolder('asking'), { ...narrow, name: undefined });
  const trouble = async (page) => {
    server.faults.send.push('refuse');
    await say(page, 'A text that the server refuses');
    await page.getByRole('button', { name: 'Retry' }).waitFor();
    await server.die();
    await say(page, 'Is anybody there?');
    await say(page, 'Hello?');
    await box(page).fill('I write on\nin the meantime');
    await page.getByRole('button', { name: 'Try now' }).waitFor();
  };
  await shoot(tab, server.address, inFolder('trouble'), { ...narrow, act: trouble });
  await server.revive();
  await shoot(tab, server.address, inFolder('trouble-dark'), { ...desktop, ...dark, act: trouble });
}

// ---- INSTALL.html: few colours, as the archive has all of them ----

const INSTALL = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..', 'apache', 'archive', 'pictures');

function keep(name, bytes) {
  const small = shrink(bytes);
  fs.writeFileSync(path.join(INSTALL, name), small);
  console.log(`${name}: ${bytes.length} bytes, kept in ${small.length}`);
}

async function shootDoctor(name, kind, before, options) {
  await withHost(kind, { before }, (host) =>
    withBrowser(async ({ tab }) => {
      const page = await tab(`${host.address}doctor.html`, { ignore: NETWORK, ...options });
      await page.locator('html[data-done=yes]').waitFor({ timeout: 60_000 });
      keep(name, await page.screenshot());
    }));
}

async function shootInstall(tab, server) {
  const page = await tab(server.address, { now: new Date(NOW), name: NAME, ignore: NETWORK, viewport: { width: 800, height: 520 } });
  await rows(page).last().waitFor();
  await page.evaluate(() => document.activeElement.blur());
  await page.waitForTimeout(400); // transitions
  keep('chat.png', await page.screenshot());
  await shootDoctor('doctor.png', 'usual-fcgid', undefined, { viewport: { width: 720, height: 576 } });
  const loseExecuteBits = ({ site }) => ['cgi-bin/send.cgi', 'cgi-bin/poll.cgi', 'cgi-bin/pollchat', 'cgi/send.cgi', 'cgi/poll.cgi'].forEach((file) => fs.chmodSync(path.join(site, file), 0o644));
  await shootDoctor('doctor-phone.png', 'usual-cgi', loseExecuteBits, { viewport: { width: 360, height: 440 } });
}

await withFake(async (server) => {
  for (const [time, name, text] of TALK) {
    clock.at = Date.parse(time);
    server.chat.say(name, text);
  }
  await withBrowser(async ({ tab }) => {
    const [folder] = process.argv.slice(2);
    if (folder === '--install') {
      await shootInstall(tab, server);
      return;
    }
    if (folder !== undefined) {
      await shootAll(tab, server, folder);
      return;
    }
    const file = path.join(path.dirname(fileURLToPath(import.meta.url)), 'pictures', 'desktop.png');
    await shoot(tab, server.address, file, { viewport: { width: 1200, height: 840 } });
  });
}, clock);
