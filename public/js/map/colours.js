// What a block, a stretch or a page is called in each way of colouring, and in which colour. Pure.

import { bytes, duration, owner, plural, visible } from "../format.js";

/** Ways of colouring, in the order of the chooser; `needs` is what must be there for one to be offered. */
export const modes = [
  { name: "owner", label: "Owner", needs: "heap" },
  { name: "state", label: "Block state", needs: "heap" },
  { name: "tag", label: "Tag", needs: "heap" },
  { name: "age", label: "Age", needs: "heap" },
  { name: "size", label: "Size class", needs: "heap" },
  { name: "region", label: "Region", needs: "layout" },
  { name: "pages", label: "Page state", needs: "pages" },
  { name: "touched", label: "Who has it mapped in", needs: "pages" },
];

const hues = 8;

/** A small number for a text, the same for the same text. */
function hash(text) {
  let value = 2166136261;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 16777619);
  return value >>> 0;
}

/** Which colour stands for an owner: 0 for `external`, 1 to 8 for a slot. */
export function hueOfOwner(report) {
  return !report || report.slot === 0 ? 0 : (report.slot - 1) % hues + 1;
}

const ages = [
  { upTo: 1e3, label: "under 1 s" }, { upTo: 1e4, label: "1 s to 10 s" }, { upTo: 6e4, label: "10 s to 1 min" },
  { upTo: 6e5, label: "1 min to 10 min" }, { upTo: 36e5, label: "10 min to 1 h" }, { upTo: Infinity, label: "over 1 h" },
];
const sizes = [
  { upTo: 64, label: "up to 64 B" }, { upTo: 256, label: "up to 256 B" }, { upTo: 1024, label: "up to 1 KiB" },
  { upTo: 4096, label: "up to 4 KiB" }, { upTo: 65536, label: "up to 64 KiB" }, { upTo: 1048576, label: "up to 1 MiB" },
  { upTo: Infinity, label: "over 1 MiB" },
];

function classOf(table, value) {
  const index = table.findIndex((entry) => value <= entry.upTo);
  return index < 0 ? table.length - 1 : index;
}

/**
 * The class of a used block or of what fills a stretch: `{key, label, hue, hatched?}`. A hue is a number of the
 * palette's owners or ramp colours. `item` is a block of the API, or a bucket's `{owner, tag, allocatedAt, sizeBytes}`.
 */
export function classify(mode, item, now) {
  switch (mode) {
    case "state":
      return item.state === "orphaned"
        ? orphanClass
        : { key: "used", label: "used", colour: "owner-1" };
    case "tag": {
      const tag = item.tag ?? "";
      return tag === ""
        ? { key: "tag:", label: "no tag", colour: "owner-0" }
        : { key: `tag:${tag}`, label: visible(tag), colour: `owner-${hash(tag) % hues + 1}` };
    }
    case "age": {
      const age = now - Date.parse(item.allocatedAt ?? "");
      if (!Number.isFinite(age)) return { key: "age:?", label: "age unknown", colour: "owner-0" };
      const index = classOf(ages, age);
      return { key: `age:${index}`, label: ages[index].label, colour: `ramp-${index}` };
    }
    case "size": {
      const index = classOf(sizes, item.sizeBytes);
      return { key: `size:${index}`, label: sizes[index].label, colour: `ramp-${index}` };
    }
    default: {
      const isGone = item.owner?.alive === false;
      const key = item.owner ? `owner:${item.owner.slot}:${item.owner.generation}` : "owner:?";
      return {
        key, label: owner(item.owner) + (isGone ? ", gone" : ""), colour: isGone ? "orphan" : `owner-${hueOfOwner(item.owner)}`,
        hatched: isGone,
      };
    }
  }
}

/** What the dead left among the blocks of the living, seen from afar. */
export const orphanClass = { key: "orphaned", label: "orphaned", colour: "orphan", hatched: true };

export const freeClass = { key: "free", label: "free", colour: "free" };

/** The class of a run of pages. */
export function classOfRun(state) {
  return {
    resident: { key: "resident", label: "resident", colour: "owner-3" },
    swapped: { key: "swapped", label: "swapped out", colour: "owner-2", hatched: true },
    hole: { key: "hole", label: "hole: takes no memory", colour: "free" },
  }[state] ?? { key: "unknown", label: "unknown", colour: "owner-0" };
}

const regionHues = { header: 6, participants: 4, eventRing: 2, heapIndex: 7, blockTable: 8, pool: 1 };

/** The class of a region of the layout, for colouring by region. */
export function classOfRegion(name) {
  return { key: `region:${name}`, label: visible(name), colour: `owner-${regionHues[name] ?? hash(name) % hues + 1}` };
}

/** What stands around the pool, while the blocks in it are what one looks at. */
export const tableClass = { key: "tables", label: "header and tables", colour: "table" };

/** What a block is, in one line. */
export function sentence(block, now) {
  if (block.state === "free") return `free, ${bytes(block.sizeBytes)}`;
  const age = now - Date.parse(block.allocatedAt ?? "");
  return [
    `${block.state}, ${bytes(block.sizeBytes)}`, block.owner && owner(block.owner), block.tag && `“${visible(block.tag)}”`,
    Number.isFinite(age) && `allocated ${duration(age)} ago`,
  ].filter(Boolean).join(" · ");
}

/** What a stretch of the pool is, in one line. */
export function stretchSentence(bucket) {
  const share = bucket.sizeBytes > 0 ? Math.round(bucket.usedBytes / bucket.sizeBytes * 100) : 0;
  return [
    `${bytes(bucket.sizeBytes)}, ${share} % used`, plural(bucket.blockCount, "block"),
    bucket.mainOwner && `mostly ${owner(bucket.mainOwner)}`,
    bucket.orphanedBytes > 0 && `${bytes(bucket.orphanedBytes)} orphaned`, `largest free ${bytes(bucket.largestFreeBytes)}`,
  ].filter(Boolean).join(" · ");
}
