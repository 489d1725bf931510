import assert from "node:assert/strict";
import { test } from "node:test";
import { step, tileAt, treemap } from "../../../public/js/treemap.js";

const value = (item) => item.value;
const items = (...values) => values.map((number, index) => ({ id: index, value: number }));

test("areas are in proportion, and fill the rectangle without a seam", () => {
  const tiles = treemap(items(50, 25, 12, 8, 5), value, 400, 200);
  const total = tiles.reduce((sum, tile) => sum + tile.width * tile.height, 0);
  assert.ok(Math.abs(total - 400 * 200) < 1);
  for (const tile of tiles) assert.ok(Math.abs(tile.width * tile.height - tile.value * 800) < 1e-6 * 800 + 1);
  for (const [index, one] of tiles.entries()) {
    assert.ok(one.x >= 0 && one.y >= 0 && one.x + one.width <= 400.001 && one.y + one.height <= 200.001);
    for (const other of tiles.slice(index + 1)) {
      const isApart = one.x + one.width <= other.x + 0.001 || other.x + other.width <= one.x + 0.001
        || one.y + one.height <= other.y + 0.001 || other.y + other.height <= one.y + 0.001;
      assert.ok(isApart, "two tiles overlap");
    }
  }
});

test("the largest stands first, at the top left", () => {
  const [first] = treemap(items(1, 9, 3), value, 100, 100);
  assert.deepEqual([first.item.id, first.x, first.y], [1, 0, 0]);
});

test("what has no value has no tile", () => {
  assert.deepEqual(treemap(items(0, NaN, -1, Infinity), value, 100, 100), []);
  assert.deepEqual(treemap(items(1), value, 0, 100), []);
  assert.equal(treemap(items(0, 4), value, 100, 100).length, 1);
});

test("small ones are put together, a single small one is not", () => {
  const tiles = treemap(items(1e6, ...Array(500).fill(1)), value, 300, 200);
  const rest = tiles.find((tile) => !tile.item);
  assert.equal(rest.count, 500);
  assert.equal(rest.value, 500);
  assert.equal(tiles.length, 2);
  assert.ok(treemap(items(1e6, 1), value, 300, 200).every((tile) => tile.item));
});

test("no more tiles than can be told apart", () => {
  const tiles = treemap(items(...Array(5000).fill(7)), value, 3000, 2000);
  assert.ok(tiles.length <= 601);
  assert.equal(tiles.reduce((sum, tile) => sum + tile.count, 0), 5000);
});

test("points and keys find their tiles", () => {
  const tiles = treemap(items(4, 2, 1, 1), value, 400, 200);
  for (const [index, tile] of tiles.entries()) assert.equal(tileAt(tiles, tile.x + 1, tile.y + 1), index);
  assert.equal(tileAt(tiles, -1, -1), -1);
  assert.equal(tileAt(tiles, 400, 200), -1);
  const right = step(tiles, 0, "ArrowRight");
  assert.ok(tiles[right].x >= tiles[0].x + tiles[0].width - 0.01);
  assert.equal(step(tiles, right, "ArrowLeft"), 0);
  assert.equal(step(tiles, 0, "ArrowLeft"), 0);
  assert.equal(step(tiles, 1, "Home"), 0);
  assert.equal(step(tiles, 1, "End"), 3);
  assert.equal(step(tiles, 0, "x"), undefined);
  assert.equal(step([], 0, "End"), undefined);
});

test("the keys reach every tile", () => {
  const tiles = treemap(items(...Array.from({ length: 40 }, (_, index) => 40 - index)), value, 900, 300);
  const reached = new Set([0]);
  for (const index of reached) {
    for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) reached.add(step(tiles, index, key));
  }
  assert.equal(reached.size, tiles.length);
});
