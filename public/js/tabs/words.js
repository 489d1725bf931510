// What a lock's verdict means, and what would help. Pure.

import { count, ended, plural, visible } from "../format.js";
import { threadName, typeName } from "../locks/words.js";

/** A process and its thread, as people name them; `name`, beside it, is what it calls itself as a participant. */
export const thread = (one) => `${threadName(one)}${one.name ? ` · ${visible(one.name)}` : ""}`;

/** How a thread is, in a word and a tone; undefined where it is as it should be. */
export function trouble({ alive, threadState }) {
  if (alive === false || threadState === "dead") return { text: "dead", tone: "error" };
  if (threadState === "zombie") return { text: "zombie: it ended, its parent has not noticed", tone: "error" };
  if (threadState === "stopped") return { text: "stopped", tone: "error" };
  if (threadState === "traced") return { text: "stopped by a debugger", tone: "warning" };
  if (alive === "unknown") return { text: "cannot be seen from here", tone: "warning" };
  return undefined;
}

/** What a lock is made of, for people who know mutexes. */
export function nature(lock) {
  return [
    lock.mutexType && { normal: "normal", recursive: "recursive", errorCheck: "error checking", adaptive: "adaptive" }[lock.mutexType],
    lock.robust === true && "robust", lock.robust === false && "not robust",
    lock.processShared === true && "shared by processes", lock.processShared === false && "private to one process",
    lock.protocol === "inherit" && "priority inheritance", lock.protocol === "protect" && "priority ceiling",
    typeName(lock.type),
  ].filter(Boolean).join(", ");
}

const rescue = (lock) => lock.robust
  ? "The lock is robust: the next process that takes it is told and repairs what was half done."
  : "The lock is not robust: nobody will ever get it; what uses it has to be started anew.";

const verdicts = {
  ownerStopped: (lock, owner) => ({
    tone: "error", title: `The holder is stopped: ${owner}`,
    help: `Nobody gets the lock until it goes on. To continue it: kill -CONT ${lock.owner?.pid}. Or end it. ${rescue(lock)}`,
  }),
  ownerDead: (lock, owner) => ({
    tone: "error", title: `The holder died while it held the lock: ${owner}`,
    help: lock.recoverable === false ? "It cannot be recovered." : rescue(lock),
  }),
  ownerNotMapping: (lock, owner) => ({
    tone: "error", title: `The holder no longer has this memory mapped: ${owner}`,
    help: "It cannot unlock what it does not see. Probably the process was replaced by another with the same number; end it, or take the lock by a repair.",
  }),
  deadlock: () => ({ tone: "error", title: "A deadlock: the waiters wait for one another", help: "It will not end by itself. End one of the processes that take part." }),
  willAbort: () => ({ tone: "error", title: "Whoever takes this lock next will be ended by the C library", help: "Its owner died, and the lock is neither robust nor plain. End the processes before they touch it, and make the lock anew." }),
  phantomReaders: () => ({ tone: "error", title: "Readers are counted that cannot give it back", help: "They died, or wait for it themselves. Who waits does so for ever; the lock has to be made anew." }),
  deadWaiters: () => ({ tone: "error", title: "Waiters are counted that have died", help: "A wake-up may go to nobody, and who signals may never come back: make it anew." }),
  waitingOnNobody: (lock, owner) => lock.owner
    ? { tone: "error", title: `The holder sleeps for ever: ${owner}`, help: `Nobody gets the lock before it is ended. ${rescue(lock)}` }
    : { tone: "error", title: "Threads wait, and nobody holds it", help: "A wake-up was probably lost. The next unlock by somebody else wakes them." },
  ambiguous: () => ({ tone: "warning", title: "It is not certain who has it", help: "More than one thread may be the owner, or none that can be seen." }),
};

/** What is to be said about a lock: `{tone, title, help?}`. */
export function verdict(lock) {
  const owner = lock.owner ? thread(lock.owner) : "unknown";
  const known = verdicts[lock.verdict];
  // What the server advises knows more of the case than these words.
  const advised = lock.advice && { help: ended(visible(lock.advice)) };
  if (known) return { ...known(lock, owner), ...advised };
  if (lock.verdict && lock.verdict !== "ok") return { tone: "warning", title: visible(lock.verdict), ...advised };
  const many = lock.waiters?.length ?? 0;
  const waiting = many === 0 ? "" : many === 1 ? "; one waits" : `; ${count(many)} wait`;
  if (lock.state === "held") {
    const holder = lock.owner ? `Held by ${owner}` : lock.type === "rwlock" && lock.value > 0 ? `Held by ${plural(lock.value, "reader")}` : "Held, by whom is unknown";
    return { tone: undefined, title: holder + waiting };
  }
  if (lock.state === "empty") return { tone: undefined, title: waiting ? `Empty${waiting}` : "Empty: the next one waits" };
  const states = {
    free: "Free: nobody holds it", idle: "Idle: nobody waits on it", waitedOn: "Threads wait for a signal",
    available: "Available", ownerDead: "Its owner died",
    notRecoverable: "Not recoverable: everyone who takes it is refused", corrupt: "Its bytes make no sense", destroyed: "Destroyed",
  };
  const isBad = ["notRecoverable", "corrupt", "ownerDead"].includes(lock.state);
  return { tone: isBad ? "error" : "good", title: states[lock.state] ?? visible(lock.state) };
}
