// Looking for bytes through an object: by the server where it can, else here, piece by piece. Pure but for what reads.

import { hexOf, indexOfBytes } from "./format.js";

export const pieceBytes = 1024 * 1024;
/** After this many bytes a search here stops, and can be told to go on. */
export const searchMaximum = 64 * 1024 * 1024;
/** More hits than this nobody walks through. */
export const hitsMaximum = 1000;

/**
 * Looks for `needle` from `start`. `read(offset, length)` resolves to bytes, fewer where the object ends; `dataFrom(offset)`
 * to the next range `{from, to}` that is not a hole, undefined where only holes follow; `progress(reached, hits)` hears of
 * each piece. Resolves to `{hits, searched, reached, isEnd}`: the offsets, the bytes that were read, and how far it went.
 * A read that throws (an abort too) throws here.
 */
export async function collect({ needle, start, sizeBytes, read, dataFrom, progress, limit = searchMaximum, piece = pieceBytes }) {
  const hits = [];
  let offset = start;
  let searched = 0;
  // A hole holds zeros, and nothing else can be found there.
  const skips = dataFrom && needle.some((value) => value !== 0) ? dataFrom : async (from) => ({ from, to: sizeBytes });
  let range = { from: start, to: start };
  while (offset < sizeBytes) {
    if (offset >= range.to) {
      range = await skips(offset);
      if (!range) return { hits, searched, reached: sizeBytes, isEnd: true };
      // A hit may begin in the hole before, with zeros.
      offset = Math.max(offset, range.from - (needle.length - 1));
    }
    if (searched >= limit || hits.length >= hitsMaximum) return { hits, searched, reached: offset, isEnd: false };
    const step = Math.min(piece, limit - searched, range.to - offset);
    // A hit may lie across two pieces: each reads on by what the needle needs.
    const bytes = await read(offset, Math.min(step + needle.length - 1, sizeBytes - offset));
    for (const index of allIn(bytes, needle, hitsMaximum - hits.length)) if (index < step) hits.push(offset + index);
    if (bytes.length < Math.min(step, sizeBytes - offset)) return { hits, searched: searched + bytes.length, reached: sizeBytes, isEnd: true };
    offset = hits.length >= hitsMaximum ? hits.at(-1) + 1 : offset + step;
    searched += step;
    progress?.(offset, hits.length);
  }
  return { hits, searched, reached: sizeBytes, isEnd: true };
}

/**
 * The same by the server's own search; `get(path)` resolves to an answer. Where it stops it tells the `cursor` to go on by.
 * Zeros that nobody wrote are not found there: holes are not read.
 */
export async function collectAtServer({ id, needle, cursor, get, progress }) {
  const hex = Array.from(needle, (value) => hexOf[value]).join("");
  const hits = [];
  let searched = 0;
  do {
    const answer = await get(`segments/${id}/search?hex=${hex}&limit=${hitsMaximum - hits.length}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    hits.push(...answer.matches.map(({ offset }) => offset));
    searched += answer.searchedBytes ?? 0;
    cursor = answer.next;
    progress?.(undefined, hits.length);
  } while (cursor && hits.length < hitsMaximum);
  return { start: 0, hits, searched, reached: cursor && hits.at(-1) + 1, cursor, isEnd: !cursor };
}

/** Each place of `needle` in `bytes`, as indices, `maximum` of them at most. */
export function allIn(bytes, needle, maximum = hitsMaximum) {
  const found = [];
  for (let index = indexOfBytes(bytes, needle); index !== -1 && found.length < maximum; index = indexOfBytes(bytes, needle, index + 1)) {
    found.push(index);
  }
  return found;
}

/** The index of the hit behind an offset, or before it; round at the ends, -1 where there is none. */
export function hitFrom(hits, offset, direction) {
  if (hits.length === 0) return -1;
  if (direction > 0) {
    const index = hits.findIndex((hit) => hit > offset);
    return index === -1 ? 0 : index;
  }
  const index = hits.findLastIndex((hit) => hit < offset);
  return index === -1 ? hits.length - 1 : index;
}

/** The hits whose `length` bytes touch [from, to), in hits that only grow. */
export function hitsWithin(hits, length, from, to) {
  let low = 0;
  let high = hits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (hits[middle] + length > from) high = middle;
    else low = middle + 1;
  }
  const found = [];
  for (let index = low; index < hits.length && hits[index] < to; index += 1) found.push(hits[index]);
  return found;
}
