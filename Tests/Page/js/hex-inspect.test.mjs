import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect, unixTime } from "../../../public/js/hex/inspect.js";

const table = (bytes, offset = 0, size = 4096) =>
  Object.fromEntries(inspect(Uint8Array.from(bytes), offset, size).map((row) => [row.key, row]));

test("integers in both byte orders, exact beyond 2^53", () => {
  const rows = table([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
  assert.equal(rows.int8.little, "-2");
  assert.equal(rows.uint8.little, "254");
  assert.equal(rows.int8.big, null);
  assert.equal(rows.int16.little, "-2");
  assert.equal(rows.uint16.big, "65279");
  assert.equal(rows.int32.little, "-2");
  assert.equal(rows.uint64.little, "18446744073709551614");
  assert.equal(rows.int64.big, "-72057594037927937");
});

test("values that the object's end cuts are left open", () => {
  const rows = table([1, 2, 3], 4093, 4096);
  assert.equal(rows.uint16.little, "513");
  assert.equal(rows.uint32.little, undefined);
  assert.equal(rows.timens.big, undefined);
  assert.equal(table([]).uint8.little, undefined);
});

test("floats", () => {
  assert.equal(table([0, 0, 0x80, 0x3f]).float32.little, "1");
  assert.equal(table([0xcd, 0xcc, 0xcc, 0x3d]).float32.little, "0.1");
  assert.equal(table([0x01, 0, 0x80, 0x4b]).float32.little, "16777218");
  assert.equal(table([0, 0, 0x80, 0x7f]).float32.little, "∞");
  assert.equal(table([0, 0, 0, 0xd7]).float32.little, "-1.4073749e+14");
  assert.equal(table([0, 0, 0, 0x80, 0, 0, 0x40, 0x43]).float64.little, "9007203549708288");
  assert.equal(table([0, 0, 0xc0, 0x7f]).float32.little, "NaN");
  assert.equal(table([0, 0, 0, 0, 0, 0, 0, 0x80]).float64.little, "-0");
  assert.equal(table([0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f]).float64.little, "0.1");
});

test("times, before 1970 too, exact to the nanosecond", () => {
  assert.equal(unixTime(0n, 1n), "1970-01-01 00:00:00");
  assert.equal(unixTime(-1n, 1000n), "1969-12-31 23:59:59.999");
  assert.equal(unixTime(1700000000123456789n, 1000000000n), "2023-11-14 22:13:20.123456789");
  assert.equal(unixTime(2n ** 62n, 1n), "–");
});

test("text", () => {
  const rows = table([0x48, 0x69, 0, 1]);
  assert.equal(rows.utf8.little, "“H” U+0048");
  assert.equal(rows.cstring.little, "“Hi”");
  assert.equal(table([0xff, 0xfe]).utf8.little, "not UTF-8");
  assert.equal(table([0xf0, 0x9f, 0x98, 0x80]).utf8.little, "“😀” U+1F600");
  assert.equal(table([0xe2, 0x80, 0xae, 0]).cstring.little, "“\\u202e”");
  assert.equal(table([0x41], 4095, 4096).cstring.little, "“A”, no end");
  assert.equal(table([0x41], 0, 4096).cstring.little, "“A”…");
});

test("a word has all digits of a pointer, and leads to the offset that it could be", () => {
  const inside = table([0, 0x10, 0, 0, 0, 0, 0, 0], 0, 8192).address;
  assert.equal(inside.little, "0x0000000000001000");
  assert.equal(inside.big, "0x0010000000000000");
  assert.deepEqual(inside.targets, { little: 4096, big: undefined });
  assert.deepEqual(table([0, 0x10, 0, 0, 0, 0, 0, 0], 0, 4096).address.targets.little, undefined);
  assert.deepEqual(table([0, 0, 0, 0, 0, 0, 0, 0]).address.targets.little, undefined);
  assert.equal(table([1, 2, 3]).address.little, undefined);
});
