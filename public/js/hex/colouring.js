// What each byte belongs to: regions, fields of the header, blocks. Pure.
//
// A range is `{from, to, hue, kind, label}`: hue 0 to 8, kind used, free, orphaned, guard, field or region.

const granuleBytes = 64;
const hues = 8;
const regionNames = {
  header: "header", participants: "participants", eventRing: "event ring", heapIndex: "heap index", blockTable: "block table", pool: "pool",
};

/** Ranges that can be asked for what lies in a window. They may nest; the later of two that overlap is on top. */
export class Ranges {
  #sorted;
  /** The furthest end up to each index: it only grows, so that it can be searched by halves. */
  #reach;

  constructor(ranges = []) {
    this.#sorted = ranges.filter((range) => range.to > range.from)
      .map((range, order) => ({ range, order }))
      .sort((a, b) => a.range.from - b.range.from || a.order - b.order)
      .map(({ range }) => range);
    let furthest = 0;
    this.#reach = this.#sorted.map((range) => (furthest = Math.max(furthest, range.to)));
  }

  get count() {
    return this.#sorted.length;
  }

  /** The ranges that touch [from, to), in order of their beginning. */
  within(from, to) {
    const found = [];
    for (let index = firstAbove(this.#reach, from); index < this.#sorted.length; index += 1) {
      const range = this.#sorted[index];
      if (range.from >= to) break;
      if (range.to > from) found.push(range);
    }
    return found;
  }
}

/** The first index whose value is above `limit`, in values that only grow. */
function firstAbove(values, limit) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** For each byte of [from, to) the topmost range of the layers, the last layer on top; undefined where there is none. */
export function colour(layers, from, to) {
  const bytes = new Array(Math.max(0, to - from)).fill(undefined);
  for (const layer of layers) {
    for (const range of layer.within(from, to)) {
      bytes.fill(range, Math.max(0, range.from - from), Math.min(bytes.length, range.to - from));
    }
  }
  return bytes;
}

/** Regions, and fields above them, of an answer of `layout`. Neighbours differ in hue. */
export function layoutRanges(layout) {
  const regions = [];
  const fields = [];
  for (const [index, region] of (layout?.regions ?? []).entries()) {
    const name = regionNames[region.name] ?? String(region.name);
    regions.push({ from: region.offset, to: region.offset + region.sizeBytes, hue: (index % hues) + 1, kind: "region", label: name });
    for (const [place, field] of (region.fields ?? []).entries()) {
      fields.push({
        from: field.offset, to: field.offset + field.sizeBytes, hue: (place % hues) + 1, kind: "field",
        label: String(field.name), note: fieldNote(field),
      });
    }
  }
  return { regions, fields };
}

function fieldNote({ type, value }) {
  const text = value === null || value === undefined || typeof value === "object" ? "" : String(value);
  return text === "" || text.length > 48 ? String(type) : `${type} ${text}`;
}

/** The region of a name as `{from, to}`. */
export function regionOf(layout, name) {
  const region = (layout?.regions ?? []).find((candidate) => candidate.name === name);
  return region && { from: region.offset, to: region.offset + region.sizeBytes };
}

/** The window of the pool to ask blocks of, on whole granules, and how many buckets of one granule it has. */
export function bucketWindow(pool, from, to, bucketsMaximum) {
  const first = Math.max(pool.from, pool.from + Math.floor((from - pool.from) / granuleBytes) * granuleBytes);
  const end = Math.min(pool.to, pool.from + Math.ceil((to - pool.from) / granuleBytes) * granuleBytes);
  const buckets = Math.min(bucketsMaximum, Math.floor((end - first) / granuleBytes));
  return buckets > 0 ? { from: first, to: first + buckets * granuleBytes, buckets } : undefined;
}

/**
 * Buckets of one granule each → blocks: a block begins where `blockCount` says so, and reaches to the next one or to
 * what is free. `describe(owner)` names an owner, `hueOf(owner)` colours it.
 */
export function bucketRanges(buckets, describe, hueOf) {
  const ranges = [];
  let open;
  for (const bucket of buckets) {
    const to = bucket.offset + bucket.sizeBytes;
    const isUsed = bucket.usedBytes > 0;
    const continues = open && open.to === bucket.offset && bucket.blockCount === 0 && (open.kind !== "free") === isUsed;
    if (continues) {
      open.to = to;
      continue;
    }
    const owner = bucket.mainOwner;
    const kind = !isUsed ? "free" : owner?.alive === false ? "orphaned" : "used";
    open = {
      from: bucket.offset, to, kind, hue: isUsed ? hueOf(owner) : 0,
      label: isUsed ? `block of ${describe(owner)}` : "free",
      // Of a block that begins before the window only its middle is known.
      isOpen: isUsed && bucket.blockCount === 0,
    };
    ranges.push(open);
  }
  return ranges;
}

/** What a range is, in words, for a title and the line below the grid. */
export function sentence(range) {
  if (!range) return "";
  const state = { orphaned: "orphaned ", guard: "guard of ", field: "", region: "", free: "", used: "" }[range.kind] ?? "";
  return `${state}${range.label}${range.note ? `: ${range.note}` : ""}`;
}
