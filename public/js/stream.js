// What the server tells by itself: one stream a page, opened again after a break, and a word on how old the picture is.

const base = "api/v1/";
const reopenMilliseconds = 1000;
const reopenMillisecondsMaximum = 15000;

/**
 * Follows one address at a time. `heard(part, data)` gets each event's object; `state(name)` hears `connecting`, `open`,
 * `broken`; `gone(problem)` that there is nothing there (any more).
 */
export class Stream {
  #hear;
  #source;
  #path;
  #timer = 0;
  #failures = 0;
  #sequence;

  constructor({ heard, state, gone }) {
    this.#hear = { heard, state, gone };
  }

  /** Follows `path`; undefined follows nothing. `parts` are the names of its events. */
  follow(path, parts) {
    if (this.#path === path && this.#source) return;
    this.stop();
    this.#path = path;
    this.#sequence = undefined;
    this.#failures = 0;
    if (path) this.#open(parts);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  #open(parts) {
    this.#hear.state("connecting");
    const query = this.#sequence === undefined ? "" : `?after=${this.#sequence}`;
    const source = new EventSource(base + this.#path + query);
    this.#source = source;
    source.addEventListener("open", () => {
      this.#failures = 0;
      this.#hear.state("open");
    });
    for (const part of [...parts, "tick", "failure", "resync"]) {
      source.addEventListener(part, (event) => {
        const data = parsed(event.data);
        if (!data) return;
        if (typeof data.sequence === "number") this.#sequence = data.sequence;
        this.#hear.heard(part, data);
        if (part === "failure" && data.status === 404) {
          this.stop();
          this.#hear.gone(data);
        }
      });
    }
    source.addEventListener("error", () => {
      this.#hear.state("broken");
      // The browser tries again by itself, unless it was refused: then this does, later and later.
      if (source.readyState === EventSource.CLOSED && this.#source === source) this.#reopen(parts);
    });
  }

  async #reopen(parts) {
    this.#source = undefined;
    const path = this.#path;
    const answer = await fetch(base + path.replace(/\/?stream$/, "") || `${base}status`, { headers: { Accept: "application/json" } })
      .catch(() => undefined);
    if (this.#path !== path || this.#source) return;
    if (answer?.status === 404) {
      this.#hear.gone(await answer.json().catch(() => ({ title: "not found", status: 404 })));
      return;
    }
    this.#failures += 1;
    const wait = Math.min(reopenMillisecondsMaximum, reopenMilliseconds * 2 ** Math.min(this.#failures, 10));
    this.#timer = setTimeout(() => this.#open(parts), wait * (0.75 + Math.random() / 4));
  }
}

function parsed(text) {
  try {
    const data = JSON.parse(text);
    return data !== null && typeof data === "object" ? data : undefined;
  } catch {
    return undefined;
  }
}
