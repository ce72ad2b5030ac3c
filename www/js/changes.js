// changes.js - what edits and deletions do to the messages of a room. Each of them is a message of
// its own, which names those that it changes; the last one counts. They come in any order: a page of
// older messages may bring an edit that a known one has followed, or a message that is deleted.

/** An erased message comes as a deletion of itself. */
export const isErased = ({ type, seq, target }) => type === 'delete' && target === seq;

export const isChange = (message) => message.type === 'edit' || (message.type === 'delete' && !isErased(message));

export const isDeletion = (change) => change !== undefined && (change.type === 'delete' || change.text === '');

/**
 * The message as a change leaves it; change: undefined if its own text counts. editedAt: the time
 * of its own last edit.
 */
export function changed(message, change, editedAt) {
  if (change === undefined && isErased(message)) {
    return { ...message, deleted: true };
  }
  if (isDeletion(change)) {
    return { ...message, text: '', deleted: true, isSwept: change.isSweep };
  }
  const type = isErased(message) ? 'message' : message.type; // it was hidden, and is shown again
  return { ...message, type, text: change?.text ?? message.text, edited: true, editedAt: change?.time ?? editedAt };
}

export class Changes {
  #last = new Map(); // by the seq of the message that is changed
  #sweeps = []; // deletions of many messages at once: { from, to, seq, type, isSweep }

  /** The edit or deletion that counts for a message, or undefined if its own text does. */
  of({ seq, edited = 0 }) {
    const last = this.#last.get(seq);
    return last?.type === 'edit' && edited > last.seq ? undefined : last;
  }

  /**
   * Notes the edits and deletions among these messages, which are known already. between(from, to):
   * the seqs of known messages. isOlder: they are before those that were known, and may be among
   * deletions that are known. Returns two lists of seqs: of messages that are changed, and of edits
   * that don't count any more.
   */
  note(messages, between, isOlder) {
    const said = { changed: [], outdated: [] };
    if (isOlder) {
      this.#sweeps.forEach((sweep) => this.#sweep(sweep, between, said));
    }
    for (const message of messages.filter(isChange)) {
      const { seq, target, targets, type } = message;
      if (targets === undefined) {
        this.#change(target, { text: '', ...message }, said);
        continue;
      }
      for (const [from, to] of targets) {
        const sweep = { from, to, seq, type, isSweep: true };
        this.#sweeps.push(sweep);
        this.#sweep(sweep, between, said);
      }
    }
    return said;
  }

  #sweep(sweep, between, said) {
    between(sweep.from, sweep.to).forEach((seq) => this.#change(seq, sweep, said));
  }

  #change(target, by, said) {
    const before = this.#last.get(target);
    if ((before?.seq ?? 0) < by.seq) {
      this.#last.set(target, by);
      said.changed.push(target);
      said.outdated.push(before?.seq);
    }
  }

  /** Forgets what was before this seq: older messages come as those changes left them. */
  forget(before) {
    this.#sweeps = this.#sweeps.filter(({ seq }) => seq >= before);
    for (const [target, { seq }] of this.#last) {
      if (seq < before) {
        this.#last.delete(target);
      }
    }
  }
}
