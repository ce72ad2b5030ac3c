// log.js - the conversation: rows for messages, days and gaps, kept in step with a store.
//
// However long the conversation, only a window of the messages has rows. The window moves with the
// reader, and the row in sight stays where it is. While older rows are added, the log is busy
// (aria-busy), so screen readers don't read them out. Of many new rows at once they read the
// number.

import { layout } from '../layout.js';
import { mentions } from '../text.js';
import { dayKey } from '../time.js';
import { hearRows } from './deeds.js';
import { RowList } from './list.js';
import { makeDay, makeLine, makeRow, paintRow, showMore } from './row.js';

const NEAR = 48; // pixels; so near to the end counts as the end
const AHEAD = 400; // pixels; so near to an edge the window moves
const WINDOW = 300; // rows
const STEP = 100; // rows by which the window moves
const MOST = 600; // messages that are kept while the reader is at the end,
const MOST_CHARACTERS = 16_000_000; // and their length
const DAY_LOOK_MS = 60_000;
const FLOOD = 4; // as many new rows within FLOOD_MS are read out one by one
const FLOOD_MS = 3000;
const LINK_PAGES = 40; // fetched at most to find the message that a link names
const LINK_PAGE = 500; // messages of each

export class LogView {
  #firstUnread = null; // seq
  #due = false; // an update is due, for
  #added = 0; // so many new messages,
  #reason = 'pending'; // and for this reason (store.js)
  #today = '';
  #top = null; // seq of the window's first message; null: the window is at the end
  #newFrom = null; // seq of the first message below the line "New"
  #isLoading = false;
  #recent = []; // updates within FLOOD_MS: { at, added }
  #called = new WeakMap(); // by message: whether it calls a name, { name, isCalled }

  /**
   * news: the button to new messages. name(): the visitor's. isOwn(message), isModerator(). on: {
   * older(limit): fetches older messages, a promise of their number; and what a visitor does with a
   * row (deeds.js) }.
   */
  constructor(root, { store, news, name, isOwn, isModerator, language, on }) {
    const part = (id) => root.querySelector(`[data-part="${id}"]`);
    Object.assign(this, { scroller: root, store, news, name, isOwn, isModerator, language, on });
    this.rows = new RowList(part('rows'));
    Object.assign(this, { live: part('live'), older: part('older'), empty: part('empty'), sum: part('sum') });
    store.addEventListener('change', ({ detail }) => this.#later(detail));
    this.older.addEventListener('click', () => this.#fetchOlder({ focus: true }));
    this.news.addEventListener('click', () => this.#toNews());
    this.scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    hearRows(this.rows, {
      on: {
        ...on,
        jump: (seq) => this.goTo(seq),
        more: (row) => {
          this.#quietly(() => showMore(row, this.language));
          this.#scrolled(); // the log is longer now, and the visitor perhaps no longer at its end
        },
      },
      find: (seq) => this.#find(seq),
    });
    new ResizeObserver(() => this.#stick()).observe(this.scroller);
    setInterval(() => this.#dayPassed(), DAY_LOOK_MS);
    this.stuck = true;
  }

  /** Paints all rows, after a change of name or language. */
  paint(language = this.language) {
    if (language !== this.language) {
      this.language = language;
      this.rows.clear();
    }
    this.#later({ reason: 'pending', added: 0 });
  }

  /** Goes to the last message. The line "New" goes. */
  toEnd() {
    this.stuck = true;
    this.#top = null;
    this.#newFrom = null;
    this.paint();
  }

  /** The visitor turns away: messages from now on are new. */
  turnedAway() {
    if (this.stuck) {
      this.#newFrom = null;
      this.paint();
    }
  }

  focusLast() {
    this.rows.last?.focus();
  }

  /**
   * Shows the message with this seq; fetches older ones until it is there. Returns whether it is.
   */
  async goTo(seq) {
    await this.#fetchTo(seq);
    const { store } = this;
    if (store.find(seq) === undefined) {
      return false;
    }
    this.stuck = false;
    this.#top = store.messages[store.rowsFrom(store.indexOf(seq), -STEP)].seq;
    this.#quietly(() => this.#reconcile());
    const row = this.rows.find(seq);
    row?.scrollIntoView({ block: 'center' });
    row?.focus({ preventScroll: true });
    row?.classList.add('row-target');
    setTimeout(() => row?.classList.remove('row-target'), 2500);
    return row !== null;
  }

  async #fetchTo(seq) {
    this.#isLoading = true; // so that nothing is trimmed
    for (let i = 0, came = 1; i < LINK_PAGES && came > 0 && this.store.lowest > seq && this.store.hasOlder; i++) {
      came = (await this.on.older(LINK_PAGE)) ?? 0;
    }
    this.#isLoading = false;
  }

  // ---- what to show ----

  #later({ reason, added }) {
    this.#added += reason === 'new' ? added : 0;
    if (this.#reason === 'pending' || reason === 'open') {
      this.#reason = reason;
    }
    if (!this.#due) {
      this.#due = true;
      queueMicrotask(() => this.#update());
    }
  }

  #update() {
    const reason = this.#reason;
    const added = this.#added;
    this.#due = false;
    this.#reason = 'pending';
    this.#added = 0;
    if (reason === 'open') {
      this.#top = null;
      this.#newFrom = null;
    }
    const first = this.store.messages[this.store.messages.length - added]?.seq ?? Infinity;
    const fresh = this.store.rowsSince(first);
    this.#markNew(fresh);
    const quiet = reason === 'older' || reason === 'open' || this.#isFlood(fresh.length);
    const keep = this.stuck ? null : this.#anchors();
    this.#quietly(() => this.#reconcile(), quiet);
    this.older.hidden = !this.store.hasOlder;
    this.empty.hidden = this.store.next === null || !this.rows.isEmpty || this.store.hasOlder;
    if (keep !== null) {
      this.#hold(keep);
      this.#firstUnread ??= fresh[0]?.seq ?? null;
      this.#showUnread();
    } else {
      this.#stick();
      if ((this.store.messages.length > MOST || this.store.size > MOST_CHARACTERS) && !this.#isLoading) {
        this.store.trim(MOST - STEP, MOST_CHARACTERS / 2);
      }
    }
    this.#fill();
  }

  /** Fetches older messages while the rows don't fill the log: many may be deleted. */
  async #fill() {
    const { scroller, store } = this;
    if (store.hasOlder && !this.#isLoading && scroller.clientHeight > 0 && scroller.scrollHeight <= scroller.clientHeight) {
      this.#isLoading = true;
      const came = await this.on.older(LINK_PAGE);
      this.#isLoading = false;
      if (came > 0) {
        this.#fill();
      }
    }
  }

  /** Screen readers don't read out what action() does. */
  #quietly(action, quiet = true) {
    if (quiet) {
      this.live.setAttribute('aria-busy', 'true');
    }
    action();
    if (this.store.next !== null) {
      setTimeout(() => this.live.setAttribute('aria-busy', 'false'), quiet ? 300 : 0);
    }
  }

  /** Whether so many messages came that their number is read out instead of each. */
  #isFlood(added) {
    const now = Date.now();
    this.#recent = [...this.#recent.filter(({ at }) => now - at < FLOOD_MS), { at: now, added }];
    const sum = this.#recent.reduce((n, one) => n + one.added, 0);
    if (added > 0 && sum > FLOOD) {
      this.sum.textContent = this.language.say('news', { n: sum });
      return true;
    }
    return false;
  }

  #markNew([first]) {
    if (first !== undefined && this.#newFrom === null && (document.hidden || !this.stuck) && !this.isOwn(first)) {
      this.#newFrom = first.seq;
    }
  }

  /** The index of the window's first message. */
  get #from() {
    const last = this.store.rowsFrom(this.store.messages.length, -WINDOW);
    return this.#top === null ? last : Math.min(last, this.store.indexOf(this.#top));
  }

  get #isAtEnd() {
    return this.store.rowsFrom(this.#from, WINDOW) >= this.store.messages.length;
  }

  /** [{ key, create, paint }] from top to bottom. */
  #wanted() {
    const { store, language } = this;
    const from = this.#from;
    const messages = store.messages.slice(from, store.rowsFrom(from, WINDOW)).map((message) => this.#withChange(store.asItIsNow(message)));
    const items = this.#isAtEnd ? [...messages, ...store.pending] : messages;
    this.#today = dayKey(Date.now());
    const rows = layout(items, { gapBefore: (seq) => store.gapBefore(seq), newFrom: this.#newFrom, today: this.#today });
    const lines = {
      gap: () => makeLine(language.say('gap'), 'gap'),
      new: () => makeLine(language.say('newLine'), 'new'),
      day: ({ message }) => makeDay(message.time, language),
      notice: ({ message }) => makeLine(message.text, 'notice'),
    };
    return rows.map((row) =>
      row.kind === 'row'
        ? { key: row.key, create: () => makeRow(row.message, language), paint: (element) => paintRow(element, row.message, this.#lookOf(row), language) }
        : { key: row.key, create: () => lines[row.kind](row) },
    );
  }

  /** With the visitor's own edit or deletion that isn't stored yet. */
  #withChange(message) {
    const change = this.store.changing(message.seq);
    return change === undefined || message.deleted ? message : { ...message, text: change.type === 'edit' ? change.text : message.text, change };
  }

  #lookOf({ message, isFirst, isLast }) {
    const name = this.name();
    const isOwn = this.isOwn(message);
    return { isOwn, isFirst, isLast, isModerator: this.isModerator(), name, isCalled: !isOwn && this.#isCalled(message, name), target: this.#targetOf(message) };
  }

  /** Whether a message calls this name. Each text is searched once. */
  #isCalled(message, name) {
    let known = this.#called.get(message);
    if (known?.name !== name) {
      known = { name, isCalled: mentions(message.text ?? '', name) };
      this.#called.set(message, known);
    }
    return known.isCalled;
  }

  /** The message that this one answers, if it is here. */
  #targetOf({ reply_to: seq }) {
    return seq === undefined ? undefined : this.#find(seq);
  }

  /** The message with this seq as it is now, or undefined. */
  #find(seq) {
    const message = this.store.find(seq);
    return message && this.store.asItIsNow(message);
  }

  #reconcile() {
    this.rows.show(this.#wanted(), this.language);
  }

  // ---- where the visitor reads ----

  /** The rows in sight, and the others. */
  #anchors() {
    return this.rows.anchors(this.scroller.getBoundingClientRect().top);
  }

  /** Scrolls so that the first row that is still there is where it was. */
  #hold(rows) {
    const row = rows.find(({ element }) => element.isConnected);
    if (row !== undefined) {
      this.scroller.scrollTop += row.element.getBoundingClientRect().top - row.top;
    }
  }

  #stick() {
    if (this.stuck) {
      this.scroller.scrollTop = this.scroller.scrollHeight;
      this.#noneUnread();
    }
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const below = scrollHeight - scrollTop - clientHeight;
    this.stuck = below < NEAR && this.#isAtEnd;
    if (this.stuck) {
      this.#top = null;
      this.#noneUnread();
    } else if (scrollTop < AHEAD) {
      this.#up();
    } else if (below < AHEAD && !this.#isAtEnd) {
      this.#moveTo(this.store.rowsFrom(this.#from, STEP));
    }
  }

  #up() {
    if (this.#from > 0) {
      this.#moveTo(this.store.rowsFrom(this.#from, -STEP));
    } else if (this.store.hasOlder && !this.#isLoading) {
      this.#fetchOlder();
    }
  }

  #moveTo(index) {
    const { messages } = this.store;
    const keep = this.#anchors();
    this.#top = messages[Math.min(index, messages.length - 1)].seq;
    this.#quietly(() => this.#reconcile());
    this.#hold(keep);
  }

  #noneUnread() {
    this.#firstUnread = null;
    this.#showUnread();
  }

  #showUnread() {
    const n = this.#firstUnread === null ? 0 : this.store.rowsSince(this.#firstUnread).length;
    this.news.hidden = n === 0;
    this.news.textContent = n === 0 ? '' : this.language.say('news', { n });
  }

  #toNews() {
    this.stuck = true;
    this.#top = null;
    this.paint();
    this.scroller.focus();
  }

  async #fetchOlder({ focus = false } = {}) {
    this.#isLoading = true;
    this.older.disabled = true;
    this.stuck = false;
    this.#top ??= this.store.messages[this.#from]?.seq ?? null;
    const first = this.#top;
    await this.on.older();
    if (first !== null && this.#top === first) {
      this.#moveTo(this.store.rowsFrom(this.store.indexOf(first), -STEP));
    }
    this.#isLoading = false;
    this.older.disabled = false;
    if (focus) {
      (this.older.hidden ? this.scroller : this.older).focus({ preventScroll: true });
    }
  }

  #dayPassed() {
    if (this.#today !== '' && dayKey(Date.now()) !== this.#today) {
      this.paint();
    }
  }
}
