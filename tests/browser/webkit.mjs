// webkit.mjs - a window of the system's WebKit, controlled by WebDriver (W3C), on a virtual screen.
//
//   await withWebKit(async (window) => {
//     await window.go(address);
//     await window.type('#name', 'ann');
//   });

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../wait.mjs';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'; // W3C WebDriver, section 12.1
const BROWSERS = ['webkit2gtk-4.1', 'webkit2gtk-4.0', 'webkitgtk-6.0'].map((name) => `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/${name}/MiniBrowser`);

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

/** Starts a virtual screen. Xvfb writes the number that it took to descriptor 3. */
async function startScreen() {
  const screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1000x800x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const [number] = await Promise.race([once(screen.stdio[3], 'data'), once(screen, 'close').then(() => { throw new Error('Xvfb does not start'); })]);
  return { screen, display: `:${String(number).trim()}` };
}

async function startDriver(display) {
  const port = await freePort();
  const env = { ...process.env, DISPLAY: display, WEBKIT_DISABLE_COMPOSITING_MODE: '1', LIBGL_ALWAYS_SOFTWARE: '1' };
  const driver = spawn('WebKitWebDriver', [`--port=${port}`], { env, stdio: 'ignore' });
  const address = `http://127.0.0.1:${port}`;
  const gone = once(driver, 'close');
  for (let i = 0; ; i++) {
    const isUp = await fetch(`${address}/status`).then((answer) => answer.ok, () => false);
    if (isUp) return { driver, address, gone };
    if (i > 600) {
      driver.kill();
      throw new Error('WebKitWebDriver does not start');
    }
    await delay(100);
  }
}

async function ask(address, path, body) {
  const answer = await fetch(`${address}${path}`, body === undefined ? { method: 'DELETE' } : { method: 'POST', body: JSON.stringify(body) });
  const { value } = await answer.json();
  if (!answer.ok) throw new Error(`${path}: ${value.error}: ${value.message}`);
  return value;
}

async function openWindow(address) {
  const binary = BROWSERS.find((file) => fs.existsSync(file));
  const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': { binary, args: ['--automation'] } } };
  const { sessionId } = await ask(address, '/session', { capabilities });
  const command = (path, body) => ask(address, `/session/${sessionId}${path}`, body);
  const element = async (selector) => (await command('/element', { using: 'css selector', value: selector }))[ELEMENT];
  return {
    go: (url) => command('/url', { url }),
    reload: () => command('/refresh', {}),
    /** Types into an element, as soon as the page lets a visitor do so; '\uE007' is Enter. */
    type: async (selector, text) => {
      const typed = async () => {
        try {
          await command(`/element/${await element(selector)}/value`, { text });
          return true;
        } catch (error) {
          if (!error.message.includes('element not interactable')) throw error;
          return false; // the page is still being made
        }
      };
      await until(typed, `${selector} to take text`);
    },
    /** The result of a function body in the page. */
    run: (script) => command('/execute/sync', { script, args: [] }),
    close: () => command('', undefined),
  };
}

export async function withWebKit(body) {
  const { screen, display } = await startScreen();
  try {
    const { driver, address, gone } = await startDriver(display);
    try {
      const window = await openWindow(address);
      await body(window);
      await window.close();
    } finally {
      driver.kill();
      await gone;
    }
  } finally {
    screen.kill();
  }
}
