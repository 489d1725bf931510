// What the overview says of a segment, and which segments it shows in which order. Pure: nothing here knows of the page.

import { count, plural, visible } from "../../format.js";

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

/** What is to be called by its name: an object without one has its id. */
export function nameOf(segment) {
  return visible(segment.name) || segment.id;
}

export function ownerName(segment) {
  return visible(segment.user ?? `uid ${segment.uid}`);
}

/** States of health, the worst first. */
export const healths = [
  { key: "error", name: "broken", tone: "error" },
  { key: "warning", name: "doubtful", tone: "warning" },
  { key: "orphaned", name: "orphaned", tone: "warning" },
  { key: "deleted", name: "deleted", tone: "warning" },
  { key: "fine", name: "nothing found" },
];

/** The key of the worst that is known about a segment. */
export function healthOf(segment) {
  const findings = segment.findings ?? [];
  if (segment.header?.damaged || findings.some((finding) => finding.severity === "error")) return "error";
  if (findings.some((finding) => finding.severity === "warning")) return "warning";
  if (segment.orphaned) return "orphaned";
  if (segment.deleted) return "deleted";
  return "fine";
}

const badRank = new Map(healths.map(({ key }, index) => [key, healths.length - index]));

/** What is to be known about a segment's health at a glance. */
export function badges(segment) {
  const found = [];
  if (segment.header?.damaged) found.push({ text: "damaged", tone: "error", title: "Changes are refused" });
  for (const finding of segment.findings ?? []) {
    const text = visible(finding.code);
    if (!found.some((badge) => badge.text === text)) found.push({ text, tone: finding.severity, title: visible(finding.message) });
  }
  if (segment.orphaned) found.push({ text: "orphaned", tone: "warning", title: "No process has it mapped" });
  if (segment.deleted) found.push({ text: "deleted", tone: "warning", title: "Its name is gone; its memory is not" });
  return found;
}

/** When it began, in milliseconds since the epoch; NaN where nobody knows. */
export function bornAt(segment) {
  return Date.parse(segment.createdAt ?? segment.changedAt);
}

export function mappers(segment) {
  return segment.mapperCount == null ? "unknown" : plural(segment.mapperCount, "process", "processes");
}

/** One line about a segment, for a screen reader. */
export function sentence(segment, size) {
  const parts = [
    nameOf(segment), kindName(segment.kind), `${size(segment.residentBytes)} in memory of ${size(segment.sizeBytes)}`,
    segment.mapperCount == null ? "mapped by nobody knows how many" : `mapped by ${mappers(segment)}`,
    `owner ${ownerName(segment)}`, ...badges(segment).map((badge) => badge.text),
  ];
  return parts.join(", ");
}

// Groups: what a colour stands for

/** Ways to colour, and so to group. */
export const colourings = [
  { key: "kind", name: "kind" },
  { key: "health", name: "health" },
  { key: "owner", name: "owner" },
];

/** The key of a segment's group. */
export function groupOf(segment, colouring) {
  if (colouring === "health") return healthOf(segment);
  if (colouring === "owner") return String(segment.uid);
  return String(segment.kind);
}

export function colouringOf(route) {
  return colourings.some(({ key }) => key === route.colour) ? route.colour : "kind";
}

export function hiddenGroups(route) {
  return new Set((route.hide ?? "").split(",").filter(Boolean));
}

/** The route's `hide` with one group in or out. */
export function toggled(route, group) {
  const hidden = hiddenGroups(route);
  if (!hidden.delete(group)) hidden.add(group);
  return hidden.size > 0 ? [...hidden].sort().join(",") : undefined;
}

/** The groups that there are: `[{key, name, count, bytes}]`, kinds and health in their own order, owners by bytes. */
export function groups(segments, colouring) {
  const found = new Map();
  for (const segment of segments) {
    const key = groupOf(segment, colouring);
    let group = found.get(key);
    if (!group) found.set(key, group = { key, name: groupName(segment, key, colouring), count: 0, bytes: 0 });
    group.count += 1;
    group.bytes += segment.residentBytes || 0;
  }
  const order = colouring === "health" ? healths : colouring === "kind" ? kinds : [];
  const rank = ({ key }) => {
    const index = order.findIndex((one) => one.key === key);
    return index < 0 ? order.length : index;
  };
  return [...found.values()].sort((a, b) => rank(a) - rank(b) || b.bytes - a.bytes || (a.key < b.key ? -1 : 1));
}

function groupName(segment, key, colouring) {
  if (colouring === "health") return healths.find((health) => health.key === key).name;
  return colouring === "owner" ? ownerName(segment) : kindName(key);
}

// Filters

/** The filters that are on or off, with what each lets through. */
export const toggles = [
  { key: "managed", name: "managed", about: "made by shmlens: with a heap and a lock", passes: (segment) => segment.managed === true },
  { key: "orphaned", name: "orphaned", about: "mapped by nobody", passes: (segment) => segment.orphaned === true },
  { key: "deleted", name: "deleted", about: "without a name, still in memory", passes: (segment) => segment.deleted === true },
  { key: "findings", name: "with findings", about: "something is wrong or worth knowing", passes: (segment) => (segment.findings?.length ?? 0) > 0 },
];

const filterKeys = ["q", "kind", "hide", ...toggles.map(({ key }) => key)];

export function isFiltered(route) {
  return filterKeys.some((key) => route[key]);
}

/** A part of a route without any filter. */
export function withoutFilters() {
  return Object.fromEntries([...filterKeys, "page"].map((key) => [key, undefined]));
}

/** The segments that pass a route's filters, in the order in which they came. */
export function filtered(segments, route) {
  const text = route.q?.toLowerCase();
  const on = toggles.filter(({ key }) => route[key] === "true");
  const hidden = hiddenGroups(route);
  const colouring = colouringOf(route);
  if (!text && !route.kind && on.length === 0 && hidden.size === 0) return segments;
  return segments.filter((segment) =>
    (!route.kind || segment.kind === route.kind)
    && on.every(({ passes }) => passes(segment))
    && (!text || holds(segment, text))
    && !hidden.has(groupOf(segment, colouring)));
}

/** The name as it is and as it is shown, for who copies what they see. */
function holds(segment, text) {
  return [segment.name, nameOf(segment), segment.id, segment.family, segment.user]
    .some((field) => field && String(field).toLowerCase().includes(text));
}

// Order

/** The columns' orders: how a segment counts in each, and which end is looked for first. */
const orders = {
  name: { of: (segment) => nameOf(segment).toLowerCase() },
  kind: { of: (segment) => kindName(segment.kind).toLowerCase() },
  sizeBytes: { of: (segment) => segment.sizeBytes, largestFirst: true },
  residentBytes: { of: (segment) => segment.residentBytes, largestFirst: true },
  mapperCount: { of: (segment) => segment.mapperCount ?? NaN, largestFirst: true },
  user: { of: (segment) => ownerName(segment).toLowerCase() },
  age: { of: (segment) => -bornAt(segment), largestFirst: true },
  health: { of: (segment) => badRank.get(healthOf(segment)), largestFirst: true },
};

export const defaultSort = "-residentBytes";

/** `{key, isDescending}` of a route; what is no order is the default one. */
export function sortOf(route) {
  const sort = /^-?/.test(route.sort ?? "") && orders[(route.sort ?? "").replace(/^-/, "")] ? route.sort : defaultSort;
  return { key: sort.replace(/^-/, ""), isDescending: sort.startsWith("-") };
}

/** What a press on a column's header asks for: its own order first, then the other way round. */
export function nextSort(key, route) {
  const now = sortOf(route);
  const first = Boolean(orders[key].largestFirst);
  const isDescending = now.key === key ? !now.isDescending : first;
  return (isDescending ? "-" : "") + key;
}

/** A sorted copy. Equals keep the order of their ids, and what is not known comes last either way. */
export function sorted(segments, { key, isDescending }) {
  const of = orders[key].of;
  const keyed = segments.map((segment) => ({ segment, value: of(segment) }));
  const unknown = (value) => value === undefined || Number.isNaN(value);
  keyed.sort((a, b) => {
    if (unknown(a.value) || unknown(b.value)) {
      if (unknown(a.value) !== unknown(b.value)) return unknown(a.value) ? 1 : -1;
    } else if (a.value !== b.value) {
      return (a.value < b.value ? -1 : 1) * (isDescending ? -1 : 1);
    }
    return a.segment.id < b.segment.id ? -1 : a.segment.id > b.segment.id ? 1 : 0;
  });
  return keyed.map(({ segment }) => segment);
}

// Pages

export const pageRows = 200;

/** The rows of one page: `{page, pages, from, to}`, counted from 1, `from` and `to` as of a slice. */
export function pageOf(route, total) {
  const pages = Math.max(1, Math.ceil(total / pageRows));
  const asked = Number.parseInt(route.page ?? "1", 10);
  const page = Math.min(pages, Math.max(1, Number.isFinite(asked) ? asked : 1));
  return { page, pages, from: (page - 1) * pageRows, to: Math.min(total, page * pageRows) };
}

// What is not seen

const rights = {
  CAP_SYS_PTRACE: "looking into processes of other users",
  CAP_DAC_READ_SEARCH: "reading files of other users",
  CAP_CHECKPOINT_RESTORE: "opening what other processes have mapped",
};

/** What was hidden, each once: `[{what, count, needs, words}]`, with `words` for people. */
export function hiddenFrom(...answers) {
  const found = new Map();
  for (const hidden of answers.flatMap((answer) => answer?.hidden ?? [])) {
    const key = `${hidden.what} ${hidden.needs ?? ""}`;
    if ((found.get(key)?.count ?? -1) < hidden.count) found.set(key, hidden);
  }
  return [...found.values()].map((hidden) => ({ ...hidden, words: hiddenWords(hidden) }));
}

function hiddenWords({ what, count: number, needs }) {
  const seen = `${visible(what)}: ${count(number)} not seen.`;
  if (!needs) return seen;
  const known = [...new Set(String(needs).match(/CAP_[A-Z_]+/g) ?? [])];
  if (known.length === 0) return `${seen} ${visible(needs)} would show ${number === 1 ? "it" : "them"}.`;
  const means = known.filter((right) => rights[right]).map((right) => `${right}: ${rights[right]}`).join("; ");
  return `${seen} The server would need ${visible(needs)}${means ? ` (${means})` : ""}, or to run as root with all its rights.`;
}
