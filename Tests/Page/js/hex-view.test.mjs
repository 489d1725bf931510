import assert from "node:assert/strict";
import { test } from "node:test";
import { endOf, selectionOf, startOf, step } from "../../../public/js/hex/cursor.js";
import { begin, bytesOf, cellText, erased, refusal, typed } from "../../../public/js/hex/edit.js";
import { bucketRanges, bucketWindow, colour, layoutRanges, Ranges } from "../../../public/js/hex/colouring.js";
import { barMaximumPixels, Scale } from "../../../public/js/hex/scroll.js";
import { searchForward } from "../../../public/js/hex/search.js";

test("a bar of bounded length reaches every row of 1 TiB", () => {
  const scale = new Scale(2 ** 36, 22, 700);
  assert.ok(scale.isScaled);
  assert.equal(scale.barPixels, barMaximumPixels);
  assert.equal(scale.positionAt(0), 0);
  assert.equal(scale.positionAt(scale.barRange), scale.range);
  for (const share of [0, 1e-9, 0.25, 0.5, 0.999, 1]) {
    const position = share * scale.range;
    assert.ok(Math.abs(scale.positionAt(scale.barAt(position)) - position) <= scale.range * 1e-12, String(share));
  }
  // A wheel's notch is exact in the middle as well.
  const middle = scale.range / 2;
  assert.equal(scale.moved(middle, scale.barAt(middle), scale.barAt(middle) + 100), middle + 100);
  // Near the ends a pixel is a pixel, so that the first and the last row can be reached.
  assert.equal(scale.barAt(1234), 1234);
  assert.equal(scale.barAt(scale.range - 5), scale.barRange - 5);
});

test("a small object scrolls as it is", () => {
  const scale = new Scale(100, 22, 700);
  assert.equal(scale.isScaled, false);
  assert.equal(scale.barAt(300), 300);
  assert.equal(scale.range, 1500);
  assert.deepEqual(scale.rowsAt(11), { first: 0, end: 33 });
  assert.equal(new Scale(3, 22, 700).range, 0);
});

test("revealing moves no further than it must", () => {
  const scale = new Scale(1000, 20, 200);
  assert.equal(scale.revealing(0, 3, 4), 0);
  assert.equal(scale.revealing(0, 20, 20), 240);
  assert.equal(scale.revealing(400, 5, 5), 80);
  assert.equal(scale.revealing(0, 999, 999), scale.range);
});

test("keys move the cursor and extend the selection", () => {
  const grid = { sizeBytes: 100, perRow: 16, pageRows: 3 };
  const press = (selection, key, more = {}) => step(selection, { key, ...more }, grid);
  const at = (offset) => selectionOf(offset, offset + 1);
  assert.deepEqual(press(undefined, "ArrowDown"), at(0));
  assert.deepEqual(press(at(20), "ArrowUp"), at(4));
  assert.deepEqual(press(at(4), "ArrowUp"), at(4));
  assert.deepEqual(press(at(98), "ArrowDown"), at(98));
  assert.deepEqual(press(at(90), "ArrowDown"), at(90));
  assert.deepEqual(press(at(20), "Home"), at(16));
  assert.deepEqual(press(at(97), "End"), at(99));
  assert.deepEqual(press(at(97), "Home", { control: true }), at(0));
  assert.deepEqual(press(at(5), "PageDown"), at(53));
  assert.deepEqual(press(at(5), "PageDown", { shift: true }), { anchor: 5, cursor: 53 });
  const back = press(press(at(5), "ArrowLeft", { shift: true }), "ArrowLeft", { shift: true });
  assert.deepEqual([startOf(back), endOf(back)], [3, 6]);
  assert.deepEqual(press(at(5), "a", { control: true }), { anchor: 0, cursor: 99 });
  assert.equal(press(at(5), "x"), undefined);
});

test("an edit types nibbles, stays in its room and keeps the half that was not typed", () => {
  let edit = begin(10, 12);
  for (const digit of "dEa") edit = typed(edit, digit);
  assert.equal(cellText(edit, 10), "de");
  assert.equal(cellText(edit, 11), "a_");
  assert.equal(cellText(edit, 12), undefined);
  assert.deepEqual(bytesOf(edit, () => 0x47), Uint8Array.of(0xde, 0xa7));
  assert.equal(typed(typed(edit, "1"), "2").digits, "dea1");
  assert.equal(typed(edit, "g"), edit);
  assert.equal(erased(edit).digits, "de");
});

test("an edit is refused with its reason", () => {
  const pool = { from: 100, to: 200 };
  assert.equal(refusal({ managed: true, pool }, 100, 200), undefined);
  assert.match(refusal({ managed: true, pool }, 99, 101), /pool/);
  assert.match(refusal({ managed: true, pool }, 199, 201), /pool/);
  assert.match(refusal({ managed: false, pool }, 100, 101), /managed/);
  assert.match(refusal({ managed: true, isPast: true, pool }, 100, 101), /past/);
});

test("the topmost range colours a byte, and long ones are found from their middle", () => {
  const regions = new Ranges([{ from: 0, to: 1000, label: "all" }]);
  const fields = new Ranges([{ from: 10, to: 20, label: "a" }, { from: 12, to: 14, label: "b" }]);
  const found = colour([regions, fields], 9, 21).map((range) => range.label);
  assert.deepEqual(found, ["all", "a", "a", "b", "b", "a", "a", "a", "a", "a", "a", "all"]);
  assert.deepEqual(regions.within(500, 501).length, 1);
  assert.deepEqual(colour([fields], 30, 32), [undefined, undefined]);
});

test("a layout gives regions and fields", () => {
  const { regions, fields } = layoutRanges({
    regions: [{ name: "header", offset: 0, sizeBytes: 64, fields: [{ name: "magic", type: "char[8]", offset: 0, sizeBytes: 8, value: "SHMLENS" }] }],
  });
  assert.deepEqual(regions, [{ from: 0, to: 64, hue: 1, kind: "region", label: "header" }]);
  assert.equal(fields[0].note, "char[8] SHMLENS");
});

test("buckets of a granule give blocks back", () => {
  const owner = { slot: 1, alive: true };
  const used = (offset, blockCount, mainOwner = owner) => ({ offset, sizeBytes: 64, usedBytes: 64, blockCount, mainOwner });
  const free = (offset) => ({ offset, sizeBytes: 64, usedBytes: 0, blockCount: 0 });
  const ranges = bucketRanges(
    [used(0, 0), used(64, 1), used(128, 0), used(192, 1, { slot: 2, alive: false }), free(256), free(320)],
    (who) => `slot ${who.slot}`, (who) => who.slot);
  assert.deepEqual(ranges.map(({ from, to, kind }) => [from, to, kind]), [
    [0, 64, "used"], [64, 192, "used"], [192, 256, "orphaned"], [256, 384, "free"],
  ]);
  assert.equal(ranges[0].isOpen, true);
  assert.deepEqual(bucketWindow({ from: 128, to: 1024 }, 0, 300, 512), { from: 128, to: 320, buckets: 3 });
  assert.equal(bucketWindow({ from: 128, to: 1024 }, 0, 100, 512), undefined);
});

test("a search finds what lies across two pieces, stops at its limit and goes on", async () => {
  const memory = new Uint8Array(1000);
  memory.set([1, 2, 3], 99);
  const read = async (offset, length) => memory.subarray(offset, offset + length);
  const look = (more) => searchForward({ needle: Uint8Array.of(1, 2, 3), start: 0, sizeBytes: 1000, read, piece: 100, ...more });
  assert.equal((await look()).found, 99);
  assert.deepEqual(await look({ start: 100 }), { end: true, searched: 898 });
  assert.deepEqual(await look({ limit: 50 }), { next: 50, searched: 50 });
  assert.equal((await look({ start: 50, limit: 50 })).found, 99);
  await assert.rejects(look({ read: async () => { throw new DOMException("", "AbortError"); } }), { name: "AbortError" });
});
