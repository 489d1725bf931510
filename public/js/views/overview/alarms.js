// Lines of what needs attention for threads that wait for one another, and for locks that will not be given back. Pure.

import { ended, plural, visible } from "../../format.js";
import { placeKey } from "../../locks/graph.js";
import { placeName, verdictName } from "../../locks/words.js";

/** Locks of one kind that have a line each; more of them are one line. */
const linesMost = 3;
const places = [{ text: "Locks", route: { view: "locks" } }];

/**
 * The lines, as `attention` has them: deadlocks, then other errors among the verdicts. What `isSaid(verdict)` says by itself is left
 * out.
 */
export function alarms({ deadlocks = [], verdicts = [] } = {}, isSaid = () => false) {
  const errors = verdicts.filter((verdict) => verdict.severity === "error" && verdict.verdict !== "deadlock" && !isSaid(verdict));
  const codes = [...new Set(errors.map(({ verdict }) => verdict))];
  return [...deadlocks.map(deadlockLine), ...codes.flatMap((code) => verdictLines(errors.filter(({ verdict }) => verdict === code)))];
}

/** Tells of the key of a lock's place whether the lock is part of a circle, which has a line of its own. */
export function circled({ deadlocks = [] } = {}) {
  const known = new Set(deadlocks.flatMap(({ locks }) => locks.map(placeKey)));
  return (key) => known.has(key);
}

function deadlockLine({ threads, message, advice }) {
  return {
    key: `deadlock ${threads.map(({ pid, tid }) => `${pid}:${tid}`).join(" ")}`, severity: "error", label: "deadlock",
    text: sentences(message, advice), places,
  };
}

function verdictLines(verdicts) {
  const [{ verdict, message, ...first }] = verdicts;
  const label = verdictName(verdict);
  if (verdicts.length > linesMost) {
    return [{ key: `locks ${verdict}`, severity: "error", label, text: `${plural(verdicts.length, "lock")}, the first: ${sentences(`${placeName(first)}: ${message ?? label}`)}`, places }];
  }
  return verdicts.map((one) => ({
    key: `lock ${placeKey(one)}`, severity: "error", label,
    text: sentences(`${placeName(one)}: ${one.message ?? label}`, one.advice),
    places,
  }));
}

const sentences = (...texts) => texts.filter(Boolean).map((text) => ended(visible(text))).join(" ");
