// The memory map: a canvas to look at, zoom and pan, a legend that filters, and the same as a table.

import { bytes, hex } from "../format.js";
import { reconcile, setText } from "../dom.js";
import * as cameras from "../map/camera.js";
import { modes } from "../map/colours.js";
import { display, rangeOfThing, thingAt } from "../map/display.js";
import { taken } from "../early.js";
import { Feed } from "../map/feed.js";
import { hiddenFrom, hideOf } from "../map/legend.js";
import { nowOf } from "../map/moment.js";
import { packed, unpacked } from "../map/past.js";
import { paint, palette, prepare, watchScreen } from "../map/paint.js";
import { heapStamp } from "../map/stamp.js";
import * as around from "./map/around.js";
import { Chooser } from "./map/chooser.js";
import { connectHands } from "./map/hands.js";
import { build } from "./map/parts.js";

const heightMinimum = 252;
const stepFactor = 1.6;
/** The newest frame times, for whoever measures. */
const frameTimesKept = 600;

const map = {
  host: undefined, actions: undefined, store: undefined, canvas: undefined, parts: {}, feed: undefined, colours: undefined, view: undefined,
  width: 0, height: 0, list: undefined, hover: undefined, frame: 0, stamp: "", mode: undefined, bytes: undefined,
  frameTimes: [], heap: false, sizeBytes: 0, hidden: new Set(), classes: new Map(),
  /** What the address said last of the view: `from` and `span`. */
  placed: {},
  /** The view that was made of it, and the pool that was known then. */
  given: undefined, givenPool: undefined, chooser: undefined,
  /** Whether the selection was made elsewhere and has yet to come into sight. */
  isToReveal: false,
  /** What there is to say of the last key, until something else happens. */
  note: "",
};

/** What the map draws, for tests and for whoever measures: the drawing's own model. */
export function model() {
  return { view: map.view, list: map.list, mode: map.mode, frameTimes: map.frameTimes, fine: map.feed?.fine, coarse: map.feed?.coarse, pages: map.feed?.pages };
}

export function connect(host, actions, store) {
  map.host = host;
  map.actions = actions;
  map.store = store;
  map.feed = new Feed((path, signal) => taken(path) ?? actions.api.get(path, signal), invalidate, (picture) => store.received("map", packed(picture), performance.now()));
  map.parts = build(host, {
    mode: (name) => actions.change({ colour: name, hide: undefined }), zoom, all: fitAll, pool: fitPool, selection: fitSelection,
    table: () => around.renderTable(map.parts, map.view, source()),
  });
  map.canvas = map.parts.canvas;
  new ResizeObserver(([entry]) => {
    // What is hidden has no width, and keeps its view until it is seen again.
    if (entry.contentRect.width === 0) return;
    map.width = Math.floor(entry.contentRect.width);
    map.height = Math.max(heightMinimum, Math.floor(entry.contentRect.height / cameras.rowHeight) * cameras.rowHeight);
    // What the address says is seen through any canvas; what one moved to since keeps its scale.
    if (map.view && map.view === map.given) map.view = map.given = viewOf(actions.route());
    else if (map.view) map.view = cameras.resized(map.view, map.width, map.height);
    invalidate();
  }).observe(map.parts.frame);
  watchScreen(() => {
    map.colours = undefined;
    invalidate();
  });
  map.chooser = new Chooser({
    actions, move, select, tell, selection: () => map.selection, view: () => map.view, isPast: () => map.isPast, pool: () => map.feed.pool, source,
  });
  connectHands(map.canvas, {
    view: () => map.view, width: () => map.width, height: () => map.height, move, look, leave: () => hover(undefined),
    choose: (point) => map.chooser.press(byteAt(point)), closer, zoom, all: fitAll, pool: fitPool, selection: fitSelection,
    step: (direction) => map.chooser.step(direction), drop: () => map.chooser.drop(),
  });
}

// What is shown

export function arrive(route) {
  map.feed.open(route.segment, map.store.epoch);
  const before = map.selection;
  map.selection = selectionOf(route);
  const { from, span } = route;
  const isElsewhere = from !== map.placed.from || span !== map.placed.span;
  if (map.view && isElsewhere) map.view = map.given = viewOf(route);
  // What was selected somewhere else on the page comes into sight; an address that names a place is obeyed.
  const isNew = !isSame(before, map.selection);
  map.isToReveal = map.view !== undefined && !isElsewhere && (map.isToReveal || isNew);
  if (isNew) map.note = "";
  map.placed = { from, span };
  invalidate();
}

/** Another object comes, or none: nothing of this one stays. */
export function leave() {
  map.feed.close();
  map.bytes?.controller?.abort();
  map.chooser.leave();
  map.classes.clear();
  Object.assign(map, {
    view: undefined, given: undefined, givenPool: undefined, isToReveal: false, note: "", list: undefined, hover: undefined, selection: undefined, bytes: undefined, placed: {},
    past: undefined, pastPicture: undefined, heap: false, sizeBytes: 0, stamp: "",
  });
  map.canvas.style.visibility = "hidden";
  map.parts.pool.hidden = true;
  around.clear(map.parts);
}

function selectionOf({ at, to }) {
  return at === undefined ? undefined : { from: Number(at), to: Math.max(Number(at) + 1, Number(to ?? 0)) };
}

function isSame(one, other) {
  return one?.from === other?.from && one?.to === other?.to;
}

const isPlaced = ({ from, span }) => from !== undefined && span !== undefined;

const whole = () => cameras.camera(map.sizeBytes, map.width, map.height);

/** The pool alone, without the tables around it: what an address shows that names no place. Where there is none, the whole. */
function home() {
  const { pool } = map.feed;
  return pool && pool.to > pool.from ? cameras.placed(whole(), pool.from, pool.to - pool.from) : whole();
}

/** Whether what is selected would not be seen at home. */
function isSelectedAbroad() {
  return map.selection !== undefined && !cameras.sees(home(), map.selection.from, map.selection.to);
}

/** The view that an address names; else home, or the whole where that is needed to see what is selected. */
function viewOf(route) {
  if (isPlaced(route)) return cameras.placed(whole(), Number(route.from), Number(route.span));
  return isSelectedAbroad() ? whole() : home();
}

export function render(store) {
  const segment = store.data("segment");
  const { route } = store;
  map.feed.open(route.segment, store.epoch);
  map.isPast = store.isPast;
  lookBack(store.isPast ? store.data("map") : undefined);
  renderModes(learn(segment, route));
  map.hidden = hiddenFrom(route.hide);
  map.selection = selectionOf(route);
  // Of anybody else's object nothing says whether it changed, nor who touched what.
  map.stamp = segment?.heap && map.mode !== "touched" ? heapStamp(store) : `${store.epoch}:${Math.floor(Date.now() / 2000)}`;
  setText(map.parts.empty, segment ? "The object is empty: there is nothing to map." : store.isGone ? "There is no such object." : "Waiting for the object…");
  map.parts.empty.hidden = map.sizeBytes > 0;
  if (map.view && map.view.sizeBytes !== map.sizeBytes && map.sizeBytes > 0) resize();
  invalidate();
}

/** The object has another size now. What nobody moved is still as it was given. */
function resize() {
  const isGiven = map.view === map.given;
  map.view = cameras.clamped({ ...map.view, sizeBytes: map.sizeBytes });
  if (isGiven) map.given = map.view;
}

/** What there is to draw, by the object or, before the first word of it, by its layout alone. Gives the modes that it can be seen in. */
function learn(segment, route) {
  const { pool } = map.feed;
  map.sizeBytes = segment?.sizeBytes ?? map.feed.sizeBytes;
  map.heap = segment ? Boolean(segment.heap) : pool !== undefined;
  const isManaged = segment ? segment.managed : pool !== undefined;
  map.parts.pool.hidden = !pool;
  const offered = modes.filter(({ needs }) => needs === "pages" || (needs === "heap" ? map.heap : isManaged));
  map.mode = offered.find(({ name }) => name === route.colour)?.name ?? (map.heap ? "owner" : "pages");
  return offered;
}

/** Unpacks the picture of a moment once, however often it is drawn. */
function lookBack(picture) {
  if (map.pastPicture === picture) return;
  map.pastPicture = picture;
  map.past = picture && unpacked(picture);
}

/** Where the pool is has to be known first, unless the address says a place or nobody can say it. */
function canBegin(route) {
  return isPlaced(route) || map.feed.layout !== undefined || map.feed.error !== undefined || map.store.data("segment")?.managed === false;
}

function begin(route) {
  map.view = viewOf(route);
  map.givenPool = map.feed.pool;
  // What is shown whole for the sake of a selection stays so, whatever is selected next.
  map.given = isPlaced(route) || !isSelectedAbroad() ? map.view : undefined;
}

/** A view that nobody has moved is made anew where the pool turns out to be elsewhere: the layout came late, or another object did. */
function isToBegin() {
  return !map.view || (map.view === map.given && map.givenPool !== map.feed.pool);
}

/** Shows what was selected elsewhere, as near as one has come. */
function reveal() {
  if (!map.isToReveal) return;
  map.isToReveal = false;
  const { view, selection } = map;
  if (selection && !cameras.sees(view, selection.from, selection.to)) move(cameras.revealing(view, selection.from, selection.to));
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
    pages: isPast ? undefined : map.feed.pages,
    mappings: isPast ? undefined : map.feed.mappings, sizeBytes: map.sizeBytes, hidden: map.hidden, now: nowOf(map.store),
  };
}

/** Something is to be drawn anew: once, in the next frame. */
function invalidate() {
  map.frame ||= requestAnimationFrame(draw);
}

function draw(time) {
  map.frame = 0;
  const isKnown = map.store.data("segment") !== undefined;
  if (!isKnown) learn(undefined, map.actions.route());
  if (map.sizeBytes > 0) map.parts.empty.hidden = true;
  const route = map.actions.route();
  if (isToBegin() && map.sizeBytes > 0 && map.width > 0 && canBegin(route)) begin(route);
  if (!map.view || map.width === 0 || map.host.hidden) return;
  reveal();
  const begun = performance.now();
  map.colours ??= palette(map.canvas);
  if (map.view.width !== map.width) map.view = cameras.resized(map.view, map.width, map.height);
  // Of a heap a coarse picture is asked for as soon as its layout is known; a fine one waits for the object's state.
  if (!map.isPast) map.feed.want(map.view, { heap: isKnown && map.heap, pages: map.mode === "pages", touched: map.mode === "touched", stamp: isKnown ? map.stamp : "first" });
  const known = source();
  map.list = display(map.view, known);
  map.list.marks = map.selection ? [map.selection] : [];
  if (map.hover?.range) map.list.marks.unshift({ ...map.hover.range, isDashed: true });
  map.list.bytes = bytesInSight();
  const height = map.view.rows * cameras.rowHeight;
  for (const [key, value] of [["width", `${map.width}px`], ["height", `${height}px`], ["visibility", ""]]) {
    if (map.canvas.style[key] !== value) map.canvas.style[key] = value;
  }
  paint(prepare(map.canvas, map.width, height), map.view, height, map.list, map.colours);
  map.frameTimes.push({ at: time, took: performance.now() - begun });
  if (map.frameTimes.length > frameTimesKept) map.frameTimes.shift();
  renderAround(known);
}

/** The words around the picture. */
function renderAround(known) {
  const { classes } = map.list;
  around.renderWhere(map.parts, map.view, classes);
  setText(map.parts.status, statusText(known));
  around.renderLegend(map.parts, { classes, hidden: map.hidden, known: map.classes, toggle });
  around.renderTable(map.parts, map.view, known);
}

const isOfPages = (mode) => mode === "pages" || mode === "touched";

function statusText(known) {
  if (map.isPast && (!map.past || isOfPages(map.mode))) {
    return isOfPages(map.mode) ? "Which pages were there then was not kept." : "The heap was not seen at that moment.";
  }
  if (map.feed.error) return map.feed.error.message;
  if (map.note) return map.note;
  // Named anew each time: ages run, and under a pointer at rest things change.
  if (map.hover) return `${hex(map.hover.byte)}  ${around.describe(thingAt(map.hover.byte, known), known.now)}`;
  if (map.selection) return `Selected ${hex(map.selection.from)} – ${hex(map.selection.to)}, ${bytes(map.selection.to - map.selection.from)}`;
  return "Wheel or + and − zoom, drag or arrows move, click selects, double click comes close.";
}

function toggle(key) {
  const hidden = hiddenFrom(map.actions.route().hide);
  if (!hidden.delete(key)) hidden.add(key);
  map.actions.change({ hide: hideOf(hidden) });
}

// Bytes, where one can read them

function bytesInSight() {
  if (map.isPast || !cameras.showsBytes(map.view)) return undefined;
  const { from, to } = cameras.rangeOf(map.view);
  const id = map.actions.route().segment;
  const question = `${id} ${from} ${to} ${map.stamp}`;
  if (map.bytes?.question !== question && !map.bytes?.isAsked) {
    const before = map.bytes?.data ? { from: map.bytes.from, data: map.bytes.data } : {};
    const controller = new AbortController();
    const asked = { question, isAsked: true, controller, ...before };
    map.bytes = asked;
    const take = (answer) => {
      // Another object may be looked at by now.
      if (map.bytes === asked) map.bytes = answer;
    };
    map.actions.api.bytes(id, from, to - from, controller.signal)
      .then((data) => take({ question, from, data }), () => take({ question }))
      .finally(invalidate);
  }
  return map.bytes?.data ? map.bytes : undefined;
}

// Hands

function move(view) {
  map.view = view;
  map.note = "";
  const base = home();
  const isHome = view.start === base.start && view.perRow === base.perRow && !isSelectedAbroad();
  if (isHome) map.given = view;
  map.placed = isHome ? {} : { from: String(Math.round(view.start)), span: String(Math.round(cameras.spanOf(view))) };
  map.actions.change({ from: undefined, span: undefined, ...map.placed });
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
  if (map.view) move(whole());
}

function fitPool() {
  if (map.view && map.feed.pool) move(home());
}

function fitSelection() {
  if (map.view && map.selection) move(cameras.fitted(map.view, map.selection.from, map.selection.to));
}

/** Selects by a hand on the map: what one looks at stays where it is. */
function select(range) {
  map.selection = selectionOf(range);
  map.actions.select(range);
}

/** Says why a key does nothing, to eyes and ears. */
function tell(text) {
  map.note = text;
  map.actions.announce(text);
  invalidate();
}

function byteAt({ x, y }) {
  return Math.floor(cameras.byteAt(map.view, x, y));
}

function look(point) {
  if (!map.view) return;
  map.note = "";
  const byte = byteAt(point);
  hover(byte < 0 || byte >= map.sizeBytes ? undefined : { byte, range: pressedAt(byte) });
}

/** What a press would select, as far as is known. */
function pressedAt(byte) {
  return !map.isPast && cameras.showsBytes(map.view) ? { from: byte, to: byte + 1 } : rangeOfThing(thingAt(byte, source()));
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
