// Looks into managed segments for what their lists do not say, gently: a few at a time, and only while the overview is
// drawn. Knows nothing of the page.
//
// A segment's locks are asked for each time it takes its turn. Its findings and participants cost the server a look at
// the whole heap: they are asked for less often, and the seldomer the longer that takes.

const roundMilliseconds = 2000;
/** A stream's first list may be a little old: what went just now is not asked for. */
const firstMilliseconds = 1000;
const thoroughMilliseconds = 8000;
/** From one thorough look at a segment to the next passes so many times what it took. */
const restFactor = 10;
const restMaximum = 20000;
/** Between two looks at what is too small for the stream's list. */
const wideMilliseconds = 10000;
/** Segments that are looked into in one round. */
export const roundMaximum = 8;
/** Of these the ones that had something to tell: they are asked again each round, the others take turns. */
const againMaximum = 4;
const listMaximum = 10000;
/** What is younger may be gone before it is asked about: many objects live for a moment only. */
const settledMilliseconds = 3000;

/** Which segments to look into next; `alarmed` had something to tell, `asked` maps an id to when it was asked. */
export function nextRound(ids, alarmed, asked) {
  const known = new Set(ids);
  const again = alarmed.filter((id) => known.has(id)).slice(0, againMaximum);
  const others = ids.filter((id) => !again.includes(id))
    .sort((a, b) => (asked.get(a) ?? -Infinity) - (asked.get(b) ?? -Infinity));
  return [...again, ...others].slice(0, roundMaximum);
}

/** Objects of several lists, each once; what an earlier list says counts. */
export function merged(...lists) {
  const found = new Map();
  for (const segment of lists.flat()) if (!found.has(segment.id)) found.set(segment.id, segment);
  return [...found.values()];
}

function isSettled({ createdAt }, time) {
  return !(time - Date.parse(createdAt) < settledMilliseconds);
}

export class Watch {
  #get;
  #clock;
  #received;
  #isAlarming;
  #insides = new Map();
  /** Segments whose last look failed: what is known of them is old, and nothing can be said of those that never had one. */
  #failed = new Set();
  #asked = new Map();
  #small = [];
  #roundAt = -Infinity;
  #wideAt = -Infinity;
  #isBusy = false;

  /**
   * `get(path)` asks, `received({insides, small, managedCount, failedCount, isComplete})` hears the news: `insides` is
   * `[{id, segment, locks, participants}]`, `small` the objects that were too small for the list, `failedCount` how many
   * segments could not be looked into, `isComplete` whether all had a turn. `isAlarming(inside)` says what is worth asking again, `clock()` the time that `look` is told too.
   */
  constructor({ get, received, isAlarming, clock }) {
    this.#get = get;
    this.#clock = clock;
    this.#received = received;
    this.#isAlarming = isAlarming;
  }

  /** Called where a stream begins: the first round comes a little later. */
  rest(now) {
    this.#roundAt = now - roundMilliseconds + firstMilliseconds;
  }

  /**
   * Called as often as the page is drawn; `list` is the stream's answer, the largest objects of the host, and `time` the
   * server's clock: a list that does not change is not sent again, and its own time stands still.
   */
  look(list, now, time) {
    if (this.#isBusy || now - this.#roundAt < roundMilliseconds) return undefined;
    this.#roundAt = now;
    this.#isBusy = true;
    return this.#round(list, now, time).finally(() => {
      this.#isBusy = false;
    });
  }

  async #round(list, now, time) {
    if (!list.next) this.#small = [];
    else if (now - this.#wideAt >= wideMilliseconds) {
      this.#wideAt = now;
      this.#small = await this.#askSmall();
    }
    const ids = merged(list.segments, this.#small).filter((segment) => segment.managed && isSettled(segment, time))
      .map((segment) => segment.id);
    const known = new Set(ids);
    for (const kept of [this.#insides, this.#asked, this.#failed]) for (const id of [...kept.keys()]) if (!known.has(id)) kept.delete(id);
    const alarmed = [...this.#insides.values()].filter(this.#isAlarming).map(({ id }) => id);
    const tell = () => this.#received({
      insides: [...this.#insides.values()], small: this.#small, managedCount: ids.length, failedCount: this.#failed.size,
      isComplete: ids.every((id) => this.#insides.has(id) || this.#failed.has(id)),
    });
    // Each is told as it comes: one that is slow holds up no other.
    await Promise.all(nextRound(ids, alarmed, this.#asked).map((id) => this.#ask(id, now).then(tell)));
    tell();
  }

  /** What may need attention though it is small: an orphan of a page is one all the same. */
  async #askSmall() {
    try {
      const answers = await Promise.all(["orphaned", "deleted", "managed"].map((key) =>
        this.#get(`segments?${key}=true&sort=-residentBytes&limit=${listMaximum}`)));
      return merged(...answers.map((answer) => answer.segments));
    } catch {
      // What was known says more than nothing; the next turn asks again.
      return this.#small;
    }
  }

  async #ask(id, now) {
    this.#asked.set(id, now);
    try {
      await this.#lookInto(id, now);
      this.#failed.delete(id);
    } catch (error) {
      // Only what is gone is forgotten: an alarm that cannot be looked at again stands.
      if (error.status === 404) this.#insides.delete(id);
      else this.#failed.add(id);
    }
  }

  async #lookInto(id, now) {
    const get = (part) => this.#get(`segments/${id}${part}`);
    let inside = this.#insides.get(id);
    if (!inside || now >= inside.thoroughAt) {
      const segment = await get("");
      // Of one that cannot be decoded its finding is all there is.
      const answer = segment.heap && segment.participantCount > 0 ? await get("/participants?limit=1000") : undefined;
      const rest = Math.min(restMaximum, Math.max(thoroughMilliseconds, restFactor * (this.#clock() - now)));
      inside = { id, segment, participants: answer?.participants ?? [], locks: [], isTroubled: inside?.isTroubled, thoroughAt: now + rest };
    }
    const locks = inside.segment.heap ? (await get("/locks")).locks : [];
    // A lock that is in trouble may be so because somebody died: that is looked into at the next turn.
    const isTroubled = this.#isAlarming({ locks, participants: [] });
    const thoroughAt = isTroubled && !inside.isTroubled ? now : inside.thoroughAt;
    this.#insides.set(id, { ...inside, locks, isTroubled, thoroughAt });
  }
}
