// What the server tells by itself: one stream a page, opened again after a break or a long silence.

const base = "api/v1/";
const reopenMilliseconds = 1000;
const reopenMillisecondsMaximum = 15000;
const probeMilliseconds = 10000;
/** The server speaks at least every few seconds: who says nothing for so long may be at the end of a dead connection. */
export const silentMilliseconds = 10000;
const silentMillisecondsMaximum = 80000;

/**
 * Follows one address at a time. `heard(part, data)` gets each event's object; `gone(problem)` hears that there is nothing
 * there (any more). `clock()` gives milliseconds.
 */
export class Stream {
  #hear;
  #clock;
  #source;
  #path;
  #parts = [];
  #isFollowing = false;
  /** Rises with each beginning and each end: what was begun before is of no interest. */
  #round = 0;
  #timer = 0;
  #failures = 0;
  #isProbing = false;
  /** What is followed is not there; now and then it is looked for. */
  #isOver = false;
  /** The newest event that is known to have come. It outlives a stop, so that what came meanwhile is sent later. */
  #sequence;
  #spokeAt = 0;
  #silences = 0;

  constructor({ heard, gone, clock = () => performance.now() }) {
    this.#hear = { heard, gone };
    this.#clock = clock;
  }

  /** Follows `path`; undefined follows nothing for the time being. `parts` are the names of its events. */
  follow(path, parts) {
    if (path === undefined) {
      this.stop();
      return;
    }
    if (this.#isFollowing && this.#path === path) return;
    this.stop();
    if (this.#path !== path) this.#sequence = undefined;
    this.#path = path;
    this.#parts = parts;
    this.#isOver = false;
    this.#failures = 0;
    this.#silences = 0;
    this.#isFollowing = true;
    this.#open();
  }

  stop() {
    this.#isFollowing = false;
    this.#close();
  }

  /** What is followed is another thing under the same name: the events of the one before mean nothing to it. */
  forget() {
    this.#sequence = undefined;
    if (!this.#source) return;
    this.#close();
    this.#open();
  }

  /** Whether the server is being reached for. */
  get isTrying() {
    return this.#isFollowing && !this.#isOver && (this.#isProbing || this.#timer !== 0
      || (this.#source !== undefined && this.#source.readyState !== EventSource.OPEN));
  }

  /** To be called now and then: a connection that is silent for long is given up for a new one, seldomer each time. */
  check() {
    if (!this.#source) return;
    const patience = Math.min(silentMillisecondsMaximum, silentMilliseconds * 2 ** this.#silences);
    if (this.#clock() - this.#spokeAt <= patience) return;
    this.#silences = Math.min(10, this.#silences + 1);
    this.#close();
    this.#open();
  }

  #close() {
    this.#round += 1;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#isProbing = false;
    this.#source?.close();
    this.#source = undefined;
  }

  #open() {
    this.#timer = 0;
    this.#spokeAt = this.#clock();
    const query = this.#sequence === undefined ? "" : `?after=${this.#sequence}`;
    const source = new EventSource(base + this.#path + query);
    this.#source = source;
    // The first tick comes before the events that were missed: it does not say that they have come.
    let isFirstTick = this.#sequence !== undefined;
    source.addEventListener("open", () => {
      this.#failures = 0;
      this.#isOver = false;
    });
    for (const part of [...this.#parts, "tick", "failure", "resync"]) {
      source.addEventListener(part, (event) => {
        const data = parsed(event.data);
        if (!data || this.#source !== source) return;
        this.#spokeAt = this.#clock();
        this.#silences = 0;
        if (part === "events") this.#note(newestOf(data));
        if (part === "tick") {
          if (!isFirstTick) this.#note(data.sequence);
          isFirstTick = false;
        }
        // After a resync all is sent as at the beginning.
        if (part === "resync") isFirstTick = this.#sequence !== undefined;
        if (part === "failure" && data.status === 404) this.#end(data);
        else this.#hear.heard(part, data);
      });
    }
    source.addEventListener("error", () => {
      isFirstTick = this.#sequence !== undefined;
      // The browser tries again by itself, unless it was refused: then this does, later and later.
      if (source.readyState === EventSource.CLOSED && this.#source === source) this.#probe();
    });
  }

  #note(sequence) {
    if (typeof sequence === "number") this.#sequence = sequence;
  }

  /** There is nothing to follow. What comes under this name later begins anew: programs are started again. */
  #end(problem) {
    this.#close();
    this.#sequence = undefined;
    this.#isOver = true;
    this.#timer = setTimeout(() => this.#open(), reopenMillisecondsMaximum);
    this.#hear.gone(problem);
  }

  /** An EventSource does not say why it was refused; who asks for the same by hand is told. */
  async #probe() {
    this.#close();
    const round = this.#round;
    this.#isProbing = true;
    const answer = await fetch(base + this.#path, {
      headers: { Accept: "text/event-stream, application/problem+json" }, signal: AbortSignal.timeout(probeMilliseconds),
    }).catch(() => undefined);
    const problem = answer && !answer.ok ? await answer.json().catch(() => ({ title: answer.statusText, status: answer.status })) : undefined;
    // What is well again is followed by the next try.
    if (answer?.ok) answer.body?.cancel();
    if (this.#round !== round) return;
    this.#isProbing = false;
    if (answer?.status === 404 && this.#path !== "stream") {
      this.#end(problem);
      return;
    }
    if (problem) this.#hear.heard("failure", problem);
    this.#failures += 1;
    const wait = Math.min(reopenMillisecondsMaximum, reopenMilliseconds * 2 ** Math.min(this.#failures, 10));
    this.#timer = setTimeout(() => this.#open(), wait * (0.75 + Math.random() / 4));
  }
}

/** The highest sequence among the events of an answer, in whatever order they stand. */
function newestOf({ events }) {
  return events?.reduce((newest, { sequence }) => newest === undefined || sequence > newest ? sequence : newest, undefined);
}

function parsed(text) {
  try {
    const data = JSON.parse(text);
    return data !== null && typeof data === "object" ? data : undefined;
  } catch {
    return undefined;
  }
}
