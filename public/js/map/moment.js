// When a heap that is looked at changes, and by which clock its ages are told. Pure.

/**
 * Text that changes whenever blocks do, or what is said of them: an object made anew under its name has another epoch,
 * each change of a heap an event, and the end of an owner, which writes none, is seen in the sums by owner.
 */
export function stampOf(store) {
  const owners = store.data("segment")?.heap?.byOwner ?? [];
  const gone = owners.filter(({ owner }) => owner?.alive === false).map(({ owner }) => `${owner.slot}.${owner.generation}`);
  return `${store.epoch ?? 0}:${store.sequence ?? ""}:${gone.sort().join(",")}`;
}

/** The time that ages are counted to: the server's where it is known, and of the past that moment's. */
export function nowOf(store) {
  const taken = store?.isPast ? Date.parse(store.data("segment")?.takenAt ?? "") : NaN;
  const now = Number.isFinite(taken) ? taken : store?.serverNow?.();
  return Number.isFinite(now) ? now : store?.pastAt ?? Date.now();
}
