// The locks of a segment: who holds each, who waits, for how long.

import { boundOf, count, duration, hex, nanoseconds, percent, plural, visible } from "../format.js";
import { facts, make, reconcile } from "../dom.js";

let list;

export function connect(host) {
  list = make("div", { className: "locks" });
  host.append(list);
}

export function render(store) {
  reconcile(list, store.data("locks")?.locks ?? [], (lock) => lock.offset, (lock) => {
    const part = make("section");
    part.append(make("h3", { text: `${lock.label ?? lock.type} at ${hex(lock.offset)}` }), make("dl", { className: "facts" }));
    return part;
  }, (part, lock) => facts(part.lastElementChild, entries(lock)));
}

function entries(lock) {
  const { statistics, owner } = lock;
  const isBad = lock.verdict !== "ok";
  return [
    ["State", { text: lock.state, badges: isBad ? [{ text: lock.verdict, tone: "error" }] : [] }],
    ["Owner", owner && {
      text: thread(owner), badges: ["stopped", "dead", "zombie", "traced"].includes(owner.threadState) ? [{ text: owner.threadState, tone: "error" }] : [],
      note: owner.heldForMilliseconds == null ? undefined : `for ${duration(owner.heldForMilliseconds)}`,
    }],
    ["Waiters", lock.waiters.length === 0 ? "nobody" : {
      text: lock.waiters.map((waiter) => `${thread(waiter)}${waiter.waitingForMilliseconds == null ? "" : ` for ${duration(waiter.waitingForMilliseconds)}`}`).join(", "),
    }],
    ["Taken", statistics && plural(statistics.acquisitions, "time")],
    ["Found held", statistics && percent(statistics.acquisitions ? statistics.contended / statistics.acquisitions : 0)],
    ["Waits", statistics && spread(statistics.waitHistogram)],
    ["Holds", statistics && spread(statistics.holdHistogram)],
    ["Owners that died", statistics && count(statistics.ownerDeaths)],
  ];
}

function thread({ command, pid, tid }) {
  return `${visible(command) || "process"} (${pid ?? "?"}${tid != null && tid !== pid ? `, thread ${tid}` : ""})`;
}

/** The middle and the tail of a histogram whose bounds are powers of two. */
function spread(histogram) {
  const half = boundOf(histogram ?? [], 0.5);
  if (half === undefined) return "none timed";
  return {
    text: `half ≤ ${nanoseconds(half)}, 99 % ≤ ${nanoseconds(boundOf(histogram, 0.99))}`,
    title: `the longest ≤ ${nanoseconds(boundOf(histogram, 1))}`,
  };
}
