// The rows of bytes: those in sight alone are on the page, however large the object is.

import { make } from "../../dom.js";
import { colour } from "../../hex/colouring.js";
import { columnsFor, indexAt, rowPixels } from "../../hex/columns.js";
import { cellText } from "../../hex/edit.js";
import { hexOf, offsetDigits, offsetText, textOf } from "../../hex/format.js";
import { Scale } from "../../hex/scroll.js";
import { fadeMilliseconds } from "../../hex/cache.js";

/** The bar is put where the position is once nothing has moved for so long: doing it while a finger moves would stop it. */
const settleMilliseconds = 180;
/** A count that all browsers can tell a screen reader. */
const rowsTold = 2 ** 31 - 1;

export class Grid {
  #rows = [];
  #advance = 0.6;
  #sizeBytes = 0;
  #width = 0;
  #height = 0;
  #bar = 0;
  #timer = 0;
  #changed;
  columns = columnsFor(0, 6, 0.6);
  scale = new Scale(0, rowPixels, 0);
  /** How far down the view is, in pixels of rows. */
  position = 0;

  /** `changed()` hears when other rows came into sight. */
  constructor(host, changed) {
    this.#changed = changed;
    this.view = make("div", { className: "hex-view" });
    this.sheet = make("div", { className: "hex-sheet" });
    this.sheet.tabIndex = 0;
    this.sheet.setAttribute("role", "grid");
    this.sheet.setAttribute("aria-label", "Bytes");
    this.sheet.setAttribute("aria-multiselectable", "true");
    this.sheet.setAttribute("aria-describedby", "hex-where");
    this.bar = make("div", { className: "hex-bar" });
    this.bar.append(this.sheet);
    this.view.append(this.bar);
    host.append(this.view);
    this.#measure();
    this.view.addEventListener("scroll", () => this.#scrolled());
    new ResizeObserver(() => this.#fit()).observe(this.view);
  }

  #measure() {
    const sample = make("span", { className: "hex-sample" });
    sample.textContent = "0".repeat(100);
    this.view.append(sample);
    this.#advance = sample.getBoundingClientRect().width / 10000 || 0.6;
    sample.remove();
  }

  #fit() {
    const { clientWidth, clientHeight } = this.view;
    // What is not shown has no size, and keeps its shape.
    if (clientWidth === 0 || (clientWidth === this.#width && clientHeight === this.#height)) return;
    this.#width = clientWidth;
    this.#height = clientHeight;
    this.#shape();
  }

  /** Takes the object's size; the first byte in sight stays the first. */
  resize(sizeBytes) {
    if (sizeBytes === this.#sizeBytes) return;
    this.#sizeBytes = sizeBytes;
    this.#shape();
  }

  #shape() {
    const top = this.position / rowPixels * this.columns.perRow;
    this.columns = columnsFor(this.#width, offsetDigits(this.#sizeBytes), this.#advance);
    const { style } = this.sheet;
    for (const [name, value] of [["font", this.columns.font], ["cell", this.columns.cell], ["character", this.columns.character],
      ["group", this.columns.group], ["left", this.columns.left], ["text", this.columns.textLeft]]) style.setProperty(`--hex-${name}`, `${value}px`);
    this.scale = new Scale(Math.ceil(this.#sizeBytes / this.columns.perRow), rowPixels, this.#height);
    style.height = `${this.#height}px`;
    this.bar.style.height = `${this.scale.barPixels}px`;
    const count = this.scale.rowCount;
    this.sheet.setAttribute("aria-rowcount", String(count <= rowsTold ? count : -1));
    this.sheet.setAttribute("aria-colcount", String(this.columns.perRow + 2));
    this.position = this.scale.clamp(top / this.columns.perRow * rowPixels);
    this.#settle();
    this.#changed();
  }

  // Moving

  #scrolled() {
    const bar = this.view.scrollTop;
    if (bar === this.#bar) return;
    this.position = this.scale.moved(this.position, this.#bar, bar);
    this.#bar = bar;
    if (this.scale.isScaled) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#settleAtRest(), settleMilliseconds);
    }
    this.#changed();
  }

  /** The bar may have been moved already, and its event be on the way: that movement is not to be undone. */
  #settleAtRest() {
    if (this.view.scrollTop === this.#bar) this.#settle();
    else this.#scrolled();
  }

  /** Puts the bar where the position is. */
  #settle() {
    const bar = this.scale.barAt(this.position);
    if (Math.abs(bar - this.view.scrollTop) >= 1) this.view.scrollTop = bar;
    this.#bar = this.view.scrollTop;
  }

  moveTo(position) {
    const clamped = this.scale.clamp(position);
    if (clamped === this.position) return;
    this.position = clamped;
    this.#settle();
    this.#changed();
  }

  /** Brings a byte into sight; nothing moves where it is there already. From far away it comes to the upper third. */
  reveal(offset) {
    const row = Math.floor(offset / this.columns.perRow);
    const distance = Math.abs(row * rowPixels - this.position);
    const isFar = distance > 2 * this.#height;
    const first = row * rowPixels;
    const isSeen = first >= this.position && first + rowPixels <= this.position + this.#height;
    if (isFar) this.moveTo(first - Math.floor(this.#height / 3 / rowPixels) * rowPixels);
    else if (!isSeen) this.moveTo(this.scale.revealing(this.position, row, row));
  }

  get pageRows() {
    return Math.max(1, Math.floor(this.#height / rowPixels) - 1);
  }

  /** The bytes in sight. */
  inSight() {
    const { first, end } = this.scale.rowsAt(this.position);
    const { perRow } = this.columns;
    return { from: first * perRow, to: Math.min(this.#sizeBytes, end * perRow) };
  }

  /** The byte under a point of the window; beside the rows the nearest one. */
  byteAt(clientX, clientY) {
    const box = this.sheet.getBoundingClientRect();
    const y = Math.min(this.#height - 1, Math.max(0, clientY - box.top));
    const row = Math.floor((this.position + y) / rowPixels);
    const offset = row * this.columns.perRow + indexAt(this.columns, clientX - box.left);
    return Math.min(this.#sizeBytes - 1, Math.max(0, offset));
  }

  /** How far a point is above (negative) or below the rows. */
  beyond(clientY) {
    const box = this.sheet.getBoundingClientRect();
    return clientY < box.top ? clientY - box.top : Math.max(0, clientY - box.bottom);
  }

  // Drawing

  /**
   * Draws what is in sight. `look` is `{byteAt, changedAt, layers, holes, hits, hitLength, selection: {from, to}, cursor, edit, now}`.
   */
  draw(look) {
    const { first, end } = this.scale.rowsAt(this.position);
    this.#provide(end - first, first);
    this.cursor = undefined;
    for (const [index, row] of this.#rows.entries()) this.#drawRow(row, first + index, first + index < end, look);
    if (this.cursor) this.sheet.setAttribute("aria-activedescendant", "hex-cursor");
    else this.sheet.removeAttribute("aria-activedescendant");
  }

  /** Enough rows; one that stays in sight keeps its element, in the order in which they are read. */
  #provide(count, first) {
    while (this.#rows.length > 0 && (this.#rows[0].perRow !== this.columns.perRow || this.#rows.length > count)) this.#rows.pop().node.remove();
    while (this.#rows.length < count) {
      const row = makeRow(this.columns.perRow);
      this.#rows.push(row);
      this.sheet.append(row.node);
    }
    const shift = first - (this.#rows[0]?.number ?? first);
    if (shift > 0 && shift < this.#rows.length) {
      const moved = this.#rows.splice(0, shift);
      this.#rows.push(...moved);
      this.sheet.append(...moved.map(({ node }) => node));
    } else if (shift < 0 && -shift < this.#rows.length) {
      const moved = this.#rows.splice(shift);
      this.#rows.unshift(...moved);
      this.sheet.prepend(...moved.map(({ node }) => node));
    }
  }

  #drawRow(row, number, isShown, look) {
    row.number = number;
    put(row, "hidden", !isShown, (value) => { row.node.hidden = value; });
    if (!isShown) return;
    const { perRow } = this.columns;
    const from = number * perRow;
    put(row, "top", number * rowPixels - this.position, (value) => { row.node.style.transform = `translateY(${value}px)`; });
    put(row, "index", number < rowsTold ? number + 1 : undefined, (value) => {
      if (value === undefined) row.node.removeAttribute("aria-rowindex");
      else row.node.setAttribute("aria-rowindex", String(value));
    });
    put(row, "offset", offsetText(from, offsetDigits(this.#sizeBytes)), (value) => { row.head.textContent = value; });
    const ranges = colour(look.layers, from, from + perRow);
    const holes = look.holes(from, from + perRow);
    const hits = look.hits(from, from + perRow);
    for (let index = 0; index < perRow; index += 1) {
      const offset = from + index;
      const value = offset < this.#sizeBytes ? look.byteAt(offset) : null;
      const typed = look.edit && cellText(look.edit, offset);
      const text = typed ?? (value === undefined ? "··" : value === null ? "" : hexOf[value]);
      const shown = typed?.length === 2 && !typed.includes("_") ? Number.parseInt(typed, 16) : value;
      const letter = shown === undefined || shown === null ? " " : textOf[shown];
      const name = offset >= this.#sizeBytes ? "" : classOf(offset, ranges[index], holes, hits, typed, look);
      const isSelected = offset >= look.selection.from && offset < look.selection.to;
      const isCursor = offset === look.cursor;
      const cell = row.cells[index];
      put(cell, "text", text, (given) => { cell.node.textContent = given; });
      put(cell, "name", name, (given) => {
        cell.node.className = `hex-cell${given}`;
        cell.letter.className = given;
      });
      put(cell, "letterText", letter, (given) => { cell.letter.textContent = given; });
      put(cell, "isSelected", isSelected, (given) => cell.node.setAttribute("aria-selected", String(given)));
      put(cell, "isCursor", isCursor, (given) => {
        if (given) cell.node.id = "hex-cursor";
        else cell.node.removeAttribute("id");
      });
      if (isCursor) this.cursor = cell.node;
    }
  }

  /** What is drawn, for tests and for whoever measures. */
  model() {
    return this.#rows.filter((row) => !row.hidden).map((row) => ({
      offset: row.number * row.perRow,
      cells: row.cells.map(({ text, name, letterText, isSelected, isCursor }) => ({ text, letter: letterText, names: (name ?? "").trim().split(" ").filter(Boolean), isSelected, isCursor })),
    }));
  }
}

function classOf(offset, range, holes, hits, typed, look) {
  let name = "";
  if (range) {
    name += ` tint-${range.colour} is-${range.kind}`;
    if (range.from === offset) name += " begins";
  }
  if (holes.some((hole) => offset >= hole.from && offset < hole.to)) name += " hole";
  const age = look.now - look.changedAt(offset);
  if (age <= fadeMilliseconds) name += ` changed fresh-${Math.min(2, Math.floor(age / 1000))}`;
  if (hits.some((hit) => offset >= hit && offset < hit + look.hitLength)) name += " hit";
  if (offset >= look.selection.from && offset < look.selection.to) name += " selected";
  if (offset === look.cursor) name += " cursor";
  if (typed !== undefined) name += " pending";
  return name;
}

/** Sets what differs from what is there. */
function put(owner, key, value, set) {
  if (owner[key] === value) return;
  owner[key] = value;
  set(value);
}

function makeRow(perRow) {
  const node = make("div", { className: "hex-row" });
  node.setAttribute("role", "row");
  const head = node.appendChild(make("span", { className: "hex-offset" }));
  head.setAttribute("role", "rowheader");
  const text = make("span", { className: "hex-text" });
  text.setAttribute("role", "gridcell");
  const cells = Array.from({ length: perRow }, () => {
    const cell = node.appendChild(make("span", { className: "hex-cell" }));
    cell.setAttribute("role", "gridcell");
    return { node: cell, letter: text.appendChild(document.createElement("span")) };
  });
  node.append(text);
  return { node, head, cells, perRow };
}
