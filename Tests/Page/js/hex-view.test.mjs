import assert from "node:assert/strict";
import { test } from "node:test";
import { endOf, selectionOf, startOf, step } from "../../../public/js/hex/cursor.js";
import { begin, bytesOf, cellText, erased, refusal, typed } from "../../../public/js/hex/edit.js";
import { blockRanges, colour, Entries, holeRanges, layoutLayers, poolOf, Ranges, sentence } from "../../../public/js/hex/colouring.js";
import { columnsFor, indexAt } from "../../../public/js/hex/columns.js";
import { Feed } from "../../../public/js/hex/feed.js";
import { barMaximumPixels, Scale } from "../../../public/js/hex/scroll.js";
import { collect, collectAtServer, hitFrom, hitsMaximum, hitsWithin } from "../../../public/js/hex/search.js";

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
  assert.deepEqual(press(undefined, "End", { control: true }), at(99));
  assert.deepEqual(step(undefined, { key: "ArrowDown" }, { ...grid, start: 48 }), at(48));
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

const layout = {
  regions: [
    {
      name: "header", offset: 0, sizeBytes: 64, fields: [
        { name: "magic", type: "char[8]", offset: 0, sizeBytes: 8, value: "SHMLENS" },
        { name: "participants_offset", type: "uint64_t", offset: 8, sizeBytes: 8, value: 64 },
        { name: "participant_count", type: "uint32_t", offset: 16, sizeBytes: 4, value: 4 },
        { name: "participant_bytes", type: "uint32_t", offset: 20, sizeBytes: 4, value: 16 },
      ],
    },
    { name: "participants", offset: 64, sizeBytes: 64 },
    { name: "pool", offset: 128, sizeBytes: 1024 },
  ],
};

test("a layout gives regions, entries of its tables and fields, the smallest on top", () => {
  const layers = layoutLayers(layout);
  const at = (offset) => colour(layers, offset, offset + 1)[0];
  assert.equal(sentence(at(2), 2, 0), "header · magic (char[8]), 0x2 into it");
  assert.equal(at(30).kind, "region");
  assert.equal(sentence(at(80), 80, 0), "participant slot 1");
  assert.notEqual(at(80).colour, at(96).colour);
  assert.equal(at(200), undefined);
  assert.deepEqual(poolOf(layout), { from: 128, to: 1152 });
  assert.deepEqual(layoutLayers({ regions: [{ name: "object", offset: 0, sizeBytes: 9 }] }).map((layer) => layer.within(0, 9).length), [0, 0]);
});

test("entries of a table are made as they are asked for", () => {
  const entries = new Entries({ name: "event entry", from: 100, size: 128, count: 2 ** 30 });
  assert.deepEqual(entries.within(100 + 128 * 5 + 3, 100 + 128 * 6 + 1).map(({ label }) => label), ["event entry 5", "event entry 6"]);
  assert.deepEqual(entries.within(0, 100), []);
  assert.deepEqual(entries.within(100 + 128 * 2 ** 30, 2 ** 60), []);
});

test("a block has its guards around it, the colour of the map, and is told in words", () => {
  const owner = { slot: 2, generation: 1, pid: 7, name: "worker", alive: true };
  const used = { offset: 192, sizeBytes: 40, spanOffset: 128, spanBytes: 128, state: "used", owner, tag: "t" };
  const free = { offset: 256, sizeBytes: 64, spanOffset: 256, spanBytes: 64, state: "free" };
  const ranges = new Ranges(blockRanges([used, free], "owner", 0));
  const kinds = ranges.within(128, 320).map(({ from, to, kind }) => [from, to, kind]);
  assert.deepEqual(kinds, [[128, 192, "guard"], [192, 232, "used"], [232, 256, "guard"], [256, 320, "free"]]);
  const [range] = ranges.within(200, 201);
  assert.equal(range.colour, "owner-2");
  assert.match(sentence(range, 200, 0), /^used, 40.B · worker \(7\) · “t”, 0x8 into it$/);
  assert.match(sentence(ranges.within(240, 241)[0], 240, 0), /behind a block of 40.B at 0xc0/);
  assert.equal(blockRanges([used], "region", 0)[1].colour, "owner-2");
  assert.equal(blockRanges([{ ...used, sizeBytes: 10 }], "size", 0)[1].colour, "ramp-0");
  assert.deepEqual(holeRanges([{ offset: 0, length: 8, state: "resident" }, { offset: 8, length: 8, state: "hole" }]), [{ from: 8, to: 16, kind: "hole" }]);
});

test("what the bytes belong to is asked once for a place, and again when the heap changed", async () => {
  const asked = [];
  let now = 0;
  const feed = new Feed(async (path) => {
    asked.push(path);
    if (path.endsWith("/layout")) return layout;
    if (path.includes("/pages")) throw Object.assign(new Error("404"), { status: 404 });
    return { blocks: [{ offset: 192, sizeBytes: 40, spanOffset: 128, spanBytes: 128, state: "used" }] };
  }, () => {}, () => now);
  feed.open("posix:x");
  const want = async (more = {}) => {
    feed.want({ from: 128, to: 256, stamp: "1", hasHeap: true, hasLayout: true, hasPages: true, ...more });
    await new Promise((done) => setImmediate(done));
  };
  await want();
  assert.deepEqual(feed.pool, { from: 128, to: 1152 });
  await want();
  await want();
  assert.deepEqual(asked, [
    "segments/posix:x/layout", "segments/posix:x/pages?offset=0&limit=256", "segments/posix:x/blocks?from=128&to=1152&limit=1000",
  ]);
  assert.equal(colour(feed.layers("owner"), 200, 201)[0].kind, "used");
  await want({ stamp: "2" });
  assert.equal(asked.length, 3);
  now = 600;
  await want({ stamp: "2" });
  assert.equal(asked.length, 4);
  feed.open(undefined);
});

test("as many columns as fit, and the byte under a point", () => {
  const wide = columnsFor(700, 8, 0.6);
  assert.equal(wide.perRow, 16);
  assert.ok(columnsFor(500, 6, 0.602).perRow === 16);
  for (const [width, digits] of [[300, 6], [300, 8], [480, 10]]) {
    const narrow = columnsFor(width, digits, 0.602);
    assert.equal(narrow.perRow, 8);
    assert.ok(narrow.width <= width, `${narrow.width} in ${width}`);
  }
  const at = (index) => wide.left + index * wide.cell + (index >= 8 ? wide.group : 0) + wide.cell / 2;
  for (const index of [0, 1, 7, 8, 15]) {
    assert.equal(indexAt(wide, at(index)), index);
    assert.equal(indexAt(wide, wide.textLeft + (index + 0.5) * wide.character), index);
  }
  assert.equal(indexAt(wide, 0), 0);
  assert.equal(indexAt(wide, 5000), 15);
});

const memory = new Uint8Array(1000);
memory.set([1, 2, 3], 99);
memory.set([1, 2, 3], 700);
const read = async (offset, length) => memory.subarray(offset, offset + length);
const look = (more) => collect({ needle: Uint8Array.of(1, 2, 3), start: 0, sizeBytes: 1000, read, piece: 100, ...more });

test("a search finds what lies across two pieces, stops at its limit and goes on", async () => {
  assert.deepEqual(await look(), { hits: [99, 700], searched: 1000, reached: 1000, isEnd: true });
  assert.deepEqual((await look({ start: 100 })).hits, [700]);
  assert.deepEqual(await look({ limit: 50 }), { hits: [], searched: 50, reached: 50, isEnd: false });
  assert.deepEqual((await look({ start: 50, limit: 50 })).hits, [99]);
  await assert.rejects(look({ read: async () => { throw new DOMException("", "AbortError"); } }), { name: "AbortError" });
  const zeros = await look({ needle: Uint8Array.of(0), sizeBytes: 2000, read: async (_, length) => new Uint8Array(length) });
  assert.equal(zeros.hits.length, hitsMaximum);
  assert.equal(zeros.isEnd, false);
});

test("a search reads no holes, unless it looks for zeros", async () => {
  const asked = [];
  const noting = async (offset, length) => {
    asked.push(offset);
    return read(offset, length);
  };
  const dataFrom = async (offset) => offset < 800 ? { from: Math.max(offset, 690), to: 800 } : undefined;
  const found = await look({ read: noting, dataFrom });
  assert.deepEqual(found.hits, [700]);
  assert.equal(found.isEnd, true);
  assert.ok(Math.min(...asked) >= 688);
  // A hit that begins with a hole's zeros.
  assert.deepEqual((await look({ needle: Uint8Array.of(0, 0, 1), dataFrom: async (offset) => offset < 701 ? { from: Math.max(offset, 700), to: 701 } : undefined })).hits, [698]);
  await look({ needle: Uint8Array.of(0, 0), read: noting, dataFrom });
  assert.equal(asked.includes(0), true);
});

test("the server's own search is followed page by page", async () => {
  const asked = [];
  const found = await collectAtServer({
    id: "posix:x", needle: Uint8Array.of(0x7f, 1),
    get: async (path) => {
      asked.push(path);
      return asked.length === 1 ? { matches: [{ offset: 9 }, { offset: 20 }], searchedBytes: 50, next: "a b" } : { matches: [{ offset: 70 }], searchedBytes: 50 };
    },
  });
  assert.deepEqual(found, { start: 0, hits: [9, 20, 70], searched: 100, reached: undefined, cursor: undefined, isEnd: true });
  assert.deepEqual(asked, [`segments/posix:x/search?hex=7f01&limit=${hitsMaximum}`, `segments/posix:x/search?hex=7f01&limit=${hitsMaximum - 2}&cursor=a%20b`]);
});

test("where the server found as many as one walks through, it goes on from there", async () => {
  const asked = [];
  const get = async (path) => {
    asked.push(path);
    return { matches: Array.from({ length: hitsMaximum }, (_, index) => ({ offset: index * 2 })), searchedBytes: 9, next: "more" };
  };
  const found = await collectAtServer({ id: "posix:x", needle: Uint8Array.of(1), get });
  assert.deepEqual([found.hits.length, found.reached, found.cursor, found.isEnd], [hitsMaximum, hitsMaximum * 2 - 1, "more", false]);
  await collectAtServer({ id: "posix:x", needle: Uint8Array.of(1), cursor: found.cursor, get });
  assert.deepEqual(asked, [`segments/posix:x/search?hex=01&limit=${hitsMaximum}`, `segments/posix:x/search?hex=01&limit=${hitsMaximum}&cursor=more`]);
});

test("from hit to hit, round at the ends", () => {
  assert.equal(hitFrom([], 0, 1), -1);
  assert.equal(hitFrom([5, 9], 5, 1), 1);
  assert.equal(hitFrom([5, 9], 9, 1), 0);
  assert.equal(hitFrom([5, 9], 5, -1), 1);
  assert.deepEqual(hitsWithin([5, 9, 30], 4, 8, 12), [5, 9]);
  assert.deepEqual(hitsWithin([5, 9, 30], 4, 13, 30), []);
});
