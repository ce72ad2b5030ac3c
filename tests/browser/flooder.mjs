// flooder.mjs - a flooder who returns: long texts as fast as the chat takes them, each with a new
// key and a new name, from several networks in turn, with forged forwarding headers.
//
//   node tests/browser/flooder.mjs ADDRESS [SECONDS]
//
// The chat must trust this machine as a proxy (POLLCHAT_TRUSTED_PROXIES=127.0.0.1), else it is one
// network. Prints what came of the messages.

import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { fileURLToPath } from 'node:url';

export const NETWORKS = ['203.0.113', '198.51.100', '192.0.2'];
const LANES = 2; // connections for each network
const LONG = `${'Buy now! '.repeat(120)}\n`.repeat(4);

const number = (most) => randomBytes(4).readUInt32BE() % most;

/** The headers of one message: the last address is what the trusted proxy saw. */
const forged = (network) => ({
  'X-Forwarded-For': `10.${number(256)}.${number(256)}.1, 127.0.0.1, ${network}.${1 + number(250)}`,
  'X-Real-IP': `10.0.0.${number(256)}`,
  Forwarded: `for=10.1.1.${number(256)}`,
  Via: '1.1 proxy.example',
  'Client-IP': `10.2.2.${number(256)}`,
  'User-Agent': `browser ${number(1e6)}`,
  'Pollchat-Key': randomBytes(16).toString('base64url'),
});

export class Flooder {
  /** delay: ms between two messages of one connection. */
  constructor(port, { host = '127.0.0.1', room = 'lobby', delay = 20, text = LONG } = {}) {
    Object.assign(this, { port, host, room, delay, text, sent: 0, stopped: false });
    this.counts = {}; // by status
    this.latest = {}; // status by network
    this.agent = new http.Agent({ keepAlive: true });
    this.ended = Promise.all(NETWORKS.flatMap((network) => Array.from({ length: LANES }, () => this.#flood(network))));
  }

  #send(network) {
    const n = (this.sent += 1);
    const body = JSON.stringify({ room: this.room, name: `visitor ${number(1e9)}`, text: `FLOOD ${n} ${this.text}` });
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ...forged(network) };
    return new Promise((done, fail) => {
      const request = http.request({ host: this.host, port: this.port, path: '/send', method: 'POST', headers, agent: this.agent }, (answer) => {
        answer.resume();
        answer.on('end', () => done(answer.statusCode));
        answer.on('error', fail);
      });
      request.on('error', fail);
      request.end(body);
    });
  }

  async #flood(network) {
    while (!this.stopped) {
      const status = await this.#send(network).catch(() => 'error');
      this.counts[status] = (this.counts[status] ?? 0) + 1;
      this.latest[network] = status;
      await new Promise((wake) => setTimeout(wake, this.delay));
    }
  }

  async stop() {
    this.stopped = true;
    await this.ended;
    this.agent.destroy();
    return this.counts;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [address, seconds = '10'] = process.argv.slice(2);
  const { hostname, port } = new URL(address);
  const flooder = new Flooder(Number(port || 80), { host: hostname });
  await new Promise((wake) => setTimeout(wake, Number(seconds) * 1000));
  console.log(JSON.stringify(await flooder.stop()));
}
