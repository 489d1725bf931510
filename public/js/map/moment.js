// By which clock the ages of a segment's blocks are told. Pure.

/** The time that ages are counted to: the server's where it is known, and of the past that moment's. */
export function nowOf(store) {
  const taken = store?.isPast ? Date.parse(store.data("segment")?.takenAt ?? "") : NaN;
  const now = Number.isFinite(taken) ? taken : store?.serverNow?.();
  return Number.isFinite(now) ? now : store?.pastAt ?? Date.now();
}
