// What happened in a segment: a strip of marks over time, followed as it grows, and the same as a table.

import { bytes, clock, count, duration, exactBytes, hex, owner, plural, visible } from "../format.js";
import { make, setText, show } from "../dom.js";
import { owned, tagged } from "../tabs/cells.js";
import { filtered, gaps, kindOf, kinds, merged, placeOf } from "../tabs/lanes.js";
import { button, dataTable, section } from "../tabs/pieces.js";
import { choose, picker, reveal } from "../tabs/picker.js";
import { showing } from "../tabs/window.js";
import { eventStrip } from "./strip.js";
import { showProvenance } from "./provenance.js";

const rowsAtOnce = 100;
const askedAtOnce = 500;
const stepMilliseconds = 250;
const spans = [["10", "10 s"], ["60", "1 min"], ["300", "5 min"], ["", "all that is here"]];
const nearSpan = "near";

let actions;
let parts;
let store;
/** What one looks at while not following: the events as they were then. Undefined while following. */
let held;
let chosen;
let shown = rowsAtOnce;
let span = "60";
/** The stretch of time that one came nearer to, `{from, to}`; undefined while `span` says what is shown. */
let near;
/** `{isUnderWay, isExhausted, problem, isFirst}` of the older events. */
let older = {};
let drawn = [];
let looked;
let epoch = 0;

export function connect(host, theActions) {
  actions = theActions;
  parts = { head: filters(), lost: make("p", { className: "note" }) };
  parts.strip = eventStrip({ pick: pickInTable, follow, look, chosen: () => chosen, sentence });
  parts.follow = button("Follow", () => (held ? follow() : hold()));
  parts.follow.id = "events-follow";
  parts.table = dataTable({
    id: "events", caption: "Events, the newest first", tall: true, openTitle: "Hold the list here, and select the block",
    columns: [
      { label: "Sequence" }, { label: "Time (UTC)", className: "number" }, { label: "What" }, { label: "By" },
      { label: "Tag", className: "secondary" }, { label: "From", className: "number" }, { label: "To", className: "number" },
    ],
    open: (event) => pick(event),
    actions: [{ label: "Show", title: "Select its block and go up to the map", fits: (event) => placeOf(event) !== undefined, run: (event) => { pick(event); reveal(); } }],
  });
  parts.older = button("Show older", showOlder);
  parts.older.id = "events-older";
  parts.trouble = make("p", { className: "note" });
  parts.trouble.setAttribute("role", "status");
  parts.provenance = make("p", { className: "provenance" });
  const foot = make("div", { className: "pager" });
  foot.append(parts.older, parts.trouble);
  const node = section("events", "Events", parts.head.node, parts.follow);
  node.append(parts.strip.node, parts.lost, parts.table.node, foot, parts.provenance);
  host.append(node);
  parts.table.scroll.addEventListener("scroll", () => {
    if (parts.table.scroll.scrollTop > 4) hold();
    else if (chosen === undefined && shown === rowsAtOnce) follow();
  }, { passive: true });
}

function filters() {
  const node = make("form", { className: "filters" });
  node.id = "events-filters";
  node.setAttribute("aria-label", "Filter events");
  node.addEventListener("submit", (event) => event.preventDefault());
  const kind = picker("kind", "Kind", (value) => actions.go({ kind: value }));
  const by = picker("owner", "By", (value) => actions.go({ owner: value, cursor: undefined }));
  const lanes = picker("lanes", "Rows", (value) => actions.change({ lanes: value }));
  const time = picker("span", "Over", (value) => {
    if (value === nearSpan) return;
    span = value ?? "";
    near = undefined;
    redraw();
  });
  choose(kind, [["", "all"], ...Object.keys(kinds).map((name) => [name, name])]);
  choose(lanes, [["", "participants"], ["kind", "kinds"]]);
  node.append(kind.node, by.node, lanes.node, time.node);
  return { node, kind, by, lanes, time };
}

/** The list of segments has a filter of the same name: what means nothing here is left out. */
const filterOf = (route) => ({ kind: Object.hasOwn(kinds, route.kind ?? "") ? route.kind : undefined, owner: route.owner });

// Following and holding

function follow() {
  held = chosen = near = undefined;
  shown = rowsAtOnce;
  parts.table.scroll.scrollTop = 0;
  redraw();
}

/** Keeps what is seen where it is while newer events come. */
function hold() {
  // What one looks back at does not move.
  if (held || !store || store.isPast) return;
  held = { events: seen(store), at: now(store) };
  redraw();
}

/** Shows a stretch of time, as it was when one began to look. */
function look(window) {
  hold();
  near = window;
  redraw();
}

function pick(event) {
  hold();
  chosen = event.sequence;
  // What the keys go to may be out of sight.
  const at = Date.parse(event.at);
  if (near && Number.isFinite(at)) near = showing(near, at, boundsOf(held?.events ?? seen(store), held?.at ?? now(store)));
  const place = placeOf(event);
  if (place) actions.select(place);
  actions.announce(sentence(event));
  redraw();
}

/** Picks an event and brings its row into the table's sight. */
function pickInTable(event) {
  hold();
  const list = filtered(held?.events ?? seen(store), filterOf(store.route));
  const index = list.findIndex(({ sequence }) => sequence === event.sequence);
  const position = list.length - index;
  if (index >= 0 && position > shown) shown = Math.ceil(position / rowsAtOnce) * rowsAtOnce;
  pick(event);
  const row = [...parts.table.body.rows].find((one) => one.hasAttribute("aria-current"));
  if (row) parts.table.scroll.scrollTop = row.offsetTop - parts.table.scroll.clientHeight / 2;
}

function redraw() {
  if (store && looked === store.route.segment) render(store);
}

export function arrive(route) {
  if (looked === route.segment) return;
  looked = route.segment;
  begin();
}

/** Another segment, or another one under the same name: nothing that was seen is of it. */
function begin() {
  held = chosen = near = undefined;
  shown = rowsAtOnce;
  older = {};
  parts.strip.clear();
  drawn = [];
}

/** Another segment comes, or none: an answer that is still to come is not added to what is seen there. */
export function leave() {
  looked = undefined;
  older = {};
}

/** All events that were there at the moment that is looked at. */
function seen(from) {
  if (!from.isPast) return from.events;
  const at = now(from);
  return from.events.filter((event) => Date.parse(event.at) <= at);
}

/** The time at the right end of the strip. It goes on though nothing happens, in steps that are worth a drawing. */
function now(from) {
  const time = Math.floor(from.serverNow() / stepMilliseconds) * stepMilliseconds;
  if (from.isPast) return time;
  const last = Date.parse(from.events.at(-1)?.at ?? "");
  return Math.max(Number.isFinite(time) ? time : 0, Number.isFinite(last) ? last : 0);
}

/** All the time of which there are events, up to the time that is looked at. */
function boundsOf(events, at) {
  const first = Date.parse(events[0]?.at ?? "");
  return { from: Math.min(Number.isFinite(first) ? first : at, at - 1000), to: at };
}

// Showing

export function render(theStore) {
  store = theStore;
  if (epoch !== store.epoch) begin();
  epoch = store.epoch;
  const { route } = store;
  // A look back is over: what goes on again is not held.
  if (!held && !store.isPast) near = undefined;
  const all = store.isPast ? seen(store) : held?.events ?? store.events;
  if (all.length === 0 && !older.isFirst && !store.isPast) loadFirst();
  const at = store.isPast ? now(store) : held?.at ?? now(store);
  const filter = filterOf(route);
  renderHead(all, route);
  // What is the same as at the last time is not worked out again.
  const inputs = [all, at, filter.kind, filter.owner, route.lanes, span, near, chosen, shown, store.lostEvents, store.isPast, older.isExhausted, older.isUnderWay];
  if (inputs.length === drawn.length && inputs.every((value, index) => value === drawn[index])) return;
  drawn = inputs;
  const events = filtered(all, filter);
  const missing = gaps(all);
  const bounds = boundsOf(all, at);
  const window = near ?? { from: span === "" ? bounds.from : at - Number(span) * 1000, to: at };
  // One may choose more time than there are events of.
  const around = { from: Math.min(bounds.from, window.from), to: bounds.to };
  parts.strip.render({ events, missing, window, bounds: around, by: route.lanes, chosen });
  renderTable(events, missing);
  renderWords(all, events);
}

function renderHead(all, route) {
  const filter = filterOf(route);
  choose(parts.head.by, [["", "all"], ...ownersOf(all)], filter.owner);
  parts.head.kind.input.value = filter.kind ?? "";
  choose(parts.head.time, near ? [...spans, [nearSpan, duration(near.to - near.from)]] : spans, near ? nearSpan : span);
  parts.head.lanes.input.value = route.lanes === "kind" ? "kind" : "";
  const newer = held ? store.events.filter((event) => event.sequence > (held.events.at(-1)?.sequence ?? 0)).length : 0;
  parts.follow.disabled = store.isPast;
  parts.follow.setAttribute("aria-pressed", String(!held && !store.isPast));
  setText(parts.follow, store.isPast ? "Looking back" : !held ? "Following" : newer > 0 ? `Follow again (${count(newer)} newer)` : "Follow again");
}

let knownOwners = { of: undefined, list: [] };

function ownersOf(all) {
  if (knownOwners.of === all) return knownOwners.list;
  const found = new Map();
  for (const event of all) if (event.owner?.pid != null) found.set(String(event.owner.pid), owner(event.owner));
  knownOwners = { of: all, list: [...found].sort((a, b) => Number(a[0]) - Number(b[0])) };
  return knownOwners.list;
}

function renderTable(events, missing) {
  parts.table.render(events.slice(-shown).reverse(), (event) => event.sequence, (event) => [
    { className: "offset", text: String(event.sequence), note: missing.has(event.sequence) ? `${count(missing.get(event.sequence))} before it unseen` : undefined },
    { className: "number", text: clock(event.at), title: event.at },
    { text: `${kindOf(event).sign} ${visible(event.kind)}`, badges: event.ended === false ? [{ text: "not ended", tone: "warning", title: "A write that was begun and not ended" }] : [] },
    owned(event.owner), { ...tagged(event.tag), className: "secondary" },
    range(event.oldOffset, event.oldSizeBytes),
    // What was counted stands where others have a size.
    event.kind === "count" && event.offset === undefined && event.sizeBytes !== undefined
      ? { className: "number", text: `counter ${count(event.sizeBytes)}` } : range(event.offset, event.sizeBytes),
  ], { isChosen: (event) => event.sequence === chosen, emptyText: emptyText() });
}

function range(offset, size) {
  if (offset === undefined) return { className: "number", text: "–" };
  return { className: "number", text: `${hex(offset)} + ${bytes(size)}`, title: `offset ${count(offset)}, ${exactBytes(size)}` };
}

function emptyText() {
  const filter = filterOf(store.route);
  if (filter.kind || filter.owner) return "No event that the page has seen passes the filter.";
  if (older.isUnderWay) return "Asking for the last events…";
  return store.isPast ? "The page had seen no event at that moment." : "Nothing has happened in this segment yet.";
}

function renderWords(all, events) {
  const lost = store.lostEvents;
  show(parts.lost, {
    className: "note", text: events.length === all.length ? `${plural(all.length, "event")} here.` : `${count(events.length)} of ${plural(all.length, "event")} here.`,
    badges: lost > 0 ? [{
      text: `${plural(lost, "event")} went by unseen`, tone: "warning",
      title: "They came faster than the page was told, or while it was away; dashed lines show where",
    }] : [],
  });
  const hasMore = events.length > shown;
  parts.older.hidden = store.isPast ? !hasMore : older.isExhausted && !hasMore;
  parts.older.disabled = Boolean(older.isUnderWay);
  setText(parts.trouble, older.problem ?? (older.isExhausted ? "The segment's ring holds no older events." : ""));
  const { segment } = store.route;
  showProvenance(parts.provenance, { takenAt: store.data("segment")?.takenAt }, `segments/${segment}/events?sort=-sequence`);
}

function sentence(event) {
  const place = placeOf(event);
  return [
    `Event ${event.sequence}: ${visible(event.kind)}`, event.owner && `by ${owner(event.owner)}`, place && `at ${hex(place.at)}`, `at ${clock(event.at)}`,
  ].filter(Boolean).join(", ");
}

// Older events

/** A page that was opened after the last event has been told of none. */
function loadFirst() {
  older.isFirst = true;
  load(`sort=-sequence&limit=${askedAtOnce}`);
}

function showOlder() {
  hold();
  shown += rowsAtOnce;
  const all = held?.events ?? seen(store);
  const missing = filtered(all, filterOf(store.route)).length < shown;
  const first = all[0]?.sequence;
  if (!missing || older.isExhausted || older.isUnderWay || store.isPast) redraw();
  else if (first === undefined) load(`sort=-sequence&limit=${askedAtOnce}`);
  else load(`after=${Math.max(0, first - 1 - askedAtOnce)}&limit=${Math.min(askedAtOnce, Math.max(1, first - 1))}`, first);
}

async function load(query, before = Infinity) {
  const { segment } = store.route;
  Object.assign(older, { isUnderWay: true, problem: undefined });
  const round = older;
  try {
    const answer = await actions.api.get(`segments/${segment}/events?${query}`);
    if (round !== older) return;
    const events = answer.events.filter((event) => event.sequence < before);
    const lowest = events.reduce((least, event) => Math.min(least, event.sequence), Infinity);
    older.isExhausted = events.length === 0 || lowest <= 1 || (answer.lost ?? 0) > 0;
    older.isUnderWay = false;
    if (held) held = { ...held, events: merged(events, held.events) };
    store.addOlder(events);
  } catch (error) {
    if (round !== older) return;
    Object.assign(older, { isUnderWay: false, problem: error.message });
  }
  redraw();
}
