// The bytes beside the map: a page of rows around the selection, coloured by block, with what changed marked.

import { hex as hexNumber } from "../format.js";
import { make, setText } from "../dom.js";

const perRow = 16;
const rowsShown = 24;
const refreshMilliseconds = 1000;
const changedMilliseconds = 3000;

const state = {
  actions: undefined, rows: [], base: 0, bytes: undefined, id: undefined, size: 0, asked: 0, isAsking: false, changed: new Map(),
  colouring: [], selection: undefined, message: undefined,
};

/** Ranges `{from, to, hue, kind, label}` in rising order, by which bytes are coloured. */
export function setColouring(ranges) {
  state.colouring = ranges;
}

/** The bytes that are shown: `{base, bytes}`, for the inspector. */
export function shown() {
  return { base: state.base, bytes: state.bytes };
}

export function connect(host, actions) {
  state.actions = actions;
  const form = make("form", { className: "hex-head" });
  const field = make("input");
  field.type = "text";
  field.size = 14;
  field.spellcheck = false;
  field.placeholder = "0x0 or 4KiB";
  const label = make("label", { text: "Go to" });
  label.append(" ", field);
  form.append(label);
  for (const [text, title, by] of [["↑", "A page up", -1], ["↓", "A page down", 1]]) {
    const button = make("button", { text, title });
    button.type = "button";
    button.setAttribute("aria-label", title);
    button.addEventListener("click", () => turn(by));
    form.append(button);
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const offset = parseOffset(field.value);
    if (offset === undefined || offset >= state.size) field.setCustomValidity("An offset in this object: 4096, 0x1000 or 4KiB");
    else actions.select({ at: offset, to: offset + 1, source: "hex" });
    field.reportValidity();
    field.setCustomValidity("");
  });
  const grid = make("div", { className: "hex-grid" });
  grid.tabIndex = 0;
  grid.setAttribute("role", "region");
  grid.setAttribute("aria-label", "Bytes in hex");
  grid.addEventListener("keydown", onKey);
  grid.addEventListener("click", (event) => {
    const offset = Number(event.target.closest("[data-offset]")?.dataset.offset ?? NaN);
    if (!Number.isFinite(offset)) return;
    const from = event.shiftKey && state.selection ? Math.min(state.selection.from, offset) : offset;
    const to = event.shiftKey && state.selection ? Math.max(state.selection.to, offset + 1) : offset + 1;
    actions.select({ at: from, to, source: "hex" });
  });
  for (let index = 0; index < rowsShown; index += 1) state.rows.push(grid.appendChild(makeRow()));
  state.status = make("p", { className: "hex-status" });
  host.append(form, grid, state.status);
}

function makeRow() {
  const row = make("div", { className: "hex-row" });
  row.append(make("span", { className: "hex-offset" }));
  const cells = Array.from({ length: perRow }, () => row.appendChild(document.createElement("span")));
  row.append(make("span", { className: "hex-text" }));
  row.cells = cells;
  return row;
}

/** An offset as people write it; undefined for anything else. */
export function parseOffset(text) {
  const found = /^\s*(0x[0-9a-f]+|\d+)\s*([kmgt]ib)?\s*$/i.exec(text);
  if (!found) return undefined;
  const unit = { kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3, tib: 1024 ** 4 }[found[2]?.toLowerCase()] ?? 1;
  const value = Number(found[1]) * unit;
  return Number.isSafeInteger(value) ? value : undefined;
}

function turn(pages) {
  const last = Math.max(0, Math.ceil(state.size / perRow) * perRow - rowsShown * perRow);
  show(Math.min(last, Math.max(0, state.base + pages * rowsShown * perRow)));
}

function onKey(event) {
  const at = state.selection?.from ?? state.base;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -perRow, ArrowDown: perRow, PageUp: -perRow * rowsShown, PageDown: perRow * rowsShown };
  const step = steps[event.key];
  if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const next = Math.min(state.size - 1, Math.max(0, at + step));
  if (event.shiftKey && state.selection) {
    const end = Math.min(state.size, Math.max(state.selection.from + 1, state.selection.to + step));
    state.actions.select({ at: state.selection.from, to: end, source: "hex" });
  } else state.actions.select({ at: next, to: next + 1, source: "hex" });
}

export function arrive(route) {
  if (route.segment !== state.id) Object.assign(state, { id: route.segment, base: 0, bytes: undefined, changed: new Map(), asked: 0, message: undefined });
  state.selection = route.at === undefined ? undefined : { from: Number(route.at), to: Math.max(Number(route.at) + 1, Number(route.to ?? 0)) };
  const at = state.selection?.from;
  // What is in sight stays where it is.
  if (at !== undefined && (at < state.base || at >= state.base + rowsShown * perRow)) {
    show(Math.max(0, Math.floor(at / perRow) * perRow - 4 * perRow));
  }
}

function show(base) {
  if (base === state.base) return;
  Object.assign(state, { base, bytes: undefined, changed: new Map(), asked: 0 });
  draw();
}

export function render(store) {
  state.size = store.data("segment")?.sizeBytes ?? 0;
  const now = performance.now();
  if (!store.isPaused && state.size > 0 && !state.isAsking && now - state.asked >= refreshMilliseconds) ask(now);
  draw();
}

async function ask(now) {
  const { id, base } = state;
  Object.assign(state, { asked: now, isAsking: true });
  try {
    const bytes = await state.actions.api.bytes(id, base, Math.min(rowsShown * perRow, state.size - base), new AbortController().signal);
    if (id === state.id && base === state.base) take(bytes);
    state.message = undefined;
  } catch (error) {
    state.message = error.message;
  } finally {
    state.isAsking = false;
  }
  draw();
}

/** Notes which bytes are others than at the last look. */
function take(bytes) {
  const now = performance.now();
  for (let index = 0; index < bytes.length; index += 1) {
    if (state.bytes && index < state.bytes.length && state.bytes[index] !== bytes[index]) state.changed.set(index, now);
  }
  state.bytes = bytes;
}

function draw() {
  const now = performance.now();
  let next = 0;
  for (const [number, row] of state.rows.entries()) {
    const start = state.base + number * perRow;
    row.hidden = start >= Math.max(1, state.size);
    setText(row.firstElementChild, start.toString(16).padStart(8, "0"));
    let text = "";
    for (const [column, cell] of row.cells.entries()) {
      const index = number * perRow + column;
      const offset = start + column;
      const value = state.bytes?.[index];
      while (next < state.colouring.length && state.colouring[next].to <= offset) next += 1;
      const range = state.colouring[next]?.from <= offset ? state.colouring[next] : undefined;
      setText(cell, offset >= state.size ? "  " : value === undefined ? "··" : value.toString(16).padStart(2, "0"));
      const isChanged = now - (state.changed.get(index) ?? -Infinity) < changedMilliseconds;
      const isSelected = state.selection && offset >= state.selection.from && offset < state.selection.to;
      const name = [range && range.kind !== "free" ? `tint owner-tint-${range.hue}` : "", isChanged ? "changed" : "", isSelected ? "selected" : ""].filter(Boolean).join(" ");
      if (cell.className !== name) cell.className = name;
      if (cell.dataset.offset !== String(offset)) cell.dataset.offset = String(offset);
      const title = range ? `${hexNumber(offset)}: ${range.label}` : hexNumber(offset);
      if (cell.title !== title) cell.title = title;
      text += value === undefined ? " " : value >= 32 && value < 127 ? String.fromCharCode(value) : ".";
    }
    setText(row.lastElementChild, text);
  }
  setText(state.status, state.message ?? "");
}
