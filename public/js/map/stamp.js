// When what is known of a heap has to be asked for anew. Pure.

/**
 * A text that changes whenever the heap does, and when an owner of blocks has died: that makes its blocks orphans, and
 * no event tells of it.
 */
export function heapStamp(store) {
  const owners = store.data("segment")?.heap?.byOwner ?? [];
  const gone = owners.filter(({ owner }) => owner?.alive === false).map(({ owner }) => `${owner.slot}.${owner.generation}`);
  return `${store.epoch}:${store.sequence ?? ""}:${gone.join(",")}`;
}
