// Who maps an object, where, and how much of it each has.

import { bytes, count, exactBytes, hex, plural, visible } from "../format.js";
import { make, show } from "../dom.js";
import { linkTo } from "../store.js";
import { processName } from "../map/touched.js";
import { sized } from "../tabs/cells.js";
import { dataTable, section } from "../tabs/pieces.js";
import { showPager, showProvenance } from "./provenance.js";

const askedAgainMilliseconds = 2000;
const shownAtOnce = 50;

let actions;
let parts;
let asked = {};

export function connect(host, theActions) {
  actions = theActions;
  parts = { note: make("p", { className: "note" }) };
  parts.table = dataTable({
    id: "mappings", caption: "Mappings, one a row", openTitle: "Select what it shows, in the map and in the bytes",
    columns: [
      { label: "Process" }, { label: "User", className: "secondary" }, { label: "Address" }, { label: "Shows", className: "number" },
      { label: "Access" }, { label: "Resident", className: "number" }, { label: "Its share", className: "number" },
      { label: "Mapped in", className: "number" }, { label: "Control group", className: "secondary" },
    ],
    open: (mapping) => actions.select({ at: mapping.offset, to: mapping.offset + lengthOf(mapping) }),
    actions: [{ label: "Process", title: "All shared memory of this process", run: ({ pid }) => actions.go({ ...anewFrom(actions.route()), process: String(pid) }) }],
  });
  parts.pager = make("nav", { className: "pager" });
  parts.pager.setAttribute("aria-label", "Pages of mappings");
  parts.provenance = make("p", { className: "provenance" });
  const node = section("mappings", "Processes that map it", parts.note);
  node.append(parts.table.node, parts.pager, parts.provenance);
  host.append(node);
}

/** A part of a route that puts all of it away: a process's page has nothing of an object's. */
function anewFrom(route) {
  return Object.fromEntries(Object.keys(route).map((key) => [key, undefined]));
}

const lengthOf = ({ start, end }) => Number(BigInt(end) - BigInt(start));

export function leave() {
  asked = {};
}

function path({ segment, cursor }) {
  const query = new URLSearchParams({ touched: "true", limit: shownAtOnce });
  if (cursor) query.set("cursor", cursor);
  return `segments/${segment}/mappings?${query}`;
}

function ask(store) {
  const wanted = path(store.route);
  const now = performance.now();
  if (store.isPaused || store.isPast || asked.isUnderWay || (asked.path === wanted && now - asked.at < askedAgainMilliseconds)) return;
  const question = asked = { path: wanted, at: now, isUnderWay: true };
  const isWanted = () => asked === question && path(store.route) === wanted;
  actions.api.get(wanted).then(
    (answer) => { if (isWanted()) store.received("mappings", { ...answer, path: wanted }, performance.now()); },
    (error) => { if (isWanted()) store.failed("mappings", error); },
  ).finally(() => { question.isUnderWay = false; });
}

export function render(store) {
  ask(store);
  const answer = store.data("mappings");
  const mappings = answer?.mappings ?? [];
  parts.table.render(mappings, ({ pid, start }) => `${pid} ${start}`, cells, {
    emptyText: answer ? "No process that can be seen maps it." : store.error("mappings")?.message ?? "Asking who maps it…",
  });
  const pids = new Set(mappings.map(({ pid }) => pid));
  show(parts.note, { className: "note", text: answer ? `${plural(mappings.length, "mapping")} of ${plural(pids.size, "process", "processes")}${answer.next ? "; there are more" : ""}` : "" });
  showPager(parts.pager, {
    isFirst: !store.route.cursor, first: linkTo({ ...store.route, cursor: undefined }),
    next: answer?.next && linkTo({ ...store.route, cursor: answer.next }), shown: plural(mappings.length, "mapping"),
  });
  showProvenance(parts.provenance, answer, path(store.route));
}

function cells(mapping) {
  const { uid, user, start, end, offset, access, residentBytes, proportionalBytes, touched, cgroup } = mapping;
  const length = lengthOf(mapping);
  const mappedIn = touched?.reduce((sum, run) => sum + run.length, 0);
  return [
    { text: processName(mapping) },
    { className: "secondary", text: visible(user ?? uid), title: `uid ${uid}` },
    { className: "offset", text: visible(start), title: `${start} to ${end}` },
    { className: "number", text: `${bytes(length)} from ${hex(offset)}`, title: `${exactBytes(length)} from offset ${count(offset)}` },
    { className: "mode", text: visible(access) },
    sized(residentBytes), sized(proportionalBytes),
    { ...sized(mappedIn), title: mappedIn === undefined ? "The server may not read its page tables" : `${exactBytes(mappedIn)} in its page tables` },
    { className: "secondary", text: visible(cgroup ?? "–") },
  ];
}
