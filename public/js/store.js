// What the page knows: where it is, what the server answered, and when. Views read it; only its methods change it.

/** Data older than this is shown with a warning: three rounds missed, and a little. */
export const staleAfterMilliseconds = 3500;

/** The route's keys in the page's query, in the order in which they are written. */
const routeKeys = ["segment", "q", "kind", "sort", "state", "cursor", "at"];

export class Store extends EventTarget {
  #route = {};
  #answers = new Map();
  #paused = false;
  #retryAt = 0;

  /** `{segment?, q?, kind?, sort?, state?, cursor?, at?}`, all text. */
  get route() {
    return this.#route;
  }

  get isPaused() {
    return this.#paused;
  }

  /** When the next try is due, on the clock of `performance.now()`; 0 while all is well. */
  get retryAt() {
    return this.#retryAt;
  }

  /** The last good answer of a part of the page; undefined before the first. */
  data(part) {
    return this.#answers.get(part)?.data;
  }

  /** Why a part's last request failed; undefined once one succeeded. */
  error(part) {
    return this.#answers.get(part)?.error;
  }

  /** All failures that stand. */
  errors() {
    return [...this.#answers.values()].map((answer) => answer.error).filter(Boolean);
  }

  /** How old a part's data is, by the server's word and the time since it came; undefined where there is none. */
  age(part, now) {
    const answer = this.#answers.get(part);
    if (answer?.data === undefined) return undefined;
    return (answer.data.ageMilliseconds ?? 0) + now - answer.receivedAt;
  }

  /** The age of the oldest data that the page shows; undefined where it shows none. */
  oldestAge(now) {
    let oldest;
    for (const part of this.#answers.keys()) {
      const age = this.age(part, now);
      if (age !== undefined && !(age <= oldest)) oldest = age;
    }
    return oldest;
  }

  /** Goes somewhere else. What was answered about another segment, or another list, is forgotten. */
  go(route) {
    const before = this.#route;
    this.#route = route;
    if (before.segment !== route.segment) this.#answers.clear();
    if (before.at !== route.at) this.#answers.delete("at");
    for (const key of ["q", "kind", "sort"]) if (before[key] !== route[key]) this.#answers.delete("segments");
    for (const key of ["state", "cursor"]) {
      if (before[key] !== route[key]) for (const part of ["blocks", "segments"]) this.#answers.delete(part);
    }
    this.#changed();
  }

  received(part, data, now) {
    this.#answers.set(part, { data, receivedAt: now });
    this.#changed();
  }

  /** Keeps what was there before: old data with its age says more than none. */
  failed(part, error) {
    this.#answers.set(part, { ...this.#answers.get(part), error });
    this.#changed();
  }

  forget(part) {
    if (this.#answers.delete(part)) this.#changed();
  }

  pause(paused) {
    this.#paused = paused;
    this.#changed();
  }

  retry(at) {
    if (this.#retryAt === at) return;
    this.#retryAt = at;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** A route from a page's query. A bare name means a POSIX object; what cannot be an id names nothing. */
export function routeFrom(search) {
  const query = new URLSearchParams(search);
  const route = {};
  for (const key of routeKeys) if (query.get(key)) route[key] = query.get(key);
  if (route.segment && !segmentId.test(route.segment)) route.segment = `posix:${encoded(route.segment)}`;
  if (route.at && !/^\d{1,15}$/.test(route.at)) delete route.at;
  return route;
}

// An id goes into a path as it is. With its colon it cannot be taken for `.` or `..`, however those are encoded.
const segmentId = /^[A-Za-z]+:[A-Za-z0-9%._~@:-]{1,1100}$/;

/** A name as ids have it: all but unreserved characters in per cent and hex. */
function encoded(name) {
  return encodeURIComponent(name).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The query that names a route; "./" for the list without a filter. */
export function linkTo(route) {
  const query = new URLSearchParams();
  for (const key of routeKeys) if (route[key]) query.set(key, route[key]);
  const text = query.toString();
  return text ? `?${text}` : "./";
}
