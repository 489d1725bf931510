// A report of buckets → rectangles in CSS pixels. Pure: no canvas, no page.

/** Buckets that a map asks for at most: enough to see a hole, few enough to choose one by hand. */
export const bucketMaximum = 512;
/** Spans begin and end on multiples of this many bytes: a finer map would show nothing more. */
export const granuleBytes = 64;
/** Owners' colours repeat after this many slots. */
export const hues = 8;

const cell = { widthMinimum: 9, heightMinimum: 16, heightMaximum: 26, gap: 1 };
const columnChoices = [64, 32, 16, 8, 4, 2, 1];

/** How many buckets to ask for, of a pool of `capacityBytes`. */
export function bucketCount(capacityBytes) {
  return Math.max(1, Math.min(bucketMaximum, Math.floor(capacityBytes / granuleBytes)));
}

/** Which colour stands for an owner: 0 for `external`, 1 to `hues` for a slot. */
export function hueOf(owner) {
  return !owner || owner.slot === 0 ? 0 : ((owner.slot - 1) % hues) + 1;
}

/**
 * Places buckets in rows, the first at the top left.
 *
 * Rows are as equal as they can be, and a row has a power of two of cells where there are that many, so that a column
 * means the same offset in each row.
 */
export function grid(buckets, width) {
  const columns = columnChoices.find((choice) => choice <= Math.max(1, buckets.length) && width / choice >= cell.widthMinimum) ?? 1;
  const rows = Math.ceil(buckets.length / columns);
  const cellWidth = width / columns;
  const cellHeight = Math.min(cell.heightMaximum, Math.max(cell.heightMinimum, cellWidth * 1.3));
  const cells = buckets.map((bucket, index) => {
    const column = index % columns;
    const row = Math.floor(index / columns);
    const height = cellHeight - cell.gap;
    const share = bucket.sizeBytes > 0 ? bucket.usedBytes / bucket.sizeBytes : 0;
    return {
      x: column * cellWidth,
      y: row * cellHeight,
      width: cellWidth - cell.gap,
      height,
      filled: height * Math.min(1, Math.max(0, share)),
      hue: hueOf(bucket.mainOwner),
      orphaned: bucket.mainOwner?.alive === false,
    };
  });
  return { columns, rows, width, height: rows * cellHeight, cellWidth, cellHeight, cells };
}

/** The index of the cell at a point; -1 where there is none. */
export function cellAt(layout, x, y) {
  const column = Math.floor(x / layout.cellWidth);
  const row = Math.floor(y / layout.cellHeight);
  if (column < 0 || column >= layout.columns || row < 0) return -1;
  const index = row * layout.columns + column;
  return index < layout.cells.length ? index : -1;
}

/** The cell that a key leads to from `index`; undefined for a key that leads nowhere. */
export function step(layout, index, key) {
  const last = layout.cells.length - 1;
  if (last < 0) return undefined;
  const from = Math.max(0, index);
  const steps = {
    ArrowLeft: from - (index < 0 ? 0 : 1),
    ArrowRight: from + (index < 0 ? 0 : 1),
    ArrowUp: from - layout.columns < 0 ? from : from - layout.columns,
    ArrowDown: from + layout.columns > last ? from : from + layout.columns,
    Home: 0,
    End: last,
  };
  const next = steps[key];
  return next === undefined ? undefined : Math.min(last, Math.max(0, next));
}

/** The index of the bucket that holds an offset; -1 where none does. */
export function bucketHolding(buckets, offset) {
  return buckets.findIndex((bucket) => offset >= bucket.offset && offset < bucket.offset + bucket.sizeBytes);
}
