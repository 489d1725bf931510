// The bytes at the cursor, read as numbers, addresses, times and text, in both byte orders.

import { hex } from "../format.js";
import { byId, make, reconcile, setText, setTitle } from "../dom.js";
import { inspect, lookBytes } from "../hex/inspect.js";
import { sharedSource } from "../hex/source.js";
import { toClipboard } from "./hex/transfer.js";

const state = { actions: undefined, source: undefined, body: undefined, sizeBytes: 0, frame: 0, hasSelection: false };

export function connect(host, actions) {
  state.actions = actions;
  state.source = sharedSource(actions);
  const table = make("table", { className: "rows" });
  table.setAttribute("role", "grid");
  const head = make("tr");
  for (const text of ["Read as", "Little endian", "Big endian"]) {
    const cell = make("th", { text });
    cell.scope = "col";
    head.append(cell);
  }
  const top = make("thead");
  top.append(head);
  state.body = make("tbody");
  table.append(make("caption", { text: "The bytes at the cursor; Enter or a click copies a value" }), top, state.body);
  host.append(table);
  state.body.addEventListener("click", copy);
  state.body.addEventListener("keydown", moveFocus);
  state.source.listen(() => {
    state.frame ||= requestAnimationFrame(() => {
      state.frame = 0;
      draw();
    });
  });
}

export function leave() {
  state.sizeBytes = 0;
}

export function render(store) {
  state.sizeBytes = store.data("segment")?.sizeBytes ?? 0;
  state.hasSelection = store.route.at !== undefined;
  draw();
}

function draw() {
  const { source, sizeBytes } = state;
  const at = source.focus;
  const to = Math.min(sizeBytes, at + lookBytes);
  source.reader.look("inspector", at, to);
  const bytes = source.cache.slice(at, to);
  setText(byId("inspector-title"), sizeBytes === 0 ? "At the cursor" : `${state.hasSelection ? "At" : "First in sight, at"} ${hex(at)}`);
  reconcile(state.body, inspect(bytes, at, sizeBytes), (row) => row.key, makeRow, fillRow);
  // One stop of the Tab key for the whole table.
  if (!state.body.querySelector("button[tabindex='0']")) state.body.querySelector("button")?.setAttribute("tabindex", "0");
}

function makeRow({ key, name, big }) {
  const node = document.createElement("tr");
  node.dataset.key = key;
  const head = make("th", { text: name });
  head.scope = "row";
  node.append(head);
  for (const order of big === null ? ["little"] : ["little", "big"]) {
    const cell = node.appendChild(document.createElement("td"));
    if (big === null) cell.colSpan = 2;
    const value = make("button", { className: "value" });
    value.type = "button";
    value.tabIndex = -1;
    cell.dataset.order = order;
    cell.append(value);
  }
  return node;
}

function fillRow(node, row) {
  for (const cell of node.querySelectorAll("td")) {
    const order = cell.dataset.order;
    const text = row[order];
    const value = cell.querySelector("button");
    setText(value, text ?? "–");
    setTitle(value, text === undefined ? "The object ends before, or it was not read yet" : `${text} (click copies)`);
    value.toggleAttribute("data-none", text === undefined);
    link(cell, row.targets?.[order]);
  }
}

/** A word that is an offset in this object leads there. */
function link(cell, target) {
  const before = cell.querySelector("a");
  if (target === undefined) {
    before?.remove();
    return;
  }
  const href = state.actions.link({ ...state.actions.route(), at: String(target), to: String(target + 1) });
  if (before?.getAttribute("href") === href) return;
  const node = before ?? cell.appendChild(make("a", { className: "target" }));
  node.setAttribute("href", href);
  node.toggleAttribute("data-route", true);
  node.textContent = "→ go";
  node.title = `As an offset in this object: ${hex(target)}`;
  node.setAttribute("aria-label", `Go to offset ${hex(target)}`);
}

async function copy(event) {
  const value = event.target.closest("button.value");
  if (!value || value.hasAttribute("data-none")) return;
  const text = value.textContent;
  try {
    await toClipboard(text);
    state.actions.toast({ text: `Copied ${text}` });
  } catch (error) {
    state.actions.toast({ text: `Not copied: ${error.message}`, tone: "error" });
  }
}

function moveFocus(event) {
  const cell = event.target.closest("td");
  const row = cell?.parentElement;
  const next = {
    ArrowDown: () => row.nextElementSibling, ArrowUp: () => row.previousElementSibling, ArrowLeft: () => row, ArrowRight: () => row,
    Home: () => row.parentElement.firstElementChild, End: () => row.parentElement.lastElementChild,
  }[event.key]?.();
  if (!next || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const order = { ArrowLeft: "little", ArrowRight: "big" }[event.key] ?? cell.dataset.order;
  const value = (next.querySelector(`td[data-order=${order}]`) ?? next.querySelector("td")).querySelector("button");
  for (const other of state.body.querySelectorAll("button[tabindex='0']")) other.tabIndex = -1;
  value.tabIndex = 0;
  value.focus();
}
