// Who of a segment's participants holds its locks or waits for them: two answers of the server, joined. Pure.

import { trouble } from "./words.js";

/**
 * Whether a thread of a lock belongs to a participant. Numbers of processes come again: one that died is not the one
 * that lives.
 */
function isOf(thread, one) {
  return thread.pid != null && thread.pid === one.pid && (thread.alive === false) === (one.alive === false);
}

/** A lock whose owner and waiters have, as `name`, what each calls itself as a participant. */
export function named(lock, participants) {
  const withName = (thread) => {
    const name = participants.findLast((one) => isOf(thread, one))?.name;
    return name ? { ...thread, name } : thread;
  };
  return {
    ...lock, owner: lock.owner && withName(lock.owner), waiters: lock.waiters.map(withName),
    ownerCandidates: lock.ownerCandidates?.map(withName),
  };
}

/** What a participant has to do with the locks: `{held: [lock], awaited?: lock, trouble?, command?}`. */
export function tiesOf(one, locks) {
  const held = locks.filter(({ owner }) => owner && isOf(owner, one));
  const waiterIn = (lock) => lock.waiters.find((waiter) => isOf(waiter, one));
  const awaited = locks.find(waiterIn);
  const threads = [...held.map(({ owner }) => owner), awaited && waiterIn(awaited)].filter(Boolean);
  return { held, awaited, trouble: threads.map(trouble).find(Boolean), command: threads.find(({ command }) => command)?.command };
}
