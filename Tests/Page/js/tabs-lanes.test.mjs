import assert from "node:assert/strict";
import { test } from "node:test";
import { filtered, gaps, kindOf, kinds, lanesOf, markAt, marks, merged, placeOf } from "../../../public/js/tabs/lanes.js";

const owner = (slot) => ({ slot, generation: slot, pid: 100 + slot, name: `p${slot}`, alive: true });
const event = (sequence, kind, slot, seconds) => ({ sequence, kind, owner: owner(slot), at: new Date(seconds * 1000).toISOString() });

test("no two kinds have the same shape or the same sign", () => {
  const known = Object.values(kinds);
  assert.equal(new Set(known.map(({ shape }) => shape)).size, known.length);
  assert.equal(new Set(known.map(({ sign }) => sign)).size, known.length);
  assert.equal(kindOf({ kind: "of another version" }), kinds.unknown);
});

test("an event's place is the block's, or where it was", () => {
  assert.deepEqual(placeOf({ offset: 10, sizeBytes: 5 }), { at: 10, to: 15 });
  assert.deepEqual(placeOf({ oldOffset: 20, oldSizeBytes: 4 }), { at: 20, to: 24 });
  assert.deepEqual(placeOf({ offset: 10, sizeBytes: 0 }), { at: 10, to: 11 });
  assert.equal(placeOf({ sizeBytes: 297 }), undefined);
});

test("events are filtered by kind and by process", () => {
  const list = [event(1, "allocate", 1, 0), event(2, "free", 1, 1), event(3, "free", 2, 2)];
  assert.equal(filtered(list, {}), list);
  assert.deepEqual(filtered(list, { kind: "free" }).map(({ sequence }) => sequence), [2, 3]);
  assert.deepEqual(filtered(list, { kind: "free", owner: "101" }).map(({ sequence }) => sequence), [2]);
  assert.deepEqual(filtered([{ sequence: 4, kind: "damage" }], { owner: "101" }), []);
});

test("what went by unseen is counted before the event that follows", () => {
  assert.deepEqual([...gaps([event(5, "free", 1, 0), event(6, "free", 1, 0), event(10, "free", 1, 0)])], [[10, 3]]);
  assert.equal(gaps([]).size, 0);
});

test("rows are participants in the order of their slots, or kinds; the busiest where there are many", () => {
  const list = [event(1, "free", 2, 0), event(2, "allocate", 1, 0), event(3, "free", 2, 0)];
  const by = lanesOf(list);
  assert.deepEqual(by.lanes.map(({ label }) => label), ["p1 (101)", "p2 (102)"]);
  assert.equal(by.laneOf(list[0]), 1);
  const kindsOf = lanesOf(list, "kind");
  assert.deepEqual(kindsOf.lanes.map(({ label }) => label), ["allocate", "free"]);
  const crowd = Array.from({ length: 30 }, (_, slot) => event(slot, "free", slot, 0));
  const many = lanesOf([...crowd, ...crowd.slice(20)]);
  assert.equal(many.lanes.length, 13);
  assert.equal(many.lanes.at(-1).label, "18 others");
  assert.ok(many.lanes.some(({ label }) => label === "p29 (129)"));
  assert.equal(many.laneOf(crowd[12]), 12);
  assert.deepEqual(lanesOf([]).lanes, []);
});

test("marks that would lie on one another are one, and the nearest is found again", () => {
  const list = [event(1, "free", 1, 10), event(2, "free", 1, 10.01), event(3, "allocate", 1, 10.01), event(4, "free", 1, 15), event(5, "free", 1, 99)];
  const { laneOf } = lanesOf(list);
  const found = marks(list, { from: 10000, to: 20000, width: 100, laneOf });
  assert.deepEqual(found.map(({ event: { sequence }, count }) => [sequence, count]), [[2, 2], [3, 1], [4, 1]]);
  assert.equal(markAt(found, 52, 0).event.sequence, 4);
  assert.equal(markAt(found, 52, 1), undefined);
  assert.equal(markAt(found, 80, 0), undefined);
  assert.equal(marks(list, { from: 10000, to: 10000, width: 100, laneOf }).length, 1);
});

test("older events come before, each once, in order", () => {
  const newer = [event(5, "free", 1, 0), event(6, "free", 1, 0)];
  assert.deepEqual(merged([event(5, "free", 1, 0), event(4, "free", 1, 0), event(3, "free", 1, 0)], newer).map(({ sequence }) => sequence), [3, 4, 5, 6]);
  assert.deepEqual(merged([event(2, "free", 1, 0)], []).map(({ sequence }) => sequence), [2]);
});
