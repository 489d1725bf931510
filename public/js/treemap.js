// Values → rectangles whose areas are in proportion to them: a squarified treemap. Pure: no canvas, no page.

/** Below this area in CSS pixels a rectangle can be neither seen nor hit. */
const areaMinimum = 36;
/** More rectangles than this tell nobody anything, and cost time to paint. */
const tilesMaximum = 600;

/**
 * Places items in `width` × `height`, the largest at the top left.
 *
 * `valueOf(item)` is what the area stands for; items without any are left out. Those too small to be seen are put
 * together into one tile without an item: `{x, y, width, height, value, item?, count}`.
 */
export function treemap(items, valueOf, width, height, { minimum = areaMinimum, most = tilesMaximum } = {}) {
  const weighed = [];
  let total = 0;
  for (const item of items) {
    const value = valueOf(item);
    if (!(value > 0) || !Number.isFinite(value)) continue;
    weighed.push({ item, value, count: 1 });
    total += value;
  }
  if (weighed.length === 0 || !(width > 0) || !(height > 0)) return [];
  weighed.sort((a, b) => b.value - a.value);
  const scale = (width * height) / total;
  const drawn = together(weighed, scale, minimum, most);
  return squarify(drawn, scale, width, height);
}

/** The large ones as they are, and the rest as one. */
function together(weighed, scale, minimum, most) {
  let kept = weighed.findIndex((one, index) => index >= most || one.value * scale < minimum);
  // A single small one needs no company.
  if (kept < 0 || kept >= weighed.length - 1) return weighed;
  const rest = weighed.slice(kept);
  const value = rest.reduce((sum, one) => sum + one.value, 0);
  const all = weighed.slice(0, kept);
  const place = all.findIndex((one) => one.value < value);
  all.splice(place < 0 ? all.length : place, 0, { value, count: rest.length });
  return all;
}

/**
 * Fills the rectangle strip by strip, each along its shorter side, and gives a strip one more item as long as that makes
 * its worst shape better (Bruls, Huizing and van Wijk, "Squarified Treemaps", 2000).
 */
function squarify(sorted, scale, width, height) {
  const tiles = [];
  let x = 0;
  let y = 0;
  let index = 0;
  while (index < sorted.length) {
    const side = Math.min(width - x, height - y);
    let end = index + 1;
    let area = sorted[index].value * scale;
    const largest = area;
    let worst = worstShape(largest, area, area, side);
    while (end < sorted.length) {
      const next = sorted[end].value * scale;
      const candidate = worstShape(largest, next, area + next, side);
      if (candidate > worst) break;
      worst = candidate;
      area += next;
      end += 1;
    }
    const isColumn = width - x >= height - y;
    // The last strip takes what is left, so that rounding leaves no seam.
    const thickness = end === sorted.length ? Math.max(width - x, height - y) : side > 0 ? area / side : 0;
    place(tiles, sorted, index, end, { x, y, side, thickness, area: area / scale, isColumn });
    if (isColumn) x += thickness;
    else y += thickness;
    index = end;
  }
  return tiles;
}

function worstShape(largest, smallest, area, side) {
  const square = side * side;
  return Math.max((square * largest) / (area * area), (area * area) / (square * smallest));
}

function place(tiles, sorted, from, to, { x, y, side, thickness, area, isColumn }) {
  let along = 0;
  for (let index = from; index < to; index += 1) {
    const { item, value, count } = sorted[index];
    const length = side * (value / area);
    tiles.push(isColumn
      ? { item, value, count, x, y: y + along, width: thickness, height: length }
      : { item, value, count, x: x + along, y, width: length, height: thickness });
    along += length;
  }
}

/** The index of the tile at a point; -1 where there is none. */
export function tileAt(tiles, x, y) {
  return tiles.findIndex((tile) => x >= tile.x && x < tile.x + tile.width && y >= tile.y && y < tile.y + tile.height);
}

const directions = {
  ArrowLeft: { along: "x", length: "width", across: "y", breadth: "height", sign: -1 },
  ArrowRight: { along: "x", length: "width", across: "y", breadth: "height", sign: 1 },
  ArrowUp: { along: "y", length: "height", across: "x", breadth: "width", sign: -1 },
  ArrowDown: { along: "y", length: "height", across: "x", breadth: "width", sign: 1 },
};

/** The index of the tile that a key leads to from `index`; undefined for a key that leads nowhere. */
export function step(tiles, index, key) {
  if (tiles.length === 0) return undefined;
  if (key === "Home") return 0;
  if (key === "End") return tiles.length - 1;
  const direction = directions[key];
  if (!direction) return undefined;
  const from = tiles[index];
  return from ? neighbour(tiles, from, direction) ?? index : 0;
}

/** The nearest tile behind an edge; of those equally near the one that lies most squarely there. */
function neighbour(tiles, from, { along, length, across, breadth, sign }) {
  const tolerance = 0.01;
  const middle = from[across] + from[breadth] / 2;
  let best;
  let bestDistance = Infinity;
  tiles.forEach((tile, index) => {
    const gap = sign > 0
      ? tile[along] - (from[along] + from[length])
      : from[along] - (tile[along] + tile[length]);
    if (tile === from || gap < -tolerance) return;
    const aside = Math.max(0, tile[across] - middle, middle - (tile[across] + tile[breadth]));
    // What lies beside the way is far, however near its edge is.
    const distance = Math.max(0, gap) + aside * 4 + Math.abs(tile[across] + tile[breadth] / 2 - middle) * 0.01;
    if (distance < bestDistance) {
      best = index;
      bestDistance = distance;
    }
  });
  return best;
}
