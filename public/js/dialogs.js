// Questions before something dangerous, and short messages after something was done.

import { make } from "./dom.js";

const toastMilliseconds = 6000;
let dialog;

export function connectDialogs() {
  dialog = make("dialog", { className: "question" });
  dialog.setAttribute("aria-labelledby", "question-title");
  dialog.setAttribute("aria-describedby", "question-text");
  document.body.append(dialog);
}

/** Asks; resolves to whether the answer was yes. The safe answer has the focus. */
export function confirm({ title, text, verb, tone = "error" }) {
  const heading = make("h2", { text: title });
  heading.id = "question-title";
  const words = make("p", { text });
  words.id = "question-text";
  const no = make("button", { text: "Cancel" });
  const yes = make("button", { text: verb, className: "primary" });
  yes.dataset.tone = tone;
  for (const [button, value] of [[no, "no"], [yes, "yes"]]) {
    button.type = "button";
    button.addEventListener("click", () => dialog.close(value));
  }
  const buttons = make("div", { className: "buttons" });
  buttons.append(no, yes);
  dialog.replaceChildren(heading, words, buttons);
  dialog.returnValue = "no";
  dialog.showModal();
  no.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** Says that something was done; an error stays until it is put away. */
export function toast({ text, tone = "good" }) {
  const note = make("div", { className: "toast" });
  note.dataset.tone = tone;
  const close = make("button", { text: "×", title: "Put away" });
  close.type = "button";
  close.setAttribute("aria-label", "Put this message away");
  close.addEventListener("click", () => note.remove());
  note.append(make("span", { text }), close);
  document.getElementById("toasts").append(note);
  if (tone !== "error") setTimeout(() => note.remove(), toastMilliseconds);
}
