// A selection of bytes, and what keys and pointers make of it. Pure.
//
// `anchor` is the byte at which the selection began, `cursor` the one it reaches to: both are selected.

export function selectionOf(at, to) {
  return { anchor: at, cursor: Math.max(at, to - 1) };
}

export function startOf({ anchor, cursor }) {
  return Math.min(anchor, cursor);
}

/** The first byte behind the selection. */
export function endOf({ anchor, cursor }) {
  return Math.max(anchor, cursor) + 1;
}

export function lengthOf(selection) {
  return endOf(selection) - startOf(selection);
}

/** With `extend` the anchor stays. */
export function moveTo(selection, offset, sizeBytes, extend) {
  const cursor = Math.min(Math.max(0, offset), Math.max(0, sizeBytes - 1));
  return { anchor: extend && selection ? selection.anchor : cursor, cursor };
}

/**
 * The selection after a key; undefined for a key that moves nothing. `key` is `{key, shift, control}`,
 * `grid` is `{sizeBytes, perRow, pageRows, start}`: the first key begins at `start`.
 */
export function step(selection, key, { sizeBytes, perRow, pageRows, start = 0 }) {
  if (sizeBytes <= 0) return undefined;
  const at = selection?.cursor ?? start;
  const row = at - at % perRow;
  const last = sizeBytes - 1;
  const up = (rows) => Math.max(at % perRow, at - rows * perRow);
  const down = (rows) => {
    const lastInColumn = last - ((last - at) % perRow);
    return Math.min(lastInColumn, at + rows * perRow);
  };
  const steps = key.control
    ? { Home: 0, End: last, ArrowLeft: at - 8, ArrowRight: at + 8, a: undefined }
    : {
      ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: up(1), ArrowDown: down(1),
      PageUp: up(pageRows), PageDown: down(pageRows), Home: row, End: row + perRow - 1,
    };
  if (key.control && key.key === "a") return { anchor: 0, cursor: last };
  const next = steps[key.key];
  if (next === undefined) return undefined;
  if (!selection && !key.control) return { anchor: start, cursor: start };
  return moveTo(selection, next, sizeBytes, key.shift);
}
