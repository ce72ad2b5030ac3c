// existing.mjs - a host with a configured web server, to which the blocks of apache/README.md and
// lighttpd/README.md are added, for one site or several. lighttpd has Debian's own configuration;
// Apache, nginx and Caddy have a minimal one.
//
//   const host = await startExisting([{ name: 'chat.example.org', data: 'data' }]);
//   await host.ask('chat.example.org', '/poll');
//   await host.stop();

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  PROFILE, copyRoot, freePort, isAlive, isRoot, makeFolder, processes, removeFolder, request, signal, until,
} from './harness.mjs';

const papers = ['apache', 'lighttpd']
  .map((folder) => fs.readFileSync(fileURLToPath(new URL(`../../${folder}/README.md`, import.meta.url)), 'utf8'))
  .join('\n');
const block = (language) => papers.match(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'm'))[1];
const via = {
  lighttpd: 'fastcgi',
  'lighttpd-cgi': 'cgi',
  'apache-proxy': 'proxy',
  'apache-fcgid': 'fcgid',
  'apache-cgi': 'cgi',
}[PROFILE];
const sbin = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

/**
 * The programs are started separately, and listen on the sockets that the server's configuration
 * names.
 */
export const startsPrograms = ['apache-proxy', 'nginx', 'caddy'].includes(PROFILE);

/** A block of those files with a site's name, data folder and folder of sockets filled in. */
const inPlace = (text, folder, site) =>
  text
    .replaceAll('chat.example.org', site.name)
    .replaceAll('/usr/local/lib/pollchat', path.join(folder, 'root'))
    .replaceAll('/var/cache/lighttpd/uploads', path.join(folder, 'run'))
    .replaceAll('/var/lib/pollchat', path.join(folder, site.data))
    .replaceAll('/run/pollchat', path.join(folder, site.run));

function lighttpd(folder, port, sites) {
  const lines = sites.map((site, i) => {
    const whole = inPlace(block('lighttpd'), folder, site)
      .replace('/fastcgi.conf"', `/${via}.conf"`)
      .replace('mod_fastcgi', `mod_${via}`);
    const own =
      site.shared === undefined
        ? whole
        : whole
            .replace(/var\.chat_run *= "[^"]*"/, `var.chat_run = "${path.join(folder, site.shared)}"`)
            .replace('=> var.chat_run', `=> "${path.join(folder, site.data)}"`);
    // The part for the whole server is there once.
    return i === 0 ? own : own.slice(own.indexOf('$HTTP["host"]'));
  });
  const own = [...fs.readFileSync('/etc/lighttpd/lighttpd.conf', 'utf8').split('\n')]
    .filter((line) => !/use-ipv6/.test(line))
    .map((line) =>
      line
        .replace(/^server\.port .*/, `server.port = ${port}\nserver.bind = "127.0.0.1"`)
        .replace(/^(server\.errorlog .*=).*/, `$1 "${folder}/run/error.log"`)
        .replace(/^(server\.pid-file .*=).*/, `$1 "${folder}/run/pid"`)
        .replace(/^(server\.upload-dirs .*=).*/, `$1 ( "${folder}/run" )`)
        .replace(/^include "\/etc\/lighttpd\/conf-enabled.*/, () => lines.join('\n')),
    );
  fs.writeFileSync(path.join(folder, 'server.conf'), own.join('\n'));
  return ['lighttpd', '-D', '-f', path.join(folder, 'server.conf')];
}

function apache(folder, port, sites, user) {
  const names = [
    'mpm_event',
    'authz_core',
    'mime',
    'dir',
    'alias',
    'env',
    'headers',
    ...{ proxy: ['proxy', 'proxy_fcgi'], fcgid: ['fcgid'], cgi: ['cgid'] }[via],
  ];
  const lines = sites.map((site) =>
    inPlace(block('apache'), folder, site)
      .replace('<VirtualHost *:80>', `<VirtualHost *:${port}>`)
      .replace('/apache/fcgid.conf', `/apache/${via}.conf`),
  );
  const own = [
    `ServerRoot "${folder}/run"`,
    'ServerName localhost',
    `Listen 127.0.0.1:${port}`,
    `PidFile "${folder}/run/pid"`,
    `ErrorLog "${folder}/run/error.log"`,
    `User "${user}"`,
    // Apache's default group does not exist.
    `Group "${spawnSync('id', ['-gn', user], { encoding: 'utf8' }).stdout.trim()}"`,
    ...names.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
    'TypesConfig /dev/null',
    `<VirtualHost *:${port}>`, // the first host answers all names without a host of their own
    '  ServerName localhost',
    `  DocumentRoot "${folder}/other"`,
    '</VirtualHost>',
    ...{
      fcgid: [`FcgidIPCDir "${folder}/run"`, `FcgidProcessTableFile "${folder}/run/shm"`],
      cgi: [`ScriptSock "${folder}/run/cgid"`],
      proxy: [],
    }[via],
    ...lines,
  ];
  fs.writeFileSync(path.join(folder, 'server.conf'), own.join('\n'));
  return ['apache2', '-D', 'FOREGROUND', '-f', path.join(folder, 'server.conf')];
}

function nginx(folder, port, sites, user) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/run/nginx-${name};`,
  );
  const own = [
    ...(isRoot ? [`user ${user};`] : []),
    `daemon off; worker_processes 1; pid ${folder}/run/pid; error_log ${folder}/run/error.log warn;`,
    'events { worker_connections 256; }',
    'http { include /etc/nginx/mime.types; access_log off;',
    ...temporary,
    `server { listen 127.0.0.1:${port} default_server; return 404; }`,
    ...sites.map((site) =>
      inPlace(block('nginx'), folder, site)
        .replace(/listen [^;]*;/, `listen 127.0.0.1:${port};`)
        .replace('server_name _;', `server_name ${site.name};`),
    ),
    '}',
  ];
  fs.writeFileSync(path.join(folder, 'server.conf'), own.join('\n'));
  return ['nginx', '-e', `${folder}/run/error.log`, '-p', `${folder}/run`, '-c', `${folder}/server.conf`];
}

function caddy(folder, port, sites, user) {
  const own = [
    `{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n\tlog {\n\t\toutput file ${folder}/run/error.log\n\t}\n}`,
    ...sites.map((site) =>
      inPlace(block('caddy'), folder, site).replace(`${site.name} {`, `http://${site.name}:${port} {`),
    ),
  ];
  fs.writeFileSync(path.join(folder, 'server.conf'), own.join('\n'));
  const become = isRoot ? ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups', '--'] : [];
  return [
    ...become,
    'env',
    `HOME=${folder}/run`,
    `XDG_DATA_HOME=${folder}/run`,
    `XDG_CONFIG_HOME=${folder}/run`,
    'caddy',
    'run',
    '--adapter',
    'caddyfile',
    '--config',
    `${folder}/server.conf`,
  ];
}

const servers = { lighttpd, 'lighttpd-cgi': lighttpd, nginx, caddy };

/** Starts the programs as systemd or an init script would, where the server does not. */
const programs = (folder, run, data, user) =>
  ['send', 'poll'].map((name) => [
    'env',
    `POLLCHAT_DATA=${folder}/${data}`,
    'spawn-fcgi',
    '-n',
    '-s',
    `${folder}/${run}/${name}.sock`,
    '-M',
    '0600',
    ...(isRoot ? ['-u', user, '-U', user] : []),
    '--',
    '/usr/bin/multiwatch',
    '--',
    `${folder}/root/cgi-bin/${name}`,
  ]);

class Existing {
  constructor(folder, port) {
    this.folder = folder;
    this.port = port;
    this.children = [];
    this.output = '';
  }

  start([command, ...args]) {
    const child = spawn(command, args, { env: sbin, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (text) => (this.output += text));
    child.stderr.on('data', (text) => (this.output += text));
    this.children.push(child);
  }

  ask(name, target, options = {}) {
    return request(this.port, target, { ...options, headers: { Host: name, ...options.headers } });
  }

  /** Makes a POST /send as a page of the site would. */
  send(name, text) {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', Origin: `http://${name}` };
    return this.ask(name, '/send', { method: 'POST', body: `text=${encodeURIComponent(text)}`, headers });
  }

  log() {
    const file = `${this.folder}/run/error.log`;
    return `${this.output}${fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''}`;
  }

  async ready(name) {
    await until(() => {
      assert.ok(this.children.every((child) => child.exitCode === null && child.signalCode === null), this.log());
      return this.ask(name, '/poll').then((answer) => answer.status === 200, () => false);
    }, 'the chat to answer').catch((error) => {
      throw new Error(`${error.message}\n${this.log()}`);
    });
  }

  async stop() {
    for (const child of this.children.reverse()) {
      child.kill('SIGTERM');
    }
    const left = () =>
      [
        ...this.children.map((child) => child.pid),
        ...processes()
          .filter((p) => p.exe.startsWith(this.folder))
          .map((p) => p.pid),
      ].filter(isAlive);
    await until(() => left().length === 0, 'all processes to end', 5000).catch(() =>
      left().forEach((pid) => signal(pid, 'SIGKILL')),
    );
    removeFolder(this.folder);
  }
}

/**
 * Starts the host and waits until the first site answers. sites: a list of { name, data: a folder's
 * name, shared }. Sites with the same `shared`, a folder's name, have their sockets in it, as after
 * copying a configuration.
 */
export async function startExisting(sites) {
  const folder = makeFolder();
  const user = isRoot ? 'www-data' : spawnSync('id', ['-un'], { encoding: 'utf8' }).stdout.trim();
  const whole = sites.map((site) => ({ ...site, run: site.shared ?? `run-${site.data}` }));
  copyRoot(path.join(folder, 'root'));
  for (const name of new Set(['run', 'other', ...whole.flatMap((site) => [site.data, site.run])])) {
    fs.mkdirSync(path.join(folder, name), { mode: 0o700 });
    assert.equal(isRoot ? spawnSync('chown', [user, path.join(folder, name)]).status : 0, 0);
  }
  const host = new Existing(folder, await freePort());
  try {
    for (const run of startsPrograms ? new Set(whole.map((site) => site.run)) : []) {
      programs(folder, run, whole.find((site) => site.run === run).data, user).forEach((line) => host.start(line));
    }
    host.start((servers[PROFILE] ?? apache)(folder, host.port, whole, user));
    await host.ready(sites[0].name);
    return host;
  } catch (error) {
    await host.stop();
    throw error;
  }
}
