import assert from "node:assert/strict";
import { test } from "node:test";
import { History, keptMilliseconds } from "../../../public/js/history.js";
import { polyline } from "../../../public/js/tabs/scale.js";

const begin = Date.parse("2026-01-01T00:00:00Z");
const owner = (slot) => ({ slot, generation: 1 });

/** A look at a heap with so many bytes by owner and by tag, and so many blocks by size. */
function look(history, seconds, { owners = {}, tags = {}, sizes = {} } = {}) {
  history.note(begin + seconds * 1000, new Map([["segment", {
    heap: {
      usedBytes: 1,
      byOwner: Object.entries(owners).map(([slot, sizeBytes]) => ({ owner: owner(slot), sizeBytes })),
      byTag: Object.entries(tags).map(([tag, sizeBytes]) => ({ tag: tag || null, sizeBytes })),
      sizeHistogram: Object.entries(sizes).map(([upToBytes, count]) => ({ upToBytes: Number(upToBytes), count })),
    },
  }]]));
}

const values = (history, name, key) => history.spread(name, key)?.map(({ at, value }) => [(at - begin) / 1000, value]);

test("what owners, tags and sizes have is followed, each by itself", () => {
  const history = new History();
  look(history, 0, { owners: { 1: 10 }, tags: { a: 10, "": 2 }, sizes: { 16: 1 } });
  // Between two steps nothing is noted.
  look(history, 1, { owners: { 1: 99 } });
  look(history, 2, { owners: { 1: 20, 2: 5 }, tags: { a: 20, "": 2 }, sizes: { 16: 2 } });
  look(history, 4, { owners: { 2: 5 }, tags: { a: 20 }, sizes: { 16: 2, 32: 1 } });
  assert.deepEqual(values(history, "owners", "1:1"), [[0, 10], [2, 20], [4, 0]]);
  // Who came later had nothing before.
  assert.deepEqual(values(history, "owners", "2:1"), [[0, 0], [2, 5], [4, 5]]);
  assert.deepEqual(values(history, "tags", "a"), [[0, 10], [2, 20], [4, 20]]);
  assert.deepEqual(values(history, "tags", ""), [[0, 2], [2, 2], [4, 0]]);
  assert.deepEqual(values(history, "sizes", "32"), [[2, 0], [4, 1]]);
  assert.equal(history.spread("owners", "3:1"), undefined);
  history.clear();
  assert.equal(history.spread("owners", "1:1"), undefined);
});

test("what is gone for as long as the page looks back is not followed any more", () => {
  const history = new History();
  look(history, 0, { owners: { 1: 10 } });
  const last = keptMilliseconds / 1000 + 2;
  for (let second = 2; second <= last; second += 2) look(history, second, { owners: { 2: 1 } });
  assert.equal(history.spread("owners", "1:1"), undefined);
  assert.equal(history.spread("owners", "2:1").length, keptMilliseconds / 2000 + 1);
});

test("there is a bound to how many are followed", () => {
  const history = new History();
  const owners = Object.fromEntries(Array.from({ length: 1000 }, (_, slot) => [slot, 1]));
  look(history, 0, { owners });
  look(history, 2, { owners });
  const followed = Object.keys(owners).filter((slot) => history.spread("owners", `${slot}:1`));
  assert.equal(followed.length, 64);
});

test("a clock that is set back takes away what seems to come later", () => {
  const history = new History();
  for (const second of [0, 2, 4, 6]) look(history, second, { owners: { 1: second } });
  look(history, 3, { owners: { 1: 30 } });
  look(history, 5, { owners: { 1: 50 } });
  assert.deepEqual(values(history, "owners", "1:1"), [[0, 0], [2, 2], [3, 30], [5, 50]]);
});

test("lines of several rows stand under one another", () => {
  const series = [{ at: 0, value: 1 }, { at: 10, value: 2 }, { at: 20, value: 2 }];
  assert.equal(polyline(series, 100, 10, { from: 0, to: 40 }), "0.0,5.0 25.0,0.0 50.0,0.0");
  assert.equal(polyline(series, 100, 10, { from: 10, to: 20 }), "0.0,0.0 100.0,0.0");
});
