import assert from "node:assert/strict";
import test from "node:test";
import { packed, unpacked } from "../../../public/js/map/past.js";

const owner = (slot, alive = true) => ({ slot, generation: slot + 1, pid: 100 + slot, name: `w${slot}`, alive });
const bucket = (offset, sizeBytes, usedBytes, extra = {}) => ({
  offset, sizeBytes, usedBytes, freeBytes: sizeBytes - usedBytes, blockCount: 0, largestFreeBytes: sizeBytes - usedBytes, orphanedBytes: 0,
  mainOwner: undefined, mainTag: undefined, newestAt: undefined, ...extra,
});

test("a picture comes back as it was", () => {
  const picture = {
    from: 4096, to: 2 ** 41, buckets: [
      bucket(4096, 4096, 0),
      bucket(8192, 2 ** 40, 2 ** 39 + 64, { blockCount: 3, largestFreeBytes: 640, mainOwner: owner(3), mainTag: "order", newestAt: "2026-01-02T03:04:05.678Z" }),
      bucket(8192 + 2 ** 40, 2 ** 41 - 2 ** 40 - 8192, 64, { blockCount: 1, mainOwner: owner(3, false), mainTag: "order" }),
    ],
  };
  assert.deepEqual(unpacked(packed(picture)), picture);
  picture.buckets[1].orphanedBytes = 2 ** 38;
  assert.deepEqual(unpacked(packed(picture)), picture);
});

test("an owner and a tag stand once, however many stretches have them", () => {
  const buckets = Array.from({ length: 1000 }, (_, index) => bucket(index * 64, 64, 64, { mainOwner: owner(index % 3), mainTag: "a" }));
  const picture = packed({ from: 0, to: 64000, buckets });
  assert.equal(picture.owners.length, 4);
  assert.equal(picture.tags.length, 2);
  assert.deepEqual(unpacked(picture).buckets[1], buckets[1]);
});

test("nothing is a picture too", () => {
  assert.deepEqual(unpacked(packed({ from: 64, to: 64, buckets: [] })), { from: 64, to: 64, buckets: [] });
});
