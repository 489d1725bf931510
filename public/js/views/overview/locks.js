// Looks at the locks of managed segments, gently: a few at a time, and only while somebody can see the page.

const periodMilliseconds = 3000;
/** Segments that are asked about in one round. */
export const roundMaximum = 8;
/** Of these the ones that had something to tell: they are asked again each round, the others take turns. */
const againMaximum = 4;

/** Which segments to ask about next; `alarmed` had something to tell, `asked` maps an id to when it was asked. */
export function nextRound(ids, alarmed, asked) {
  const known = new Set(ids);
  const again = alarmed.filter((id) => known.has(id)).slice(0, againMaximum);
  const others = ids.filter((id) => !again.includes(id))
    .sort((a, b) => (asked.get(a) ?? -1) - (asked.get(b) ?? -1));
  return [...again, ...others].slice(0, roundMaximum);
}

/** What is known of the locks of many segments. */
export class LockWatch {
  #get;
  #changed;
  #ids = [];
  #answers = new Map();
  #asked = new Map();
  #timer = 0;
  #controller = null;
  #isAlarming;

  /** `get(path, signal)` asks, `changed()` hears of news, `isAlarming(lock)` says what is worth asking again. */
  constructor({ get, changed, isAlarming }) {
    this.#get = get;
    this.#changed = changed;
    this.#isAlarming = isAlarming;
    document.addEventListener("visibilitychange", () => this.#arm());
  }

  /** Follows these segments from now on; none: rests. */
  follow(ids) {
    this.#ids = ids;
    const known = new Set(ids);
    for (const id of [...this.#answers.keys()]) if (!known.has(id)) this.#answers.delete(id);
    for (const id of [...this.#asked.keys()]) if (!known.has(id)) this.#asked.delete(id);
    this.#arm();
  }

  /** `[{id, locks}]` of those that answered. */
  get locks() {
    return [...this.#answers].map(([id, locks]) => ({ id, locks }));
  }

  get count() {
    return this.#answers.size;
  }

  #arm() {
    if (document.hidden || this.#ids.length === 0) {
      clearTimeout(this.#timer);
      this.#timer = 0;
      this.#controller?.abort();
      this.#controller = null;
    } else if (this.#timer === 0 && !this.#controller) {
      this.#timer = setTimeout(() => this.#round(), this.#asked.size === 0 ? 0 : periodMilliseconds);
    }
  }

  async #round() {
    const controller = new AbortController();
    this.#timer = 0;
    this.#controller = controller;
    const alarmed = [...this.#answers].filter(([, locks]) => locks.some(this.#isAlarming)).map(([id]) => id);
    const ids = nextRound(this.#ids, alarmed, this.#asked);
    await Promise.all(ids.map((id) => this.#ask(id, controller.signal)));
    if (this.#controller !== controller) return;
    this.#controller = null;
    this.#changed();
    this.#arm();
  }

  async #ask(id, signal) {
    this.#asked.set(id, performance.now());
    try {
      const answer = await this.#get(`segments/${id}/locks`, signal);
      if (!signal.aborted) this.#answers.set(id, answer.locks ?? []);
    } catch {
      // A segment that cannot be decoded has no locks to show; its finding is a line of its own.
      if (!signal.aborted) this.#answers.delete(id);
    }
  }
}
