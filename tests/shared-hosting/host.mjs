// host.mjs - plays shared hosts: unpacks the archive into a folder that a web server serves, as an
// owner with only FTP would.
//
//   await withHost('usual-cgi', { before(host) { ... } }, async (host) => { ... });
//   host.address            http://127.0.0.1:PORT/home/chat/, the folder of the page
//
// A kind of host is an entry of `kinds`: the configuration of its Apache or lighttpd. All processes
// run as one user who is not root, as with suEXEC: www-data when root starts the tests. The archive
// is ARCHIVE, or else what `make dist` has made. visit.mjs has what a browser does there.

import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  descendants, freePort, isAlive, isRoot, limitFileSize, makeFolder, removeFolder, request, ROOT, signal, until,
} from '../e2e/harness.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const repository = path.join(here, '..', '..');

function madeArchive() {
  const folder = path.join(repository, 'build');
  const found = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => /^pollchat-.*-linux-x86_64\.zip$/.test(name)) : [];
  return path.join(folder, found[0] ?? 'pollchat-VERSION-linux-x86_64.zip');
}
export const ARCHIVE = path.resolve(process.env.ARCHIVE ?? madeArchive());

function idOf(name, flag) {
  return Number(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout);
}
const userOf = (name) =>
  isRoot ? { name, uid: idOf(name, '-u'), gid: idOf(name, '-g') } : { uid: process.getuid(), gid: process.getgid() };
export const user = userOf('www-data');

/** Runs a command as the owner of the site. */
export function asOwner(command, args, { umask, owner = user, ...options } = {}) {
  const how = { encoding: 'utf8', ...(isRoot ? { uid: owner.uid, gid: owner.gid } : {}), ...options };
  const result =
    umask === undefined
      ? spawnSync(command, args, how)
      : spawnSync('sh', ['-c', `umask ${umask}; exec "$0" "$@"`, command, ...args], how);
  if (result.status !== 0) {
    throw new Error(
      `${command} ${args.join(' ')}: ${result.status} ${result.error ?? ''}\n${result.stdout}${result.stderr}`,
    );
  }
  return result.stdout;
}

// ---- the kinds ----

const base = [
  'mpm_event',
  'authz_core',
  'authz_host',
  'access_compat',
  'mime',
  'dir',
  'alias',
  'env',
  'setenvif',
  'headers',
  'reqtimeout',
  'negotiation',
  'autoindex',
  'filter',
  'deflate',
];
const common = 'Options Indexes FollowSymLinks\n    AllowOverride All';

// suEXEC starts programs as the site's own user, only below the folder that it was built for, and
// only if it can write its log.
const suexec = {
  owner: 'nobody',
  within: '/var/www',
  needs: ['/var/www', '/var/log/apache2'],
  directory: common,
  tried: 'limits',
  lines: 'SuexecUserGroup nobody nogroup',
};

// A disk that lacks features. shim.c between the programs and the C library plays it, so the
// programs are those of `make stage`: a library cannot be put before static programs.
const disk = (lacks) => ({
  modules: [...base, 'rewrite', 'cgid', 'fcgid'],
  directory: common,
  tried: 'limits',
  dynamic: true,
  lines: ({ run }) =>
    `SetEnv LD_PRELOAD ${run}/shim.so\nSetEnv LACKS "${lacks}"\nFcgidInitialEnv LD_PRELOAD ${run}/shim.so\nFcgidInitialEnv LACKS "${lacks}"`,
});

/**
 * modules; directory: lines for the served folder; lines: for the whole server, a text or a
 * function of the host; tried: the other file that tests this kind.
 */
export const kinds = {
  // Like most hosts: .htaccess may override everything.
  'usual-fcgid': { modules: [...base, 'rewrite', 'cgid', 'fcgid'], directory: common },
  'usual-cgi': { modules: [...base, 'rewrite', 'cgid'], directory: common },
  'list-of-overrides': { modules: [...base, 'rewrite', 'cgid'], directory: 'Options Indexes FollowSymLinks\n    AllowOverride AuthConfig FileInfo Indexes Limit Options=ExecCGI,Indexes,FollowSymLinks' },
  // As Debian configures ~/public_html: MultiViews answers /plain with plain.css.
  'multiviews': { modules: [...base, 'rewrite', 'cgid'], directory: 'Options Indexes SymLinksIfOwnerMatch MultiViews\n    AllowOverride All' },
  'no-options': { modules: [...base, 'rewrite', 'cgid'], directory: 'Options Indexes FollowSymLinks ExecCGI\n    AllowOverride AuthConfig FileInfo Indexes Limit' },
  'no-rewrite': { modules: [...base, 'cgid'], directory: common },
  'fcgid-only': { modules: [...base, 'rewrite', 'fcgid'], directory: common },
  'no-headers-no-env': { modules: base.filter((name) => !['headers', 'env', 'setenvif', 'deflate', 'filter', 'access_compat'].includes(name)).concat('rewrite', 'cgid'), directory: common },
  // The server's own configuration allows CGI. .htaccess is not read, so the data folder is open to
  // the web.
  'no-htaccess': { modules: [...base, 'cgid'], directory: 'Options ExecCGI FollowSymLinks\n    AllowOverride None\n    AddHandler cgi-script .cgi' },
  // No programs are run.
  'no-cgi': { modules: [...base, 'rewrite'], directory: common },
  // Links may not be followed, so mod_rewrite answers 403.
  'no-links': { modules: [...base, 'rewrite', 'cgid'], directory: 'Options None\n    AllowOverride All' },
  // FastCGI is configured, but cannot start programs: the path of its sockets is too long.
  'fcgid-broken': { modules: [...base, 'rewrite', 'cgid', 'fcgid'], directory: common, ipc: `fcgid/${'long'.repeat(30)}` },
  // At most 20 processes for the site.
  'few-processes': { modules: [...base, 'rewrite', 'cgid', 'fcgid'], directory: common, lines: 'FcgidMaxProcesses 20' },
  'lighttpd-cgi': { lighttpd: true },
  // suEXEC clears the environment, so this setting never arrives.
  'suexec-cgi': { ...suexec, modules: [...base, 'rewrite', 'cgid', 'suexec'], lines: `${suexec.lines}\nSetEnv POLLCHAT_MAX_TEXT 7` },
  'suexec-fcgid': { ...suexec, modules: [...base, 'rewrite', 'cgid', 'fcgid', 'suexec'] },
  'no-shared-memory': disk('memory flock'),
  'network-disk': disk('memory flock local'),
  'no-locks': disk('memory flock locks'),
};

function apacheConfiguration({ modules, directory, lines = '', ipc = 'fcgid' }, { port, run, served }) {
  const owner = isRoot ? `User ${user.name}\nGroup ${user.name}` : '';
  const fcgid = modules.includes('fcgid')
    ? `FcgidIPCDir "${run}/${ipc}"\nFcgidProcessTableFile "${run}/fcgid.shm"\n`
    : '';
  return `ServerRoot "${run}"
Listen 127.0.0.1:${port}
ServerName 127.0.0.1:${port}
PidFile "${run}/apache.pid"
DefaultRuntimeDir "${run}"
ErrorLog "${run}/error.log"
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
${owner}
TypesConfig /etc/mime.types
DirectoryIndex index.html
${modules.includes('cgid') ? `ScriptSock "${run}/cgid.sock"` : ''}
${fcgid}${typeof lines === 'function' ? lines({ run }) : lines}
DocumentRoot "${served}"
<Directory />
    AllowOverride None
    Require all denied
</Directory>
<Directory "${served}">
    ${directory}
    Require all granted
</Directory>
AccessFileName .htaccess
<Files ".ht*">
    Require all denied
</Files>
`;
}

const lighttpdConfiguration = ({ port, run, served }) => `server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "${served}"
server.errorlog = "${run}/error.log"
server.modules = ("mod_indexfile", "mod_cgi", "mod_staticfile")
index-file.names = ("index.html")
mimetype.assign = (".html" => "text/html", ".js" => "text/javascript", ".css" => "text/css", ".svg" => "image/svg+xml", ".txt" => "text/plain")
cgi.assign = (".cgi" => "")
${isRoot ? `server.username = "${user.name}"\nserver.groupname = "${user.name}"` : ''}
`;

// ---- a host ----

const open_ = new Set();
process.on('exit', () => {
  for (const host of open_) {
    signal(host.child.pid, 'SIGTERM');
  }
});

export class Host {
  constructor(kind) {
    this.kind = kind;
    this.setup = kinds[kind];
    this.owner = userOf(this.setup.owner ?? 'www-data');
    for (const folder of this.setup.needs ?? []) {
      fs.mkdirSync(folder, { recursive: true });
    }
    this.folder =
      this.setup.within === undefined
        ? makeFolder()
        : fs.mkdtempSync(path.join(this.setup.within, 'pollchat-shared-hosting.'));
    fs.chmodSync(this.folder, 0o755);
    this.run = path.join(this.folder, 'run');
    this.served = path.join(this.folder, 'public_html');
    this.site = path.join(this.served, 'home', 'chat'); // the archive may be in any folder
  }

  /** Unpacks the archive as an owner does, and renames the folder. */
  unpack({ archive = ARCHIVE, umask = '022' } = {}) {
    for (const folder of [this.run, path.join(this.run, 'fcgid'), path.dirname(this.site)]) {
      fs.mkdirSync(folder, { recursive: true });
    }
    if (isRoot) {
      spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, this.folder]);
      spawnSync('chown', ['-R', `${this.owner.uid}:${this.owner.gid}`, this.served]);
    }
    const { owner } = this;
    asOwner('unzip', ['-q', '-o', archive, '-d', path.dirname(this.site)], { umask, owner });
    if (fs.existsSync(this.site)) {
      asOwner('cp', ['-a', `${path.dirname(this.site)}/pollchat/.`, this.site], { owner });
      asOwner('rm', ['-r', `${path.dirname(this.site)}/pollchat`], { owner });
    } else {
      fs.renameSync(path.join(path.dirname(this.site), 'pollchat'), this.site);
    }
    if (this.setup.dynamic) {
      this.#takeStaged();
    }
  }

  #takeStaged() {
    const made = spawnSync(
      'cc',
      [
        '-shared',
        '-fPIC',
        '-O1',
        '-Wall',
        '-Werror',
        '-D_GNU_SOURCE',
        '-o',
        path.join(this.run, 'shim.so'),
        path.join(here, 'shim.c'),
      ],
      { encoding: 'utf8' },
    );
    if (made.status !== 0) {
      throw new Error(made.stderr);
    }
    fs.rmSync(path.join(this.site, 'cgi'), { recursive: true });
    for (const [from, to] of [['send', 'send.cgi'], ['poll', 'poll.cgi'], ['pollchat', 'pollchat']]) {
      fs.copyFileSync(path.join(ROOT, 'cgi-bin', from), path.join(this.site, 'cgi-bin', to));
    }
  }

  /**
   * Limits the size of files for all processes of this host, and their children. Infinity: no
   * limit.
   */
  limitFiles(bytes) {
    for (const pid of [this.child.pid, ...descendants(this.child.pid).map((process) => process.pid)]) {
      const error = limitFileSize(pid, bytes);
      if (error !== null && isAlive(pid)) {
        throw new Error(error);
      }
    }
  }

  async start() {
    const { setup } = this;
    this.port = await freePort();
    this.address = `http://127.0.0.1:${this.port}/home/chat/`;
    const file = path.join(this.run, 'server.conf');
    fs.writeFileSync(file, setup.lighttpd ? lighttpdConfiguration(this) : apacheConfiguration(setup, this));
    const [command, args] = setup.lighttpd
      ? ['/usr/sbin/lighttpd', ['-D', '-f', file]]
      : ['/usr/sbin/apache2', ['-D', 'FOREGROUND', '-f', file]];
    // Nothing may depend on the umask.
    this.child = spawn('sh', ['-c', `umask ${this.umask ?? '022'}; exec "$0" "$@"`, command, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.output = '';
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', (text) => (this.output += text));
    }
    this.ended = new Promise((done) => this.child.on('exit', done));
    open_.add(this);
    await until(
      () =>
        this.child.exitCode !== null ||
        request(this.port, '/').then(
          () => true,
          () => false,
        ),
      `${this.kind} to start`,
    );
    if (this.child.exitCode !== null) {
      throw new Error(`${this.kind} did not start: ${this.output}${this.log()}`);
    }
    if (isRoot && setup.modules?.includes('cgid')) {
      await until(() => this.hasCgid(), 'mod_cgid to accept programs');
    }
  }

  /** Apache accepts connections a moment before it gives the socket of mod_cgid to its user. */
  hasCgid() {
    const sockets = fs.readdirSync(this.run).filter((name) => name.startsWith('cgid.sock'));
    return sockets.some((name) => fs.statSync(path.join(this.run, name)).uid === user.uid);
  }

  get(where, options) {
    return request(this.port, `/home/chat/${where}`, options);
  }

  log() {
    const file = path.join(this.run, 'error.log');
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').slice(-20).join('\n') : '';
  }

  async close(after) {
    try {
      if (this.child !== undefined && this.child.exitCode === null) {
        const ours = descendants(this.child.pid);
        signal(this.child.pid, 'SIGTERM');
        await this.ended;
        await until(() => ours.every(({ pid }) => !isAlive(pid)), 'all processes of the host to end', 15_000).catch(
          () => {
            // lighttpd does not stop its CGI programs, and a host's Apache is not what is tested.
            ours.forEach(({ pid }) => signal(pid, 'SIGKILL'));
            return until(() => ours.every(({ pid }) => !isAlive(pid)), 'all killed processes of the host to end');
          },
        );
      }
    } finally {
      open_.delete(this);
      after?.(this);
      removeFolder(this.folder);
    }
  }
}

/**
 * Starts a host for body(host). before(host) changes the unpacked folder before the server starts;
 * after(host) runs when the server has ended.
 */
export async function withHost(kind, { before, after, archive, umask, serverUmask } = {}, body) {
  const host = new Host(kind);
  try {
    host.unpack({ archive, umask });
    host.umask = serverUmask;
    await before?.(host);
    await host.start();
    await body(host);
  } catch (error) {
    console.error(host.log());
    throw error;
  } finally {
    await host.close(after);
  }
}

/**
 * Runs the archive's conformance.sh on this host and returns its output. Fails if it reports a
 * fault.
 */
export async function conform(host) {
  const child = spawn('sh', [path.join(host.site, 'conformance.sh'), host.address, '--quick'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (text) => (said += text));
  child.stderr.on('data', (text) => (said += text));
  const status = await new Promise((done) => child.on('close', done));
  if (status !== 0) {
    // first, because long errors may be cut off.
    const failed = said.split('\n').filter((line) => /^FAILED|^conformance: /.test(line));
    throw new Error(`conformance.sh: ${status}\n${failed.join('\n')}\n\n${said}`);
  }
  return said;
}
