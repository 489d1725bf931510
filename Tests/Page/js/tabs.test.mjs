import assert from "node:assert/strict";
import { test } from "node:test";
import { operationsOf, ordered, orderOf, owned, placed, since } from "../../../public/js/tabs/cells.js";
import { hexBytes, number, offset, place, present, resultText, size, TypedError, workerRequest, workloads } from "../../../public/js/tabs/input.js";
import { extent, growth, lines, polyline, rate, Rates, shares, trimmed, waited } from "../../../public/js/tabs/scale.js";
import { named, tiesOf } from "../../../public/js/tabs/ties.js";
import { nature, thread, trouble, verdict } from "../../../public/js/tabs/words.js";

const refuses = (field, run) => assert.throws(run, (error) => error instanceof TypedError && error.field === field);

test("offsets are decimal or hex, and a place may be an address minus a start", () => {
  assert.equal(offset(" 0x4cd060 "), 0x4cd060);
  assert.equal(offset("1_000"), 1000);
  assert.equal(place("4096"), 4096);
  assert.equal(place("0x7f1234561020 - 0x7f1234560000"), 0x1020);
  assert.equal(place("0x1000+32"), 0x1020);
  assert.equal(place("20 \u2212 4"), 16);
  for (const wrong of ["", "here", "-4", "1 - ", "0x", "1 - 2", "4 * 2", "0xfffffffffffffff"]) refuses("place", () => place(wrong));
  refuses("offset", () => offset("1.5"));
});

test("sizes go to the server as they were typed, bytes as a number", () => {
  assert.equal(size("4096"), 4096);
  assert.equal(size("16 MiB"), "16 MiB");
  refuses("sizeBytes", () => size(" "));
  assert.equal(number("", "seed"), undefined);
  assert.equal(number("1,000", "seed"), 1000);
  refuses("seed", () => number("many", "seed"));
  assert.deepEqual([...hexBytes("0xde ad:be-EF")], [0xde, 0xad, 0xbe, 0xef]);
  refuses("bytes", () => hexBytes("abc"));
  refuses("bytes", () => hexBytes("zz"));
  assert.deepEqual(present({ a: undefined, b: "", c: 0, d: false }), { c: 0, d: false });
});

test("a worker's request has only the options that its workload knows and that were filled in", () => {
  assert.deepEqual(
    workerRequest("posix:x", { workload: "churn", count: "2", operations: "10", ratePerSecond: "", durationMilliseconds: "", seed: "7", step: "3" }),
    { segment: "posix:x", workload: "churn", count: 2, options: { operations: 10, seed: 7 } });
  assert.deepEqual(
    workerRequest("posix:x", { workload: "trespass", count: "", offset: "0x1000", length: "4096", access: "read" }),
    { segment: "posix:x", workload: "trespass", options: { offset: 4096, length: 4096, access: "read" } });
  refuses("ratePerSecond", () => workerRequest("posix:x", { workload: "counter", ratePerSecond: "fast" }));
  assert.equal(new Set(workloads.map(({ name }) => name)).size, 8);
  for (const one of workloads) assert.ok(one.help.length > 20 && one.fields.length > 0, one.name);
  assert.equal(resultText(undefined, String), undefined);
  assert.equal(resultText({ roundTrips: 10, perSecond: 2.4 }, String), "10 round trips, 2 a second");
  assert.equal(resultText({ packedPerSecond: 1, paddedPerSecond: 3, ratio: 3 }, String), "packed 1/s, padded 3/s, 3 times as fast apart");
});

test("tables are ordered by text and by number, what is missing last", () => {
  const items = [{ a: 2, b: "y" }, { b: "x" }, { a: 1, b: "z" }];
  const by = (order) => ordered(items, order, (item, key) => item[key]).map(({ b }) => b).join("");
  assert.equal(by("a"), "zyx");
  assert.equal(by("-a"), "yzx");
  assert.equal(by("b"), "xyz");
  assert.equal(by("-b"), "zyx");
  assert.equal(orderOf("-a", ["a"], "b"), "-a");
  assert.equal(orderOf("name", ["a"], "b"), "b");
  assert.equal(orderOf(undefined, ["a"], "b"), "b");
});

test("cells name owners, places and times", () => {
  assert.equal(owned(undefined).text, "–");
  const gone = owned({ slot: 9, generation: 2, pid: 12, name: "a\nb", alive: false });
  assert.equal(gone.hue, 1);
  assert.ok(gone.orphaned && gone.badges[0].text === "gone" && !gone.text.includes("\n"));
  assert.equal(placed(255).text, "0xff");
  assert.equal(placed(undefined).text, "–");
  assert.equal(since(null, "2026-01-01T00:00:00Z").text, "–");
  assert.equal(since("2026-01-01T00:00:00Z", "2026-01-01T00:00:05Z").text, "5.0\u00a0s");
  assert.deepEqual(operationsOf({ allocate: 2, free: 0, write: 5 }), { total: 7, text: "write 5 · allocate 2" });
  assert.deepEqual(operationsOf(undefined), { total: 0, text: "" });
});

test("charts begin at zero, keep short peaks, and break where nothing was seen", () => {
  assert.deepEqual(extent([[], [{ at: 0, value: 3 }]]), { least: 0, most: 3 });
  assert.deepEqual(extent([[]]), { least: 0, most: 1 });
  assert.equal(extent([[{ at: 0, value: 3 }]], 10).most, 10);
  const series = Array.from({ length: 1001 }, (_, at) => ({ at, value: at === 500 ? 9 : 1 }));
  const [line, ...others] = lines(series, { from: 0, to: 1000, most: 10, width: 100, height: 10 });
  assert.equal(others.length, 0);
  assert.ok(line.length <= 304, `${line.length} points`);
  assert.equal(Math.min(...line.map(({ y }) => y)), 1);
  assert.equal(lines([{ at: 0, value: 1 }, { at: 9000, value: 1 }], { from: 0, to: 9000, most: 1, width: 9, height: 1 }).length, 2);
});

test("growth is a rate between points, and never negative", () => {
  assert.deepEqual(growth([{ at: 0, value: 10 }, { at: 500, value: 20 }, { at: 1500, value: 5 }, { at: 1500, value: 9 }]), [{ at: 500, value: 20 }, { at: 1500, value: 0 }]);
  assert.deepEqual(growth([]), []);
  assert.equal(polyline([{ at: 0, value: 0 }, { at: 1, value: 4 }, { at: 2, value: 2 }], 20, 10), "0.0,10.0 10.0,0.0 20.0,5.0");
  assert.equal(polyline([{ at: 0, value: 1 }], 20, 10), "");
});

test("rates come from two looks apart", () => {
  const rates = new Rates();
  rates.note(1000, [{ id: 1, operations: 100 }]);
  assert.equal(rates.of(1), undefined);
  rates.note(1100, [{ id: 1, operations: 200 }]);
  assert.equal(rates.of(1), undefined, "too soon");
  rates.note(2000, [{ id: 1, operations: 150 }]);
  assert.equal(rates.of(1), 50);
  assert.equal(rates.series(1).length, 1);
  rates.clear();
  assert.equal(rates.of(1), undefined);
  assert.equal(rate(undefined), "–");
  assert.equal(rate(3.25), "3.3\u00a0/s");
  assert.equal(rate(123.4), "123\u00a0/s");
  assert.equal(rate(12345), "12.3\u00a0k/s");
  assert.equal(rate(2.5e6), "2.5\u00a0M/s");
});

test("histograms lose their empty ends and keep their sum", () => {
  const histogram = Array.from({ length: 40 }, (_, index) => ({ upToNanoseconds: 2 ** index, count: index >= 3 && index < 35 ? 1 : 0 }));
  const found = trimmed(histogram, "upToNanoseconds");
  assert.ok(found.length <= 14);
  assert.equal(found.reduce((sum, { count }) => sum + count, 0), 32);
  assert.equal(found.at(-1).upToNanoseconds, 2 ** 34);
  assert.deepEqual(trimmed([{ upToNanoseconds: 1, count: 0 }], "upToNanoseconds"), []);
  assert.deepEqual(shares([0, 1, 4]), [0, 0.25, 1]);
  assert.deepEqual(shares([0, 0]), [0, 0]);
  assert.ok(shares([1, 1e9])[0] > 0);
});

test("the bounds of a histogram's bars are all the same factor apart, however many buckets there are", () => {
  for (let size = 1; size <= 40; size += 1) {
    const histogram = Array.from({ length: size }, (_, index) => ({ upToNanoseconds: index < 39 ? 2 ** index : null, count: index + 1 }));
    const found = trimmed(histogram, "upToNanoseconds");
    assert.ok(found.length <= 14, `${size}: ${found.length} bars`);
    assert.equal(found.reduce((sum, { count }) => sum + count, 0), size * (size + 1) / 2);
    assert.equal(found.at(-1).upToNanoseconds, histogram.at(-1).upToNanoseconds);
    const exponents = found.map(({ upToNanoseconds }) => upToNanoseconds === null ? 39 : Math.log2(upToNanoseconds));
    const steps = new Set(exponents.slice(1).map((exponent, index) => exponent - exponents[index]));
    assert.ok(steps.size <= 1, `${size}: steps of ${[...steps]}`);
  }
});

test("who took a lock at once has not waited", () => {
  assert.deepEqual(waited([{ upToNanoseconds: 1, count: 9 }, { upToNanoseconds: 2, count: 0 }, { upToNanoseconds: 4, count: 1 }]),
    [{ upToNanoseconds: 2, count: 0 }, { upToNanoseconds: 4, count: 1 }]);
  assert.deepEqual(waited(undefined), []);
});

test("locks and participants are joined: who holds, who waits, who is stopped, and what each is called", () => {
  const holder = { pid: 7, name: "hold-7", alive: true };
  const waiter = { pid: 8, name: "one\n", alive: true };
  const gone = { pid: 7, name: "before", alive: false };
  const lock = {
    type: "mutex", owner: { pid: 7, tid: 7, command: "worker", alive: true, threadState: "stopped" },
    waiters: [{ pid: 8, tid: 9, command: "worker", threadState: "sleeping" }, { pid: 10, tid: 10, command: "other", threadState: "sleeping" }],
  };
  assert.deepEqual(tiesOf(holder, [lock]), { held: [lock], awaited: undefined, trouble: { text: "stopped", tone: "error" }, command: "worker" });
  assert.deepEqual(tiesOf(waiter, [lock]), { held: [], awaited: lock, trouble: undefined, command: "worker" });
  assert.deepEqual(tiesOf(gone, [lock]), { held: [], awaited: undefined, trouble: undefined, command: undefined }, "its number came again");
  assert.deepEqual(tiesOf({ alive: false }, [{ ...lock, owner: { alive: false } }]).held, [], "two unknown numbers are not one");
  const told = named(lock, [gone, holder, waiter]);
  assert.equal(thread(told.owner), "worker (7) · hold-7");
  assert.equal(thread(told.waiters[0]), "worker (8, thread 9) · one⟨U+000A⟩");
  assert.equal(thread(told.waiters[1]), "other (10)");
  assert.equal(named({ ...lock, owner: undefined }, []).owner, undefined);
});

test("each verdict is said in words, with what helps", () => {
  const owner = { pid: 7, tid: 8, command: "wor\u202eker", alive: true, threadState: "stopped" };
  assert.match(thread(owner), /^wor⟨U\+202E⟩ker \(7, thread 8\)$/);
  assert.equal(trouble(owner).text, "stopped");
  assert.equal(trouble({ alive: true, threadState: "sleeping" }), undefined);
  assert.equal(trouble({ alive: false }).tone, "error");
  const lock = { type: "mutex", state: "held", owner, waiters: [], robust: true, processShared: true, mutexType: "errorCheck" };
  for (const name of ["ownerStopped", "ownerDead", "ownerNotMapping", "deadlock", "willAbort", "phantomReaders", "deadWaiters", "waitingOnNobody"]) {
    const said = verdict({ ...lock, verdict: name });
    assert.equal(said.tone, "error", name);
    assert.ok(said.title && said.help, name);
  }
  assert.match(verdict({ ...lock, verdict: "ownerStopped" }).help, /kill -CONT 7/);
  assert.match(verdict({ ...lock, verdict: "waitingOnNobody" }).title, /sleeps for ever: wor/);
  assert.match(verdict({ ...lock, verdict: "waitingOnNobody", owner: undefined }).title, /nobody holds it/);
  assert.equal(verdict({ ...lock, verdict: "ok" }).tone, undefined);
  assert.match(verdict({ ...lock, verdict: "ok", waiters: [{}, {}] }).title, /2 wait$/);
  assert.equal(verdict({ ...lock, verdict: "ok", state: "free" }).tone, "good");
  assert.equal(verdict({ ...lock, verdict: "ok", state: "notRecoverable" }).tone, "error");
  assert.equal(verdict({ ...lock, verdict: "newer" }).title, "newer");
  assert.equal(nature(lock), "error checking, robust, shared by processes, mutex");
});
