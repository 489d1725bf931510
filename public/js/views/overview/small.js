// The objects that are too small for the stream's list and may need attention all the same: an orphan of a page is one.
// Knows nothing of the page.

/** Between two looks. */
const againMilliseconds = 10000;
const listMaximum = 10000;

/** Objects of several lists, each once; what an earlier list says counts. */
export function merged(...lists) {
  const found = new Map();
  for (const segment of lists.flat()) if (!found.has(segment.id)) found.set(segment.id, segment);
  return [...found.values()];
}

export class Small {
  #get;
  #received;
  #known = [];
  #askedAt = -Infinity;

  /** `get(path)` asks, `received(segments)` hears what there is. */
  constructor({ get, received }) {
    this.#get = get;
    this.#received = received;
  }

  /** Called as often as the page is drawn; `list` is the stream's answer, the largest objects of the host. */
  look(list, now) {
    if (!list.next) {
      // All of them are in the list.
      if (this.#known.length > 0) this.#received(this.#known = []);
      return undefined;
    }
    if (now - this.#askedAt < againMilliseconds) return undefined;
    this.#askedAt = now;
    return this.#ask();
  }

  async #ask() {
    try {
      const answers = await Promise.all(["orphaned", "deleted"].map((key) =>
        this.#get(`segments?${key}=true&sort=-residentBytes&limit=${listMaximum}`)));
      this.#received(this.#known = merged(...answers.map((answer) => answer.segments)));
    } catch {
      // What was known says more than nothing; the next turn asks again.
    }
  }
}
