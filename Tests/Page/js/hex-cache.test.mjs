import assert from "node:assert/strict";
import { test } from "node:test";
import { fadeMilliseconds, nextRun, PageCache, pageBytes, Reader } from "../../../public/js/hex/cache.js";

const page = (value, length = pageBytes) => new Uint8Array(length).fill(value);

test("marks what changed since the last look, and forgets it", () => {
  const cache = new PageCache();
  assert.equal(cache.put(0, page(1), 0), true);
  assert.equal(cache.changedAt(5), -Infinity);
  const next = page(1);
  next[5] = 2;
  assert.equal(cache.put(0, next, 100), true);
  assert.equal(cache.changedAt(5), 100);
  assert.equal(cache.changedAt(4), -Infinity);
  assert.equal(cache.put(0, next.slice(), 200), false);
  assert.equal(cache.changedAt(5), 100);
  assert.equal(cache.isHot(0, 1, 100 + fadeMilliseconds), true);
  assert.equal(cache.isHot(0, 1, 101 + fadeMilliseconds), false);
  cache.put(0, next.slice(), 200 + fadeMilliseconds);
  assert.equal(cache.changedAt(5), -Infinity);
});

test("tells unread bytes from those behind the end", () => {
  const cache = new PageCache();
  cache.put(1, page(7, 10), 0);
  assert.equal(cache.byteAt(0), undefined);
  assert.equal(cache.byteAt(pageBytes + 9), 7);
  assert.equal(cache.byteAt(pageBytes + 10), null);
  assert.deepEqual(cache.slice(pageBytes + 8, pageBytes + 20), Uint8Array.of(7, 7));
});

test("keeps a bounded number of pages, those that were used last", () => {
  const cache = new PageCache(2);
  cache.put(0, page(0), 0);
  cache.put(1, page(1), 0);
  cache.touch(0, 1);
  cache.put(2, page(2), 0);
  assert.equal(cache.count, 2);
  assert.deepEqual([cache.has(0), cache.has(1), cache.has(2)], [true, false, true]);
});

test("asks for missing pages first, in one run, then for old ones", () => {
  const read = new Map([[0, 50], [2, 10]]);
  const at = (index) => read.get(index);
  const window = [{ from: 0, to: 4 * pageBytes }];
  assert.deepEqual(nextRun(window, at, 1e9), { first: 1, count: 1 });
  assert.deepEqual(nextRun(window, at, 1e9, 20), { first: 1, count: 3 });
  read.set(1, 50).set(3, 50);
  assert.equal(nextRun(window, at, 1e9), undefined);
  assert.deepEqual(nextRun(window, at, 1e9, 20), { first: 2, count: 1 });
  assert.equal(nextRun([{ from: 0, to: 1e9 }], () => undefined, 1).count, 1);
  assert.equal(nextRun([{ from: 0, to: 1e9 }], () => undefined, 0), undefined);
});

const settle = (milliseconds = 80) => new Promise((done) => setTimeout(done, milliseconds));

test("gives up a request whose pages nobody wants any more", async () => {
  const asked = [];
  const reader = new Reader({
    read: (offset, length, signal) => new Promise((_, reject) => {
      asked.push({ offset, length });
      signal.addEventListener("abort", () => reject(new Error("given up")));
    }),
    changed() {},
  });
  reader.resize(1e9);
  reader.look("grid", 0, 100);
  await settle();
  reader.look("grid", 1e6, 1e6 + 100);
  await settle();
  reader.stop();
  assert.deepEqual(asked.map(({ offset }) => offset), [0, Math.floor(1e6 / pageBytes) * pageBytes]);
  assert.equal(reader.error, undefined);
});

test("reads what is looked at, again at its pace, and sees where the object was cut", async () => {
  let value = 1;
  let length = 6000;
  const reader = new Reader({
    read: async (offset, wanted) => page(value, Math.max(0, Math.min(wanted, length - offset))),
    changed() {},
  });
  reader.resize(6000);
  reader.setPace(20);
  reader.look("grid", 0, 6000);
  await settle();
  assert.equal(reader.cache.byteAt(5999), 1);
  assert.equal(reader.endsAt, undefined);
  value = 2;
  length = 5000;
  await settle();
  reader.stop();
  assert.equal(reader.cache.byteAt(0), 2);
  assert.ok(reader.cache.changedAt(0) > 0);
  assert.equal(reader.cache.byteAt(5500), null);
  assert.equal(reader.endsAt, 5000);
});

test("keeps the last bytes and the error of a request that failed", async () => {
  let isDown = false;
  const reader = new Reader({
    read: async (offset, length) => {
      if (isDown) throw new Error("403 Forbidden");
      return page(1, length);
    },
    changed() {},
  });
  reader.resize(100);
  reader.look("grid", 0, 100);
  await settle();
  isDown = true;
  reader.refresh();
  await settle();
  reader.stop();
  assert.match(reader.error.message, /403/);
  assert.equal(reader.cache.byteAt(0), 1);
});

test("reads nothing while it is held, and nothing more of what is gone", async () => {
  let asked = 0;
  const reader = new Reader({
    read: async () => {
      asked += 1;
      throw Object.assign(new Error("404 Not Found"), { status: 404 });
    },
    changed() {},
  });
  reader.hold(true);
  reader.resize(100);
  reader.setPace(10);
  reader.look("grid", 0, 100);
  await settle();
  assert.equal(asked, 0);
  reader.hold(false);
  await settle();
  reader.look("grid", 0, 50);
  await settle();
  reader.stop();
  assert.equal(asked, 1);
});

test("asks nothing again after a failure while it does not read again, unless other bytes are looked at", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let [now, asked] = [0, 0];
  const reader = new Reader({
    read: async () => {
      asked += 1;
      throw Object.assign(new Error("403 Forbidden"), { status: 403 });
    },
    changed() {}, now: () => now,
  });
  const pass = async (milliseconds) => {
    now += milliseconds;
    context.mock.timers.tick(milliseconds);
    await new Promise((resolve) => { setImmediate(resolve); });
  };
  reader.resize(1e6);
  reader.look("grid", 0, 100);
  await pass(10);
  assert.equal(asked, 1);
  for (let times = 0; times < 5; times += 1) await pass(20000);
  assert.equal(asked, 1);
  reader.look("grid", 8192, 8292);
  await pass(20000);
  assert.equal(asked, 2);
  reader.setPace(1000);
  await pass(20000);
  assert.equal(asked, 3);
  reader.setPace(0);
  await pass(60000);
  assert.equal(asked, 3);
  reader.stop();
});
