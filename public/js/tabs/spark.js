// A small line over time in a cell of a table.

import { polyline } from "./scale.js";

const svg = "http://www.w3.org/2000/svg";
const width = 96;
const height = 20;

/**
 * Draws `series` into `cell`; `words` say it to who does not see it, where the row's other cells do not.
 * `window`, `{from, to}`, lines up the lines of several rows: without it a line fills its width.
 */
export function spark(cell, series, { words, window } = {}) {
  const picture = cell.querySelector("svg") ?? begin(cell);
  const points = polyline(series, width, height, window);
  const line = picture.firstChild;
  if (line.getAttribute("points") !== points) line.setAttribute("points", points);
  if ((picture.getAttribute("aria-label") ?? "") === (words ?? "")) return;
  for (const [name, value] of [["aria-label", words], ["role", words && "img"], ["aria-hidden", words ? undefined : "true"]]) {
    if (value) picture.setAttribute(name, value);
    else picture.removeAttribute(name);
  }
}

function begin(cell) {
  const picture = document.createElementNS(svg, "svg");
  picture.setAttribute("viewBox", `0 -1 ${width} ${height + 2}`);
  picture.setAttribute("width", String(width));
  picture.setAttribute("height", String(height));
  picture.setAttribute("aria-hidden", "true");
  picture.append(document.createElementNS(svg, "polyline"));
  cell.append(picture);
  return picture;
}
