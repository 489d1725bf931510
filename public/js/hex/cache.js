// Bytes of one object: pages that were read, when, and which of their bytes changed since the last look.

export const pageBytes = 4096;
/** 512 pages are 2 MiB, however far one scrolls. */
export const pageMaximum = 512;
/** How long a changed byte stays marked. */
export const fadeMilliseconds = 3000;
/** Pages that one request asks for at most. */
const requestPages = 16;
/** Between two beginnings of requests while one scrolls: passing pages are not asked for one by one. */
const pauseMilliseconds = 50;
const retryMilliseconds = 2000;
/** Between two questions after a refusal: rights do not change every second. */
const refusedMilliseconds = 15000;

/** Pages and the times of their changes. Knows neither clock nor network. */
export class PageCache {
  /** In the order of their last use, the oldest first. */
  #pages = new Map();
  #maximum;

  constructor(maximum = pageMaximum) {
    this.#maximum = maximum;
  }

  get count() {
    return this.#pages.size;
  }

  clear() {
    this.#pages.clear();
  }

  has(index) {
    return this.#pages.has(index);
  }

  /** When a page was read last; undefined for one that was not. */
  readAt(index) {
    return this.#pages.get(index)?.at;
  }

  /** Takes a page as it was read at `now`; fewer bytes than a page are those before the object's end. Says whether one changed. */
  put(index, bytes, now) {
    const before = this.#pages.get(index);
    this.#pages.delete(index);
    const page = { bytes, at: now, changes: before?.changes, lastChange: before?.lastChange ?? Number.NEGATIVE_INFINITY };
    if (now - page.lastChange > fadeMilliseconds) page.changes = undefined;
    const isDifferent = before ? this.#mark(page, before.bytes, now) : false;
    this.#pages.set(index, page);
    while (this.#pages.size > this.#maximum) this.#pages.delete(this.#pages.keys().next().value);
    return !before || isDifferent;
  }

  #mark(page, before, now) {
    const { bytes } = page;
    let isDifferent = before.length !== bytes.length;
    const common = Math.min(before.length, bytes.length);
    for (let index = 0; index < common; index += 1) {
      if (bytes[index] === before[index]) continue;
      isDifferent = true;
      page.changes ??= new Float64Array(pageBytes).fill(Number.NEGATIVE_INFINITY);
      page.changes[index] = now;
      page.lastChange = now;
    }
    return isDifferent;
  }

  /** Marks pages of a window as used, so that they outlive those that are not seen. */
  touch(from, to) {
    for (let index = pageOf(from); index * pageBytes < to; index += 1) {
      const page = this.#pages.get(index);
      if (!page) continue;
      this.#pages.delete(index);
      this.#pages.set(index, page);
    }
  }

  /** The byte at an offset; undefined where it was not read, `null` behind the object's end. */
  byteAt(offset) {
    const page = this.#pages.get(pageOf(offset));
    if (!page) return undefined;
    return page.bytes[offset % pageBytes] ?? null;
  }

  /** When the byte at an offset was seen to change last; -Infinity for never. */
  changedAt(offset) {
    return this.#pages.get(pageOf(offset))?.changes?.[offset % pageBytes] ?? Number.NEGATIVE_INFINITY;
  }

  /** Whether a byte of a window changed so lately that it is still marked. */
  isHot(from, to, now) {
    for (let index = pageOf(from); index * pageBytes < to; index += 1) {
      const page = this.#pages.get(index);
      if (page && now - page.lastChange <= fadeMilliseconds) return true;
    }
    return false;
  }

  /** The bytes from an offset, as far as they were read without a gap. */
  slice(from, to) {
    const bytes = new Uint8Array(Math.max(0, to - from));
    let length = 0;
    while (from + length < to) {
      const value = this.byteAt(from + length);
      if (value === undefined || value === null) break;
      bytes[length] = value;
      length += 1;
    }
    return bytes.subarray(0, length);
  }
}

export function pageOf(offset) {
  return Math.floor(offset / pageBytes);
}

/**
 * The next run of pages to ask for: `{first, count}`, or undefined where nothing is due. Missing pages of the windows
 * come first; with `olderThan` also pages that were read before it.
 */
export function nextRun(windows, readAt, sizeBytes, olderThan = Number.NEGATIVE_INFINITY) {
  const isDue = { missing: (index) => readAt(index) === undefined, old: (index) => !(readAt(index) > olderThan) };
  for (const test of [isDue.missing, isDue.old]) {
    for (const { from, to } of windows) {
      const end = Math.ceil(Math.min(to, sizeBytes) / pageBytes);
      for (let first = pageOf(Math.max(0, from)); first < end; first += 1) {
        if (!test(first)) continue;
        let count = 1;
        while (count < requestPages && first + count < end && isDue.old(first + count)) count += 1;
        return { first, count };
      }
    }
  }
  return undefined;
}

/**
 * Keeps the pages of some windows of one object read: `read(offset, length, signal)` gets bytes, `changed()` hears of every
 * answer. One request at a time; one whose pages nobody wants any more is given up.
 */
export class Reader {
  cache = new PageCache();
  #read;
  #changed;
  #now;
  #windows = new Map();
  #sizeBytes = 0;
  /** Milliseconds between two looks at the same page; 0 for looking once. */
  #pace = 0;
  #isHeld = false;
  #flight = null;
  #timer = 0;
  #lastStart = Number.NEGATIVE_INFINITY;

  /** Why the last request failed; undefined once one succeeded. */
  error;
  /** When the last answer came. */
  answeredAt;
  /** Where the object was seen to end, if that is before `sizeBytes`. */
  endsAt;

  constructor({ read, changed, now = () => performance.now() }) {
    this.#read = read;
    this.#changed = changed;
    this.#now = now;
  }

  get isReading() {
    return this.#flight !== null;
  }

  /** Names the bytes that `who` looks at; none with an empty window. */
  look(who, from, to) {
    const before = this.#windows.get(who);
    if (before && before.from === from && before.to === to) return;
    if (to > from) this.#windows.set(who, { from, to });
    else this.#windows.delete(who);
    this.cache.touch(from, to);
    this.#giveUpUnwanted();
    this.#schedule();
  }

  resize(sizeBytes) {
    if (this.#sizeBytes === sizeBytes) return;
    this.#sizeBytes = sizeBytes;
    this.endsAt = undefined;
    this.#schedule();
  }

  setPace(milliseconds) {
    if (this.#pace === milliseconds) return;
    this.#pace = milliseconds;
    this.#schedule();
  }

  /** Reads nothing at all while held: what was read stays. */
  hold(isHeld) {
    if (this.#isHeld === isHeld) return;
    this.#isHeld = isHeld;
    if (isHeld) {
      this.#flight?.controller.abort();
      this.#flight = null;
    }
    this.#schedule();
  }

  /** Reads the windows again, whatever their age. */
  refresh() {
    this.#flight?.controller.abort();
    this.#flight = null;
    clearTimeout(this.#timer);
    this.#start(this.#now());
  }

  stop() {
    this.#flight?.controller.abort();
    this.#flight = null;
    clearTimeout(this.#timer);
    this.#windows.clear();
  }

  #giveUpUnwanted() {
    if (!this.#flight) return;
    const { from, to } = this.#flight;
    const isWanted = [...this.#windows.values()].some((window) => window.from < to && window.to > from);
    if (isWanted) return;
    this.#flight.controller.abort();
    this.#flight = null;
  }

  #schedule() {
    if (this.#flight) return;
    clearTimeout(this.#timer);
    const now = this.#now();
    const windows = [...this.#windows.values()];
    // What is gone does not come back under this identifier.
    if (windows.length === 0 || this.#isHeld || this.error?.status === 404) return;
    // While nothing is read again, neither is what was refused.
    if (this.#pace <= 0 && this.error) return;
    const isMissing = nextRun(windows, (index) => this.cache.readAt(index), this.#sizeBytes) !== undefined;
    if (!isMissing && this.#pace <= 0) return;
    const retry = this.error?.status >= 400 && this.error.status < 500 ? refusedMilliseconds : retryMilliseconds;
    const due = this.error ? this.#lastStart + retry
      : isMissing ? this.#lastStart + pauseMilliseconds : this.#oldest(windows) + this.#pace;
    this.#timer = setTimeout(() => this.#start(this.#pace > 0 ? this.#now() - this.#pace + 1 : undefined), Math.max(0, due - now));
  }

  #oldest(windows) {
    let oldest = this.#now();
    for (const { from, to } of windows) {
      const end = Math.ceil(Math.min(to, this.#sizeBytes) / pageBytes);
      for (let index = pageOf(from); index < end; index += 1) oldest = Math.min(oldest, this.cache.readAt(index) ?? 0);
    }
    return oldest;
  }

  async #start(olderThan) {
    if (this.#flight || this.#isHeld) return;
    const run = nextRun([...this.#windows.values()], (index) => this.cache.readAt(index), this.#sizeBytes, olderThan);
    if (!run) return this.#schedule();
    const flight = { controller: new AbortController(), from: run.first * pageBytes, to: (run.first + run.count) * pageBytes };
    this.#flight = flight;
    this.#lastStart = this.#now();
    try {
      const bytes = await this.#read(flight.from, Math.min(flight.to, this.#sizeBytes) - flight.from, flight.controller.signal);
      if (this.#flight !== flight) return;
      this.#take(run, bytes, flight);
    } catch (error) {
      if (this.#flight !== flight) return;
      this.error = error;
    }
    this.#flight = null;
    this.#changed();
    this.#schedule();
  }

  #take(run, bytes, flight) {
    this.error = undefined;
    this.answeredAt = this.#now();
    const expected = Math.min(flight.to, this.#sizeBytes) - flight.from;
    if (bytes.length < expected) this.endsAt = flight.from + bytes.length;
    else if (this.endsAt !== undefined && this.endsAt < flight.from + bytes.length) this.endsAt = undefined;
    for (let index = 0; index < run.count; index += 1) {
      this.cache.put(run.first + index, bytes.slice(index * pageBytes, (index + 1) * pageBytes), this.answeredAt);
    }
  }
}
