// A labelled choice whose options come and go with what there is, and the way up to the map.

import { make } from "../dom.js";

/** `changed(value)` hears what was chosen; undefined for the empty choice. */
export function picker(name, label, changed) {
  const node = make("label", { text: label });
  const input = make("select");
  input.name = name;
  input.addEventListener("change", () => changed(input.value || undefined));
  node.append(" ", input);
  return { node, input, drawn: "" };
}

/** Gives a picker its options, `[[value, text]]`, and its value, which is among them even where nothing has it any more. */
export function choose(one, options, value = "") {
  const all = options.some(([option]) => option === value) ? options : [...options, [value, value]];
  const signature = JSON.stringify(all);
  // One that is open must not change under the hand.
  if (signature !== one.drawn && (one.drawn === "" || document.activeElement !== one.input)) {
    one.drawn = signature;
    one.input.replaceChildren(...all.map(([option, text]) => {
      const node = make("option");
      node.value = option;
      node.textContent = text;
      return node;
    }));
  }
  if (one.input.value !== value) one.input.value = value;
}

/** Brings the map and the bytes into sight. */
export function reveal() {
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.getElementById("map-title")?.scrollIntoView({ block: "start", behavior: isStill ? "auto" : "smooth" });
}
