// A small chart over time: a heading, the figure, and a canvas of one or two lines with the words of its axes.

import { make, setText, show } from "../dom.js";
import { extent, lines } from "./scale.js";

const heightPixels = 76;
const inset = { left: 4, right: 4, top: 14, bottom: 14 };
const charts = new Set();

addEventListener("resize", () => redraw());
for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)", "(prefers-contrast: more)"]) {
  matchMedia(query).addEventListener("change", () => redraw());
}

function redraw() {
  for (const chart of charts) chart.draw();
}

/**
 * `{title, lines: [{label, colour}], format, ceiling?}`; the first line is filled, the second dashed.
 * `render({figure, notes, serieses, from, to, mark?})` shows it; `notes` stand behind the names of the lines, those of one
 * line alone below it; `mark` is the moment that is looked back at.
 */
export function chart({ title, lines: kinds, format, ceiling }) {
  const node = make("figure", { className: "chart" });
  const caption = make("figcaption");
  const figure = make("span", { className: "chart-figure" });
  caption.append(make("span", { className: "chart-name", text: title }), figure);
  const legend = make("p", { className: "chart-legend" });
  const notes = kinds.map(({ label, colour }, index) => {
    const key = make("span", { className: kinds.length > 1 ? `chart-key ${index > 0 ? "dashed" : "solid"}` : "" });
    key.style.setProperty("--key", `var(${colour})`);
    const note = make("span");
    key.append(...(kinds.length > 1 ? [`${label} `] : []), note);
    legend.append(key);
    return note;
  });
  const canvas = make("canvas");
  canvas.setAttribute("role", "img");
  node.append(caption, canvas, legend);
  const state = { serieses: [], width: 0, from: 0, to: 0, mark: undefined };
  let drawn = "";
  const one = {
    node,
    draw: () => paint(canvas, state, kinds, { format, ceiling }),
    render({ figure: content, notes: words = [], serieses, from, to, mark }) {
      show(figure, { ...content, className: "chart-figure" });
      notes.forEach((note, index) => setText(note, words[index] ?? ""));
      const signature = [from, to, mark, ...serieses.flatMap((series) => [series.length, series.at(-1)?.at, series.at(-1)?.value])].join(" ");
      if (signature === drawn) return;
      drawn = signature;
      Object.assign(state, { serieses, from, to, mark });
      canvas.setAttribute("aria-label", describe(title, serieses, kinds, format));
      one.draw();
    },
  };
  new ResizeObserver(([entry]) => {
    state.width = Math.floor(entry.contentRect.width);
    one.draw();
  }).observe(node);
  charts.add(one);
  return one;
}

function describe(title, serieses, kinds, format) {
  const words = serieses.map((series, index) => {
    if (series.length === 0) return undefined;
    const values = series.map(({ value }) => value);
    return `${kinds[index].label} from ${format(Math.min(...values))} to ${format(Math.max(...values))}`;
  }).filter(Boolean);
  return words.length > 0 ? `${title} over time: ${words.join("; ")}` : `${title} over time: nothing seen yet`;
}

function paint(canvas, { serieses, width, from, to, mark }, kinds, { format, ceiling }) {
  if (width <= 0) return;
  const ratio = devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * ratio), Math.round(heightPixels * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${heightPixels}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, heightPixels);
  const style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(name).trim() || style.color;
  const box = { width: width - inset.left - inset.right, height: heightPixels - inset.top - inset.bottom };
  const { most } = extent(serieses, ceiling);
  axes(context, { box, width, most, from, to, format, line: colour("--line"), ink: colour("--ink-soft"), font: style.fontFamily });
  if (mark !== undefined && to > from) pointer(context, inset.left + ((mark - from) / (to - from)) * box.width, box.height, colour("--ink"));
  serieses.forEach((series, index) => {
    for (const points of lines(series, { from, to, most, ...box })) {
      stroke(context, points, box, { colour: colour(kinds[index].colour), isFilled: index === 0, isDashed: index > 0 });
    }
  });
}

function axes(context, { box, width, most, from, to, format, line, ink, font }) {
  context.strokeStyle = line;
  context.lineWidth = 1;
  for (const y of [inset.top + 0.5, inset.top + box.height + 0.5]) {
    context.beginPath();
    context.moveTo(inset.left, y);
    context.lineTo(width - inset.right, y);
    context.stroke();
  }
  context.fillStyle = ink;
  context.font = `11px ${font}`;
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.fillText(format(most), inset.left, inset.top - 4);
  context.fillText(ago(to - from), inset.left, heightPixels - 3);
  context.textAlign = "right";
  context.fillText("now", width - inset.right, heightPixels - 3);
}

/** Where one looks back at. */
function pointer(context, x, height, colour) {
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x, inset.top - 3);
  context.lineTo(x, inset.top + height + 3);
  context.stroke();
}

function ago(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return seconds >= 120 ? `${Math.round(seconds / 60)} min ago` : `${seconds} s ago`;
}

function stroke(context, points, box, { colour, isFilled, isDashed }) {
  const x = (point) => inset.left + point.x;
  const y = (point) => inset.top + point.y;
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 1.75;
  context.lineJoin = "round";
  context.setLineDash(isDashed ? [4, 3] : []);
  context.beginPath();
  if (points.length === 1) context.arc(x(points[0]), y(points[0]), 1.5, 0, 7);
  points.forEach((point, index) => index === 0 ? context.moveTo(x(point), y(point)) : context.lineTo(x(point), y(point)));
  context.stroke();
  context.setLineDash([]);
  if (!isFilled || points.length < 2) return;
  context.lineTo(x(points.at(-1)), inset.top + box.height);
  context.lineTo(x(points[0]), inset.top + box.height);
  context.globalAlpha = 0.13;
  context.fill();
  context.globalAlpha = 1;
}
