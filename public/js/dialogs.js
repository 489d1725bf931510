// Questions before something dangerous, and short messages after something was done.

import { make } from "./dom.js";

const toastMilliseconds = 6000;

/**
 * Asks; resolves to whether the answer was yes. The safe answer has the focus.
 * Each question has an element of its own: `close` is told later than a dialog closes, and would answer the next one.
 */
export function confirm({ title, text, verb, tone = "error" }) {
  const dialog = make("dialog", { className: "question" });
  dialog.setAttribute("aria-labelledby", "question-title");
  dialog.setAttribute("aria-describedby", "question-text");
  const heading = make("h2", { text: title });
  heading.id = "question-title";
  const words = make("p", { text });
  words.id = "question-text";
  const no = make("button", { text: "Cancel" });
  const yes = make("button", { text: verb, className: "primary" });
  yes.dataset.tone = tone;
  const buttons = make("div", { className: "buttons" });
  buttons.append(no, yes);
  dialog.append(heading, words, buttons);
  document.body.append(dialog);
  return new Promise((resolve) => {
    const answer = (isYes) => {
      dialog.close();
      dialog.remove();
      resolve(isYes);
    };
    for (const [button, isYes] of [[no, false], [yes, true]]) {
      button.type = "button";
      button.addEventListener("click", () => answer(isYes), { once: true });
    }
    // Escape, or the system's own way back.
    dialog.addEventListener("close", () => answer(false), { once: true });
    dialog.showModal();
    no.focus();
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
