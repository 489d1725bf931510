// Looking for text or bytes: the form, what was found, and the way from hit to hit.

import { bytes, count, hex, plural } from "../../format.js";
import { make, setText } from "../../dom.js";
import { parseNeedle } from "../../hex/format.js";
import { collect, collectAtServer, hitFrom, hitsMaximum, hitsWithin, searchMaximum } from "../../hex/search.js";
import { button, choice, field, signButton, textField } from "./bar.js";

const kinds = [{ key: "text", name: "text" }, { key: "hex", name: "hex" }];
const runsAsked = 512;
let serverSearches;

export class Finder {
  #context;
  #needle;
  #question;
  #controller;
  #end;
  /** Offsets that were found, ascending. */
  hits = [];

  /** `context` is `{actions, id(), sizeBytes(), cursor(), show(from, to), say(text), changed()}`. */
  constructor(host, context) {
    this.#context = context;
    this.form = make("form", { className: "hex-find" });
    this.form.setAttribute("role", "search");
    this.form.setAttribute("aria-label", "Search in the bytes");
    this.kind = choice("kind", kinds);
    this.kind.setAttribute("aria-label", "Kind of what to look for");
    this.input = textField({ type: "search", placeholder: "text or 7f 45", size: 12, name: "needle" });
    this.start = button("Find", "Find (Enter)");
    this.start.type = "submit";
    this.previous = signButton("‹", "Previous hit (p)", () => this.step(-1));
    this.next = signButton("›", "Next hit (n)", () => this.step(1));
    this.stop = button("Stop", "Stop searching", () => this.#controller?.abort());
    this.more = button("Search on", `Search the next ${bytes(searchMaximum)}`, () => this.#search(this.#end));
    this.found = make("output");
    this.form.append(field("Find", this.input), this.kind, this.start, this.previous, this.next, this.stop, this.more, this.found);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#question === this.#asked() && this.hits.length > 0) this.step(1);
      else this.#search(undefined);
    });
    this.input.addEventListener("input", () => {
      if (this.input.value !== "") return;
      this.clear();
      this.#context.changed();
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#controller) this.#controller.abort();
    });
    host.append(this.form);
    this.#showButtons();
  }

  get length() {
    return this.#needle?.length ?? 0;
  }

  within(from, to) {
    return hitsWithin(this.hits, this.length, from, to);
  }

  /** Forgets everything: another object. */
  clear() {
    this.#controller?.abort();
    this.hits = [];
    this.#needle = this.#question = this.#end = undefined;
    setText(this.found, "");
    this.#showButtons();
  }

  step(direction) {
    const index = hitFrom(this.hits, this.#context.cursor(), direction);
    if (index === -1) return;
    this.#show(index);
  }

  #show(index) {
    const hit = this.hits[index];
    this.#context.show(hit, hit + this.length);
    this.#tell(`${count(index + 1)} of ${this.#countText()}`);
  }

  #countText() {
    return `${this.#isFull ? "the first " : ""}${plural(this.hits.length, "hit")}`;
  }

  get #isFull() {
    return this.hits.length >= hitsMaximum;
  }

  #asked() {
    return `${this.kind.value} ${this.input.value}`;
  }

  async #search(from) {
    const { bytes: needle, error } = parseNeedle(this.input.value, this.kind.value);
    if (error) {
      this.#tell(error);
      return;
    }
    this.#controller?.abort();
    const controller = new AbortController();
    this.#controller = controller;
    this.#needle = needle;
    this.#question = this.#asked();
    this.hits = [];
    this.#showButtons();
    this.#tell("Searching…");
    try {
      const start = from?.at ?? (this.#context.sizeBytes() <= searchMaximum ? 0 : this.#context.cursor());
      const result = await this.#collect(needle, start, from?.cursor, controller.signal);
      this.hits = result.hits;
      this.#end = result.isEnd ? undefined : { at: result.reached, cursor: result.cursor };
      this.#finish(from?.at ?? result.start ?? start, result);
    } catch (failure) {
      if (this.#controller !== controller) return;
      this.#tell(controller.signal.aborted ? "Stopped." : failure.message);
    }
    if (this.#controller === controller) this.#controller = undefined;
    this.#showButtons();
    this.#context.changed();
  }

  async #collect(needle, start, cursor, signal) {
    const { actions } = this.#context;
    const id = this.#context.id();
    serverSearches ??= await actions.api.get("openapi.json", signal)
      .then(({ paths }) => Object.keys(paths ?? {}).some((path) => path.endsWith("/segments/{id}/search")));
    const get = (path) => actions.api.get(path, signal);
    const isAtServer = serverSearches && needle.some((value) => value !== 0);
    if (isAtServer) return collectAtServer({ id, needle, cursor, get, progress: (_, hits) => this.#tell(`Searching: ${plural(hits, "hit")}…`) });
    return collect({
      needle, start, sizeBytes: this.#context.sizeBytes(), limit: searchMaximum,
      read: (offset, length) => actions.api.bytes(id, offset, length, signal),
      dataFrom: this.#isMapped() ? (offset) => nextData(get, id, offset) : undefined,
      progress: (reached, hits) => this.#tell(`Searching at ${hex(reached)}: ${plural(hits, "hit")}…`),
    });
  }

  #isMapped() {
    return isSparse(this.#context.id());
  }

  #finish(start, { searched, reached, isEnd }) {
    const range = isEnd ? (start > 0 ? `from ${hex(start)} to the end` : "in the whole") : `from ${hex(start)} to ${hex(reached)}`;
    const bound = isEnd || this.#isFull ? "" : `; a search reads ${bytes(searchMaximum)} at a time`;
    if (this.hits.length === 0) {
      this.#tell(`Not found ${range}${bound} (${bytes(searched)} read)`);
      return;
    }
    // The nearest behind the cursor, the one under it included.
    const index = this.hits.findIndex((hit) => hit >= this.#context.cursor());
    this.#show(Math.max(0, index));
    this.#tell(`${count(Math.max(0, index) + 1)} of ${this.#countText()} ${range}${bound}`);
  }

  #tell(text) {
    setText(this.found, text);
    this.found.title = text;
  }

  #showButtons() {
    const isSearching = this.#controller !== undefined;
    const hasFocus = [this.start, this.stop].includes(document.activeElement);
    this.start.hidden = isSearching;
    this.stop.hidden = !isSearching;
    if (hasFocus) (isSearching ? this.stop : this.start).focus();
    // How far it is, is not read out: what was found is.
    this.found.setAttribute("aria-busy", String(isSearching));
    this.previous.disabled = this.next.disabled = this.hits.length === 0;
    this.more.hidden = isSearching || this.#end === undefined;
  }
}

/** Whether the server can tell an object's holes. */
export function isSparse(id) {
  return /^(posix|semaphore|memfd):/.test(id ?? "");
}

/** The next stretch from an offset that is not a hole; undefined where only holes follow. */
async function nextData(get, id, offset) {
  let from = offset;
  for (;;) {
    const { runs, next } = await get(`segments/${id}/pages?offset=${Math.floor(from / 4096) * 4096}&limit=${runsAsked}`);
    const run = runs.find(({ state, offset: start, length }) => state !== "hole" && start + length > from);
    if (run) return { from: Math.max(run.offset, offset), to: run.offset + run.length };
    const last = runs.at(-1);
    if (!next || !last) return undefined;
    from = last.offset + last.length;
  }
}
