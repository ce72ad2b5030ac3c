// hosts.mjs - several web hosts over one database: each has a web server, programs, a data folder
// and a run folder of its own, on one machine.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { copyRoot, makeFolder, removeFolder, ROOT, start } from '../e2e/harness.mjs';

/** The site's key, which the owner copies to each host. */
function copyKey(from, data) {
  const { uid, gid } = fs.statSync(from);
  fs.mkdirSync(data, { mode: 0o700 });
  fs.copyFileSync(path.join(from, 'chat.key'), path.join(data, 'chat.key'));
  for (const each of [data, path.join(data, 'chat.key')]) {
    fs.chownSync(each, uid, gid);
  }
}

/** Makes a site's tree whose programs begin with a library that keeps notices back (silent.c). */
function makeSilent(root) {
  const library = path.join(root, 'silent.so');
  const source = fileURLToPath(new URL('./silent.c', import.meta.url));
  const options = ['-std=c17', '-D_GNU_SOURCE', '-shared', '-fPIC', '-Wl,--no-as-needed'];
  copyRoot(root);
  execFileSync(process.env.CC ?? 'cc', [...options, '-o', library, source, '-lpq']);
  for (const name of ['send', 'poll']) {
    const program = path.join(root, 'cgi-bin', name);
    fs.rmSync(program); // so that the new file gets its own mode
    fs.writeFileSync(program, `#!/bin/sh\nLD_PRELOAD='${library}' exec '${path.join(ROOT, 'cgi-bin', name)}' "$@"\n`, { mode: 0o755 });
  }
}

/**
 * Runs a test's body with `count` hosts over the database of `address`. env: their settings;
 * silent: their programs send no notices. Shows the logs when it fails.
 */
export async function withHosts(count, address, body, { env = {}, silent = false } = {}) {
  const hosts = [];
  const folders = [];
  try {
    for (let i = 0; i < count; i++) {
      folders.push(makeFolder());
      const data = path.join(folders[i], 'data');
      if (i > 0) copyKey(hosts[0].data, data);
      if (silent) makeSilent(path.join(folders[i], 'root'));
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
