// The bytes of an object, of any size: in hex and as text, coloured by what they belong to, live.

import { bytes, clock, count, duration, exactBytes, hex as hexNumber, visible } from "../format.js";
import { make, setText, show } from "../dom.js";
import { colour, sentence } from "../hex/colouring.js";
import { endOf, startOf } from "../hex/cursor.js";
import { Feed } from "../hex/feed.js";
import { hexOf, parseOffset, textOf } from "../hex/format.js";
import { sharedSource } from "../hex/source.js";
import { nowOf } from "../map/moment.js";
import { heapStamp } from "../map/stamp.js";
import { button, field, textField } from "./hex/bar.js";
import { Editor } from "./hex/editor.js";
import { Finder, isSparse } from "./hex/finder.js";
import { Grid } from "./hex/grid.js";
import { connectHands } from "./hex/hands.js";
import { Transfer } from "./hex/transfer.js";

/** Between two looks at the same bytes. */
const paceMilliseconds = 1000;
/** A byte that changed is drawn paler step by step. */
const fadeStepMilliseconds = 250;
const sayAfterMilliseconds = 400;
/** Older bytes are shown with their age. */
const oldMilliseconds = 3000;
/** The newest times that drawing took, for whoever measures. */
const tookKept = 600;

const state = {
  actions: undefined, source: undefined, feed: undefined, grid: undefined, finder: undefined, editor: undefined, transfer: undefined,
  parts: {}, took: [], isSeen: true, store: undefined, segment: undefined, epoch: undefined, isPast: false, isPaused: false, mode: "owner", stamp: "", selection: undefined, frame: 0, timer: 0,
  sayTimer: 0, problem: "", readAt: undefined,
};

/** What is drawn, for tests and for whoever measures. */
export function model() {
  const { grid, source, editor, finder } = state;
  return {
    id: source.id, sizeBytes: sizeBytes(), perRow: grid.columns.perRow, position: grid.position, inSight: grid.inSight(), selection: range(),
    cursor: state.selection?.cursor, rows: grid.model(), edit: editor.edit, hits: finder.hits, error: source.reader.error?.message,
    pages: source.cache.count, focus: source.focus, took: state.took,
  };
}

function sizeBytes() {
  return state.segment?.sizeBytes ?? 0;
}

/** What is selected as `{from, to}`; undefined where nothing is. */
function range() {
  return state.selection && { from: startOf(state.selection), to: endOf(state.selection) };
}

export function connect(host, actions) {
  state.actions = actions;
  state.source = sharedSource(actions);
  state.feed = new Feed(actions.api.get, invalidate);
  const { parts } = state;
  const head = host.appendChild(make("div", { className: "hex-head" }));
  connectGoTo(head);
  const context = {
    actions, id: () => state.source.id, name: () => visible(state.segment?.name || state.source.id), sizeBytes, selection: range,
    changed: invalidate, say, cursor: () => range()?.from ?? state.grid.inSight().from, show: (from, to) => choose({ anchor: to - 1, cursor: from, isGiven: true }),
    known: (from, to) => state.source.cache.slice(from, to), byteAt: (offset) => state.source.cache.byteAt(offset), whatIs,
    circumstances: () => ({
      isPast: state.isPast, managed: state.segment?.managed, damaged: state.segment?.header?.damaged, pool: state.feed.pool,
    }),
    written: () => state.source.reader.refresh(),
  };
  state.finder = new Finder(head, context);
  parts.frame = host.appendChild(make("div", { className: "hex-frame" }));
  state.grid = new Grid(parts.frame, invalidate);
  parts.empty = parts.frame.appendChild(make("p", { className: "hex-empty" }));
  state.editor = new Editor(host, context);
  parts.where = host.appendChild(make("p", { className: "hex-where" }));
  parts.where.id = "hex-where";
  parts.foot = host.appendChild(make("div", { className: "hex-foot" }));
  parts.status = parts.foot.appendChild(make("p", { className: "hex-status" }));
  state.transfer = new Transfer(parts.foot, context);
  parts.note = host.appendChild(make("p", { className: "hex-note" }));
  parts.note.setAttribute("role", "status");
  connectHands(state.grid, {
    selection: () => state.selection, sizeBytes, choose, type: (digit) => state.editor.type(digit), erase: () => state.editor.erase(),
    enter: () => state.editor.edit ? state.editor.send() : chooseWhole(range()?.from ?? state.grid.inSight().from), whole: chooseWhole, escape, copy: () => state.transfer.copy("hex"), goTo: () => parts.goTo.focus(),
    find: () => state.finder.input.focus(), hit: (direction) => state.finder.step(direction), hovered,
  });
  state.source.listen(invalidate);
  document.addEventListener("visibilitychange", setPace);
  // Another view in front, or the rest of this one scrolled to: nobody looks.
  new IntersectionObserver(([entry]) => {
    state.isSeen = entry.isIntersecting;
    setPace();
  }).observe(host.closest(".card") ?? host);
  setInterval(() => {
    if (state.source.id && !document.hidden) renderStatus();
  }, 500);
}

function connectGoTo(head) {
  const form = make("form", { className: "hex-go" });
  const input = textField({ placeholder: "0x0, 4KiB, +64", size: 12, name: "offset" });
  state.parts.goTo = input;
  const go = button("Go", "Go to the offset (Enter)");
  go.type = "submit";
  form.append(field("Go to", input), go);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { offset, error } = parseOffset(input.value, sizeBytes(), range()?.from ?? state.grid.inSight().from);
    input.setAttribute("aria-invalid", String(Boolean(error)));
    say(error ?? "", "warning");
    if (error) return;
    choose({ anchor: offset, cursor: offset });
    state.grid.sheet.focus({ preventScroll: true });
  });
  head.append(form);
}

// Where one is

export function arrive(route) {
  if (state.source.open(route.segment)) begin();
  const before = range();
  const given = route.at === undefined ? undefined : { from: Number(route.at), to: Math.max(Number(route.at) + 1, Number(route.to ?? 0)) };
  if (before?.from === given?.from && before?.to === given?.to) return;
  state.selection = given && { anchor: given.to - 1, cursor: given.from, isGiven: true };
  if (given && sizeBytes() > 0) state.grid.reveal(given.from);
  invalidate();
}

/** Another object comes, or none: nothing of this one is asked for any more. */
export function leave() {
  state.source.open(undefined);
  state.feed.open(undefined);
  begin();
  setPace();
}

/** Forgets what was seen of another object. */
function begin() {
  Object.assign(state, { segment: undefined, selection: undefined });
  clearTimeout(state.timer);
  clearTimeout(state.sayTimer);
  state.finder.clear();
  state.editor.clear();
  state.transfer.leave();
  say("");
  state.grid.resize(0);
}

export function render(store) {
  const segment = store.data("segment");
  const isFirst = sizeBytes() === 0;
  // Made anew under its name, it is another one, with other bytes.
  if (state.epoch !== store.epoch && state.segment) {
    state.source.open(undefined);
    state.source.open(store.route.segment);
  }
  state.epoch = store.epoch;
  const { reader } = state.source;
  // It is told of again: another one of the same name.
  if (reader.error?.status === 404 && segment !== state.segment && !store.error("segment")) reader.refresh();
  state.feed.open(store.route.segment, store.epoch);
  Object.assign(state, {
    store, segment, isPast: store.isPast, isPaused: store.isPaused, mode: store.route.colour ?? "owner",
    stamp: heapStamp(store), problem: store.error("segment")?.message,
  });
  const size = sizeBytes();
  reader.resize(size);
  reader.hold(state.isPast);
  state.grid.resize(size);
  if (isFirst && size > 0 && state.selection) state.grid.reveal(state.selection.cursor);
  setPace();
  draw();
}

function setPace() {
  const isIdle = !state.source.id || state.isPast || state.isPaused || document.hidden || !state.isSeen;
  state.source.reader.setPace(isIdle ? 0 : paceMilliseconds);
}

/** Selects, tells everybody, and brings the cursor into sight. */
function choose(selection, { isDrag = false } = {}) {
  if (state.editor.edit) {
    say("Bytes are not written yet: Enter writes, Esc gives up.", "warning");
    return;
  }
  state.selection = selection;
  const { from, to } = range();
  if (!isDrag) state.grid.reveal(selection.cursor);
  state.actions.select({ at: from, to });
  clearTimeout(state.sayTimer);
  state.sayTimer = setTimeout(announce, sayAfterMilliseconds);
  invalidate();
}

function escape() {
  if (state.editor.edit) state.editor.cancel();
  else if (state.selection && state.selection.anchor !== state.selection.cursor) choose({ anchor: state.selection.cursor, cursor: state.selection.cursor });
}

/** Selects the block, entry or field that a byte belongs to. */
function chooseWhole(offset) {
  const found = colour(layers(), offset, offset + 1)[0];
  if (found) choose({ anchor: found.to - 1, cursor: found.from, isGiven: true });
}

function announce() {
  const { from, to } = range() ?? {};
  if (from === undefined) return;
  const value = state.source.cache.byteAt(from);
  const what = whatIs(from);
  const length = to - from > 1 ? `${bytes(to - from)} selected from ` : "";
  const read = value === undefined || value === null ? "not read yet" : `${hexOf[value]}, ${value}${textOf[value] === "·" ? "" : `, “${textOf[value]}”`}`;
  state.actions.announce(`${length}${hexNumber(from)}: ${read}${what ? `. ${what}` : ""}`);
}

/** The past has other blocks than these bytes. */
function layers() {
  return state.isPast ? [] : state.feed.layers(state.mode, nowOf(state.store));
}

/** What a byte belongs to, in words. */
function whatIs(offset) {
  if (state.isPast) return "";
  const words = sentence(colour(layers(), offset, offset + 1)[0], offset, nowOf(state.store));
  return [words, state.feed.isHole(offset) && "in a hole: reads as zero, takes no memory"].filter(Boolean).join(" · ");
}

function hovered(offset) {
  const title = offset === undefined ? "" : `${hexNumber(offset)} (${count(offset)})\n${whatIs(offset)}`;
  if (state.grid.sheet.title !== title) state.grid.sheet.title = title;
}

// Drawing

/** Something is to be drawn anew: once, in the next frame. */
function invalidate() {
  state.frame ||= requestAnimationFrame(() => {
    state.frame = 0;
    draw();
  });
}

function draw() {
  const { source, feed, grid, finder, segment } = state;
  if (!source.id) return;
  const begun = performance.now();
  const seen = grid.inSight();
  source.reader.look("grid", seen.from, seen.to);
  source.point(range()?.from ?? seen.from);
  // For the past nothing is asked.
  if (segment && !state.isPast) {
    feed.want({ ...seen, stamp: state.stamp, hasHeap: Boolean(segment.heap), hasLayout: segment.managed === true, hasPages: isSparse(source.id) });
  }
  const now = performance.now();
  const selection = range() ?? { from: -1, to: -1 };
  grid.draw({
    byteAt: (offset) => source.cache.byteAt(offset), changedAt: (offset) => source.cache.changedAt(offset), layers: layers(),
    holes: (from, to) => feed.holes(from, to), hits: (from, to) => finder.within(from, to), hitLength: finder.length,
    selection, cursor: state.selection?.cursor, edit: state.editor.edit, now,
  });
  renderWords(selection, seen);
  renderStatus();
  state.transfer.render();
  state.took.push(performance.now() - begun);
  if (state.took.length > tookKept) state.took.shift();
  clearTimeout(state.timer);
  if (source.cache.isHot(seen.from, seen.to, now - fadeStepMilliseconds)) state.timer = setTimeout(invalidate, fadeStepMilliseconds);
}

function renderWords({ from, to }, seen) {
  const offset = from >= 0 ? from : seen.from;
  const found = colour(layers(), offset, offset + 1)[0];
  const place = from < 0 ? `First in sight, ${hexNumber(offset)}` : from >= sizeBytes() ? `${hexNumber(from)} is behind the end` : to - from > 1 ? `${hexNumber(from)} – ${hexNumber(to)} (${bytes(to - from)})` : hexNumber(from);
  const words = sizeBytes() === 0 ? "" : `${place}${whatIs(offset) ? `: ${whatIs(offset)}` : ""}`;
  show(state.parts.where, {
    className: "hex-where", text: words, title: from < 0 ? undefined : `${count(from)} to ${count(to)}, ${exactBytes(to - from)}`,
    ...found && { swatch: found.colour, hatched: found.kind === "orphaned" },
  });
}

/** How old the bytes are, and why they are not newer. */
function renderStatus() {
  const { reader } = state.source;
  const { empty, status, frame } = state.parts;
  const why = problem();
  const seen = state.grid.inSight();
  const hasBytes = seen.to > seen.from && state.source.cache.byteAt(seen.from) !== undefined;
  const nothing = !state.segment ? why?.text ?? "Waiting for the object…" : sizeBytes() === 0 ? "The object is empty: there are no bytes." : hasBytes ? "" : why?.text ?? "";
  setText(empty, nothing);
  empty.hidden = nothing === "";
  frame.toggleAttribute("data-past", state.isPast);
  frame.toggleAttribute("data-old", Boolean(why?.isProblem));
  const age = reader.answeredAt === undefined ? undefined : performance.now() - reader.answeredAt;
  const at = age === undefined ? "" : clock(new Date(Date.now() - age).toISOString()).slice(0, 8);
  const read = age === undefined ? "" : ` Read at ${at} UTC${age > oldMilliseconds ? `, ${duration(age)} ago` : ""}.`;
  const isLate = !why && age > oldMilliseconds;
  setText(status, nothing !== "" ? "" : why ? `${why.text}${read}` : isLate ? read.trim() : "Read again every second.");
  status.toggleAttribute("data-warning", Boolean(why?.isProblem) || isLate);
}

function problem() {
  const { reader } = state.source;
  const { error } = reader;
  if (state.isPast) return { text: "Bytes of the past are not kept: these are the last ones that were read." };
  if (error?.status === 403) return { isProblem: true, text: `No right to read these bytes. ${error.detail ?? ""}`.trim() };
  if (error?.status === 404) return { isProblem: true, text: `The object is gone. ${error.detail ?? ""}`.trim() };
  if (error) return { isProblem: true, text: error.message };
  if (state.problem) return { isProblem: true, text: state.problem };
  if (reader.endsAt !== undefined && reader.endsAt < sizeBytes()) return { isProblem: true, text: `The object was cut: it ends at ${hexNumber(reader.endsAt)} now.` };
  if (state.isPaused) return { text: "Paused: bytes that were read are not read again." };
  return undefined;
}

function say(text, tone) {
  setText(state.parts.note, text);
  state.parts.note.dataset.tone = tone ?? "";
}
