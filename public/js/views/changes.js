// The changes that a segment takes, as buttons that open a form each, and the ranges that are protected.

import { exactBytes } from "../format.js";
import { make } from "../dom.js";
import { placed, sized } from "../tabs/cells.js";
import * as changes from "../tabs/changes.js";
import { button, dataTable, section, tools } from "../tabs/pieces.js";

let actions;
let parts;
let header;

export function connect(host, theActions) {
  actions = theActions;
  const id = () => actions.route().segment;
  /** What is selected on the page is what a form begins with. */
  const at = () => {
    const { at: from } = actions.route();
    return from === undefined ? undefined : Number(from);
  };
  const change = (text, title, run, tone) => button(text, run, { title, isChange: true, tone });
  const node = section("changes", "Changes");
  const groups = make("div", { className: "change-groups" });
  for (const [label, ...buttons] of [
    ["Blocks",
      change("Allocate…", "Take a block, or many, from the heap", () => changes.allocate(actions, id())),
      change("Resize…", "Make a block larger or smaller", () => changes.resize(actions, id(), { offset: at() })),
      change("Free…", "Give a block back", () => changes.freeAt(actions, id(), at()))],
    ["Content",
      change("Write bytes…", "Write over bytes in the pool", () => changes.writeBytes(actions, id(), at())),
      change("Text and flag…", "Two fields of the header", () => changes.changeHeader(actions, id(), header)),
      change("Protection…", "What the server may do with a range", () => changes.protect(actions, id(), { offset: pageOf(at()) }))],
    ["Health",
      change("Verify…", "Hold every structure against the others", () => changes.verify(actions, id())),
      change("Reclaim…", "Free what the dead left", () => changes.reclaim(actions, id())),
      change("Remove the segment…", "Take its name away; the memory goes with the last who maps it", () => changes.removeSegment(actions, id()), "error")],
  ]) {
    const group = make("div", { className: "change-group" });
    group.append(make("h3", { text: label }), tools(label, ...buttons));
    groups.append(group);
  }
  node.append(groups);
  parts = {};
  parts.ranges = dataTable({
    id: "protection", caption: "Ranges protected in the server's mapping",
    columns: [{ label: "Protected from" }, { label: "Length", className: "number" }, { label: "The server may" }, { label: "Stays in memory" }],
    actions: [{ label: "Lift", title: "Make it as it was: read, write, and not kept in memory", isChange: true, run: (range) => changes.lift(actions, id(), range) }],
  });
  node.append(parts.ranges.node);
  host.append(node);
}

const pageBytes = 4096;
const pageOf = (at) => at === undefined ? undefined : at - at % pageBytes;
const accesses = { none: "nothing", read: "read", readWrite: "read and write" };
const lockings = { no: "no", onFault: "once touched", all: "all of it" };

export function render(store) {
  const segment = store.data("segment");
  header = segment?.header;
  parts.ranges.render(segment?.protection ?? [], (range) => `${range.offset} ${range.length}`, (range) => [
    placed(range.offset), { ...sized(range.length), title: exactBytes(range.length) },
    { text: accesses[range.access] ?? range.access }, { text: lockings[range.locked] ?? range.locked },
  ]);
}
