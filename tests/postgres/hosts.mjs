// hosts.mjs - several web hosts over one database: each has a web server, programs, a data folder
// and a run folder of its own, on one machine.

import fs from 'node:fs';
import path from 'node:path';

import { makeFolder, removeFolder, start } from '../e2e/harness.mjs';

/** The site's key, which the owner copies to each host. */
function copyKey(from, data) {
  const { uid, gid } = fs.statSync(from);
  fs.mkdirSync(data, { mode: 0o700 });
  fs.copyFileSync(path.join(from, 'chat.key'), path.join(data, 'chat.key'));
  for (const each of [data, path.join(data, 'chat.key')]) {
    fs.chownSync(each, uid, gid);
  }
}

/**
 * Runs a test's body with `count` hosts over the database of `address`; env: their settings. Shows
 * the logs when it fails.
 */
export async function withHosts(count, address, body, env = {}) {
  const hosts = [];
  const folders = [];
  try {
    for (let i = 0; i < count; i++) {
      folders.push(makeFolder());
      const data = path.join(folders[i], 'data');
      if (i > 0) copyKey(hosts[0].data, data);
      hosts.push(await start({ folder: folders[i], data, env: { ...env, POLLCHAT_STORE: address } }));
    }
    await body(hosts);
  } catch (error) {
    console.error(hosts.map((host) => `${host.output}${host.log()}`).join('\n'));
    throw error;
  } finally {
    for (const host of hosts) {
      if (host.status === undefined) await host.halt();
    }
    folders.forEach(removeFolder);
  }
}
