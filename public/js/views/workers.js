// The processes that the server started to work on a segment, how to start and end them, and what else can be changed.

import { count, duration, plural, visible } from "../format.js";
import { make, setText } from "../dom.js";
import { attempt, fieldGrid, troubleLine } from "../tabs/forms.js";
import { resultText, workerRequest, workloads } from "../tabs/input.js";
import { button, dataTable, gate, pastNote, section } from "../tabs/pieces.js";
import { rate, Rates } from "../tabs/scale.js";
import { spark } from "../tabs/spark.js";
import * as changes from "./changes.js";

const endedMost = 100;

let actions;
let parts;
const rates = new Rates();
let noted;
let looked;
/** The segment's own id, which an address may write in another way. */
let own;

export function connect(host, theActions) {
  actions = theActions;
  parts = { past: pastNote(), form: workerForm() };
  parts.endAll = button("End all", endAll, { isChange: true, title: "End all workers of this segment" });
  parts.running = dataTable({
    id: "workers", caption: "Workers that run",
    columns: [
      { label: "Worker" }, { label: "Process", className: "number" }, { label: "Workload" }, { label: "Operations", className: "number" },
      { label: "A second", className: "number" }, { label: "Over time", className: "secondary" }, { label: "Runs", className: "number" },
    ],
    actions: [{ label: "End", title: "Ask it to end; after 2 s it is killed", isChange: true, run: end }],
  });
  parts.ended = dataTable({
    id: "ended", caption: "Workers that ended", tall: true,
    columns: [
      { label: "Worker" }, { label: "Process", className: "number" }, { label: "Workload" }, { label: "How it ended" },
      { label: "Operations", className: "number" }, { label: "Ran", className: "number" }, { label: "Measured" },
    ],
  });
  const list = section("workers-running", "Workers", parts.endAll);
  list.append(parts.running.node);
  const past = section("workers-ended", "Ended");
  past.append(parts.ended.node);
  parts.endedPart = past;
  const side = make("div", { className: "stack" });
  side.append(list, past);
  const columns = make("div", { className: "work" });
  columns.append(parts.form.node, side);
  host.append(parts.past);
  changes.connect(host, actions);
  host.append(columns);
  parts.host = host;
}

export function arrive(route) {
  if (looked === route.segment) return;
  looked = route.segment;
  rates.clear();
  noted = undefined;
}

export function render(store) {
  const answer = store.data("workers");
  own = store.data("segment")?.id ?? store.route.segment;
  const workers = (answer?.workers ?? []).filter(({ segment }) => segment === own);
  const running = workers.filter(({ state }) => state === "running");
  const ended = workers.filter(({ state }) => state !== "running").reverse();
  if (answer && answer !== noted && !store.isPast) {
    noted = answer;
    rates.note(Date.parse(answer.takenAt), running.map(({ workerId, operations }) => ({ id: workerId, operations })));
  }
  parts.running.render(running, ({ workerId }) => workerId, (worker) => [
    { text: String(worker.workerId) }, { className: "number", text: String(worker.pid) }, workloadCell(worker),
    { className: "number", text: count(worker.operations) },
    { className: "number rate", text: rate(rates.of(worker.workerId)), title: "operations a second, between the last two looks" },
    { className: "secondary spark" },
    { className: "number", text: duration(worker.ranForMilliseconds), title: `since ${worker.startedAt}` },
  ], { emptyText: answer ? "This server has no worker on this segment. Start one to see the memory move." : "Waiting for the workers…" });
  running.forEach(({ workerId }, index) => spark(parts.running.body.rows[index].querySelector(".spark"), rates.series(workerId)));
  parts.endAll.hidden = running.length < 2;
  parts.endedPart.hidden = ended.length === 0;
  parts.ended.render(ended.slice(0, endedMost), ({ workerId }) => workerId, (worker) => [
    { text: String(worker.workerId) }, { className: "number", text: String(worker.pid) }, workloadCell(worker), { badges: [ending(worker)] },
    { className: "number", text: count(worker.operations) },
    { className: "number", text: duration(worker.ranForMilliseconds), title: `since ${worker.startedAt}` },
    { className: "measured", text: resultText(worker.result, count) ?? "–" },
  ]);
  parts.past.hidden = !store.isPast;
  changes.render(store);
  gate(parts.host, store);
}

const isFault = (name) => workloads.some((one) => one.name === name && one.isFault);

/** What it was told stands below what it does: a column of its own made the table wider than its place. */
function workloadCell({ workload, options }) {
  return { className: "told", text: visible(workload), badges: isFault(workload) ? [{ text: "fault", tone: "warning" }] : [], note: told(options) };
}

function told(options = {}) {
  return Object.entries(options).map(([key, value]) => `${key} ${typeof value === "number" ? count(value) : visible(value)}`).join(", ");
}

/** How a worker ended, in words. A fault that did what it is for is no surprise. */
function ending({ state, signal, exitStatus, workload }) {
  if (state === "killed") return { text: `killed by ${visible(signal ?? "a signal")}`, tone: isFault(workload) ? "warning" : "error" };
  return exitStatus ? { text: `exited with status ${exitStatus}`, tone: "error" } : { text: "ended well", tone: "good" };
}

// Starting and ending

function workerForm() {
  const node = section("workers-start", "Start a worker");
  const form = make("form", { className: "form" });
  form.noValidate = true;
  const choices = make("div", { className: "workloads" });
  const help = make("p", { className: "help" });
  help.id = "workload-help";
  const grid = fieldGrid("worker", []);
  const trouble = troubleLine();
  const submit = make("button", { text: "Start", className: "primary" });
  submit.type = "submit";
  submit.dataset.change = "";
  const chosen = () => workloads.find(({ name }) => name === form.elements.workload.value);
  for (const [legend, isOfFaults] of [["Work", false], ["Faults", true]]) {
    const group = make("fieldset");
    group.append(make("legend", { text: legend }));
    for (const one of workloads.filter((each) => Boolean(each.isFault) === isOfFaults)) group.append(workloadChoice(one));
    choices.append(group);
  }
  choices.addEventListener("change", () => describe(chosen(), { help, grid, trouble }));
  const buttons = make("div", { className: "buttons" });
  buttons.append(submit);
  form.append(choices, help, grid.node, trouble.node, buttons);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const workload = chosen();
    const answer = await attempt({
      grid, trouble, submit,
      send: () => actions.api.send("POST", "workers", { json: workerRequest(actions.route().segment, { ...grid.values(), workload: workload.name }) }),
    });
    if (!answer.isDone) return;
    actions.toast({ text: `${plural(answer.value.workers.length, `${workload.name} worker`)} started.` });
    actions.refresh();
  });
  node.append(form);
  // The form is not in the page yet: its first choice is the default one.
  describe(workloads[0], { help, grid, trouble });
  return { node, form };
}

function workloadChoice({ name }) {
  const label = make("label", { className: "choice" });
  const input = make("input");
  input.type = "radio";
  input.name = "workload";
  input.value = name;
  input.checked = name === workloads[0].name;
  input.setAttribute("aria-describedby", "workload-help");
  label.append(input, make("span", { text: name }));
  return label;
}

function describe(workload, { help, grid, trouble }) {
  setText(help, workload.help);
  trouble.clear();
  grid.fill([
    { name: "count", label: "How many", value: String(workload.count ?? 1), help: "each a process" },
    ...workload.fields.map((field) => field.name === "ratePerSecond" && workload.rate ? { value: String(workload.rate), ...field } : field),
  ]);
}

async function end(worker) {
  await perform(() => actions.api.send("DELETE", `workers/${worker.workerId}`), `Worker ${worker.workerId} has ended.`);
}

async function endAll() {
  const { workers } = await actions.api.get("workers?limit=10000").catch(() => ({ workers: [] }));
  const mine = workers.filter(({ segment, state }) => state === "running" && segment === own);
  const isSure = await actions.confirm({
    title: `End ${plural(mine.length, "worker")}?`, verb: "End all", tone: "warning",
    text: "Each is asked to end, and killed after 2 s. What they have allocated becomes orphaned unless they free it.",
  });
  if (!isSure) return;
  await perform(
    () => Promise.all(mine.map(({ workerId }) => actions.api.send("DELETE", `workers/${workerId}`))), `${plural(mine.length, "worker")} ended.`);
}

async function perform(run, text) {
  try {
    await run();
    actions.toast({ text });
  } catch (error) {
    actions.toast({ text: error.message, tone: "error" });
  }
  actions.refresh();
}
