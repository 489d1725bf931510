// What the legend of a map lists, and how the address says what is faded in it. Pure.

import { visible } from "../format.js";

/** So many classes at most, those that are faded not counted: those can always be brought back. */
export const classesShown = 14;

/** The keys that an address hides. What is written there may be anything. */
export function hiddenFrom(text) {
  return new Set((text ?? "").split(",").filter(Boolean).map(decoded));
}

/** The same as the address has it; undefined for none. */
export function hideOf(keys) {
  return [...keys].map(encodeURIComponent).join(",") || undefined;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The classes to list, the largest first, and behind them those that are faded and not in sight. `known` are classes
 * that were seen before, by key: an address may name others.
 */
export function legendOf(classes, hidden, known = new Map()) {
  const sorted = [...classes.values()].sort((a, b) => b.bytes - a.bytes);
  const first = new Set(sorted.filter(({ key }) => !hidden.has(key)).slice(0, classesShown));
  const listed = sorted.filter((entry) => first.has(entry) || hidden.has(entry.key));
  const unseen = [...hidden].filter((key) => !classes.has(key));
  return [...listed, ...unseen.map((key) => ({ label: visible(key.replace(/^\w+:/, "") || key), colour: "owner-0", ...known.get(key), key, bytes: 0 }))];
}
