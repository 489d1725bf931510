// Bytes being typed over a selection, before they are sent. Pure.

/** Bytes that one edit can hold. */
export const editMaximum = 4096;

/** Begins an edit at `offset`. It may grow to `limit`, the first byte that must stay. */
export function begin(offset, limit) {
  return { offset, limit: Math.min(limit, offset + editMaximum), digits: "" };
}

/** With one more hex digit; the same edit where there is no room for it. */
export function typed(edit, digit) {
  if (!/^[0-9a-fA-F]$/.test(digit) || edit.digits.length >= (edit.limit - edit.offset) * 2) return edit;
  return { ...edit, digits: edit.digits + digit.toLowerCase() };
}

export function erased(edit) {
  return { ...edit, digits: edit.digits.slice(0, -1) };
}

/** How many bytes the edit touches; half a byte counts. */
export function lengthOf(edit) {
  return Math.ceil(edit.digits.length / 2);
}

/** The bytes to send. Half a byte keeps the low half that `byteAt(offset)` has there. */
export function bytesOf(edit, byteAt) {
  return Uint8Array.from({ length: lengthOf(edit) }, (_, index) => {
    const pair = edit.digits.slice(index * 2, index * 2 + 2);
    const low = pair.length === 2 ? pair[1] : ((byteAt(edit.offset + index) ?? 0) & 0xf).toString(16);
    return Number.parseInt(pair[0] + low, 16);
  });
}

/** What a cell shows while it is edited; undefined outside the edit. */
export function cellText(edit, offset) {
  const index = offset - edit.offset;
  if (index < 0 || index >= lengthOf(edit)) return undefined;
  return edit.digits.slice(index * 2, index * 2 + 2).padEnd(2, "_");
}

/** Why bytes [at, to) cannot be edited, in words; undefined where they can. `pool` is `{from, to}` of a managed segment. */
export function refusal({ isPast, managed, damaged, pool }, at, to) {
  if (isPast) return "This looks back in time: the past cannot be edited.";
  if (!managed) return "Only managed segments can be edited.";
  if (damaged) return "The segment is marked as damaged: changes are refused.";
  if (!pool) return "Where the pool is, is not known yet.";
  if (at < pool.from || to > pool.to) return "Only bytes of the pool can be edited: the rest is the segment's own book-keeping.";
  return undefined;
}
