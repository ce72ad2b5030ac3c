// conversation.mjs - senders and readers who go on while a test replaces the programs.
//
// isOver() returns false; then true; or 'failed', so that a failed test does not go on for ever.

import assert from 'node:assert/strict';

import { pause } from './harness.mjs';

/**
 * Sends messages with post(fields), at least one, until isOver(). Repeats each with the same id
 * until it is stored. Returns the stored texts. met counts the statuses of all answers.
 */
export async function converse(post, name, isOver, met) {
  const stored = [];
  for (let i = 1; !isOver() || i === 1; i++) {
    const text = `${name} ${i}`;
    for (let done = false; !done && isOver() !== 'failed'; ) {
      const answer = await post({ name, text, id: `${name}-${i}` }).catch((error) => ({
        status: error.code ?? error.message,
      }));
      met[answer.status] = (met[answer.status] ?? 0) + 1;
      done = answer.status === 201 || answer.status === 200;
      await pause(done ? 15 : 150);
    }
    stored.push(text);
  }
  return stored;
}

/** Reads with get(path) from the beginning until isOver() and no news. Returns the messages. */
export async function follow(get, isOver, met) {
  const seen = [];
  let next = 0;
  for (let more = true; more && isOver() !== 'failed'; ) {
    // Taken before the request: its answer may be older than the last commit and arrive after it.
    const wasOver = isOver();
    const answer = await get(`poll?since=${next}&wait=2`).catch((error) => ({ status: error.code ?? error.message }));
    met[answer.status] = (met[answer.status] ?? 0) + 1;
    more = answer.status !== 200 || !wasOver;
    if (answer.status === 200) {
      const page = answer.json();
      more ||= page.messages.length > 0;
      seen.push(...page.messages);
      next = page.next;
      await pause(page.wait > 0 ? 0 : 100);
    } else {
      await pause(100);
    }
  }
  return seen;
}

/** Each reader has all the texts, once, in one order without a gap. */
export function assertAllRead(lists, texts) {
  const expected = [...texts].sort();
  for (const messages of lists) {
    assert.deepEqual(messages.map(({ seq }) => seq), messages.map((_, i) => i + 1), 'one order without a gap');
    assert.deepEqual(messages.map(({ text }) => text).sort(), expected, 'each message once');
  }
}
