// Who takes part in a segment, what each has and does, and who has died.

import { alive, bytes, count, elapsed, duration, plural, visible } from "../format.js";
import { make, show } from "../dom.js";
import { hueOfOwner } from "../map/colours.js";
import { noNumber, none, number, operationsOf, ordered, orderOf, since, sized } from "../tabs/cells.js";
import { button, dataTable, gate, section } from "../tabs/pieces.js";
import { reclaim } from "../tabs/changes.js";
import { showProvenance } from "./provenance.js";

const sortKeys = ["name", "pid", "alive", "heartbeatAt", "waitingSince", "operations", "blockCount", "sizeBytes"];
/** One that lives and has not been heard of for so long is worth a word. */
const quietMilliseconds = 10000;

let actions;
let parts;

export function connect(host, theActions) {
  actions = theActions;
  const goTo = (tab) => (one) => actions.go({ tab, owner: String(one.pid), state: undefined, tag: undefined, cursor: undefined });
  parts = { dead: make("div", { className: "notice" }), words: make("p") };
  parts.dead.dataset.severity = "warning";
  parts.dead.hidden = true;
  parts.dead.append(parts.words, button("Reclaim", () => reclaim(actions, actions.route().segment), { isChange: true, title: "Free what the dead left" }));
  parts.table = dataTable({
    id: "participants", caption: "Participants, one a row", openTitle: "Show this one's blocks",
    columns: [
      { key: "name", label: "Name" }, { key: "pid", label: "Process", className: "number" }, { key: "alive", label: "Alive" },
      { key: "heartbeatAt", label: "Last heard", className: "number" }, { key: "waitingSince", label: "Waits for" },
      { key: "blockCount", label: "Blocks", className: "number" }, { key: "sizeBytes", label: "Bytes", className: "number" },
      { key: "operations", label: "Operations", className: "number" }, { label: "of which", className: "secondary" },
    ],
    sort: (sort) => actions.go({ sort, cursor: undefined }),
    open: goTo("heap"),
    actions: [
      { label: "Blocks", title: "Its blocks, in the Heap tab", run: goTo("heap"), fits: (one) => one.pid != null },
      { label: "Events", title: "What it did, in the Events tab", run: goTo("events"), fits: (one) => one.pid != null },
    ],
  });
  parts.provenance = make("p", { className: "provenance" });
  parts.note = make("p", { className: "note" });
  const node = section("participants", "Participants", parts.note);
  node.append(parts.dead, parts.table.node, parts.provenance);
  host.append(node);
}

export function render(store) {
  const answer = store.data("participants");
  const all = answer?.participants ?? [];
  const order = orderOf(store.route.sort, sortKeys, "");
  const shown = order ? ordered(all, order, valueOf) : all;
  const locks = store.data("locks")?.locks ?? [];
  const now = store.serverNow();
  parts.table.render(shown, (one) => `${one.slot} ${one.generation}`, (one) => cells(one, now, locks), {
    sorted: order, isChosen: (one) => store.route.owner !== undefined && store.route.owner === String(one.pid),
    emptyText: answer ? "Nobody takes part." : "Waiting for the participants…",
  });
  const living = all.filter((one) => one.alive === true).length;
  show(parts.note, { className: "note", text: answer ? `${count(living)} of ${count(all.length)} alive${answer.next ? "; only the first are listed" : ""}` : "" });
  renderDead(all);
  gate(parts.dead, store);
  showProvenance(parts.provenance, answer, `segments/${store.route.segment}/participants`);
}

function valueOf(one, key) {
  if (key === "operations") return operationsOf(one.operations).total;
  if (key === "alive") return String(one.alive);
  return one[key];
}

function cells(one, now, locks) {
  const isQuiet = one.alive === true && elapsed(one.heartbeatAt, now) > quietMilliseconds;
  const { total, text } = operationsOf(one.operations);
  return [
    { hue: hueOfOwner(one), orphaned: one.alive === false, text: visible(one.name) || "unnamed", title: `slot ${one.slot}, generation ${one.generation}` },
    { className: "number", text: String(one.pid ?? "–") },
    one.alive === true ? { text: alive(true) } : { badges: [{ text: alive(one.alive), tone: "warning" }] },
    { ...since(one.heartbeatAt, now), badges: isQuiet ? [{ text: "quiet", tone: "warning", title: "It lives but has not been heard of for a while: stopped, or busy elsewhere" }] : [] },
    waiting(one, now, locks),
    one.blockCount === undefined ? noNumber : number(one.blockCount),
    sized(one.sizeBytes),
    { ...number(total), title: text },
    { className: "secondary kinds", text: text || "–" },
  ];
}

/** What a participant waits for, from the locks that have it among their waiters. */
function waiting(one, now, locks) {
  if (!one.waitingSince) return none;
  const lock = locks.find(({ waiters }) => waiters.some(({ pid }) => pid === one.pid));
  return {
    text: `${visible(lock?.label ?? "the lock")}, ${duration(elapsed(one.waitingSince, now))}`, title: `since ${one.waitingSince}`,
    badges: lock && lock.verdict !== "ok" ? [{ text: visible(lock.verdict), tone: "error" }] : [],
  };
}

function renderDead(all) {
  const dead = all.filter((one) => one.alive === false);
  parts.dead.hidden = dead.length === 0;
  if (dead.length === 0) return;
  const sum = (key) => dead.reduce((result, one) => result + (one[key] ?? 0), 0);
  const left = sum("blockCount") > 0 ? `, and left ${plural(sum("blockCount"), "block")}, ${bytes(sum("sizeBytes"))}` : ", and left no block";
  const names = dead.slice(0, 3).map((one) => `${visible(one.name) || "unnamed"} (${one.pid})`).join(", ");
  show(parts.words, { text: `${plural(dead.length, "participant has", "participants have")} died${left}: ${names}${dead.length > 3 ? " and others" : ""}.` });
}
