import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { staleAfterMilliseconds, Store } from "../../../public/js/store.js";

const begin = Date.parse("2026-01-01T00:00:00Z");
const text = (milliseconds) => new Date(begin + milliseconds).toISOString();
let store;

beforeEach(() => {
  store = new Store();
  store.go({ segment: "posix:a" });
});

/** One look of the server, `at` milliseconds after the beginning. */
function look(at, parts = {}, sequence = undefined) {
  for (const [part, data] of Object.entries(parts)) store.heard(part, data, at);
  store.heard("tick", { takenAt: text(at), sequence }, at);
}

const segment = (uuid, inode = 1) => ({ header: { uuid, counter: 1 }, inode });
const events = (...sequences) => ({ events: sequences.map((sequence) => ({ sequence, at: text(0) })), lost: 0 });
const sequences = () => store.events.map(({ sequence }) => sequence);

test("events that come after a pause follow on, and none is counted as lost", () => {
  look(0, { segment: segment("u"), events: events(2, 1) }, 2);
  store.pause(true);
  store.pause(false);
  look(9000, { segment: segment("u") }, 5);
  store.heard("events", events(5, 4, 3), 9000);
  assert.deepEqual(sequences(), [1, 2, 3, 4, 5]);
  assert.equal(store.lostEvents, 0);
  assert.equal(store.sequence, 5);
  store.heard("events", events(8), 9100);
  assert.equal(store.lostEvents, 2);
});

test("a segment that was made anew under its name has nothing of the one before", () => {
  for (const [before, after] of [[segment("u", 1), segment("v", 2)], [{ inode: 1 }, { inode: 2 }]]) {
    store = new Store();
    store.go({ segment: "posix:a" });
    look(0, { segment: before, locks: { locks: [] }, events: events(900) }, 900);
    store.received("blocks", { blocks: [] }, 0);
    store.lookBack(begin);
    const { epoch } = store;
    look(1000, { segment: after }, 1);
    assert.ok(store.epoch > epoch);
    assert.equal(store.isPast, false);
    assert.equal(store.data("locks"), undefined);
    assert.equal(store.data("blocks"), undefined);
    assert.equal(store.history.range.from, begin + 1000);
    store.heard("events", events(1), 1000);
    assert.deepEqual(sequences(), [1]);
    assert.equal(store.lostEvents, 0);
    assert.equal(store.sequence, 1);
  }
});

test("a header that cannot be read for a moment makes no other segment of it", () => {
  look(0, { segment: segment("u"), events: events(1) }, 1);
  const { epoch } = store;
  look(1000, { segment: { inode: 1 } });
  look(2000, { segment: segment("u") }, 1);
  assert.equal(store.epoch, epoch);
  assert.deepEqual(sequences(), [1]);
});

test("a failure of the stream stands until a look is well", () => {
  for (const route of [{}, { segment: "posix:a" }]) {
    store.go(route);
    look(0, { failure: { status: 503, title: "busy", detail: "The lock was not had." } });
    assert.deepEqual(store.errors().map(({ message }) => message), ["503 busy. The lock was not had."]);
    assert.equal(store.error("segment"), undefined);
    look(250, { failure: { status: 503, title: "busy" } });
    assert.equal(store.errors().length, 1);
    look(500);
    assert.deepEqual(store.errors(), []);
    look(750, { failure: { status: 503, title: "busy" } });
    store.heard(route.segment ? "locks" : "status", {}, 1000);
    assert.deepEqual(store.errors(), []);
  }
});

test("the server's time goes on with this page's, and stands still where what is shown does", () => {
  assert.ok(Number.isNaN(store.serverNow(0)));
  store.received("blocks", { takenAt: text(-50) }, 0);
  assert.equal(store.serverNow(0), begin - 50);
  look(100, { segment: { ...segment("u"), takenAt: text(-60000) } });
  assert.equal(store.serverNow(600), begin + 600);
  assert.equal(store.serverNow(60000), begin + 100 + staleAfterMilliseconds);
  store.pause(true);
  assert.equal(store.serverNow(600), begin + 100);
  store.pause(false);
  look(700);
  look(2000);
  store.lookBack(begin + 1500);
  // The moment's parts are those of its last look.
  assert.equal(store.serverNow(9000), begin + 700);
  store.lookBack(undefined);
  assert.equal(store.serverNow(2500), begin + 2500);
  store.go({ segment: "posix:b" });
  assert.ok(Number.isNaN(store.serverNow(0)));
});

test("moments and figures ascend though the host's clock is set back", () => {
  look(0, { segment: segment("u") });
  look(5000);
  store.heard("tick", { takenAt: text(2000) }, 6000);
  assert.deepEqual(store.history.range, { from: begin, to: begin + 2000 });
  assert.deepEqual(store.series("counter").map(({ at }) => at - begin), [0, 2000]);
});

test("a look back sees nothing that came later", () => {
  for (let milliseconds = 0; milliseconds <= 5000; milliseconds += 250) look(milliseconds, { segment: segment("u") });
  for (let milliseconds = 1000; milliseconds <= 5000; milliseconds += 125) {
    store.lookBack(begin + milliseconds);
    const shown = store.serverNow() - begin;
    assert.ok(shown <= milliseconds && shown > milliseconds - 1250, `${shown} of ${milliseconds}`);
  }
});
