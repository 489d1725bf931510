// What the page knows: where it is, what the server said, and when. Views read it; only its methods change it.

import { History } from "./history.js";

/** Data older than this is shown with a warning: some looks of the server missed, and a little. */
export const staleAfterMilliseconds = 3500;
const eventsKept = 5000;

/** The route's keys in the page's query, in the order in which they are written. */
const routeKeys = [
  "segment", "tab", "q", "kind", "sort", "managed", "orphaned", "deleted", "state", "owner", "tag", "lanes", "cursor", "area", "colour", "hide",
  "from", "span", "at", "to",
];
const numberKeys = ["from", "span", "at", "to"];

export class Store extends EventTarget {
  #route = {};
  #answers = new Map();
  #paused = false;
  #connection = "connecting";
  #pastAt;
  #moment;
  #heardAt;
  history = new History();
  /** The last events of the segment that is looked at, ascending. */
  events = [];
  /** Events that nobody has seen: the ring went on meanwhile. */
  lostEvents = 0;
  /** The newest event that the server told of. */
  sequence;

  /** All text. */
  get route() {
    return this.#route;
  }

  get isPaused() {
    return this.#paused;
  }

  /** `connecting`, `open` or `broken`. */
  get connection() {
    return this.#connection;
  }

  /** Whether what is shown is a moment that has passed. */
  get isPast() {
    return this.#pastAt !== undefined;
  }

  get pastAt() {
    return this.#pastAt;
  }

  /** The last good answer of a part, or that of the moment that is looked back at; undefined before the first. */
  data(part) {
    if (this.#moment) return this.#moment.parts.get(part);
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

  /** How old a part's data is, by the server's word and the time since anything was heard; undefined where there is none. */
  age(part, now) {
    const answer = this.#answers.get(part);
    if (answer?.data === undefined) return undefined;
    // What did not change is not sent again: it is as new as the last word from the server.
    return now - Math.max(answer.receivedAt, answer.isStreamed ? this.#heardAt ?? 0 : 0);
  }

  /** Milliseconds since the server was last heard; undefined before. */
  silence(now) {
    return this.#heardAt === undefined ? undefined : now - this.#heardAt;
  }

  series(name) {
    return this.history.series(name);
  }

  /** Goes somewhere else. What was said about another segment is forgotten. */
  go(route) {
    const before = this.#route;
    this.#route = route;
    if (before.segment !== route.segment) {
      this.#answers.clear();
      this.history.clear();
      this.events = [];
      this.lostEvents = 0;
      this.sequence = undefined;
      this.#heardAt = undefined;
      this.#pastAt = undefined;
      this.#moment = undefined;
    }
    this.#changed();
  }

  /** An object that the stream sent. */
  heard(part, data, now) {
    this.#heardAt = now;
    if (typeof data.sequence === "number") this.sequence = data.sequence;
    if (part === "events") this.#addEvents(data);
    else if (part === "failure") this.#fail("segment", data);
    else if (part !== "tick" && part !== "resync") this.#answers.set(part, { data, receivedAt: now, isStreamed: true });
    if (part === "tick" && this.#answers.has("segment")) this.#note();
    this.#changed();
  }

  #fail(part, problem) {
    const error = new Error(`${problem.status ?? ""} ${problem.title ?? "failed"}. ${problem.detail ?? ""}`.trim());
    this.#answers.set(part, { ...this.#answers.get(part), error });
  }

  #note() {
    const parts = new Map();
    for (const [part, answer] of this.#answers) if (answer.data !== undefined) parts.set(part, answer.data);
    this.history.note(Date.now(), parts);
  }

  #addEvents({ events, lost }) {
    // The server sends the newest first.
    const ascending = events.length > 1 && events[0].sequence > events[1].sequence ? [...events].reverse() : events;
    const newest = this.events.at(-1)?.sequence ?? -1;
    const fresh = ascending.filter((event) => event.sequence > newest);
    if (newest >= 0 && fresh.length > 0) this.lostEvents += fresh[0].sequence - newest - 1;
    else this.lostEvents += lost ?? 0;
    this.events = [...this.events, ...fresh].slice(-eventsKept);
    if (fresh.length > 0) this.sequence = fresh.at(-1).sequence;
  }

  /** Events that were there before the page was. */
  addOlder(events) {
    const first = this.events[0]?.sequence ?? Infinity;
    const older = [...events].sort((a, b) => a.sequence - b.sequence).filter((event) => event.sequence < first);
    this.events = [...older, ...this.events].slice(-eventsKept);
    this.#changed();
  }

  /** An answer that was asked for. */
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

  connected(connection) {
    if (this.#connection === connection) return;
    this.#connection = connection;
    this.#changed();
  }

  /** Looks back at a moment; undefined looks at what is. */
  lookBack(at) {
    this.#pastAt = at;
    this.#moment = at === undefined ? undefined : this.history.momentAt(at);
    if (!this.#moment) this.#pastAt = undefined;
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
  for (const key of numberKeys) if (route[key] && !/^\d{1,15}$/.test(route[key])) delete route[key];
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
  for (const key of routeKeys) if (route[key] !== undefined && route[key] !== "") query.set(key, route[key]);
  const text = query.toString();
  return text ? `?${text}` : "./";
}
