// The tables of one segment: blocks, participants, events.

import { alive, bytes, clock, count, duration, elapsed, exactBytes, hex, owner, plural, visible } from "../format.js";
import { byId, rows, setText } from "../dom.js";
import { hueOfOwner as hueOf } from "../map/colours.js";
import { get } from "../api.js";
import { linkTo } from "../store.js";
import { showPager, showProvenance } from "./provenance.js";

const blocksShown = 25;
const eventsShown = 100;
const participantsShown = 100;

function blocksPath(route) {
  const query = new URLSearchParams({ limit: blocksShown });
  for (const key of ["state", "cursor"]) if (route[key]) query.set(key, route[key]);
  return `segments/${route.segment}/blocks?${query}`;
}

function participantsPath(route) {
  return `segments/${route.segment}/participants?limit=${participantsShown}`;
}

let asked = { path: undefined, at: 0 };
const askedAgainMilliseconds = 1000;

/** Asks for the blocks that are shown, no more than once a second. */
function askForBlocks(store) {
  const wanted = blocksPath(store.route);
  const now = performance.now();
  if (store.isPaused || store.isPast || (asked.path === wanted && now - asked.at < askedAgainMilliseconds)) return;
  asked = { path: wanted, at: now };
  get(wanted).then(
    (answer) => { if (asked.path === wanted) store.received("blocks", answer, performance.now()); },
    (error) => store.failed("blocks", error));
}

export function connect(actions) {
  const form = byId("blocks-filters");
  form.addEventListener("change", () => actions.go({ state: form.elements.state.value, cursor: undefined }));
  form.addEventListener("submit", (event) => event.preventDefault());
}

export function arrive(route) {
  byId("blocks-filters").elements.state.value = route.state ?? "";
}

/** A cell that names an owner, with the colour that it has on the map. */
function ownerCell(report) {
  if (!report) return { text: "–" };
  return { hue: hueOf(report), orphaned: report.alive === false, text: owner(report) };
}

export function renderBlocks(store) {
  const { route } = store;
  askForBlocks(store);
  const answer = store.data("blocks");
  const blocks = answer?.blocks ?? [];
  rows(byId("blocks-rows"), blocks, (block) => block.spanOffset, (block) => [
    { className: "offset", text: hex(block.offset), title: count(block.offset) },
    { className: "number", text: bytes(block.sizeBytes), title: exactBytes(block.sizeBytes) },
    { className: "number secondary", text: bytes(block.spanBytes), title: exactBytes(block.spanBytes) },
    block.state === "orphaned" ? { badges: [{ text: block.state, tone: "warning" }] } : { text: block.state },
    ownerCell(block.owner),
    { text: visible(block.tag ?? "–") },
    block.allocatedAt
      ? { className: "number secondary", text: duration(elapsed(block.allocatedAt, answer.takenAt)), title: block.allocatedAt }
      : { className: "number secondary", text: "–" },
  ]);
  const empty = byId("blocks-empty");
  empty.hidden = !answer || blocks.length > 0;
  setText(empty, route.state ? `No block is ${route.state}.` : "There are no blocks here.");
  showPager(byId("blocks-pager"), {
    isFirst: !route.cursor,
    first: linkTo({ ...route, cursor: undefined }),
    next: answer?.next && linkTo({ ...route, cursor: answer.next }),
    shown: plural(blocks.length, "block"),
  });
  showProvenance(byId("blocks-provenance"), answer, blocksPath(route));
}

export function renderParticipants(store) {
  const answer = store.data("participants");
  const participants = answer?.participants ?? [];
  const since = (time) => time ? { className: "number", text: duration(elapsed(time, answer.takenAt)), title: time } : { className: "number", text: "–" };
  rows(byId("participants-rows"), participants, (one) => `${one.slot} ${one.generation}`, (one) => [
    { hue: hueOf(one), orphaned: one.alive === false, text: visible(one.name) || "unnamed", title: `slot ${one.slot}, generation ${one.generation}` },
    { className: "number", text: String(one.pid ?? "–") },
    one.alive === true ? { text: alive(one.alive) } : { badges: [{ text: alive(one.alive), tone: "warning" }] },
    since(one.heartbeatAt),
    since(one.waitingSince),
    operations(one.operations ?? {}),
    { className: "number", text: count(one.blockCount) },
    { className: "number", text: bytes(one.sizeBytes), title: exactBytes(one.sizeBytes) },
  ]);
  const empty = byId("participants-empty");
  empty.hidden = !answer || participants.length > 0;
  setText(empty, "Nobody takes part.");
  showProvenance(byId("participants-provenance"), answer, participantsPath(store.route));
}

function operations(kinds) {
  const known = Object.entries(kinds).filter(([, times]) => times > 0);
  return {
    className: "number",
    text: count(known.reduce((sum, [, times]) => sum + times, 0)),
    title: known.map(([kind, times]) => `${kind} ${count(times)}`).join("\n"),
  };
}

export function renderEvents(store) {
  const events = store.events.slice(-eventsShown).reverse();
  const place = (offset, size) => offset === undefined
    ? { className: "number", text: "–" }
    : { className: "number", text: `${hex(offset)} + ${bytes(size)}`, title: `offset ${count(offset)}, ${exactBytes(size)}` };
  rows(byId("events-rows"), events, (event) => event.sequence, (event) => [
    { className: "number", text: count(event.sequence) },
    { className: "number", text: clock(event.at), title: event.at },
    { text: visible(event.kind), badges: event.ended === false ? [{ text: "not ended", tone: "warning" }] : [] },
    ownerCell(event.owner),
    { text: visible(event.tag ?? "–") },
    place(event.oldOffset, event.oldSizeBytes),
    place(event.offset, event.sizeBytes),
  ]);
  const empty = byId("events-empty");
  empty.hidden = events.length > 0;
  setText(empty, "Nothing has happened since this page was opened.");
  setText(byId("events-provenance"), store.lostEvents > 0 ? `${plural(store.lostEvents, "event")} went by unseen` : "");
}
