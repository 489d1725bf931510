import assert from "node:assert/strict";
import test from "node:test";
import { heapStamp } from "../../../public/js/map/stamp.js";

const store = (sequence, epoch, owners) => ({ sequence, epoch, data: () => ({ heap: { byOwner: owners.map((owner) => ({ owner })) } }) });
const owner = (slot, alive) => ({ slot, generation: slot, alive });

test("a heap is asked for anew after an event, a death, and for another segment", () => {
  const now = heapStamp(store(5, 1, [owner(1, true), owner(2, true)]));
  assert.equal(heapStamp(store(5, 1, [owner(2, true), owner(1, true)])), now);
  for (const other of [store(6, 1, [owner(1, true)]), store(5, 2, [owner(1, true)]), store(5, 1, [owner(1, false)]), store(5, 1, [owner(2, false)])]) {
    assert.notEqual(heapStamp(other), now);
  }
  assert.equal(typeof heapStamp({ epoch: 0, data: () => undefined }), "string");
});
