// The bytes at the cursor, read as numbers, text and time, in both byte orders.

import { hex } from "../format.js";
import { make, rows } from "../dom.js";
import { shown } from "./hex.js";

let body;

export function connect(host) {
  const table = make("table", { className: "rows" });
  const head = make("tr");
  for (const text of ["Read as", "Little endian", "Big endian"]) {
    const cell = make("th", { text });
    cell.scope = "col";
    head.append(cell);
  }
  const top = make("thead");
  top.append(head);
  body = make("tbody");
  table.append(make("caption", { text: "The bytes at the cursor" }), top, body);
  const scroll = make("div", { className: "scroll" });
  scroll.append(table);
  host.append(scroll);
}

const kinds = [
  ["uint8", 1, (view) => view.getUint8(0)], ["int8", 1, (view) => view.getInt8(0)],
  ["uint16", 2, (view, little) => view.getUint16(0, little)], ["int16", 2, (view, little) => view.getInt16(0, little)],
  ["uint32", 4, (view, little) => view.getUint32(0, little)], ["int32", 4, (view, little) => view.getInt32(0, little)],
  ["uint64", 8, (view, little) => view.getBigUint64(0, little)], ["int64", 8, (view, little) => view.getBigInt64(0, little)],
  ["address", 8, (view, little) => `0x${view.getBigUint64(0, little).toString(16)}`],
  ["float32", 4, (view, little) => view.getFloat32(0, little)], ["float64", 8, (view, little) => view.getFloat64(0, little)],
  ["time, s", 4, (view, little) => moment(view.getUint32(0, little) * 1000)],
  ["time, ns", 8, (view, little) => moment(Number(view.getBigUint64(0, little) / 1000000n))],
];

function moment(milliseconds) {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? "–" : date.toISOString().replace("T", " ").replace("Z", " UTC");
}

export function render(store) {
  const { base, bytes } = shown();
  const at = store.route.at === undefined ? base : Number(store.route.at);
  const start = at - base;
  const entries = bytes && start >= 0 && start < bytes.length ? kinds.map(([name, size, read]) => {
    const isThere = start + size <= bytes.length;
    const view = isThere ? new DataView(bytes.buffer, bytes.byteOffset + start, size) : undefined;
    return { name, little: view ? String(read(view, true)) : "–", big: view ? String(read(view, false)) : "–" };
  }) : [];
  if (entries.length > 0) {
    const end = bytes.indexOf(0, start);
    const text = new TextDecoder().decode(bytes.subarray(start, Math.min(end < 0 ? bytes.length : end, start + 64)));
    entries.push({ name: "text, UTF-8", little: JSON.stringify(text), big: "" }, { name: "offset", little: hex(at), big: String(at) });
  }
  rows(body, entries, (entry) => entry.name, (entry) => [{ text: entry.name }, { className: "offset", text: entry.little }, { className: "offset", text: entry.big }]);
}
