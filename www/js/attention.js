// attention.js - tells a visitor who looks elsewhere that something was said: the title, a sound, a notification.
//
// Nothing while the tab is looked at, nothing of what he said himself, nothing in a muted room, and sound and notifications only
// where he has asked for them.

import { snippet } from './text.js';

const QUIET_MS = 2000; // between two sounds

/** Two short tones, made here: no file, and no louder than speech. */
export function makeSound(clock) {
  let context = null;
  let last = -Infinity;
  return () => {
    if (clock.now() - last < QUIET_MS) {
      return;
    }
    last = clock.now();
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
  };
}

export class Attention {
  missed = 0;

  /** isSeen(): somebody looks. wants(key): sound, notify, mute. show(missed): the title and such. sound(); notify(message). speaks(): this tab is the one of several that does. */
  constructor({ isSeen, isOwn, wants, show, sound, notify, speaks = () => true }) {
    Object.assign(this, { isSeen, isOwn, wants, show, sound, notify, speaks });
  }

  /** These have come. */
  news(messages) {
    const theirs = messages.filter((message) => message.type === 'message' && !this.isOwn(message));
    if (theirs.length === 0 || this.isSeen()) {
      return;
    }
    this.missed += theirs.length;
    this.show(this.missed);
    if (this.wants('mute') || !this.speaks()) {
      return;
    }
    if (this.wants('sound')) {
      this.sound();
    }
    if (this.wants('notify')) {
      this.notify(theirs.at(-1));
    }
  }

  seen() {
    this.missed = 0;
    this.show(0);
  }
}

/** A notification of the browser's; a later one with the same tag takes its place. */
export function notifyOf({ title, message, tag, open }) {
  const notification = new Notification(title, { body: snippet(message.text), tag, lang: '' });
  notification.addEventListener('click', () => {
    open();
    notification.close();
  });
}
