// The elements of the map: what stands around the canvas, made once.

import { make } from "../../dom.js";

/**
 * Builds them into `host`. `act` is `{mode(name), zoom(direction), all(), pool(), selection(), table()}`: what a press does.
 * Answers `{mode, pool, where, frame, canvas, empty, status, legend, details, caption, rows}`.
 */
export function build(host, act) {
  const parts = {};
  parts.frame = make("div", { className: "map-frame" });
  parts.canvas = make("canvas");
  parts.canvas.id = "map-canvas";
  parts.canvas.tabIndex = 0;
  parts.canvas.setAttribute("role", "img");
  parts.canvas.setAttribute("aria-label", "Memory map");
  parts.empty = make("p", { className: "map-empty" });
  parts.frame.append(parts.canvas, parts.empty);
  parts.status = make("p", { className: "map-status" });
  parts.legend = make("ul", { className: "map-legend" });
  parts.legend.setAttribute("aria-label", "Colours; press one to fade it");
  host.append(head(parts, act), parts.frame, parts.status, parts.legend, table(parts, act));
  return parts;
}

function head(parts, act) {
  const node = make("div", { className: "map-head" });
  parts.mode = make("select");
  parts.mode.id = "map-mode";
  parts.mode.addEventListener("change", () => act.mode(parts.mode.value));
  const label = make("label", { text: "Colour by" });
  label.append(" ", parts.mode);
  const buttons = make("div", { className: "map-buttons" });
  for (const [text, title, press] of [
    ["−", "Zoom out (−)", () => act.zoom(-1)], ["+", "Zoom in (+)", () => act.zoom(1)],
    ["All", "Show the whole (0)", act.all], ["Pool", "Show the pool (h)", act.pool], ["Selection", "Show the selection (f)", act.selection],
  ]) {
    const button = make("button", { text, title });
    button.type = "button";
    button.setAttribute("aria-label", title);
    button.addEventListener("click", press);
    if (press === act.pool) parts.pool = button;
    buttons.append(button);
  }
  // Only what is managed has one.
  parts.pool.hidden = true;
  node.append(label, buttons);
  parts.where = node.appendChild(make("p", { className: "map-where" }));
  return node;
}

function table(parts, act) {
  parts.details = make("details", { className: "map-table" });
  parts.details.append(make("summary", { text: "The map as a table" }));
  parts.details.addEventListener("toggle", act.table);
  const scroll = make("div", { className: "scroll tall" });
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "The map as a table");
  const node = make("table", { className: "rows" });
  const header = make("tr");
  for (const [text, isNumber] of [["From", false], ["Size", true], ["What", false]]) {
    const cell = make("th", { text, className: isNumber ? "number" : "" });
    cell.scope = "col";
    header.append(cell);
  }
  const top = make("thead");
  top.append(header);
  parts.rows = make("tbody");
  parts.caption = make("caption", { text: "What is seen in the map" });
  node.append(parts.caption, top, parts.rows);
  scroll.append(node);
  parts.details.append(scroll);
  return parts.details;
}
