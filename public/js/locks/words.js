// What is said of threads and locks that wait for one another. Pure.

import { count, duration, hex, plural, visible } from "../format.js";
import { linkTo } from "../store.js";
import { isUnsure } from "./graph.js";

const types = {
  mutex: "mutex", condition: "condition", rwlock: "read-write lock", semaphore: "semaphore", barrier: "barrier",
  sysvSemaphore: "semaphore", futex: "futex word",
};
const sizes = { mutex: 40, condition: 48, rwlock: 56, semaphore: 32, barrier: 32 };

/** A type's number of bytes, for a selection; of what is unknown it is a word. */
export const lockBytes = (type) => sizes[type] ?? 4;

export const typeName = (type) => types[type] ?? visible(type ?? "lock");

/** A lock by its label and its place in its object. */
export function lockName({ type, label, offset, index }) {
  const place = index === undefined ? `at ${hex(offset)}` : `${count(index)} of the set`;
  return label ? `${typeName(type)} “${visible(label)}” ${place}` : `${typeName(type)} ${place}`;
}

/** An object's name in its id, until the server has said it. */
export function objectName(id) {
  try {
    const [kind, ...rest] = id.split(":");
    const name = visible(decodeURIComponent(rest.join(":")));
    return kind === "posix" ? name : `${kind} ${name}`;
  } catch {
    return id;
  }
}

/** Where a lock's bytes are shown; a semaphore of a set has none. */
export function lockRoute({ segment, type, offset, index }) {
  if (index !== undefined) return { segment, tab: "locks" };
  return { segment, at: String(offset), to: String(offset + lockBytes(type)) };
}

export const lockLink = (report) => linkTo(lockRoute(report));
export const processLink = ({ pid }) => linkTo({ process: String(pid) });
/** The table with only those that wait behind something. */
export const behindLink = (id) => linkTo({ view: "locks", node: id });

export function threadName({ command, pid, tid }) {
  const ids = [pid != null && String(pid), tid != null && tid !== pid && `thread ${tid}`].filter(Boolean);
  return `${visible(command) || "process"} (${ids.join(", ") || "unknown"})`;
}

/** Whether a thread is in a state in which it will not give back what it has. */
export const isStuck = ({ threadState }) => ["stopped", "traced", "zombie", "dead"].includes(threadState);
export const stateName = (state) => ({ traced: "stopped by a debugger", unknown: "state unknown" })[state] ?? visible(state ?? "state unknown");

/** What a thread does: `running`, `sleeping in read of pipe:[4711]`. */
export const doing = ({ threadState, sleepsIn }) => stateName(threadState) + (sleepsIn ? ` in ${sleepWords(sleepsIn)}` : "");

function sleepWords({ call, descriptor, target }) {
  if (descriptor === undefined) return visible(call);
  return `${visible(call)} of ${target === undefined ? `descriptor ${descriptor}` : visible(target)}`;
}

/** A time that is at least so long: it was measured from the first sight of the same sleep. */
export const atLeast = (milliseconds) => Number.isFinite(milliseconds) ? `≥ ${duration(milliseconds)}` : "time unknown";

/** What stands on an arrow; `grown` is how many milliseconds ago the answer was. */
export function edgeWords(edge, grown) {
  const { report } = edge;
  if (report.relation === "waitsFor") {
    const time = Number.isFinite(report.waitingForMilliseconds) ? atLeast(report.waitingForMilliseconds + grown) : "waits";
    return report.timed ? `${time}, timed` : time;
  }
  if (isUnsure(edge)) return "may have it";
  return Number.isFinite(report.heldForMilliseconds) ? `held ${duration(report.heldForMilliseconds + grown)}` : "held by";
}

/** Who has a lock, in words: what nobody knows is said to be unknown. */
export function holderWords({ report, out }) {
  const { owner, ownerCandidates, state, type, value } = report;
  const holders = out.filter((edge) => edge.report.relation === "heldBy").map(({ to }) => threadName(to.report));
  if (holders.length > 0 && !ownerCandidates?.length) return holders.join(", ");
  if (ownerCandidates?.length > 0) return `one of: ${ownerCandidates.map(threadName).join(", ")}`;
  if (owner) return `${threadName(owner)}${owner.alive === false || state === "ownerDead" ? ", which is gone" : ""}`;
  if (state === "ownerDead") return "somebody who is gone";
  if (state === "free" || state === "notRecoverable" || state === "destroyed") return "nobody";
  if (type === "rwlock" && value > 0) return `${plural(value, "reader")}, which the lock does not name`;
  if (isOwnerless(type)) return `nobody: a ${typeName(type)} has no owner`;
  return "unknown";
}

/** What nobody can own: an arrow leads to it and none away from it. */
export const isOwnerless = (type) => ["condition", "semaphore", "barrier", "sysvSemaphore", "futex"].includes(type);

const stateWords = {
  ownerDead: "owner is gone", notRecoverable: "lost for ever", corrupt: "corrupt", waitedOn: "waited on", idle: "idle",
};

/** What stands in a box, line by line: what is most likely to be cut off comes last. */
export function linesOf(item) {
  if (item.kind === "more") return [moreWords(item)];
  const { report } = item.node;
  if (item.kind === "thread") {
    const thread = report.tid === report.pid ? "" : `, thread ${report.tid}`;
    return [visible(report.command) || "process", `${report.pid}${thread} · ${doing(report)}`];
  }
  const { type, label, segment, offset, index } = report;
  return [
    label ? `“${visible(label)}” ${typeName(type)}` : typeName(type),
    `${index === undefined ? hex(offset) : `${count(index)} of the set`} in ${objectName(segment)}`, stateLine(item.node),
  ];
}

/** A lock's state, and whose it is where no arrow says that. */
function stateLine({ report, out }) {
  const { type, state, owner, ownerCandidates, verdict, value } = report;
  const name = stateWords[state] ?? visible(state ?? "state unknown");
  if (ownerCandidates?.length > 0) return `${name} by one of ${count(ownerCandidates.length)}`;
  if (type === "rwlock" && state === "held" && !owner && value > 0) return `held by ${plural(value, "reader")}`;
  if (state === "held" && out.length === 0) return owner ? `held by ${threadName(owner)}` : "held, by whom is unknown";
  return [undefined, "ok", "deadlock", state].includes(verdict) ? name : `${name}: ${verdictName(verdict)}`;
}

const verdictNames = {
  deadlock: "deadlock", ownerDead: "owner is gone", willAbort: "next one aborts", ownerNotMapping: "owner has left", ownerStopped: "owner is stopped",
  phantomReaders: "phantom readers", deadWaiters: "dead waiters", waitingOnNobody: "nobody will wake them", ambiguous: "ambiguous", ok: "ok",
};

/** A verdict in few words: its message says more. */
export const verdictName = (verdict) => verdictNames[verdict] ?? visible(verdict ?? "unknown");

const evidences = {
  waiter: "a thread waits on it", robustList: "a thread's own list of what it holds", scan: "its bytes look like one", layout: "the object's kind",
  header: "the segment's header",
};
export const evidenceWords = (evidence = []) => evidence.map((one) => evidences[one] ?? visible(one)).join(", ");

/** A lock with the object that it is in. */
export const placeName = (report) => `${lockName(report)} of ${objectName(report.segment)}`;

/** The same as the server writes it. */
export const placeTitle = ({ segment, offset, index }) => index === undefined ? `${segment}, offset ${count(offset)}` : `${segment}, index ${count(index)}`;

export const nodeName = ({ kind, report }) => kind === "thread" ? threadName(report) : `the ${placeName(report)}`;

/**
 * All of a box in one sentence: for its title, and for who does not see the drawing. `grown` is how many milliseconds ago the answer
 * was; without it no time is said.
 */
export function sentence(node, grown) {
  return node.kind === "thread" ? threadSentence(node, grown) : lockSentence(node);
}

function threadSentence({ report, out, into, circle }, grown) {
  const waits = out.map((edge) => `waits for ${nodeName(edge.to)}${waitedFor(edge, grown)}`);
  return [
    `Thread ${threadName(report)}, ${doing(report)}`, ...waits,
    into.length === 1 && `has ${nodeName(into[0].from)}`, into.length > 1 && `has ${plural(into.length, "lock")}`,
    circle && "part of a deadlock",
  ].filter(Boolean).join("; ");
}

function waitedFor({ report }, grown) {
  const time = grown === undefined ? "" : Number.isFinite(report.waitingForMilliseconds) ? `, for at least ${duration(report.waitingForMilliseconds + grown)}` : ", for how long is unknown";
  return `${time}${report.timed ? ", with a time limit" : ""}`;
}

function lockSentence(node) {
  const { report, verdict } = node;
  const waiting = report.waiterCount ?? node.into.length;
  const owner = report.state === "held" || report.state === "ownerDead" ? `; owner: ${holderWords(node)}` : "";
  return [
    `${capital(placeName(report))}, ${stateWords[report.state] ?? visible(report.state ?? "state unknown")}${owner}`,
    `${plural(waiting, "thread waits", "threads wait")} for it`,
    (verdict?.message ?? report.message) && visible(verdict?.message ?? report.message),
  ].filter(Boolean).join("; ");
}

/** What stands for those that are not drawn. */
export function moreWords({ threads, locks, behind, isOfRing }) {
  if (isOfRing) return `and ${count(threads)} more threads in the circle`;
  if (threads === 0) return `and ${plural(locks, "more lock")}${behind > 0 ? `, ${count(behind)} waiting` : ""}`;
  return `and ${count(threads)} more${behind > 0 ? `, ${count(behind)} behind them` : ""}`;
}

/** What a wait comes to in the end. */
export function endWords({ from, to }) {
  const circle = from.circle ?? to.root.circle;
  if (circle) return `${from.circle ? "itself, in a" : "a"} circle of ${plural(circle.ring.length / 2, "thread")}`;
  const { root } = to;
  if (root === to) return "nothing else";
  const name = root.kind === "thread" ? `${threadName(root.report)}, ${doing(root.report)}` : nodeName(root);
  return to.isUnsure ? `perhaps ${name}` : name;
}

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** The figures of an answer: what was looked at, and what was found. */
export function summary({ threadCount, waitingCount, movingCount, deadlocks = [] }) {
  const known = (value) => Number.isFinite(value) ? count(value) : "unknown";
  return [
    ["Threads looked at", { text: known(threadCount), title: "Threads of processes that map shared memory" }],
    ["Waiting", { text: known(waitingCount), title: "Threads that wait for something in shared memory" }],
    ["Moving", { text: known(movingCount), title: "Seen waiting at the first look, gone on by the second: no waiters" }],
    ["Deadlocks", { text: count(deadlocks.length), badges: deadlocks.length > 0 ? [{ text: plural(deadlocks.reduce((sum, { threads }) => sum + threads.length, 0), "thread"), tone: "error" }] : [] }],
  ];
}
