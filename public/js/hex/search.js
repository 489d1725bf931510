// Looking for bytes forward through an object. Pure but for the function that reads.

import { indexOfBytes } from "./format.js";

export const pieceBytes = 64 * 1024;
/** After this many bytes a search asks whether to go on. */
export const searchMaximum = 64 * 1024 * 1024;

/**
 * Looks for `needle` from `start`. `read(offset, length)` resolves to bytes, fewer where the object ends; `progress(searched)`
 * hears of each piece. Resolves to `{found}`, `{end: true, searched}` or `{next, searched}` at the limit; a read that
 * throws (an abort too) throws here.
 */
export async function searchForward({ needle, start, sizeBytes, read, progress, limit = searchMaximum, piece = pieceBytes }) {
  let offset = start;
  let searched = 0;
  while (offset < sizeBytes) {
    if (searched >= limit) return { next: offset, searched };
    // A match may lie across two pieces: each reads on by what the needle needs.
    const wanted = Math.min(piece, limit - searched) + needle.length - 1;
    const bytes = await read(offset, Math.min(wanted, sizeBytes - offset));
    const index = indexOfBytes(bytes, needle);
    if (index !== -1) return { found: offset + index, searched: searched + index };
    if (bytes.length < needle.length) break;
    const step = bytes.length - (needle.length - 1);
    offset += step;
    searched += step;
    progress?.(searched);
  }
  return { end: true, searched };
}

/** Each place of `needle` in `bytes`, as indices, `maximum` of them at most. */
export function allIn(bytes, needle, maximum = 1000) {
  const found = [];
  for (let index = indexOfBytes(bytes, needle); index !== -1 && found.length < maximum; index = indexOfBytes(bytes, needle, index + 1)) {
    found.push(index);
  }
  return found;
}
