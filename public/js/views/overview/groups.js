// What a colour of the area map stands for. Pure.

import { healthOf, healths, kindName, kinds, ownerName } from "./rows.js";

const hues = 8;

/** Ways to colour, and so to group. */
export const colourings = [
  { key: "kind", name: "kind" },
  { key: "health", name: "health" },
  { key: "owner", name: "owner" },
];

export function colouringOf(route) {
  return colourings.some(({ key }) => key === route.colour) ? route.colour : "kind";
}

/** The key of a segment's group. */
export function groupOf(segment, colouring) {
  if (colouring === "health") return healthOf(segment);
  if (colouring === "owner") return String(segment.uid);
  return String(segment.kind);
}

/** The name of a group's colour in the style sheet, the same one whatever else there is. */
export function colourOf(key, colouring) {
  if (colouring === "health") return `health-${key}`;
  if (colouring === "owner") return `owner-${/^\d+$/.test(key) ? Number(key) % hues + 1 : 0}`;
  return `owner-${kinds.findIndex((kind) => kind.key === key) + 1}`;
}

/** The groups that the legend put away. */
export function hiddenGroups(route) {
  return new Set((route.hide ?? "").split(",").filter(Boolean));
}

/** The route's `hide` with one group in or out. */
export function toggled(route, group) {
  const hidden = hiddenGroups(route);
  if (!hidden.delete(group)) hidden.add(group);
  return hidden.size > 0 ? [...hidden].sort().join(",") : undefined;
}

/**
 * The groups that there are: `[{key, name, colour, count}]`, kinds and health in their own order, owners by count. A
 * group that was put away stays, though nothing may be in it: one has to be able to bring it back.
 */
export function groups(segments, colouring, hidden = new Set()) {
  const found = new Map();
  for (const segment of segments) {
    const key = groupOf(segment, colouring);
    let group = found.get(key);
    if (!group) found.set(key, group = { key, name: groupName(key, colouring, segment), colour: colourOf(key, colouring), count: 0 });
    group.count += 1;
  }
  for (const key of hidden) {
    if (!found.has(key)) found.set(key, { key, name: groupName(key, colouring), colour: colourOf(key, colouring), count: 0 });
  }
  const order = colouring === "health" ? healths : colouring === "kind" ? kinds : [];
  const rank = ({ key }) => {
    const index = order.findIndex((one) => one.key === key);
    return index < 0 ? order.length : index;
  };
  return [...found.values()].sort((a, b) => rank(a) - rank(b) || b.count - a.count || (a.key < b.key ? -1 : 1));
}

function groupName(key, colouring, segment) {
  if (colouring === "health") return healths.find((health) => health.key === key)?.name ?? key;
  return colouring === "owner" ? ownerName(segment ?? { uid: key }) : kindName(key);
}
