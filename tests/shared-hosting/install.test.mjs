// install.test.mjs - INSTALL.html in the archive: its links work, it is accessible, and what it
// tells the owner to do works.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { spawnSync } from 'node:child_process';
import { withBrowser } from '../browser/harness.mjs';
import { makeFolder, removeFolder } from '../e2e/harness.mjs';
import { ARCHIVE, asOwner, withHost } from './host.mjs';

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PICTURES_MOST = 150_000;
const ARCHIVE_MOST = 3_000_000;

/** Unpacks the archive on the owner's own disk. */
async function withFolder(body) {
  const folder = makeFolder();
  try {
    const unpacked = spawnSync('unzip', ['-q', ARCHIVE, '-d', folder], { encoding: 'utf8' });
    assert.equal(unpacked.status, 0, unpacked.stderr);
    await body(path.join(folder, 'pollchat'));
  } finally {
    removeFolder(folder);
  }
}

async function findings(page) {
  await page.evaluate(axe); // by the debugger, which the content security policy does not stop
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, {
      preload: false,
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 150)} ${failureSummary}`),
    );
  });
}

async function lookAt(page, where) {
  await page.evaluate(() => Promise.all([...document.images].map((image) => image.decode().catch(() => {}))));
  assert.deepEqual(
    await page.evaluate(() =>
      [...document.images].filter((image) => image.naturalWidth === 0).map((image) => image.src),
    ),
    [],
    `${where}: all pictures are shown`,
  );
  assert.deepEqual(
    await page.evaluate(() => [...document.images].filter((image) => image.alt.length < 20).map((image) => image.src)),
    [],
    `${where}: each has a description`,
  );
  const wrong = await page.evaluate(() =>
    [...document.images]
      .filter(
        (image) =>
          Math.abs(
            image.naturalWidth / image.naturalHeight - image.getAttribute('width') / image.getAttribute('height'),
          ) > 0.02,
      )
      .map((image) => image.src),
  );
  assert.deepEqual(
    wrong,
    [],
    `${where}: each has the size given in the page, so the page does not jump`,
  );
  assert.notEqual(
    await page.evaluate(() => getComputedStyle(document.querySelector('nav')).borderRadius),
    '0px',
    `${where}: the style sheet is used`,
  );
  const [needed, there] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(needed <= there, `${where}: ${needed} pixels wide on ${there}`);
  assert.deepEqual(await findings(page), [], where);
}

const SIZES = {
  desk: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true },
};

for (const colorScheme of ['light', 'dark']) {
  for (const [size, options] of Object.entries(SIZES)) {
    test(`opened from the disk, ${colorScheme}, ${size}: it is complete and accessible`, () =>
      withFolder((folder) =>
        withBrowser(async ({ tab }) =>
          lookAt(
            await tab(pathToFileURL(path.join(folder, 'INSTALL.html')).href, { colorScheme, ...options }),
            `${colorScheme} ${size}`,
          ),
        ),
      ));
  }
}

test('opened from the web: it is complete, accessible, and usable with the keyboard', () =>
  withHost('usual-cgi', {}, (host) =>
    withBrowser(async ({ tab }) => {
      const page = await tab(`${host.address}INSTALL.html`);
      await lookAt(page, 'web');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.waitForURL(/#need$/);
      assert.ok(await page.getByRole('heading', { name: '1. What you need' }).isVisible());
      assert.equal(await page.getByRole('table').getByRole('row').count(), await page.locator('tr').count());
      await page.getByRole('link', { name: 'here it is' }).click();
      await page.waitForURL(/doctor\.html$/);
    })));

test('the targets of its links are in the archive, and the pictures are small', () =>
  withFolder((folder) => {
    const html = fs.readFileSync(path.join(folder, 'INSTALL.html'), 'utf8');
    const targets = [...html.replace(/<pre>[^]*?<\/pre>/g, '').matchAll(/ (?:href|src)="([^"]*)"/g)].map(
      (match) => match[1],
    );
    assert.ok(targets.length > 20);
    for (const target of targets) {
      const [file, part] = target.split('#');
      assert.ok(file === '' || fs.existsSync(path.join(folder, file)), `${target} is not in the archive`);
      assert.ok(part === undefined || html.includes(` id="${part}"`), `${target} leads nowhere`);
    }
    const pictures = path.join(folder, 'install-pictures');
    for (const name of fs.readdirSync(pictures)) {
      assert.ok(html.includes(`"install-pictures/${name}"`), `${name} is not shown`);
    }
    assert.ok(
      fs.readdirSync(pictures).reduce((sum, name) => sum + fs.statSync(path.join(pictures, name)).size, 0) <=
        PICTURES_MOST,
    );
    assert.ok(fs.statSync(ARCHIVE).size <= ARCHIVE_MOST);
    assert.doesNotMatch(html, /<script|style=|javascript:|https?:\/\/(?!(?:www\.)?[a-z-]+\.example\b)/);
    // The files that the page names.
    for (const name of [
      '.htaccess',
      'cgi-bin/chat.conf',
      'cgi-bin/programs/use',
      'cgi/poll.cgi',
      'js',
      'pollchat-data',
    ]) {
      assert.ok(fs.existsSync(path.join(folder, name)), name);
    }
    assert.ok(
      !fs.existsSync(path.join(folder, 'cgi-bin', 'my-chat.conf')),
      'the archive has no file that belongs to the owner',
    );
  }));

/** The lines that the page tells people to type. */
function typed(site) {
  const html = fs.readFileSync(path.join(site, 'INSTALL.html'), 'utf8');
  const plain = (text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  return [...html.matchAll(/<pre><code>([^]*?)<\/code><\/pre>/g)].flatMap((match) => plain(match[1]).split('\n'));
}

test('the settings on the page are valid', () =>
  withFolder((folder) => {
    const lines = typed(folder).filter((line) => /^(?:;|\w+ = )/.test(line));
    assert.ok(lines.length >= 4);
    fs.writeFileSync(path.join(folder, 'cgi-bin', 'my-chat.conf'), [...lines, 'doctor = nobody', ''].join('\r\n'));
    const { status, stdout, stderr } = spawnSync(path.join(folder, 'cgi-bin', 'pollchat'), ['settings'], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    assert.equal(
      stdout.match(/; my-chat\.conf line \d+$/gm).length,
      lines.filter((line) => !line.startsWith(';')).length + 1,
      stdout,
    );
    assert.ok(stdout.includes(`data = ${folder}/cgi-bin/../../../pollchat-data `), stdout);
  }));

test('a copy by the cron command, and one by FTP, can each be restored by renaming it', () =>
  withHost('usual-cgi', {}, async (host) => {
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const say = async (text) =>
      assert.equal((await host.get('send', { method: 'POST', body: `text=${text}`, headers: form })).status, 201);
    const said = async () => (await host.get('poll')).json().messages.map(({ text }) => text);
    const data = path.join(host.site, 'pollchat-data');
    await say('one');

    const home = path.join(host.run, 'fcgid'); // any folder of the owner
    fs.mkdirSync(path.join(home, 'public_html'));
    fs.symlinkSync(host.site, path.join(home, 'public_html', 'pollchat'));
    // As cron passes it to the shell.
    const command = typed(host.site).find((line) => line.includes('pollchat" backup')).replaceAll('\\%', '%');
    asOwner('sh', ['-c', command], { env: { HOME: home, PATH: process.env.PATH } });
    const [copy] = fs.readdirSync(home).filter((name) => /^chat-\d{4}-\d\d-\d\d\.db$/.test(name));
    assert.ok(copy);

    const byFtp = ['', '-wal', '-journal'].filter((tail) => fs.existsSync(path.join(data, `chat.db${tail}`)));
    byFtp.forEach((tail) => asOwner('cp', [path.join(data, `chat.db${tail}`), path.join(home, `ftp.db${tail}`)]));
    const putBack = (from, to) =>
      asOwner('sh', ['-c', 'umask 022; cat "$0" >"$1"', path.join(home, from), path.join(data, to)]);
    const rename = () => fs.renameSync(path.join(data, 'copy.db'), path.join(data, 'chat-restore.db'));

    await say('two');
    assert.deepEqual(await said(), ['one', 'two']);
    putBack(copy, 'copy.db');
    rename();
    await host.get('poll');
    assert.deepEqual(await said(), ['one']);

    await say('three');
    byFtp.filter((tail) => tail !== '').forEach((tail) => putBack(`ftp.db${tail}`, `chat-restore.db${tail}`));
    putBack('ftp.db', 'copy.db');
    rename();
    await host.get('poll');
    assert.deepEqual(await said(), ['one']);
    assert.ok(fs.readdirSync(data).some((name) => /^chat-before-restore-.*\.db$/.test(name)));
  }));
