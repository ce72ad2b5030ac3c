// proxy.mjs - proxies before a chat: nginx, Varnish, and one that cuts off slow answers. Each has
// its own folder, and is stopped by its process id.
//
//   const proxy = await startNginx({ server: 'location / { proxy_pass http://127.0.0.1:8080; }' });
//   await request(proxy.port, '/poll'); await proxy.stop();

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { freePort, isAlive, isRoot, makeFolder, removeFolder, request, until } from './harness.mjs';

const PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;

class Proxy {
  output = '';

  constructor(command, args, port, folder) {
    Object.assign(this, { port, folder });
    this.child = spawn(command, args, { env: { ...process.env, PATH }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', (text) => (this.output += text));
    }
    this.ended = new Promise((done) => this.child.on('close', done));
    this.end = () => this.child.kill('SIGTERM');
    process.on('exit', this.end);
  }

  async ready(isReady = () => request(this.port, '/').then(() => true, () => false)) {
    await until(() => this.child.exitCode !== null || isReady(), 'the proxy to answer', 60_000);
    if (this.child.exitCode !== null) {
      throw new Error(`the proxy ended:\n${this.output}`);
    }
    return this;
  }

  async stop() {
    process.off('exit', this.end);
    this.end();
    await this.ended;
    await until(() => !isAlive(this.child.pid), 'the proxy to end');
    removeFolder(this.folder);
  }
}

/** Starts nginx. server: lines of the server block; http: lines before it. */
export async function startNginx({ server, http: before = '' }) {
  const folder = makeFolder();
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  fs.writeFileSync(path.join(folder, 'nginx.conf'), `
${isRoot ? 'user root;' : ''} daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log warn;
events { worker_connections 512; }
http {
  access_log off; ${temporary}
  proxy_http_version 1.1;
  ${before.replaceAll('FOLDER', folder)}
  server { listen 127.0.0.1:${port}; client_max_body_size 16m; ${server} }
}`);
  return new Proxy(
    'nginx',
    ['-e', `${folder}/error.log`, '-p', folder, '-c', `${folder}/nginx.conf`],
    port,
    folder,
  ).ready();
}

/**
 * Starts Varnish with its own rules only. Answers without a lifetime are cached for two minutes.
 */
export async function startVarnish(origin) {
  const folder = makeFolder();
  const port = await freePort();
  fs.writeFileSync(
    path.join(folder, 'chat.vcl'),
    `vcl 4.1;\nbackend chat { .host = "127.0.0.1"; .port = "${origin}"; .first_byte_timeout = 70s; }\n`,
  );
  const jail = isRoot ? ['-j', 'none'] : [];
  const args = [
    ...jail,
    '-F',
    '-n',
    `${folder}/n`,
    '-a',
    `127.0.0.1:${port}`,
    '-f',
    `${folder}/chat.vcl`,
    '-t',
    '120',
    '-s',
    'malloc,16m',
  ];
  return new Proxy('varnishd', args, port, folder).ready();
}

/**
 * Starts a proxy that passes on everything, and cuts off answers that are not complete after `ms`.
 * log: { url, cut, at } of each request.
 */
export async function startCutter(origin, ms) {
  const log = [];
  const server = http.createServer((asked, answer) => {
    const entry = { url: asked.url, cut: false, at: Date.now() };
    log.push(entry);
    const onward = http.request(
      { host: '127.0.0.1', port: origin, method: asked.method, path: asked.url, headers: asked.headers },
      (found) => {
        answer.writeHead(found.statusCode, found.headers);
        found.pipe(answer);
      },
    );
    const timer = setTimeout(() => {
      entry.cut = true;
      asked.socket.destroy();
      onward.destroy();
    }, ms);
    onward.on('error', () => asked.socket.destroy());
    answer.on('close', () => {
      clearTimeout(timer);
      onward.destroy();
    });
    asked.pipe(onward);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: server.address().port,
    log,
    stop: () => new Promise((done) => {
      server.close(done);
      server.closeAllConnections();
    }),
  };
}
