import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { silentMilliseconds, Stream } from "../../../public/js/stream.js";

/** An EventSource whose server is the test. */
class Source extends EventTarget {
  static OPEN = 1;
  static CLOSED = 2;
  readyState = 0;

  constructor(url) {
    super();
    this.url = url;
    sources.push(this);
  }

  close() {
    this.readyState = 2;
  }

  open() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  send(part, data) {
    const event = new Event(part);
    event.data = JSON.stringify(data);
    this.dispatchEvent(event);
  }

  refuse() {
    this.readyState = 2;
    this.dispatchEvent(new Event("error"));
  }
}

const path = "segments/posix:a/stream";
const parts = ["segment", "events"];
let sources;
let heard;
let gone;
let time;
let stream;

beforeEach(() => {
  sources = [];
  heard = [];
  gone = [];
  time = 0;
  globalThis.EventSource = Source;
  stream = new Stream({ heard: (part, data) => heard.push([part, data]), gone: (problem) => gone.push(problem), clock: () => time });
});

const last = () => sources.at(-1);
/** The addresses under which something is listened to. */
const open = () => sources.filter(({ readyState }) => readyState !== 2).map(({ url }) => url);

test("after a pause it asks for what came meanwhile", () => {
  stream.follow(path, parts);
  assert.equal(last().url, "api/v1/segments/posix:a/stream");
  last().open();
  last().send("tick", { takenAt: "2026-01-01T00:00:00Z", sequence: 41 });
  last().send("events", { events: [{ sequence: 43 }, { sequence: 42 }], lost: 0 });
  stream.follow(undefined);
  assert.deepEqual(open(), []);
  stream.follow(path, parts);
  assert.deepEqual(open(), ["api/v1/segments/posix:a/stream?after=43"]);
  // A form that was sent asks anew at once.
  stream.stop();
  stream.follow(path, parts);
  assert.equal(last().url, "api/v1/segments/posix:a/stream?after=43");
});

test("the first tick of a stream that goes on does not say that what was missed has come", () => {
  stream.follow(path, parts);
  last().send("tick", { sequence: 7 });
  stream.follow(undefined);
  stream.follow(path, parts);
  last().send("tick", { sequence: 10 });
  stream.follow(undefined);
  stream.follow(path, parts);
  assert.equal(last().url, "api/v1/segments/posix:a/stream?after=7");
  last().send("tick", { sequence: 10 });
  last().send("tick", { sequence: 10 });
  stream.stop();
  stream.follow(path, parts);
  assert.equal(last().url, "api/v1/segments/posix:a/stream?after=10");
});

test("another path has no events in common with the one before", () => {
  stream.follow(path, parts);
  last().send("tick", { sequence: 7 });
  stream.follow(undefined);
  stream.follow("segments/posix:b/stream", parts);
  assert.deepEqual(open(), ["api/v1/segments/posix:b/stream"]);
  stream.follow(path, parts);
  assert.deepEqual(open(), ["api/v1/segments/posix:a/stream"]);
});

test("what is followed already is not opened again, and what was closed is not heard", () => {
  stream.follow(path, parts);
  stream.follow(path, parts);
  assert.equal(sources.length, 1);
  stream.follow(undefined);
  sources[0].send("segment", {});
  assert.deepEqual(heard, []);
});

test("what was made anew is followed from its beginning", () => {
  stream.follow(path, parts);
  last().send("tick", { sequence: 900 });
  stream.forget();
  assert.deepEqual(open(), ["api/v1/segments/posix:a/stream"]);
});

test("a 404 of the look is told once, and nothing more is asked for a while", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  stream.follow(path, parts);
  last().send("failure", { status: 404, title: "not found" });
  assert.deepEqual(gone, [{ status: 404, title: "not found" }]);
  assert.deepEqual(heard, []);
  assert.deepEqual(open(), []);
  assert.equal(stream.isTrying, false);
  stream.follow(path, parts);
  context.mock.timers.tick(14000);
  assert.equal(sources.length, 1);
  context.mock.timers.tick(2000);
  assert.deepEqual(open(), ["api/v1/segments/posix:a/stream"]);
});

test("a connection that is silent for long is given up for a new one, seldomer each time", () => {
  stream.follow(path, parts);
  last().open();
  last().send("tick", { sequence: 3 });
  assert.equal(stream.isTrying, false);
  time = silentMilliseconds;
  stream.check();
  assert.equal(sources.length, 1);
  time += 1;
  stream.check();
  assert.deepEqual(open(), ["api/v1/segments/posix:a/stream?after=3"]);
  assert.equal(stream.isTrying, true);
  last().open();
  assert.equal(stream.isTrying, false);
  const waits = [];
  for (let begun = time; waits.length < 5; time += 500) {
    const before = sources.length;
    stream.check();
    if (sources.length === before) continue;
    waits.push(time - begun);
    begun = time;
  }
  assert.deepEqual(waits.map((wait) => Math.floor(wait / 1000)), [20, 40, 80, 80, 80]);
  // Nothing is done about what is not followed.
  stream.stop();
  const { length } = sources;
  time += 1e6;
  stream.check();
  assert.equal(sources.length, length);
});

test("a refusal is looked into: of a segment a 404 is its end, of the host it is none", async (context) => {
  const asked = [];
  globalThis.fetch = async (address, { signal }) => {
    assert.ok(signal instanceof AbortSignal);
    asked.push(address);
    return { ok: false, status: 404, json: async () => ({ status: 404, title: "not found" }) };
  };
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const settled = () => new Promise((resolve) => { setImmediate(resolve); });
  stream.follow("stream", ["segments"]);
  last().refuse();
  assert.equal(stream.isTrying, true);
  await settled();
  assert.deepEqual(asked, ["api/v1/stream"]);
  assert.deepEqual(gone, []);
  assert.equal(stream.isTrying, true);
  context.mock.timers.tick(2000);
  assert.deepEqual(open(), ["api/v1/stream"]);
  assert.equal(sources.length, 2);
  stream.follow(path, parts);
  last().refuse();
  await settled();
  assert.equal(asked.at(-1), "api/v1/segments/posix:a/stream");
  assert.equal(gone.length, 1);
  // What comes under its name later is seen without a hand.
  context.mock.timers.tick(14000);
  assert.deepEqual(open(), []);
  context.mock.timers.tick(2000);
  assert.deepEqual(open(), ["api/v1/segments/posix:a/stream"]);
});

test("why a stream is refused is told in the server's words", async (context) => {
  globalThis.fetch = async () => ({ ok: false, status: 403, json: async () => ({ status: 403, title: "Forbidden", detail: "run as its owner" }) });
  context.mock.timers.enable({ apis: ["setTimeout"] });
  stream.follow(path, parts);
  last().refuse();
  await new Promise((resolve) => { setImmediate(resolve); });
  assert.deepEqual(heard.at(-1), ["failure", { status: 403, title: "Forbidden", detail: "run as its owner" }]);
  assert.deepEqual(gone, []);
  assert.equal(stream.isTrying, true);
});

test("a pause during the look into a refusal is kept", async (context) => {
  let answer;
  globalThis.fetch = () => new Promise((resolve) => { answer = resolve; });
  context.mock.timers.enable({ apis: ["setTimeout"] });
  stream.follow(path, parts);
  last().refuse();
  stream.follow(undefined);
  answer({ ok: false, status: 503, json: async () => ({}) });
  await new Promise((resolve) => { setImmediate(resolve); });
  context.mock.timers.tick(60000);
  assert.deepEqual(open(), []);
  assert.deepEqual(gone, []);
});
