// One lock of a segment: its state and what that means, who has it and who waits, and what is known of it.

import { boundOf, clock, count, duration, hex, nanoseconds, percent, plural, visible } from "../../format.js";
import { facts, make, reconcile, show } from "../../dom.js";
import { doing, evidenceWords, holderWords, isOwnerless, lockBytes, lockName, processLink } from "../../locks/words.js";
import { barTable, button, dataTable, section } from "../../tabs/pieces.js";
import { reveal } from "../../tabs/picker.js";
import { trimmed, waited } from "../../tabs/scale.js";
import { nature, thread, trouble, verdict } from "../../tabs/words.js";

const waitersMost = 200;
const candidatesMost = 12;

const pieces = new WeakMap();

/** Two that begin at one place are two locks. */
export const keyOf = (lock) => `${lock.offset ?? "set"}:${lock.index ?? ""}:${lock.type}`;
/** How many wait now, those that cannot be seen among them. */
export const waitingFor = (lock, unseen) => lock.waiters.length + unseen;

export function makeLock(lock, { select }) {
  const id = `lock-${keyOf(lock).replace(/\W/g, "-")}`;
  const state = make("p", { className: "lock-state" });
  // A semaphore of a set has no bytes that one could see.
  const aside = lock.offset === undefined ? [] : [button("Show", () => {
    select({ at: lock.offset, to: lock.offset + lockBytes(lock.type) });
    reveal();
  }, { title: "Select its bytes in the map and in the dump" })];
  const node = section(id, lockName(lock), ...aside);
  node.classList.add("lock");
  const told = make("div", { className: "lock-told" });
  const list = make("dl", { className: "facts" });
  const waiters = dataTable({
    id: `${id}-waiters`, caption: `Threads that wait for the ${lockName(lock)}`,
    columns: [{ label: "Waits, the longest first" }, { label: "For", className: "number" }, { label: "Its thread" }],
  });
  const more = make("div");
  node.append(state, told, list, waiters.node, more);
  pieces.set(node, { id, state, told, list, waiters, more });
  return node;
}

/** `unseen` is how many wait who are no participants: it is known that they wait, and not who they are. */
export function fillLock(node, lock, unseen) {
  const { state, told, list, waiters } = pieces.get(node);
  const { tone, title, help } = verdict(lock);
  show(node.querySelector("h2"), { text: lockName(lock) });
  show(state, {
    className: "lock-state", badges: [{ text: lock.verdict === "ok" ? lock.state : `${lock.state}: ${visible(lock.verdict)}`, tone }],
    note: tone === "error" || !help ? title : `${title}. ${help}`,
  });
  const sentences = [lock.message, ...(lock.caveats ?? []).map((caveat) => `Not sure: ${caveat}`)].filter(Boolean);
  reconcile(told, sentences, (text) => text, () => make("p"), (line, text) => show(line, { text: visible(text) }));
  facts(list, entries(lock, unseen));
  waiters.render(lock.waiters.slice(0, waitersMost), (waiter) => `${waiter.pid} ${waiter.tid}`, waiterCells);
  if (lock.statistics) showTimes(pieces.get(node), lock, unseen);
  if (lock.lastHolders?.length > 0) showHolders(pieces.get(node), lock);
}

function waiterCells(waiter) {
  const badges = [trouble(waiter), waiter.timed && { text: "with a time limit", title: "It gives up by itself after a time" }].filter(Boolean);
  return [
    { className: "who", text: thread(waiter), href: waiter.pid == null ? undefined : processLink(waiter), route: true },
    { className: "number", text: waiter.waitingForMilliseconds == null ? "unknown" : `≥ ${duration(waiter.waitingForMilliseconds)}` },
    { text: trouble(waiter) ? "" : waiter.threadState, badges },
  ];
}

// What only some locks have, made when it is first there

function showTimes(piece, lock, unseen) {
  if (!piece.times) {
    piece.times = {};
    const histograms = make("div", { className: "spread" });
    for (const [key, title] of [["waitHistogram", "Time waited"], ["holdHistogram", "Time held"]]) {
      piece.times[key] = barTable({ id: `${piece.id}-${key}`, caption: title, labels: [`${title}, up to`, "Times", ""] });
      histograms.append(piece.times[key].node);
    }
    piece.more.append(histograms);
  }
  piece.times.waitHistogram.render(bars(waited(lock.statistics.waitHistogram)), noWaits(waitingFor(lock, unseen)));
  piece.times.holdHistogram.render(bars(lock.statistics.holdHistogram ?? []), "Nothing was timed yet.");
}

function showHolders(piece, lock) {
  if (!piece.holders) {
    piece.holders = dataTable({
      id: `${piece.id}-holders`, caption: `Who changed something under the ${lockName(lock)} last`,
      columns: [{ label: "Changed something last" }, { label: "At", className: "number" }, { label: "Its operation", className: "number" }],
    });
    piece.more.append(piece.holders.node);
  }
  const latest = [...lock.lastHolders].sort((a, b) => b.sequence - a.sequence);
  piece.holders.render(latest, ({ slot, generation }) => `${slot} ${generation}`, (holder) => [
    { className: "who", text: holder.pid == null ? `slot ${holder.slot}` : `${visible(holder.name) || "unnamed"} (${holder.pid})`, title: `slot ${holder.slot}, generation ${holder.generation}` },
    { className: "number", text: clock(holder.at), title: holder.at }, { className: "number", text: `#${count(holder.sequence)}` },
  ]);
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

// Facts

function entries(lock, unseen) {
  const { statistics, owner } = lock;
  return [
    ["Owner", ownerFact(lock)],
    ["Held for", owner && owner.heldForMilliseconds != null ? duration(owner.heldForMilliseconds) : undefined],
    ["Waiters", {
      text: lock.waiters.length > 0 ? plural(lock.waiters.length, "thread") : unseen > 0 ? "nobody known" : "nobody",
      note: unseen > 0 ? `and ${count(unseen)} that cannot be seen: no participant yet` : undefined,
    }],
    valueFact(lock),
    ["Kind", nature(lock)],
    ["Known by", lock.evidence && evidenceWords(lock.evidence)],
    ["Seen", lock.scannedAt && { text: `at ${clock(lock.scannedAt)} UTC`, note: "by the search for unknown locks, and not since" }],
    ...(statistics ? takes(statistics, waitingFor(lock, unseen)) : []),
    ["Owners that died", statistics && {
      text: count(statistics.ownerDeaths), badges: statistics.ownerDeaths > 0 ? [{ text: "recovered from", tone: "warning" }] : [],
    }],
    ["Waits", statistics && waits(statistics, waitingFor(lock, unseen))],
    ["Holds", statistics && spread(statistics.holdHistogram, `${plural(statistics.sampled, "take")} that did not wait were timed`)],
  ];
}

function ownerFact(lock) {
  const { owner, ownerCandidates = [], type, state } = lock;
  if (owner) {
    const bad = trouble(owner);
    return { text: thread(owner), badges: bad ? [bad] : owner.threadState ? [{ text: doing(owner) }] : [] };
  }
  if (ownerCandidates.length > 0) {
    const named = ownerCandidates.slice(0, candidatesMost).map((one) => [thread(one), trouble(one)?.text ?? one.threadState].filter(Boolean).join(", "));
    return { text: `one of: ${named.join("; ")}`, note: ownerCandidates.length > named.length ? `and ${count(ownerCandidates.length - named.length)} more` : undefined };
  }
  if (isOwnerless(type)) return undefined;
  return state === "free" ? "nobody" : holderWords({ report: lock, out: [] });
}

const values = { rwlock: "Readers", barrier: "Arrived", condition: "Counted as waiting", futex: "Word" };

function valueFact({ type, value }) {
  const name = values[type] ?? "Value";
  return [name, value == null ? undefined : type === "futex" ? { text: String(value), note: hex(value) } : count(value)];
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
