import assert from "node:assert/strict";
import test from "node:test";
import * as cameras from "../../../public/js/map/camera.js";
import { display, rangeOfThing, thingAt, thingsInSight } from "../../../public/js/map/display.js";
import { Feed } from "../../../public/js/map/feed.js";
import { classesShown, hiddenFrom, hideOf, legendOf } from "../../../public/js/map/legend.js";
import { nowOf } from "../../../public/js/map/moment.js";
import { labelsIn } from "../../../public/js/map/paint.js";
import { Chooser } from "../../../public/js/views/map/chooser.js";

const owner = (slot, alive = true) => ({ slot, generation: 1, pid: 100 + slot, name: `w${slot}`, alive });
const layout = [
  { name: "header", offset: 0, sizeBytes: 4096, fields: [{ name: "magic", offset: 0, sizeBytes: 8, value: 1 }] },
  { name: "pool", offset: 4096, sizeBytes: 61440 },
];
const block = (spanOffset, spanBytes, extra = {}) => ({
  offset: spanOffset + 16, sizeBytes: spanBytes - 16, spanOffset, spanBytes, state: "used", owner: owner(1), tag: "a", ...extra,
});
const bucket = (offset, sizeBytes, usedBytes, extra = {}) => ({
  offset, sizeBytes, usedBytes, freeBytes: sizeBytes - usedBytes, blockCount: usedBytes > 0 ? 1 : 0, largestFreeBytes: 0,
  mainOwner: usedBytes > 0 ? owner(1) : undefined, ...extra,
});
const source = (part) => ({ mode: "state", layout, hidden: new Set(), now: 0, ...part });
const view = cameras.camera(65536, 640, 16 * cameras.rowHeight);
const sum = (list) => [...list.classes.values()].reduce((total, entry) => total + entry.bytes, 0);

// The camera

test("the whole is seen at first, and nothing outside of it", () => {
  assert.deepEqual(cameras.rangeOf(view), { from: 0, to: 65536 });
  assert.equal(view.perRow, 4096);
  assert.deepEqual(cameras.rangeOf(cameras.scrolled(view, 5)), { from: 0, to: 65536 });
  assert.deepEqual(cameras.rangeOf(cameras.zoomed(view, 0.1, 0, 0)), { from: 0, to: 65536 });
});

test("the byte under the pointer stays there while one zooms", () => {
  const near = cameras.zoomed(view, 8, 320, 100);
  assert.equal(Math.round(cameras.byteAt(near, 320, 100)), Math.round(cameras.byteAt(view, 320, 100)));
  assert.equal(near.perRow, 512);
  assert.equal(cameras.zoomed(view, 1e9, 0, 0).perRow, 16, "a row has 16 bytes at the closest");
});

test("an address gives the same view through any canvas", () => {
  const placed = cameras.placed(view, 8192, 16384);
  assert.deepEqual(cameras.rangeOf(placed), { from: 8192, to: 24576 });
  assert.deepEqual(cameras.rangeOf(cameras.placed(cameras.camera(65536, 320, 400), 8192, 16384)), { from: 8192, to: 24576 });
  assert.equal(cameras.placed(view, 1e9, 0).perRow, 16);
});

test("another width keeps the bytes of a pixel, and what was whole stays whole", () => {
  const near = cameras.placed(view, 8192, 16384);
  assert.equal(cameras.resized(near, 1280, 288).perRow, near.perRow * 2);
  assert.deepEqual(cameras.rangeOf(cameras.resized(view, 300, 500)), { from: 0, to: 65536 });
});

test("a range is fitted with a margin, and revealed without a zoom", () => {
  const fitted = cameras.fitted(view, 20000, 21000);
  const seen = cameras.rangeOf(fitted);
  assert.ok(seen.from < 20000 && seen.to > 21000 && seen.to - seen.from < 2000);
  const revealed = cameras.revealing(fitted, 60000, 60010);
  assert.equal(revealed.perRow, fitted.perRow);
  assert.ok(cameras.rangeOf(revealed).from <= 60000 && cameras.rangeOf(revealed).to >= 60010);
  assert.equal(cameras.revealing(fitted, 20000, 20010), fitted);
});

test("a range has a piece in each row that it touches, cut to the canvas", () => {
  const pieces = [];
  cameras.forEachPiece(view, 4096 + 2048, 3 * 4096 + 1024, (x, y, width) => pieces.push([x, y, width]));
  assert.deepEqual(pieces, [[320, 18, 320], [0, 36, 640], [0, 54, 160]]);
  cameras.forEachPiece(cameras.placed(view, 8192, 16384), 0, 8192, () => assert.fail("it is not in sight"));
});

test("bytes are shown where their digits have room, and a range is in sight where anything of it is", () => {
  assert.equal(cameras.showsBytes(view), false);
  assert.equal(cameras.showsBytes(cameras.placed(view, 0, 16 * 37)), true);
  assert.equal(cameras.showsBytes(cameras.placed(view, 0, 16 * 38)), false);
  const near = cameras.placed(view, 8192, 16384);
  assert.deepEqual([[0, 8192], [0, 8193], [24575, 24576], [24576, 24577], [0, 65536]].map(([from, to]) => cameras.sees(near, from, to)), [false, true, true, false, true]);
});

// What is drawn

test("the legend counts what is in sight, not what stands over the edges", () => {
  const near = cameras.placed(view, 8192, 1024);
  const fine = { from: 4096, to: 65536, blocks: [block(4096, 8192 - 4096 + 256), block(8448, 57088, { state: "free" })] };
  const list = display(near, source({ fine }));
  assert.equal(list.classes.get("used").bytes, 256);
  assert.equal(list.classes.get("free").bytes, 768);
  assert.equal(sum(list), 1024);
});

test("a stretch counts by the part of it in sight, once where a finer picture has some of it", () => {
  const near = cameras.placed(view, 6144, 4096);
  const coarse = { from: 4096, to: 65536, buckets: [bucket(4096, 4096, 1024), bucket(8192, 57344, 0)] };
  const list = display(near, source({ coarse }));
  assert.equal(list.classes.get("used").bytes, 512);
  assert.equal(sum(list), 4096);
  const fine = { from: 7168, to: 65536, buckets: [bucket(7168, 58368, 0)] };
  assert.equal(sum(display(near, source({ coarse, fine }))), 4096);
});

test("each way of colouring counts no more than is seen", () => {
  const coarse = { from: 4096, to: 65536, buckets: [bucket(4096, 61440, 30720)] };
  const pages = { from: 0, to: 65536, runs: [{ offset: 0, length: 32768, state: "resident" }, { offset: 32768, length: 32768, state: "hole" }] };
  for (const mode of ["owner", "state", "tag", "age", "size", "region", "pages"]) {
    for (const [from, span] of [[0, 65536], [3000, 5000], [60000, 5536]]) {
      const list = display(cameras.placed(view, from, span), source({ mode, coarse, pages }));
      assert.equal(Math.round(sum(list)), span, `${mode} from ${from}`);
    }
  }
});

test("what the dead left shows from afar, however little it is beside what the living have", () => {
  const coarse = { from: 4096, to: 65536, buckets: [bucket(4096, 61440, 30720, { orphanedBytes: 64 })] };
  for (const mode of ["state", "owner"]) {
    const list = display(view, source({ mode, coarse }));
    const item = list.items.find(({ colour }) => colour === "orphan");
    assert.ok(item.hatched && item.least > 2);
    assert.equal(list.classes.get("orphaned").bytes, 64);
    assert.equal(sum(list), 65536);
  }
  assert.equal(display(view, source({ mode: "tag", coarse })).classes.has("orphaned"), false);
  // Where the dead have the most, all of it is theirs.
  const theirs = { from: 4096, to: 65536, buckets: [bucket(4096, 61440, 128, { orphanedBytes: 100, mainOwner: owner(1, false) })] };
  assert.equal(display(view, source({ coarse: theirs })).classes.get("orphaned").bytes, 128);
});

test("names of others are painted with their invisible characters made visible", () => {
  const fine = { from: 4096, to: 65536, blocks: [block(4096, 61440, { tag: "a\u202eb" })] };
  const texts = display(view, source({ fine })).labels.map(({ text }) => text);
  assert.ok(texts.some((text) => text.startsWith("a⟨U+202E⟩b")), texts.join());
});

test("a class that is hidden is drawn faintly and counted still", () => {
  const fine = { from: 4096, to: 65536, blocks: [block(4096, 61440)] };
  const list = display(view, source({ fine, hidden: new Set(["used"]) }));
  assert.equal(list.items.find(({ from }) => from === 4096).faint, true);
  assert.equal(list.classes.get("used").bytes, 61440);
});

test("the table has what is drawn: runs, regions, or blocks between the tables around them", () => {
  const coarse = { from: 4096, to: 65536, buckets: [bucket(4096, 4096, 64), bucket(8192, 57344, 0)] };
  const fine = { from: 4096, to: 8192, blocks: [block(4096, 64), block(4160, 4032, { state: "free" })] };
  const pages = { from: 0, to: 65536, runs: [{ offset: 0, length: 65536, state: "resident" }] };
  const kinds = (mode, where = view) => thingsInSight(where, source({ mode, coarse, fine, pages }))
    .map((thing) => `${["block", "bucket", "run", "region"].find((key) => thing[key])} ${thing.offset}`);
  assert.deepEqual(kinds("pages"), ["run 0"]);
  assert.deepEqual(kinds("region"), ["region 0", "region 4096"]);
  assert.deepEqual(kinds("owner"), ["region 0", "block 4112", "block 4176", "bucket 8192"]);
  assert.deepEqual(kinds("owner", cameras.placed(view, 8192, 16384)), ["bucket 8192"]);
  assert.deepEqual(thingsInSight(view, source({ layout: [{ name: "object", offset: 0, sizeBytes: 65536 }] })).map(({ region }) => region.name), ["object"]);
});

test("the finest that is known stands at a byte", () => {
  const fine = { from: 4096, to: 8192, blocks: [block(4096, 4096)] };
  const coarse = { from: 4096, to: 65536, buckets: [bucket(4096, 61440, 64)] };
  assert.deepEqual(rangeOfThing(thingAt(5000, source({ fine, coarse }))), { from: 4096, to: 8192 });
  assert.deepEqual(rangeOfThing(thingAt(9000, source({ fine, coarse }))), { from: 4096, to: 65536 });
  assert.deepEqual(rangeOfThing(thingAt(3, source({}))), { from: 0, to: 8 });
  assert.equal(rangeOfThing(thingAt(5000, source({}))), undefined);
});

// Labels

/** The row of each, where it begins and where it ends, in pixels. */
const spans = (labels) => labels.map(({ x, y, text }) => ({ y, from: x, to: x + 4 + text.length * 6.7 }));

test("no label is written over another one", () => {
  const near = cameras.placed(view, 0, 16 * 1024);
  const fields = [["magic", 0, 8], ["lock_mutex", 256, 64], ["journal", 300, 500], ["text", 840, 4000]];
  const given = [{ name: "header", offset: 0, sizeBytes: 4096, fields: fields.map(([name, offset, sizeBytes]) => ({ name, offset, sizeBytes })) }, layout[1]];
  for (const span of [128, 512, 1024, 4096, 16384]) {
    const seen = cameras.placed(near, 0, span);
    const placed = labelsIn(seen, display(seen, source({ layout: given })).labels);
    assert.ok(placed.length > 0, `some at ${span}`);
    for (const [index, one] of spans(placed).entries()) {
      for (const other of spans(placed).slice(index + 1)) assert.ok(one.y !== other.y || one.to <= other.from || other.to <= one.from, `at ${span}`);
    }
  }
});

test("a label reaches to the next one at most, and gives way where that leaves nothing of it", () => {
  const row = cameras.camera(6400, 640, cameras.rowHeight);
  const texts = (...labels) => labelsIn(row, labels.map(([text, from, to]) => ({ text, from, to }))).map(({ text }) => text);
  assert.deepEqual(texts(["participants", 0, 6400], ["journal", 500, 1500]), ["parti…", "journal"]);
  assert.deepEqual(texts(["header", 0, 6400], ["journal", 100, 1500]), ["journal"]);
  assert.deepEqual(texts(["header", 0, 6400], ["journal", 100, 500]), ["header"], "half a word takes no whole word's place");
  assert.deepEqual(texts(["header", 0, 900], ["pool", 900, 6400]), ["header", "pool"]);
});

test("the pool bears its name where it begins", () => {
  // The bytes of a row are no whole number there, and rows not quite of the same width.
  const uneven = cameras.placed(cameras.camera(2727936, 551, 50 * cameras.rowHeight), 1679360, 1048576);
  assert.deepEqual(labelsIn(uneven, [{ text: "pool", from: 1679360, to: 2727936 }]).map(({ y }) => y), [0]);
  const names = (from, span) => display(cameras.placed(view, from, span), source({})).labels.map(({ text }) => text);
  assert.deepEqual(names(0, 65536), ["header", "magic", "pool"]);
  assert.deepEqual(names(4096, 61440), ["pool"]);
  assert.deepEqual(names(8192, 1024), []);
});

// What a press selects

/** A chooser over a heap of one free block behind two used ones, and what it did. */
function chooser({ near = view, selection } = {}) {
  const blocks = [block(4096, 64), block(4160, 64), block(4224, 61312, { state: "free" })];
  const done = { selected: [], told: [], announced: [], moves: [] };
  const actions = {
    route: () => ({ segment: "a" }), announce: (text) => done.announced.push(text),
    api: { get: async (path) => ({ blocks: blocks.filter(({ spanOffset, spanBytes }) => {
      const at = Number(new URLSearchParams(path.split("?")[1]).get("at"));
      return at >= spanOffset && at < spanOffset + spanBytes;
    }) }) },
  };
  const one = new Chooser({
    actions, select: (range) => done.selected.push(range), tell: (text) => done.told.push(text), move: (to) => done.moves.push(to),
    selection: () => selection, view: () => near, isPast: () => false, pool: () => ({ from: 4096, to: 65536 }),
    source: () => source({ fine: { from: 4096, to: 65536, blocks } }),
  });
  return { one, done };
}

test("where bytes are drawn a press selects one; elsewhere the block", () => {
  const far = chooser();
  far.one.press(10000);
  assert.deepEqual(far.done.selected, [{ at: 4240, to: 4240 + 61296 }]);
  const close = chooser({ near: cameras.placed(view, 9900, 16 * 32) });
  for (const byte of [10000, -1, 65536]) close.one.press(byte);
  assert.deepEqual(close.done.selected, [{ at: 10000, to: 10001 }]);
  for (const { one } of [far, close]) one.leave();
});

test("from outside of the pool one steps into it, or hears that there is nothing that way", async () => {
  for (const [from, direction, at] of [[8, 1, 4112], [65600, -1, 4240], [8, -1, undefined], [65600, 1, undefined], [4120, 1, 4176]]) {
    const { one, done } = chooser({ selection: { from, to: from + 1 } });
    await one.step(direction);
    assert.deepEqual(done.selected.map((range) => range.at), at === undefined ? [] : [at], `${direction} from ${from}`);
    assert.equal(done.told.length, at === undefined ? 1 : 0);
    one.leave();
  }
});

// The legend

test("what the address hides is read, whatever stands there", () => {
  assert.deepEqual([...hiddenFrom("tag%3Aa%2Cb,%,%zz")], ["tag:a,b", "%", "%zz"]);
  assert.deepEqual([...hiddenFrom(undefined)], []);
  for (const keys of [["tag:a,b", "tag:%"], []]) assert.deepEqual([...hiddenFrom(hideOf(keys))], keys);
  assert.equal(hideOf([]), undefined);
});

test("what is hidden is listed, however small or far away", () => {
  const classes = new Map(Array.from({ length: 30 }, (_, index) => [`tag:${index}`, { key: `tag:${index}`, label: `${index}`, bytes: 1000 - index }]));
  const keys = legendOf(classes, new Set(["tag:29", "tag:away", "owner:9:1"]), new Map([["owner:9:1", { key: "owner:9:1", label: "nine", colour: "owner-1" }]]));
  assert.equal(keys.length, classesShown + 3);
  assert.deepEqual(keys.slice(-3).map(({ label }) => label), ["29", "away", "nine"]);
});

// When it is

test("ages are told by the server's clock, in the past by that moment's", () => {
  assert.equal(nowOf({ serverNow: () => 5 }), 5);
  assert.equal(nowOf({ isPast: true, pastAt: 3, data: () => ({ takenAt: "1970-01-01T00:00:01Z" }), serverNow: () => 5 }), 1000);
  assert.ok(Math.abs(nowOf({ serverNow: () => NaN }) - Date.now()) < 1000);
});

// What is asked

test("what failed is asked again a while later, the layout too; no right is not", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let [now, isDown, changes] = [0, true, 0];
  const asked = [];
  const get = async (path) => {
    asked.push(path.replace(/\?.*/, ""));
    if (path.endsWith("/pages?offset=0&limit=4000")) throw Object.assign(new Error("no right"), { status: 403 });
    if (isDown) throw Object.assign(new Error("busy"), { status: 423 });
    return path.endsWith("layout") ? { regions: layout } : { buckets: [], blocks: [] };
  };
  const feed = new Feed(get, () => { changes += 1; }, undefined, () => now);
  const settle = () => new Promise((resolve) => { setImmediate(resolve); });
  const want = async () => {
    feed.want(view, { heap: true, pages: true, stamp: "1" });
    await settle();
  };
  feed.open("a");
  await settle();
  await want();
  await want();
  assert.deepEqual(asked, ["segments/a/layout", "segments/a/pages"]);
  assert.match(feed.error.message, /no right/);
  const before = changes;
  isDown = false;
  now = 5001;
  context.mock.timers.tick(5001);
  assert.equal(changes, before + 1, "the view is told to draw, and so to ask");
  await want();
  await want();
  assert.deepEqual([...new Set(asked.slice(2))], ["segments/a/layout", "segments/a/blocks"]);
  assert.deepEqual(feed.pool, { from: 4096, to: 65536 });
  assert.equal(asked.filter((path) => path.endsWith("pages")).length, 1);
});

test("few blocks in many stretches are asked for one by one, many are not", async () => {
  for (const [blockCount, asks] of [[0, /limit=10000$/u], [4, /buckets=/u]]) {
    const asked = [];
    const buckets = Array.from({ length: 3840 }, (_, index) => bucket(4096 + index * 16, 16, 0, { blockCount: index % 4 === 0 ? 1 : blockCount }));
    const feed = new Feed(async (path) => {
      asked.push(path);
      return path.endsWith("layout") ? { regions: layout } : { buckets, blocks: [] };
    }, () => {});
    feed.open("a");
    await new Promise((resolve) => { setImmediate(resolve); });
    feed.want(view, { heap: true, pages: false, stamp: "1" });
    assert.match(asked.at(-1), asks);
  }
});

test("a fine picture is asked for where one stops, not on the way", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let [now, changes] = [0, 0];
  const asked = [];
  const feed = new Feed(async (path) => {
    asked.push(path);
    return path.endsWith("layout") ? { regions: layout } : { buckets: [], blocks: [] };
  }, () => { changes += 1; }, undefined, () => now);
  const fine = () => asked.filter((path) => path.includes("from=")).length;
  const want = async (view) => {
    feed.want(view, { heap: true, pages: false, stamp: "1" });
    await new Promise((resolve) => { setImmediate(resolve); });
  };
  feed.open("a");
  await new Promise((resolve) => { setImmediate(resolve); });
  await want(view);
  assert.equal(fine(), 1, "the first view is looked at at once");
  let moved = view;
  for (let step = 0; step < 20; step += 1) {
    now += 16;
    context.mock.timers.tick(16);
    moved = { ...moved, start: 4096 + step, perRow: moved.perRow / 2 };
    await want(moved);
  }
  assert.equal(fine(), 1);
  const before = changes;
  now += 81;
  context.mock.timers.tick(81);
  assert.equal(changes, before + 1, "the view is told to draw, and so to ask");
  await want(moved);
  assert.equal(fine(), 2);
});

test("an object made anew has its layout asked for anew", async () => {
  const asked = [];
  const feed = new Feed(async (path) => {
    asked.push(path);
    return path.endsWith("layout") ? { regions: layout } : { buckets: [] };
  }, () => {});
  const settle = () => new Promise((resolve) => { setImmediate(resolve); });
  for (const [id, epoch] of [["a", 1], ["a", 1], ["a", 2], [undefined, 3], ["a", 3]]) {
    feed.open(id, epoch);
    await settle();
  }
  assert.equal(asked.filter((path) => path.endsWith("layout")).length, 3);
});
