// time.js - times as people read them, in the visitor's time zone. Each function takes milliseconds
// or RFC 3339; `locale` and `zone` as in Intl.

const formats = new Map();

function format(locale, options) {
  const key = JSON.stringify([locale, options]);
  if (!formats.has(key)) {
    formats.set(key, new Intl.DateTimeFormat(locale, options));
  }
  return formats.get(key);
}

/** The date, such as 2025-11-25. */
export function dayKey(time, zone) {
  const parts = format('en', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(new Date(time));
  const part = (type) => parts.find((p) => p.type === type).value;
  return `${part('year')}-${part('month')}-${part('day')}`;
}

/* * Today, Yesterday (words has the words), or Monday 24 November, with the year if it is another
 * one. */
export function dayLabel(time, now, locale, zone, words = { today: 'Today', yesterday: 'Yesterday' }) {
  const key = dayKey(time, zone);
  const today = dayKey(now, zone);
  if (key === today) {
    return words.today;
  }
  if (Date.parse(today) - Date.parse(key) === 86_400_000) {
    return words.yesterday;
  }
  const year = key.slice(0, 4) === today.slice(0, 4) ? undefined : 'numeric';
  return format(locale, { timeZone: zone, weekday: 'long', day: 'numeric', month: 'long', year }).format(new Date(time));
}

/** The time of day, such as 14:05. */
export function clock(time, locale, zone) {
  return format(locale, { timeZone: zone, timeStyle: 'short' }).format(new Date(time));
}

/** Date and time in full, for a tooltip. */
export function exact(time, locale, zone) {
  return format(locale, { timeZone: zone, dateStyle: 'full', timeStyle: 'long' }).format(new Date(time));
}

export const isValid = (time) => !Number.isNaN(new Date(time).getTime());

/**
 * Opening hours as the chat reads them: with minutes east of UTC at the end. Without them, the
 * hours are those of this device.
 */
export function hoursHere(text, east = -new Date().getTimezoneOffset()) {
  const hours = text.trim();
  return hours === '' || /\s[+-]\d+$/.test(hours) ? hours : `${hours} ${east < 0 ? '' : '+'}${east}`;
}
