// Where one looks in an object: bytes run left to right and top to bottom, and a row holds as many as the zoom says.
// Pure: numbers in, numbers out.

/** Rows are this high in CSS pixels, the gap below them included. */
export const rowHeight = 18;
export const rowGap = 2;
/** Bytes of a row at the closest. */
const perRowMinimum = 16;
/** The two digits of a byte take so many CSS pixels, and a little air. */
const digitsWidth = 17;

/**
 * A camera: the byte at the top left, the bytes of a row, and the canvas it looks through.
 * `start` and `perRow` need not be whole: that is what makes zooming smooth.
 */
export function camera(sizeBytes, width, height) {
  const rows = Math.max(1, Math.floor(height / rowHeight));
  return { sizeBytes: Math.max(1, sizeBytes), width: Math.max(1, width), rows, start: 0, perRow: wholePerRow(sizeBytes, rows) };
}

function wholePerRow(sizeBytes, rows) {
  return Math.max(perRowMinimum, sizeBytes / rows);
}

/** The bytes of all rows. */
export function spanOf(view) {
  return view.perRow * view.rows;
}

/** The first byte that is seen, and the one behind the last. */
export function rangeOf(view) {
  return { from: Math.max(0, Math.floor(view.start)), to: Math.min(view.sizeBytes, Math.ceil(view.start + spanOf(view))) };
}

/** Keeps a view within its object. */
export function clamped(view) {
  const perRow = Math.min(Math.max(view.perRow, perRowMinimum), wholePerRow(view.sizeBytes, view.rows));
  const last = Math.max(0, view.sizeBytes - perRow * view.rows);
  return { ...view, perRow, start: Math.min(Math.max(0, view.start), last) };
}

/** The same place through a canvas of another size. */
export function resized(view, width, height) {
  const rows = Math.max(1, Math.floor(height / rowHeight));
  const isWhole = view.perRow >= wholePerRow(view.sizeBytes, view.rows);
  // What was seen whole stays whole.
  const perRow = isWhole ? wholePerRow(view.sizeBytes, rows) : view.perRow * view.width > 0 ? view.perRow * width / view.width : view.perRow;
  return clamped({ ...view, width: Math.max(1, width), rows, perRow });
}

/** The byte at a point; it need not be whole, and may lie outside the object. */
export function byteAt(view, x, y) {
  return view.start + (Math.floor(y / rowHeight) + x / view.width) * view.perRow;
}

/** Zooms so that the byte at a point stays there. A factor above 1 comes closer. */
export function zoomed(view, factor, x, y) {
  const byte = byteAt(view, x, y);
  const near = clamped({ ...view, perRow: view.perRow / factor });
  return clamped({ ...near, start: byte - (Math.floor(y / rowHeight) + x / view.width) * near.perRow });
}

/** Moves the picture by pixels, as a hand would. */
export function dragged(view, dx, dy) {
  return clamped({ ...view, start: view.start - (dx / view.width + dy / rowHeight) * view.perRow });
}

/** Moves by rows, down where positive. */
export function scrolled(view, rows) {
  return clamped({ ...view, start: view.start + rows * view.perRow });
}

/** A view in which a range is seen with a margin around it. */
export function fitted(view, from, to) {
  const bytes = Math.max(1, to - from);
  const perRow = Math.max(bytes * 1.5 / view.rows, perRowMinimum);
  const near = clamped({ ...view, perRow });
  return clamped({ ...near, start: from - (spanOf(near) - bytes) / 2 });
}

/** A view that begins at a byte and sees so many, as an address bar says it. */
export function placed(view, from, span) {
  return clamped({ ...view, perRow: span / view.rows, start: from });
}

/** Whether single bytes have the room to be read: what is pressed is then one of them. */
export function showsBytes(view) {
  return view.width / view.perRow >= digitsWidth;
}

/** Whether anything of a range is in sight. */
export function sees(view, from, to) {
  const seen = rangeOf(view);
  return from < seen.to && to > seen.from;
}

/** Brings a range into a view that does not see it, without zooming. */
export function revealing(view, from, to) {
  const { from: first, to: last } = rangeOf(view);
  if (from >= first && Math.min(to, from + view.perRow) <= last) return view;
  return clamped({ ...view, start: from - spanOf(view) / 3 });
}

/**
 * The rectangles that a range of bytes covers, one for each row it touches, cut to the canvas:
 * `each(x, y, width)` in CSS pixels.
 */
export function forEachPiece(view, from, to, each) {
  const first = Math.max(from, view.start);
  const last = Math.min(to, view.start + spanOf(view));
  if (!(last > first)) return;
  let row = Math.floor((first - view.start) / view.perRow);
  for (let byte = first; byte < last && row < view.rows; row += 1) {
    const rowStart = view.start + row * view.perRow;
    const end = Math.min(last, rowStart + view.perRow);
    const x = (byte - rowStart) / view.perRow * view.width;
    const width = (end - byte) / view.perRow * view.width;
    if (width > 0) each(x, row * rowHeight, width);
    byte = end;
  }
}
