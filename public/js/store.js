// What the page knows: where it is, what the server said, and when. Views read it; only its methods change it.

import { History } from "./history.js";

/** Data older than this is shown with a warning: some looks of the server missed, and a little. */
export const staleAfterMilliseconds = 3500;
const eventsKept = 5000;

/** The route's keys in the page's query, in the order in which they are written. */
const routeKeys = [
  "view", "node", "segment", "process", "tab", "q", "kind", "uid", "minBytes", "sort", "managed", "orphaned", "deleted", "state", "owner", "tag", "lanes", "cursor", "area", "colour", "hide",
  "from", "span", "at", "to",
];
const numberKeys = ["process", "uid", "from", "span", "at", "to"];

export class Store extends EventTarget {
  #route = {};
  #answers = new Map();
  #paused = false;
  #pastAt;
  #moment;
  #heardAt;
  /** The server's clock, `{taken, now}`: its time, and this page's when it was told. */
  #clock;
  /** What tells a segment from another one under the same name, `{uuid, inode}`. */
  #identity;
  #epoch = 0;
  #hasFailed = false;
  /** Whether the server says that what is looked at is not there (any more). */
  isGone = false;
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

  /** A number that rises where all is forgotten: another segment is looked at, be it one that was made anew under its name. */
  get epoch() {
    return this.#epoch;
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

  /** Milliseconds since the server was last heard; undefined before. */
  silence(now) {
    return this.#heardAt === undefined ? undefined : now - this.#heardAt;
  }

  /**
   * The server's time in milliseconds, by which ages are told: the clock of the browser may be wrong, and what does not
   * change is not sent again. Of a moment that has passed, that moment's. It stands still while nothing is heard, as what
   * is shown does. NaN before the first word.
   */
  serverNow(now = performance.now()) {
    if (this.#moment) return this.#moment.at;
    if (!this.#clock) return NaN;
    const since = this.#paused ? 0 : Math.max(0, now - this.#clock.now);
    return this.#clock.taken + Math.min(since, staleAfterMilliseconds);
  }

  series(name) {
    return this.history.series(name);
  }

  /** Goes somewhere else. What was said about another segment is forgotten. */
  go(route) {
    const before = this.#route;
    this.#route = route;
    if (before.segment !== route.segment) {
      this.isGone = false;
      this.#forget();
      this.#heardAt = this.#clock = undefined;
      this.#hasFailed = false;
    }
    this.#changed();
  }

  #forget() {
    this.#epoch += 1;
    this.#answers.clear();
    this.history.clear();
    this.events = [];
    this.lostEvents = 0;
    this.sequence = this.#identity = this.#pastAt = this.#moment = undefined;
  }

  /** An object that the stream sent. */
  heard(part, data, now) {
    this.#heardAt = now;
    this.isGone = false;
    this.#tell(part, data, now);
    if (part === "segment") this.#identify(data);
    if (part === "tick" && typeof data.sequence === "number") this.sequence = data.sequence;
    if (part === "failure") this.#fail("stream", data);
    else if (part === "events") this.#addEvents(data);
    else if (part !== "tick" && part !== "resync") this.#answers.set(part, { data });
    if (part !== "failure" && part !== "resync") this.#recover(part === "tick");
    if (part === "tick" && this.#clock && this.#answers.has("segment")) this.#note();
    this.#changed();
  }

  /** Each look of the server ends with a tick, which says when that was. */
  #tell(part, { takenAt }, now) {
    const taken = Date.parse(takenAt ?? "");
    if (Number.isFinite(taken) && (part === "tick" || !this.#clock)) this.#clock = { taken, now };
  }

  /** A segment's header names it; where there is none that can be read, its inode does. */
  #identify({ header, inode }) {
    const before = this.#identity;
    const isOther = before && (before.uuid && header?.uuid ? before.uuid !== header.uuid
      : before.inode !== undefined && inode !== undefined && before.inode !== inode);
    if (isOther) this.#forget();
    this.#identity = { uuid: header?.uuid ?? this.#identity?.uuid, inode: inode ?? this.#identity?.inode };
  }

  /** There is no such object, or none any more: what is shown is the last that was seen of it. */
  ended(problem) {
    this.isGone = true;
    this.failed("segment", new Error(`${problem.detail ?? problem.title ?? "It is gone."}`));
  }

  /** A look that failed has told so before its tick: after any other, the failure stands no more. */
  #recover(isTick) {
    if (!(isTick && this.#hasFailed)) this.#answers.delete("stream");
    if (isTick) this.#hasFailed = false;
  }

  #fail(part, problem) {
    const error = new Error(`${problem.status ?? ""} ${problem.title ?? "failed"}. ${problem.detail ?? ""}`.trim());
    this.#answers.set(part, { ...this.#answers.get(part), error });
    this.#hasFailed = true;
  }

  #note() {
    const parts = new Map();
    for (const [part, answer] of this.#answers) if (answer.data !== undefined) parts.set(part, answer.data);
    this.history.note(this.#clock.taken, parts);
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
    this.#tell(part, data, now);
    this.#answers.set(part, { data });
    this.#changed();
  }

  /** Keeps what was there before: old data with its age says more than none. */
  failed(part, error) {
    this.#answers.set(part, { ...this.#answers.get(part), error });
    this.#changed();
  }

  pause(paused) {
    this.#paused = paused;
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
