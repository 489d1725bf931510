// What the tabs are built of: headings, buttons, tables one can sort and choose from, bars with their figures.

import { make, reconcile, setText, show } from "../dom.js";
import { shares } from "./scale.js";
import { spark } from "./spark.js";

/** A button; `data-change` marks one that changes something, for `gate`. */
export function button(text, run, { title, tone, isChange = false, className } = {}) {
  const node = make("button", { text, title, className });
  node.type = "button";
  if (tone) node.dataset.tone = tone;
  if (isChange) node.dataset.change = "";
  if (run) node.addEventListener("click", run);
  return node;
}

/** A section with a heading and, at its right, what belongs to it. */
export function section(id, title, ...aside) {
  const node = make("section", { className: "tab-part" });
  node.setAttribute("aria-labelledby", `${id}-title`);
  const head = make("div", { className: "card-head" });
  const heading = make("h2", { text: title });
  heading.id = `${id}-title`;
  head.append(heading, ...aside);
  node.append(head);
  return node;
}

/** A row of buttons. */
export function tools(label, ...buttons) {
  const node = make("div", { className: "tools" });
  node.setAttribute("role", "group");
  node.setAttribute("aria-label", label);
  node.append(...buttons);
  return node;
}

const past = "Looking back: nothing can be changed there. Return to now first.";

/** What changes something waits while the page looks back, and says why. */
export function gate(host, store) {
  for (const node of host.querySelectorAll("[data-change]")) {
    if (node.disabled === store.isPast) continue;
    node.disabled = store.isPast;
    if (store.isPast) {
      node.dataset.title = node.title;
      node.title = past;
    } else {
      node.title = node.dataset.title ?? "";
    }
  }
}

/** A line that tells why nothing can be changed, shown while the page looks back. */
export function pastNote() {
  const note = make("p", { className: "notice past-note", text: past });
  note.dataset.severity = "info";
  note.hidden = true;
  return note;
}

const itemOf = new WeakMap();

/**
 * A table: `columns` are `[{key?, label, className?}]`, sortable where they have a key. `open(item)` is what a row
 * does, by its first cell's button and by a click anywhere in it; `actions` are buttons at its end.
 */
export function dataTable({ id, caption, columns, sort, open, openTitle, actions = [], tall = false }) {
  const scroll = make("div", { className: tall ? "scroll tall" : "scroll" });
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-labelledby", `${id}-caption`);
  scroll.tabIndex = 0;
  const table = make("table", { className: "rows" });
  const words = make("caption", { text: caption });
  words.id = `${id}-caption`;
  const row = make("tr");
  for (const column of columns) row.append(headerCell(column, sort));
  if (actions.length > 0) row.append(make("td", { className: "row-actions" }));
  const head = make("thead");
  head.append(row);
  const body = make("tbody");
  body.id = `${id}-rows`;
  table.append(words, head, body);
  const empty = make("p", { className: "empty" });
  empty.hidden = true;
  scroll.append(table);
  if (open) body.addEventListener("click", (event) => clicked(event, open));
  const frame = make("div");
  frame.append(scroll, empty);
  const creates = { open, openTitle, actions };
  return {
    node: frame, scroll, body, empty,
    /** `isChosen(item)` marks a row; `emptyText` is shown where there is none. */
    render(items, keyOf, cellsOf, { sorted, isChosen, emptyText = "" } = {}) {
      reconcile(body, items, keyOf, () => dataRow(creates), (node, item) => fillRow(node, item, cellsOf(item), isChosen?.(item)));
      for (const cell of row.cells) if (cell.dataset.key) mark(cell, sorted);
      empty.hidden = items.length > 0 || emptyText === "";
      setText(empty, emptyText);
      scroll.hidden = items.length === 0;
    },
  };
}

function headerCell({ key, label, className }, sort) {
  const cell = make("th", { className });
  cell.scope = "col";
  if (!key || !sort) {
    cell.textContent = label;
    return cell;
  }
  cell.dataset.key = key;
  cell.append(button(label, () => sort(cell.getAttribute("aria-sort") === "ascending" ? `-${key}` : key)));
  return cell;
}

function mark(cell, sorted) {
  const order = { [cell.dataset.key]: "ascending", [`-${cell.dataset.key}`]: "descending" }[sorted];
  if (!order) cell.removeAttribute("aria-sort");
  else if (cell.getAttribute("aria-sort") !== order) cell.setAttribute("aria-sort", order);
}

function dataRow({ open, openTitle, actions }) {
  const row = make("tr");
  if (open) row.className = "openable";
  row.append(make("th"));
  row.cells[0].scope = "row";
  if (open) row.cells[0].append(button("", undefined, { className: "link", title: openTitle }));
  if (actions.length > 0) {
    const cell = make("td", { className: "row-actions" });
    for (const action of actions) {
      const node = button(action.label, () => action.run(itemOf.get(row)), { title: action.title, isChange: action.isChange });
      node.dataset.action = action.label;
      cell.append(node);
    }
    row.append(cell);
  }
  row.actions = actions;
  return row;
}

function fillRow(row, item, cells, isChosen = false) {
  itemOf.set(row, item);
  const own = row.actions.length > 0 ? 1 : 0;
  while (row.cells.length - own < cells.length) row.insertBefore(make("td"), own ? row.lastElementChild : null);
  cells.forEach((content, index) => {
    const inner = index === 0 ? row.cells[0].querySelector(":scope > button") : undefined;
    if (inner) {
      if (row.cells[0].className !== (content.className ?? "")) row.cells[0].className = content.className ?? "";
      show(inner, { ...content, className: "link" });
    } else {
      show(row.cells[index], content);
    }
  });
  row.actions.forEach((action, index) => {
    const node = row.lastElementChild.children[index];
    node.hidden = action.fits ? !action.fits(item) : false;
    const name = `${action.label}: ${cells[0].text}`;
    if (node.getAttribute("aria-label") !== name) node.setAttribute("aria-label", name);
  });
  row.classList.toggle("chosen-row", isChosen);
  if (isChosen) row.setAttribute("aria-current", "true");
  else row.removeAttribute("aria-current");
}

function clicked(event, open) {
  const target = event.target.closest("button, a, input");
  if (target && !target.classList.contains("link")) return;
  // Who marks text to copy it does not mean to open anything.
  if (!target && String(getSelection()) !== "") return;
  const row = event.target.closest("tr");
  if (row && itemOf.has(row)) open(itemOf.get(row));
}

/**
 * Bars as a table: `entries` are `[{key, label: content, value, text, note?, hue?, orphaned?, title?, past?}]`, the longest of
 * them as wide as its column; `past`, `{series, words, window}`, is its line over time, beside the bar where `hasPast`. `open(entry)` is what a click on a label does, but for one that `isFixed`.
 */
export function barTable({ id, caption, labels, open, openTitle, hasPast = false }) {
  const table = make("table", { className: "rows bars" });
  const words = make("caption", { text: caption });
  words.id = `${id}-caption`;
  const head = make("thead");
  const row = make("tr");
  for (const [index, label] of labels.entries()) {
    const cell = make("th", { text: label, className: ["", "number", "measure"][index] });
    cell.scope = "col";
    row.append(cell);
  }
  head.append(row);
  const body = make("tbody");
  table.append(words, head, body);
  if (open) body.addEventListener("click", (event) => event.target.closest("button") && open(itemOf.get(event.target.closest("tr"))));
  const empty = make("p", { className: "empty" });
  const frame = make("div", { className: "bar-frame" });
  frame.append(table, empty);
  return {
    node: frame,
    render(entries, emptyText = "Nothing yet.") {
      const parts = shares(entries.map(({ value }) => value));
      table.hidden = entries.length === 0;
      empty.hidden = entries.length > 0;
      setText(empty, emptyText);
      reconcile(body, entries.map((entry, index) => ({ ...entry, share: parts[index] })), ({ key }) => key, (entry) => barRow(entry.isFixed ? undefined : open, openTitle, hasPast), fillBar);
    },
  };
}

function barRow(open, openTitle, hasPast) {
  const row = make("tr");
  const label = make("th");
  label.scope = "row";
  label.append(open ? button("", undefined, { className: "link", title: openTitle }) : make("span"));
  const bar = make("td", { className: "measure" });
  const track = make("div", { className: "track" });
  track.append(make("div"));
  const sides = make("div", { className: "sides" });
  sides.append(track);
  if (hasPast) sides.append(make("div", { className: "spark" }));
  bar.append(sides);
  row.append(label, make("td", { className: "number" }), bar);
  return row;
}

function fillBar(row, entry) {
  itemOf.set(row, entry);
  const inner = row.cells[0].firstElementChild;
  show(inner, { ...entry.label, className: inner.className });
  show(row.cells[1], { className: "number", text: entry.text, title: entry.title, note: entry.note });
  const [track, past] = row.cells[2].firstElementChild.children;
  const fill = track.firstElementChild;
  const className = `fill${entry.hue === undefined ? "" : ` owner-${entry.hue}`}${entry.orphaned ? " orphaned" : ""}`;
  if (fill.className !== className) fill.className = className;
  const width = `${(entry.share * 100).toFixed(2)}%`;
  if (fill.style.width !== width) fill.style.width = width;
  // What is there shows however little it is; of nothing there is no bar.
  fill.hidden = entry.share === 0;
  if (past) spark(past, entry.past?.series ?? [], entry.past);
}
