// What there is to draw of an object in a view: coloured ranges in the order in which they cover each other. Pure.

import { rangeOf } from "./camera.js";
import { classify, classOfRegion, classOfRun, freeClass, tableClass } from "./colours.js";

/**
 * Makes the display list and what the legend says of it.
 *
 * `source` is `{mode, layout, coarse, fine, pages, hidden, now}`; `hidden` is the set of class keys that are filtered out.
 */
export function display(view, source) {
  const list = { items: [], labels: [], classes: new Map() };
  const seen = rangeOf(view);
  if (source.mode === "pages") addRuns(list, source, seen);
  else {
    addRegions(list, source, seen);
    if (source.mode !== "region") {
      addSpans(list, source.coarse, source, seen, source.fine);
      addSpans(list, source.fine, source, seen);
    }
  }
  return list;
}

function add(list, source, from, to, found, extra) {
  const entry = list.classes.get(found.key) ?? { ...found, bytes: 0, count: 0 };
  entry.bytes += extra?.weight ?? to - from;
  entry.count += extra?.count ?? 1;
  list.classes.set(found.key, entry);
  list.items.push({
    from, to, colour: found.colour, hatched: found.hatched, share: extra?.share, faint: source.hidden.has(found.key),
  });
}

function overlaps(from, to, seen) {
  return to > seen.from && from < seen.to;
}

function addRegions(list, source, seen) {
  for (const region of source.layout ?? []) {
    const to = region.offset + region.sizeBytes;
    if (!overlaps(region.offset, to, seen)) continue;
    const isPool = region.name === "pool";
    if (source.mode === "region") add(list, source, region.offset, to, classOfRegion(region.name));
    else if (!isPool) add(list, source, region.offset, to, tableClass);
    if (!isPool) list.labels.push({ from: region.offset, to, text: region.name });
    // Fields have their names where they are large enough to bear one.
    for (const field of region.fields ?? []) {
      const end = field.offset + field.sizeBytes;
      if (overlaps(field.offset, end, seen)) list.labels.push({ from: field.offset, to: end, text: field.name });
    }
  }
}

function addRuns(list, source, seen) {
  for (const run of source.pages?.runs ?? []) {
    const to = run.offset + run.length;
    if (overlaps(run.offset, to, seen)) add(list, source, run.offset, to, classOfRun(run.state));
  }
}

/** Blocks each by itself, or stretches with as much colour as they are used. */
function addSpans(list, known, source, seen, finer) {
  if (!known) return;
  for (const block of known.blocks ?? []) {
    const to = block.spanOffset + block.spanBytes;
    if (!overlaps(block.spanOffset, to, seen)) continue;
    add(list, source, block.spanOffset, to, block.state === "free" ? freeClass : classify(source.mode, block, source.now));
    if (block.state !== "free") list.labels.push({ from: block.spanOffset, to, text: labelOf(block) });
  }
  for (const bucket of known.buckets ?? []) {
    const to = bucket.offset + bucket.sizeBytes;
    if (!overlaps(bucket.offset, to, seen)) continue;
    // Where the fine picture reaches, it is the one to be seen.
    if (finer && bucket.offset >= finer.from && to <= finer.to) continue;
    addStretch(list, source, bucket, to);
  }
}

function addStretch(list, source, bucket, to) {
  add(list, source, bucket.offset, to, freeClass, { weight: bucket.freeBytes, count: 0 });
  if (bucket.usedBytes === 0) return;
  const item = {
    state: bucket.mainOwner?.alive === false ? "orphaned" : "used", owner: bucket.mainOwner, tag: bucket.mainTag,
    allocatedAt: bucket.newestAt, sizeBytes: bucket.blockCount ? bucket.usedBytes / bucket.blockCount : bucket.usedBytes,
  };
  add(list, source, bucket.offset, to, classify(source.mode, item, source.now), {
    share: bucket.usedBytes / bucket.sizeBytes, weight: bucket.usedBytes, count: bucket.blockCount,
  });
}

function labelOf(block) {
  return block.tag ? `${block.tag} ${block.sizeBytes}` : String(block.sizeBytes);
}

/** What stands at a byte, the finest that is known: `{block}`, `{bucket}`, `{run}`, `{region, field?}` or nothing. */
export function thingAt(byte, source) {
  const within = (offset, length) => byte >= offset && byte < offset + length;
  if (source.mode === "pages") {
    const run = source.pages?.runs.find((entry) => within(entry.offset, entry.length));
    if (run) return { run };
  }
  const region = source.layout?.find((entry) => within(entry.offset, entry.sizeBytes));
  if (region?.name === "pool") {
    for (const known of [source.fine, source.coarse]) {
      const block = known?.blocks?.find((entry) => within(entry.spanOffset, entry.spanBytes));
      if (block) return { block, region };
      const bucket = known?.buckets?.find((entry) => within(entry.offset, entry.sizeBytes));
      if (bucket) return { bucket, region };
    }
  }
  return region ? { region, field: region.fields?.find((entry) => within(entry.offset, entry.sizeBytes)) } : {};
}
