// harness.mjs - tabs of a real Chromium for a test. Any console error, page error or violation of
// the policy fails the test.
//
//   await withBrowser(async ({ tab }) => {
//     const page = await tab(address, { name: 'ann' });
//   });
//
// Environment: CHROMIUM, the browser (default /usr/bin/chromium); HEADED=1 shows it.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

/* * A host that isn't localhost. Over plain HTTP a page there is no secure context, and has no
 * locks. */
export const PLAIN = 'chat.test';

const FLAGS = [
  '--headless=new', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--disable-dev-shm-usage', `--host-resolver-rules=MAP ${PLAIN} 127.0.0.1`,
];

/**
 * What the browser writes when a server answers that it can't stream, or that a name is taken: tabs
 * of a test often have the same name.
 */
const NO_STREAM = /status of (503 .*\/stream\?|409 .*\/send(\/act)?$)/;

function launch(options) {
  return chromium.launch({
    ...options,
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: process.env.HEADED !== '1',
    args: [...FLAGS.slice(process.env.HEADED === '1' ? 1 : 0), ...(process.getuid() === 0 ? ['--no-sandbox'] : [])],
  });
}

/* * Runs body({ browser, tab }). tab(address, options) opens a tab with a storage of its own.
 * options: name; ignore (a RegExp of messages on the console); now (the time, which stands still);
 * and Playwright's. launchOptions: Playwright's, for the browser.
 */
export async function withBrowser(body, launchOptions = {}) {
  const browser = await launch(launchOptions);
  const faults = [];
  const tab = async (address, { name, ignore, now, ...options } = {}) => {
    const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', viewport: { width: 1000, height: 700 }, ...options });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    page.on('pageerror', (error) => faults.push(`${error}`));
    page.on('console', (message) => {
      const text = `${message.text()} ${message.location().url}`;
      if (['error', 'warning'].includes(message.type()) && !NO_STREAM.test(text) && !ignore?.test(text)) {
        faults.push(text);
      }
    });
    page.on('dialog', (dialog) => {
      faults.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    if (now !== undefined) {
      await page.clock.setFixedTime(now);
    }
    await page.goto(address);
    if (name !== undefined) {
      await join(page, name);
    }
    return page;
  };
  try {
    await body({ browser, tab });
    assert.deepEqual(faults, [], 'nothing on the console');
  } finally {
    await browser.close();
  }
}

// ---- what a visitor does and sees, by role ----

export async function join(page, name) {
  await page.getByRole('textbox', { name: 'What shall we call you?' }).fill(name);
  await page.getByRole('button', { name: 'Join' }).click();
}

export const box = (page) => page.getByRole('textbox', { name: 'Message' });

export async function say(page, text) {
  await box(page).fill(text);
  await box(page).press('Enter');
}

export const log = (page) => page.getByRole('log');
export const rows = (page) => log(page).getByRole('listitem');

/** The texts of all messages from top to bottom, each with its state unless it is stored. */
export const texts = (page) =>
  log(page).evaluate((list) =>
    [...list.querySelectorAll('.row')].map((row) => {
      const text = row.querySelector('.bubble-text').textContent;
      return row.dataset.state === 'stored' ? text : `${text} [${row.dataset.state}]`;
    }),
  );

/** Waits until the page shows these texts. */
export async function shows(page, expected, ms = 60_000) {
  const end = Date.now() + ms;
  let found = await texts(page);
  while (JSON.stringify(found) !== JSON.stringify(expected) && Date.now() < end) {
    await page.waitForTimeout(50);
    found = await texts(page);
  }
  assert.deepEqual(found, expected);
}

export const status = (page) => page.getByRole('status');
