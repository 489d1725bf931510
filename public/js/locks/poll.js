// When to ask who waits for whom: the overview and the page of locks have the same answer, and a server that needs long for it is
// asked seldomer. Knows nothing of the page.

import { get } from "../api.js";

export const path = "locks";
const slowest = 15000;
/** A server is given so many times as long as its answer took before the next question. */
const restShare = 4;

export class Poll {
  #get;
  #askedAt = -Infinity;
  #isUnderWay = false;
  #took = 0;
  #failures = 0;

  /** `get(path)` asks. */
  constructor(get) {
    this.#get = get;
  }

  /** How long to wait from one question to the next. */
  #pause(againMilliseconds) {
    return Math.min(slowest, Math.max(againMilliseconds * 2 ** Math.min(this.#failures, 8), this.#took * restShare));
  }

  /** Called as often as one likes: asks where it is time to, and then resolves once `received` or `failed` was called. */
  look(now, againMilliseconds, { received, failed, clock = () => performance.now() }) {
    if (this.#isUnderWay || now - this.#askedAt < this.#pause(againMilliseconds)) return undefined;
    this.#askedAt = now;
    this.#isUnderWay = true;
    return this.#ask(received, failed, clock);
  }

  async #ask(received, failed, clock) {
    try {
      const answer = await this.#get(path);
      this.#took = clock() - this.#askedAt;
      this.#failures = 0;
      received({ ...answer, receivedAt: clock() });
    } catch (error) {
      this.#failures += 1;
      failed(error);
    } finally {
      this.#isUnderWay = false;
    }
  }
}

const poll = new Poll(get);
/** What is not there yet is asked for as soon as one may. */
const firstMilliseconds = 250;

/** Keeps the store's part `waits` fresh. While paused only what nobody has seen yet is asked for, as with all that is shown. */
export function lookAtWaits(store, againMilliseconds, now = performance.now()) {
  const isFirst = store.data("waits") === undefined;
  if (globalThis.document?.hidden || (store.isPaused && !isFirst)) return;
  // Whoever went to an object meanwhile has forgotten what the host told.
  const isWanted = () => store.route.segment === undefined;
  poll.look(now, isFirst ? firstMilliseconds : againMilliseconds, {
    received: (answer) => { if (isWanted()) store.received("waits", answer, performance.now()); },
    failed: (error) => { if (isWanted()) store.failed("waits", error); },
  });
}
