// The words around the map's canvas: what is in sight, the legend, and the same as a table.

import { bytes, count, exactBytes, hex, percent, visible } from "../../format.js";
import { make, reconcile, rows, setText, show } from "../../dom.js";
import * as cameras from "../../map/camera.js";
import { classOfRun, sentence, stretchSentence } from "../../map/colours.js";
import { thingsInSight } from "../../map/display.js";
import { legendOf } from "../../map/legend.js";

const tableRowsMaximum = 200;
const caption = "What is seen in the map";

/** Nothing is seen any more. */
export function clear(parts) {
  setText(parts.where, "");
  setText(parts.status, "");
  parts.legend.replaceChildren();
  parts.rows.replaceChildren();
  parts.canvas.setAttribute("aria-label", "Memory map");
}

export function renderWhere(parts, view, classes) {
  const { from, to } = cameras.rangeOf(view);
  show(parts.where, {
    className: "map-where", text: `${hex(from)} – ${hex(to)}`, note: `${bytes(to - from)} in sight, ${bytes(Math.round(view.perRow))} a row`,
    title: `${count(from)} to ${count(to)}`,
  });
  const shares = [...classes.values()].filter((entry) => entry.bytes > 0).sort((a, b) => b.bytes - a.bytes).slice(0, 4)
    .map((entry) => `${entry.label} ${percent(entry.bytes / (to - from))}`);
  const label = `Memory map of ${bytes(view.sizeBytes)}: ${bytes(to - from)} from ${hex(from)} in sight, ${shares.join(", ")}`;
  if (parts.canvas.getAttribute("aria-label") !== label) parts.canvas.setAttribute("aria-label", label);
}

/** `known` remembers the classes that were seen, by key; `toggle(key)` is what a press does. */
export function renderLegend(parts, { classes, hidden, known, toggle }) {
  for (const entry of classes.values()) known.set(entry.key, entry);
  reconcile(parts.legend, legendOf(classes, hidden, known), (entry) => entry.key, (entry) => {
    const item = make("li");
    const button = make("button");
    button.type = "button";
    button.addEventListener("click", () => toggle(entry.key));
    item.append(button);
    return item;
  }, (item, entry) => {
    const button = item.firstElementChild;
    const size = Math.round(entry.bytes);
    show(button, { swatch: entry.colour, hatched: entry.hatched, text: entry.label, note: bytes(size), title: exactBytes(size) });
    button.setAttribute("aria-pressed", String(!hidden.has(entry.key)));
  });
}

/** Hundreds of rows: only while someone looks at them. */
export function renderTable(parts, view, source) {
  if (!parts.details.open || !view) return;
  const things = thingsInSight(view, source);
  const shown = things.slice(0, tableRowsMaximum);
  setText(parts.caption, things.length > shown.length ? `${caption}: ${count(shown.length)} of ${count(things.length)}` : caption);
  rows(parts.rows, shown, ({ offset, block, bucket, run, stretch }) => `${block ? "block" : bucket ? "bucket" : run ? "run" : stretch ? "stretch" : "region"} ${offset}`, (thing) => [
    { className: "offset", text: hex(thing.offset), title: count(thing.offset) },
    { className: "number", text: bytes(thing.sizeBytes), title: exactBytes(thing.sizeBytes) },
    { text: describe(thing, source.now) },
  ]);
}

/** What a thing of the map is, in one line. */
export function describe({ block, bucket, run, stretch, region, field }, now) {
  if (block) return sentence(block, now);
  if (bucket) return stretchSentence(bucket);
  if (run) return `${classOfRun(run.state).label}, ${bytes(run.length)} in a row`;
  if (stretch) return `${stretch.words}, ${bytes(stretch.length)} in a row`;
  if (field) return `${visible(region.name)} · ${visible(field.name)}: ${visible(JSON.stringify(field.value ?? null))}`;
  return region ? `${visible(region.name)}, ${bytes(region.sizeBytes)}` : "";
}
