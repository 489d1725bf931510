// Draws a map: what there is to draw is a list of coloured ranges; where they go is the camera's business. Reads no layout
// of the page while it paints, and makes nothing that lives longer than a frame.

import { forEachPiece, rowGap, rowHeight, showsBytes } from "./camera.js";

const hues = 8;
const ramp = 7;

/** The colours of a map, from the style sheet: both colour schemes and forced colours are decided there. */
export function palette(element) {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(name).trim();
  const colours = {
    ground: colour("--map-ground"), free: colour("--map-free"), orphan: colour("--map-orphan"), hatch: colour("--map-hatch"),
    chosen: colour("--map-chosen"), halo: colour("--map-halo"), ink: colour("--map-ink"), faint: colour("--map-faint"),
    table: colour("--map-table"),
    font: `11px ${colour("--mono")}`,
  };
  for (let hue = 0; hue <= hues; hue += 1) colours[`owner-${hue}`] = colour(`--owner-${hue}`);
  for (let step = 0; step < ramp; step += 1) colours[`ramp-${step}`] = colour(`--ramp-${step}`);
  return colours;
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

/** Makes a canvas as fine as the screen; returns what to draw with, in CSS pixels. */
export function prepare(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const context = canvas.getContext("2d", { alpha: false });
  context.setTransform(w / width, 0, 0, h / height, 0, 0);
  return context;
}

/**
 * Paints a view.
 *
 * `list` is `{items: [{from, to, colour, hatched?, share?, least?, faint?}], labels: [{from, to, text}], selection?, cursor?, bytes?}`;
 * `share` fills only so much of the height, from below and at least `least` pixels: a stretch that is used in part.
 */
export function paint(context, view, height, list, colours) {
  context.fillStyle = colours.ground;
  context.fillRect(0, 0, view.width, height);
  // What the object has, as far as it reaches: the last row need not be full.
  context.fillStyle = colours.faint;
  forEachPiece(view, 0, view.sizeBytes, (x, y, width) => context.fillRect(x, y, width, rowHeight - rowGap));
  // Under digits the colours step back, so that the digits can be read on all of them.
  context.globalAlpha = list.bytes ? 0.4 : 1;
  paintItems(context, view, list.items, colours);
  context.globalAlpha = 1;
  if (list.bytes) paintBytes(context, view, list.bytes, colours);
  paintLabels(context, view, list.labels, colours);
  for (const mark of list.marks ?? []) outline(context, view, mark, colours);
}

function heightOf({ share = 1, least = 2 }) {
  const inner = rowHeight - rowGap;
  return share >= 1 ? inner : Math.max(least, Math.round(inner * share));
}

function paintItems(context, view, items, colours) {
  const inner = rowHeight - rowGap;
  let last;
  for (const item of items) {
    const colour = colours[item.faint ? "faint" : item.colour];
    if (colour !== last) {
      context.fillStyle = colour;
      last = colour;
    }
    const filled = heightOf(item);
    forEachPiece(view, item.from, item.to, (x, y, width) => {
      // A hair between two neighbours, where there is room for one.
      context.fillRect(x, y + inner - filled, width > 3 ? width - 0.75 : Math.max(width, 0.6), filled);
    });
  }
  paintHatches(context, view, items, colours);
}

/** Orphans and what is swapped out are told by a pattern as well, for eyes that do not tell the colours apart. */
function paintHatches(context, view, items, colours) {
  const inner = rowHeight - rowGap;
  context.strokeStyle = colours.hatch;
  context.lineWidth = 1;
  context.beginPath();
  for (const item of items) {
    if (!item.hatched || item.faint) continue;
    const filled = heightOf(item);
    forEachPiece(view, item.from, item.to, (x, y, width) => {
      if (width < 4) return;
      for (let at = x - filled; at < x + width; at += 6) {
        const from = Math.max(at, x);
        const to = Math.min(at + filled, x + width - 1);
        if (to <= from) continue;
        context.moveTo(from, y + inner - (from - at));
        context.lineTo(to, y + inner - (to - at));
      }
    });
  }
  context.stroke();
}

/** The digits of single bytes, where there is room for them. */
function paintBytes(context, view, { from, data }, colours) {
  if (!showsBytes(view)) return;
  const cell = view.width / view.perRow;
  context.font = colours.font;
  context.fillStyle = colours.ink;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (let index = 0; index < data.length; index += 1) {
    forEachPiece(view, from + index, from + index + 1, (x, y, width) => {
      if (width > cell / 2) context.fillText(hexPairs[data[index]], x + width / 2, y + (rowHeight - rowGap) / 2 + 0.5);
    });
  }
}

const hexPairs = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, "0"));

const labelWidthMinimum = 24;
const labelInset = 4;
/** A character of the map's font, a little more than it takes. */
const characterWidth = 6.7;

/**
 * Where labels stand and what of them there is room for: `[{x, y, text}]`. A label goes where its range is widest, and
 * reaches to the next one at most: ranges lie within one another, as fields do in the header.
 */
export function labelsIn(view, labels) {
  const rows = new Map();
  for (const label of labels) {
    const spot = spotOf(view, label);
    if (!spot) continue;
    if (!rows.has(spot.y)) rows.set(spot.y, []);
    rows.get(spot.y).push(spot);
  }
  return [...rows.values()].flatMap(apart);
}

function spotOf(view, { from, to, text: whole }) {
  let widest;
  forEachPiece(view, from, to, (x, y, width) => {
    // Of full rows the first: they differ by what calculating leaves.
    if (!widest || width > widest.width + 0.5) widest = { x, y, width };
  });
  if (!widest || widest.width < labelWidthMinimum) return undefined;
  const text = shortened(whole, widest.width);
  return text && { x: widest.x, y: widest.y, whole, text };
}

/** As much of a text as a width has room for; nothing where that says nothing. */
function shortened(text, width) {
  const room = Math.floor((width - 2 * labelInset) / characterWidth);
  return text.length <= room ? text : room > 3 ? `${text.slice(0, room - 1)}…` : "";
}

/** The labels of one row, none over another one. */
function apart(spots) {
  const kept = [];
  // Where two begin together, the one that was named first is the larger thing.
  for (const spot of spots.sort((a, b) => a.x - b.x)) {
    if (makeRoom(kept, spot)) kept.push(spot);
  }
  return kept;
}

/** Shortens or takes away what stands before a label in its way; false where that is to stay, and the label is not. */
function makeRoom(kept, spot) {
  for (let before = kept.at(-1); before; before = kept.at(-1)) {
    const room = spot.x - before.x;
    if (before.text.length * characterWidth + labelInset <= room) return true;
    const text = shortened(before.whole, room);
    if (text) {
      before.text = text;
      return true;
    }
    // The finer one says more, but not with half a word in the place of a whole one.
    if (before.text === before.whole && spot.text !== spot.whole) return false;
    kept.pop();
  }
  return true;
}

function paintLabels(context, view, labels, colours) {
  context.font = colours.font;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.lineWidth = 3;
  context.lineJoin = "round";
  for (const { x, y, text } of labelsIn(view, labels)) {
    const middle = y + (rowHeight - rowGap) / 2 + 0.5;
    context.strokeStyle = colours.halo;
    context.strokeText(text, x + labelInset, middle);
    context.fillStyle = colours.ink;
    context.fillText(text, x + labelInset, middle);
  }
}

/** An outline around a range as a whole, dark on a light edge, so that it shows on every colour. */
function outline(context, view, { from, to, isDashed }, colours) {
  const pieces = [];
  forEachPiece(view, from, to, (x, y, width) => pieces.push({ x, y, right: x + Math.max(width, 3) }));
  if (pieces.length === 0) return;
  context.beginPath();
  contour(context, pieces);
  context.setLineDash(isDashed ? [3, 3] : []);
  for (const [style, width] of [[colours.halo, 4], [colours.chosen, 2]]) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.stroke();
  }
  context.setLineDash([]);
}

/** Down the right sides of rows that touch one another, and up the left ones: one line around all of them. */
function contour(context, pieces) {
  const bottom = pieces.at(-1).y + rowHeight - rowGap;
  context.moveTo(pieces[0].x, pieces[0].y);
  for (const [index, piece] of pieces.entries()) {
    context.lineTo(piece.right, piece.y);
    context.lineTo(piece.right, pieces[index + 1]?.y ?? bottom);
  }
  for (const [index, piece] of [...pieces.entries()].reverse()) {
    context.lineTo(piece.x, pieces[index + 1]?.y ?? bottom);
    context.lineTo(piece.x, piece.y);
  }
  context.closePath();
}
