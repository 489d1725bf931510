// Rectangles → canvas. Reads no layout of the page while it paints; its caller says how large the canvas is.

import { hues } from "./layout.js";

/** The colours of a map, from the style sheet: both colour schemes and forced colours are decided there. */
export function palette(element) {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(name).trim();
  return {
    free: colour("--map-free"),
    orphan: colour("--map-orphan"),
    hatch: colour("--map-hatch"),
    chosen: colour("--map-chosen"),
    halo: colour("--map-halo"),
    owners: Array.from({ length: hues + 1 }, (_, hue) => colour(`--owner-${hue}`)),
  };
}

/** Calls back when the colours or the ratio of device pixels to CSS pixels change. */
export function watchScreen(changed) {
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)", "(prefers-contrast: more)"]) {
    matchMedia(query).addEventListener("change", changed);
  }
  const arm = () => {
    // A query for one ratio fires once, when the ratio stops being that one.
    matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener("change", () => {
      changed();
      arm();
    }, { once: true });
  };
  arm();
}

/** Paints a layout of `grid`; `chosen` is the index of the cell to outline, or -1. */
export function paint(canvas, layout, colours, chosen) {
  const ratio = devicePixelRatio || 1;
  const width = Math.max(1, Math.round(layout.width * ratio));
  const height = Math.max(1, Math.round(layout.height * ratio));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  const device = (value) => Math.round(value * ratio);

  for (const cell of layout.cells) {
    const left = device(cell.x);
    const right = Math.max(left + 1, device(cell.x + cell.width));
    const top = device(cell.y);
    const bottom = Math.max(top + 1, device(cell.y + cell.height));
    context.fillStyle = colours.free;
    context.fillRect(left, top, right - left, bottom - top);
    if (cell.filled <= 0) continue;
    // A cell with anything in it shows at least one line of it.
    const surface = Math.min(bottom - 1, bottom - device(cell.filled));
    context.fillStyle = cell.orphaned ? colours.orphan : colours.owners[cell.hue];
    context.fillRect(left, surface, right - left, bottom - surface);
    if (cell.orphaned) hatch(context, left, surface, right, bottom, colours.hatch, ratio);
  }
  if (chosen >= 0 && chosen < layout.cells.length) outline(context, layout.cells[chosen], colours, device, ratio);
}

/** Diagonal lines: what has no owner any more is told by its pattern, not by its colour alone. */
function hatch(context, left, top, right, bottom, colour, ratio) {
  context.save();
  context.beginPath();
  context.rect(left, top, right - left, bottom - top);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = 1.4 * ratio;
  context.beginPath();
  const height = bottom - top;
  const distance = 4 * ratio;
  for (let x = left - height; x < right; x += distance) {
    context.moveTo(x, bottom);
    context.lineTo(x + height, top);
  }
  context.stroke();
  context.restore();
}

function outline(context, cell, colours, device, ratio) {
  const frame = (grow, colour) => {
    context.strokeStyle = colour;
    context.lineWidth = 2 * ratio;
    context.strokeRect(
      device(cell.x) - grow, device(cell.y) - grow,
      device(cell.x + cell.width) - device(cell.x) + 2 * grow,
      device(cell.y + cell.height) - device(cell.y) + 2 * grow);
  };
  frame(2 * ratio, colours.halo);
  frame(0, colours.chosen);
}
