// What needs attention, the worst first. Pure: answers of the server in, lines out.

import { bytes, count, duration, ended, percent, plural, visible } from "../../format.js";
import { placeKey } from "../../locks/graph.js";
import { lockName } from "../../locks/words.js";
import { alarms, circled } from "./alarms.js";
import { bornAt, nameOf, leftoverCodes } from "./rows.js";

/** Places that a line names at most; the others are behind its last link. */
const placesMaximum = 3;
/** A lock that is held longer than this, and one that others wait for longer than this, is worth a line. */
const heldMilliseconds = 1000;
const severities = ["error", "warning", "info"];

/**
 * The lines: `[{key, severity, label, text, places: [{text, title?, route}], more?: {text, route}}]`. A line leads to its
 * places, and `more` to the list with a filter.
 *
 * `insides` is what is known of the insides of managed segments that have something to tell, as the stream has it;
 * `untold` is how many more there are. `waits` is who waits for whom on the host.
 */
export function attention({ status, segments = [], insides = [], untold = 0, waits, now = NaN }) {
  const byId = new Map(segments.map((segment) => [segment.id, segment]));
  const found = insides.map((inside) => ({ ...inside, segment: { ...byId.get(inside.id), ...apart(inside), id: inside.id } }));
  const detailed = new Map(found.map(({ id, segment }) => [id, segment]));
  // Each lock has one line: a circle tells more than a lock of it, the inside of a segment more than a verdict.
  const isCircled = circled(waits);
  const ofLocks = found.flatMap(({ segment, locks }) => locks.map((lock) => ({ key: placeKey({ ...lock, segment: segment.id }), line: lockLine(segment, lock) })))
    .filter(({ key, line }) => line && !isCircled(key));
  const told = new Set(ofLocks.map(({ key }) => key));
  const lines = [
    ...alarms(waits, (verdict) => told.has(placeKey(verdict))),
    ...ofLocks.map(({ line }) => line),
    ...(status?.host?.tmpfs ?? []).flatMap(tmpfsLines),
    ...(status?.findings ?? []).filter(({ code }) => !toldByTmpfs.has(code)).map(hostLine),
    ...findingLines(segments.map((segment) => detailed.get(segment.id) ?? segment)),
    ...found.map(({ segment, participants }) => participantsLine(segment, participants)),
    ...leftovers(segments, now),
    untold > 0 && {
      key: "untold", severity: "info", label: "more", places: [],
      text: `${plural(untold, "more managed segment")} ${untold === 1 ? "has" : "have"} something to tell.`,
    },
  ].filter(Boolean);
  const rank = ({ severity }) => severities.indexOf(severity);
  // Sorting is stable: what was put first stays first among its equals.
  return lines.sort((a, b) => rank(a) - rank(b));
}

/** A segment with those of its findings that do not say what the line of a lock says as well. */
function apart({ segment, locks }) {
  if (!segment) return undefined;
  const isSaid = (finding) => locks.some((lock) => lock.verdict === finding.code && lock.offset === finding.offset);
  return { ...segment, findings: (segment.findings ?? []).filter((finding) => !isSaid(finding)) };
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
  const waiting = lock.waiters?.length ?? 0;
  const queue = waiting > 0 ? ` ${plural(waiting, "thread")} ${waiting === 1 ? "waits" : "wait"} for it.` : "";
  return {
    key: `lock ${segment.id} ${lock.offset ?? lock.index}`,
    severity: found.severity, label: found.label, text: `The ${lockName(lock)} ${found.text}.${queue}`,
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

// Participants

function participantsLine(segment, participants) {
  const gone = participants.filter(({ alive }) => alive === false);
  if (gone.length === 0) return undefined;
  const blocks = gone.reduce((sum, one) => sum + (one.blockCount || 0), 0);
  const size = gone.reduce((sum, one) => sum + (one.sizeBytes || 0), 0);
  const left = blocks > 0 ? ` and left ${plural(blocks, "block")} with ${bytes(size)} that nobody will free` : "";
  return {
    key: `participants ${segment.id}`, severity: "warning", label: "participant gone",
    text: `${plural(gone.length, "participant")} ended without leaving${left}.`,
    places: [{ text: nameOf(segment), title: segment.id, route: { segment: segment.id, tab: "participants" } }],
  };
}

// The host

/** Above this share of a tmpfs there is little left to take. */
const fullShare = { warning: 0.85, error: 0.95 };

/** Findings of the host that say what its figures say: the line of those has units, and leads somewhere. */
const toldByTmpfs = new Set(["overpromised"]);

function tmpfsLines({ path, sizeBytes, usedBytes, promisedBytes }) {
  // A tmpfs may have no limit at all.
  if (!(sizeBytes > 0)) return [];
  const lines = [];
  const share = usedBytes / sizeBytes;
  const places = [{ text: "the largest objects", route: { sort: "-residentBytes" } }];
  if (share >= fullShare.warning) {
    lines.push({
      key: `full ${path}`, severity: share >= fullShare.error ? "error" : "warning", label: "nearly full",
      text: `${visible(path)} is ${percent(share)} full: ${bytes(Math.max(0, sizeBytes - usedBytes))} are left.`, places,
    });
  }
  if (usedBytes + promisedBytes > sizeBytes) {
    lines.push({
      key: `promised ${path}`, severity: "warning", label: "overpromised",
      text: `The objects in ${visible(path)} may by their sizes still take ${bytes(promisedBytes)}, and ${bytes(Math.max(0, sizeBytes - usedBytes))} are left: a process that writes there can die of SIGBUS.`,
      places: [{ text: "the largest by size", route: { sort: "-sizeBytes" } }],
    });
  }
  return lines;
}

// Findings

function hostLine(finding) {
  return {
    key: `host ${finding.code} ${finding.message}`,
    severity: severities.includes(finding.severity) ? finding.severity : "info",
    label: visible(finding.code), text: ended(visible(finding.message)), places: [],
  };
}

/** One line for each code: a hundred of the same kind are one thing to know. */
function findingLines(segments) {
  const byCode = new Map();
  for (const segment of segments) {
    for (const finding of segment.findings ?? []) {
      if (leftoverCodes.includes(finding.code)) continue;
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
    ...placesOf(found.map((one) => one.segment), undefined, found.length === 1 ? finding.offset : undefined),
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
      text: `${plural(orphans.length, "object")} with ${bytes(resident(orphans))} in memory ${orphans.length === 1 ? "is" : "are"} used by nobody${since}.`,
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

/** The largest of them, and the way to all: where there is no filter for that, the number of those not named. */
function placesOf(segments, route, offset) {
  const largest = [...segments].sort((a, b) => (b.residentBytes || 0) - (a.residentBytes || 0) || (a.id < b.id ? -1 : 1));
  const at = offset == null ? {} : { at: String(offset) };
  const many = segments.length > placesMaximum;
  return {
    places: largest.slice(0, placesMaximum).map((segment) => ({ text: nameOf(segment), title: segment.id, route: { segment: segment.id, ...at } })),
    more: !many ? undefined
      : route ? { text: `all ${count(segments.length)}`, route }
        : { text: `and ${count(segments.length - placesMaximum)} more` },
  };
}
