import assert from "node:assert/strict";
import { test } from "node:test";
import { float16, inspect, unixTime } from "../../../public/js/hex/inspect.js";

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
  assert.equal(float16(0x3c00), 1);
  assert.equal(float16(0xc000), -2);
  assert.equal(float16(0x0001), 2 ** -24);
  assert.equal(float16(0x7c00), Infinity);
  assert.ok(Number.isNaN(float16(0x7e00)));
  assert.equal(table([0, 0, 0x80, 0x3f]).float32.little, "1");
  assert.equal(table([0xcd, 0xcc, 0xcc, 0x3d]).float32.little, "0.1");
  assert.equal(table([0, 0, 0, 0, 0, 0, 0, 0x80]).float64.little, "-0");
  assert.equal(table([0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f]).float64.little, "0.1");
});

test("times, before 1970 too, exact to the nanosecond", () => {
  assert.equal(unixTime(0n, 1n), "1970-01-01 00:00:00 UTC");
  assert.equal(unixTime(-1n, 1000n), "1969-12-31 23:59:59.999 UTC");
  assert.equal(unixTime(1700000000123456789n, 1000000000n), "2023-11-14 22:13:20.123456789 UTC");
  assert.equal(unixTime(2n ** 62n, 1n), "–");
});

test("text", () => {
  const rows = table([0x48, 0x69, 0, 1]);
  assert.equal(rows.utf8.little, "“H” U+0048");
  assert.equal(rows.cstring.little, "“Hi”");
  assert.equal(rows.utf16.little, "“楈” U+6948");
  assert.equal(table([0xff, 0xfe]).utf8.little, "not UTF-8");
  assert.equal(table([0xf0, 0x9f, 0x98, 0x80]).utf8.little, "“😀” U+1F600");
  assert.equal(table([0x3d, 0xd8, 0x00, 0xde]).utf16.little, "“😀” U+1F600");
  assert.equal(table([0x3d, 0xd8]).utf16.little, "half a pair");
  assert.equal(table([0xe2, 0x80, 0xae, 0]).cstring.little, "“\\u202e”");
  assert.equal(table([0x41], 4095, 4096).cstring.little, "“A”, no end");
  assert.equal(table([0x41], 0, 4096).cstring.little, "“A”…");
});

test("a word is an offset in here, or an address elsewhere", () => {
  assert.equal(table([0, 0x10, 0, 0, 0, 0, 0, 0], 0, 8192).address.little, "0x1000");
  assert.equal(table([0, 0x10, 0, 0, 0, 0, 0, 0], 0, 4096).address.little, "0x1000, not in here");
  assert.equal(table([0, 0, 0, 0, 0, 0, 0, 0]).address.little, "null");
});
