// The processes that the server started to work on a segment.

import { count, duration, visible } from "../format.js";
import { make, rows, setText } from "../dom.js";

let body;
let empty;

export function connect(host) {
  const table = make("table", { className: "rows" });
  const head = make("tr");
  for (const [text, isNumber] of [["Worker", false], ["Process", true], ["Workload", false], ["State", false], ["Operations", true], ["Ran", true]]) {
    const cell = make("th", { text, className: isNumber ? "number" : "" });
    cell.scope = "col";
    head.append(cell);
  }
  const top = make("thead");
  top.append(head);
  body = make("tbody");
  empty = make("p", { className: "empty" });
  table.append(make("caption", { text: "Workers of this segment" }), top, body);
  host.append(table, empty);
}

export function render(store) {
  const workers = store.data("workers")?.workers ?? [];
  rows(body, [...workers].reverse(), (worker) => worker.workerId, (worker) => [
    { text: String(worker.workerId) },
    { className: "number", text: String(worker.pid) },
    { text: visible(worker.workload) },
    { text: worker.state, note: worker.signal ?? (worker.exitStatus == null ? undefined : `status ${worker.exitStatus}`), badges: worker.state === "killed" ? [{ text: "killed", tone: "warning" }] : [] },
    { className: "number", text: count(worker.operations) },
    { className: "number", text: duration(worker.ranForMilliseconds) },
  ]);
  empty.hidden = workers.length > 0;
  setText(empty, "This server started no workers on this segment.");
}
