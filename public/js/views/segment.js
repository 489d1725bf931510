// One segment: its facts, its lock, its heap.

import {
  alive, boundOf, bytes, count, duration, exactBytes, hex, moment, nanoseconds, percent, plural, visible,
} from "../format.js";
import { byId, facts, make, reconcile, setText, show } from "../dom.js";
import { bucketCount } from "../layout.js";
import { showFindings } from "./findings.js";
import { marks } from "./segments.js";
import { showProvenance } from "./provenance.js";
import * as lists from "./lists.js";
import * as map from "./map.js";

const waitersShown = 8;

/** Asks for what the view shows. `get(part, path)` resolves to an answer, or to nothing. */
export async function load(route, get) {
  const base = `segments/${route.segment}`;
  const segment = await get("segment", base);
  if (!segment?.managed) return;
  await Promise.all([
    segment.heap && get("map", `${base}/blocks?buckets=${bucketCount(segment.heap.capacityBytes)}`),
    route.at && get("at", `${base}/blocks?at=${route.at}&limit=1`),
    lists.load(route, get),
  ]);
}

export function connect(actions) {
  map.connect(actions);
  lists.connect(actions);
}

export function arrive(route) {
  setText(byId("segment-title"), nameFrom(route.segment));
  lists.arrive(route);
}

/** The name in an id, until the server has said it. */
function nameFrom(id) {
  try {
    return visible(decodeURIComponent(id.slice(id.indexOf(":") + 1)));
  } catch {
    return id;
  }
}

export function render(store) {
  const segment = store.data("segment");
  const managed = segment?.managed === true;
  for (const id of ["state", "lock", "heap"]) byId(id).hidden = !managed;
  byId("managed").hidden = !managed;
  byId("about").hidden = !segment;
  show(byId("segment-subtitle"), {
    className: "subtitle",
    text: store.route.segment,
    badges: segment ? marks({ ...segment, findings: [] }) : [],
  });
  showFindings(byId("segment-findings"), segment?.findings);
  if (!segment) return;

  setText(byId("segment-title"), visible(segment.name) || segment.id);
  renderObject(segment);
  showProvenance(byId("segment-provenance"), segment, `segments/${segment.id}`);
  if (!managed) return;
  renderState(segment);
  renderLock(segment.lock);
  renderHeap(segment.heap);
  map.render(store);
  lists.render(store);
}

function renderObject(segment) {
  const size = (value) => value == null ? undefined : { text: bytes(value), title: exactBytes(value) };
  const header = segment.header ?? {};
  facts(byId("about-facts"), [
    ["Kind", segment.kind],
    ["Size", size(segment.sizeBytes)],
    ["In memory", size(segment.residentBytes)],
    ["Swapped", segment.swappedBytes ? size(segment.swappedBytes) : undefined],
    ["Mode", { text: segment.mode, className: "mode" }],
    ["User", { text: visible(segment.user ?? segment.uid), title: `uid ${segment.uid}, gid ${segment.gid}` }],
    ["Mapped by", segment.mapperCount == null ? "unknown" : plural(segment.mapperCount, "process", "processes")],
    ["Attached", segment.attachCount == null ? undefined : plural(segment.attachCount, "time")],
    ["Created", segment.createdAt && moment(segment.createdAt)],
    ["Changed", segment.changedAt && moment(segment.changedAt)],
    ["Inode", segment.inode == null ? undefined : { text: String(segment.inode), title: segment.device && `device ${segment.device}` }],
    ["Used by", segment.family && visible(segment.family)],
    ["Made for", header.architecture && `${visible(header.architecture)}, ${visible(header.libc ?? "")}`],
    ["UUID", header.uuid && { text: visible(header.uuid), className: "mode" }],
  ]);
}

function renderState({ header, participantCount, protection }) {
  show(byId("state-counter"), { className: "figure", text: count(header?.counter), note: "counter" });
  show(byId("state-text"), header?.text
    ? { className: "text", text: visible(header.text) }
    : { className: "text none", text: "no text" });
  facts(byId("state-facts"), [
    ["Flag", count(header?.flag)],
    ["Participants", participantCount == null ? undefined : count(participantCount)],
    ["Creator", header?.creator && creator(header.creator)],
    ["Damaged", header?.damaged ? { text: "", badges: [{ text: "yes: changes are refused", tone: "error" }] } : "no"],
    ["Protected", protection?.length ? protection.map((range) =>
      `${hex(range.offset)} + ${bytes(range.length)}: ${range.access}${range.locked === "no" ? "" : ", locked"}`).join("; ") : undefined],
  ]);
}

function creator(value) {
  if (typeof value !== "object") return visible(value);
  return `${visible(value.name ?? "")} (${value.pid})`.trim();
}

function renderLock(lock) {
  const isBad = lock && lock.verdict !== "ok";
  show(byId("lock-state"), {
    className: "figure",
    text: lock?.state ?? "–",
    badges: isBad ? [{ text: lock.verdict, tone: lock.verdict === "ambiguous" ? "warning" : "error" }] : [],
  });
  const statistics = lock?.statistics;
  facts(byId("lock-facts"), [
    ["Owner", lock?.owner ? { text: thread(lock.owner), badges: ownerMarks(lock.owner) } : "nobody"],
    ["Held for", lock?.owner?.heldForMilliseconds == null ? "–" : duration(lock.owner.heldForMilliseconds)],
    ["Taken", statistics && { text: plural(statistics.acquisitions, "time") }],
    ["Found held", statistics && {
      text: percent(statistics.acquisitions ? statistics.contended / statistics.acquisitions : 0),
      title: plural(statistics.contended, "time"),
    }],
    ["Waits", statistics && spread(statistics.waitHistogram)],
    ["Holds", statistics && spread(statistics.holdHistogram)],
    ["Owners that died", statistics && count(statistics.ownerDeaths)],
  ]);

  const waiters = lock?.waiters ?? [];
  setText(byId("waiters-title"), waiters.length ? plural(waiters.length, "waiter") : "No waiters");
  reconcile(
    byId("waiters"), waiters.slice(0, waitersShown), (waiter) => `${waiter.pid} ${waiter.tid}`, () => make("li"),
    (item, waiter) => show(item, {
      text: thread(waiter),
      badges: ownerMarks(waiter),
      note: waiter.waitingForMilliseconds == null ? undefined : `for ${duration(waiter.waitingForMilliseconds)}`,
    }));
}

function thread({ command, pid, tid }) {
  const ids = [pid != null && String(pid), tid != null && tid !== pid && `thread ${tid}`].filter(Boolean);
  return `${visible(command) || "process"} (${ids.join(", ") || "unknown"})`;
}

function ownerMarks(process) {
  const found = [];
  if (process.alive !== undefined && process.alive !== true) {
    found.push({ text: alive(process.alive), tone: process.alive === false ? "error" : "warning" });
  }
  if (["stopped", "traced", "zombie", "dead"].includes(process.threadState)) {
    found.push({ text: process.threadState, tone: "warning" });
  }
  return found;
}

/** The middle and the tail of a histogram whose bounds are powers of two. */
function spread(histogram) {
  const half = boundOf(histogram ?? [], 0.5);
  if (half === undefined) return "none timed";
  return {
    text: `half ≤ ${nanoseconds(half)}, 99 % ≤ ${nanoseconds(boundOf(histogram, 0.99))}`,
    title: `the longest ≤ ${nanoseconds(boundOf(histogram, 1))}`,
  };
}

function renderHeap(heap) {
  if (!heap) {
    show(byId("heap-figure"), { className: "figure", text: "–", note: "no picture of the heap could be taken" });
    byId("heap-meter").hidden = true;
    facts(byId("heap-facts"), []);
    return;
  }
  const share = heap.capacityBytes ? heap.usedBytes / heap.capacityBytes : 0;
  show(byId("heap-figure"), {
    className: "figure", text: percent(share), note: `of ${bytes(heap.capacityBytes)} used`,
  });
  const meter = byId("heap-meter");
  meter.hidden = false;
  meter.value = share;
  const size = (value) => ({ text: bytes(value), title: exactBytes(value) });
  facts(byId("heap-facts"), [
    ["Used", { ...size(heap.usedBytes), note: `in ${plural(heap.usedBlockCount, "block")}` }],
    ["Free", { ...size(heap.freeBytes), note: `in ${plural(heap.freeBlockCount, "block")}` }],
    ["Largest free", size(heap.largestFreeBytes)],
    ["Fragmentation", { text: percent(heap.fragmentation), title: "1 − largest free ÷ free" }],
    ["Most ever used", size(heap.highWaterBytes)],
    ["Policy", heap.policy === "bestFit" ? "best fit" : visible(heap.policy)],
  ]);
}
