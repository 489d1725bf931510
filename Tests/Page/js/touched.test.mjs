import assert from "node:assert/strict";
import { test } from "node:test";
import { display, thingAt, thingsInSight } from "../../../public/js/map/display.js";
import { camera } from "../../../public/js/map/camera.js";
import { classOfStretch, namesOf, stretchesOf, stretchWords } from "../../../public/js/map/touched.js";

const mapping = (pid, ...touched) => ({ pid, command: `p${pid}`, touched: touched.map(([offset, length]) => ({ offset, length })) });

test("stretches have exactly the processes that have them mapped in", () => {
  assert.deepEqual(stretchesOf([mapping(1, [0, 8192]), mapping(2, [4096, 8192]), mapping(3)]), [
    { offset: 0, length: 4096, pids: [1] }, { offset: 4096, length: 4096, pids: [1, 2] }, { offset: 8192, length: 4096, pids: [2] },
  ]);
  assert.deepEqual(stretchesOf([mapping(1, [0, 4096], [8192, 4096])]), [{ offset: 0, length: 4096, pids: [1] }, { offset: 8192, length: 4096, pids: [1] }]);
  assert.deepEqual(stretchesOf([]), []);
  assert.deepEqual(stretchesOf([{ pid: 1 }]), []);
});

test("a process that has mapped the same pages twice has them once", () => {
  assert.deepEqual(stretchesOf([mapping(1, [0, 8192]), mapping(1, [4096, 8192])]), [{ offset: 0, length: 12288, pids: [1] }]);
});

test("a stretch is called by its process, or by how many there are", () => {
  const mappings = [mapping(1, [0, 1]), mapping(2, [0, 1])];
  const names = namesOf(mappings);
  assert.equal(classOfStretch({ pids: [1] }, names).label, "only p1 (1)");
  assert.equal(classOfStretch({ pids: [1, 2] }, names).label, "2 processes");
  assert.notEqual(classOfStretch({ pids: [1] }, names).key, classOfStretch({ pids: [2] }, names).key);
  assert.equal(stretchWords({ pids: [1, 2] }, names), "mapped in by p1 (1), p2 (2)");
  assert.equal(stretchWords({ pids: [1, 2, 3, 4, 5, 6] }, names), "mapped in by p1 (1), p2 (2), 3, 4 and 2 others");
});

test("the map draws who has what, and counts what nobody has", () => {
  const view = camera(16384, 100, 50);
  const source = { mode: "touched", mappings: [mapping(1, [0, 4096])], sizeBytes: 16384, hidden: new Set(), now: 0 };
  const list = display(view, source);
  assert.deepEqual([...list.classes.values()].map(({ label, bytes }) => [label, bytes]), [["in nobody's page tables", 12288], ["only p1 (1)", 4096]]);
  assert.equal(thingAt(100, source).stretch.words, "mapped in by p1 (1)");
  assert.deepEqual(thingAt(5000, source), {});
  assert.equal(thingsInSight(view, source).length, 1);
  assert.deepEqual(display(view, { ...source, mappings: undefined }).items, []);
});
