import assert from "node:assert/strict";
import { test } from "node:test";
import { attention } from "../../../public/js/views/overview/attention.js";
import { inkOn } from "../../../public/js/views/overview/area-paint.js";
import { colourOf, groups, toggled } from "../../../public/js/views/overview/groups.js";
import { anew, isPlain, nextSort, notPutAway, passing, path, sortOf } from "../../../public/js/views/overview/query.js";
import { badges, healthOf, hiddenFrom, kindCounts, kindName, nameOf, sentence } from "../../../public/js/views/overview/rows.js";
import { Small } from "../../../public/js/views/overview/small.js";

const segment = (name, part = {}) => ({
  id: `posix:${name}`, name, kind: "posix", managed: false, deleted: false, orphaned: false, sizeBytes: 8192, residentBytes: 4096,
  uid: 0, user: "root", mapperCount: 1, createdAt: "2026-01-01T00:00:00.000Z", findings: [], ...part,
});
const lock = (part = {}) => ({ offset: 256, type: "mutex", label: "lock", state: "held", waiters: [], verdict: "ok", ...part });
const inside = (id, part = {}) => ({ id, segment: undefined, locks: [], participants: [], ...part });
const tmpfs = (part) => ({ host: { tmpfs: [{ path: "/dev/shm", sizeBytes: 1000, usedBytes: 10, promisedBytes: 0, ...part }] }, findings: [] });

test("nothing needs attention where nothing is wrong", () => {
  assert.deepEqual(attention({ status: tmpfs({}), segments: [segment("a")], insides: [inside("posix:a", { locks: [lock()] })] }), []);
});

test("a stopped and a dead holder lead to the locks, the worst first", () => {
  const lines = attention({
    segments: [segment("a"), segment("b"), segment("c", { orphaned: true })],
    insides: [
      inside("posix:a", { locks: [lock({ state: "ownerDead", recoverable: true, owner: { pid: 7, command: "gone", alive: false } })] }),
      inside("posix:b", {
        locks: [lock({
          verdict: "ownerStopped", owner: { pid: 8, command: "holder", alive: true, threadState: "stopped", heldForMilliseconds: 65000 },
          waiters: [{ pid: 9 }, { pid: 10 }],
        })],
      }),
    ],
  });
  assert.deepEqual(lines.map(({ label }) => label), ["holder stopped", "holder gone", "orphaned"]);
  assert.match(lines[0].text, /holder \(8\), who is stopped, for 65.s now\. 2 threads wait for it\./);
  assert.deepEqual(lines[0].places[0].route, { segment: "posix:b", tab: "locks" });
  assert.match(lines[1].text, /gone \(7\), who is gone/);
});

test("a lock that is held long is told, one held for a moment is not", () => {
  const held = (milliseconds, waiters = []) => attention({
    insides: [inside("posix:a", { locks: [lock({ owner: { pid: 1, command: "x", alive: true, threadState: "sleeping", heldForMilliseconds: milliseconds }, waiters })] })],
  }).map(({ severity }) => severity);
  assert.deepEqual(held(20), []);
  assert.deepEqual(held(5000), ["info"]);
  assert.deepEqual(held(5000, [{ pid: 2 }]), ["warning"]);
});

test("what a lock's line says is not said again by a finding", () => {
  const detail = segment("a", { findings: [{ code: "ambiguous", severity: "warning", message: "the lock", offset: 256 }, { code: "damaged", severity: "error", message: "changes are refused" }] });
  const lines = attention({ segments: [segment("a")], insides: [inside("posix:a", { segment: detail, locks: [lock({ verdict: "ambiguous" })] })] });
  assert.deepEqual(lines.map(({ label }) => label), ["damaged", "ambiguous"]);
});

test("participants that are gone lead to theirs", () => {
  const [line] = attention({ insides: [inside("posix:a", { participants: [{ alive: false, blockCount: 2, sizeBytes: 2048 }, { alive: true, blockCount: 9 }, { alive: "unknown" }] })] });
  assert.match(line.text, /1 participant ended without leaving and left 2 blocks with 2.KiB/);
  assert.deepEqual(line.places[0].route, { segment: "posix:a", tab: "participants" });
});

test("a tmpfs that is nearly full, and one that promised too much", () => {
  assert.deepEqual(attention({ status: tmpfs({ usedBytes: 840 }) }), []);
  assert.equal(attention({ status: tmpfs({ usedBytes: 900 }) })[0].severity, "warning");
  assert.equal(attention({ status: tmpfs({ usedBytes: 990 }) })[0].severity, "error");
  const status = { ...tmpfs({ promisedBytes: 5000 }), findings: [{ code: "overpromised", severity: "warning", message: "so many bytes" }, { code: "other", severity: "info", message: "as well" }] };
  assert.deepEqual(attention({ status }).map(({ label }) => label), ["overpromised", "other"]);
  assert.deepEqual(attention({ status: tmpfs({ sizeBytes: 0, promisedBytes: 5000 }) }), []);
});

test("many of one kind are one line, with the largest named and a way to all", () => {
  const orphans = Array.from({ length: 5 }, (_, index) => segment(`o${index}`, { orphaned: true, residentBytes: index }));
  const [line, ...others] = attention({ segments: orphans, now: Date.parse("2026-01-01T01:00:00Z") });
  assert.equal(others.length, 0);
  assert.match(line.text, /^5 objects .* the oldest for 60.min\.$/);
  assert.deepEqual(line.places.map(({ text }) => text), ["o4", "o3", "o2"]);
  assert.deepEqual(line.more, { text: "all 5", route: { orphaned: "true" } });
  const [finding] = attention({ segments: [segment("x", { findings: [{ code: "truncated", severity: "error", message: "it ends", offset: 64 }] })] });
  assert.equal(finding.text, "It ends.");
  assert.deepEqual(finding.places[0].route, { segment: "posix:x", at: "64" });
});

test("hostile names are visible text", () => {
  assert.equal(nameOf(segment("a\nb\u202e")), "a⟨U+000A⟩b⟨U+202E⟩");
  assert.equal(nameOf({ id: "sysv:1", name: "" }), "sysv:1");
});

test("kinds that nobody has heard of have their place", () => {
  assert.equal(kindName("wormhole"), "wormhole");
  assert.deepEqual(kindCounts({ memfd: 2, wormhole: 1, posix: 3, sysv: 0 }).map(({ key, count }) => [key, count]), [["posix", 3], ["memfd", 2], ["wormhole", 1]]);
  assert.equal(colourOf("wormhole", "kind"), "owner-0");
});

test("the worst that is known is the health", () => {
  const with_ = (severity) => segment("a", { orphaned: true, findings: [{ code: "c", severity, message: "m" }] });
  assert.equal(healthOf(with_("error")), "error");
  assert.equal(healthOf(with_("warning")), "warning");
  assert.equal(healthOf(with_("info")), "orphaned");
  assert.equal(healthOf(segment("a", { deleted: true })), "deleted");
  assert.deepEqual(badges(with_("error")).map(({ text }) => text), ["c", "orphaned"]);
  assert.match(sentence(segment("a", { mapperCount: null }), String), /^a, POSIX, 4096 in memory of 8192, processes unknown, owner root$/);
});

test("the address becomes a question, and what means nothing is left out", () => {
  assert.equal(path({}), "segments?limit=100&sort=-residentBytes");
  assert.equal(path({ q: "a&b", orphaned: "true", managed: "maybe", sort: "health", cursor: "C" }), "segments?limit=100&q=a%26b&orphaned=true&sort=-residentBytes&cursor=C");
  assert.equal(isPlain({ colour: "owner", managed: "maybe" }), true);
  assert.equal(isPlain({ sort: "name" }), false);
  assert.deepEqual(sortOf({ sort: "-name" }), { key: "name", isDescending: true, text: "-name" });
  assert.equal(sortOf({ sort: "toString" }).key, "residentBytes");
  assert.equal(nextSort("name", {}), "name");
  assert.equal(nextSort("name", { sort: "name" }), "-name");
  assert.equal(nextSort("sizeBytes", {}), "-sizeBytes");
  assert.equal(nextSort("residentBytes", {}), "residentBytes");
  assert.equal(nextSort("findings", {}), "-findings");
  for (const minBytes of ["1MiB", "-1", "0", "1e3", "99999999999999999"]) assert.equal(path({ minBytes }), path({}));
  assert.deepEqual(anew({ q: "a", sort: "b" }), { q: undefined, sort: undefined });
});

test("the map lets through what the server lets through", () => {
  const all = [segment("Alpha", { managed: true }), segment("beta", { orphaned: true }), segment("gamma", { kind: "memfd", uid: 5 })];
  const names = (route) => passing(all, route).map(({ name }) => name);
  assert.deepEqual(names({ q: "a" }), ["Alpha", "beta", "gamma"]);
  assert.deepEqual(names({ q: "A" }), ["Alpha"]);
  assert.deepEqual(names({ managed: "false" }), ["beta", "gamma"]);
  assert.deepEqual(names({ orphaned: "true", kind: "posix" }), ["beta"]);
  assert.deepEqual(names({ uid: "5" }), ["gamma"]);
  assert.deepEqual(names({ minBytes: "8192" }), ["Alpha", "beta", "gamma"]);
  assert.deepEqual(names({ minBytes: "8193" }), []);
  assert.equal(path({ minBytes: "65536" }), "segments?limit=100&minBytes=65536&sort=-residentBytes");
  assert.equal(path({ uid: "0" }), "segments?limit=100&uid=0&sort=-residentBytes");
  assert.deepEqual(notPutAway(all, { hide: "memfd" }).length, 2);
  assert.deepEqual(notPutAway(all, { hide: "5", colour: "owner" }).length, 2);
});

test("the legend has what is there, and what was put away", () => {
  const all = [segment("a"), segment("b", { kind: "memfd" }), segment("c")];
  assert.deepEqual(groups(all, "kind").map(({ key, count }) => [key, count]), [["posix", 2], ["memfd", 1]]);
  assert.deepEqual(groups(all, "kind", new Set(["sysv"])).map(({ key }) => key), ["posix", "sysv", "memfd"]);
  assert.equal(toggled({}, "posix"), "posix");
  assert.equal(toggled({ hide: "memfd,posix" }, "posix"), "memfd");
  assert.equal(toggled({ hide: "posix" }, "posix"), undefined);
});

test("what is hidden is said once, with what it needs", () => {
  const hidden = (count) => ({ hidden: [{ what: "maps of processes", count, needs: "CAP_SYS_PTRACE" }] });
  const [one, ...others] = hiddenFrom(hidden(2), hidden(3), undefined);
  assert.equal(others.length, 0);
  assert.equal(one.words, "Not seen: 3 × maps of processes. The server would need CAP_SYS_PTRACE (looking into processes of other users).");
});

test("letters are black or white, whichever is easier to read", () => {
  assert.equal(inkOn("#ffffff", "x"), "#000000");
  assert.equal(inkOn("#1b2a2f", "x"), "#ffffff");
  assert.equal(inkOn("Canvas", "CanvasText"), "CanvasText");
});

test("what is not told of is counted", () => {
  assert.deepEqual(attention({ untold: 0 }), []);
  assert.deepEqual(attention({ untold: 3 }).map(({ text }) => text), ["3 more managed segments have something to tell."]);
});

test("what is too small for the list is asked for where there is more than the list, and not often", async () => {
  const asked = [];
  let isDown = false;
  let known;
  const small = new Small({
    get: async (path) => {
      asked.push(path);
      if (isDown) throw new Error("down");
      return { segments: [{ id: "a", n: asked.length }, { id: path.includes("orphaned") ? "b" : "c" }] };
    },
    received: (segments) => { known = segments; },
  });
  assert.equal(small.look({ segments: [] }, 0), undefined);
  await small.look({ segments: [], next: "more" }, 100);
  assert.deepEqual(known.map(({ id }) => id), ["a", "b", "c"]);
  assert.equal(known[0].n, 1);
  assert.equal(asked.length, 2);
  assert.equal(small.look({ segments: [], next: "more" }, 9000), undefined);
  isDown = true;
  await small.look({ segments: [], next: "more" }, 20000);
  assert.equal(known.length, 3);
  small.look({ segments: [] }, 21000);
  assert.deepEqual(known, []);
});
