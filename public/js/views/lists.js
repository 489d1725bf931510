// The tables of one segment: blocks, participants, events.

import { alive, bytes, clock, count, duration, elapsed, exactBytes, hex, owner, plural, visible } from "../format.js";
import { byId, rows, setText } from "../dom.js";
import { hueOf } from "../layout.js";
import { linkTo } from "../store.js";
import { showPager, showProvenance } from "./provenance.js";

const blocksShown = 25;
const eventsShown = 20;
const participantsShown = 100;

function blocksPath(route) {
  const query = new URLSearchParams({ limit: blocksShown });
  for (const key of ["state", "cursor"]) if (route[key]) query.set(key, route[key]);
  return `segments/${route.segment}/blocks?${query}`;
}

function participantsPath(route) {
  return `segments/${route.segment}/participants?limit=${participantsShown}`;
}

/** The last events up to the operation that the table of blocks shows. */
function eventsPath(route, sequence) {
  return `segments/${route.segment}/events?after=${Math.max(0, sequence - eventsShown)}&limit=${eventsShown}`;
}

export async function load(route, get) {
  await Promise.all([
    get("participants", participantsPath(route)),
    get("blocks", blocksPath(route)).then((page) => page && get("events", eventsPath(route, page.sequence))),
  ]);
}

export function connect(actions) {
  const form = byId("blocks-filters");
  form.addEventListener("change", () => actions.go({ state: form.elements.state.value, cursor: undefined }));
  form.addEventListener("submit", (event) => event.preventDefault());
}

export function arrive(route) {
  byId("blocks-filters").elements.state.value = route.state ?? "";
}

export function render(store) {
  renderBlocks(store);
  renderParticipants(store);
  renderEvents(store);
}

/** A cell that names an owner, with the colour that it has on the map. */
function ownerCell(report) {
  if (!report) return { text: "–" };
  return { hue: hueOf(report), orphaned: report.alive === false, text: owner(report) };
}

function renderBlocks(store) {
  const { route } = store;
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

function renderParticipants(store) {
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

function renderEvents(store) {
  const answer = store.data("events");
  const events = (answer?.events ?? []).slice(-eventsShown).reverse();
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
  empty.hidden = !answer || events.length > 0;
  setText(empty, "Nothing has happened yet.");
  showProvenance(byId("events-provenance"), answer, eventsPath(store.route, store.data("blocks")?.sequence ?? 0));
}
