// The locks of a segment: who holds each, who waits and for how long, and what that means.

import { clock, count, ended, plural } from "../format.js";
import { make, reconcile, setText, show } from "../dom.js";
import { lockName } from "../locks/words.js";
import { linkTo } from "../store.js";
import { chart } from "../tabs/chart.js";
import { button, section } from "../tabs/pieces.js";
import { growth, rate } from "../tabs/scale.js";
import { named } from "../tabs/ties.js";
import { verdict } from "../tabs/words.js";
import { fillLock, keyOf, makeLock, waitingFor } from "./locks/one.js";
import { showProvenance } from "./provenance.js";

const spanMilliseconds = 60000;
const askedAgainMilliseconds = 2000;
const shownAtOnce = 40;
/** Locks of one alarm that it names. */
const namedMost = 6;

let actions;
let parts;
let store;
let asked = {};
/** What a search through the bytes has found, `{segment, epoch, isUnderWay?, answer?, problem?}`. */
let search = {};
let shown = shownAtOnce;

export function connect(host, theActions) {
  actions = theActions;
  parts = { alarms: make("div", { className: "alarms" }), list: make("div", { className: "locks" }), empty: make("p", { className: "empty" }) };
  parts.alarms.setAttribute("role", "alert");
  parts.search = button("Look for unknown locks", lookForUnknown, { title: "Reads the object’s pages that are in memory for bytes that look like a lock; nothing else tells of those" });
  parts.found = make("p", { className: "note" });
  parts.found.setAttribute("role", "status");
  parts.head = make("div", { className: "card-head lock-head" });
  parts.head.append(make("p", { text: "Who waits for whom on this host", href: linkTo({ view: "locks" }), route: true }), parts.found, parts.search);
  parts.more = button("Show more", () => {
    shown += shownAtOnce;
    render(store);
  });
  parts.taken = chart({ title: "Taken a second", format: rate, lines: [{ label: "taken", colour: "--owner-6" }, { label: "had to wait", colour: "--owner-2" }] });
  parts.chart = section("lock-rate", "The segment's lock over time");
  parts.chart.append(parts.taken.node);
  parts.provenance = make("p", { className: "provenance" });
  host.append(parts.head, parts.alarms, parts.list, parts.more, parts.empty, parts.chart, parts.provenance);
}

export function leave() {
  asked = search = {};
  shown = shownAtOnce;
}

const path = (segment) => `segments/${segment}/locks`;

/** The stream tells of the locks of a managed segment; those of any other object are asked for. */
function ask() {
  const segment = store.data("segment");
  const id = store.route.segment;
  const now = performance.now();
  if (!segment || segment.heap !== undefined || store.isPast || store.isGone || asked.isUnderWay) return;
  if (asked.id === id && (store.isPaused || now - asked.at < askedAgainMilliseconds)) return;
  const question = asked = { id, at: now, isUnderWay: true };
  const isWanted = () => asked === question && store.route.segment === id;
  actions.api.get(path(id)).then(
    (answer) => { if (isWanted()) store.received("locks", answer, performance.now()); },
    (error) => { if (isWanted()) store.failed("locks", error); },
  ).finally(() => { question.isUnderWay = false; });
}

async function lookForUnknown() {
  const id = actions.route().segment;
  const mine = search = { id, epoch: store.epoch, isUnderWay: true, answer: search.answer };
  render(store);
  try {
    mine.answer = await actions.api.get(`${path(id)}?scan=true`);
  } catch (error) {
    mine.problem = error.message;
  }
  mine.isUnderWay = false;
  if (search === mine) render(store);
}

export function render(theStore) {
  store = theStore;
  ask();
  // What was found in the bytes of another object, or of one before under the same name, is not in these.
  if (search.id !== undefined && (search.id !== store.route.segment || search.epoch !== store.epoch)) search = {};
  const answer = store.data("locks");
  const participants = store.data("participants")?.participants ?? [];
  const locks = inOrder(withUnknown(answer?.locks ?? [], store.isPast ? undefined : search.answer).map((lock) => named(lock, participants)));
  // The server has no key of its own for these: its words are what tells them.
  const unseen = (answer?.hidden ?? []).find(({ what }) => /wait for the lock/.test(what))?.count ?? 0;
  renderAlarms(locks, unseen);
  reconcile(parts.list, locks.slice(0, shown), keyOf, (lock) => makeLock(lock, actions), (node, lock) => fillLock(node, lock, lock.type === "mutex" ? unseen : 0));
  parts.more.hidden = locks.length <= shown;
  setText(parts.more, `Show more of ${plural(locks.length, "lock")}`);
  parts.empty.hidden = locks.length > 0;
  setText(parts.empty, answer ? "No lock is known in this object." : store.error("locks")?.message ?? "Waiting for the locks…");
  renderSearch();
  renderChart();
  showProvenance(parts.provenance, answer, path(store.route.segment));
}

/** Locks that only a search through the bytes has found stand beside the others, with the time of the search. */
export function withUnknown(locks, found) {
  const known = new Set(locks.map(keyOf));
  const unknown = (found?.locks ?? []).filter((lock) => lock.evidence?.includes("scan") && !known.has(keyOf(lock)));
  return [...locks, ...unknown.map((lock) => ({ ...lock, scannedAt: found.takenAt }))];
}

/** Where not all are shown, those that are not well and those that are waited for come first. */
function inOrder(locks) {
  if (locks.length <= shownAtOnce) return locks;
  const rank = (lock) => lock.verdict !== "ok" ? 0 : lock.waiters.length > 0 ? 1 : 2;
  return [...locks].sort((a, b) => rank(a) - rank(b));
}

function listed(names) {
  const some = names.slice(0, namedMost);
  return `${some.join(", ")}${names.length > some.length ? ` and ${count(names.length - some.length)} more` : ""}`;
}

function renderSearch() {
  const { isUnderWay, answer, problem } = search;
  parts.search.disabled = Boolean(isUnderWay) || store.isPast;
  const found = answer?.locks.filter(({ evidence }) => evidence?.includes("scan")).length ?? 0;
  const words = isUnderWay ? "Looking through the pages in memory…" : problem
    ?? (answer ? `${found > 0 ? plural(found, "lock") : "No lock"} found in the bytes at ${clock(answer.takenAt)} UTC` : "");
  show(parts.found, { className: "note", text: words });
}

/** What cannot go on by itself, in plain words, before anything else. */
function renderAlarms(locks, unseen) {
  const bad = new Map();
  for (const lock of locks) {
    if (verdict(lock).tone !== "error") continue;
    // The locks of one circle are one alarm.
    const key = lock.verdict === "deadlock" && lock.message ? lock.message : keyOf(lock);
    bad.set(key, [...(bad.get(key) ?? []), lock]);
  }
  reconcile(parts.alarms, [...bad].slice(0, shown), ([key]) => key, () => {
    const notice = make("div", { className: "notice alarm" });
    notice.dataset.severity = "error";
    notice.append(make("strong"), make("p"));
    return notice;
  }, (notice, [, found]) => {
    const { title, help } = verdict(found[0]);
    show(notice.firstElementChild, { text: title });
    const many = found.reduce((sum, lock) => sum + waitingFor(lock, lock.type === "mutex" ? unseen : 0), 0);
    const waiters = many > 0 ? `${plural(many, "thread waits", "threads wait")} for ${found.length === 1 ? "it" : "them"}. ` : "";
    show(notice.lastElementChild, { text: `${ended(listed(found.map((lock) => `the ${lockName(lock)}`)))} ${waiters}${help ?? ""}`.trim() });
  });
}

function renderChart() {
  const statistics = store.data("segment")?.lock?.statistics;
  parts.chart.hidden = !statistics;
  if (!statistics) return;
  const range = store.history.range;
  const to = range?.to ?? 0;
  const serieses = [growth(store.series("acquisitions")), growth(store.series("contended"))];
  const latest = (series) => store.isPast ? series.findLast(({ at }) => at <= store.pastAt) : series.at(-1);
  parts.taken.render({
    from: Math.min(range?.from ?? 0, to - spanMilliseconds), to, mark: store.pastAt, serieses,
    figure: { text: rate(latest(serieses[0])?.value), title: "acquisitions a second" },
    notes: [`${count(statistics.acquisitions)} in all`, `${rate(latest(serieses[1])?.value)}, ${count(statistics.contended)} in all`],
  });
}
