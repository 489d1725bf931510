// Which processes have which pages of an object in their page tables: stretches with the same set of them. Pure.

import { plural, visible } from "../format.js";

const hues = 8;

/** What a process is called here. */
export function processName({ pid, command }) {
  return `${visible(command) || "?"} (${pid})`;
}

/**
 * `[{offset, length, pids}]`, in order: each a stretch that exactly those processes have, those that nobody has left out.
 * `mappings` are the server's, with `touched`.
 */
export function stretchesOf(mappings) {
  const edges = [];
  for (const { pid, touched } of mappings) {
    for (const { offset, length } of touched ?? []) {
      if (length > 0) edges.push({ at: offset, pid, step: 1 }, { at: offset + length, pid, step: -1 });
    }
  }
  edges.sort((a, b) => a.at - b.at);
  const found = [];
  // A process may have mapped the same pages twice.
  const having = new Map();
  let from = 0;
  for (let index = 0; index < edges.length; index += 1) {
    const { at, pid, step } = edges[index];
    if (at > from && having.size > 0) put(found, from, at, [...having.keys()].sort((a, b) => a - b));
    from = at;
    const times = (having.get(pid) ?? 0) + step;
    if (times > 0) having.set(pid, times);
    else having.delete(pid);
  }
  return found;
}

function put(found, from, to, pids) {
  const last = found.at(-1);
  if (last && last.offset + last.length === from && last.pids.join() === pids.join()) last.length += to - from;
  else found.push({ offset: from, length: to - from, pids });
}

/** Process → its name, of the server's mappings. */
export function namesOf(mappings) {
  return new Map(mappings.map((mapping) => [mapping.pid, processName(mapping)]));
}

/** The class of a stretch: whose it is where one process alone has it, else how many have it. */
export function classOfStretch({ pids }, names) {
  if (pids.length > 1) return { key: `touched:${pids.length}`, label: `${pids.length} processes`, colour: `ramp-${Math.min(5, pids.length - 1)}` };
  const [pid] = pids;
  return { key: `pid:${pid}`, label: `only ${names.get(pid) ?? pid}`, colour: `owner-${pid % hues + 1}` };
}

export const untouchedClass = { key: "untouched", label: "in nobody's page tables", colour: "free" };

/** What a stretch is, in one line. */
export function stretchWords({ pids }, names) {
  const named = pids.slice(0, 4).map((pid) => names.get(pid) ?? String(pid)).join(", ");
  return `mapped in by ${named}${pids.length > 4 ? ` and ${plural(pids.length - 4, "other")}` : ""}`;
}
