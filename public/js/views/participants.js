// Who takes part in a segment, what each has and does, and who has died.

import { alive, bytes, count, elapsed, duration, plural, visible } from "../format.js";
import { make, show } from "../dom.js";
import { hueOfOwner } from "../map/colours.js";
import { noNumber, none, number, operationsOf, ordered, orderOf, since, sized } from "../tabs/cells.js";
import { button, dataTable, gate, section } from "../tabs/pieces.js";
import { reclaim } from "../tabs/changes.js";
import { tiesOf } from "../tabs/ties.js";
import { thread } from "../tabs/words.js";
import { showProvenance } from "./provenance.js";

const sortKeys = ["name", "pid", "alive", "heartbeatAt", "waitingSince", "operations", "blockCount", "sizeBytes"];
/** One that lives and has not been heard of for so long is worth a word. */
const quietMilliseconds = 10000;

let actions;
let parts;
/** What each participant runs, by its slot and generation: only the locks tell, and they name who holds or waits now. */
const commands = new Map();
let epoch;

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
      { key: "name", label: "Name" }, { key: "pid", label: "Process" }, { key: "alive", label: "Alive" },
      { key: "heartbeatAt", label: "Last heard", className: "number" }, { key: "waitingSince", label: "Lock" },
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
  const ties = tiesOfAll(store, all);
  const shown = order ? ordered(all, order, (one, key) => valueOf(one, key, ties.get(one))) : all;
  const now = store.serverNow();
  parts.table.render(shown, keyOf, (one) => cells(one, now, ties.get(one)), {
    sorted: order, isChosen: (one) => store.route.owner !== undefined && store.route.owner === String(one.pid),
    emptyText: answer ? "Nobody takes part." : "Waiting for the participants…",
  });
  const living = all.filter((one) => one.alive === true).length;
  show(parts.note, { className: "note", text: answer ? `${count(living)} of ${count(all.length)} alive${answer.next ? "; only the first are listed" : ""}` : "" });
  renderDead(all);
  gate(parts.dead, store);
  showProvenance(parts.provenance, answer, `segments/${store.route.segment}/participants`);
}

const keyOf = (one) => `${one.slot} ${one.generation}`;

/** Participant → what it has to do with the locks. */
function tiesOfAll(store, all) {
  if (epoch !== store.epoch) commands.clear();
  epoch = store.epoch;
  const locks = store.data("locks")?.locks ?? [];
  return new Map(all.map((one) => {
    const ties = tiesOf(one, locks);
    if (ties.command) commands.set(keyOf(one), ties.command);
    return [one, ties];
  }));
}

function valueOf(one, key, ties) {
  // Who holds a lock comes before all who wait.
  if (key === "waitingSince" && ties.held.length > 0) return "";
  if (key === "operations") return operationsOf(one.operations).total;
  if (key === "alive") return String(one.alive);
  return one[key];
}

function cells(one, now, ties) {
  // One that is stopped is not heard of either: that is said already.
  const isQuiet = one.alive === true && !ties.trouble && elapsed(one.heartbeatAt, now) > quietMilliseconds;
  const { total, text } = operationsOf(one.operations);
  return [
    { hue: hueOfOwner(one), orphaned: one.alive === false, text: visible(one.name) || "unnamed", title: `slot ${one.slot}, generation ${one.generation}` },
    processOf(one),
    one.alive === true ? { text: alive(true), badges: [ties.trouble].filter(Boolean) } : { badges: [{ text: alive(one.alive), tone: "warning" }] },
    { ...since(one.heartbeatAt, now), badges: isQuiet ? [{ text: "quiet", tone: "warning", title: "It lives but has not been heard of for a while: stopped, or busy elsewhere" }] : [] },
    tied(one, now, ties),
    one.blockCount === undefined ? noNumber : number(one.blockCount),
    sized(one.sizeBytes),
    { ...number(total), title: text },
    { className: "secondary kinds", text: text || "–" },
  ];
}

/** The process, by the name that the Locks tab has for it; its number alone while no lock has told of it. */
function processOf(one) {
  if (one.pid == null) return none;
  const command = commands.get(keyOf(one));
  return { className: "who", text: command ? thread({ command, pid: one.pid }) : String(one.pid) };
}

/** What a participant holds and what it waits for; who holds what others wait for is told with how many. */
function tied(one, now, { held, awaited, trouble }) {
  const texts = held.map((lock) => `holds the ${labelOf(lock)}${timed(lock.owner.heldForMilliseconds)}`);
  if (one.waitingSince || awaited) texts.push(`waits for the ${labelOf(awaited)}${timed(waitedFor(one, now, awaited))}`);
  if (texts.length === 0) return none;
  const many = held.reduce((sum, { waiters }) => sum + waiters.length, 0);
  return {
    className: "tie", text: texts.join("; "), title: one.waitingSince ? `waits since ${one.waitingSince}` : undefined, note: many > 0 ? `${count(many)}\u00a0${many === 1 ? "waits" : "wait"}` : undefined,
    // What ails a holder is told where it is said to live.
    badges: [...(trouble ? [] : held), awaited].filter((lock) => lock && lock.verdict !== "ok").map(({ verdict }) => ({ text: visible(verdict), tone: "error" })),
  };
}

const labelOf = (lock) => visible(lock?.label || lock?.type || "lock");
const timed = (milliseconds) => Number.isFinite(milliseconds) ? `, ${duration(milliseconds)}` : "";

function waitedFor(one, now, awaited) {
  return one.waitingSince ? elapsed(one.waitingSince, now) : awaited.waiters.find(({ pid }) => pid === one.pid)?.waitingForMilliseconds;
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
