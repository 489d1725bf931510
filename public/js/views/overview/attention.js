// What needs attention, the worst first. Pure: answers of the server in, lines out.

import { bytes, count, duration, hex, plural, visible } from "../../format.js";
import { bornAt, nameOf } from "./rows.js";

/** Places that a line names at most; the others are behind its last link. */
const placesMaximum = 3;
/** A lock that is held longer than this, and one that others wait for longer than this, is worth a line. */
const heldMilliseconds = 1000;
const severities = ["error", "warning", "info"];

/**
 * The lines: `[{key, severity, label, text, places: [{text, title?, route}], more?: {text, route}}]`.
 *
 * `locks` is a list of `{id, locks}`; `deadlocks` what a server tells of circles of waiting threads, where it does.
 */
export function attention({ status, segments = [], locks = [], deadlocks = [], now = NaN }) {
  const byId = new Map(segments.map((segment) => [segment.id, segment]));
  const lines = [
    ...deadlocks.map((deadlock, index) => deadlockLine(deadlock, index, byId)),
    ...locks.flatMap(({ id, locks: list }) => list.map((lock) => lockLine(byId.get(id) ?? { id }, lock))).filter(Boolean),
    ...(status?.findings ?? []).map(hostLine),
    ...findingLines(segments),
    ...leftovers(segments, now),
  ];
  const rank = ({ severity }) => severities.indexOf(severity);
  // Sorting is stable: what was put first stays first among its equals.
  return lines.sort((a, b) => rank(a) - rank(b));
}

/** What only the server of later days can tell: a circle of threads, each waiting for the next. */
function deadlockLine({ threads = [], locks = [] }, index, byId) {
  const who = threads.map((thread) => `${visible(thread.command)} (${thread.tid ?? thread.pid})`).join(" → ");
  return {
    key: `deadlock ${locks.map((lock) => `${lock.segment} ${lock.offset}`).join(" ") || index}`,
    severity: "error", label: "deadlock", text: `${plural(threads.length, "thread")} wait for one another: ${who}.`,
    places: locks.slice(0, placesMaximum).map((lock) => ({
      text: `${nameOf(byId.get(lock.segment) ?? { id: lock.segment })} at ${hex(lock.offset)}`,
      route: { segment: lock.segment, tab: "locks" },
    })),
  };
}

// Locks

const verdicts = {
  deadlock: "is part of a circle of waiting threads",
  willAbort: "will end the process that takes it next",
  ownerNotMapping: "has an owner that does not map the object any more",
  phantomReaders: "counts readers that are not there",
  deadWaiters: "counts waiters that are not there",
  waitingOnNobody: "is waited for and held by nobody",
  ambiguous: "cannot be told with certainty",
};
const brokenStates = {
  notRecoverable: "can never be taken again",
  corrupt: "is corrupt",
  destroyed: "was destroyed",
};

function lockLine(segment, lock) {
  const found = lockState(lock);
  if (!found) return undefined;
  const name = `${lock.type ?? "lock"}${lock.label ? ` “${visible(lock.label)}”` : ` at ${hex(lock.offset)}`}`;
  const waiting = lock.waiters?.length ?? 0;
  const queue = waiting > 0 ? ` ${plural(waiting, "thread")} ${waiting === 1 ? "waits" : "wait"} for it.` : "";
  return {
    key: `lock ${segment.id} ${lock.offset ?? lock.index}`,
    severity: found.severity, label: found.label, text: `The ${name} ${found.text}.${queue}`,
    places: [{ text: nameOf(segment), title: segment.id, route: { segment: segment.id, tab: "locks" } }],
  };
}

/** `{severity, label, text}` of a lock that is worth a line. */
function lockState(lock) {
  const { owner, state, verdict } = lock;
  const waiting = lock.waiters?.length ?? 0;
  const who = owner ? `${visible(owner.command) || "a process"} (${owner.pid ?? "?"})` : "somebody";
  if (brokenStates[state]) return { severity: "error", label: state === "notRecoverable" ? "lock lost" : `lock ${state}`, text: brokenStates[state] };
  if (state === "ownerDead" || verdict === "ownerDead" || owner?.alive === false || ["zombie", "dead"].includes(owner?.threadState)) {
    const next = lock.recoverable === false ? "nobody can take it again" : "the next one to take it has to repair what it guards";
    return { severity: lock.recoverable === false || waiting > 0 ? "error" : "warning", label: "holder gone", text: `was held by ${who}, who is gone: ${next}` };
  }
  const held = owner?.heldForMilliseconds;
  const since = held > 0 ? `, for ${duration(held)} now` : "";
  if (verdict === "ownerStopped" || ["stopped", "traced"].includes(owner?.threadState)) {
    const how = owner?.threadState === "traced" ? "stopped by a debugger" : "stopped";
    return { severity: "error", label: "holder stopped", text: `is held by ${who}, who is ${how}${since}` };
  }
  if (verdicts[verdict]) return { severity: verdict === "deadlock" ? "error" : "warning", label: verdict, text: verdicts[verdict] };
  const longest = Math.max(0, ...(lock.waiters ?? []).map((waiter) => waiter.waitingForMilliseconds ?? 0));
  if (longest > heldMilliseconds || (held > heldMilliseconds && waiting > 0)) {
    return { severity: "warning", label: "lock held", text: `is held by ${who}${since}` };
  }
  if (held > heldMilliseconds) return { severity: "info", label: "lock held", text: `is held by ${who}${since}` };
  return undefined;
}

// Findings

function hostLine(finding) {
  return {
    key: `host ${finding.code} ${finding.message}`,
    severity: finding.severity, label: visible(finding.code), text: ended(visible(finding.message)),
    places: [{ text: "the largest objects", route: { sort: "-sizeBytes" } }],
  };
}

/** One line for each code: a hundred of the same kind are one thing to know. */
function findingLines(segments) {
  const byCode = new Map();
  for (const segment of segments) {
    const findings = [...(segment.findings ?? [])];
    if (segment.header?.damaged) findings.push({ code: "damaged", severity: "error", message: "changes are refused" });
    for (const finding of findings) {
      const key = `${finding.severity} ${finding.code}`;
      if (!byCode.has(key)) byCode.set(key, { finding, found: [] });
      const { found } = byCode.get(key);
      if (found.at(-1)?.segment !== segment) found.push({ segment, finding });
    }
  }
  return [...byCode].map(([key, { finding, found }]) => ({
    key: `finding ${key}`,
    severity: severities.includes(finding.severity) ? finding.severity : "info",
    label: visible(finding.code),
    text: found.length === 1 ? ended(visible(finding.message)) : `${plural(found.length, "object")}, the first: ${ended(visible(finding.message))}`,
    ...placesOf(found.map((one) => one.segment), { findings: "true" }),
  }));
}

function leftovers(segments, now) {
  const lines = [];
  const orphans = segments.filter((segment) => segment.orphaned);
  if (orphans.length > 0) {
    const oldest = Math.min(...orphans.map(bornAt).filter(Number.isFinite));
    const since = Number.isFinite(now - oldest) ? `, the oldest for ${duration(now - oldest)}` : "";
    lines.push({
      key: "orphaned", severity: "warning", label: "orphaned",
      text: `${plural(orphans.length, "object")} with ${bytes(resident(orphans))} in memory ${orphans.length === 1 ? "is" : "are"} mapped by nobody${since}.`,
      ...placesOf(orphans, { orphaned: "true" }),
    });
  }
  const deleted = segments.filter((segment) => segment.deleted);
  if (deleted.length > 0) {
    lines.push({
      key: "deleted", severity: "warning", label: "deleted",
      text: `${plural(deleted.length, "object")} without a name still ${deleted.length === 1 ? "holds" : "hold"} ${bytes(resident(deleted))} in memory.`,
      ...placesOf(deleted, { deleted: "true" }),
    });
  }
  return lines;
}

function resident(segments) {
  return segments.reduce((sum, segment) => sum + (segment.residentBytes || 0), 0);
}

/** The largest of them, and the way to all. */
function placesOf(segments, route) {
  const largest = [...segments].sort((a, b) => (b.residentBytes || 0) - (a.residentBytes || 0) || (a.id < b.id ? -1 : 1));
  return {
    places: largest.slice(0, placesMaximum).map((segment) => ({ text: nameOf(segment), title: segment.id, route: { segment: segment.id } })),
    more: segments.length > placesMaximum ? { text: `all ${count(segments.length)}`, route } : undefined,
  };
}

function ended(text) {
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(sentence) ? sentence : `${sentence}.`;
}
