// What the pointer and the keys do in the rows of bytes.

import { moveTo, selectionOf, step } from "../../hex/cursor.js";

/** How fast dragging over the edge scrolls, by how far it is over. */
const dragFactor = 0.3;

/**
 * Connects a grid. `does` is `{selection(), sizeBytes(), choose(selection), type(digit), erase(), enter(), escape(), copy(),
 * goTo(), find(), hit(direction), hovered(offset), whole(offset)}`.
 */
export function connectHands(grid, does) {
  connectPointer(grid, does);
  grid.sheet.addEventListener("keydown", (event) => {
    if (onKey(event, grid, does)) event.preventDefault();
  });
}

function onKey(event, grid, does) {
  if (event.altKey) return false;
  const control = event.ctrlKey || event.metaKey;
  if (control && event.key === "c") return act(does.copy);
  const selection = does.selection();
  // What was given from outside has its cursor at its beginning; Shift goes on from its end.
  const from = event.shiftKey && selection?.isGiven ? selectionOf(selection.cursor, selection.anchor + 1) : selection;
  const next = step(from, { key: event.key, shift: event.shiftKey, control }, {
    sizeBytes: does.sizeBytes(), perRow: grid.columns.perRow, pageRows: grid.pageRows, start: grid.inSight().from,
  });
  if (next) return act(() => does.choose(next));
  if (control) return false;
  if (/^[0-9a-fA-F]$/.test(event.key)) return act(() => does.type(event.key));
  const keys = {
    Backspace: does.erase, Enter: does.enter, Escape: does.escape, g: does.goTo, "/": does.find,
    n: () => does.hit(1), p: () => does.hit(-1), N: () => does.hit(-1),
  };
  return keys[event.key] ? act(keys[event.key]) : false;
}

function act(what) {
  what();
  return true;
}

function connectPointer(grid, does) {
  const { sheet } = grid;
  let drag;
  const extend = () => {
    const offset = grid.byteAt(drag.x, drag.y);
    if (does.selection()?.cursor !== offset) does.choose(moveTo(does.selection(), offset, does.sizeBytes(), true), { isDrag: true });
  };
  const roll = () => {
    if (!drag) return;
    const beyond = grid.beyond(drag.y);
    if (beyond !== 0) {
      grid.moveTo(grid.position + beyond * dragFactor);
      extend();
    }
    drag.frame = requestAnimationFrame(roll);
  };
  sheet.addEventListener("pointerdown", (event) => {
    // A finger scrolls; its tap is a click.
    if (event.button !== 0 || event.pointerType === "touch" || does.sizeBytes() === 0) return;
    sheet.setPointerCapture(event.pointerId);
    does.choose(moveTo(does.selection(), grid.byteAt(event.clientX, event.clientY), does.sizeBytes(), event.shiftKey), { isDrag: true });
    drag = { x: event.clientX, y: event.clientY };
    drag.frame = requestAnimationFrame(roll);
  });
  sheet.addEventListener("pointermove", (event) => {
    if (drag) {
      Object.assign(drag, { x: event.clientX, y: event.clientY });
      extend();
    } else if (event.pointerType !== "touch") does.hovered(does.sizeBytes() > 0 ? grid.byteAt(event.clientX, event.clientY) : undefined);
  });
  const end = () => {
    if (drag) cancelAnimationFrame(drag.frame);
    drag = undefined;
  };
  sheet.addEventListener("pointerup", end);
  sheet.addEventListener("pointercancel", end);
  sheet.addEventListener("lostpointercapture", end);
  sheet.addEventListener("dblclick", (event) => {
    if (does.sizeBytes() > 0) does.whole(grid.byteAt(event.clientX, event.clientY));
  });
  sheet.addEventListener("pointerleave", () => does.hovered(undefined));
  sheet.addEventListener("click", (event) => {
    if (event.pointerType !== "touch" || does.sizeBytes() === 0) return;
    does.choose(moveTo(does.selection(), grid.byteAt(event.clientX, event.clientY), does.sizeBytes(), event.shiftKey), { isDrag: true });
  });
}
