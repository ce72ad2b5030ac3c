// layout.js - makes a list of rows from messages: lines for days, gaps and new messages, and the
// messages in runs of one author. Pure.

import { hasRow, keyOf } from './store.js';
import { dayKey, isValid } from './time.js';

const RUN_MS = 5 * 60_000; // longest time between two messages of a run

/** A message that isn't sent yet has no mark. */
const hasSameMark = (before, { mark, state }) => before.mark === mark || state !== undefined || before.isPending;

const joins = (before, message, day) =>
  before !== null && before.name === message.name && hasSameMark(before, message) && before.day === day && message.reply_to === undefined &&
  Date.parse(message.time) - Date.parse(before.time) < RUN_MS;

/* * items: messages in order; pending ones last. gapBefore(seq): messages are missing before it.
 * newFrom: the seq of the first new message, or null. Returns [{ kind, key, message, isFirst,
 * isLast }]; kind: day, gap, new, notice or row; isFirst, isLast: of a run. No key comes twice:
 * where a clock was wrong for a message, one day has two lines, each with a key of its own.
 */
export function layout(items, { gapBefore = () => false, newFrom = null, today = '', zone } = {}) {
  const rows = [];
  const keys = new Set();
  let before = null;
  let isNewShown = false;
  let isMissing = false; // since the last row; edits and deletions have no row
  for (const message of items) {
    isMissing ||= message.seq !== undefined && gapBefore(message.seq);
    if (!hasRow(message)) {
      continue;
    }
    const day = isValid(message.time) ? dayKey(message.time, zone) : before?.day;
    const own = message.key ?? keyOf(message);
    const key = keys.has(own) ? `${own}\n${message.seq}` : own;
    keys.add(key);
    const isGap = isMissing;
    isMissing = false;
    if (isGap) {
      rows.push({ kind: 'gap', key: `gap ${message.seq}`, message });
    }
    if (day !== before?.day) {
      rows.push({ kind: 'day', key: `day ${day} ${today} ${key}`, message });
    }
    const isNew = !isNewShown && newFrom !== null && message.seq !== undefined && message.seq >= newFrom && (before?.seq === undefined || before.seq < newFrom);
    if (isNew) {
      rows.push({ kind: 'new', key: 'new', message });
      isNewShown = true;
    }
    const isNotice = message.type === 'notice';
    const isFirst = isGap || isNew || isNotice || !joins(before, message, day);
    if (isFirst && before !== null && before.row !== undefined) {
      before.row.isLast = true;
    }
    const row = { kind: isNotice ? 'notice' : 'row', key, message, isFirst, isLast: isNotice };
    rows.push(row);
    before = { name: isNotice ? null : message.name, mark: message.mark, isPending: message.state !== undefined, time: message.time, seq: message.seq, day, row: isNotice ? undefined : row };
  }
  if (before?.row !== undefined) {
    before.row.isLast = true;
  }
  return rows;
}
