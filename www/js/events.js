// events.js - an object that tells what happens to it: an EventTarget with a short way to dispatch.

export class Source extends EventTarget {
  tell(name, detail) {
    this.dispatchEvent(Object.assign(new Event(name), { detail }));
  }
}
