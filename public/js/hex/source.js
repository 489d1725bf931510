// The one reader that the hex view and the inspector share: what both look at is read once.

import { Reader } from "./cache.js";

let shared;

/** The reader of the segment that the page shows, and `listen(callback)` for its answers. */
export function sharedSource(actions) {
  shared ??= new Source(actions);
  return shared;
}

class Source {
  #actions;
  #listeners = [];
  #id;
  #focus = 0;
  reader;

  constructor(actions) {
    this.#actions = actions;
    this.#begin(undefined);
  }

  get id() {
    return this.#id;
  }

  get cache() {
    return this.reader.cache;
  }

  /** The byte that is read as numbers and text. */
  get focus() {
    return this.#focus;
  }

  point(offset) {
    if (this.#focus === offset) return;
    this.#focus = offset;
    this.#tell();
  }

  listen(callback) {
    this.#listeners.push(callback);
  }

  /** Turns to another object; nothing happens where it is the same one. Says whether it was another. */
  open(id) {
    if (this.#id === id) return false;
    this.#begin(id);
    return true;
  }

  #begin(id) {
    this.reader?.stop();
    this.#id = id;
    this.#focus = 0;
    this.reader = new Reader({
      read: (offset, length, signal) => this.#actions.api.bytes(id, offset, length, signal),
      changed: () => this.#tell(),
    });
  }

  #tell() {
    for (const callback of this.#listeners) callback();
  }
}
