// One process and all its shared memory.

import { bytes, count, exactBytes, hex, moment, plural, visible } from "../format.js";
import { byId, facts, rows, setText } from "../dom.js";
import { linkTo } from "../store.js";
import { sized } from "../tabs/cells.js";
import { showProvenance } from "./provenance.js";

const askedAgainMilliseconds = 2000;

let actions;
let asked = {};

export function connect(theActions) {
  actions = theActions;
}

export function arrive(route) {
  if (asked.pid !== route.process) asked = {};
  setText(byId("process-title"), `Process ${visible(route.process)}`);
}

export function leave() {
  asked = {};
}

function ask(store) {
  const pid = store.route.process;
  const now = performance.now();
  if (asked.isUnderWay || store.isPaused && asked.pid === pid || (asked.pid === pid && now - asked.at < askedAgainMilliseconds)) return;
  const question = asked = { pid, at: now, isUnderWay: true };
  const isWanted = () => asked === question && store.route.process === pid;
  actions.api.get(path(pid)).then(
    (answer) => { if (isWanted()) store.received("process", answer, performance.now()); },
    (error) => { if (isWanted()) store.failed("process", error); },
  ).finally(() => { question.isUnderWay = false; });
}

const path = (pid) => `processes/${encodeURIComponent(pid)}`;

export function render(store) {
  ask(store);
  const found = store.data("process");
  const answer = found && String(found.pid) === store.route.process ? found : undefined;
  if (answer) setText(byId("process-title"), `${visible(answer.command) || "Process"} (${answer.pid})`);
  facts(byId("process-facts"), answer ? [
    ["User", { text: visible(answer.user ?? answer.uid), title: `uid ${answer.uid}` }],
    ["Started", answer.startedAt && moment(answer.startedAt)],
    ["Resident shared memory", answer.residentBytes === undefined ? "unknown" : { text: bytes(answer.residentBytes), title: exactBytes(answer.residentBytes) }],
    ["Its share of that", answer.proportionalBytes === undefined ? "unknown" : { text: bytes(answer.proportionalBytes), title: `${exactBytes(answer.proportionalBytes)}, each page divided among those who map it` }],
    ["Control group", answer.cgroup && { text: visible(answer.cgroup), className: "mode" }],
  ] : []);
  const mappings = answer?.mappings ?? [];
  rows(byId("process-mappings"), mappings, ({ start }) => start, mappingCells);
  const open = answer?.open ?? [];
  rows(byId("process-open"), open, ({ segment }) => segment, openCells);
  setText(byId("process-words"), !answer ? store.error("process")?.message ?? "Asking the server…"
    : `${plural(mappings.length, "mapping")}, ${plural(open.length, "open object")}`);
  showProvenance(byId("process-provenance"), answer, path(store.route.process));
}

const named = ({ segment, name }) => ({ className: "name", text: visible(name) || segment, title: segment, href: linkTo({ segment }), route: true, note: segment });

function mappingCells(mapping) {
  const length = Number(BigInt(mapping.end) - BigInt(mapping.start));
  return [
    named(mapping), { className: "offset", text: visible(mapping.start), title: `${mapping.start} to ${mapping.end}` },
    { className: "number", text: `${bytes(length)} from ${hex(mapping.offset)}`, title: `${exactBytes(length)} from offset ${count(mapping.offset)}` },
    { className: "mode", text: visible(mapping.access) }, sized(mapping.residentBytes), sized(mapping.proportionalBytes),
  ];
}

function openCells(one) {
  return [named(one), { className: "number", text: String(one.descriptor) }, { className: "number", text: count(one.count) }];
}
