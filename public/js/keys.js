// The keyboard: what works everywhere, and the sheet that tells of all keys.

import { byId, make } from "./dom.js";

/** Each part of the page with its keys, in groups. What stands here works; what does not work does not stand here. */
const sheet = [
  ["Everywhere", [
    [["?"], "this sheet"], [["Space"], "pause and resume, where it presses and scrolls nothing"],
    [["g", "o"], "go to the overview: one after the other; not in the bytes, where g is for an offset"], [["g", "l"], "go to the locks"],
    [["Tab"], "from one thing to the next"], [["Esc"], "close a dialog"],
  ]],
  ["Overview", [
    [["/"], "search for a name"], [["↑", "↓", "←", "→"], "in the area map: to the next object"],
    [["Home", "End"], "in the area map: to the largest, to the smallest"], [["Enter"], "open it"],
  ]],
  ["Locks", [
    [["↑", "↓", "←", "→"], "in the drawing: to the next thread or lock"], [["Home", "End"], "in the drawing: to the first, to the last"],
    [["Enter"], "open the process, or the lock’s bytes"],
  ]],
  ["A segment", [
    [["1", "…", "6"], "its tabs"], [["←", "→", "Home", "End"], "on the tabs: to the next, the first, the last"],
    [["/"], "search in its bytes"],
  ]],
  ["Memory map", [
    [["+", "−"], "zoom"], [["0"], "the whole"], [["h"], "the pool: the heap"], [["f"], "the selection"],
    [["↑", "↓", "←", "→", "Page ↑", "Page ↓", "Home", "End"], "move"], [["n", "p"], "next and previous block"],
    [["Enter"], "select what is in the middle"], [["Esc"], "select nothing"],
    [["wheel", "pinch"], "zoom at the pointer"], [["Shift wheel", "drag"], "move"], [["click", "double click"], "select, come close"],
  ]],
  ["Bytes", [
    [["↑", "↓", "←", "→", "Page ↑", "Page ↓", "Home", "End"], "move"], [["Ctrl Home", "Ctrl End"], "to the first and the last"],
    [["Shift"], "with them: select"], [["Ctrl A"], "select all"], [["Ctrl C"], "copy in hex"], [["g"], "go to an offset"],
    [["/"], "search"], [["n", "p"], "next and previous hit"], [["0", "…", "9", "a", "…", "f"], "write over, in a pool"],
    [["Backspace"], "take the last digit back"], [["Enter"], "send what was written; else select the whole block or field"], [["Esc"], "give it up; select one byte only"],
  ]],
  ["At the cursor", [[["↑", "↓", "←", "→", "Home", "End"], "from value to value"], [["Enter"], "copy it"]]],
  ["Strip of events", [
    [["←", "→", "Home", "End"], "from event to event"], [["+", "−"], "zoom"], [["0"], "all that is here"], [["Page ↑", "Page ↓"], "earlier, later"],
    [["wheel"], "zoom at the pointer"], [["Shift wheel", "drag"], "move"], [["Enter"], "go up to the map"], [["Esc"], "follow again"],
  ]],
];

/** What has a use for letters: only the sheet can be called from there. */
const takesKeys = "input, select, textarea, [contenteditable], dialog";
/** What Space presses or scrolls. */
const takesSpace = "a, button, summary, [role=tab], [tabindex='0']";
/** These do neither; a key that they have a use for does not come here. */
const leavesSpace = "canvas, [role=grid]";

let dialog;

export function connectKeys(actions) {
  dialog = make("dialog", { className: "sheet" });
  dialog.setAttribute("aria-labelledby", "sheet-title");
  const head = make("div", { className: "sheet-head" });
  const title = make("h2", { text: "Keys" });
  title.id = "sheet-title";
  const close = make("button", { text: "Close" });
  close.type = "button";
  close.addEventListener("click", () => dialog.close());
  head.append(title, close);
  const groups = make("div", { className: "sheet-groups" });
  groups.append(...sheet.map(([name, entries]) => groupOf(name, entries)));
  dialog.append(head, groups);
  // What is around the sheet closes it, as Esc does.
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  byId("keys").addEventListener("click", () => dialog.showModal());
  connectGlobal(actions);
}

function groupOf(name, entries) {
  const section = make("section");
  const list = make("dl", { className: "key-list" });
  for (const [keys, what] of entries) {
    const term = make("dt");
    for (const key of keys) term.append(key === "…" ? "…" : make("kbd", { text: key }), " ");
    list.append(term, make("dd", { text: what }));
  }
  section.append(make("h3", { text: name }), list);
  return section;
}

function connectGlobal(actions) {
  let before = "";
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) {
      before = "";
      return;
    }
    const sequence = before + event.key;
    before = event.key === "g" ? "g" : "";
    if (act(event, sequence, actions)) event.preventDefault();
  });
}

/** Does what a key stands for; false where it stands for nothing here. */
function act(event, sequence, actions) {
  const at = (selector) => Boolean(event.target.closest?.(selector));
  if (event.key === "?" && !at("input, textarea, dialog")) return openSheet();
  if (at(takesKeys)) return false;
  if (sequence === "go") return goTo(actions, {});
  if (sequence === "gl") return goTo(actions, { view: "locks" });
  if (event.key === "/") return focusOn(byId("view-overview").hidden ? "#hex [role=search] input" : "#segments-filters input[type=search]");
  if (event.key === " " && !event.repeat && isSpaceFree(event.target)) return press(byId("pause"));
  if (/^[1-9]$/.test(event.key) && !byId("view-segment").hidden) {
    return press([...byId("tabs").children].filter((tab) => !tab.hidden)[Number(event.key) - 1]);
  }
  return false;
}

function isSpaceFree(target) {
  const holder = target.closest?.(takesSpace);
  return !holder || holder.matches(leavesSpace);
}

function openSheet() {
  if (!dialog.open) dialog.showModal();
  return true;
}

/** Goes to a view of the host with nothing of what stands in the address; where one is there already nothing changes. */
function goTo(actions, { view }) {
  const route = actions.route();
  const isThere = route.segment === undefined && route.process === undefined && route.view === view;
  if (!isThere) actions.go({ ...Object.fromEntries(Object.keys(route).map((key) => [key, undefined])), view });
  return true;
}

function focusOn(selector) {
  const field = document.querySelector(selector);
  field?.focus();
  field?.select?.();
  return Boolean(field);
}

function press(button) {
  button?.click();
  return Boolean(button);
}
