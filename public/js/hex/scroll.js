// Rows of an object of any size → a scroll bar of bounded length. Pure.
//
// A browser's element cannot be taller than some ten million pixels; 1 TiB in rows of 16 bytes would be a million times
// that. Near both ends a pixel of the bar is a pixel of rows, so that the ends can be reached and left row by row; the
// middle is compressed. Small movements are exact everywhere: the caller moves by pixels, and tells the bar afterwards.

/** Safe in all browsers (Firefox gives up at 17.8 million). */
export const barMaximumPixels = 8_000_000;
/** The stretch at either end that is not compressed, in pixels. */
const exactPixels = 400_000;

/** `rowCount` rows of `rowPixels` seen through `viewPixels`. */
export class Scale {
  constructor(rowCount, rowPixels, viewPixels) {
    this.rowCount = rowCount;
    this.rowPixels = rowPixels;
    this.viewPixels = viewPixels;
    /** How far rows can be moved, in pixels of rows. */
    this.range = Math.max(0, rowCount * rowPixels - viewPixels);
    this.isScaled = rowCount * rowPixels > barMaximumPixels;
    /** The height of what the bar scrolls. */
    this.barPixels = this.isScaled ? barMaximumPixels : rowCount * rowPixels;
    this.barRange = Math.max(0, this.barPixels - viewPixels);
  }

  clamp(position) {
    return Math.min(this.range, Math.max(0, position));
  }

  /** Where the bar stands, for a position in pixels of rows. */
  barAt(position) {
    if (!this.isScaled) return this.clamp(position);
    const clamped = this.clamp(position);
    if (clamped <= exactPixels) return clamped;
    if (clamped >= this.range - exactPixels) return this.barRange - (this.range - clamped);
    const share = (clamped - exactPixels) / (this.range - 2 * exactPixels);
    return exactPixels + share * (this.barRange - 2 * exactPixels);
  }

  /** The position that the bar stands for. */
  positionAt(bar) {
    if (!this.isScaled) return this.clamp(bar);
    if (bar <= exactPixels) return this.clamp(bar);
    if (bar >= this.barRange - exactPixels) return this.clamp(this.range - (this.barRange - bar));
    const share = (bar - exactPixels) / (this.barRange - 2 * exactPixels);
    return this.clamp(exactPixels + share * (this.range - 2 * exactPixels));
  }

  /**
   * The position after the bar moved from `before` to `bar`. A movement shorter than a view is taken as a wheel's or a
   * finger's, and is exact; a longer one as a jump.
   */
  moved(position, before, bar) {
    if (!this.isScaled) return this.clamp(bar);
    if (bar <= 0 || bar >= this.barRange) return this.positionAt(bar);
    const delta = bar - before;
    return Math.abs(delta) <= this.viewPixels ? this.clamp(position + delta) : this.positionAt(bar);
  }

  /** The position that shows rows `first` to `last` with `margin` rows around them; the same one where they show already. */
  revealing(position, first, last, margin = 1) {
    const top = (first - margin) * this.rowPixels;
    const bottom = (last + 1 + margin) * this.rowPixels;
    if (first * this.rowPixels >= position && (last + 1) * this.rowPixels <= position + this.viewPixels) return position;
    if (bottom - top > this.viewPixels || first * this.rowPixels < position) return this.clamp(top);
    return this.clamp(bottom - this.viewPixels);
  }

  /** The rows that show at a position, the last one excluded. */
  rowsAt(position) {
    const first = Math.floor(position / this.rowPixels);
    return { first, end: Math.min(this.rowCount, Math.ceil((position + this.viewPixels) / this.rowPixels)) };
  }
}
