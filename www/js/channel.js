// channel.js - lets the tabs and frames of a chat in one browser talk to each other: by a
// BroadcastChannel or, in older browsers, by events of the storage that they share. Messages of one
// tab arrive in the order in which they were sent. A message may be lost.

const byStorage = (name, storage, target) => {
  const hear = ({ key, newValue }) => {
    if (key === name && newValue !== null) {
      channel.onmessage?.({ data: JSON.parse(newValue).what });
    }
  };
  let count = 0;
  const channel = {
    onmessage: null,
    postMessage(what) {
      try {
        storage.setItem(name, JSON.stringify({ what, n: (count += 1), at: Math.random() })); // only a change causes an event
        storage.removeItem(name);
      } catch {
        // the storage is full: a tab that misses a message polls
      }
    },
    close: () => target.removeEventListener('storage', hear),
  };
  target.addEventListener('storage', hear);
  return channel;
};

/**
 * Returns { onmessage, postMessage(what), close() }, or undefined where the tabs of a browser can't
 * talk to each other.
 */
export function openChannel(name, { BroadcastChannel, storage, target, origin }) {
  if (origin === 'null') {
    return undefined; // a frame that shares nothing
  }
  try {
    return typeof BroadcastChannel === 'function' ? new BroadcastChannel(name) : byStorage(name, storage, target);
  } catch {
    return undefined;
  }
}
