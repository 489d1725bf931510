// Events → rows of marks over time, and back from a place to the event that is drawn there. Pure.

import { owner, visible } from "../format.js";

/** How each kind of event is drawn: a shape, the same as a sign in text, and the name of a colour. */
export const kinds = {
  allocate: { shape: "up", sign: "▲", colour: "--owner-3" },
  resize: { shape: "diamond", sign: "◆", colour: "--owner-4" },
  free: { shape: "down", sign: "▼", colour: "--owner-2" },
  write: { shape: "square", sign: "■", colour: "--owner-1" },
  count: { shape: "bar", sign: "❙", colour: "--owner-0" },
  flag: { shape: "flag", sign: "⚑", colour: "--owner-7" },
  lock: { shape: "dot", sign: "●", colour: "--owner-6" },
  join: { shape: "right", sign: "▶", colour: "--owner-3" },
  leave: { shape: "left", sign: "◀", colour: "--owner-0" },
  reclaim: { shape: "plus", sign: "✚", colour: "--owner-8" },
  bury: { shape: "cross", sign: "✖", colour: "--error" },
  recover: { shape: "target", sign: "◎", colour: "--warning" },
  damage: { shape: "bang", sign: "!", colour: "--error" },
  unknown: { shape: "ring", sign: "○", colour: "--owner-0" },
};

export function kindOf(event) {
  return kinds[event.kind] ?? kinds.unknown;
}

/** Where an event's block is, or was: `{at, to}`; undefined where it has none. */
export function placeOf(event) {
  const at = event.offset ?? event.oldOffset;
  if (at === undefined) return undefined;
  const size = event.offset === undefined ? event.oldSizeBytes : event.sizeBytes;
  return { at, to: at + Math.max(1, size ?? 1) };
}

/** The events that a filter lets through. `owner` is a pid as text. */
export function filtered(events, { kind, owner: pid }) {
  if (!kind && !pid) return events;
  return events.filter((event) => (!kind || event.kind === kind) && (!pid || String(event.owner?.pid) === pid));
}

/** Sequence of an event → how many before it went by unseen. */
export function gaps(events) {
  const found = new Map();
  for (let index = 1; index < events.length; index += 1) {
    const missing = events[index].sequence - events[index - 1].sequence - 1;
    if (missing > 0) found.set(events[index].sequence, missing);
  }
  return found;
}

const mostLanes = 12;

/** The rows of a strip: `[{key, label}]`, the busiest where there are too many, and `laneOf(event)`, its row's number. */
export function lanesOf(events, by) {
  const keyOf = by === "kind" ? (event) => event.kind : (event) => event.owner ? `${event.owner.slot}:${event.owner.generation}` : "?";
  const found = new Map();
  for (const event of events) {
    const key = keyOf(event);
    const lane = found.get(key) ?? { key, count: 0, first: event };
    lane.count += 1;
    found.set(key, lane);
  }
  const order = Object.keys(kinds);
  const byRow = by === "kind"
    ? (a, b) => order.indexOf(a.key) - order.indexOf(b.key)
    : (a, b) => (a.first.owner?.slot ?? -1) - (b.first.owner?.slot ?? -1) || (a.first.owner?.generation ?? 0) - (b.first.owner?.generation ?? 0);
  const busiest = [...found.values()].sort((a, b) => b.count - a.count);
  const lanes = busiest.slice(0, mostLanes).sort(byRow).map(({ key, first }) => ({
    key, label: by === "kind" ? visible(key) : owner(first.owner),
  }));
  const others = busiest.length - lanes.length;
  if (others > 0) lanes.push({ key: undefined, label: `${others} others` });
  const numbers = new Map(lanes.map(({ key }, index) => [key, index]));
  return { lanes, laneOf: (event) => numbers.get(keyOf(event)) ?? lanes.length - 1 };
}

/** Marks nearer than this to one of the same row and kind are one mark. */
const markPixels = 5;

/** The marks of a strip: `[{x, lane, event, count}]`; `event` is the newest of those that the mark stands for. */
export function marks(events, { from, to, width, laneOf }) {
  const found = new Map();
  const scale = to > from ? width / (to - from) : 0;
  for (const event of events) {
    const at = Date.parse(event.at);
    if (!(at >= from && at <= to)) continue;
    const x = (at - from) * scale;
    const lane = laneOf(event);
    const key = `${lane} ${event.kind} ${Math.floor(x / markPixels)}`;
    const mark = found.get(key);
    if (mark) {
      mark.event = event;
      mark.count += 1;
    } else {
      found.set(key, { x, lane, event, count: 1 });
    }
  }
  return [...found.values()];
}

/** The mark at a place: the nearest in its row, not farther than `reach`. */
export function markAt(list, x, lane, reach = 8) {
  let best;
  for (const mark of list) {
    if (mark.lane !== lane) continue;
    const away = Math.abs(mark.x - x);
    if (away <= reach && (!best || away <= best.away)) best = { mark, away };
  }
  return best?.mark;
}

/** Older and newer events as one list, ascending, each once. */
export function merged(older, newer) {
  const first = newer[0]?.sequence ?? Infinity;
  return [...[...older].sort((a, b) => a.sequence - b.sequence).filter((event) => event.sequence < first), ...newer];
}
