// rooms.test.mjs - a chat that has more rooms than a host keeps the heads of (ROOM_HEADS_MOST): a
// poll that waits in any of them learns soon of what another host has stored, also without notices.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { pause, PROFILE, until, withSite } from '../e2e/harness.mjs';
import { withPostgres } from './postgres.mjs';

const ROOMS = 6000;
const LISTENED = 4; // of the last ones, most of which find no place in the full table
const AT_ONCE = 32; // rooms of a poll

/** A message of another host whose notice is lost: a pool in transaction mode swallows them. */
const store = (cluster, room) =>
  cluster.sql('chat', `UPDATE room SET head = 2 WHERE name = '${room}';
    INSERT INTO message (message_id, time_ms, type, name, id, id_sent, text)
      SELECT room_id << 36 | 2, 0, 1, 'ann', 'x.2', 0, 'in ${room}' FROM room WHERE name = '${room}'`);

test(`${PROFILE}: with more rooms than a host keeps the heads of, a poll in any of them learns of news soon`, { timeout: 120_000 }, () =>
  withPostgres({}, async (cluster) => {
    await withSite({ env: { POLLCHAT_STORE: await cluster.pool('transaction') } }, async (site) => {
      const rooms = Array.from({ length: ROOMS }, (_, i) => `r${i}`);
      await cluster.sql('chat', `INSERT INTO room (name, head, oldest, created_ms) SELECT 'r' || i, 1, 2, 0 FROM generate_series(0, ${ROOMS - 1}) AS i`);
      await pause(1000); // the host has asked for the sum of all heads, and knows of the rooms
      // What is read is kept only while a request waits, for which the program looks for news.
      const first = site.get(`/poll?room=${rooms[0]}&since=1&wait=50`);
      await until(async () => {
        const { parked, listeners } = await site.askStatus();
        return parked.polls === 1 && listeners.deaf > 0;
      }, 'a poll to wait, and notices to be missed');
      for (let i = 0; i < ROOMS; i += AT_ONCE) {
        const known = rooms.slice(i, i + AT_ONCE).map((room) => `room=${room}:1`);
        assert.equal((await site.get(`/poll?${known.join('&')}`)).status, 200);
      }
      for (const room of rooms.slice(-LISTENED)) {
        const begin = Date.now();
        const poll = site.get(`/poll?room=${room}&since=1&wait=25`);
        await until(async () => (await site.askStatus()).parked.polls === 2, 'the poll to wait');
        await store(cluster, room);
        assert.deepEqual((await poll).json().messages.map(({ text }) => text), [`in ${room}`]);
        const ms = Date.now() - begin;
        assert.ok(ms < 15_000, `${ms} ms: it was not woken, but its time was over`);
      }
      await store(cluster, rooms[0]);
      assert.equal((await first).json().messages.length, 1);
    });
  }));
