// Forms in a dialog. Where the server refuses, its own words stand beside the field that it names.

import { make, setText } from "../dom.js";
import { button } from "./pieces.js";

let count = 0;

/**
 * Asks for something and sends it. `fields` are
 * `[{name, label, type?: text·textarea·select·checkbox, options?: [[value, text]], value?, placeholder?, help?, required?}]`;
 * `send(values)` gets them as text (a checkbox as a boolean) and may throw a TypedError or a RequestError;
 * `done(answer, values)` follows where nothing was thrown. `result(answer)`, where it is there, gives what to show in
 * the dialog, which then stays open.
 */
export function openForm({ title, help, fields, verb, tone, send, done, result }) {
  count += 1;
  const prefix = `form-${count}`;
  const dialog = make("dialog", { className: "form-dialog" });
  dialog.setAttribute("aria-labelledby", `${prefix}-title`);
  const heading = make("h2", { text: title });
  heading.id = `${prefix}-title`;
  const form = make("form", { className: "form" });
  form.noValidate = true;
  const grid = fieldGrid(prefix, fields);
  const trouble = troubleLine();
  const results = make("div", { className: "form-result" });
  const yes = make("button", { text: verb, className: "primary" });
  yes.type = "submit";
  if (tone) yes.dataset.tone = tone;
  const buttons = make("div", { className: "buttons" });
  const no = button(result ? "Close" : "Cancel", () => dialog.close());
  buttons.append(no, yes);
  form.append(grid.node, trouble.node, results, buttons);
  dialog.append(heading);
  if (help) dialog.append(make("p", { className: "help", text: help }));
  dialog.append(form);
  const before = document.activeElement;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = grid.values();
    const answer = await attempt({ grid, trouble, submit: yes, send: () => send(values) });
    if (!answer.isDone) return;
    if (result) results.replaceChildren(result(answer.value, dialog));
    else dialog.close();
    done?.(answer.value, values);
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    before?.focus?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  (grid.first() ?? yes).focus();
  return dialog;
}

/** Sends, and shows what was refused where it belongs. Resolves to `{isDone, value}`. */
export async function attempt({ grid, trouble, submit, send }) {
  grid.clear();
  trouble.clear();
  submit.disabled = true;
  submit.setAttribute("aria-busy", "true");
  try {
    return { isDone: true, value: await send() };
  } catch (error) {
    if (!grid.refuse(error.field, wordsOf(error))) trouble.refuse(error);
    return { isDone: false };
  } finally {
    submit.disabled = false;
    submit.removeAttribute("aria-busy");
  }
}

/** The server's own words, without the name of the field that they stand beside. */
function wordsOf(error) {
  const words = error.detail ?? error.title ?? error.message;
  return error.field && words.startsWith(`${error.field}: `) ? words.slice(error.field.length + 2) : words;
}

const hints = {
  423: "Somebody else holds the segment's lock; the Locks tab shows who, and whether it still runs. Try again, or wait longer.",
  507: "The Heap tab shows the largest free block. Free something, or reclaim what dead processes left.",
  403: "The server has no right to do this, or the page comes from an address that it does not know.",
};

/** The line below a form for what no field is to blame for. */
export function troubleLine() {
  const node = make("div", { className: "form-trouble" });
  node.setAttribute("role", "alert");
  return {
    node,
    clear: () => node.replaceChildren(),
    refuse(error) {
      const heading = [error.status, error.title].filter(Boolean).join(" ");
      node.replaceChildren();
      if (heading) node.append(make("strong", { text: heading }), " ");
      const words = error.detail ?? (heading ? "" : error.message);
      if (words) node.append(make("span", { text: words }));
      if (hints[error.status]) node.append(make("p", { className: "note", text: hints[error.status] }));
    },
  };
}

/** Labelled fields in columns. */
export function fieldGrid(prefix, fields) {
  const node = make("div", { className: "form-grid" });
  let parts = [];
  const grid = {
    node,
    /** Other fields in place of these; what was typed into one of the same name stays, and what stood there by itself goes. */
    fill(wanted) {
      const typed = grid.values();
      const kept = new Set(parts.filter(({ input, initial }) => input.value !== initial).map(({ name }) => name));
      parts = wanted.map((field) => fieldNode(prefix, kept.has(field.name) ? { ...field, value: typed[field.name] } : field));
      node.replaceChildren(...parts.map((part) => part.node));
    },
    values: () => Object.fromEntries(parts.map(({ input, name }) => [name, input.type === "checkbox" ? input.checked : input.value])),
    input: (name) => parts.find((part) => part.name === name)?.input,
    first: () => parts[0]?.input,
    clear() {
      for (const { input, error } of parts) {
        input.removeAttribute("aria-invalid");
        setText(error, "");
      }
    },
    /** Shows an error beside a field; false where no field has that name. */
    refuse(name, words) {
      const part = parts.find((one) => one.name === name);
      if (!part) return false;
      part.input.setAttribute("aria-invalid", "true");
      setText(part.error, words);
      part.input.focus();
      return true;
    },
  };
  grid.fill(fields);
  return grid;
}

function fieldNode(prefix, field) {
  const node = make("div", { className: `field${field.isWide || field.type === "textarea" ? " wide" : ""}${field.type === "checkbox" ? " check" : ""}` });
  const id = `${prefix}-${field.name}`;
  const label = make("label", { text: field.label });
  label.htmlFor = id;
  const input = inputFor(field);
  input.id = id;
  input.name = field.name;
  const help = make("small", { className: "note", text: field.help ?? "" });
  help.id = `${id}-help`;
  help.hidden = !field.help;
  const error = make("small", { className: "field-error" });
  error.id = `${id}-error`;
  error.setAttribute("aria-live", "polite");
  input.setAttribute("aria-describedby", `${help.id} ${error.id}`);
  if (field.required) input.setAttribute("aria-required", "true");
  if (field.type === "checkbox") node.append(input, label, help, error);
  else node.append(label, input, error, help);
  return { name: field.name, node, input, error, initial: input.value };
}

function inputFor({ type = "text", options, value, placeholder, rows = 3 }) {
  if (options) {
    const select = make("select");
    for (const [choice, text] of options) {
      const option = make("option", { text });
      option.value = choice;
      select.append(option);
    }
    select.value = value ?? options[0][0];
    return select;
  }
  const input = make(type === "textarea" ? "textarea" : "input");
  if (type === "textarea") input.rows = rows;
  else input.type = type;
  if (type === "checkbox") input.checked = Boolean(value);
  else input.value = value ?? "";
  if (placeholder) input.placeholder = placeholder;
  input.autocomplete = "off";
  input.spellcheck = false;
  return input;
}
