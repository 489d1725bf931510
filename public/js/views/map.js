// The block map: a canvas, and the same data as a table.

import { bytes, count, exactBytes, hex, owner, percent, plural, visible } from "../format.js";
import { byId, facts, make, reconcile, rows, setText, show } from "../dom.js";
import { bucketHolding, cellAt, grid, hueOf, step } from "../layout.js";
import { paint, palette, watchScreen } from "../paint.js";
import { showProvenance } from "./provenance.js";

const ownersShown = 12;
/** Arrow keys repeat faster than anyone listens. */
const sayAfterMilliseconds = 400;

const picture = { buckets: [], width: 0, layout: undefined, colours: undefined, chosen: -1 };
let sayTimer = 0;

export function connect(actions) {
  const canvas = byId("map");
  new ResizeObserver(([entry]) => {
    picture.width = Math.floor(entry.contentRect.width);
    draw();
  }).observe(byId("map-frame"));
  watchScreen(() => {
    picture.colours = undefined;
    draw();
  });

  const choose = (index) => {
    const bucket = picture.buckets[index];
    // At once: the next key may come before the next frame.
    picture.chosen = bucket ? index : -1;
    actions.change({ at: bucket && String(bucket.offset) });
    clearTimeout(sayTimer);
    sayTimer = setTimeout(() => setText(byId("map-said"), bucket ? sentence(bucket, index) : ""), sayAfterMilliseconds);
  };
  canvas.addEventListener("click", (event) => {
    if (!picture.layout) return;
    const index = cellAt(picture.layout, event.offsetX, event.offsetY);
    choose(index === picture.chosen ? -1 : index);
  });
  canvas.addEventListener("keydown", (event) => {
    if (!picture.layout || event.altKey || event.ctrlKey || event.metaKey) return;
    const index = event.key === "Escape" && picture.chosen >= 0 ? -1 : step(picture.layout, picture.chosen, event.key);
    if (index === undefined) return;
    event.preventDefault();
    choose(index);
  });
  byId("map-details").addEventListener("toggle", renderTable);
}

export function render(store) {
  const { route } = store;
  const answer = store.data("map");
  picture.buckets = answer?.buckets ?? [];
  picture.chosen = route.at === undefined ? -1 : bucketHolding(picture.buckets, Number(route.at));
  draw();
  renderLegend(store.data("segment")?.heap);
  renderChosen(store.data("at")?.blocks?.[0]);
  renderTable();
  showProvenance(
    byId("map-provenance"), answer, `segments/${route.segment}/blocks?buckets=${picture.buckets.length || 1}`);
}

function draw() {
  if (picture.width === 0) return;
  const canvas = byId("map");
  picture.layout = grid(picture.buckets, picture.width);
  picture.colours ??= palette(canvas);
  const { width, height } = picture.layout;
  for (const [key, value] of [["width", `${width}px`], ["height", `${height}px`]]) {
    if (canvas.style[key] !== value) canvas.style[key] = value;
  }
  paint(canvas, picture.layout, picture.colours, picture.chosen);
  const label = summary();
  if (canvas.getAttribute("aria-label") !== label) canvas.setAttribute("aria-label", label);
}

function summary() {
  const total = picture.buckets.reduce((sum, bucket) => sum + bucket.sizeBytes, 0);
  const used = picture.buckets.reduce((sum, bucket) => sum + bucket.usedBytes, 0);
  if (total === 0) return "Block map, empty";
  return `Block map of ${bytes(total)} in ${plural(picture.buckets.length, "cell")}, ${percent(used / total)} used`;
}

function sentence(bucket, index) {
  return `Cell ${count(index + 1)} of ${count(picture.buckets.length)}, from ${hex(bucket.offset)}: `
    + `${percent(bucket.usedBytes / bucket.sizeBytes)} of ${bytes(bucket.sizeBytes)} used, `
    + `${plural(bucket.blockCount, "block")} begun`
    + (bucket.mainOwner ? `, most of it ${owner(bucket.mainOwner)}'s` : "");
}

function renderLegend(heap) {
  const owners = heap?.byOwner ?? [];
  const entries = owners.slice(0, ownersShown).map((entry) => ({
    key: `${entry.owner?.slot} ${entry.owner?.generation}`,
    content: {
      hue: hueOf(entry.owner),
      orphaned: entry.owner?.alive === false,
      text: owner(entry.owner),
      badges: entry.owner?.alive === false ? [{ text: "gone", tone: "warning" }] : [],
      note: `${bytes(entry.sizeBytes)} in ${plural(entry.blockCount, "block")}`,
    },
  }));
  const omitted = owners.length - entries.length;
  if (omitted > 0) entries.push({ key: "omitted", content: { text: `and ${plural(omitted, "more owner")}` } });
  reconcile(byId("map-legend"), entries, (entry) => entry.key, () => make("li"), (item, entry) => show(item, entry.content));
}

function renderChosen(block) {
  const panel = byId("map-chosen");
  const bucket = picture.buckets[picture.chosen];
  panel.hidden = !bucket;
  if (!bucket) return;
  const heading = panel.querySelector("h3") ?? panel.appendChild(make("h3"));
  const list = panel.querySelector("dl") ?? panel.appendChild(make("dl", { className: "facts" }));
  setText(heading, `Cell ${count(picture.chosen + 1)} of ${count(picture.buckets.length)}`);
  const size = (value) => ({ text: bytes(value), title: exactBytes(value) });
  facts(list, [
    ["From", { text: hex(bucket.offset), title: count(bucket.offset) }],
    ["Up to", { text: hex(bucket.offset + bucket.sizeBytes), title: `${count(bucket.offset + bucket.sizeBytes)}, not included` }],
    ["Used", { ...size(bucket.usedBytes), note: percent(bucket.usedBytes / bucket.sizeBytes) }],
    ["Largest free", size(bucket.largestFreeBytes)],
    ["Blocks begun", count(bucket.blockCount)],
    ["Main owner", bucket.mainOwner ? owner(bucket.mainOwner) : "nobody"],
    ["Block at its first byte", block && {
      text: `${hex(block.offset)}, ${bytes(block.sizeBytes)}`,
      title: exactBytes(block.sizeBytes),
      badges: [{ text: block.state, tone: block.state === "orphaned" ? "warning" : undefined }],
      note: [block.owner && owner(block.owner), block.tag && visible(block.tag)].filter(Boolean).join(", ") || undefined,
    }],
  ]);
}

/** Hundreds of rows: only while someone looks at them. */
function renderTable() {
  if (!byId("map-details").open) return;
  const size = (value) => ({ className: "number", text: bytes(value), title: exactBytes(value) });
  rows(byId("map-rows"), picture.buckets, (bucket) => bucket.offset, (bucket) => [
    { className: "offset", text: hex(bucket.offset), title: count(bucket.offset) },
    size(bucket.sizeBytes), size(bucket.usedBytes), size(bucket.freeBytes), size(bucket.largestFreeBytes),
    { className: "number", text: count(bucket.blockCount) },
    bucket.mainOwner
      ? { hue: hueOf(bucket.mainOwner), orphaned: bucket.mainOwner.alive === false, text: owner(bucket.mainOwner) }
      : { text: "–" },
  ]);
}
