// The area map: each object a tile, as large as the memory it takes. The table below has the same in words.

import { bytes, count, plural } from "../../format.js";
import { byId, make, reconcile, setText, swatch } from "../../dom.js";
import { prepare, watchScreen } from "../../map/paint.js";
import { step, tileAt, treemap } from "../../treemap.js";
import { paint, palette } from "./area-paint.js";
import { colouringOf, colourOf, groupOf, groups, hiddenGroups, toggled } from "./groups.js";
import { anew, notPutAway, passing } from "./query.js";
import { healthOf, healths, kindName, nameOf, sentence } from "./rows.js";

const sizings = [
  { key: "resident", name: "memory in use", of: (segment) => segment.residentBytes, without: "no memory in use" },
  { key: "size", name: "size", of: (segment) => segment.sizeBytes, without: "no size" },
];
const colourNames = [
  ...Array.from({ length: 9 }, (_, hue) => `owner-${hue}`), ...healths.map(({ key }) => `health-${key}`),
];
const tipOffset = 14;

const area = {
  actions: undefined, canvas: undefined, parts: {}, colours: undefined, width: 0, height: 0, tiles: [],
  hover: -1, cursor: -1, frame: 0, list: undefined, passing: [], shown: [], route: {}, stamp: "", hasFocus: false, pointer: { x: -1, y: -1 },
};

/** What the map draws, for tests and for whoever measures. */
export function model() {
  return { tiles: area.tiles, hover: area.hover, cursor: area.cursor, colours: area.colours };
}

export function connect(actions) {
  area.actions = actions;
  area.canvas = byId("area-canvas");
  for (const part of ["frame", "empty", "tip", "legend", "note", "sizing", "colouring"]) area.parts[part] = byId(`area-${part}`);
  const { sizing, colouring } = area.parts;
  sizing.addEventListener("change", () => actions.go({ area: sizing.value === sizings[0].key ? undefined : sizing.value }));
  // A group that was put away means nothing in another way of colouring.
  colouring.addEventListener("change", () => actions.go({ colour: colouring.value, hide: undefined }));
  new ResizeObserver(([entry]) => {
    area.width = Math.floor(entry.contentRect.width);
    area.height = Math.floor(entry.contentRect.height);
    place();
  }).observe(area.parts.frame);
  watchScreen(() => {
    area.colours = undefined;
    invalidate();
  });
  const { canvas } = area;
  canvas.addEventListener("pointermove", (event) => point(event.offsetX, event.offsetY));
  canvas.addEventListener("pointerleave", () => point(-1, -1));
  canvas.addEventListener("click", (event) => open(tileAt(area.tiles, event.offsetX, event.offsetY)));
  canvas.addEventListener("keydown", onKey);
  canvas.addEventListener("focus", () => {
    area.hasFocus = true;
    if (area.cursor < 0 && area.tiles.length > 0) moveTo(0);
    invalidate();
  });
  canvas.addEventListener("blur", () => {
    area.hasFocus = false;
    invalidate();
  });
}

const sizingOf = (route) => sizings.find(({ key }) => key === route.area) ?? sizings[0];

export function arrive(route) {
  area.parts.sizing.value = sizingOf(route).key;
  area.parts.colouring.value = colouringOf(route);
}

/** Draws anew where the objects, or what is wanted of them, changed. */
export function render(store) {
  const list = store.data("segments");
  const { route } = store;
  const stamp = JSON.stringify([route.q, route.kind, route.uid, route.minBytes, route.managed, route.orphaned, route.deleted, route.area, route.colour, route.hide]);
  if (!list || (list === area.list && stamp === area.stamp)) return;
  Object.assign(area, { list, stamp });
  area.passing = passing(list.segments, route);
  area.shown = notPutAway(area.passing, route);
  area.route = route;
  renderLegend(route);
  place();
}

function renderLegend(route) {
  const colouring = colouringOf(route);
  const hidden = hiddenGroups(route);
  reconcile(
    area.parts.legend, groups(area.passing, colouring, hidden), (group) => `${colouring} ${group.key}`,
    (group) => {
      const button = make("button");
      button.type = "button";
      button.append(swatch(group.colour, group.key === "orphaned" || group.key === "deleted"), make("span"));
      button.addEventListener("click", () => area.actions.go({ hide: toggled(area.actions.route(), group.key), cursor: undefined }));
      const item = make("li");
      item.append(button);
      return item;
    },
    (item, group) => {
      const button = item.firstElementChild;
      const isShown = String(!hidden.has(group.key));
      if (button.getAttribute("aria-pressed") !== isShown) button.setAttribute("aria-pressed", isShown);
      setText(button.lastElementChild, `${group.name} · ${count(group.count)}`);
    });
}

/** Objects → tiles. What the cursor stands on is followed where it goes. */
function place() {
  if (!area.list || area.width === 0) return;
  const sizing = sizingOf(area.route);
  const colouring = colouringOf(area.route);
  const chosen = area.tiles[area.cursor]?.item?.id;
  area.tiles = treemap(area.shown, sizing.of, area.width, area.height);
  for (const tile of area.tiles) {
    const segment = tile.item;
    tile.colour = segment ? colourOf(groupOf(segment, colouring), colouring) : "rest";
    tile.name = segment ? nameOf(segment) : plural(tile.count, "other");
    tile.note = `${bytes(tile.value)}${segment ? ` · ${kindName(segment.kind)}` : ""}`;
    tile.hatched = segment !== undefined && healthOf(segment) !== "fine";
  }
  area.cursor = chosen === undefined ? Math.min(area.cursor, area.tiles.length - 1) : area.tiles.findIndex((tile) => tile.item?.id === chosen);
  area.hover = tileAt(area.tiles, area.pointer.x, area.pointer.y);
  setText(area.parts.note, words(sizing));
  const label = `Area map of ${plural(area.shown.length, "object")} by ${sizing.name}, coloured by ${colouringOf(area.route)}. Arrow keys move, Enter opens; the table below has the same.`;
  if (area.canvas.getAttribute("aria-label") !== label) area.canvas.setAttribute("aria-label", label);
  area.parts.empty.hidden = area.tiles.length > 0;
  setText(area.parts.empty, area.list.segments.length === 0 ? "There is no shared memory on this host."
    : area.shown.length === 0 ? "No object passes the filters." : `All objects shown have ${sizing.without}: see the table.`);
  invalidate();
}

/** What the picture cannot show. */
function words(sizing) {
  const without = area.shown.filter((segment) => !(sizing.of(segment) > 0)).length;
  const stripes = area.tiles.some((tile) => tile.hatched);
  return [
    stripes && "Striped: orphaned, deleted, or with findings.",
    without > 0 && `${plural(without, "object")} with ${sizing.without} ${without === 1 ? "has" : "have"} no area here.`,
    area.list.next && `Only the ${count(area.list.segments.length)} with the most memory in use are here; the table has all.`,
  ].filter(Boolean).join(" ");
}

function invalidate() {
  area.frame ||= requestAnimationFrame(() => {
    area.frame = 0;
    draw();
  });
}

function draw() {
  if (area.width === 0 || area.height === 0) return;
  area.colours ??= palette(area.canvas, colourNames);
  area.canvas.style.width = `${area.width}px`;
  area.canvas.style.height = `${area.height}px`;
  const context = prepare(area.canvas, area.width, area.height);
  paint(context, area.width, area.height, area.tiles, { hover: area.hover, cursor: area.hasFocus ? area.cursor : -1 }, area.colours);
  showTip();
}

// Pointing, moving, opening

function point(x, y) {
  area.pointer = { x, y };
  const hover = tileAt(area.tiles, x, y);
  if (hover === area.hover && hover < 0) return;
  area.hover = hover;
  area.canvas.style.cursor = hover < 0 ? "" : "pointer";
  invalidate();
}

function describe(tile) {
  return tile.item ? sentence(tile.item, bytes) : `${plural(tile.count, "other")}, too small to be drawn one by one: ${bytes(tile.value)} together; see the table`;
}

/** A word at the pointer, or at the tile that the keys have led to. */
function showTip() {
  const { tip } = area.parts;
  const index = area.hover >= 0 ? area.hover : area.hasFocus ? area.cursor : -1;
  const tile = area.tiles[index];
  tip.hidden = !tile;
  if (!tile) return;
  setText(tip, describe(tile));
  const at = area.hover >= 0 ? area.pointer : { x: tile.x + tile.width / 2, y: tile.y + tile.height / 2 };
  // On the side where there is room; its own size need not be known for that.
  const isRight = at.x > area.width / 2;
  const isLow = at.y > area.height / 2;
  tip.style.left = isRight ? "auto" : `${at.x + tipOffset}px`;
  tip.style.right = isRight ? `${area.width - at.x + tipOffset}px` : "auto";
  tip.style.top = isLow ? "auto" : `${at.y + tipOffset}px`;
  tip.style.bottom = isLow ? `${area.height - at.y + tipOffset}px` : "auto";
}

function moveTo(index) {
  area.cursor = index;
  // The keys lead now, wherever the pointer was left.
  area.hover = -1;
  area.pointer = { x: -1, y: -1 };
  if (area.tiles[index]) area.actions.announce(describe(area.tiles[index]));
  invalidate();
}

function onKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Enter") open(area.cursor);
  else {
    const next = step(area.tiles, Math.max(0, area.cursor), event.key);
    if (next === undefined) return;
    moveTo(next);
  }
  event.preventDefault();
}

function open(index) {
  const tile = area.tiles[index];
  if (!tile) return;
  if (tile.item) {
    area.actions.go({ ...anew(area.actions.route()), segment: tile.item.id });
    return;
  }
  // The small ones are in the list, the smallest first.
  area.actions.go({ sort: sizingOf(area.route).key === "size" ? "sizeBytes" : "residentBytes", cursor: undefined });
  byId("segments-title").focus();
}
