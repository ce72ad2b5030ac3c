// alert.js - a sound, and a notification of the browser. Loaded when a visitor wants one of them.

import { snippet } from './text.js';

const QUIET_MS = 2000; // between two sounds

let context = null;
let last = -Infinity;

/** Two short tones, no louder than speech. They are made here, so there is no file to load. */
export function sound() {
  const now = performance.now();
  if (now - last < QUIET_MS) {
    return;
  }
  last = now;
  context ??= new AudioContext();
  for (const [at, pitch] of [[0, 660], [0.12, 880]]) {
    const [tone, loudness] = [context.createOscillator(), context.createGain()];
    const begin = context.currentTime + at;
    tone.frequency.value = pitch;
    loudness.gain.setValueAtTime(0.0001, begin);
    loudness.gain.exponentialRampToValueAtTime(0.12, begin + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.0001, begin + 0.18);
    tone.connect(loudness).connect(context.destination);
    tone.start(begin);
    tone.stop(begin + 0.2);
  }
}

let shown = null; // { seq, notification }

/** Takes the notification away if its message is deleted. */
export function withdraw(seqs) {
  if (seqs.includes(shown?.seq)) {
    shown.notification.close();
  }
}

/** Shows a message; a later one with the same tag takes its place. */
export function notify({ title, message, tag }) {
  const notification = new Notification(title, { body: snippet(message.text), tag, lang: '' });
  shown = { seq: message.seq, notification };
  notification.addEventListener('click', () => {
    window.focus();
    notification.close();
  });
}
