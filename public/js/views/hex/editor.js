// Typing over bytes of a pool: what is typed stays here until it is sent.

import { hex, plural } from "../../format.js";
import { make, setText } from "../../dom.js";
import * as edits from "../../hex/edit.js";
import { button } from "./bar.js";

export class Editor {
  #context;
  #isSending = false;
  /** Objects whose user has said that writing is meant. */
  #allowed = new Set();
  /** What is being typed; undefined where nothing is. */
  edit;

  /**
   * `context` is `{actions, id(), circumstances(), selection(), byteAt(offset), whatIs(offset), say(text, tone?), written(from, to), changed()}`.
   */
  constructor(host, context) {
    this.#context = context;
    this.bar = make("div", { className: "hex-edit" });
    this.bar.setAttribute("role", "group");
    this.bar.setAttribute("aria-label", "Bytes that are not written yet");
    this.words = make("p");
    this.write = button("Write", "Write (Enter)", () => this.send());
    this.drop = button("Give up", "Give up (Esc)", () => this.cancel());
    this.write.className = "primary";
    this.bar.append(this.words, this.write, this.drop);
    this.bar.hidden = true;
    host.append(this.bar);
  }

  /** Takes a hex digit. */
  type(digit) {
    if (this.#isSending) return;
    const selection = this.#context.selection();
    if (!this.edit) {
      if (!selection) {
        this.#context.say("Select the byte to write over first.");
        return;
      }
      const circumstances = this.#context.circumstances();
      const reason = edits.refusal(circumstances, selection.from, selection.to);
      if (reason) {
        this.#context.say(reason, "warning");
        return;
      }
      const isRange = selection.to - selection.from > 1;
      this.edit = edits.begin(selection.from, isRange ? selection.to : circumstances.pool.to);
      this.#context.say("");
    }
    const next = edits.typed(this.edit, digit);
    if (next === this.edit) this.#context.say("The selection ends here: Enter writes, Esc gives up.", "warning");
    this.edit = next;
    this.#changed();
  }

  erase() {
    if (!this.edit || this.#isSending) return;
    this.edit = edits.erased(this.edit);
    if (this.edit.digits === "") this.edit = undefined;
    this.#changed();
  }

  cancel() {
    if (!this.edit || this.#isSending) return;
    this.edit = undefined;
    this.#context.say("Nothing was written.");
    this.#changed();
  }

  /** Forgets what was typed: another object. */
  clear() {
    this.edit = undefined;
    this.#changed();
  }

  async send() {
    if (!this.edit || this.#isSending) return;
    if (this.#context.circumstances().isPast) {
      this.#context.say("The past cannot be written to: go back to now first.", "warning");
      return;
    }
    const { actions } = this.#context;
    const id = this.#context.id();
    const { edit } = this;
    this.#isSending = true;
    try {
      if (!await this.#isAllowed(id, edit) || this.edit !== edit) return;
      const data = edits.bytesOf(edit, this.#context.byteAt);
      await actions.api.send("PUT", `segments/${id}/bytes`, { bytes: data, query: { offset: edit.offset } });
      if (this.edit === edit) this.edit = undefined;
      this.#context.say(`Wrote ${plural(data.length, "byte")} at ${hex(edit.offset)}.`);
      this.#context.written(edit.offset, edit.offset + data.length);
    } catch (error) {
      this.#context.say(error.message, "error");
    } finally {
      this.#isSending = false;
      this.#changed();
    }
  }

  async #isAllowed(id, edit) {
    if (this.#allowed.has(id)) return true;
    const what = this.#context.whatIs(edit.offset);
    const isYes = await this.#context.actions.confirm({
      title: "Write into shared memory?",
      text: `${plural(edits.lengthOf(edit), "byte")} at ${hex(edit.offset)}${what ? ` (${what})` : ""} will be written over, under the segment's lock. `
        + "Every process that uses this memory sees it at once, and there is no way back. This is asked once for this segment.",
      verb: "Write",
    });
    if (isYes) this.#allowed.add(id);
    return isYes;
  }

  #changed() {
    this.bar.hidden = !this.edit;
    if (this.edit) {
      setText(this.words, `Not written yet: ${plural(edits.lengthOf(this.edit), "byte")} at ${hex(this.edit.offset)}. Enter writes, Esc gives up.`);
    }
    this.#context.changed();
  }
}
