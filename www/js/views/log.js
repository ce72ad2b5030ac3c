// log.js - the conversation: rows for messages, days and gaps, kept in step with a store.
//
// Rows are found again by key, so a message on its way and the same message come back are one element, and screen readers
// hear of new rows only. While older rows or a whole room are put in, the log is busy: nothing of it is read out.

import { keyOf } from '../store.js';
import { count } from '../text.js';
import { dayKey, isValid } from '../time.js';
import { makeDay, makeLine, makeRow, paintRow } from './row.js';

const NEAR = 48; // pixels from the end that still count as being there
const RUN_MS = 5 * 60_000; // messages of one author this close belong together
const DAY_LOOK_MS = 60_000;
const MOST = 600; // rows kept while one reads at the end

export class LogView {
  #elements = new Map();
  #unread = 0;
  #due = false;
  #added = 0;
  #reason = 'pending';
  #today = '';

  /** on: { older(): Promise, retry(key), edit(key) }; isOwn(message). news: the button that leads to new messages. */
  constructor(root, { store, news, isOwn, on }) {
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    Object.assign(this, { scroller: root, store, news, isOwn, on });
    Object.assign(this, { live: part('live'), rows: part('rows'), older: part('older'), empty: part('empty') });
    store.addEventListener('change', ({ detail }) => this.#later(detail));
    this.older.addEventListener('click', () => this.#fetchOlder());
    this.news.addEventListener('click', () => this.#toNews());
    this.scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.rows.addEventListener('click', ({ target }) => this.#clicked(target));
    new ResizeObserver(() => this.#stick()).observe(this.scroller);
    setInterval(() => this.#dayPassed(), DAY_LOOK_MS);
    this.stuck = true;
  }

  /** Everything anew, as after a change of name. */
  paint() {
    this.#later({ reason: 'pending', added: 0 });
  }

  toEnd() {
    this.stuck = true;
    this.#stick();
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
    const quiet = reason === 'older' || reason === 'open';
    if (quiet) {
      this.live.setAttribute('aria-busy', 'true');
    }
    const keep = this.stuck ? null : this.#anchor();
    this.#reconcile(this.#wanted());
    this.older.hidden = !this.store.hasOlder;
    this.empty.hidden = this.store.next === null || this.rows.childElementCount > 0;
    if (keep !== null) {
      this.scroller.scrollTop += keep.element.getBoundingClientRect().top - keep.top;
      this.#setUnread(this.#unread + added);
    } else {
      this.#stick();
      if (this.store.messages.length > MOST) {
        this.store.trim(MOST - 100);
      }
    }
    if (this.store.next !== null) {
      setTimeout(() => this.live.setAttribute('aria-busy', 'false'), quiet ? 300 : 0);
    }
  }

  /** [{ key, create, paint }] from top to bottom. */
  #wanted() {
    const { store } = this;
    const pending = [...store.pending];
    const shown = store.messages.filter(({ type }) => type === 'message' || type === 'notice');
    const list = [...shown, ...pending].map((message) => ({ message, key: message.key ?? keyOf(message) }));
    const wanted = [];
    let before = null;
    this.#today = dayKey(Date.now());
    list.forEach(({ message, key }, i) => {
      const day = isValid(message.time) ? dayKey(message.time) : before?.day;
      const gap = message.seq !== undefined && store.gapBefore(message.seq);
      if (gap) {
        wanted.push({ key: `gap ${message.seq}`, create: () => makeLine('Messages between these are no longer kept', 'gap') });
      }
      if (day !== before?.day) {
        wanted.push({ key: `day ${day} ${this.#today}`, create: () => makeDay(message.time) });
      }
      if (message.type === 'notice') {
        wanted.push({ key, create: () => makeLine(message.text, 'notice') });
        before = { day, name: null };
        return;
      }
      const isFirst = gap || !joins(before, message, day);
      const next = list[i + 1]?.message;
      const isLast = next === undefined || !joins({ ...message, day }, next, isValid(next.time) ? dayKey(next.time) : day);
      const look = { isOwn: this.isOwn(message), isFirst, isLast };
      wanted.push({ key, create: () => makeRow(message), paint: (row) => paintRow(row, message, look) });
      before = { ...message, day };
    });
    return wanted;
  }

  /** Changes the list as little as it can. */
  #reconcile(wanted) {
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
    for (const { key, create, paint } of wanted) {
      const element = this.#elements.get(key) ?? create();
      kept.set(key, element);
      paint?.(element);
      if (element === place) {
        place = element.nextElementSibling;
      } else {
        this.rows.insertBefore(element, place);
      }
    }
    this.#elements = kept;
  }

  // ---- where one reads ----

  /** The first row in sight, to hold it in its place. */
  #anchor() {
    const top = this.scroller.getBoundingClientRect().top;
    const element = [...this.rows.children].find((row) => row.matches('.row') && row.getBoundingClientRect().bottom > top);
    return element === undefined ? null : { element, top: element.getBoundingClientRect().top };
  }

  #stick() {
    if (this.stuck) {
      this.scroller.scrollTop = this.scroller.scrollHeight;
      this.#setUnread(0);
    }
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.stuck = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.stuck) {
      this.#setUnread(0);
    }
  }

  #setUnread(n) {
    this.#unread = n;
    this.news.hidden = n === 0;
    this.news.textContent = n === 0 ? '' : count(n, 'new message', 'new messages');
  }

  #toNews() {
    this.toEnd();
    this.scroller.focus();
  }

  async #fetchOlder() {
    this.older.disabled = true;
    this.stuck = false;
    await this.on.older();
    this.older.disabled = false;
    if (this.older.hidden) {
      this.scroller.focus({ preventScroll: true });
    } else {
      this.older.focus({ preventScroll: true });
    }
  }

  #clicked(target) {
    const { action, key } = target.closest('button')?.dataset ?? {};
    if (action === 'retry' || action === 'edit') {
      this.on[action](key);
    }
  }

  #dayPassed() {
    if (this.#today !== '' && dayKey(Date.now()) !== this.#today) {
      this.paint();
    }
  }
}

function joins(before, message, day) {
  return before !== null && before.name === message.name && before.day === day && Date.parse(message.time) - Date.parse(before.time) < RUN_MS;
}
