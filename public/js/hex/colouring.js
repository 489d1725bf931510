// What each byte belongs to: regions, their entries, fields of the header, blocks. Pure.
//
// A range is `{from, to, kind, colour, …}`: kind region, entry, field, used, free, orphaned or guard; colour is a name of the
// map's palette, so that a block has the same colour in the map and here.

import { bytes, hex, visible } from "../format.js";
import { classify, classOfRegion, sentence as blockSentence } from "../map/colours.js";

const hues = 8;
const regionNames = { eventRing: "event ring", heapIndex: "heap index", blockTable: "block table" };
/** Regions that say nothing by themselves: of the pool the blocks speak, and a whole object has no parts. */
const plainRegions = new Set(["pool", "object"]);
/** Tables of equal entries, and the header's fields that tell of them. */
const tables = [
  { name: "participant slot", offset: "participants_offset", count: "participant_count", size: "participant_bytes" },
  { name: "event entry", offset: "events_offset", count: "event_count", size: "event_bytes" },
  { name: "block entry", offset: "blocks_offset", count: "block_capacity", size: "block_bytes" },
];
/** Ways of colouring that tell blocks apart; in the others a block has its owner's colour. */
const blockModes = new Set(["owner", "state", "tag", "age", "size"]);

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

/** Entries of equal size, one behind the other: made as they are asked for, since there may be millions. */
export class Entries {
  #table;

  constructor({ name, from, size, count }) {
    this.#table = { name, from, size, to: from + size * count };
  }

  within(from, to) {
    const { name, size, ...table } = this.#table;
    const found = [];
    const begin = Math.max(from, table.from);
    for (let index = Math.floor((begin - table.from) / size); table.from + index * size < Math.min(to, table.to); index += 1) {
      const start = table.from + index * size;
      found.push({ from: start, to: start + size, kind: "entry", colour: `owner-${index % hues + 1}`, label: `${name} ${index}` });
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
  const found = new Array(Math.max(0, to - from)).fill(undefined);
  for (const layer of layers) {
    for (const range of layer.within(from, to)) {
      found.fill(range, Math.max(0, range.from - from), Math.min(found.length, range.to - from));
    }
  }
  return found;
}

/** The layers of an answer of `layout`, the lowest first: regions, entries of tables, fields. Neighbours differ in hue. */
export function layoutLayers(layout) {
  const regions = [];
  const fields = [];
  const values = new Map();
  for (const region of layout?.regions ?? []) {
    if (!plainRegions.has(region.name)) {
      regions.push({
        from: region.offset, to: region.offset + region.sizeBytes, kind: "region", colour: classOfRegion(region.name).colour,
        label: regionNames[region.name] ?? visible(region.name),
      });
    }
    for (const [place, field] of (region.fields ?? []).entries()) {
      values.set(field.name, field.value);
      fields.push({
        from: field.offset, to: field.offset + field.sizeBytes, kind: "field", colour: `owner-${place % hues + 1}`,
        label: `${visible(region.name)} · ${visible(field.name)}`, note: visible(field.type),
      });
    }
  }
  const entries = tables.map(({ name, ...keys }) => {
    const [from, count, size] = [keys.offset, keys.count, keys.size].map((key) => values.get(key));
    return [from, count, size].every((value) => Number.isSafeInteger(value)) && size > 0 ? new Entries({ name, from, size, count }) : undefined;
  });
  return [new Ranges(regions), ...entries.filter(Boolean), new Ranges(fields)];
}

/** The pool as `{from, to}`; undefined of an object without one. */
export function poolOf(layout) {
  const region = layout?.regions?.find(({ name }) => name === "pool");
  return region && { from: region.offset, to: region.offset + region.sizeBytes };
}

/** Blocks as ranges in the colours of a mode of the map, with the guards around each. */
export function blockRanges(blocks, mode, now) {
  const used = blockModes.has(mode) ? mode : "owner";
  const ranges = [];
  for (const block of blocks) {
    const [from, to] = [block.offset, block.offset + block.sizeBytes];
    const span = { from: block.spanOffset ?? from, to: (block.spanOffset ?? from) + (block.spanBytes ?? block.sizeBytes) };
    if (block.state === "free") {
      ranges.push({ from, to, kind: "free", colour: "free", block, whole: span });
      continue;
    }
    const kind = block.state === "orphaned" ? "orphaned" : "used";
    ranges.push({ from: span.from, to: from, kind: "guard", colour: "table", block, whole: span });
    ranges.push({ from, to, kind, colour: classify(used, block, now).colour, block, whole: span });
    ranges.push({ from: to, to: span.to, kind: "guard", colour: "table", block, whole: span });
  }
  return ranges;
}

/** Where pages take no memory, as ranges. */
export function holeRanges(runs) {
  return runs.filter(({ state }) => state === "hole").map(({ offset, length }) => ({ from: offset, to: offset + length, kind: "hole" }));
}

/** What a byte belongs to, in words; empty where nothing is known. */
export function sentence(range, offset, now) {
  if (!range) return "";
  const into = offset > range.from ? `, ${hex(offset - range.from)} into it` : "";
  if (range.kind === "guard") {
    const side = offset < range.block.offset ? "before" : "behind";
    return `guard and rounding ${side} a block of ${bytes(range.block.sizeBytes)} at ${hex(range.block.offset)}`;
  }
  if (range.block) return `${blockSentence(range.block, now)}${into}`;
  return `${range.label}${range.note ? ` (${range.note})` : ""}${into}`;
}
