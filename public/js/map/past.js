// Pictures of moments that have passed, packed: a quarter of an hour of them is kept, one a second. Pure.

/** `{from, to, buckets}` of the API, some 50 bytes a bucket. Owners and tags are few: each stands once, in a table. */
export function packed({ from, to, buckets }) {
  const count = buckets.length;
  const picture = {
    from, to, count, used: new Float64Array(count), largestFree: new Float64Array(count), blocks: new Uint32Array(count),
    newest: new Float64Array(count), owner: new Uint16Array(count), tag: new Uint16Array(count), owners: [undefined], tags: [undefined],
    starts: new Float64Array(count + 1),
    // Mostly there are none.
    orphaned: buckets.some(({ orphanedBytes }) => orphanedBytes > 0) ? new Float64Array(count) : undefined,
  };
  const owners = new Map();
  const tags = new Map();
  buckets.forEach((bucket, index) => {
    picture.starts[index] = bucket.offset;
    picture.used[index] = bucket.usedBytes;
    if (picture.orphaned) picture.orphaned[index] = bucket.orphanedBytes;
    picture.largestFree[index] = bucket.largestFreeBytes;
    picture.blocks[index] = bucket.blockCount;
    picture.newest[index] = Date.parse(bucket.newestAt ?? "");
    const { mainOwner } = bucket;
    if (mainOwner) {
      const key = `${mainOwner.slot} ${mainOwner.generation} ${mainOwner.alive}`;
      picture.owner[index] = place(owners, key, picture.owners, mainOwner);
    }
    if (bucket.mainTag) picture.tag[index] = place(tags, bucket.mainTag, picture.tags, bucket.mainTag);
  });
  picture.starts[count] = count > 0 ? buckets[count - 1].offset + buckets[count - 1].sizeBytes : from;
  return picture;
}

function place(known, key, table, value) {
  const found = known.get(key);
  if (found !== undefined) return found;
  known.set(key, table.length);
  table.push(value);
  return table.length - 1;
}

/** The same as the API gives it, for the drawing. */
export function unpacked(picture) {
  const buckets = Array.from({ length: picture.count }, (_, index) => {
    const sizeBytes = picture.starts[index + 1] - picture.starts[index];
    return {
      offset: picture.starts[index], sizeBytes, usedBytes: picture.used[index], freeBytes: sizeBytes - picture.used[index],
      blockCount: picture.blocks[index], orphanedBytes: picture.orphaned?.[index] ?? 0, largestFreeBytes: picture.largestFree[index],
      mainOwner: picture.owners[picture.owner[index]], mainTag: picture.tags[picture.tag[index]],
      newestAt: Number.isFinite(picture.newest[index]) ? new Date(picture.newest[index]).toISOString() : undefined,
    };
  });
  return { from: picture.from, to: picture.to, buckets };
}
