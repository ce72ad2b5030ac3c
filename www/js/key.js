// key.js - the visitor's key: 128 random bits by which the chat knows whose a name is. The browser
// keeps it, and all tabs of a chat share it. The server stores only a hash of it.
//
// Where a browser keeps nothing (a private window, storage that is forbidden or was cleared), a new
// key lives as long as the page.

import { attempt, CHAT, remember } from './site.js';

const BYTES = 16;
const FORM = /^[\w-]{22}$/; // base64url, as the programs read it

const encode = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/**
 * Returns a function that gives the key. It reads the storage each time, because another tab that
 * was opened at the same moment may have stored its key last. random: as crypto.getRandomValues.
 */
export function makeKey({ storage = remember('localStorage', CHAT), random = (bytes) => crypto.getRandomValues(bytes) } = {}) {
  let known = null;
  return () => {
    const kept = storage.get('key');
    if (FORM.test(kept ?? '')) {
      known = kept;
    } else {
      known ??= encode(random(new Uint8Array(BYTES)));
      storage.set('key', known);
    }
    return known;
  };
}

/**
 * Where the key is kept. keeper: { key, keep(key) }, of the loader on another site's page: browsers
 * let many frames keep nothing.
 */
export const keyStorage = (keeper) =>
  keeper === undefined || attempt(() => localStorage.length) !== null
    ? remember('localStorage', CHAT)
    : {
        get: () => keeper.key,
        set(_, key) {
          keeper.key = key;
          keeper.keep(key);
        },
      };

/**
 * For makeApi(): says with each request who asks. token: see token.js; undefined where the site
 * around the chat has no visitors of its own.
 */
export const makeWho = (key, token) => ({
  headers: async () => ({ 'Pollchat-Key': key(), ...(await token?.headers()) }),
  renew: async () => token?.renew() ?? false,
});
