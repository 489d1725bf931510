// The heap of a segment: its totals and its blocks.

import { bytes, exactBytes, percent, plural } from "../format.js";
import { byId, facts } from "../dom.js";
import * as lists from "./lists.js";

export function connect(host, actions) {
  lists.connect(actions);
}

export const { arrive } = lists;

export function render(store) {
  const heap = store.data("segment")?.heap;
  const size = (value) => ({ text: bytes(value), title: exactBytes(value) });
  facts(byId("heap-facts"), heap ? [
    ["Used", { ...size(heap.usedBytes), note: `${percent(heap.usedBytes / heap.capacityBytes)} in ${plural(heap.usedBlockCount, "block")}` }],
    ["Free", { ...size(heap.freeBytes), note: `in ${plural(heap.freeBlockCount, "block")}` }],
    ["Largest free", size(heap.largestFreeBytes)],
    ["Fragmentation", { text: percent(heap.fragmentation), title: "1 − largest free ÷ free" }],
    ["Most ever used", size(heap.highWaterBytes)],
  ] : []);
  lists.renderBlocks(store);
}
