// The list of objects: filters, order and page stand in the address, and the server does the work.

import { bytes, count, exactBytes, moment, plural } from "../format.js";
import { byId, rows, setText } from "../dom.js";
import { linkTo } from "../store.js";
import { isFiltered, isPlain, leastOf, nextSort, notPutAway, pageRows, path, sortOf, withoutFilters } from "./overview/query.js";
import { age, badges, bornAt, kindCounts, kindName, kinds, mappers, nameOf, ownerName, serverTime } from "./overview/rows.js";
import { showPager, showProvenance } from "./provenance.js";

const askedAgainMilliseconds = 1000;
/** A list is asked for again after so long though nothing is known to have changed: a word may have been lost. */
const askedAnywayMilliseconds = 5000;
const typedMilliseconds = 150;
/** Sizes that can be chosen, as the address has them. */
const steps = [2 ** 16, 2 ** 20, 2 ** 24, 2 ** 28, 2 ** 30, 2 ** 34].map(String);

let actions;
let asked = { path: undefined, at: -Infinity, list: undefined };
let typing = 0;
let drawn = "";
let drawnAnswer;
/** The names of the users that were seen, by their numbers as text. */
const users = new Map();

/** Connects the form and the head of the table. */
export function connect(theActions) {
  actions = theActions;
  const form = byId("segments-filters");
  const { q, kind, uid, minBytes, managed, orphaned, deleted } = form.elements;
  const apply = (replace) => {
    clearTimeout(typing);
    actions.go({
      q: q.value, kind: kind.value, uid: uid.value, minBytes: minBytes.value, managed: managed.value,
      orphaned: orphaned.checked ? "true" : undefined, deleted: deleted.checked ? "true" : undefined, cursor: undefined,
    }, { replace });
  };
  q.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => apply(true), typedMilliseconds);
  });
  form.addEventListener("change", (event) => { if (event.target !== q) apply(false); });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply(true);
  });
  byId("segments-all").addEventListener("click", () => actions.go(withoutFilters()));
  byId("segments-head").addEventListener("click", (event) => {
    const key = event.target.closest("[data-sort]")?.dataset.sort;
    if (key) actions.go({ sort: nextSort(key, actions.route()), cursor: undefined });
  });
}

/** Puts a route's filters into the form, and its order into the table's head. */
export function arrive(route) {
  clearTimeout(typing);
  const { q, kind, uid, minBytes, managed, orphaned, deleted } = byId("segments-filters").elements;
  if (q.value !== (route.q ?? "")) q.value = route.q ?? "";
  offerKinds([route.kind]);
  kind.value = route.kind ?? "";
  offerUsers([], route.uid);
  uid.value = route.uid ?? "";
  offerSizes([...steps, leastOf(route)]);
  minBytes.value = leastOf(route);
  managed.value = ["true", "false"].includes(route.managed) ? route.managed : "";
  orphaned.checked = route.orphaned === "true";
  deleted.checked = route.deleted === "true";
  const sort = sortOf(route);
  for (const button of byId("segments-head").querySelectorAll("[data-sort]")) {
    const cell = button.closest("th");
    // An age rises while the time of its beginning falls.
    const isDescending = button.dataset.sort === "createdAt" ? !sort.isDescending : sort.isDescending;
    if (button.dataset.sort === sort.key) cell.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
    else cell.removeAttribute("aria-sort");
  }
}

/** Kinds that the server tells of can be chosen; the one in the address too, whatever it is. */
function offerKinds(keys) {
  const order = ["", ...kinds.map(({ key }) => key)];
  const place = (key) => order.indexOf(key) + 1 || order.length + 1;
  offer(byId("segments-filters").elements.kind, keys, kindName, (a, b) => place(a) - place(b));
}

/** So can the owners of objects that were seen. */
function offerUsers(segments, asked) {
  for (const segment of segments) if (segment.uid != null) users.set(String(segment.uid), ownerName(segment));
  offer(byId("segments-filters").elements.uid, [...users.keys(), asked], (uid) => users.get(uid) ?? ownerName({ uid }), (a, b) => a - b);
}

/** Sizes to begin with, and the one in the address. */
function offerSizes(sizes) {
  offer(byId("segments-filters").elements.minBytes, sizes, (size) => `at least ${bytes(Number(size))}`, (a, b) => a - b);
}

/** Adds to a choice what it does not have yet. */
function offer(select, keys, nameOf, order) {
  const known = [...select.options].map((option) => option.value);
  const wanted = [...new Set(keys)].filter((key) => key && !known.includes(key));
  if (wanted.length === 0) return;
  const { value } = select;
  const [all] = select.options;
  select.replaceChildren(...[...known, ...wanted].sort(order).map((key) => (key === "" ? all : new Option(nameOf(key), key))));
  select.value = value;
}

/**
 * Asks for the page of the list that is shown, no more than once a second, and not again while the stream tells of no
 * change. The stream has the largest objects: where those are all that is wanted, nothing need be asked.
 */
function ask(store) {
  const { route } = store;
  const list = store.data("segments");
  const now = performance.now();
  // The stream's first word is on its way.
  if (isPlain(route) && (!list || isWhole(list, route))) return;
  const wanted = path(route);
  if (asked.path === wanted) {
    const isKnown = asked.list === list && !list?.next;
    if (store.isPaused || now - asked.at < (isKnown ? askedAnywayMilliseconds : askedAgainMilliseconds)) return;
  }
  asked = { path: wanted, at: now, list };
  const isWanted = () => asked.path === wanted && store.route.segment === undefined;
  actions.api.get(wanted).then(
    (answer) => { if (isWanted()) store.received("list", { ...answer, path: wanted }, performance.now()); },
    (error) => { if (isWanted()) store.failed("list", error); });
}

const isWhole = (list, route) => list !== undefined && !list.next && list.segments.length <= pageRows && isPlain(route);

/** The page of the list; until it has come, what the stream says of it, or what was there before. */
function answerFor(store) {
  const { route } = store;
  const list = store.data("segments");
  if (isWhole(list, route)) return list;
  const answer = store.data("list");
  if (answer?.path === path(route)) return answer;
  if (list && isPlain(route)) return { ...list, segments: list.segments.slice(0, pageRows), next: undefined };
  return answer;
}

export function render(store) {
  const { route } = store;
  ask(store);
  const status = store.data("status");
  if (status) offerKinds(Object.keys(status.segments));
  const answer = answerFor(store);
  const isWaiting = !isWhole(store.data("segments"), route) && store.data("list")?.path !== path(route);
  byId("segments").setAttribute("aria-busy", String(isWaiting && !store.error("list")));
  const now = serverTime(status);
  // Ages change once a second; nothing else does without an answer.
  const stamp = JSON.stringify([Math.floor(now / 1000), route, isWaiting, Boolean(store.error("list"))]);
  if (answer?.segments === drawnAnswer && stamp === drawn) return;
  drawn = stamp;
  drawnAnswer = answer?.segments;
  draw(store, answer, now);
}

function draw(store, answer, now) {
  const { route } = store;
  const all = answer?.segments ?? [];
  const segments = notPutAway(all, route);
  offerUsers(all);
  rows(byId("segments-rows"), segments, (segment) => segment.id, (segment) => cells(segment, now));
  const empty = byId("segments-empty");
  empty.hidden = segments.length > 0;
  setText(empty, !answer ? store.error("list") ? "The list could not be had." : "Asking the server…"
    : isFiltered(route) ? "No object passes these filters." : "There is no shared memory on this host.");
  byId("segments-all").disabled = !isFiltered(route);
  const putAway = all.length - segments.length;
  const total = kindCounts(store.data("status")?.segments).reduce((sum, kind) => sum + kind.count, 0);
  setText(byId("segments-count"), !answer ? "" : [
    isFiltered(route) || !(answer.next || route.cursor) ? plural(segments.length, "object") : `${count(segments.length)} of ${plural(total, "object")}`,
    putAway > 0 && `${count(putAway)} put away by the legend`,
  ].filter(Boolean).join(", "));
  showPager(byId("segments-pager"), {
    isFirst: !route.cursor,
    first: linkTo({ ...route, cursor: undefined }),
    next: answer?.next && linkTo({ ...route, cursor: answer.next }),
    shown: `${plural(segments.length, "object")} on this page`,
  });
  showProvenance(byId("segments-provenance"), answer, path(route));
}

const managedBadge = { text: "managed", tone: "good", title: "A shmlens segment: its heap and its lock can be shown" };

function cells(segment, now) {
  const health = badges(segment);
  const owner = ownerName(segment);
  return [
    {
      className: "name",
      text: nameOf(segment),
      title: segment.id,
      href: linkTo({ segment: segment.id }),
      route: true,
      // Where there is no room for a column of its own the health stands here.
      badges: segment.managed ? [managedBadge, ...health] : health,
      note: [kindName(segment.kind), mappers(segment), owner].join(" · "),
    },
    { className: "secondary", text: kindName(segment.kind) },
    { className: "number", text: bytes(segment.sizeBytes), title: exactBytes(segment.sizeBytes) },
    { className: "number", text: bytes(segment.residentBytes), title: exactBytes(segment.residentBytes) },
    segment.mapperCount == null
      ? { className: "number secondary", text: "unknown", title: "The server may not read which processes have it mapped" }
      : { className: "number secondary", text: count(segment.mapperCount), title: mappers(segment) },
    { className: "secondary", text: owner, title: `uid ${segment.uid}, gid ${segment.gid}, mode ${segment.mode}` },
    { className: "number secondary", text: age(segment, now), title: Number.isFinite(bornAt(segment)) ? `since ${moment(segment.createdAt ?? segment.changedAt)}` : undefined },
    { className: "secondary", text: health.length === 0 ? "–" : "", badges: health },
  ];
}
