// The locks of a segment: who holds each, who waits and for how long, and what that means.

import { boundOf, count, duration, hex, nanoseconds, percent, plural, visible } from "../format.js";
import { facts, make, reconcile, setText, show } from "../dom.js";
import { chart } from "../tabs/chart.js";
import { barTable, button, dataTable, section } from "../tabs/pieces.js";
import { reveal } from "../tabs/picker.js";
import { growth, rate, trimmed, waited } from "../tabs/scale.js";
import { named } from "../tabs/ties.js";
import { nature, thread, trouble, verdict } from "../tabs/words.js";
import { showProvenance } from "./provenance.js";

const spanMilliseconds = 60000;
const waitersMost = 200;
/** The type's number of bytes, for a selection. */
const lockBytes = { mutex: 40, condition: 48, rwlock: 56, semaphore: 32, barrier: 32 };

let actions;
let parts;
const pieces = new WeakMap();

export function connect(host, theActions) {
  actions = theActions;
  parts = { alarms: make("div", { className: "alarms" }), list: make("div", { className: "locks" }), empty: make("p", { className: "empty" }) };
  parts.alarms.setAttribute("role", "alert");
  parts.taken = chart({ title: "Taken a second", format: rate, lines: [{ label: "taken", colour: "--owner-6" }, { label: "had to wait", colour: "--owner-2" }] });
  parts.chart = section("lock-rate", "The segment's lock over time");
  parts.chart.append(parts.taken.node);
  parts.provenance = make("p", { className: "provenance" });
  host.append(parts.alarms, parts.list, parts.empty, parts.chart, parts.provenance);
}

export function render(store) {
  const answer = store.data("locks");
  const participants = store.data("participants")?.participants ?? [];
  const locks = (answer?.locks ?? []).map((lock) => named(lock, participants));
  // The server has no key of its own for these: its words are what tells them.
  const unseen = (answer?.hidden ?? []).find(({ what }) => /wait for the lock/.test(what))?.count ?? 0;
  renderAlarms(locks, unseen);
  reconcile(parts.list, locks, keyOf, makeLock, (node, lock) => fillLock(node, lock, lock.type === "mutex" ? unseen : 0));
  parts.empty.hidden = locks.length > 0;
  setText(parts.empty, answer ? "No lock is known in this object." : "Waiting for the locks…");
  renderChart(store);
  showProvenance(parts.provenance, answer, `segments/${store.route.segment}/locks`);
}

const keyOf = (lock) => `${lock.offset ?? "set"}:${lock.index ?? ""}`;
const nameOf = (lock) => `${visible(lock.label) || lock.type} at ${hex(lock.offset)}`;
/** How many wait now, those that cannot be seen among them. */
const waitingFor = (lock, unseen) => lock.waiters.length + unseen;

/** What cannot go on by itself, in plain words, before anything else. */
function renderAlarms(locks, unseen) {
  const bad = locks.filter((lock) => verdict(lock).tone === "error");
  reconcile(parts.alarms, bad, keyOf, () => {
    const notice = make("div", { className: "notice alarm" });
    notice.dataset.severity = "error";
    notice.append(make("strong"), make("p"));
    return notice;
  }, (notice, lock) => {
    const { title, help } = verdict(lock);
    show(notice.firstElementChild, { text: title });
    const many = waitingFor(lock, lock.type === "mutex" ? unseen : 0);
    const waiters = many > 0 ? `${plural(many, "thread waits", "threads wait")} for it. ` : "";
    show(notice.lastElementChild, { text: `${nameOf(lock)}. ${waiters}${help ?? ""}`.trim() });
  });
}

function makeLock(lock) {
  const id = `lock-${keyOf(lock).replace(/\W/g, "-")}`;
  const state = make("p", { className: "lock-state" });
  const node = section(id, nameOf(lock), button("Show", () => {
    actions.select({ at: lock.offset, to: lock.offset + (lockBytes[lock.type] ?? 4) });
    reveal();
  }, { title: "Select its bytes in the map and in the dump" }));
  node.classList.add("lock");
  const list = make("dl", { className: "facts" });
  const waiters = dataTable({
    id: `${id}-waiters`, caption: `Threads that wait for ${nameOf(lock)}`,
    columns: [{ label: "Waits, the longest first" }, { label: "For", className: "number" }, { label: "Its thread" }],
  });
  node.append(state, list, waiters.node);
  const histograms = make("div", { className: "spread" });
  const times = {};
  for (const [key, title] of [["waitHistogram", "Time waited"], ["holdHistogram", "Time held"]]) {
    times[key] = barTable({ id: `${id}-${key}`, caption: title, labels: [`${title}, up to`, "Times", ""] });
    histograms.append(times[key].node);
  }
  node.append(histograms);
  pieces.set(node, { state, list, waiters, times, histograms });
  return node;
}

/** `unseen` is how many wait who are no participants: it is known that they wait, and not who they are. */
function fillLock(node, lock, unseen) {
  const { state, list, waiters, times, histograms } = pieces.get(node);
  const { tone, title, help } = verdict(lock);
  show(node.querySelector("h2"), { text: nameOf(lock) });
  show(state, {
    className: "lock-state", badges: [{ text: lock.verdict === "ok" ? lock.state : `${lock.state}: ${visible(lock.verdict)}`, tone }],
    note: tone === "error" || !help ? title : `${title}. ${help}`,
  });
  facts(list, entries(lock, unseen));
  waiters.render(lock.waiters.slice(0, waitersMost), (waiter) => `${waiter.pid} ${waiter.tid}`, (waiter) => [
    { className: "who", text: thread(waiter) },
    { className: "number", text: waiter.waitingForMilliseconds == null ? "–" : duration(waiter.waitingForMilliseconds) },
    { text: trouble(waiter) ? "" : waiter.threadState, badges: [trouble(waiter)].filter(Boolean) },
  ]);
  histograms.hidden = !lock.statistics;
  if (!lock.statistics) return;
  times.waitHistogram.render(bars(waited(lock.statistics.waitHistogram)), noWaits(waitingFor(lock, unseen)));
  times.holdHistogram.render(bars(lock.statistics.holdHistogram ?? []), "Nothing was timed yet.");
}

function bars(histogram) {
  return trimmed(histogram, "upToNanoseconds").map((bucket) => ({
    key: String(bucket.upToNanoseconds), label: { text: nanoseconds(bucket.upToNanoseconds) }, value: bucket.count, text: count(bucket.count),
  }));
}

/** A wait is timed when it ends: those under way are in no histogram. */
function noWaits(waiting) {
  return waiting > 0 ? `No wait has ended yet; ${count(waiting)} ${waiting === 1 ? "is" : "are"} under way.` : "Nobody has waited.";
}

function entries(lock, unseen) {
  const { statistics, owner } = lock;
  const bad = owner && trouble(owner);
  return [
    ["Owner", owner ? {
      text: thread(owner), badges: bad ? [bad] : owner.threadState ? [{ text: owner.threadState }] : [],
    } : lock.ownerCandidates?.length ? { text: `one of ${lock.ownerCandidates.map(thread).join(", ")}` } : lock.type === "condition" ? undefined : "nobody"],
    ["Held for", owner && owner.heldForMilliseconds != null ? duration(owner.heldForMilliseconds) : undefined],
    ["Waiters", {
      text: lock.waiters.length > 0 ? plural(lock.waiters.length, "thread") : unseen > 0 ? "nobody known" : "nobody",
      note: unseen > 0 ? `and ${count(unseen)} that cannot be seen: no participant yet` : undefined,
    }],
    ["Value", lock.value == null ? undefined : count(lock.value)],
    ["Kind", nature(lock)],
    ["Known by", lock.evidence?.join(", ")],
    ...(statistics ? takes(statistics, waitingFor(lock, unseen)) : []),
    ["Owners that died", statistics && {
      text: count(statistics.ownerDeaths), badges: statistics.ownerDeaths > 0 ? [{ text: "recovered from", tone: "warning" }] : [],
    }],
    ["Waits", statistics && waits(statistics, waitingFor(lock, unseen))],
    ["Holds", statistics && spread(statistics.holdHistogram, `${plural(statistics.sampled, "take")} that did not wait were timed`)],
  ];
}

/** How often the lock was had, at once or not. Who waits now has found it held as well, and is counted only when it has it. */
function takes({ acquisitions, contended }, waiting) {
  const found = contended + waiting;
  return [
    ["Taken", plural(acquisitions, "time")],
    ["Taken at once", { text: plural(Math.max(0, acquisitions - contended), "time"), title: "without a wait" }],
    ["Found held by another", {
      text: plural(found, "time"),
      note: [percent(found > 0 ? found / (acquisitions + waiting) : 0), waiting > 0 && `${count(waiting)} of them ${waiting === 1 ? "waits" : "wait"} now`].filter(Boolean).join("; "),
    }],
  ];
}

/** The waits that have ended, and how many have not. */
function waits(statistics, waiting) {
  const ended = waited(statistics.waitHistogram);
  if (boundOf(ended, 1) === undefined) return { text: waiting > 0 ? "none has ended yet" : "none" };
  return { ...spread(ended), note: waiting > 0 ? `${count(waiting)} under way` : undefined };
}

/** The middle and the tail of a histogram whose bounds are powers of two. */
function spread(histogram = [], title = "") {
  const half = boundOf(histogram, 0.5);
  if (half === undefined) return { text: "none timed" };
  return {
    text: `half ≤ ${nanoseconds(half)}, 99 % ≤ ${nanoseconds(boundOf(histogram, 0.99))}`,
    title: [`the longest ≤ ${nanoseconds(boundOf(histogram, 1))}`, title].filter(Boolean).join("; "),
  };
}

function renderChart(store) {
  const statistics = store.data("segment")?.lock?.statistics;
  parts.chart.hidden = !statistics;
  if (!statistics) return;
  const range = store.history.range;
  const to = range?.to ?? 0;
  const serieses = [growth(store.series("acquisitions")), growth(store.series("contended"))];
  const latest = (series) => store.isPast ? series.findLast(({ at }) => at <= store.pastAt) : series.at(-1);
  parts.taken.render({
    from: Math.min(range?.from ?? 0, to - spanMilliseconds), to, mark: store.pastAt, serieses,
    figure: { text: rate(latest(serieses[0])?.value), title: "acquisitions a second" },
    notes: [`${count(statistics.acquisitions)} in all`, `${rate(latest(serieses[1])?.value)}, ${count(statistics.contended)} in all`],
  });
}
