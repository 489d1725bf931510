import assert from "node:assert/strict";
import { test } from "node:test";
import { behind, graphOf, isOfCircle } from "../../../public/js/locks/graph.js";
import { boxWidth, layoutOf } from "../../../public/js/locks/layout.js";
import { Poll } from "../../../public/js/locks/poll.js";
import { childrenMost, depthMost, nodesMost, ringMost, shapeOf } from "../../../public/js/locks/shape.js";
import { doing, edgeWords, endWords, holderWords, linesOf, lockLink, lockName, moreWords, objectName, sentence } from "../../../public/js/locks/words.js";
import { alarms } from "../../../public/js/views/overview/alarms.js";
import { attention } from "../../../public/js/views/overview/attention.js";

const names = (nodes) => [...nodes].map(({ id }) => id);

/** An answer from who waits for which lock, and which lock is had by whom; threads are numbers, locks letters. */
function answer({ waits = [], holds = [], deadlocks = [], verdicts = [] }) {
  const threads = new Set([...waits.map(([thread]) => thread), ...holds.map(([, thread]) => thread)]);
  const locks = new Set([...waits.map(([, lock]) => lock), ...holds.map(([lock]) => lock)]);
  return {
    nodes: [
      ...[...threads].map((pid) => ({ id: `thread:${pid}:${pid}`, kind: "thread", pid, tid: pid, command: "ring", threadState: "sleeping" })),
      ...[...locks].map((label) => ({ id: `lock:posix:a:${label}`, kind: "lock", segment: "posix:a", offset: offsetOf(label), type: "mutex", state: "held", verdict: "ok" })),
    ],
    edges: [
      ...waits.map(([pid, label, waitingForMilliseconds]) => ({ from: `thread:${pid}:${pid}`, to: `lock:posix:a:${label}`, relation: "waitsFor", waitingForMilliseconds })),
      ...holds.map(([label, pid]) => ({ from: `lock:posix:a:${label}`, to: `thread:${pid}:${pid}`, relation: "heldBy" })),
    ],
    deadlocks: deadlocks.map((pids) => ({
      threads: pids.map((pid) => ({ pid, tid: pid, command: "ring" })),
      locks: pids.map((pid) => ({ segment: "posix:a", offset: offsetOf(waits.find(([one]) => one === pid)[1]) })), victims: [],
    })),
    verdicts: verdicts.map(([label, severity, verdict = "ownerDead"]) => ({ segment: "posix:a", offset: offsetOf(label), type: "mutex", severity, verdict, message: `${label} is bad`, threads: [] })),
  };
}

const offsetOf = (label) => 64 * Number(label.replace(/\D/g, "") || label.codePointAt(0));
/** So many that wait for one lock, which `root` has. */
const crowd = (count, root = 1) => answer({ waits: Array.from({ length: count }, (_, index) => [100 + index, "a", 1000 * (index + 1)]), holds: [["a", root]] });
/** A circle of so many threads; each has the lock before its own. */
const circle = (count, more = {}) => answer({
  waits: [...Array.from({ length: count }, (_, index) => [index + 1, `r${index + 1}`, 5000]), ...(more.waits ?? [])],
  holds: [...Array.from({ length: count }, (_, index) => [`r${index + 1}`, (index + 1) % count + 1]), ...(more.holds ?? [])],
  deadlocks: [Array.from({ length: count }, (_, index) => index + 1)],
});

const layout = (from, width = 1200) => layoutOf(shapeOf(graphOf(from)), width);
const overlaps = (boxes) => boxes.flatMap((a, index) => boxes.slice(index + 1).filter((b) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height).map((b) => [a.id, b.id]));

test("what a thread does is told with the call that it sleeps in", () => {
  assert.equal(doing({ threadState: "sleeping", sleepsIn: { call: "read", descriptor: 5, target: "pipe:[9]" } }), "sleeping in read of pipe:[9]");
  assert.equal(doing({ threadState: "waiting", sleepsIn: { call: "fsync", descriptor: 5 } }), "waiting in fsync of descriptor 5");
  assert.equal(doing({ threadState: "sleeping", sleepsIn: { call: "clock_nanosleep" } }), "sleeping in clock_nanosleep");
  assert.equal(doing({ threadState: "running" }), "running");
});

test("a chain leads from who waits to who runs, and each knows how many wait behind it", () => {
  const graph = graphOf(answer({ waits: [[3, "b", 10], [2, "a", 20]], holds: [["b", 2], ["a", 1]] }));
  assert.equal(graph.chains.length, 1);
  const [chain] = graph.chains;
  assert.deepEqual(names(chain.roots), ["thread:1:1"]);
  assert.deepEqual(chain.nodes.map(({ id, depth, threadsBehind }) => [id, depth, threadsBehind]), [
    ["thread:1:1", 0, 2], ["lock:posix:a:a", 1, 2], ["thread:2:2", 2, 1], ["lock:posix:a:b", 3, 1], ["thread:3:3", 4, 0],
  ]);
  assert.deepEqual([chain.waiting, chain.longestMilliseconds, chain.circle], [2, 20, undefined]);
  // What is nearest to the end comes first.
  assert.deepEqual(graph.waits.map(({ from }) => from.report.pid), [2, 3]);
  assert.equal(endWords(graph.waits[1]), "ring (1), sleeping");
  assert.deepEqual(names(behind(graph.nodes.get("thread:2:2"))), ["thread:2:2", "lock:posix:a:b", "thread:3:3"]);
});

test("a circle is what the server says is one, and its victims are behind it", () => {
  const graph = graphOf(circle(2, { waits: [[9, "r1", 7]] }));
  const [chain] = graph.chains;
  assert.deepEqual(names(chain.circle.ring), ["thread:1:1", "lock:posix:a:r1", "thread:2:2", "lock:posix:a:r2"]);
  assert.equal(graph.waits.filter(isOfCircle).length, 2);
  const victim = graph.nodes.get("thread:9:9");
  assert.equal(victim.circle, undefined);
  assert.equal(victim.root.id, "lock:posix:a:r1");
  assert.equal(endWords(victim.out[0]), "a circle of 2 threads");
  assert.equal(endWords(graph.waits[0]), "itself, in a circle of 2 threads");
});

test("threads that only seem to wait for one another are no deadlock, and all are there", () => {
  const moving = circle(3);
  moving.deadlocks = [];
  const graph = graphOf(moving);
  assert.equal(graph.chains.length, 1);
  assert.equal(graph.chains[0].circle, undefined);
  assert.equal(graph.chains[0].nodes.length, 6);
  assert.equal(graph.waits.length, 3);
  const { boxes, lines } = layout(moving);
  assert.equal(boxes.length, 6);
  assert.deepEqual([lines.length, lines.filter((line) => line.isOfCircle).length], [6, 0]);
});

test("a thread that has the lock that it waits for is a circle of one", () => {
  const { boxes, lines, frames } = layout(circle(1));
  assert.equal(boxes.length, 2);
  assert.deepEqual(lines.map((line) => line.isOfCircle), [true, true]);
  assert.equal(frames.length, 1);
});

test("the worst chain comes first, then that of the longest wait", () => {
  const graph = graphOf({
    ...answer({
      waits: [[11, "a", 50], [12, "b", 9000], [13, "c", 10], [1, "x", 5], [2, "y", 5]], holds: [["x", 2], ["y", 1]], deadlocks: [[1, 2]], verdicts: [["c", "error"], ["a", "warning"]],
    }),
  });
  assert.deepEqual(graph.chains.map(({ key }) => key), ["thread:1:1", "lock:posix:a:c", "lock:posix:a:a", "lock:posix:a:b"]);
});

test("an edge to something that nobody told of leads nowhere", () => {
  const one = answer({ waits: [[2, "a", 1]] });
  one.edges.push({ from: "lock:posix:a:a", to: "thread:77:77", relation: "heldBy" });
  const graph = graphOf(one);
  assert.equal(graph.nodes.get("lock:posix:a:a").out.length, 0);
  assert.equal(layout(one).lines.length, 1);
  assert.equal(graphOf({}).chains.length, 0);
  assert.deepEqual(layout({}).boxes, []);
});

test("of many that wait for one lock some are drawn, the longest first, and the others are counted", () => {
  const { boxes } = layout(crowd(300));
  const threads = boxes.filter(({ kind, item }) => kind === "thread" && item.node.out.length > 0);
  assert.equal(threads.length, childrenMost);
  assert.equal(threads[0].item.node.report.pid, 399);
  const more = boxes.find(({ kind }) => kind === "more");
  assert.equal(moreWords(more.item), `and ${300 - childrenMost} more`);
  assert.deepEqual(overlaps(boxes), []);
  // One that would be left out alone is drawn instead of a box that stands for it.
  assert.equal(layout(crowd(childrenMost + 1)).boxes.some(({ kind }) => kind === "more"), false);
});

test("those whom others wait behind are drawn before those who wait longer", () => {
  const from = crowd(300);
  from.nodes.push({ id: "lock:posix:b:0", kind: "lock", segment: "posix:b", offset: 0, type: "mutex", state: "held", verdict: "ok" }, { id: "thread:9:9", kind: "thread", pid: 9, tid: 9 });
  from.edges.push({ from: "lock:posix:b:0", to: "thread:100:100", relation: "heldBy" }, { from: "thread:9:9", to: "lock:posix:b:0", relation: "waitsFor" });
  assert.ok(layout(from).boxes.some(({ id }) => id === "thread:9:9"));
});

test("ten thousand nodes make a drawing of a few hundred, and what is left out is counted", () => {
  const waits = Array.from({ length: 5000 }, (_, index) => [index + 1, `k${index}`, index]);
  const graph = graphOf(answer({ waits }));
  assert.equal(graph.nodes.size, 10000);
  const shape = shapeOf(graph);
  assert.equal(shape.chains.length, nodesMost / 2);
  assert.deepEqual(shape.left, { chains: 5000 - nodesMost / 2, threads: 5000 - nodesMost / 2, locks: 5000 - nodesMost / 2 });
  const { boxes } = layoutOf(shape, 1200);
  assert.ok(boxes.length <= nodesMost);
  assert.deepEqual(overlaps(boxes), []);
});

test("a chain of five thousand locks is drawn as far as anybody follows it", () => {
  const waits = Array.from({ length: 5000 }, (_, index) => [index + 2, `k${index + 1}`, 1]);
  const holds = Array.from({ length: 5000 }, (_, index) => [`k${index + 1}`, index + 1]);
  const { boxes } = layout(answer({ waits, holds }));
  assert.equal(boxes.length, depthMost + 2);
  const more = boxes.find(({ kind }) => kind === "more");
  assert.deepEqual([more.item.threads, more.item.locks, more.item.behind], [0, 1, 5000 - depthMost / 2]);
});

test("a chain lies from left to right, the end at its right", () => {
  const { boxes, lines, width } = layout(answer({ waits: [[3, "b", 10], [2, "a", 20], [4, "b", 5]], holds: [["b", 2], ["a", 1]] }));
  const x = (id) => boxes.find((box) => box.id === id).x;
  assert.ok(x("thread:3:3") < x("lock:posix:a:b") && x("lock:posix:a:b") < x("thread:2:2") && x("thread:2:2") < x("lock:posix:a:a") && x("lock:posix:a:a") < x("thread:1:1"));
  assert.equal(x("thread:3:3"), x("thread:4:4"));
  assert.equal(x("thread:1:1") + boxWidth, width);
  assert.equal(lines.length, 5);
  assert.ok(lines.every(({ words }) => words.x > 0 && words.x < width));
});

test("no box lies on another, whatever the circle and whoever waits behind it", () => {
  for (let count = 1; count <= 14; count += 1) {
    for (let victims = 0; victims <= 3; victims += 1) {
      const waits = Array.from({ length: victims * count }, (_, index) => [1000 + index, `r${index % count + 1}`, index]);
      const holds = victims > 1 ? [["h1", 1]] : [];
      if (victims > 1) waits.push([5000, "h1", 1], [5001, "h1", 1]);
      const { boxes, frames, width, height } = layout(circle(count, { waits, holds }));
      assert.deepEqual(overlaps(boxes), [], `${count} threads, ${victims} victims each`);
      assert.equal(frames.length, 1);
      assert.ok(boxes.every((box) => box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height));
    }
  }
});

test("a circle of very many has a gap that says how many are in it", () => {
  const { boxes } = layout(circle(2000));
  assert.equal(boxes.length, ringMost);
  const more = boxes.find(({ kind }) => kind === "more");
  assert.equal(moreWords(more.item), "and 1,988 more threads in the circle");
});

test("chains stand beside one another while there is room", () => {
  const from = answer({ waits: [[2, "a", 1], [3, "b", 2]] });
  assert.ok(layout(from, 1600).height < layout(from, 500).height);
  // What is wider than the frame is not made narrower.
  assert.ok(layout(from, 100).width > 400);
});

test("a time waited is at least so long, and what is unknown is said to be", () => {
  const nbsp = (text) => text.replaceAll("\u00a0", " ");
  const wait = (part) => ({ report: { relation: "waitsFor", ...part } });
  assert.equal(nbsp(edgeWords(wait({ waitingForMilliseconds: 12000 }), 3000)), "≥ 15 s");
  assert.equal(nbsp(edgeWords(wait({ waitingForMilliseconds: 12000, timed: true }), 0)), "≥ 12 s, timed");
  assert.equal(edgeWords(wait({}), 0), "waits");
  assert.equal(edgeWords({ report: { relation: "heldBy" }, from: { report: {} } }, 0), "held by");
  const lock = (part) => ({ report: { type: "mutex", state: "held", ...part }, out: [] });
  assert.equal(holderWords(lock({})), "unknown");
  assert.equal(holderWords(lock({ state: "free" })), "nobody");
  assert.equal(holderWords(lock({ type: "semaphore", state: "empty" })), "nobody: a semaphore has no owner");
  assert.equal(holderWords(lock({ type: "rwlock", value: 2 })), "2 readers, which the lock does not name");
  assert.equal(holderWords(lock({ state: "ownerDead", owner: { pid: 7, tid: 8, command: "x", alive: false } })), "x (7, thread 8), which is gone");
  assert.equal(holderWords(lock({ state: "ownerDead", owner: { pid: null, tid: 8, command: null, alive: false } })), "process (thread 8), which is gone");
  assert.equal(holderWords(lock({ ownerCandidates: [{ pid: 1, tid: 1, command: "a" }, { pid: 2, tid: 2, command: "b" }] })), "one of: a (1), b (2)");
});

test("boxes and links name what the server names", () => {
  const graph = graphOf(answer({ waits: [[2, "a", 5000]], holds: [["a", 1]] }));
  const lock = graph.nodes.get("lock:posix:a:a");
  assert.deepEqual(linesOf({ kind: "lock", node: lock }), ["mutex", "0x1840 in a", "held"]);
  assert.deepEqual(linesOf({ kind: "thread", node: graph.nodes.get("thread:2:2") }), ["ring", "2 · sleeping"]);
  assert.equal(lockLink(lock.report), "?segment=posix%3Aa&at=6208&to=6248");
  assert.equal(lockLink({ segment: "sysvsem:5", type: "sysvSemaphore", index: 2 }), "?segment=sysvsem%3A5&tab=locks");
  assert.equal(lockName({ type: "rwlock", label: "tree", offset: 64 }), "read-write lock “tree” at 0x40");
  assert.equal(lockName({ type: "sysvSemaphore", index: 2 }), "semaphore 2 of the set");
  assert.equal(objectName("posix:a%20b"), "a b");
  assert.equal(objectName("memfd:99"), "memfd 99");
  assert.equal(sentence(lock), "Mutex at 0x1840 of a, held; owner: ring (1); 1 thread waits for it");
  assert.match(sentence(graph.nodes.get("thread:2:2"), 0), /waits for the mutex at 0x1840 of a, for at least 5.0.s/);
});

test("a server is asked in its time, seldomer where it is slow or fails, and never twice at once", async () => {
  let [now, outcome, asked] = [0, async () => ({ nodes: [] }), 0];
  const heard = [];
  const poll = new Poll(() => { asked += 1; return outcome(); });
  const look = (at, again = 1000) => poll.look(now = at, again, { received: (one) => heard.push(one), failed: (error) => heard.push(error), clock: () => now });
  await look(0);
  assert.deepEqual([asked, heard[0].receivedAt], [1, 0]);
  assert.equal(look(900), undefined);
  outcome = async () => { now += 700; return {}; };
  await look(1000);
  // It took 700 ms: it has four times as long.
  assert.equal(look(3000), undefined);
  outcome = async () => { throw new Error("no"); };
  const first = look(3900);
  assert.equal(look(9000), undefined);
  await first;
  assert.equal(heard.at(-1).message, "no");
  assert.equal(look(5800), undefined);
  await look(6800);
  assert.equal(look(9900), undefined);
  await look(10900);
  assert.equal(asked, 5);
});

test("the overview alarms of deadlocks and of other errors, each lock once", () => {
  const deadlock = { threads: [{ pid: 1, tid: 1 }, { pid: 2, tid: 2 }], locks: [{ segment: "posix:a", offset: 0 }, { segment: "posix:a", offset: 64 }], victims: [{ pid: 3, tid: 3 }], message: "2 threads wait for one another", advice: "end process 1" };
  const verdict = (offset, part = {}) => ({ verdict: "ownerDead", severity: "error", segment: "posix:a", offset, type: "mutex", message: "its owner is gone", threads: [], ...part });
  const lines = alarms({ deadlocks: [deadlock], verdicts: [verdict(0, { verdict: "deadlock" }), verdict(128), verdict(192, { severity: "warning" })] });
  assert.deepEqual(lines.map(({ label, text }) => [label, text]), [
    ["deadlock", "2 threads wait for one another. End process 1."], ["owner is gone", "Mutex at 0x80 of a: its owner is gone."],
  ]);
  assert.deepEqual(lines[0].places[0].route, { view: "locks" });
  assert.equal(alarms({ verdicts: [1, 2, 3, 4].map((offset) => verdict(offset)) }).length, 1);
  assert.deepEqual(alarms(undefined), []);
  // The segment's own line of the same lock says more of a holder, and less of a circle.
  const held = (offset, part) => ({ offset, type: "mutex", state: "held", waiters: [], owner: { pid: 8, command: "holder", alive: true, threadState: "stopped" }, ...part });
  const inside = { id: "posix:a", locks: [held(0, { verdict: "deadlock" }), held(128, { verdict: "ownerStopped" })], participants: [] };
  assert.deepEqual(attention({ insides: [inside], waits: { deadlocks: [deadlock], verdicts: [verdict(128, { verdict: "ownerStopped" })] } }).map(({ label }) => label), ["deadlock", "holder stopped"]);
});
