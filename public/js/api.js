// Requests to the server, and when to make them. All paths are relative to the page, which may stand under a prefix.

const base = "api/v1/";
/** An answer that takes longer than this is not waited for. */
const timeoutMilliseconds = 5000;
/** From the beginning of one round of requests to the beginning of the next. */
const periodMilliseconds = 1000;
const backOffMaximumMilliseconds = 15000;

/** A request that was not answered, or not well. Its message names the endpoint and is fit to be shown. */
export class RequestError extends Error {
  constructor(endpoint, { status, title, detail }) {
    super(`GET ${endpoint}: ${[status, title].filter(Boolean).join(" ")}${detail ? `. ${detail}` : ""}`);
    this.name = "RequestError";
    this.endpoint = endpoint;
    /** The HTTP status; undefined where no answer came. */
    this.status = status;
  }
}

/** The address of an endpoint, for a link. */
export function address(path) {
  return base + path;
}

/**
 * Gets an object. Throws a RequestError, or the signal's AbortError where the caller gave up.
 * A token, where the server asks for one, is in a cookie.
 */
export async function get(path, signal) {
  const endpoint = base + path;
  const controller = new AbortController();
  const giveUp = () => controller.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", giveUp);
  const timer = setTimeout(() => controller.abort(), timeoutMilliseconds);
  try {
    const response = await fetch(endpoint, {
      signal: controller.signal,
      credentials: "same-origin",
      cache: "no-store",
      headers: { Accept: "application/json, application/problem+json" },
    });
    if (!response.ok) throw await refusal(endpoint, response);
    const answer = await response.json();
    if (answer === null || typeof answer !== "object") throw new SyntaxError("not an object");
    return answer;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RequestError) throw error;
    if (controller.signal.aborted) {
      throw new RequestError(endpoint, { title: `no answer within ${timeoutMilliseconds / 1000} s` });
    }
    if (error instanceof SyntaxError) throw new RequestError(endpoint, { title: "the answer is not JSON" });
    throw new RequestError(endpoint, { title: "the server cannot be reached" });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
  }
}

async function refusal(endpoint, response) {
  const problem = await response.json().catch(() => ({}));
  const detail = response.status === 401
    ? "Open the address with ?token= that the server printed when it started."
    : problem.detail;
  return new RequestError(endpoint, { status: response.status, title: problem.title ?? response.statusText, detail });
}

/**
 * Runs rounds of requests while it is started: one a second, later and later while none of them succeeds.
 *
 * `round(signal)` resolves to whether anything was answered. Rounds never overlap.
 */
export class Poller {
  #round;
  #waiting;
  #controller = null;
  #timer = 0;
  #failures = 0;

  /** `waiting(milliseconds)` hears of each wait that is longer than the period. */
  constructor(round, waiting) {
    this.#round = round;
    this.#waiting = waiting;
  }

  /** Begins a round now, whatever was under way; with `once` it is the last. */
  restart({ once = false } = {}) {
    this.stop();
    this.#failures = 0;
    this.#controller = new AbortController();
    this.#run(this.#controller.signal, once);
  }

  stop() {
    this.#controller?.abort();
    this.#controller = null;
    clearTimeout(this.#timer);
  }

  async #run(signal, once) {
    const begun = performance.now();
    const answered = await this.#round(signal);
    if (signal.aborted || once) return;
    this.#failures = answered ? 0 : this.#failures + 1;
    const wait = this.#failures === 0
      ? Math.max(0, periodMilliseconds - (performance.now() - begun))
      : this.#backOff();
    this.#waiting(this.#failures === 0 ? 0 : wait);
    this.#timer = setTimeout(() => this.#run(signal, once), wait);
  }

  /** Doubles with each failure. The last quarter is left to chance, so that many pages do not return as one. */
  #backOff() {
    const full = Math.min(backOffMaximumMilliseconds, periodMilliseconds * 2 ** Math.min(this.#failures - 1, 10));
    return full * (0.75 + Math.random() / 4);
  }
}
