// model.mjs - what several web hosts cost one PostgreSQL, and where it saturates: a small model.
//
//   node tests/bench/model.mjs [COSTS]    COSTS: build/bench/costs.tsv, as `make bench FIGURES=costs`
//                                         measures it; without it the constants below
//
// Prints tables in Markdown; sql/postgres/README.md has them, and says what to do. All times of
// processors are in cores of the machine that was measured.
//
// What the model says:
//   - A batch of b messages of one room keeps the room's row locked for batch_ms + b * row_ms: the lock is
//     given back after the commit's sync. Batches of one room follow each other, however many hosts
//     there are. A batch has at most 128 messages.
//   - A host tells of its commits at most 50 times a second; each notice reaches two programs of
//     each host.
//   - A host reads a message once for all of its readers that wait in the room. With its reading
//     under way it collects what is new meanwhile, so it reads at most 1,000 / READ_MS times a second.
//   - Each of a host's programs asks for the heads of the rooms that it knows, at most 4,096, every
//     five seconds; without notices four times a second.

import fs from 'node:fs';

// Measured on two cores of an AMD EPYC, medians of five rounds; the times (ms) while others used its
// disk.
const costs = {
  batch_cpu: 166.1, // us of the database for a batch, without its rows
  row_cpu: 2.17, // us for a row
  batch_ms: 2.438, // ms that a batch keeps the lock of its room, without its rows
  row_ms: 0.0097, // ms for a row
  read_cpu: 97.63, // us for a poll that reads one message
  ask_cpu: 4513.27, // us to ask for the heads of 4,096 rooms
  notice_cpu: 134.05, // us for a notice
  heard_cpu: 2.12, // us for each session that gets it
  send_cpu: 28.69, // us for a send by the programs, when `size` of them share a commit
  size: 16,
  wal: 325, // bytes of a message
};
if (process.argv[2]) {
  for (const line of fs.readFileSync(process.argv[2], 'utf8').trim().split('\n')) {
    const [name, value] = line.split('\t');
    costs[name] = Number(value);
  }
}

const HOSTS = [1, 4, 16, 64];
const PROGRAMS = 2; // of a host, each with store_connections (4) connections
const CONNECTIONS = 8;
const MOST = 128; // messages of a batch
const NOTICES = 50; // a second, of a program that commits
const READ_MS = 2; // from a notice to the answers, at least
const READERS = 10; // of one of many rooms

// What a message of the programs costs beside its batch; a row of pgbench is the least.
const messageCpu = Math.max(costs.row_cpu, costs.send_cpu - costs.batch_cpu / costs.size);

/** How many batches a second hold `rate` messages, where one follows the other. */
const batchesOf = (rate) => Math.max(rate / MOST, Math.min(rate, (1000 - rate * costs.row_ms) / costs.batch_ms));

/** What `rate` messages a second in `rooms` rooms cost; readers of a room are on `on` hosts. */
function load({ hosts, rooms, rate, on, asks = 1 / 5 }) {
  // A host commits as often as it can, as does a room; what comes meanwhile shares the next batch.
  const batches = Math.min(hosts * batchesOf(rate / hosts), rooms * batchesOf(rate / rooms));
  const notices = hosts > 1 ? hosts * Math.min(NOTICES, batches / hosts) : 0;
  const reads = on * Math.min(rate, rooms * Math.min(NOTICES * hosts, 1000 / READ_MS));
  const known = Math.min(rooms, 4096);
  const cores = {
    sends: (batches * costs.batch_cpu + rate * messageCpu) / 1e6,
    notices: (notices * (costs.notice_cpu + (asks < 1 ? PROGRAMS * hosts * costs.heard_cpu : 0))) / 1e6,
    reads: (reads * costs.read_cpu) / 1e6,
    asks: (PROGRAMS * hosts * asks * costs.ask_cpu * known) / 4096 / 1e6,
  };
  return { ...cores, all: Object.values(cores).reduce((sum, part) => sum + part, 0), batches, noticesSent: notices };
}

const number = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2));
const row = (cells) => console.log(`| ${cells.map((cell) => (typeof cell === 'number' ? number(cell) : cell)).join(' | ')} |`);

function table(title, columns, cells) {
  console.log(`\n${title}\n`);
  row(['hosts', ...columns]);
  row(['---', ...columns.map(() => '---')]);
  HOSTS.forEach((hosts) => row([String(hosts), ...cells(hosts)]));
}

const parts = (l) => [l.sends, l.notices, l.reads, l.asks, l.all];
const CORES = ['sends', 'notices', 'reads', 'asks', 'cores'];

table('One room with 20 messages a second, readers on all hosts:', ['connections', ...CORES],
  (hosts) => [String(hosts * CONNECTIONS), ...parts(load({ hosts, rooms: 1, rate: 20, on: hosts }))]);

const most = (1000 * MOST) / (costs.batch_ms + MOST * costs.row_ms);
table(`One room, as fast as the lock of its row allows (${number(most)} messages a second):`, ['notices/s', ...CORES], (hosts) => {
  const l = load({ hosts, rooms: 1, rate: most, on: hosts });
  return [l.noticesSent, ...parts(l)];
});

table(`10,000 rooms, 1,000 messages a second, ${READERS} readers in each:`, ['notices/s', ...CORES], (hosts) => {
  const l = load({ hosts, rooms: 10000, rate: 1000, on: Math.min(hosts, READERS) });
  return [l.noticesSent, ...parts(l)];
});

table('The same where notices don\'t come through:', CORES,
  (hosts) => parts({ ...load({ hosts, rooms: 10000, rate: 1000, on: Math.min(hosts, READERS), asks: 4 }) }));

console.log(`\nWAL: ${number((costs.wal * 1000) / 1e6)} MB a second for 1,000 messages a second.`);
