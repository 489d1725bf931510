// A circle of boxes: an ellipse that is large enough for all of them, turned so that most of those that wait outside of it are at its
// left, as victims are everywhere. Pure.

/** Room that two neighbours leave for the arrow between them and its words. */
const apartX = 84;
const apartY = 44;
const growth = 1.06;

/** `{cx, cy, rx, ry, boxes}` around a middle at 0, clockwise from the left; each box has its `angle`. */
export function ring(items, { width, heights }) {
  const turned = turnedBest(items);
  const count = turned.length;
  let [rx, ry] = count === 2 ? [width * 0.85, 62] : [width * 1.1, 104];
  let boxes = place(turned, rx, ry, width, heights);
  // Every turn grows: any number of boxes comes apart some time.
  while (!areApart(boxes)) {
    rx *= growth;
    ry *= growth;
    boxes = place(turned, rx, ry, width, heights);
  }
  return { cx: 0, cy: 0, rx, ry, boxes };
}

function place(items, rx, ry, width, heights) {
  return items.map((item, index) => {
    const angle = Math.PI + 2 * Math.PI * index / items.length;
    const height = heights[item.kind];
    return {
      id: item.id, kind: item.kind, item, isOfRing: true, angle, width, height,
      x: rx * Math.cos(angle) - width / 2, y: ry * Math.sin(angle) - height / 2,
    };
  });
}

function areApart(boxes) {
  return boxes.every((a, index) => boxes.slice(index + 1).every((b) => {
    const beside = Math.max(a.x, b.x) - Math.min(a.x + a.width, b.x + b.width);
    const below = Math.max(a.y, b.y) - Math.min(a.y + a.height, b.y + b.height);
    return beside >= apartX || below >= apartY;
  }));
}

function turnedBest(items) {
  const count = items.length;
  const weight = (item) => item.children.reduce((sum, child) => sum + 1 + (child.node?.threadsBehind ?? child.behind ?? 0), 0);
  let [best, most] = [0, -1];
  // With the first thread at the left where nothing speaks for another.
  for (let turn = 0; turn < count; turn += 1) {
    let atLeft = 0;
    items.forEach((item, index) => {
      if (Math.cos(Math.PI + 2 * Math.PI * (index - turn) / count) < 0.01) atLeft += weight(item);
    });
    if (atLeft > most) [best, most] = [turn, atLeft];
  }
  return [...items.slice(best), ...items.slice(0, best)];
}
