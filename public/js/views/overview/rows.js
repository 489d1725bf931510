// What the overview says of an object, in words. Pure: nothing here knows of the page.

import { count, duration, plural, visible } from "../../format.js";

/** Kinds of objects, in the order of legends and choices. Those that a server does not know yet have their place. */
export const kinds = [
  { key: "posix", name: "POSIX", about: "named objects in /dev/shm" },
  { key: "sysv", name: "System V", about: "segments of shmget, named by a key or not at all" },
  { key: "memfd", name: "memfd", about: "unnamed files of memfd_create" },
  { key: "anonymous", name: "anonymous", about: "memory that a process shares with its children" },
  { key: "file", name: "mapped file", about: "files that several processes map" },
  { key: "semaphore", name: "semaphore", about: "named POSIX semaphores in /dev/shm" },
  { key: "sysvSemaphore", name: "System V semaphores", about: "sets of semget" },
];

/** A kind in words; one that this page has never heard of by its own name. */
export function kindName(key) {
  return kinds.find((kind) => kind.key === key)?.name ?? visible(key ?? "unknown");
}

/** How many objects there are of each kind: `[{key, name, count}]`, those without any left out. */
export function kindCounts(counts = {}) {
  const known = kinds.map(({ key }) => key);
  const others = Object.keys(counts).filter((key) => !known.includes(key)).sort();
  return [...known, ...others].filter((key) => counts[key] > 0)
    .map((key) => ({ key, name: kindName(key), count: counts[key] }));
}

/** What is to be called by its name: an object without one has its id. */
export function nameOf(segment) {
  return visible(segment.name) || segment.id;
}

export function ownerName(segment) {
  return visible(segment.user ?? (segment.uid == null ? "unknown" : `uid ${segment.uid}`));
}

/** States of health, the worst first. */
export const healths = [
  { key: "error", name: "broken" },
  { key: "warning", name: "doubtful" },
  { key: "orphaned", name: "orphaned" },
  { key: "deleted", name: "deleted" },
  { key: "fine", name: "nothing found" },
];

/** The key of the worst that is known about a segment. */
export function healthOf(segment) {
  const findings = segment.findings ?? [];
  if (findings.some((finding) => finding.severity === "error")) return "error";
  if (findings.some((finding) => finding.severity === "warning")) return "warning";
  if (segment.orphaned) return "orphaned";
  if (segment.deleted) return "deleted";
  return "fine";
}

/** What is to be known about a segment's health at a glance. */
export function badges(segment) {
  const found = [];
  for (const finding of segment.findings ?? []) {
    const text = visible(finding.code);
    if (!leftoverCodes.includes(finding.code) && !found.some((badge) => badge.text === text)) found.push({ text, tone: finding.severity, title: visible(finding.message) });
  }
  if (segment.orphaned) found.push({ text: "orphaned", tone: "warning", title: evidence(segment, "orphaned") ?? "No process maps it or has it open" });
  if (segment.deleted) found.push({ text: "deleted", tone: "warning", title: evidence(segment, "deletedHeld") ?? "Its name is gone; its memory is not" });
  return found;
}

/** Findings that a segment's own keys say in short: `orphaned` and `deleted`. */
export const leftoverCodes = ["orphaned", "deletedHeld"];

function evidence(segment, code) {
  const finding = segment.findings?.find((one) => one.code === code);
  return finding && visible(finding.message);
}

/** The server's clock, by which ages are told: that of the browser may be wrong. */
export function serverTime(status) {
  return status ? Date.parse(status.takenAt) + (status.ageMilliseconds ?? 0) : NaN;
}

/** When it began, in milliseconds since the epoch; NaN where nobody knows. */
export function bornAt(segment) {
  return Date.parse(segment.createdAt ?? segment.changedAt);
}

export function age(segment, now) {
  return duration(now - bornAt(segment));
}

export function mappers(segment) {
  return segment.mapperCount == null ? "unknown" : plural(segment.mapperCount, "process", "processes");
}

/** One line about a segment, for the tip of the pointer and for a screen reader. */
export function sentence(segment, size) {
  const parts = [
    nameOf(segment), kindName(segment.kind), `${size(segment.residentBytes)} in memory of ${size(segment.sizeBytes)}`,
    segment.mapperCount == null ? "processes unknown" : `mapped by ${mappers(segment)}`,
    `owner ${ownerName(segment)}`, ...badges(segment).map((badge) => badge.text),
  ];
  return parts.join(", ");
}

// What is not seen

const rights = {
  CAP_SYS_PTRACE: "looking into processes of other users",
  CAP_DAC_READ_SEARCH: "reading files of other users",
  CAP_CHECKPOINT_RESTORE: "opening what other processes have mapped",
  CAP_FOWNER: "reading without a trace",
};

/** What was hidden, each once: `[{what, count, needs, words}]`, with `words` for people. */
export function hiddenFrom(...answers) {
  const found = new Map();
  for (const hidden of answers.flatMap((answer) => answer?.hidden ?? [])) {
    const key = `${hidden.what} ${hidden.needs ?? ""}`;
    if ((found.get(key)?.count ?? -1) < hidden.count) found.set(key, hidden);
  }
  return [...found].map(([key, hidden]) => ({ key, ...hidden, words: hiddenWords(hidden) }));
}

function hiddenWords({ what, count: number, needs }) {
  const seen = `Not seen: ${count(number)} × ${visible(what)}.`;
  if (!needs) return seen;
  const known = [...new Set(String(needs).match(/CAP_[A-Z_]+/g) ?? [])].filter((right) => rights[right]);
  const means = known.map((right) => known.length === 1 ? rights[right] : `${right}: ${rights[right]}`).join("; ");
  if (needs === "no further right") return `${seen} The system keeps this from everybody.`;
  return `${seen} The server would need ${visible(needs)}${means ? ` (${means})` : ""}.`;
}
