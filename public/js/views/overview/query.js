// Which objects the overview shows, in which order: what stands in the address, and what the server is asked. Pure.

import { groupOf, colouringOf, hiddenGroups } from "./groups.js";

export const pageRows = 100;

/** The route's keys that let only some objects through; the server knows them by the same names. */
const filterKeys = ["q", "kind", "uid", "minBytes", "managed", "orphaned", "deleted"];
/** Of these any value may be asked for. */
const plainKeys = new Set(["q", "kind", "uid"]);
/** Sizes that can be asked for: whole numbers of bytes. */
const sizePattern = /^[1-9]\d{0,15}$/;
/** A flag of the address: anything else than these is none. */
const flags = new Set(["true", "false"]);

/** Columns to sort by, and which end one looks for first. A younger object was created later. */
const orders = {
  name: {}, kind: {}, uid: {}, createdAt: {},
  sizeBytes: { largestFirst: true }, residentBytes: { largestFirst: true }, mapperCount: { largestFirst: true },
  findings: { largestFirst: true },
};
const defaultSort = "-residentBytes";

/** `{key, isDescending, text}` of a route; what is no order is the default one. */
export function sortOf(route) {
  const asked = route.sort ?? "";
  const text = Object.hasOwn(orders, asked.replace(/^-/, "")) ? asked : defaultSort;
  return { key: text.replace(/^-/, ""), isDescending: text.startsWith("-"), text };
}

/** What a press on a column's header asks for: its own order first, then the other way round. */
export function nextSort(key, route) {
  const now = sortOf(route);
  const isDescending = now.key === key ? !now.isDescending : Boolean(orders[key].largestFirst);
  return (isDescending ? "-" : "") + key;
}

/** The filters of a route, those that mean nothing left out. */
function filtersOf(route) {
  return filterKeys.filter((key) => route[key] && isMeant(key, route[key])).map((key) => [key, route[key]]);
}

function isMeant(key, value) {
  return key === "minBytes" ? sizePattern.test(value) : plainKeys.has(key) || flags.has(value);
}

/** The least size that a route lets through, as text; nothing where it asks for none. */
export function leastOf(route) {
  return route.minBytes && isMeant("minBytes", route.minBytes) ? route.minBytes : "";
}

export function isFiltered(route) {
  return filtersOf(route).length > 0 || hiddenGroups(route).size > 0;
}

/** A part of a route that puts all filters away. */
export function withoutFilters() {
  return Object.fromEntries([...filterKeys, "hide", "cursor"].map((key) => [key, undefined]));
}

/** A part of a route that puts away all that stands in it: what is gone to next begins anew. */
export function anew(route) {
  return Object.fromEntries(Object.keys(route).map((key) => [key, undefined]));
}

/** Where the server has the page of the list that a route asks for. */
export function path(route) {
  const query = new URLSearchParams([["limit", pageRows], ...filtersOf(route), ["sort", sortOf(route).text]]);
  if (route.cursor) query.set("cursor", route.cursor);
  return `segments?${query}`;
}

/** Whether the first objects by memory in use, in that order, are what the route asks for. */
export function isPlain(route) {
  return filtersOf(route).length === 0 && !route.cursor && sortOf(route).text === defaultSort;
}

/** The objects that pass a route's filters as the server would let them through. */
export function passing(segments, route) {
  const filters = filtersOf(route);
  if (filters.length === 0) return segments;
  return segments.filter((segment) => filters.every(([key, value]) =>
    key === "q" ? String(segment.name ?? "").includes(value)
      : key === "minBytes" ? segment.sizeBytes >= Number(value)
      : plainKeys.has(key) ? String(segment[key]) === value
        : String(segment[key] === true) === value));
}

/** The objects whose group the legend did not put away. */
export function notPutAway(segments, route) {
  const hidden = hiddenGroups(route);
  const colouring = colouringOf(route);
  return hidden.size === 0 ? segments : segments.filter((segment) => !hidden.has(groupOf(segment, colouring)));
}
