// What the page has seen over the last minutes: figures for charts, and moments to go back to. Pure.

/** How far back one can go. */
export const keptMilliseconds = 15 * 60 * 1000;
/** From one moment that is kept to the next. */
const momentMilliseconds = 1000;
const seriesMilliseconds = 500;

/** The figures that are followed, and where they stand in a segment's answer. */
const figures = {
  used: (segment) => segment.heap?.usedBytes,
  free: (segment) => segment.heap?.freeBytes,
  largestFree: (segment) => segment.heap?.largestFreeBytes,
  fragmentation: (segment) => segment.heap?.fragmentation,
  usedBlocks: (segment) => segment.heap?.usedBlockCount,
  freeBlocks: (segment) => segment.heap?.freeBlockCount,
  highWater: (segment) => segment.heap?.highWaterBytes,
  counter: (segment) => segment.header?.counter,
  acquisitions: (segment) => segment.lock?.statistics?.acquisitions,
  contended: (segment) => segment.lock?.statistics?.contended,
  resident: (segment) => segment.residentBytes,
};

/** What is followed of each of many, `[[key, value]]`: the blocks of each size, the bytes of each owner and each tag. */
const spreads = {
  sizes: (heap) => heap.sizeHistogram.map(({ upToBytes, count }) => [String(upToBytes), count]),
  owners: (heap) => heap.byOwner.map(({ owner, sizeBytes }) => [`${owner.slot}:${owner.generation}`, sizeBytes]),
  tags: (heap) => heap.byTag.map(({ tag, sizeBytes }) => [tag ?? "", sizeBytes]),
};
const spreadMilliseconds = 2000;
/** So many of each are followed at most; who comes when there are as many has no line. */
const followedMost = 64;

export class History {
  #series = new Map();
  /** Name of a spread → key → series. */
  #spreads = new Map(Object.keys(spreads).map((name) => [name, new Map()]));
  #spreadAt = -Infinity;
  #moments = [];

  /** Forgets everything: another segment. */
  clear() {
    this.#series.clear();
    for (const known of this.#spreads.values()) known.clear();
    this.#spreadAt = -Infinity;
    this.#moments = [];
  }

  /** Notes what there is now. `parts` is a map of part → data; its values are kept as they are, not copied. */
  note(at, parts) {
    this.#dropAfter(at);
    const segment = parts.get("segment");
    if (segment) this.#noteFigures(at, segment);
    if (segment?.heap) this.#noteSpreads(at, segment.heap);
    const last = this.#moments.at(-1);
    // It is dated by what it shows, not by when it began: a look back must not see what came after.
    if (last && at - last.begin < momentMilliseconds) Object.assign(last, { at, parts: new Map(parts) });
    else this.#moments.push({ begin: at, at, parts: new Map(parts) });
    while (this.#moments.length > 0 && this.#moments[0].at < at - keptMilliseconds) this.#moments.shift();
  }

  /** Where the host's clock was set back, what seems to come later is let go: times ascend. */
  #dropAfter(at) {
    const followed = [...this.#spreads.values()].flatMap((known) => [...known.values()]);
    for (const list of [this.#moments, ...this.#series.values(), ...followed]) while (list.length > 0 && list.at(-1).at > at) list.pop();
  }

  #noteFigures(at, segment) {
    for (const [name, read] of Object.entries(figures)) {
      const value = read(segment);
      if (!Number.isFinite(value)) continue;
      const series = this.#series.get(name) ?? [];
      this.#series.set(name, series);
      const last = series.at(-1);
      if (last && at - last.at < seriesMilliseconds) last.value = value;
      else series.push({ at, value });
      while (series[0].at < at - keptMilliseconds) series.shift();
    }
  }

  #noteSpreads(at, heap) {
    // A clock that was set back begins a step anew.
    if (at >= this.#spreadAt && at - this.#spreadAt < spreadMilliseconds) return;
    const before = this.#spreadAt;
    this.#spreadAt = at;
    for (const [name, read] of Object.entries(spreads)) {
      const known = this.#spreads.get(name);
      const values = new Map(read(heap));
      for (const key of values.keys()) {
        // What is new had nothing before.
        if (!known.has(key) && known.size < followedMost) known.set(key, before > 0 && before < at ? [{ at: before, value: 0 }] : []);
      }
      for (const [key, series] of known) {
        series.push({ at, value: values.get(key) ?? 0 });
        while (series[0].at < at - keptMilliseconds) series.shift();
        if (!values.has(key) && series.every(({ value }) => value === 0)) known.delete(key);
      }
    }
  }

  series(name) {
    return this.#series.get(name) ?? [];
  }

  /** The series of one of many: `owners`, `tags` or `sizes`, by its key; undefined where it is not followed. */
  spread(name, key) {
    return this.#spreads.get(name).get(key);
  }

  /** When the first and the last moment were; undefined while there are none. */
  get range() {
    const [first, last] = [this.#moments[0], this.#moments.at(-1)];
    return first && { from: first.at, to: last.at };
  }

  /**
   * The last moment `{at, parts}` that is not later than a time; the first one where all are. `at` is when its parts were so.
   */
  momentAt(at) {
    let low = 0;
    let high = this.#moments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#moments[middle].at <= at) low = middle + 1;
      else high = middle;
    }
    return this.#moments[Math.max(0, low - 1)];
  }
}
