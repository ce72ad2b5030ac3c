// log.js - the conversation: rows for messages, days and gaps, kept in step with a store.
//
// Only a window of the messages has rows, however long the talk; it moves with the reader, who stays where he reads. Rows are found
// again by key, so a message on its way and the same message come back are one element, and screen readers hear of new rows only.
// While older rows are put in the log is busy: nothing of it is read out; and of many at once only their number is.

import { layout } from '../layout.js';
import { mentions } from '../text.js';
import { dayKey } from '../time.js';
import { makeBroken, makeDay, makeLine, makeRow, paintRow, showMore, textOf } from './row.js';

const NEAR = 48; // pixels from the end that still count as being there
const AHEAD = 400; // pixels from an edge of the window at which it moves
const WINDOW = 300; // rows
const STEP = 100;
const MOST = 600; // messages kept while one reads at the end
const MOST_CHARACTERS = 16_000_000; // of them
const DAY_LOOK_MS = 60_000;
const FLOOD = 4; // new rows within FLOOD_MS that are read out one by one
const FLOOD_MS = 3000;

export class LogView {
  #elements = new Map();
  #unread = 0;
  #due = false;
  #added = 0;
  #reason = 'pending';
  #today = '';
  #top = null; // seq of the window's first message; null: the window is at the end
  #newFrom = null;
  #isLoading = false;
  #recent = []; // when rows came, lately
  #active = null; // the row that Tab leads to
  #broken = new WeakSet(); // rows that couldn't be painted
  #called = new WeakMap(); // message: whether it calls a name, { name, isCalled }

  /**
   * on: { older(limit): Promise, retry(key), edit(key), copy(key), copyText(text), reply(message),
   * link(seq), leave() }; name(): the visitor's. news: the button to new messages.
   */
  constructor(root, { store, news, name, isOwn, language, on }) {
    const part = (id) => root.querySelector(`[data-part="${id}"]`);
    Object.assign(this, { scroller: root, store, news, name, isOwn, language, on });
    Object.assign(this, { live: part('live'), rows: part('rows'), older: part('older'), empty: part('empty'), sum: part('sum') });
    store.addEventListener('change', ({ detail }) => this.#later(detail));
    this.older.addEventListener('click', () => this.#fetchOlder({ focus: true }));
    this.news.addEventListener('click', () => this.#toNews());
    this.scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.rows.addEventListener('click', ({ target }) => this.#clicked(target));
    this.rows.addEventListener('keydown', (event) => this.#pressed(event));
    this.rows.addEventListener('focusin', ({ target }) => this.#activate(target.closest('.row')));
    new ResizeObserver(() => this.#stick()).observe(this.scroller);
    setInterval(() => this.#dayPassed(), DAY_LOOK_MS);
    this.stuck = true;
  }

  /** Everything anew, as after a change of name or language. */
  paint(language = this.language) {
    if (language !== this.language) {
      this.language = language;
      this.#elements.clear();
      this.rows.replaceChildren();
    }
    this.#later({ reason: 'pending', added: 0 });
  }

  /** To what was said last; what was new isn't any more. */
  toEnd() {
    this.stuck = true;
    this.#top = null;
    this.#newFrom = null;
    this.paint();
  }

  /** The visitor turns away: what comes from now on is new to him. */
  turnedAway() {
    if (this.stuck) {
      this.#newFrom = null;
      this.paint();
    }
  }

  focusLast() {
    this.rows.querySelector('.row:last-of-type')?.focus();
  }

  /** Shows the message, with older ones fetched as needed. False: it isn't there. */
  async goTo(seq) {
    const pages = 40;
    this.#isLoading = true; // or what is fetched would be trimmed again
    for (let i = 0, came = 1; i < pages && came > 0 && this.store.lowest > seq && this.store.hasOlder; i++) {
      came = (await this.on.older(500)) ?? 0;
    }
    this.#isLoading = false;
    const at = this.#indexOf(seq);
    if (this.store.messages[at]?.seq !== seq) {
      return false;
    }
    this.stuck = false;
    this.#top = this.store.messages[Math.max(0, at - STEP)].seq;
    this.#quietly(() => this.#reconcile());
    const row = this.rows.querySelector(`.row[data-seq="${seq}"]`);
    row?.scrollIntoView({ block: 'center' });
    row?.focus({ preventScroll: true });
    row?.classList.add('row-target');
    setTimeout(() => row?.classList.remove('row-target'), 2500);
    return row !== null;
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
    this.#markNew(added);
    const quiet = reason === 'older' || reason === 'open' || this.#isFlood(added);
    const keep = this.stuck ? null : this.#anchor();
    this.#quietly(() => this.#reconcile(), quiet);
    this.older.hidden = !this.store.hasOlder;
    this.empty.hidden = this.store.next === null || this.rows.childElementCount > 0;
    if (keep !== null) {
      this.#hold(keep);
      this.#setUnread(this.#unread + added);
    } else {
      this.#stick();
      if ((this.store.messages.length > MOST || this.store.size > MOST_CHARACTERS) && !this.#isLoading) {
        this.store.trim(MOST - STEP, MOST_CHARACTERS / 2);
      }
    }
  }

  /** Nothing of what action does is read out. */
  #quietly(action, quiet = true) {
    if (quiet) {
      this.live.setAttribute('aria-busy', 'true');
    }
    action();
    if (this.store.next !== null) {
      setTimeout(() => this.live.setAttribute('aria-busy', 'false'), quiet ? 300 : 0);
    }
  }

  /** Many at once: their number is said instead of each. */
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

  #markNew(added) {
    const first = this.store.messages[this.store.messages.length - added];
    if (added > 0 && this.#newFrom === null && (document.hidden || !this.stuck) && !this.isOwn(first)) {
      this.#newFrom = first.seq;
    }
  }

  /** Index of the first message with this seq or a greater one. */
  #indexOf(seq) {
    const { messages } = this.store;
    let [low, high] = [0, messages.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (messages[middle].seq < seq) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  get #from() {
    const last = Math.max(0, this.store.messages.length - WINDOW);
    return this.#top === null ? last : Math.min(last, this.#indexOf(this.#top));
  }

  get #isAtEnd() {
    return this.#from + WINDOW >= this.store.messages.length;
  }

  /** [{ key, create, paint }] from top to bottom. */
  #wanted() {
    const { store, language } = this;
    const from = this.#from;
    const messages = store.messages.slice(from, from + WINDOW).map((message) => store.asItIsNow(message));
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
        ? { key: row.key, create: () => makeRow(row.message), paint: (element) => paintRow(element, row.message, this.#lookOf(row), language) }
        : { key: row.key, create: () => lines[row.kind](row) },
    );
  }

  #lookOf({ message, isFirst, isLast }) {
    const name = this.name();
    const isOwn = this.isOwn(message);
    return { isOwn, isFirst, isLast, name, isCalled: !isOwn && this.#isCalled(message, name), target: this.#targetOf(message) };
  }

  /** Each text is searched once. */
  #isCalled(message, name) {
    let known = this.#called.get(message);
    if (known?.name !== name) {
      known = { name, isCalled: mentions(message.text ?? '', name) };
      this.#called.set(message, known);
    }
    return known.isCalled;
  }

  #targetOf({ reply_to: seq }) {
    const target = seq === undefined ? undefined : this.store.messages[this.#indexOf(seq)];
    return target?.seq === seq && target !== undefined ? this.store.asItIsNow(target) : undefined;
  }

  /** Changes the list as little as it can. */
  #reconcile() {
    const wanted = this.#wanted();
    const kept = new Map();
    let place = this.rows.firstElementChild;
    const keys = new Set(wanted.map(({ key }) => key));
    for (const [key, element] of this.#elements) {
      if (!keys.has(key)) {
        if (place === element) {
          place = element.nextElementSibling;
        }
        element.remove();
      }
    }
    for (const item of wanted) {
      const { key } = item;
      const element = this.#painted(item);
      kept.set(key, element);
      if (element === place) {
        place = element.nextElementSibling;
      } else {
        this.rows.insertBefore(element, place);
      }
    }
    this.#elements = kept;
    if (this.#active === null || !this.#active.isConnected) {
      this.#activate(this.rows.querySelector('.row:last-of-type'));
    }
  }

  /** The element of a row as it should be, or one that says that it can't be shown. */
  #painted({ key, create, paint }) {
    let element = this.#elements.get(key);
    if (this.#broken.has(element)) {
      return element;
    }
    try {
      element ??= create();
      paint?.(element);
    } catch (error) {
      console.error(error);
      element = makeBroken(element, this.language);
      this.#broken.add(element);
    }
    return element;
  }

  // ---- where one reads ----

  /** The first row in sight, to hold it in its place. */
  #anchor() {
    const top = this.scroller.getBoundingClientRect().top;
    const element = [...this.rows.children].find((row) => row.matches('.row') && row.getBoundingClientRect().bottom > top);
    return element === undefined ? null : { element, top: element.getBoundingClientRect().top };
  }

  #hold({ element, top }) {
    if (element.isConnected) {
      this.scroller.scrollTop += element.getBoundingClientRect().top - top;
    }
  }

  #stick() {
    if (this.stuck) {
      this.scroller.scrollTop = this.scroller.scrollHeight;
      this.#setUnread(0);
    }
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const below = scrollHeight - scrollTop - clientHeight;
    this.stuck = below < NEAR && this.#isAtEnd;
    if (this.stuck) {
      this.#top = null;
      this.#setUnread(0);
    } else if (scrollTop < AHEAD) {
      this.#up();
    } else if (below < AHEAD && !this.#isAtEnd) {
      this.#moveTo(this.#from + STEP);
    }
  }

  #up() {
    if (this.#from > 0) {
      this.#moveTo(this.#from - STEP);
    } else if (this.store.hasOlder && !this.#isLoading) {
      this.#fetchOlder();
    }
  }

  #moveTo(index) {
    const keep = this.#anchor();
    this.#top = this.store.messages[Math.max(0, index)].seq;
    this.#quietly(() => this.#reconcile());
    if (keep !== null) {
      this.#hold(keep);
    }
  }

  #setUnread(n) {
    this.#unread = n;
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
      this.#moveTo(this.#indexOf(first) - STEP);
    }
    this.#isLoading = false;
    this.older.disabled = false;
    if (focus) {
      (this.older.hidden ? this.scroller : this.older).focus({ preventScroll: true });
    }
  }

  // ---- what is done with a row ----

  #clicked(target) {
    const { action, key, seq } = target.closest('button')?.dataset ?? {};
    if (action === 'retry' || action === 'edit' || action === 'copy') {
      this.on[action](key);
    } else if (action === 'reply') {
      this.#reply(Number(seq));
    } else if (action === 'link') {
      this.on.link(Number(seq));
    } else if (action === 'whole') {
      this.on.copyText(textOf(target.closest('.row')));
    } else if (action === 'more') {
      this.#quietly(() => showMore(target.closest('.row'), this.language));
      this.#scrolled(); // so much longer, one isn't at the end any more
    } else if (action === 'jump') {
      this.goTo(Number(seq));
    }
  }

  #reply(seq) {
    const message = this.store.messages[this.#indexOf(seq)];
    if (message?.seq === seq) {
      this.on.reply(message);
    }
  }

  /** One row is reached by Tab, and from it what can be done with it; arrows lead to the others. */
  #activate(row) {
    if (row === null || row === this.#active) {
      return;
    }
    for (const [element, index] of [[this.#active, -1], [row, 0]]) {
      if (element !== null) {
        element.tabIndex = index;
        element.querySelectorAll('.row-tools button, .row-more button').forEach((tool) => (tool.tabIndex = index));
      }
    }
    this.#active = row;
  }

  #pressed(event) {
    const row = event.target.closest('.row');
    if (event.key === 'Escape') {
      this.on.leave();
    } else if (event.target === row && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      const next = event.key === 'ArrowUp' ? 'previousElementSibling' : 'nextElementSibling';
      let other = row[next];
      while (other !== null && !other.matches('.row')) {
        other = other[next];
      }
      event.preventDefault();
      other?.focus();
    } else if (event.target === row && event.key.toLowerCase() === 'r' && !event.ctrlKey && !event.metaKey && !event.altKey && row.dataset.seq) {
      event.preventDefault();
      this.#reply(Number(row.dataset.seq));
    }
  }

  #dayPassed() {
    if (this.#today !== '' && dayKey(Date.now()) !== this.#today) {
      this.paint();
    }
  }
}
