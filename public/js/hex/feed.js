// What the bytes in sight belong to, asked for as the view moves: the layout once, blocks and holes around what is seen.

import { blockRanges, holeRanges, layoutLayers, poolOf, Ranges } from "./colouring.js";

/** Asked for around what is seen, so that a small move needs no other answer. */
const marginBytes = 4096;
const blocksMaximum = 1000;
const runsMaximum = 256;
/** Between two questions of the same kind, however fast the heap changes. */
const blocksMilliseconds = 500;
const holesMilliseconds = 3000;
/** After a refusal that may pass: a lock that was not had in time. */
const retryMilliseconds = 5000;

export class Feed {
  #get;
  #changed;
  #now;
  #id;
  #epoch;
  #controller = new AbortController();
  #flights = new Set();
  /** Until when a part is not asked for again. */
  #waits = new Map();
  #layout = [];
  #blocks;
  #runs;
  #painted;
  #timer = 0;

  /** The pool as `{from, to}`, once it is known to be there. */
  pool = undefined;

  /** `get(path, signal)` resolves to an answer; `changed()` hears when there is something new to draw. */
  constructor(get, changed, now = () => performance.now()) {
    this.#get = get;
    this.#changed = changed;
    this.#now = now;
  }

  /** Turns to another object, be it one that was made anew under its name; nothing happens where it is the same one. */
  open(id, epoch = 0) {
    if (this.#id === id && this.#epoch === epoch) return;
    this.#epoch = epoch;
    this.#controller.abort();
    this.#controller = new AbortController();
    clearTimeout(this.#timer);
    this.#flights.clear();
    this.#waits.clear();
    this.#id = id;
    this.#layout = [];
    this.#blocks = this.#runs = this.#painted = this.pool = undefined;
  }

  /** Asks for what is missing about [from, to). `stamp` changes whenever the heap does. */
  want({ from, to, stamp, hasHeap, hasLayout, hasPages }) {
    if (!this.#id || to <= from) return;
    const now = this.#now();
    if (hasLayout && this.#layout.length === 0) {
      this.#ask("layout", `segments/${this.#id}/layout`, (answer) => {
        this.#layout = layoutLayers(answer);
        this.pool = poolOf(answer);
      });
    }
    if (hasHeap && this.pool) this.#wantBlocks(Math.max(from, this.pool.from), Math.min(to, this.pool.to), stamp, now);
    const isOld = now - (this.#runs?.at ?? 0) >= holesMilliseconds;
    if (hasPages && (isOld || !covers(this.#runs, from, to))) {
      const start = Math.floor(Math.max(0, from - marginBytes) / 4096) * 4096;
      this.#ask("pages", `segments/${this.#id}/pages?offset=${start}&limit=${runsMaximum}`, ({ runs }) => {
        const last = runs.at(-1);
        this.#runs = { from: start, to: last ? Math.max(last.offset + last.length, to) : to, at: this.#now(), holes: new Ranges(holeRanges(runs)) };
      });
    }
  }

  #wantBlocks(from, to, stamp, now) {
    if (to <= from) return;
    const isCovered = covers(this.#blocks, from, to);
    if (isCovered && this.#blocks.stamp === stamp) return;
    const wait = isCovered ? this.#blocks.at + blocksMilliseconds - now : 0;
    if (wait > 0) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(this.#changed, wait);
      return;
    }
    const range = { from: Math.max(this.pool.from, from - marginBytes), to: Math.min(this.pool.to, to + marginBytes) };
    this.#ask("blocks", `segments/${this.#id}/blocks?from=${range.from}&to=${range.to}&limit=${blocksMaximum}`, ({ blocks, next }) => {
      const last = blocks.at(-1);
      const end = next && last ? last.spanOffset + last.spanBytes : range.to;
      this.#blocks = { from: range.from, to: end, stamp, at: this.#now(), blocks };
    });
  }

  /** The layers to colour by, the lowest first; ages are counted to `time`. */
  layers(mode, time = Date.now()) {
    if (this.#painted?.blocks !== this.#blocks || this.#painted?.mode !== mode) {
      this.#painted = { blocks: this.#blocks, mode, ranges: new Ranges(blockRanges(this.#blocks?.blocks ?? [], mode, time)) };
    }
    return [...this.#layout, this.#painted.ranges];
  }

  /** Whether a byte is in a hole. */
  isHole(offset) {
    return this.#runs !== undefined && this.#runs.holes.within(offset, offset + 1).length > 0;
  }

  /** The holes that touch [from, to). */
  holes(from, to) {
    return this.#runs?.holes.within(from, to) ?? [];
  }

  async #ask(part, path, take) {
    if (this.#flights.has(part) || this.#now() < (this.#waits.get(part) ?? 0)) return;
    const { signal } = this.#controller;
    this.#flights.add(part);
    try {
      const answer = await this.#get(path, signal);
      if (signal.aborted) return;
      take(answer);
    } catch (error) {
      if (signal.aborted) return;
      // No right, or no such thing: that stays. The bytes themselves say what there is to say.
      this.#waits.set(part, error.status === 403 || error.status === 404 ? Infinity : this.#now() + retryMilliseconds);
      this.#flights.delete(part);
      return;
    }
    this.#flights.delete(part);
    this.#changed();
  }
}

function covers(known, from, to) {
  return known !== undefined && known.from <= from && known.to >= to;
}
