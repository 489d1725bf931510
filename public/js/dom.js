// Small changes to the page. Text goes in as text only; what did not change is not touched, so that focus, selection
// and scrolling survive a redraw.

export function byId(id) {
  return document.getElementById(id);
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setTitle(node, title) {
  if (title) {
    if (node.title !== title) node.title = title;
  } else if (node.hasAttribute("title")) {
    node.removeAttribute("title");
  }
}

/**
 * Makes an element. `content` is
 * `{text?, title?, className?, href?, route?, hue?, swatch?, hatched?, badges?: [{text, tone?, title?}], note?}`.
 */
export function make(tag, content = {}) {
  const node = document.createElement(tag);
  fill(node, content);
  return node;
}

function fill(node, content) {
  node.className = content.className ?? "";
  setTitle(node, content.title);
  const children = [];
  if (content.hue !== undefined) children.push(swatch(`owner-${content.hue}`, content.orphaned));
  if (content.swatch !== undefined) children.push(swatch(content.swatch, content.hatched));
  if (content.href !== undefined) {
    // The same link again, if there is one: it may have the focus.
    const link = node.querySelector(":scope > a") ?? document.createElement("a");
    link.setAttribute("href", content.href);
    link.toggleAttribute("data-route", Boolean(content.route));
    link.replaceChildren(isolated(content.text));
    children.push(link);
  } else if (content.text !== undefined) {
    children.push(isolated(content.text));
  }
  for (const badge of content.badges ?? []) {
    const mark = document.createElement("span");
    mark.className = "badge";
    if (badge.tone) mark.dataset.tone = badge.tone;
    setTitle(mark, badge.title);
    mark.append(badge.text);
    children.push(" ", mark);
  }
  if (content.note) {
    const note = document.createElement("small");
    note.className = "note";
    note.append(content.note);
    children.push(" ", note);
  }
  place(node, children.map((child) => typeof child === "string" ? document.createTextNode(child) : child));
}

/** Makes `nodes` the children of `parent`. One that is its child already stays where it is, and keeps the focus. */
function place(parent, nodes) {
  const staying = new Set(nodes);
  for (const child of [...parent.childNodes]) if (!staying.has(child)) child.remove();
  let next = parent.firstChild;
  for (const node of nodes) {
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
  }
}

/** Text of other processes must not turn the direction of what follows it. */
function isolated(text) {
  const node = document.createElement("bdi");
  node.textContent = text;
  return node;
}

/** A patch of a colour of the map; `hatched` has its pattern. */
export function swatch(colour, hatched = false) {
  const node = document.createElement("span");
  node.className = `swatch ${colour}${hatched ? " orphaned" : ""}`;
  node.setAttribute("aria-hidden", "true");
  return node;
}

const drawn = new WeakMap();

/** Makes `node` show `content` if it does not already. */
export function show(node, content) {
  const signature = JSON.stringify(content);
  if (drawn.get(node) === signature) return;
  drawn.set(node, signature);
  fill(node, content);
}

const children = new WeakMap();

/**
 * Makes the children of `parent` those of `items`, by key: `create(item)` makes one, `update(node, item)` fills it.
 * Nodes that stay are neither made anew nor moved, unless their order changed.
 */
export function reconcile(parent, items, keyOf, create, update) {
  const before = children.get(parent) ?? new Map();
  const after = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (!after.has(key)) after.set(key, { node: before.get(key)?.node ?? create(item), item });
  }
  for (const { node, item } of after.values()) update(node, item);
  place(parent, [...after.values()].map(({ node }) => node));
  children.set(parent, after);
}

/** Rows of a table: `cellsOf(item)` gives the contents of its cells, the first of which is the row's header. */
export function rows(body, items, keyOf, cellsOf) {
  reconcile(
    body, items, keyOf,
    () => document.createElement("tr"),
    (row, item) => {
      cellsOf(item).forEach((content, index) => {
        let cell = row.cells[index];
        if (!cell) {
          cell = document.createElement(index === 0 ? "th" : "td");
          if (index === 0) cell.scope = "row";
          row.append(cell);
        }
        show(cell, content);
      });
    });
}

/** A list of facts: `[[name, content]]`, those without content left out. */
export function facts(list, entries) {
  reconcile(
    list, entries.filter(([, content]) => content !== undefined), ([name]) => name,
    ([name]) => {
      const pair = document.createElement("div");
      pair.append(make("dt", { text: name }), document.createElement("dd"));
      return pair;
    },
    (pair, [, content]) => show(pair.lastElementChild, typeof content === "string" ? { text: content } : content));
}
