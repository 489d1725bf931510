// What people type into forms → what the API takes. Pure; each refusal is a TypedError that names its field.

/** Something typed that cannot be sent. */
export class TypedError extends Error {
  constructor(field, message) {
    super(message);
    this.name = "TypedError";
    this.field = field;
  }
}

/** An offset in decimal, or in hex with 0x. */
export function offset(text, field = "offset") {
  const typed = text.trim().replace(/[_\u00a0,]/g, "");
  if (!/^(0x[0-9a-f]{1,13}|\d{1,15})$/i.test(typed)) throw new TypedError(field, "an offset in decimal, or in hex as in 0x4cd060");
  return Number(typed);
}

/** An offset, or an address and the start of its mapping: "0x7f1020 - 0x7f0000". Also sums. */
export function place(text, field = "place") {
  const parts = text.replace(/\u2212/g, "-").split(/([+-])/);
  let value = offset(parts[0], field);
  for (let index = 1; index < parts.length; index += 2) value += (parts[index] === "-" ? -1 : 1) * offset(parts[index + 1], field);
  if (value < 0) throw new TypedError(field, "that lies before the beginning");
  return value;
}

/** A size as the API takes it: bytes as a number, anything else as it stands, for the server to read. */
export function size(text, field = "sizeBytes") {
  const typed = text.trim();
  if (typed === "") throw new TypedError(field, "a size is missing: bytes as in 4096, or with a unit as in 16MiB");
  return /^\d{1,15}$/.test(typed) ? Number(typed) : typed;
}

/** A number that may be missing. */
export function number(text, field) {
  const typed = text.trim().replace(/[_\u00a0,]/g, "");
  if (typed === "") return undefined;
  const value = Number(typed);
  if (!Number.isFinite(value)) throw new TypedError(field, "a number");
  return value;
}

/** Bytes written as hex, in any grouping: "de ad be:ef", "0xdeadbeef". */
export function hexBytes(text, field = "bytes") {
  const digits = text.replace(/0x/gi, " ").replace(/[\s:,_-]/g, "");
  if (digits === "") throw new TypedError(field, "no bytes");
  const wrong = /[^0-9a-f]/i.exec(digits);
  if (wrong) throw new TypedError(field, `not a hex digit: ${wrong[0]}`);
  if (digits.length % 2 !== 0) throw new TypedError(field, "an odd number of hex digits: two make a byte");
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) => Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16));
}

/** Only what was filled in. */
export function present(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined && value !== ""));
}

const choice = (name, label, options, help) => ({ name, label, help, options: [["", "as it is by default"], ...options.map((one) => [one, one])] });
const common = {
  operations: { name: "operations", label: "Operations", placeholder: "no limit", help: "of each worker, then it ends" },
  ratePerSecond: { name: "ratePerSecond", label: "At most a second", placeholder: "as fast as it goes" },
  durationMilliseconds: { name: "durationMilliseconds", label: "Duration in ms", placeholder: "no limit" },
  seed: { name: "seed", label: "Seed", placeholder: "a random one", help: "the same seed makes the same choices" },
};
const paced = [common.operations, common.ratePerSecond, common.durationMilliseconds];

/** What workers can do, and the options that mean something to each. */
export const workloads = [
  { name: "counter", help: "Adds one to the segment's counter under the lock, again and again.", rate: 20, fields: paced },
  { name: "churn", help: "Allocates, fills, resizes and frees blocks of random sizes.", rate: 20, fields: [...paced, common.seed] },
  { name: "mixed", help: "A bit of everything: counts, allocates, frees, writes, reads.", rate: 20, fields: [...paced, common.seed] },
  {
    name: "pingpong", help: "Two take turns through shared memory and measure the round trips: start two.", count: 2,
    fields: [...paced, choice("primitive", "Waits on", ["futex", "pthread"])],
  },
  {
    name: "hold", help: "Takes the lock and keeps it: the others wait, and the Locks tab shows for whom. A fault to look at.", isFault: true,
    fields: [{ name: "holdMilliseconds", label: "Holds for, in ms", placeholder: "until it is ended" }, common.operations, common.ratePerSecond],
  },
  {
    name: "crash", help: "Dies in the middle of a change, under the lock. The next one that takes the lock repairs it.", isFault: true,
    fields: [{ name: "step", label: "Dies before store", placeholder: "a random one", help: "counted from 1, under the lock" }, common.operations, common.seed],
  },
  {
    name: "trespass", help: "Protects pages in its own mapping, then writes there: the kernel ends it with SIGSEGV. Nobody else is hurt.", isFault: true,
    fields: [
      { name: "offset", label: "From offset", placeholder: "the pool", help: "whole pages" }, { name: "length", label: "Bytes", placeholder: "to the end" },
      choice("access", "May still", ["none", "read", "readWrite"]),
    ],
  },
  {
    name: "falsesharing", help: "Measures what two counters in one cache line cost, beside two that are apart.",
    fields: [choice("padding", "Counters", ["packed", "padded", "both"]), common.durationMilliseconds],
  },
];

/** The body of POST /workers, of what was typed: `{workload, count, …options}` as text. */
export function workerRequest(segment, typed) {
  const workload = workloads.find(({ name }) => name === typed.workload);
  const options = {};
  for (const field of workload.fields) {
    const text = typed[field.name] ?? "";
    if (text.trim() === "") continue;
    options[field.name] = field.options ? text : field.name === "offset" ? offset(text) : number(text, field.name);
  }
  return { segment, workload: workload.name, ...present({ count: number(typed.count ?? "", "count") }), options };
}

/** What a worker measured, in words; undefined where nothing. */
export function resultText(result, count) {
  if (!result) return undefined;
  if (result.roundTrips !== undefined) return `${count(result.roundTrips)} round trips, ${count(Math.round(result.perSecond))} a second`;
  const parts = [];
  if (result.packedPerSecond !== undefined) parts.push(`packed ${count(Math.round(result.packedPerSecond))}/s`);
  if (result.paddedPerSecond !== undefined) parts.push(`padded ${count(Math.round(result.paddedPerSecond))}/s`);
  if (result.ratio !== undefined) parts.push(`${Number(result.ratio.toFixed(2))} times as fast apart`);
  return parts.join(", ") || JSON.stringify(result);
}
