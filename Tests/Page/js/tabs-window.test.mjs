import assert from "node:assert/strict";
import { test } from "node:test";
import { isWhole, leastMilliseconds, moved, showing, zoomed } from "../../../public/js/tabs/window.js";

const bounds = { from: 1000, to: 61000 };
const width = ({ from, to }) => to - from;

test("what is under the pointer stays there while one comes nearer", () => {
  let window = bounds;
  for (const factor of [2, 3, 1.5, 0.5, 4]) {
    const at = window.from + width(window) / 4;
    const next = zoomed(window, factor, at, bounds);
    assert.ok(Math.abs((at - next.from) / width(next) - 0.25) < 1e-9);
    assert.ok(Math.abs(width(next) - width(window) / factor) < 1e-6);
    window = next;
  }
});

test("no nearer than there is to see, no farther than there is", () => {
  const near = zoomed(bounds, 1e9, 30000, bounds);
  assert.equal(width(near), leastMilliseconds);
  assert.deepEqual(zoomed(near, 1e-9, 30000, bounds), bounds);
  assert.ok(isWhole(zoomed({ from: 50000, to: 60000 }, 1e-9, 55000, bounds), bounds));
  assert.ok(!isWhole(near, bounds));
  // Of one event there is a moment to see.
  assert.equal(width(zoomed({ from: 5, to: 5 + leastMilliseconds }, 2, 5, { from: 5, to: 5 })), leastMilliseconds);
});

test("it moves until it meets an end, and keeps its width", () => {
  const window = { from: 20000, to: 30000 };
  assert.deepEqual(moved(window, 5000, bounds), { from: 25000, to: 35000 });
  assert.deepEqual(moved(window, 1e6, bounds), { from: 51000, to: 61000 });
  assert.deepEqual(moved(window, -1e6, bounds), { from: 1000, to: 11000 });
});

test("what is out of sight comes into the middle, what is in sight moves nothing", () => {
  const window = { from: 20000, to: 30000 };
  assert.equal(showing(window, 29999, bounds), window);
  assert.deepEqual(showing(window, 40000, bounds), { from: 35000, to: 45000 });
  assert.deepEqual(showing(window, 60900, bounds), { from: 51000, to: 61000 });
});
