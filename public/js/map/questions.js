// What is asked of an object to draw it as a whole: by the map, and before the map is there.

/** Stretches of the coarse picture. */
const coarseBuckets = 1024;
export const granuleBytes = 64;
const pageRunsMaximum = 4000;

/** A set of semaphores is the kernel's alone: what has no bytes has no layout either. */
export const hasBytes = (id) => !id.startsWith("sysvsem:");

export const layoutPath = (id) => `segments/${id}/layout`;

/** Where the pool is, `{from, to}`; undefined in what is not a managed segment. */
export function poolOf(layout) {
  const pool = layout.regions.find((region) => region.name === "pool");
  return pool && { from: pool.offset, to: pool.offset + pool.sizeBytes };
}

/** Of the whole pool, a coarse picture. */
export function coarsePath(id, { from, to }) {
  const count = Math.max(1, Math.min(coarseBuckets, Math.floor((to - from) / granuleBytes)));
  return `segments/${id}/blocks?buckets=${count}`;
}

/** The states of pages from an offset on. */
export const pagesPath = (id, from) => `segments/${id}/pages?offset=${from}&limit=${pageRunsMaximum}`;
