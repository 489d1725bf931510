// The memory map: a canvas to look at, zoom and pan, a legend that filters, and the same as a table.

import { bytes, count, exactBytes, hex, percent, visible } from "../format.js";
import { make, reconcile, rows, setText, show } from "../dom.js";
import * as cameras from "../map/camera.js";
import { modes, sentence, stretchSentence } from "../map/colours.js";
import { display, thingAt } from "../map/display.js";
import { Feed } from "../map/feed.js";
import { packed, unpacked } from "../map/past.js";
import { heapStamp } from "../map/stamp.js";
import { paint, palette, prepare, watchScreen } from "../map/paint.js";
import { connectHands } from "./map/hands.js";
import { build } from "./map/parts.js";

const heightMinimum = 252;
const tableRowsMaximum = 200;
const sayAfterMilliseconds = 400;
const legendMaximum = 14;
const stepFactor = 1.6;
/** The newest frame times, for whoever measures. */
const frameTimesKept = 600;

const map = {
  host: undefined, actions: undefined, canvas: undefined, parts: {}, feed: undefined, colours: undefined, view: undefined,
  width: 0, height: 0, list: undefined, hover: undefined, frame: 0, stamp: "", mode: undefined, bytes: undefined, sayTimer: 0,
  frameTimes: [], questions: 0, epoch: undefined, isOwnMove: false, heap: false, sizeBytes: 0,
};

/** What the map draws, for tests and for whoever measures: the drawing's own model. */
export function model() {
  return { view: map.view, list: map.list, mode: map.mode, frameTimes: map.frameTimes, fine: map.feed?.fine, coarse: map.feed?.coarse, pages: map.feed?.pages };
}

export function connect(host, actions, store) {
  map.host = host;
  map.actions = actions;
  map.feed = new Feed(actions.api.get, invalidate, (picture) => store.received("map", packed(picture), performance.now()));
  map.parts = build(host, {
    mode: (name) => actions.change({ colour: name, hide: undefined }), zoom, all: fitAll, selection: fitSelection, table: renderTable,
  });
  map.canvas = map.parts.canvas;
  new ResizeObserver(([entry]) => {
    // Hidden, it has no size, and what is seen has none either.
    if (entry.contentRect.width === 0) return;
    map.width = Math.floor(entry.contentRect.width);
    map.height = Math.max(heightMinimum, Math.floor(entry.contentRect.height / cameras.rowHeight) * cameras.rowHeight);
    if (map.view) map.view = cameras.resized(map.view, map.width, map.height);
    invalidate();
  }).observe(map.parts.frame);
  watchScreen(() => {
    map.colours = undefined;
    invalidate();
  });
  connectHands(map.canvas, {
    view: () => map.view, width: () => map.width, height: () => map.height, move, look, leave: () => hover(undefined),
    choose: (point) => choose(byteAt(point)), closer, zoom, all: fitAll, selection: fitSelection, step: stepBlock,
    drop: () => actions.select({ at: undefined, to: undefined, source: "map" }),
  });
}

// What is shown

export function arrive(route) {
  map.feed.open(route.segment);
  if (!map.isOwnMove && map.view && route.from !== undefined && route.span !== undefined) {
    map.view = cameras.placed(map.view, Number(route.from), Number(route.span));
  }
  invalidate();
}

/** Nothing of this object is shown for another one, nor asked for any more. */
export function leave() {
  map.feed.close();
  Object.assign(map, {
    view: undefined, list: undefined, bytes: undefined, hover: undefined, selection: undefined, past: undefined, pastPicture: undefined,
    sizeBytes: 0, heap: false, epoch: undefined,
  });
}

export function render(store) {
  const segment = store.data("segment");
  const { route } = store;
  // Made anew under its name, it is another one.
  if (map.epoch !== undefined && map.epoch !== store.epoch) {
    map.feed.close();
    map.feed.open(route.segment);
    map.bytes = undefined;
  }
  map.epoch = store.epoch;
  map.sizeBytes = segment?.sizeBytes ?? 0;
  map.heap = Boolean(segment?.heap);
  map.isPast = store.isPast;
  lookBack(store.isPast ? store.data("map") : undefined);
  const offered = modes.filter(({ needs }) => needs === "pages" || (needs === "heap" ? map.heap : segment?.managed));
  map.mode = offered.find(({ name }) => name === route.colour)?.name ?? (map.heap ? "owner" : "pages");
  renderModes(offered);
  map.hidden = new Set((route.hide ?? "").split(",").filter(Boolean).map(decoded));
  map.selection = route.at === undefined ? undefined : {
    from: Number(route.at), to: Math.max(Number(route.at) + 1, Number(route.to ?? 0)),
  };
  // The newest event says whether the heap moved; of anybody else's object nothing does.
  map.stamp = segment?.heap ? heapStamp(store) : `${store.epoch}:${Math.floor(Date.now() / 2000)}`;
  const isEmpty = segment && map.sizeBytes === 0;
  setText(map.parts.empty, isEmpty ? "The object is empty: there is nothing to map." : segment ? "" : "Waiting for the object…");
  map.parts.empty.hidden = Boolean(segment) && !isEmpty;
  if (!map.view && map.sizeBytes > 0 && map.width > 0) begin(route);
  else if (map.view && map.view.sizeBytes !== map.sizeBytes && map.sizeBytes > 0) map.view = cameras.clamped({ ...map.view, sizeBytes: map.sizeBytes });
  invalidate();
}

/** A key out of the address, which anybody may have written. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Unpacks the picture of a moment once, however often it is drawn. */
function lookBack(picture) {
  if (map.pastPicture === picture) return;
  map.pastPicture = picture;
  map.past = picture && unpacked(picture);
}

function begin(route) {
  map.view = cameras.camera(map.sizeBytes, map.width, map.height);
  if (route.from !== undefined && route.span !== undefined) {
    map.view = cameras.placed(map.view, Number(route.from), Number(route.span));
  } else if (map.selection) {
    map.view = cameras.revealing(map.view, map.selection.from, map.selection.to);
  }
}

function renderModes(offered) {
  reconcile(map.parts.mode, offered, ({ name }) => name, ({ name, label }) => {
    const option = document.createElement("option");
    option.value = name;
    option.textContent = label;
    return option;
  }, () => {});
  if (map.parts.mode.value !== map.mode) map.parts.mode.value = map.mode;
}

function source() {
  const { isPast } = map;
  return {
    mode: map.mode, layout: map.feed.layout, coarse: isPast ? map.past : map.feed.coarse, fine: isPast ? undefined : map.feed.fine,
    pages: isPast ? undefined : map.feed.pages, hidden: map.hidden ?? new Set(), now: Date.now(),
  };
}

/** Something is to be drawn anew: once, in the next frame. */
function invalidate() {
  map.frame ||= requestAnimationFrame(draw);
}

function draw(time) {
  map.frame = 0;
  if (!map.view || map.width === 0 || map.host.hidden) return;
  const begun = performance.now();
  map.colours ??= palette(map.canvas);
  if (map.view.width !== map.width) map.view = cameras.resized(map.view, map.width, map.height);
  if (!map.isPast) map.feed.want(map.view, { heap: map.heap, pages: map.mode === "pages", stamp: map.stamp });
  const known = source();
  map.list = display(map.view, known);
  map.list.marks = map.selection ? [map.selection] : [];
  if (map.hover?.range) map.list.marks.unshift({ ...map.hover.range, isDashed: true });
  map.list.bytes = bytesInSight();
  const height = map.view.rows * cameras.rowHeight;
  for (const [key, value] of [["width", `${map.width}px`], ["height", `${height}px`]]) {
    if (map.canvas.style[key] !== value) map.canvas.style[key] = value;
  }
  paint(prepare(map.canvas, map.width, height), map.view, height, map.list, map.colours);
  map.frameTimes.push({ at: time, took: performance.now() - begun });
  if (map.frameTimes.length > frameTimesKept) map.frameTimes.shift();
  renderAround();
}

/** The words around the picture. */
function renderAround() {
  const { from, to } = cameras.rangeOf(map.view);
  show(map.parts.where, {
    className: "map-where", text: `${hex(from)} – ${hex(to)}`, note: `${bytes(to - from)} in sight, ${bytes(Math.round(map.view.perRow))} a row`,
    title: `${count(from)} to ${count(to)}`,
  });
  const label = `Memory map of ${bytes(map.sizeBytes)}: ${bytes(to - from)} from ${hex(from)} in sight, `
    + [...map.list.classes.values()].sort((a, b) => b.bytes - a.bytes).slice(0, 4).map((entry) => `${entry.label} ${percent(entry.bytes / (to - from))}`).join(", ");
  if (map.canvas.getAttribute("aria-label") !== label) map.canvas.setAttribute("aria-label", label);
  setText(map.parts.status, statusText());
  renderLegend();
  renderTable();
}

function statusText() {
  if (map.isPast && (!map.past || map.mode === "pages")) {
    return map.mode === "pages" ? "Which pages were there then was not kept." : "The heap was not seen at that moment.";
  }
  if (map.feed.error) return map.feed.error.message;
  // Named anew each time: ages run, and under a pointer at rest things change.
  if (map.hover) return `${hex(map.hover.byte)}  ${describe(thingAt(map.hover.byte, source()))}`;
  if (map.selection) return `Selected ${hex(map.selection.from)} – ${hex(map.selection.to)}, ${bytes(map.selection.to - map.selection.from)}`;
  return "Wheel or + and − zoom, drag or arrows move, click selects, double click comes close.";
}

function renderLegend() {
  // What is put away stays listed, however small: it could not be brought back else.
  const entries = [...map.list.classes.values()].sort((a, b) => b.bytes - a.bytes)
    .filter((entry, index) => index < legendMaximum || map.hidden?.has(entry.key));
  reconcile(map.parts.legend, entries, (entry) => entry.key, (entry) => {
    const item = make("li");
    const button = make("button");
    button.type = "button";
    button.addEventListener("click", () => toggle(entry.key));
    item.append(button);
    return item;
  }, (item, entry) => {
    const button = item.firstElementChild;
    show(button, { swatch: entry.colour, hatched: entry.hatched, text: entry.label, note: bytes(entry.bytes), title: exactBytes(Math.round(entry.bytes)) });
    button.setAttribute("aria-pressed", String(!map.hidden?.has(entry.key)));
  });
}

function toggle(key) {
  const hidden = new Set(map.hidden);
  if (!hidden.delete(key)) hidden.add(key);
  map.actions.change({ hide: [...hidden].map(encodeURIComponent).join(",") || undefined });
}

/** Hundreds of rows: only while someone looks at them. */
function renderTable() {
  if (!map.parts.details.open || !map.list) return;
  const known = source();
  const seen = cameras.rangeOf(map.view);
  const spans = known.fine?.blocks ?? known.fine?.buckets ?? known.coarse?.buckets ?? known.pages?.runs ?? [];
  const inSight = spans.filter((entry) => {
    const from = entry.spanOffset ?? entry.offset;
    return from < seen.to && from + (entry.spanBytes ?? entry.sizeBytes ?? entry.length) > seen.from;
  }).slice(0, tableRowsMaximum);
  rows(map.parts.rows, inSight, (entry) => entry.offset, (entry) => [
    { className: "offset", text: hex(entry.offset), title: count(entry.offset) },
    { className: "number", text: bytes(entry.sizeBytes ?? entry.length), title: exactBytes(entry.sizeBytes ?? entry.length) },
    { text: entry.blockCount !== undefined ? stretchSentence(entry) : entry.length !== undefined ? entry.state : sentence(entry, Date.now()) },
  ]);
}

// Bytes, where one can read them

function bytesInSight() {
  if (map.isPast || map.view.width / map.view.perRow < 17) return undefined;
  const { from, to } = cameras.rangeOf(map.view);
  const id = map.actions.route().segment;
  const question = `${id} ${from} ${to} ${map.stamp}`;
  if (map.bytes?.question !== question && !map.bytes?.isAsked) {
    const before = map.bytes?.data ? { from: map.bytes.from, data: map.bytes.data } : {};
    map.bytes = { question, isAsked: true, ...before };
    map.actions.api.bytes(id, from, to - from, new AbortController().signal)
      .then((data) => { map.bytes = { question, from, data }; }, () => { map.bytes = { question }; })
      .finally(invalidate);
  }
  return map.bytes?.data ? map.bytes : undefined;
}

// Hands

function move(view) {
  map.view = view;
  map.isOwnMove = true;
  const span = cameras.spanOf(view);
  const isWhole = view.start === 0 && span >= view.sizeBytes;
  map.actions.change(isWhole ? { from: undefined, span: undefined } : { from: String(Math.round(view.start)), span: String(Math.round(span)) });
  map.isOwnMove = false;
  invalidate();
}

/** In where `direction` is positive, else out. */
function zoom(direction) {
  if (!map.view) return;
  const factor = direction > 0 ? stepFactor : 1 / stepFactor;
  const range = map.selection;
  let [x, y] = [map.width / 2, map.view.rows * cameras.rowHeight / 2];
  // Around what is selected, where it is in sight.
  if (range) cameras.forEachPiece(map.view, range.from, range.to, (left, top, width) => { [x, y] = [left + width / 2, top]; });
  move(cameras.zoomed(map.view, factor, x, y));
}

function fitAll() {
  if (map.view) move(cameras.camera(map.sizeBytes, map.width, map.height));
}

function fitSelection() {
  if (map.view && map.selection) move(cameras.fitted(map.view, map.selection.from, map.selection.to));
}

function byteAt({ x, y }) {
  return Math.floor(cameras.byteAt(map.view, x, y));
}

function look(point) {
  if (!map.view) return;
  const byte = byteAt(point);
  hover(byte < 0 || byte >= map.sizeBytes ? undefined : { byte, range: rangeOfThing(thingAt(byte, source())) });
}

function hover(place) {
  map.hover = place;
  invalidate();
}

/** What is at a point fills the picture; where nothing is, it comes closer there. */
function closer({ x, y }) {
  const range = rangeOfThing(thingAt(byteAt({ x, y }), source()));
  move(range ? cameras.fitted(map.view, range.from, range.to) : cameras.zoomed(map.view, 4, x, y));
}

function describe({ block, bucket, run, region, field }) {
  if (block) return sentence(block, Date.now());
  if (bucket) return stretchSentence(bucket);
  if (run) return `${run.state}, ${bytes(run.length)} in a row`;
  if (field) return `${region.name} · ${field.name}: ${visible(JSON.stringify(field.value ?? null))}`;
  return region ? `${visible(region.name)}, ${bytes(region.sizeBytes)}` : "";
}

function rangeOfThing({ block, run, region, field, bucket }) {
  if (block) return { from: block.spanOffset, to: block.spanOffset + block.spanBytes };
  if (bucket) return { from: bucket.offset, to: bucket.offset + bucket.sizeBytes };
  if (run) return undefined;
  const place = field ?? (region && region.name !== "pool" ? region : undefined);
  return place && { from: place.offset, to: place.offset + place.sizeBytes };
}

/** Selects what stands at a byte; where only a stretch is known, the server says which block it is. */
async function choose(byte) {
  const thing = thingAt(byte, source());
  const isWanted = question();
  if (thing.bucket && !map.isPast) {
    const block = await blockAt(byte);
    if (!isWanted()) return undefined;
    if (block) return selectBlock(block);
  }
  if (thing.block) return selectBlock(thing.block);
  const range = rangeOfThing(thing);
  if (range) map.actions.select({ at: range.from, to: range.to, source: "map" });
  else map.actions.select({ at: byte, to: byte + 1, source: "map" });
}

/** Answers whether what is asked now is still what somebody wants: not where they went elsewhere or asked anew. */
function question() {
  const { segment } = map.actions.route();
  map.questions += 1;
  const number = map.questions;
  return () => map.questions === number && map.actions.route().segment === segment;
}

function selectBlock(block) {
  map.actions.select({ at: block.offset, to: block.offset + Math.max(1, block.sizeBytes), source: "map" });
  say(`Block at ${hex(block.offset)}: ${sentence(block, Date.now())}`);
}

function say(text) {
  clearTimeout(map.sayTimer);
  map.sayTimer = setTimeout(() => map.actions.announce(text), sayAfterMilliseconds);
}

/** Selects the block behind the selected one, or before it, or in the middle of what is seen. */
async function stepBlock(direction) {
  const { from, to } = cameras.rangeOf(map.view);
  const middle = Math.floor((from + to) / 2);
  const start = map.selection ?? { from: middle, to: middle + 1 };
  const pool = map.feed.pool;
  if (!pool) return choose(start.from);
  if (map.isPast) return map.actions.announce("Blocks cannot be gone through while looking back.");
  const isWanted = question();
  const here = await blockAt(start.from);
  const next = !here || direction === 0 ? here : await blockAt(direction > 0 ? here.spanOffset + here.spanBytes : here.spanOffset - 1);
  const block = next ?? here;
  if (!block || !isWanted()) return undefined;
  selectBlock(block);
  const shown = cameras.revealing(map.view, block.spanOffset, block.spanOffset + block.spanBytes);
  if (shown !== map.view) move(shown);
  return undefined;
}

/** The block whose span holds a byte; undefined outside the pool, and where the server does not say. */
async function blockAt(byte) {
  const { from, to } = map.feed.pool;
  if (byte < from || byte >= to) return undefined;
  const path = `segments/${map.actions.route().segment}/blocks?at=${byte}&limit=1`;
  return map.actions.api.get(path, new AbortController().signal).then((answer) => answer.blocks[0], () => undefined);
}
