// What the map shows of an object, asked for as the view moves: a coarse picture of the whole, which is always there to be
// drawn, and a fine one of what is seen.

import { rangeOf, spanOf } from "./camera.js";
import { coarsePath, granuleBytes, hasBytes, layoutPath, pagesPath, poolOf } from "./questions.js";

/** Stretches of a fine one at most: the server gives 10,000. */
const fineBucketsMaximum = 8000;
/** So many blocks in sight are drawn each by itself. */
const blocksMaximum = 4000;
/** Width of a stretch on the screen, in CSS pixels. */
const stretchWidth = 5;
/** The fine picture reaches over what is seen by this share on both sides, so that a small move shows no edge. */
const margin = 0.25;
const mappingsMaximum = 200;
/** From a failure to the next question. */
const retryMilliseconds = 5000;
/** A view that has not moved for so long is one to look at: to read a fine picture takes more than a frame has. */
const restMilliseconds = 80;

export class Feed {
  #get;
  #changed;
  #seen;
  #id;
  #pool;
  #controllers = new Map();
  /** The last question of each part. */
  #asked = new Map();
  /** Until when a part that failed is not asked for again. */
  #waits = new Map();
  #timer = 0;
  #epoch;
  #now;
  #view;
  #restsAt = 0;
  #restTimer = 0;

  layout = undefined;
  /** `{from, to, buckets}` of the whole pool. */
  coarse = undefined;
  /** `{from, to, buckets?, blocks?}` of what is seen. */
  fine = undefined;
  /** `{from, to, runs}` of what is seen. */
  pages = undefined;
  /** Who maps the object, and which pages each has. */
  mappings = undefined;
  /** The last failure, until something succeeds. */
  error = undefined;

  /** `get(path, signal)` resolves to an answer; `changed()` hears when there is something new to draw, `seen(picture)` each coarse picture. */
  constructor(get, changed, seen, now = () => performance.now()) {
    this.#get = get;
    this.#changed = changed;
    this.#seen = seen;
    this.#now = now;
  }

  /** Another object, or the same. One that was made anew under its name has another epoch, and another layout. */
  open(id, epoch = 0) {
    if (this.#id === id && this.#epoch === epoch) return;
    this.close();
    this.#id = id;
    this.#epoch = epoch;
    if (id) this.#wantLayout();
  }

  #wantLayout() {
    if (this.layout || !hasBytes(this.#id)) return;
    this.#want("layout", "once", layoutPath(this.#id), (answer) => {
      this.layout = answer.regions;
      this.#pool = poolOf(answer);
      // A large heap's picture takes the server a while: it is asked for before anything else is known of the object.
      if (this.#pool) this.#wantCoarse("first");
    });
  }

  /** Forgets all, and waits for nothing any more. */
  close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#restTimer);
    this.#view = undefined;
    for (const controller of this.#controllers.values()) controller.abort();
    this.#controllers.clear();
    this.#asked.clear();
    this.#waits.clear();
    this.#id = undefined;
    this.#pool = undefined;
    this.layout = this.coarse = this.fine = this.pages = this.mappings = this.error = undefined;
  }

  get pool() {
    return this.#pool;
  }

  /** As the layout has it; 0 before it is known. */
  get sizeBytes() {
    const last = this.layout?.at(-1);
    return last ? last.offset + last.sizeBytes : 0;
  }

  /** Asks for what a view needs. `stamp` changes whenever the object did: what is there is then asked for again. */
  want(view, { heap, pages, touched, stamp }) {
    if (!this.#id) return;
    this.#wantLayout();
    if (heap && this.#pool) {
      this.#wantCoarse(stamp);
      this.#wantFine(view, stamp);
    }
    if (pages) this.#wantPages(view, stamp);
    if (touched) this.#wantMappings(stamp);
  }

  #wantCoarse(stamp) {
    const { from, to } = this.#pool;
    this.#want("coarse", `${stamp}`, coarsePath(this.#id, this.#pool), (answer) => {
      this.coarse = { from, to, buckets: answer.buckets };
      this.#seen?.(this.coarse);
    });
  }

  #wantFine(view, stamp) {
    if (!this.#isAtRest(view)) return;
    const seen = rangeOf(view);
    const from = Math.max(this.#pool.from, Math.floor((seen.from - spanOf(view) * margin) / granuleBytes) * granuleBytes);
    const to = Math.min(this.#pool.to, Math.ceil((seen.to + spanOf(view) * margin) / granuleBytes) * granuleBytes);
    if (!(to > from)) return;
    const columns = Math.max(1, Math.floor(view.width / stretchWidth));
    const count = Math.min(fineBucketsMaximum, Math.max(1, Math.round((to - from) / view.perRow * columns)), Math.floor((to - from) / granuleBytes));
    const isSame = this.fine && seen.from >= this.fine.from - 1 && seen.to <= this.fine.to + 1 || false;
    // A view that the last fine picture covers well enough needs no other one until something changes.
    const covers = isSame && this.fine.perRow / view.perRow < 1.5 && this.fine.perRow / view.perRow > 0.67;
    const place = covers ? this.fine.place : `${from}-${to}-${count}`;
    const range = covers ? { from: this.fine.from, to: this.fine.to, perRow: this.fine.perRow } : { from, to, perRow: view.perRow };
    const limits = `from=${range.from}&to=${range.to}`;
    if (this.#blocksIn(range) <= blocksMaximum) {
      this.#want("fine", `${place} ${stamp} blocks`, `segments/${this.#id}/blocks?${limits}&limit=10000`, (answer) => {
        if (answer.next) return;
        this.fine = { ...range, place, blocks: answer.blocks };
      });
      return;
    }
    this.#want("fine", `${place} ${stamp}`, `segments/${this.#id}/blocks?buckets=${covers ? this.fine.count ?? count : count}&${limits}`, (answer) => {
      this.fine = { ...range, place, count, buckets: answer.buckets };
    });
  }

  /** How many blocks a range has, as far as is known: many, where nothing is. */
  #blocksIn({ from, to }) {
    const known = this.fine && this.fine.from <= from && this.fine.to >= to ? this.fine : this.coarse;
    if (!known) return Infinity;
    if (known.blocks) return known.blocks.length;
    // A block counts where it begins: one more may reach in from before.
    let count = 1;
    for (const bucket of known.buckets) {
      if (bucket.offset + bucket.sizeBytes <= from || bucket.offset >= to) continue;
      const seen = Math.min(to, bucket.offset + bucket.sizeBytes) - Math.max(from, bucket.offset);
      count += bucket.blockCount * (seen / bucket.sizeBytes);
    }
    return count;
  }

  /** Whether nobody has moved the view for a moment: what passes by is shown by what is known. */
  #isAtRest(view) {
    const now = this.#now();
    if (view !== this.#view) {
      // The first view is at rest from the beginning.
      this.#restsAt = this.#view ? now + restMilliseconds : now;
      this.#view = view;
    }
    if (now >= this.#restsAt) return true;
    clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(this.#changed, this.#restsAt - now + 1);
    return false;
  }

  #wantPages(view, stamp) {
    const seen = rangeOf(view);
    const from = Math.floor(Math.max(0, seen.from - spanOf(view) * margin) / 4096) * 4096;
    this.#want("pages", `${from}-${seen.to} ${stamp}`, pagesPath(this.#id, from), (answer) => {
      const last = answer.runs.at(-1);
      this.pages = { from, to: last ? last.offset + last.length : from, runs: answer.runs, proof: answer };
    });
  }

  #wantMappings(stamp) {
    this.#want("mappings", `${stamp}`, `segments/${this.#id}/mappings?touched=true&limit=${mappingsMaximum}`, (answer) => {
      this.mappings = answer.mappings;
    });
  }

  /**
   * Asks unless that was asked for last. One question of a part is under way at a time: what is wanted meanwhile is wanted
   * again by the drawing that follows the answer. What failed is asked again a while later.
   */
  #want(part, question, path, take) {
    if (this.#asked.get(part) === question || this.#controllers.has(part)) return;
    if (this.#now() < (this.#waits.get(part) ?? 0)) return;
    this.#asked.set(part, question);
    this.#ask(part, path, take);
  }

  async #ask(part, path, take) {
    const controller = new AbortController();
    this.#controllers.set(part, controller);
    try {
      const answer = await this.#get(path, controller.signal);
      if (controller.signal.aborted) return;
      take(answer);
      this.error = undefined;
    } catch (error) {
      if (controller.signal.aborted) return;
      this.error = error;
      // No right, or no such thing: that stays as long as the question is the same.
      if (error.status !== 403 && error.status !== 404) this.#askLater(part);
    } finally {
      if (this.#controllers.get(part) === controller) this.#controllers.delete(part);
    }
    this.#changed();
  }

  #askLater(part) {
    this.#asked.delete(part);
    this.#waits.set(part, this.#now() + retryMilliseconds);
    // Nothing else need happen until then.
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#changed, retryMilliseconds + 1);
  }
}
