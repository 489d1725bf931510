import assert from "node:assert/strict";
import { test } from "node:test";
import {
  asBase64, asCArray, asHex, asText, indexOfBytes, offsetDigits, offsetText, parseNeedle, parseOffset, textOf,
} from "../../../public/js/hex/format.js";

const bytes = (...values) => Uint8Array.from(values);

test("offsets have the digits that the last byte needs", () => {
  assert.equal(offsetDigits(1), 6);
  assert.equal(offsetDigits(0x1000000), 6);
  assert.equal(offsetDigits(0x1000001), 7);
  assert.equal(offsetDigits(2 ** 40), 10);
  assert.equal(offsetText(0x2a, 6), "00002a");
});

test("what cannot be printed is a dot", () => {
  assert.equal(textOf[0x41], "A");
  for (const value of [0, 0x1f, 0x7f, 0x80, 0xff]) assert.equal(textOf[value], "·");
});

test("copies in four forms", () => {
  assert.equal(asHex(bytes(0x7f, 0x45)), "7f 45");
  assert.equal(asHex(new Uint8Array(17)).split("\n").length, 2);
  assert.equal(asCArray(bytes(1, 255), 16), "/* offset 0x10 */\nstatic const unsigned char bytes[2] = {\n  0x01, 0xff,\n};");
  assert.equal(asText(bytes(0xc3, 0xa4, 0xff)), "ä\ufffd");
  assert.equal(asBase64(bytes(0xfb, 0xff)), "+/8=");
  const long = new Uint8Array(100_000).fill(7);
  assert.deepEqual(Uint8Array.from(Buffer.from(asBase64(long), "base64")), long);
});

test("reads offsets as people write them", () => {
  const size = 1 << 20;
  const offset = (text, from) => parseOffset(text, size, from).offset;
  assert.equal(offset("0x1a2f"), 0x1a2f);
  assert.equal(offset(" 6703 "), 6703);
  assert.equal(offset("1a2f"), 0x1a2f);
  assert.equal(offset("4KiB"), 4096);
  assert.equal(offset("1.5 k"), 1536);
  assert.equal(offset("50%"), size / 2);
  assert.equal(offset("100%"), size - 1);
  assert.equal(offset("+0x10", 32), 48);
  assert.equal(offset("-16", 32), 16);
  assert.equal(offset("end"), size - 1);
  for (const text of ["", "x", "0x", "-33", "0x100000", "1 furlong", "1e4000"]) {
    assert.ok(parseOffset(text, size, 32).error, text);
  }
});

test("reads what to look for", () => {
  assert.deepEqual(parseNeedle("7f 45:4C", "hex").bytes, bytes(0x7f, 0x45, 0x4c));
  assert.deepEqual(parseNeedle("ä", "text").bytes, bytes(0xc3, 0xa4));
  for (const text of ["", "7", "zz"]) assert.ok(parseNeedle(text, "hex").error);
  assert.ok(parseNeedle("", "text").error);
});

test("finds bytes, across repeated beginnings too", () => {
  assert.equal(indexOfBytes(bytes(1, 1, 2), bytes(1, 2)), 1);
  assert.equal(indexOfBytes(bytes(1, 2, 1), bytes(1, 2), 1), -1);
  assert.equal(indexOfBytes(bytes(1), bytes()), -1);
});
