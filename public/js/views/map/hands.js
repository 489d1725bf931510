// Pointers and keys on the map's canvas: what they ask the map to do.

import * as cameras from "../../map/camera.js";

/** A finger that moved less than this has pressed, not dragged. */
const dragPixels = 4;

/**
 * `map` is `{view(), width(), height(), move(view), look(point), leave(), choose(point), closer(point), drop(), zoom(direction), all(),
 * pool(), selection(), step(direction)}`; points are in CSS pixels of the canvas.
 */
export function connectHands(canvas, map) {
  const pointers = new Map();
  let drag;
  canvas.addEventListener("wheel", (event) => {
    const view = map.view();
    if (!view) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? map.height() : 1;
    if (event.shiftKey) {
      map.move(cameras.scrolled(view, (event.deltaY || event.deltaX) * unit / cameras.rowHeight / 3));
    } else {
      const { x, y } = pointAt(event);
      map.move(cameras.zoomed(view, Math.exp(-event.deltaY * unit * (event.ctrlKey ? 0.01 : 0.002)), x, y));
    }
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !map.view()) return;
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, pointAt(event));
    drag = { view: map.view(), from: pointAt(event), moved: false, pinch: pinch(pointers) };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId)) {
      map.look(pointAt(event));
      return;
    }
    pointers.set(event.pointerId, pointAt(event));
    const now = pinch(pointers);
    const point = pointAt(event);
    const [dx, dy] = [point.x - drag.from.x, point.y - drag.from.y];
    if (drag.pinch && now) map.move(cameras.zoomed(drag.view, now.distance / Math.max(1, drag.pinch.distance), now.x, now.y));
    else if (drag.moved || Math.hypot(dx, dy) >= dragPixels) map.move(cameras.dragged(drag.view, dx, dy));
    else return;
    drag.moved = true;
  });
  const end = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    const wasClick = drag && !drag.moved && event.type === "pointerup";
    drag = pointers.size > 0 ? { view: map.view(), from: [...pointers.values()][0], moved: true } : undefined;
    if (wasClick) map.choose(pointAt(event));
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("pointerleave", () => map.leave());
  canvas.addEventListener("dblclick", (event) => map.closer(pointAt(event)));
  canvas.addEventListener("keydown", (event) => onKey(event, map));
}

function pointAt(event) {
  return { x: event.offsetX, y: event.offsetY };
}

/** Two fingers: where their middle is and how far apart they are. */
function pinch(pointers) {
  const [first, second] = [...pointers.values()];
  if (!second) return undefined;
  return { x: (first.x + second.x) / 2, y: (first.y + second.y) / 2, distance: Math.hypot(first.x - second.x, first.y - second.y) };
}

function onKey(event, map) {
  const view = map.view();
  if (!view || event.altKey || event.ctrlKey || event.metaKey) return;
  const page = view.rows * 0.8;
  const step = map.width() / 16;
  const acts = {
    ArrowUp: () => map.move(cameras.scrolled(view, -1)), ArrowDown: () => map.move(cameras.scrolled(view, 1)),
    ArrowLeft: () => map.move(cameras.dragged(view, step, 0)), ArrowRight: () => map.move(cameras.dragged(view, -step, 0)),
    PageUp: () => map.move(cameras.scrolled(view, -page)), PageDown: () => map.move(cameras.scrolled(view, page)),
    Home: () => map.move(cameras.clamped({ ...view, start: 0 })), End: () => map.move(cameras.clamped({ ...view, start: view.sizeBytes })),
    "+": () => map.zoom(1), "=": () => map.zoom(1), "-": () => map.zoom(-1), 0: map.all, h: map.pool, f: map.selection,
    n: () => map.step(1), p: () => map.step(-1), Enter: () => map.step(0), Escape: map.drop,
  };
  const act = acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}
