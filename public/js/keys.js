// The keyboard: what works everywhere, and the sheet that tells of all keys.

import { byId, make } from "./dom.js";

const sheet = [
  ["Everywhere", [["?", "this sheet"], ["/", "search in the list, or go to an offset"], ["Space", "pause and resume"], ["g o", "go to the overview"], ["1 – 6", "the tabs of a segment"]]],
  ["Memory map", [["+ −", "zoom"], ["arrows, Page, Home, End", "move"], ["0", "the whole"], ["f", "the selection"], ["n p", "next and previous block"], ["Enter", "select what is in the middle"], ["Esc", "select nothing"], ["wheel, pinch", "zoom at the pointer"], ["Shift + wheel, drag", "move"], ["click, double click", "select, come close"]]],
  ["Bytes", [["arrows, Page, Home, End", "move"], ["Shift with them", "select"], ["g", "go to an offset"], ["/ n p", "search, next and previous hit"], ["Enter, double click", "select the whole block or field"], ["0 – 9 a – f", "write over, in a pool; Enter writes, Esc gives up"], ["Ctrl + C", "copy"]]],
  ["Overview", [["arrows, Enter", "move in the area map and the table, open"]]],
];

let dialog;

export function connectKeys(actions) {
  dialog = make("dialog", { className: "sheet" });
  dialog.setAttribute("aria-labelledby", "sheet-title");
  const title = make("h2", { text: "Keys" });
  title.id = "sheet-title";
  dialog.append(title);
  for (const [group, entries] of sheet) {
    const list = make("dl", { className: "key-list" });
    for (const [keys, what] of entries) list.append(make("dt", { text: keys }), make("dd", { text: what }));
    dialog.append(make("h3", { text: group }), list);
  }
  const close = make("button", { text: "Close" });
  close.type = "button";
  close.addEventListener("click", () => dialog.close());
  dialog.append(close);
  document.body.append(dialog);
  byId("keys").addEventListener("click", () => dialog.showModal());
  connectGlobal(actions);
}

function connectGlobal(actions) {
  let before = "";
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const isTyping = event.target.closest?.("input, select, textarea, [contenteditable], dialog, [role=grid], canvas");
    const sequence = before + event.key;
    before = event.key === "g" ? "g" : "";
    if (event.key === "?" && !event.target.closest?.("input, textarea")) dialog.showModal();
    else if (isTyping) return;
    else if (sequence === "go") actions.go({ segment: undefined, tab: undefined, at: undefined, to: undefined, from: undefined, span: undefined });
    else if (event.key === "/") document.querySelector("section:not([hidden]) input[type=search], #hex input")?.focus();
    else if (event.key === " " && event.target === document.body) byId("pause").click();
    else if (/^[1-6]$/.test(event.key)) byId("tabs").children[Number(event.key) - 1]?.click();
    else return;
    event.preventDefault();
  });
}
