// Events over time as rows of marks on a canvas. A mark's kind is told by its shape, and by its colour besides.

import { kindOf, marks } from "./lanes.js";

const laneHeight = 20;
const axisHeight = 18;
const topInset = 4;
const size = 4;

/** Where the rows begin, by the strip's width: the names of the rows stand before. */
function labelWidth(width) {
  return width < 560 ? 92 : 168;
}

function heightOf(lanes) {
  return topInset + lanes * laneHeight + axisHeight;
}

/** The row at a height; it may be one that is not there. */
export function laneAt(y) {
  return Math.floor((y - topInset) / laneHeight);
}

/**
 * Draws and gives the marks. `picture` is `{events, lanes, laneOf, from, to, rows, chosen, gaps}`: `rows` is how many rows
 * there is room for, `chosen` the sequence of an event, `gaps` a map of sequences before which some went by unseen.
 */
export function paintStrip(canvas, width, picture) {
  const { events, lanes, laneOf, from, to, rows, chosen, gaps } = picture;
  const height = heightOf(rows);
  const ratio = devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const style = getComputedStyle(canvas);
  const known = new Map();
  const colour = (name) => {
    if (!known.has(name)) known.set(name, style.getPropertyValue(name).trim() || style.color);
    return known.get(name);
  };
  context.font = `12px ${style.fontFamily}`;
  context.textBaseline = "middle";
  const left = labelWidth(width);
  const inner = Math.max(1, width - left - 8);
  drawRows(context, { lanes, rows, width, left, line: colour("--line-soft"), ink: colour("--ink") });
  drawAxis(context, { from, to, left, inner, y: topInset + rows * laneHeight, ink: colour("--ink-soft"), line: colour("--line") });
  const list = marks(events, { from, to, width: inner, laneOf });
  drawGaps(context, { events, gaps, from, to, left, inner, height: rows * laneHeight, colour: colour("--warning") });
  for (const mark of list) {
    const kind = kindOf(mark.event);
    context.fillStyle = context.strokeStyle = colour(kind.colour);
    drawShape(context, kind.shape, left + mark.x, middleOf(mark.lane));
  }
  drawChosen(context, { events, chosen, laneOf, from, to, left, inner, height: rows * laneHeight, colour: colour("--ink") });
  return { marks: list, left, inner };
}

const middleOf = (lane) => topInset + lane * laneHeight + laneHeight / 2;

function drawRows(context, { lanes, rows, width, left, line, ink }) {
  context.textAlign = "left";
  context.strokeStyle = line;
  context.lineWidth = 1;
  for (let index = 0; index <= rows; index += 1) {
    const y = topInset + index * laneHeight + 0.5;
    context.beginPath();
    context.moveTo(0, y);
    context.lineTo(width, y);
    context.stroke();
  }
  context.fillStyle = ink;
  context.save();
  context.beginPath();
  context.rect(0, 0, left - 8, topInset + rows * laneHeight);
  context.clip();
  lanes.forEach(({ label }, index) => context.fillText(label, 0, middleOf(index)));
  context.restore();
}

const steps = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].map((seconds) => seconds * 1000),
];
const tickPixels = 90;

function drawAxis(context, { from, to, left, inner, y, ink, line }) {
  const wanted = (to - from) * tickPixels / inner;
  const step = steps.find((one) => one >= wanted) ?? steps.at(-1);
  context.fillStyle = ink;
  context.strokeStyle = line;
  context.textAlign = "center";
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const x = left + ((at - from) / (to - from)) * inner;
    context.beginPath();
    context.moveTo(x + 0.5, topInset);
    context.lineTo(x + 0.5, y + 3);
    context.stroke();
    if (x > left + 24 && x < left + inner - 24) context.fillText(new Date(at).toISOString().slice(11, step < 1000 ? 23 : 19), x, y + axisHeight / 2 + 1);
  }
}

/** A dashed line before what follows events that nobody saw. */
function drawGaps(context, { events, gaps, from, to, left, inner, height, colour }) {
  if (!gaps || gaps.size === 0) return;
  context.strokeStyle = colour;
  context.setLineDash([3, 3]);
  let before = -Infinity;
  for (const event of events) {
    if (!gaps.has(event.sequence)) continue;
    const at = Date.parse(event.at);
    const x = Math.round(left + ((at - from) / (to - from)) * inner) + 0.5;
    if (at < from || at > to || x - before < 3) continue;
    before = x;
    context.beginPath();
    context.moveTo(x, topInset);
    context.lineTo(x, topInset + height);
    context.stroke();
  }
  context.setLineDash([]);
}

function drawChosen(context, { events, chosen, laneOf, from, to, left, inner, height, colour }) {
  const event = chosen === undefined ? undefined : events.find(({ sequence }) => sequence === chosen);
  const at = event && Date.parse(event.at);
  if (!event || at < from || at > to) return;
  const x = left + ((at - from) / (to - from)) * inner;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x, topInset);
  context.lineTo(x, topInset + height);
  context.stroke();
  context.lineWidth = 2;
  context.strokeRect(x - size - 3, middleOf(laneOf(event)) - size - 3, 2 * size + 6, 2 * size + 6);
}

const outlines = {
  up: [[0, -1], [1, 1], [-1, 1]], down: [[0, 1], [1, -1], [-1, -1]], right: [[1, 0], [-1, -1], [-1, 1]], left: [[-1, 0], [1, -1], [1, 1]],
  diamond: [[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]], square: [[-0.8, -0.8], [0.8, -0.8], [0.8, 0.8], [-0.8, 0.8]],
  bar: [[-0.3, -1.2], [0.3, -1.2], [0.3, 1.2], [-0.3, 1.2]], flag: [[-0.8, -1.2], [1, -0.5], [-0.4, 0.2], [-0.4, 1.2], [-0.8, 1.2]],
};
const strokes = { plus: [[-1, 0, 1, 0], [0, -1, 0, 1]], cross: [[-1, -1, 1, 1], [-1, 1, 1, -1]], bang: [[0, -1.4, 0, 0.4], [0, 1, 0, 1.4]] };

function drawShape(context, shape, x, y) {
  context.beginPath();
  if (outlines[shape]) {
    for (const [dx, dy] of outlines[shape]) context.lineTo(x + dx * size, y + dy * size);
    context.fill();
  } else if (strokes[shape]) {
    context.lineWidth = 2;
    for (const [ax, ay, bx, by] of strokes[shape]) {
      context.moveTo(x + ax * size, y + ay * size);
      context.lineTo(x + bx * size, y + by * size);
    }
    context.stroke();
  } else {
    context.lineWidth = 1.5;
    context.arc(x, y, size * 0.8, 0, 7);
    if (shape === "dot") context.fill();
    else context.stroke();
    if (shape === "target") context.fillRect(x - 1, y - 1, 2, 2);
  }
}
