// Taking bytes away: to the clipboard in some form, or into a file.

import { bytes, exactBytes, hex, plural } from "../../format.js";
import { make, setTitle } from "../../dom.js";
import { copyForms } from "../../hex/format.js";
import { button, choice } from "./bar.js";

/** A clipboard is not for more. */
const copyMaximum = 1024 * 1024;
/** What the page puts together for a file; the whole is sent by the server, however large. */
const fileMaximum = 256 * 1024 * 1024;
const pieceBytes = 4 * 1024 * 1024;
const pastWords = "The bytes of the past are not kept: go back to now to take some away.";

export class Transfer {
  #context;
  #isSaving = false;
  /** Ends what is being read. */
  #controller = new AbortController();

  /** `context` is `{actions, id(), name(), sizeBytes(), selection(), known(from, to), circumstances()}`. */
  constructor(host, context) {
    this.#context = context;
    this.bar = make("div", { className: "hex-take" });
    this.bar.setAttribute("role", "group");
    this.bar.setAttribute("aria-label", "Take the bytes away");
    this.form = choice("form", copyForms);
    this.form.setAttribute("aria-label", "Form of the copy");
    this.copyButton = button("Copy", `The selection, up to ${bytes(copyMaximum)} (Ctrl + C copies hex)`, () => this.copy(this.form.value));
    this.saveButton = button("Download selection", `The selection, up to ${bytes(fileMaximum)}`, () => this.save());
    this.whole = make("a", { text: "Download whole" });
    this.bar.append(this.form, this.copyButton, this.saveButton, this.whole);
    host.append(this.bar);
  }

  /** Another object: what is taken of this one is given up. */
  leave() {
    this.#controller.abort(new Error("another object is looked at."));
    this.#controller = new AbortController();
  }

  render() {
    const { actions } = this.#context;
    const isNone = this.#context.selection() === undefined;
    const { isPast } = this.#context.circumstances();
    this.copyButton.disabled = isNone;
    this.saveButton.disabled = isNone || this.#isSaving;
    const href = actions.api.address(`segments/${this.#context.id()}/bytes`);
    // Without an address it is no link: the whole of now is not the whole of then.
    if (isPast) this.whole.setAttribute("aria-disabled", "true");
    else this.whole.removeAttribute("aria-disabled");
    if (isPast) this.whole.removeAttribute("href");
    else if (this.whole.getAttribute("href") !== href) this.whole.setAttribute("href", href);
    const download = `${fileName(this.#context.name())}.bin`;
    if (this.whole.download !== download) this.whole.download = download;
    setTitle(this.whole, isPast ? pastWords : exactBytes(this.#context.sizeBytes()));
  }

  /** What is taken, as it was asked for: while it is read one may go on to another object. */
  #taken() {
    const selection = this.#context.selection();
    if (!selection) return undefined;
    if (this.#context.circumstances().isPast) {
      this.#context.actions.toast({ text: pastWords, tone: "warning" });
      return undefined;
    }
    return { ...selection, id: this.#context.id(), name: this.#context.name(), signal: this.#controller.signal };
  }

  async copy(key) {
    const taken = this.#taken();
    const { toast } = this.#context.actions;
    if (!taken) return;
    const length = taken.to - taken.from;
    if (length > copyMaximum) {
      toast({ text: `${bytes(length)} are selected; at most ${bytes(copyMaximum)} can be copied. A file can hold more: download the selection.`, tone: "warning" });
      return;
    }
    const form = copyForms.find((candidate) => candidate.key === key);
    try {
      const data = await this.#read(taken);
      await toClipboard(form.write(data, taken.from));
      toast({ text: `Copied ${plural(data.length, "byte")} from ${hex(taken.from)} as ${form.name}.` });
    } catch (error) {
      toast({ text: `Not copied: ${error.message}`, tone: "error" });
    }
  }

  async save() {
    const taken = this.#taken();
    const { toast } = this.#context.actions;
    if (!taken) return;
    const length = taken.to - taken.from;
    if (length > fileMaximum) {
      toast({ text: `${bytes(length)} are selected; at most ${bytes(fileMaximum)} can be put into a file here. The whole can be downloaded however large it is.`, tone: "warning" });
      return;
    }
    this.#isSaving = true;
    this.render();
    try {
      const data = await this.#read(taken);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([data], { type: "application/octet-stream" }));
      link.download = `${fileName(taken.name)}-${taken.from.toString(16)}.bin`;
      link.click();
      URL.revokeObjectURL(link.href);
      if (data.length < length) toast({ text: `The object ends earlier: ${plural(data.length, "byte")} saved.`, tone: "warning" });
    } catch (error) {
      toast({ text: `Not saved: ${error.message}`, tone: "error" });
    } finally {
      this.#isSaving = false;
      this.render();
    }
  }

  /** The bytes that are seen where all are known, else those of now. */
  async #read({ from, to, id, signal }) {
    const known = this.#context.known(from, to);
    if (known.length === to - from) return known;
    const data = new Uint8Array(to - from);
    let length = 0;
    while (length < data.length) {
      const piece = await this.#context.actions.api.bytes(id, from + length, Math.min(pieceBytes, data.length - length), signal);
      if (piece.length === 0) break;
      data.set(piece, length);
      length += piece.length;
    }
    return data.subarray(0, length);
  }
}

/** A name that every file system takes. */
function fileName(name) {
  return name.replace(/[^A-Za-z0-9._-]+/g, "_").slice(0, 80) || "bytes";
}

/** The clipboard of the browser; where the page was not loaded securely, the older way. */
export async function toClipboard(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  const before = document.activeElement;
  document.body.append(area);
  area.select();
  const isDone = document.execCommand("copy");
  area.remove();
  before?.focus?.({ preventScroll: true });
  if (!isDone) throw new Error("the browser does not let this page write to the clipboard");
}
