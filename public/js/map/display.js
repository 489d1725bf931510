// What there is to draw of an object in a view: coloured ranges in the order in which they cover each other. Pure.

import { visible } from "../format.js";
import { rangeOf } from "./camera.js";
import { classOfStretch, namesOf, stretchesOf, stretchWords, untouchedClass } from "./touched.js";
import { classify, classOfRegion, classOfRun, freeClass, orphanClass, tableClass } from "./colours.js";

/**
 * Makes the display list and what the legend says of it.
 *
 * `source` is `{mode, layout, coarse, fine, pages, hidden, now}`; `hidden` is the set of class keys that are filtered out.
 */
export function display(view, source) {
  const seen = rangeOf(view);
  const list = { items: [], labels: [], classes: new Map(), seen };
  if (source.mode === "pages") addRuns(list, source, seen);
  else if (source.mode === "touched") addTouched(list, source, seen);
  else {
    addRegions(list, source, seen);
    if (source.mode !== "region") {
      addSpans(list, source.coarse, source, seen, source.fine);
      addSpans(list, source.fine, source, seen);
    }
  }
  return list;
}

/** The legend counts what is in sight of a range; the drawing has the whole of it. */
function add(list, source, from, to, found, extra) {
  const entry = list.classes.get(found.key) ?? { ...found, bytes: 0 };
  entry.bytes += extra?.weight ?? within(from, to, list.seen);
  list.classes.set(found.key, entry);
  list.items.push({
    from, to, colour: found.colour, hatched: found.hatched, share: extra?.share, least: extra?.least, faint: source.hidden.has(found.key),
  });
}

function overlaps(from, to, seen) {
  return to > seen.from && from < seen.to;
}

/** How many bytes of [from, to) are in a range. */
function within(from, to, range) {
  return Math.max(0, Math.min(to, range.to) - Math.max(from, range.from));
}

function addRegions(list, source, seen) {
  for (const region of source.layout ?? []) {
    const to = region.offset + region.sizeBytes;
    if (!overlaps(region.offset, to, seen)) continue;
    const isPool = region.name === "pool";
    if (source.mode === "region") add(list, source, region.offset, to, classOfRegion(region.name));
    else if (!isPool) add(list, source, region.offset, to, tableClass);
    // The pool is the ground of all blocks: it bears its name where it begins, not wherever one looks in it.
    if (!isPool || region.offset >= seen.from) list.labels.push({ from: region.offset, to, text: visible(region.name) });
    // Fields have their names where they are large enough to bear one.
    for (const field of region.fields ?? []) {
      const end = field.offset + field.sizeBytes;
      if (overlaps(field.offset, end, seen)) list.labels.push({ from: field.offset, to: end, text: visible(field.name) });
    }
  }
}

function addRuns(list, source, seen) {
  for (const run of source.pages?.runs ?? []) {
    const to = run.offset + run.length;
    if (overlaps(run.offset, to, seen)) add(list, source, run.offset, to, classOfRun(run.state));
  }
}

const worked = new WeakMap();

/** The stretches of the mappings that were answered, worked out once. */
function touchedOf(mappings) {
  if (!mappings) return undefined;
  if (!worked.has(mappings)) worked.set(mappings, { stretches: stretchesOf(mappings), names: namesOf(mappings) });
  return worked.get(mappings);
}

function addTouched(list, source, seen) {
  const known = touchedOf(source.mappings);
  if (!known) return;
  const whole = { from: 0, to: source.sizeBytes ?? seen.to };
  add(list, source, whole.from, whole.to, untouchedClass, { weight: 0 });
  let untouched = within(whole.from, whole.to, seen);
  for (const stretch of known.stretches) {
    const to = stretch.offset + stretch.length;
    if (!overlaps(stretch.offset, to, seen)) continue;
    untouched -= within(stretch.offset, Math.min(to, whole.to), seen);
    add(list, source, stretch.offset, to, classOfStretch(stretch, known.names));
  }
  list.classes.get(untouchedClass.key).bytes = Math.max(0, untouched);
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
    if (isCovered(bucket, finer)) continue;
    addStretch(list, source, bucket, to, finer);
  }
}

function isCovered({ offset, sizeBytes }, finer) {
  return finer !== undefined && offset >= finer.from && offset + sizeBytes <= finer.to;
}

/** What is used in a stretch is taken to be spread evenly: a part of it in sight has that part of it. */
function addStretch(list, source, bucket, to, finer) {
  const { seen } = list;
  const twice = finer ? within(Math.max(bucket.offset, seen.from), Math.min(to, seen.to), finer) : 0;
  const part = (within(bucket.offset, to, seen) - twice) / bucket.sizeBytes;
  add(list, source, bucket.offset, to, freeClass, { weight: bucket.freeBytes * part });
  if (bucket.usedBytes === 0) return;
  const item = {
    state: bucket.mainOwner?.alive === false ? "orphaned" : "used", owner: bucket.mainOwner, tag: bucket.mainTag,
    allocatedAt: bucket.newestAt, sizeBytes: bucket.blockCount ? bucket.usedBytes / bucket.blockCount : bucket.usedBytes,
  };
  // In the colour of who has the most, and beside that what nobody has any more, however little it is.
  const orphaned = namesOwners.has(source.mode) && item.state === "used" ? bucket.orphanedBytes ?? 0 : 0;
  add(list, source, bucket.offset, to, classify(source.mode, item, source.now), {
    share: bucket.usedBytes / bucket.sizeBytes, weight: (bucket.usedBytes - orphaned) * part,
  });
  if (orphaned > 0) {
    add(list, source, bucket.offset, to, orphanClass, { share: orphaned / bucket.sizeBytes, least: orphanPixels, weight: orphaned * part });
  }
}

const namesOwners = new Set(["owner", "state"]);
const orphanPixels = 6;

function labelOf(block) {
  return block.tag ? `${visible(block.tag)} ${block.sizeBytes}` : String(block.sizeBytes);
}

/**
 * What a view shows, one after the other, as `{offset, sizeBytes}` and `block`, `bucket`, `run` or `region`: the same
 * things as the drawing has.
 */
export function thingsInSight(view, source) {
  const seen = rangeOf(view);
  const found = [];
  const put = (offset, sizeBytes, thing, from = offset, length = sizeBytes) => {
    if (overlaps(from, from + length, seen)) found.push({ offset, sizeBytes, ...thing });
  };
  if (source.mode === "pages") {
    for (const run of source.pages?.runs ?? []) put(run.offset, run.length, { run });
    return found;
  }
  if (source.mode === "touched") {
    for (const stretch of touchedOf(source.mappings)?.stretches ?? []) put(stretch.offset, stretch.length, { stretch: named(stretch, source) });
    return found;
  }
  const { coarse, fine } = source;
  const hasSpans = source.mode !== "region" && (coarse ?? fine) !== undefined;
  for (const region of source.layout ?? []) {
    if (!hasSpans || region.name !== "pool") put(region.offset, region.sizeBytes, { region });
  }
  if (!hasSpans) return found;
  for (const bucket of coarse?.buckets ?? []) if (!isCovered(bucket, fine)) put(bucket.offset, bucket.sizeBytes, { bucket });
  for (const bucket of fine?.buckets ?? []) put(bucket.offset, bucket.sizeBytes, { bucket });
  for (const block of fine?.blocks ?? []) put(block.offset, block.sizeBytes, { block }, block.spanOffset, block.spanBytes);
  return found.sort((a, b) => a.offset - b.offset);
}

/** A stretch with what it is, in one line. */
function named(stretch, source) {
  return { ...stretch, words: stretchWords(stretch, touchedOf(source.mappings).names) };
}

/** What stands at a byte, the finest that is known: `{block}`, `{bucket}`, `{run}`, `{region, field?}` or nothing. */
export function thingAt(byte, source) {
  const holds = (offset, length) => byte >= offset && byte < offset + length;
  if (source.mode === "pages") {
    const run = source.pages?.runs.find((entry) => holds(entry.offset, entry.length));
    if (run) return { run };
  }
  if (source.mode === "touched") {
    const stretch = touchedOf(source.mappings)?.stretches.find((entry) => holds(entry.offset, entry.length));
    if (stretch) return { stretch: named(stretch, source) };
  }
  const region = source.layout?.find((entry) => holds(entry.offset, entry.sizeBytes));
  if (region?.name === "pool") {
    for (const known of [source.fine, source.coarse]) {
      const block = known?.blocks?.find((entry) => holds(entry.spanOffset, entry.spanBytes));
      if (block) return { block, region };
      const bucket = known?.buckets?.find((entry) => holds(entry.offset, entry.sizeBytes));
      if (bucket) return { bucket, region };
    }
  }
  return region ? { region, field: region.fields?.find((entry) => holds(entry.offset, entry.sizeBytes)) } : {};
}

/** The bytes that are selected with a thing, or come close with it; undefined where a byte is all there is to say. */
export function rangeOfThing({ block, run, stretch, region, field, bucket }) {
  if (block) return { from: block.spanOffset, to: block.spanOffset + block.spanBytes };
  if (bucket) return { from: bucket.offset, to: bucket.offset + bucket.sizeBytes };
  if (run || stretch) return undefined;
  const place = field ?? (region && region.name !== "pool" ? region : undefined);
  return place && { from: place.offset, to: place.offset + place.sizeBytes };
}
