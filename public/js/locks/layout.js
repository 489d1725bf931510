// Chains that are to be drawn → boxes, lines and frames with their places. A chain goes from who waits at its left to what stands
// at its end at its right; a circle is drawn as one, with its victims outside of it. Pure.

import { ring as ringLayout } from "./ring.js";
import { isOfCircle } from "./graph.js";

export const boxWidth = 184;
export const heights = { thread: 46, lock: 64, more: 34 };
/** Between columns: an arrow with the time waited has its place there. */
export const columnGap = 120;
const rowGap = 12;
const chainGap = 28;
const padding = 16;
/** A circle's frame has its words above it. */
const titleHeight = 26;

/** `{width, height, boxes, lines, frames}` for a frame that is `available` wide; a chain that is wider makes it wider. */
export function layoutOf({ chains }, available) {
  const blocks = chains.map(blockOf);
  const placed = shelves(blocks, available);
  const boxes = [];
  const frames = [];
  for (const { block, x, y } of placed.items) {
    for (const box of block.boxes) boxes.push({ ...box, x: box.x + x, y: box.y + y });
    if (block.circle) frames.push({ key: block.circle.key, circle: block.circle, x, y, width: block.width, height: block.height, ring: moved(block.ring, x, y) });
  }
  return { width: placed.width, height: placed.height, boxes, lines: linesOf(boxes, frames), frames };
}

const moved = ({ cx, cy, rx, ry }, x, y) => ({ cx: cx + x, cy: cy + y, rx, ry });

// One chain

function blockOf({ chain, ring, roots }) {
  const isCircle = ring.length > 0;
  const found = isCircle ? circleBoxes(ring, roots) : { boxes: stack(roots, 0, -1) };
  const outline = boundsOf(found.boxes);
  const inset = isCircle ? padding : 0;
  const top = isCircle ? padding + titleHeight : 0;
  const [dx, dy] = [inset - outline.left, top - outline.top];
  return {
    circle: isCircle ? chain.circle : undefined, ring: isCircle ? moved(found.ring, dx, dy) : undefined,
    boxes: found.boxes.map((box) => ({ ...box, x: box.x + dx, y: box.y + dy })),
    width: outline.right - outline.left + 2 * inset, height: outline.bottom - outline.top + top + inset,
  };
}

function boundsOf(boxes) {
  return boxes.reduce((bounds, { x, y, width, height }) => ({
    left: Math.min(bounds.left, x), top: Math.min(bounds.top, y), right: Math.max(bounds.right, x + width), bottom: Math.max(bounds.bottom, y + height),
  }), { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity });
}

/** A circle, what waits at its left and at its right, and what else hangs together with it below. */
function circleBoxes(items, roots) {
  const { boxes: onRing, ...ring } = ringLayout(items, { width: boxWidth, heights });
  const outline = boundsOf(onRing);
  const all = [...onRing];
  for (const side of [-1, 1]) {
    const x = side < 0 ? outline.left - columnGap - boxWidth : outline.right + columnGap;
    all.push(...besides(onRing.filter((box) => sideOf(box, ring) === side && box.item.children.length > 0), x, side));
  }
  if (roots.length > 0) {
    const { left, bottom } = boundsOf(all);
    const others = stack(roots, 0, -1);
    const from = boundsOf(others).left;
    all.push(...others.map((box) => ({ ...box, x: box.x - from + left, y: box.y + bottom + chainGap })));
  }
  return { boxes: all, ring };
}

/** What stands at the very top and bottom has its victims at the left, as all chains. */
const sideOf = (box, { cx }) => box.x + box.width / 2 > cx + 1 ? 1 : -1;

/**
 * The victims of one side of a circle, beside what they wait for: those of what is highest go up from there, those of what is
 * lowest down, so that no arrow has to pass what stands between.
 */
function besides(boxes, x, side) {
  const middle = (box) => box.y + box.height / 2;
  const outermost = boxes.toSorted((a, b) => side * (b.x - a.x));
  const level = outermost.length > 0 ? middle(outermost[0]) : 0;
  const above = boxes.filter((box) => middle(box) < level - 1).sort((a, b) => middle(b) - middle(a));
  const below = boxes.filter((box) => middle(box) > level + 1).sort((a, b) => middle(a) - middle(b));
  const found = [];
  let [top, bottom] = [level, level];
  for (const box of boxes.filter((one) => !above.includes(one) && !below.includes(one))) {
    const height = heightOf(box.item.children);
    found.push(...stack(box.item.children, middle(box) - height / 2, side, x));
    [top, bottom] = [Math.min(top, middle(box) - height / 2 - rowGap), Math.max(bottom, middle(box) + height / 2 + rowGap)];
  }
  for (const box of above) {
    const height = heightOf(box.item.children);
    const y = Math.min(middle(box) - height / 2, top - height);
    found.push(...stack(box.item.children, y, side, x));
    top = y - rowGap;
  }
  for (const box of below) {
    const height = heightOf(box.item.children);
    const y = Math.max(middle(box) - height / 2, bottom);
    found.push(...stack(box.item.children, y, side, x));
    bottom = y + height + rowGap;
  }
  return found;
}

// Trees

/** The height that each item takes with all that stand behind it. Chains are long: nothing here calls itself. */
function blockHeights(items) {
  const order = [...items];
  for (let index = 0; index < order.length; index += 1) order.push(...order[index].children);
  const found = new Map();
  for (const item of order.toReversed()) found.set(item, Math.max(heights[item.kind], total(item.children, found)));
  return { order, found };
}

/** Items one below the other, with the gaps between them. */
const total = (items, found) => items.reduce((sum, item) => sum + found.get(item), 0) + rowGap * Math.max(0, items.length - 1);

const heightOf = (items) => total(items, blockHeights(items).found);

/**
 * Items one below the other from `y`, in the column at `x`, each in the middle of what stands behind it, which is at its left where
 * `side` is -1, and at its right where it is 1.
 */
function stack(items, y, side, x = 0) {
  const { order, found } = blockHeights(items);
  const step = side * (boxWidth + columnGap);
  const tops = new Map();
  let top = y;
  for (const item of items) {
    tops.set(item, top);
    top += found.get(item) + rowGap;
  }
  const columns = new Map(items.map((item) => [item, x]));
  return order.map((item) => {
    const height = heights[item.kind];
    let at = tops.get(item) + (found.get(item) - total(item.children, found)) / 2;
    for (const child of item.children) {
      tops.set(child, at);
      columns.set(child, columns.get(item) + step);
      at += found.get(child) + rowGap;
    }
    return { id: item.id, kind: item.kind, item, x: columns.get(item), y: tops.get(item) + (found.get(item) - height) / 2, width: boxWidth, height };
  });
}

/**
 * Blocks beside one another while there is room, in their order. Where one has more than all the room, all end where it does: what
 * stands at the ends of chains is seen together.
 */
function shelves(blocks, available) {
  const items = [];
  const rights = [];
  let [x, y, low] = [0, 0, 0];
  for (const block of blocks) {
    if (x > 0 && x + block.width > available) {
      y = low + chainGap;
      x = 0;
    }
    items.push({ block, x, y });
    rights.push([y, x + block.width]);
    x += block.width + chainGap;
    low = Math.max(low, y + block.height);
  }
  const shelf = new Map(rights);
  const width = Math.max(0, ...shelf.values());
  if (width > available) for (const item of items) item.x += width - shelf.get(item.y);
  return { items, width, height: low };
}

// Lines

/** Every edge both ends of which are drawn, and one from each box that stands for others. */
function linesOf(boxes, frames) {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const rings = new Map(frames.map(({ circle, ring }) => [circle, ring]));
  const lines = [];
  for (const box of boxes) {
    if (box.kind === "more") {
      const to = byId.get(box.item.of.id);
      if (to && !box.item.isOfRing) lines.push({ key: box.id, from: box, to, isMore: true, ...bow(box, to) });
      continue;
    }
    for (const edge of box.item.node.out) {
      const to = byId.get(edge.to.id);
      if (!to) continue;
      const ring = isOfCircle(edge) && box.isOfRing && to.isOfRing ? rings.get(edge.from.circle) : undefined;
      lines.push({ key: edge.key, edge, from: box, to, isOfCircle: isOfCircle(edge), ...(ring ? arc(box, to, ring) : bow(box, to, wordsAt(edge, box, to))) });
    }
  }
  return lines;
}

/** Many may wait for one lock, and one lock may be had by one of many: words stand where their lines are apart. */
function wordsAt({ report }, from, to) {
  const isStraight = Math.abs(from.y + from.height / 2 - to.y - to.height / 2) < 1;
  return isStraight ? 0.48 : report.relation === "waitsFor" ? 0.32 : 0.68;
}

const arrow = 3;

/** A line that leaves one box at its side and comes to the side of another; `at` is where on it words stand. */
function bow(from, to, at = 0.5) {
  const toRight = from.x + from.width <= to.x + 1 || (from.x < to.x && from.x + from.width < to.x + to.width);
  const isBeside = toRight || to.x + to.width <= from.x + 1;
  // Boxes of one column: out at the right and back in at the right.
  const leave = toRight || !isBeside ? from.x + from.width : from.x;
  const arrive = toRight ? to.x - arrow : to.x + to.width + arrow;
  const pull = (isBeside ? Math.max(30, Math.abs(arrive - leave) / 2) : 60) * (toRight || !isBeside ? 1 : -1);
  const [y1, y2] = [from.y + from.height / 2, to.y + to.height / 2];
  const controls = [leave + pull, isBeside ? arrive - pull : arrive + pull];
  const mix = (a, b, c, d) => (1 - at) ** 3 * a + 3 * (1 - at) ** 2 * at * b + 3 * (1 - at) * at ** 2 * c + at ** 3 * d;
  return {
    path: `M${round(leave)} ${round(y1)}C${round(controls[0])} ${round(y1)} ${round(controls[1])} ${round(y2)} ${round(arrive)} ${round(y2)}`,
    words: { x: round(mix(leave, ...controls, arrive)), y: round(mix(y1, y1, y2, y2)) },
  };
}

/** A part of a circle's line, from where it leaves one box to where it enters the next. */
function arc(from, to, ring) {
  const begin = from.angle;
  const end = to.angle > begin ? to.angle : to.angle + 2 * Math.PI;
  const steps = 240;
  const point = (step) => {
    const angle = begin + (end - begin) * step / steps;
    return { x: ring.cx + ring.rx * Math.cos(angle), y: ring.cy + ring.ry * Math.sin(angle) };
  };
  let [first, last] = [0, steps];
  while (first < steps / 2 && isIn(point(first), from, 1)) first += 1;
  while (last > steps / 2 && isIn(point(last), to, arrow + 1)) last -= 1;
  const [a, b, middle] = [point(first), point(last), point((first + last) / 2)];
  const isLong = (end - begin) * (last - first) / steps > Math.PI ? 1 : 0;
  return {
    path: `M${round(a.x)} ${round(a.y)}A${round(ring.rx)} ${round(ring.ry)} 0 ${isLong} 1 ${round(b.x)} ${round(b.y)}`,
    words: { x: round(middle.x), y: round(middle.y) },
  };
}

const isIn = ({ x, y }, box, margin) => x > box.x - margin && x < box.x + box.width + margin && y > box.y - margin && y < box.y + box.height + margin;
const round = (value) => Math.round(value * 10) / 10;
