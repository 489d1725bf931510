// The chains as a drawing: boxes that are links, arrows with the time waited. What it shows stands in the table below it as well.

import { count, plural } from "../../format.js";
import { byId, reconcile, setText } from "../../dom.js";
import { isUnsure } from "../../locks/graph.js";
import { boxWidth, layoutOf } from "../../locks/layout.js";
import { shapeOf } from "../../locks/shape.js";
import { behindLink, edgeWords, isStuck, linesOf, lockLink, moreWords, processLink, sentence } from "../../locks/words.js";

const namespace = "http://www.w3.org/2000/svg";
/** More letters than these have no room in a box; the whole is in its title. */
const lettersMost = 24;
const lineTops = [19, 36, 53];
const textInset = 14;
/** Beside a circle: the rest of its own frame, and the room around the drawing at both sides. */
const framePadding = 40;
/** The ground of what stands on an arrow; letters are not measured, which would cost a layout of the page. */
const labelHeight = 16;
const letterWidth = 5.9;
const hint = "Point at a box to read all of it. Arrow keys go from box to box, Enter opens the process, or the lock’s bytes.";

const parts = {};
const drawing = { graph: undefined, width: 0, layout: undefined, shape: undefined, grown: 0, at: undefined, pointed: undefined, isFound: false };

/** What is drawn, for tests. */
export function model() {
  return { layout: drawing.layout, shape: drawing.shape };
}

export function connect() {
  for (const part of ["frame", "picture", "empty", "status", "note"]) parts[part] = byId(`graph-${part}`);
  const { picture } = parts;
  picture.append(markers(), ...["frames", "lines", "boxes"].map((name) => {
    parts[name] = element("g", { class: `graph-${name}` });
    return parts[name];
  }));
  // The boxes say the same, each in a sentence.
  for (const name of ["frames", "lines"]) parts[name].setAttribute("aria-hidden", "true");
  picture.addEventListener("keydown", onKey);
  picture.addEventListener("focusin", (event) => come(event.target.closest("a")));
  picture.addEventListener("focusout", () => point(undefined));
  picture.addEventListener("pointerover", (event) => point(event.target.closest("a")?.dataset.id));
  picture.addEventListener("pointerleave", () => point(undefined));
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width === drawing.width) return;
    drawing.width = width;
    if (drawing.graph) draw();
  }).observe(parts.frame);
}

/** Draws a graph that is not drawn yet; `emptyText` is for one in which nobody waits. */
export function render(graph, grown, emptyText) {
  drawing.grown = grown;
  const isEmpty = !graph || graph.chains.length === 0;
  parts.empty.hidden = !isEmpty;
  parts.picture.toggleAttribute("hidden", isEmpty);
  setText(parts.empty, emptyText);
  if (graph && graph !== drawing.graph) {
    drawing.graph = graph;
    drawing.shape = shapeOf(graph);
    draw();
  }
}

/** Nothing is there any more that could be drawn. */
export function clear() {
  Object.assign(drawing, { graph: undefined, layout: undefined, shape: undefined, at: undefined, isFound: false });
}

function draw() {
  if (drawing.width === 0) return;
  const layout = drawing.layout = layoutOf(drawing.shape, drawing.width);
  for (const [name, value] of [["width", layout.width], ["height", layout.height]]) put(parts.picture, name, Math.ceil(value + 2));
  reconcile(parts.frames, layout.frames, ({ key }) => key, createFrame, updateFrame);
  reconcile(parts.lines, layout.lines, ({ key }) => key, createLine, updateLine);
  reconcile(parts.boxes, layout.boxes, ({ id }) => id, createBox, updateBox);
  if (!layout.boxes.some(({ id }) => id === drawing.at)) drawing.at = layout.boxes[0]?.id;
  for (const box of parts.boxes.children) put(box, "tabindex", box.dataset.id === drawing.at ? "0" : "-1");
  setText(parts.note, noteWords());
  age(drawing.grown);
  if (!drawing.isFound) showEnd();
}

/** Where not all of it is in sight at first, what the others wait for is. */
function showEnd() {
  const { boxes, frames: [frame], width } = drawing.layout;
  if (boxes.length === 0) return;
  drawing.isFound = true;
  const shown = parts.frame.clientWidth;
  const half = frame ? frame.ring.rx + boxWidth / 2 + framePadding : 0;
  const left = !frame ? width : half * 2 < shown ? frame.ring.cx + half - shown : frame.ring.cx - shown / 2;
  parts.frame.scrollLeft = Math.max(0, left);
}

/** What has changed since the answer came is how long it all lasts. */
export function age(grown) {
  drawing.grown = grown;
  if (!drawing.layout) return;
  drawing.layout.lines.forEach((line, index) => {
    if (!line.edge) return;
    const drawn = parts.lines.children[index];
    if (!drawn) return;
    const [, ground, text] = drawn.children;
    const words = edgeWords(line.edge, grown);
    const width = words.length * letterWidth + 8;
    setText(text, words);
    put(ground, "x", line.words.x - width / 2);
    put(ground, "width", width);
  });
  showStatus();
}

/** What the drawing does not show, in words. */
function noteWords() {
  if (drawing.layout.boxes.length === 0) return "";
  const { left } = drawing.shape;
  const nodes = left.threads + left.locks;
  const hidden = nodes > 0 && `Not drawn: ${[["thread", left.threads], ["lock", left.locks]].filter(([, number]) => number > 0).map(([name, number]) => plural(number, name)).join(" and ")}${
    left.chains > 0 ? `, among them ${plural(left.chains, "whole chain")}` : ""}. The table below lists who waits, ${count(drawing.graph.waits.length)} in all.`;
  return [
    "An arrow leads from who waits to the lock, and from the lock to who has it; from what has no known owner none leads away. Dashed: with a time limit, not certain, or not all drawn.", hidden,
  ].filter(Boolean).join(" ");
}

// Pieces

function element(name, attributes = {}) {
  const node = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function put(node, name, value) {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

function markers() {
  const all = element("defs");
  for (const name of ["plain", "circle"]) {
    const marker = element("marker", { id: `graph-arrow-${name}`, class: `graph-arrow ${name}`, viewBox: "0 0 10 10", refX: "9", refY: "5", markerWidth: "9", markerHeight: "9", markerUnits: "userSpaceOnUse", orient: "auto" });
    marker.append(element("path", { d: "M0 0.5L10 5L0 9.5Z" }));
    all.append(marker);
  }
  return all;
}

function createFrame() {
  const group = element("g");
  group.append(element("rect", { rx: "12", class: "graph-ground" }), element("text", { class: "graph-frame-title" }));
  return group;
}

function updateFrame(group, { x, y, width, height, circle, ring }) {
  const [ground, words] = group.children;
  for (const [name, value] of Object.entries({ x: x + 0.5, y: y + 0.5, width: width - 1, height: height - 1 })) put(ground, name, value);
  // Wherever in a wide frame the circle is.
  put(words, "x", Math.max(x + textInset, ring.cx - ring.rx - boxWidth / 2));
  put(words, "y", y + 23);
  const { threads, victims = [] } = circle.report;
  setText(words, `Deadlock of ${plural(threads.length, "thread")}${victims.length > 0 ? `; ${plural(victims.length, "waits", "wait")} behind` : ""}`);
}

function createLine() {
  const group = element("g");
  group.append(element("path", { fill: "none" }), element("rect", { height: labelHeight, rx: 4 }), element("text", { "text-anchor": "middle", dy: "0.34em" }));
  return group;
}

function updateLine(group, { path, words, edge, isMore, isOfCircle }) {
  const isDashed = isMore || edge.report.timed === true || isUnsure(edge);
  put(group, "class", `graph-line ${isOfCircle ? "circle" : "plain"}${isDashed ? " dashed" : ""}${edge?.report.relation === "heldBy" ? " holds" : ""}`);
  const [line, ground, text] = group.children;
  put(line, "d", path);
  put(line, "marker-end", `url(#graph-arrow-${isOfCircle ? "circle" : "plain"})`);
  put(text, "x", words.x);
  put(text, "y", words.y);
  put(ground, "y", words.y - labelHeight / 2);
  if (isMore) put(ground, "width", 0);
}

function createBox({ id, kind }) {
  const link = element("a", { "data-route": "", "data-id": id });
  const clip = element("svg", { x: textInset, y: 0 });
  for (const top of kind === "lock" ? lineTops : kind === "thread" ? lineTops.slice(0, 2) : [21]) clip.append(element("text", { y: top }));
  link.append(element("title"), element("rect"), clip);
  // A padlock: what is a lock is seen without a colour.
  if (kind === "lock") link.append(element("path", { class: "graph-padlock", d: "M2.5 6V4.5a3 3 0 0 1 6 0V6M0.5 6h10v7.5h-10z" }));
  return link;
}

function updateBox(link, box) {
  const { item, kind, x, y, width, height } = box;
  const [, rect, clip, padlock] = link.children;
  put(link, "transform", `translate(${Math.round(x)} ${Math.round(y)})`);
  put(link, "class", classOf(item));
  put(link, "href", kind === "more" ? behindLink(item.of.id) : kind === "lock" ? lockLink(item.node.report) : processLink(item.node.report));
  for (const [name, value] of Object.entries({ width, height, rx: kind === "lock" ? 5 : height / 2 })) put(rect, name, value);
  put(clip, "width", width - textInset - (kind === "lock" ? 4 : textInset - 2));
  put(clip, "height", height);
  linesOf(item).forEach((text, index) => setText(clip.children[index], short(text)));
  if (padlock) put(padlock, "transform", `translate(${width - 20} 8)`);
  const words = wordsOf(item);
  put(link, "aria-label", words);
  setText(link.firstElementChild, words);
}

function classOf({ kind, node }) {
  if (kind === "more") return "graph-box more";
  const tone = node.circle ? "error" : kind === "lock" ? node.verdict?.severity : isStuck(node.report) ? "warning" : undefined;
  return `graph-box ${kind}${tone && tone !== "info" ? ` ${tone}` : ""}`;
}

/** Without a time a label stays as it is: a box that has the focus is not read again each second. */
const wordsOf = (item, grown) => item.node ? sentence(item.node, grown) : `${moreWords(item)}: list them in the table`;

const short = (text) => text.length > lettersMost ? `${text.slice(0, lettersMost - 1)}…` : text;

// Hands

function come(link) {
  if (!link) return;
  drawing.at = link.dataset.id;
  for (const box of parts.boxes.children) put(box, "tabindex", box === link ? "0" : "-1");
  point(link.dataset.id);
}

function point(id) {
  if (drawing.pointed === id) return;
  drawing.pointed = id;
  showStatus();
}

function showStatus() {
  const box = drawing.layout?.boxes.find(({ id }) => id === drawing.pointed);
  setText(parts.status, box ? wordsOf(box.item, drawing.grown) : drawing.layout?.boxes.length > 0 ? hint : "");
}

const ways = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

function onKey(event) {
  const { boxes } = drawing.layout ?? { boxes: [] };
  if (event.ctrlKey || event.metaKey || event.altKey || boxes.length === 0) return;
  const from = boxes.find(({ id }) => id === drawing.at);
  const to = event.key === "Home" ? boxes[0] : event.key === "End" ? boxes.at(-1) : ways[event.key] && from && nearest(from, boxes, ways[event.key]);
  if (!to && !ways[event.key]) return;
  event.preventDefault();
  const link = to && [...parts.boxes.children].find((one) => one.dataset.id === to.id);
  link?.focus({ preventScroll: true });
  link?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** The box that is next in a direction: what is far aside is further than it looks. */
export function nearest(from, boxes, [dx, dy]) {
  const middle = ({ x, y, width, height }) => [x + width / 2, y + height / 2];
  const [x, y] = middle(from);
  let [best, least] = [undefined, Infinity];
  for (const box of boxes) {
    const [bx, by] = middle(box);
    const along = (bx - x) * dx + (by - y) * dy;
    const aside = Math.abs((bx - x) * dy) + Math.abs((by - y) * dx);
    if (along < 5 || along + 2 * aside >= least) continue;
    [best, least] = [box, along + 2 * aside];
  }
  return best;
}
