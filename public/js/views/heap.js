// The heap of a segment: its figures over time, what its blocks are, and the blocks themselves.

import { bytes, count, exactBytes, owner, percent, plural, visible } from "../format.js";
import { make, setText, setTitle } from "../dom.js";
import { hueOfOwner } from "../map/colours.js";
import { chart } from "../tabs/chart.js";
import { barTable, section } from "../tabs/pieces.js";
import * as blocks from "./blocks.js";

const barsMost = 12;
/** A chart shows at least so much time, so that it does not stretch while the first figures come. */
const spanMilliseconds = 30000;

let charts;
let bars;
let note;

export function connect(host, actions) {
  charts = {
    used: chart({ title: "Used", format: bytes, lines: [{ label: "used", colour: "--owner-1" }, { label: "most ever used", colour: "--owner-2" }] }),
    free: chart({ title: "Free", format: bytes, lines: [{ label: "free", colour: "--owner-3" }, { label: "largest free", colour: "--owner-4" }] }),
    fragmentation: chart({ title: "Fragmentation", format: percent, lines: [{ label: "fragmentation", colour: "--owner-5" }] }),
    blocks: chart({ title: "Blocks", format: (value) => count(Math.round(value)), lines: [{ label: "used", colour: "--owner-1" }, { label: "free", colour: "--owner-3" }] }),
  };
  const figures = section("heap-figures", "Heap over time");
  note = figures.querySelector(".card-head").appendChild(make("p", { className: "note" }));
  const grid = make("div", { className: "charts" });
  grid.append(...Object.values(charts).map(({ node }) => node));
  figures.append(grid);

  const only = (part) => actions.go({ state: undefined, owner: undefined, tag: undefined, cursor: undefined, ...part });
  bars = {
    sizes: barTable({ id: "heap-sizes", caption: "Blocks by size", labels: ["Up to", "Blocks", "Over time"], hasPast: true }),
    owners: barTable({
      id: "heap-owners", caption: "Blocks by owner", labels: ["Owner", "Bytes", "Over time"], hasPast: true, openTitle: "Show only the blocks of this owner",
      open: ({ pid }) => only({ owner: String(pid) }),
    }),
    tags: barTable({
      id: "heap-tags", caption: "Blocks by tag", labels: ["Tag", "Bytes", "Over time"], hasPast: true, openTitle: "Show only the blocks with this tag",
      open: ({ tag }) => only({ tag }),
    }),
  };
  const spread = make("div", { className: "spread" });
  for (const [id, title, table] of [["sizes", "By size", bars.sizes], ["owners", "By owner", bars.owners], ["tags", "By tag", bars.tags]]) {
    const part = section(`heap-by-${id}`, title);
    part.append(table.node);
    spread.append(part);
  }
  host.append(figures, spread);
  blocks.connect(host, actions);
}

export const { arrive, leave } = blocks;

export function render(store) {
  const heap = store.data("segment")?.heap;
  if (heap) {
    const window = windowOf(store);
    renderCharts(store, heap, window);
    renderBars(store, heap, window);
  }
  blocks.render(store);
}

function windowOf(store) {
  const range = store.history.range;
  const to = range?.to ?? 0;
  return { from: Math.min(range?.from ?? 0, to - spanMilliseconds), to, mark: store.pastAt };
}

function renderCharts(store, heap, window) {
  const size = (value) => ({ text: bytes(value), title: exactBytes(value) });
  setText(note, `${bytes(heap.capacityBytes)} in all, ${policies[heap.policy] ?? visible(heap.policy)}`);
  setTitle(note, exactBytes(heap.capacityBytes));
  charts.used.render({
    ...window, figure: size(heap.usedBytes), serieses: [store.series("used"), store.series("highWater")],
    notes: [percent(heap.usedBytes / heap.capacityBytes), bytes(heap.highWaterBytes)],
  });
  charts.free.render({
    ...window, figure: size(heap.freeBytes), serieses: [store.series("free"), store.series("largestFree")],
    notes: [percent(heap.freeBytes / heap.capacityBytes), bytes(heap.largestFreeBytes)],
  });
  charts.fragmentation.render({
    ...window, figure: { text: percent(heap.fragmentation), title: "1 − largest free ÷ free" }, serieses: [store.series("fragmentation")],
    notes: ["of the free bytes lie outside of the largest free block"],
  });
  charts.blocks.render({
    ...window, figure: { text: count(heap.usedBlockCount), title: plural(heap.usedBlockCount, "used block") },
    serieses: [store.series("usedBlocks"), store.series("freeBlocks")], notes: [count(heap.usedBlockCount), count(heap.freeBlockCount)],
  });
}

const policies = { bestFit: "given out best fit first" };

function renderBars(store, heap, window) {
  const pastOf = (name, key, format) => {
    const series = store.history.spread(name, key);
    if (!series || series.length < 2) return undefined;
    const values = series.map(({ value }) => value);
    return { series, window, words: `from ${format(Math.min(...values))} to ${format(Math.max(...values))}` };
  };
  bars.sizes.render(heap.sizeHistogram.map((bucket) => ({
    key: String(bucket.upToBytes), label: bucket.upToBytes === null ? { text: "larger" } : { text: bytes(bucket.upToBytes), title: exactBytes(bucket.upToBytes) },
    value: bucket.count, text: count(bucket.count), past: pastOf("sizes", String(bucket.upToBytes), count),
  })), "No block is used.");
  const owners = [...heap.byOwner].sort((a, b) => b.sizeBytes - a.sizeBytes);
  bars.owners.render(mostOf(owners, (entry) => ({
    key: `${entry.owner.slot}:${entry.owner.generation}`, pid: entry.owner.pid, isFixed: entry.owner.pid == null,
    label: { text: owner(entry.owner), badges: entry.owner.alive === false ? [{ text: "gone", tone: "warning" }] : [] },
    hue: hueOfOwner(entry.owner), orphaned: entry.owner.alive === false, ...total(entry),
    past: pastOf("owners", `${entry.owner.slot}:${entry.owner.generation}`, bytes),
  })), "Nobody has a block.");
  const tags = [...heap.byTag].sort((a, b) => b.sizeBytes - a.sizeBytes);
  bars.tags.render(mostOf(tags, (entry) => ({
    key: `tag ${entry.tag ?? ""}`, tag: entry.tag, isFixed: !entry.tag, label: { text: entry.tag ? visible(entry.tag) : "no tag" }, ...total(entry),
    past: pastOf("tags", entry.tag ?? "", bytes),
  })), "No block is used.");
}

const total = ({ sizeBytes, blockCount }) => ({ value: sizeBytes, text: bytes(sizeBytes), title: exactBytes(sizeBytes), note: plural(blockCount, "block") });

/** The first entries by themselves, the others as one. */
function mostOf(entries, entryOf) {
  const shown = entries.slice(0, entries.length > barsMost ? barsMost - 1 : barsMost).map(entryOf);
  const rest = entries.slice(shown.length);
  if (rest.length === 0) return shown;
  const sum = (key) => rest.reduce((result, entry) => result + entry[key], 0);
  return [...shown, { key: "rest", isFixed: true, label: { text: `${count(rest.length)} others` }, ...total({ sizeBytes: sum("sizeBytes"), blockCount: sum("blockCount") }) }];
}
