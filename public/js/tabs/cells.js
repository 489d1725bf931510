// What cells of the tabs' tables hold, as dom.js shows it. Pure.

import { bytes, count, duration, elapsed, exactBytes, hex, owner, visible } from "../format.js";
import { hueOfOwner } from "../map/colours.js";

export const none = { text: "–" };
export const noNumber = { className: "number", text: "–" };

export function number(value) {
  return { className: "number", text: count(value) };
}

export function sized(value, className = "number") {
  return Number.isFinite(value) ? { className, text: bytes(value), title: exactBytes(value) } : { className, text: "–" };
}

export function placed(offset) {
  return offset === undefined ? { className: "offset", text: "–" } : { className: "offset", text: hex(offset), title: `offset ${count(offset)}` };
}

/** An owner, with the colour that it has on the map. */
export function owned(report) {
  if (!report) return none;
  const isGone = report.alive === false;
  return {
    hue: hueOfOwner(report), orphaned: isGone, text: owner(report),
    badges: isGone ? [{ text: "gone", tone: "warning" }] : [],
  };
}

/** How long ago something was, from an RFC 3339 time to `now`, such a one or milliseconds. */
export function since(time, now, className = "number") {
  return time ? { className, text: duration(elapsed(time, now)), title: `since ${time}` } : { className, text: "–" };
}

export function tagged(tag) {
  return tag ? { text: visible(tag) } : none;
}

export function stated(state) {
  return state === "orphaned" ? { badges: [{ text: "orphaned", tone: "warning", title: "its owner has ended" }] } : { text: state };
}

/** Kinds of operations and how many of each there were, the most first. */
export function operationsOf(kinds = {}) {
  const known = Object.entries(kinds).filter(([, times]) => times > 0).sort((a, b) => b[1] - a[1]);
  return { total: known.reduce((sum, [, times]) => sum + times, 0), text: known.map(([kind, times]) => `${kind} ${count(times)}`).join(" · ") };
}

/** A route's order if a table knows its key, or else the table's own. */
export function orderOf(sort, keys, otherwise) {
  return sort && keys.includes(sort.replace(/^-/, "")) ? sort : otherwise;
}

/** A list in an order as `key` or `-key`; `valueOf(item, key)` gives text or a number, nothing stands last. */
export function ordered(items, order, valueOf) {
  const key = order.replace(/^-/, "");
  const sign = order.startsWith("-") ? -1 : 1;
  const values = new Map(items.map((item) => [item, valueOf(item, key)]));
  return [...items].sort((one, other) => {
    const [a, b] = [values.get(one), values.get(other)];
    if (a === b) return 0;
    if (a === undefined || a === null) return 1;
    if (b === undefined || b === null) return -1;
    return sign * (typeof a === "string" && typeof b === "string" ? a.localeCompare(b) : a < b ? -1 : 1);
  });
}
