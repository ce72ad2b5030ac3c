// site.js - where this chat is, and under which names the browser keeps things for it.

/**
 * The address of the folder with index.html. The document may be elsewhere: /embed may be a
 * program's address.
 */
export const site = new URL('..', import.meta.url);

/** The beginning of each name: other chats may be at other paths of the same host. */
export const CHAT = `pollchat ${site.pathname}`;

/** The result of action, or null if it throws. */
export function attempt(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

/**
 * A storage under names with a prefix. Where it is absent, full or forbidden, nothing is
 * remembered.
 */
export function remember(which, prefix) {
  return {
    get: (key) => attempt(() => window[which].getItem(`${prefix} ${key}`)),
    set: (key, value) => attempt(() => window[which].setItem(`${prefix} ${key}`, value)),
  };
}
