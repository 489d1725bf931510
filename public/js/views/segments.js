// The list of segments.

import { bytes, count, exactBytes, moment, plural, visible } from "../format.js";
import { byId, rows, setText, show } from "../dom.js";
import { get } from "../api.js";
import { linkTo } from "../store.js";
import { showFindings } from "./findings.js";
import { showPager, showProvenance } from "./provenance.js";

const limit = 100;
/** Of these the large ones are looked for. */
const largestFirst = new Set(["sizeBytes", "residentBytes", "mapperCount"]);

function path(route) {
  const query = new URLSearchParams({ limit });
  for (const key of ["q", "kind", "sort", "cursor"]) if (route[key]) query.set(key, route[key]);
  return `segments?${query}`;
}

let asked = { path: undefined, at: 0 };
const askedAgainMilliseconds = 1000;

/** Asks for the part of the list that is shown, no more than once a second: the stream has the largest only. */
function ask(store) {
  const wanted = path(store.route);
  const now = performance.now();
  if (store.isPaused || (asked.path === wanted && now - asked.at < askedAgainMilliseconds)) return;
  asked = { path: wanted, at: now };
  get(wanted).then(
    (answer) => { if (asked.path === wanted) store.received("list", answer, performance.now()); },
    (error) => store.failed("list", error));
}

/** Connects the form; `actions.go(route, { replace })` leads somewhere else. */
export function connect(actions) {
  const form = byId("segments-filters");
  const apply = (replace) => {
    actions.go({ q: form.elements.q.value, kind: form.elements.kind.value, cursor: undefined }, { replace });
  };
  form.elements.q.addEventListener("input", () => apply(true));
  form.elements.kind.addEventListener("change", () => apply(false));
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("segments-head").addEventListener("click", (event) => {
    const key = event.target.closest("[data-sort]")?.dataset.sort;
    if (key) actions.go({ sort: nextSort(key, actions.route().sort), cursor: undefined });
  });
}

/** A column's own order first, then the other way round, then none. */
function nextSort(key, sort) {
  const orders = largestFirst.has(key) ? [`-${key}`, key] : [key, `-${key}`];
  return orders[orders.indexOf(sort) + 1];
}

/** Puts a route's filters into the form, and its order into the table's head. */
export function arrive(route) {
  const { q, kind } = byId("segments-filters").elements;
  if (q.value !== (route.q ?? "")) q.value = route.q ?? "";
  kind.value = route.kind ?? "";
  for (const button of byId("segments-head").querySelectorAll("[data-sort]")) {
    const key = button.dataset.sort;
    const order = { [key]: "ascending", [`-${key}`]: "descending" }[route.sort];
    if (order) button.closest("th").setAttribute("aria-sort", order);
    else button.closest("th").removeAttribute("aria-sort");
  }
}

export function render(store) {
  const { route } = store;
  ask(store);
  const answer = store.data("list");
  const segments = answer?.segments ?? [];
  rows(byId("segments-rows"), segments, (segment) => segment.id, cells);

  const empty = byId("segments-empty");
  empty.hidden = !answer || segments.length > 0;
  setText(empty, route.q || route.kind ? "No segment passes this filter." : "There is no shared memory on this host.");
  showPager(byId("segments-pager"), {
    isFirst: !route.cursor,
    first: linkTo({ ...route, cursor: undefined }),
    next: answer?.next && linkTo({ ...route, cursor: answer.next }),
    shown: plural(segments.length, "segment"),
  });
  const status = store.data("status");
  show(byId("host"), hostLine(status));
  showFindings(byId("host-findings"), status?.findings);
  showProvenance(byId("segments-provenance"), answer, path(route));
}

function cells(segment) {
  return [
    {
      className: "name",
      text: visible(segment.name) || segment.id,
      title: segment.id,
      href: linkTo({ segment: segment.id }),
      route: true,
      badges: marks(segment),
      note: `${segment.kind} · ${segment.mode}${segment.user ? ` · ${visible(segment.user)}` : ""}`,
    },
    { className: "secondary", text: segment.kind },
    { className: "number", text: bytes(segment.sizeBytes), title: exactBytes(segment.sizeBytes) },
    { className: "number secondary", text: bytes(segment.residentBytes), title: exactBytes(segment.residentBytes) },
    { className: "mode secondary", text: segment.mode },
    { className: "secondary", text: visible(segment.user ?? String(segment.uid)), title: `uid ${segment.uid}, gid ${segment.gid}` },
    mappers(segment),
  ];
}

function mappers({ mapperCount }) {
  return mapperCount == null
    ? { className: "number", text: "unknown", title: "The server may not read which processes have it mapped" }
    : { className: "number", text: count(mapperCount), title: plural(mapperCount, "process", "processes") };
}

/** What is to be known about a segment at a glance. */
export function marks(segment) {
  const found = [];
  if (segment.managed) found.push({ text: "managed", tone: "good", title: "A shmlens segment: its heap and its lock can be shown" });
  if (segment.deleted) found.push({ text: "deleted", tone: "warning", title: "Its name is gone; its memory is not" });
  if (segment.orphaned) found.push({ text: "orphaned", tone: "warning", title: "No process has it mapped" });
  if (segment.header?.damaged) found.push({ text: "damaged", tone: "error", title: "Changes are refused" });
  for (const finding of segment.findings ?? []) {
    if (found.some((mark) => mark.text === finding.code)) continue;
    found.push({ text: visible(finding.code), tone: finding.severity, title: visible(finding.message) });
  }
  return found;
}

/** What is to be known about the host. */
function hostLine(status) {
  if (!status) return { className: "subtitle", text: "" };
  const tmpfs = (status.host?.tmpfs ?? []).map((one) =>
    `${visible(one.path)}: ${bytes(one.usedBytes)} of ${bytes(one.sizeBytes)} used, ${bytes(one.promisedBytes)} promised`);
  return {
    className: "subtitle",
    text: [...tmpfs, `server ${visible(status.version)}`].join(" · "),
    title: `process ${status.pid}, since ${moment(status.startedAt)}`,
  };
}
