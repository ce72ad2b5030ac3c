// deploy.test.mjs - the lines of README.md for a host that has a web server already, inside such a server's configuration:
// Debian's own for lighttpd, the least that is one for Apache. (nginx, Caddy: their whole profile is the block of README.md.)

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { PROFILE, copyRoot, freePort, isAlive, makeFolder, processes, removeFolder, request, signal, until } from './harness.mjs';

const readme = fs.readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
const block = (language) => readme.match(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'm'))[1];
const via = { lighttpd: 'fastcgi', 'lighttpd-cgi': 'cgi', 'apache-proxy': 'proxy', 'apache-fcgid': 'fcgid', 'apache-cgi': 'cgi' }[PROFILE];
const sbin = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
const isRoot = process.getuid() === 0;

const inPlace = (text, folder) =>
  text
    .replaceAll('/usr/local/lib/pollchat', path.join(folder, 'root'))
    .replaceAll('/var/lib/pollchat', path.join(folder, 'data'))
    .replaceAll('/run/lighttpd', path.join(folder, 'run'))
    .replaceAll('/run/pollchat', path.join(folder, 'run'));

function lighttpd(folder, port) {
  const lines = inPlace(block('lighttpd'), folder).replace('/fastcgi.conf"', `/${via}.conf"`).replace('mod_fastcgi', `mod_${via}`);
  const own = [...fs.readFileSync('/etc/lighttpd/lighttpd.conf', 'utf8').split('\n')]
    .filter((line) => !/use-ipv6/.test(line))
    .map((line) =>
      line
        .replace(/^server\.port .*/, `server.port = ${port}\nserver.bind = "127.0.0.1"`)
        .replace(/^(server\.errorlog .*=).*/, `$1 "${folder}/run/error.log"`)
        .replace(/^(server\.pid-file .*=).*/, `$1 "${folder}/run/pid"`)
        .replace(/^(server\.upload-dirs .*=).*/, `$1 ( "${folder}/run" )`)
        .replace(/^include "\/etc\/lighttpd\/conf-enabled.*/, lines),
    );
  fs.writeFileSync(path.join(folder, 'server.conf'), own.join('\n'));
  return ['lighttpd', '-D', '-f', path.join(folder, 'server.conf')];
}

function apache(folder, port, user) {
  const names = ['mpm_event', 'authz_core', 'mime', 'dir', 'alias', 'env', 'headers', ...{ proxy: ['proxy', 'proxy_fcgi'], fcgid: ['fcgid'], cgi: ['cgid'] }[via]];
  const lines = inPlace(block('apache'), folder).replace('<VirtualHost *:80>', `<VirtualHost *:${port}>`).replace('/apache/fcgid.conf', `/apache/${via}.conf`);
  const own = [
    `ServerRoot "${folder}/run"`,
    'ServerName localhost',
    `Listen 127.0.0.1:${port}`,
    `PidFile "${folder}/run/pid"`,
    `ErrorLog "${folder}/run/error.log"`,
    `User "${user}"`,
    `Group "${spawnSync('id', ['-gn', user], { encoding: 'utf8' }).stdout.trim()}"`, // Apache's own default is none that there is
    ...names.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
    'TypesConfig /dev/null',
    `<VirtualHost *:${port}>`, // the first one answers for every name that no other has
    '  ServerName localhost',
    `  DocumentRoot "${folder}/other"`,
    '</VirtualHost>',
    ...{ fcgid: [`FcgidIPCDir "${folder}/run"`, `FcgidProcessTableFile "${folder}/run/shm"`], cgi: [`ScriptSock "${folder}/run/cgid"`], proxy: [] }[via],
    lines,
  ];
  fs.writeFileSync(path.join(folder, 'server.conf'), own.join('\n'));
  return ['apache2', '-D', 'FOREGROUND', '-f', path.join(folder, 'server.conf')];
}

/** What systemd or an init script would do for proxy.conf. */
const programs = (folder, user) =>
  ['send', 'poll'].map((name) => [
    'env', `POLLCHAT_DATA=${folder}/data`, 'spawn-fcgi', '-n', '-s', `${folder}/run/${name}.sock`, '-M', '0600', ...(isRoot ? ['-u', user, '-U', user] : []),
    '--', '/usr/bin/multiwatch', '--', `${folder}/root/cgi-bin/${name}`,
  ]);

describe(`${PROFILE}: on a host with a web server`, () => {
  if (!['nginx', 'caddy'].includes(PROFILE)) {
    it('the lines of README.md are enough', async () => {
      const folder = makeFolder();
      const children = [];
      try {
        const user = isRoot ? 'www-data' : spawnSync('id', ['-un'], { encoding: 'utf8' }).stdout.trim();
        copyRoot(path.join(folder, 'root'));
        for (const name of ['data', 'run', 'other']) {
          fs.mkdirSync(path.join(folder, name), { mode: 0o700 });
          assert.equal(isRoot ? spawnSync('chown', [user, path.join(folder, name)]).status : 0, 0);
        }
        const port = await freePort();
        const server = PROFILE.startsWith('lighttpd') ? lighttpd(folder, port) : apache(folder, port, user);
        let output = '';
        for (const [command, ...args] of [...(via === 'proxy' ? programs(folder, user) : []), server]) {
          const child = spawn(command, args, { env: sbin, stdio: ['ignore', 'pipe', 'pipe'] });
          child.stdout.on('data', (text) => (output += text));
          child.stderr.on('data', (text) => (output += text));
          children.push(child);
        }
        const ask = (target, options = {}) => request(port, target, { ...options, headers: { Host: 'chat.example.org', ...options.headers } });
        await until(() => {
          assert.ok(children.every((child) => child.exitCode === null && child.signalCode === null), output);
          return ask('/poll').then((answer) => answer.status === 200, () => false);
        }, 'the chat to answer').catch((error) => {
          throw new Error(`${error.message}\n${output}${fs.existsSync(`${folder}/run/error.log`) ? fs.readFileSync(`${folder}/run/error.log`, 'utf8') : ''}`);
        });

        const sent = await ask('/send', { method: 'POST', body: 'text=hi', headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: 'http://chat.example.org' } });
        assert.equal(sent.status, 201, sent.text);
        assert.equal((await ask('/poll?since=0')).json().messages[0].text, 'hi');
        assert.ok(fs.existsSync(path.join(folder, 'data', 'chat.db')));
        const page = await ask('/');
        assert.equal(page.status, 200);
        assert.match(page.headers['content-security-policy'], /script-src 'self'/);
        const script = await ask('/js/main.js');
        assert.match(script.headers['content-type'], /^text\/javascript/);
        assert.equal(script.headers['cache-control'], 'no-cache');
        for (const target of ['/.htaccess', '/cgi-bin/poll', '/../cgi-bin/chat.conf.example', '/../data/chat.db']) {
          assert.ok((await ask(target)).status >= 400, target);
        }
        const elsewhere = await request(port, '/poll', { headers: { Host: 'www.example.org' } });
        assert.equal(elsewhere.status, 404, 'other names of the host are left alone');
      } finally {
        for (const child of children.reverse()) {
          child.kill('SIGTERM');
        }
        const left = () => [...children.map((child) => child.pid), ...processes().filter((p) => p.exe.startsWith(folder)).map((p) => p.pid)].filter(isAlive);
        await until(() => left().length === 0, 'all to stop', 5000).catch(() => left().forEach((pid) => signal(pid, 'SIGKILL')));
        removeFolder(folder);
      }
    });
  }
});
