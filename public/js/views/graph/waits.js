// Who waits, one wait a row: what the drawing shows, and what it has no room for.

import { count, plural, visible } from "../../format.js";
import { byId, setText, show } from "../../dom.js";
import { behind, isUnsure } from "../../locks/graph.js";
import { atLeast, doing, endWords, holderWords, lockLink, lockName, nodeName, objectName, placeTitle, processLink, threadName, verdictName } from "../../locks/words.js";
import { dataTable } from "../../tabs/pieces.js";

const shownAtOnce = 100;

const parts = {};
let shown = shownAtOnce;
let filter = {};

export function connect(redraw) {
  parts.table = dataTable({
    id: "waits", caption: "Threads that wait, those of the worst chain first",
    columns: [
      { label: "Thread" }, { label: "Waits for" }, { label: "At least", className: "number" }, { label: "Which is held by" },
      { label: "In the end behind" }, { label: "Lock is" },
    ],
  });
  byId("waits").append(parts.table.node);
  for (const part of ["count", "only", "more"]) parts[part] = byId(`waits-${part}`);
  parts.more.addEventListener("click", () => {
    shown += shownAtOnce;
    redraw();
  });
}

export function render(answer, graph, route, grown) {
  const all = graph?.waits ?? [];
  const waits = passing(all, graph, route.node);
  const rows = waits.slice(0, shown);
  parts.table.render(rows, ({ key }) => key, (edge) => cells(edge, grown), {
    emptyText: !answer ? "Asking the server…" : route.node ? "Nobody waits behind that any more." : "Nobody waits.",
  });
  const node = route.node && graph?.nodes.get(route.node);
  parts.only.hidden = !route.node;
  show(parts.only.firstElementChild, { text: `Only those who wait behind ${node ? nodeName(node) : "what is no longer waited for"}.` });
  setText(parts.count, !answer ? "" : rows.length < waits.length ? `${count(rows.length)} of ${plural(waits.length, "wait")}` : plural(waits.length, "wait"));
  parts.more.hidden = rows.length === waits.length;
  setText(parts.more, `Show ${count(Math.min(shownAtOnce, waits.length - rows.length))} more`);
}

/** The waits that lead to a node. */
function passing(all, graph, id) {
  if (!id || !graph) return all;
  if (filter.graph !== graph || filter.id !== id) {
    const node = graph.nodes.get(id);
    const found = node ? behind(node) : new Set();
    filter = { graph, id, waits: all.filter(({ to }) => found.has(to)) };
  }
  return filter.waits;
}

function cells(edge, grown) {
  const { from, to, report } = edge;
  const lock = to.report;
  const time = report.waitingForMilliseconds;
  const verdict = lock.verdict ?? to.verdict?.verdict;
  return [
    { className: "who", text: threadName(from.report), href: processLink(from.report), route: true, note: doing(from.report) },
    { className: "who", text: lockName(lock), href: lockLink(lock), route: true, title: placeTitle(lock), note: `in ${objectName(lock.segment)}` },
    { className: "number", text: Number.isFinite(time) ? atLeast(time + grown) : "unknown", badges: report.timed ? [{ text: "timed", title: "It gives up by itself after a time" }] : [] },
    holder(to), { className: "who", text: endWords(edge) },
    verdict && verdict !== "ok" ? { badges: [{ text: verdictName(verdict), tone: to.verdict?.severity ?? (verdict === "deadlock" ? "error" : "warning"), title: visible(lock.message ?? "") }] } : { text: verdict ?? "unknown" },
  ];
}

/** One owner is a link; more than one, or none, are words. */
function holder(lock) {
  const owners = lock.out.filter(({ report }) => report.relation === "heldBy");
  if (owners.length !== 1 || isUnsure(owners[0])) return { className: "who", text: holderWords(lock) };
  const { report } = owners[0].to;
  return { className: "who", text: threadName(report), href: processLink(report), route: true, note: doing(report) };
}

/** Shows the table: where a link in the drawing asked for those that it does not draw. */
export function reveal() {
  byId("waits-title").focus();
}

export function leave() {
  shown = shownAtOnce;
}
