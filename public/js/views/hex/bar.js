// Small pieces of the controls around the bytes.

import { make } from "../../dom.js";

/** A field with its name in front. */
export function field(name, input) {
  const label = make("label");
  label.append(make("span", { text: name }), input);
  return label;
}

export function textField({ type = "text", placeholder, size, name }) {
  const input = make("input");
  Object.assign(input, { type, placeholder, size, spellcheck: false, autocomplete: "off", name });
  input.setAttribute("autocapitalize", "off");
  return input;
}

export function button(text, title, act) {
  const node = make("button", { text, title });
  node.type = "button";
  if (act) node.addEventListener("click", act);
  return node;
}

/** A button with a sign instead of words. */
export function signButton(sign, title, act) {
  const node = button(sign, title, act);
  node.setAttribute("aria-label", title);
  return node;
}

export function choice(name, options) {
  const select = make("select");
  select.name = name;
  for (const { key, name: text } of options) select.append(new Option(text, key));
  return select;
}
