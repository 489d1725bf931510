// How many bytes a row has and how wide its columns are, for a width. Pure.

export const rowPixels = 22;

/** From the roomiest to the narrowest; `pitch` is the width of two digits and what is between, in characters. */
const forms = [
  { perRow: 16, font: 14, pitch: 3 }, { perRow: 16, font: 13, pitch: 3 }, { perRow: 16, font: 13, pitch: 2.6 }, { perRow: 16, font: 12, pitch: 2.5 },
  { perRow: 8, font: 13, pitch: 3 }, { perRow: 8, font: 13, pitch: 2.6 }, { perRow: 8, font: 12, pitch: 2.5 }, { perRow: 8, font: 11, pitch: 2.4 },
];
const padding = 4;

/**
 * The columns that fit into `width` CSS pixels: offsets have `digits`, and a character is `advance` times as wide as the font
 * is large. All in pixels; `left` is where the bytes begin, `textLeft` where the text does.
 */
export function columnsFor(width, digits, advance) {
  for (const form of forms) {
    const columns = measured(form, digits, advance);
    if (columns.width <= width) return columns;
  }
  return measured(forms.at(-1), digits, advance);
}

function measured({ perRow, font, pitch }, digits, advance) {
  const character = Math.ceil(font * advance);
  const cell = Math.round(font * advance * pitch);
  const gap = Math.round(character * 1.25);
  // The eye counts to eight.
  const group = perRow > 8 ? character : 0;
  const left = padding + Math.ceil(digits * font * advance) + gap;
  const textLeft = left + perRow * cell + group + gap;
  return { perRow, font, character, cell, group, left, textLeft, width: textLeft + perRow * character + padding };
}

/** The byte of a row that is at `x`: that of the text, behind it the last one, before it the first one. */
export function indexAt({ perRow, cell, group, left, textLeft, character }, x) {
  const clamped = (index) => Math.min(perRow - 1, Math.max(0, Math.floor(index)));
  if (x >= textLeft - character / 2) return clamped((x - textLeft) / character);
  const inBytes = x - left;
  const half = (perRow / 2) * cell;
  return clamped((group > 0 && inBytes > half ? Math.max(half, inBytes - group) : inBytes) / cell);
}
