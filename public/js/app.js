// Wires the page: the URL to the route, the route to a view and its stream, what is heard to the screen.

import * as api from "./api.js";
import { confirm, toast } from "./dialogs.js";
import { byId, make, reconcile, setText, show } from "./dom.js";
import { duration } from "./format.js";
import { connectKeys } from "./keys.js";
import { linkTo, routeFrom, staleAfterMilliseconds, Store } from "./store.js";
import { Stream } from "./stream.js";
import * as graph from "./views/graph.js";
import * as overview from "./views/overview.js";
import * as process from "./views/process.js";
import * as segment from "./views/segment.js";

const store = new Store();
const views = { overview, segment, process, locks: graph };
/** Browsers refuse an address that changes too often; a wheel or a held arrow key would do that. */
const addressAfterMilliseconds = 250;
const tickMilliseconds = 500;
const followed = {
  overview: { path: () => "stream", parts: ["segments", "status", "workers", "insides"] },
  // What the host says keeps the page alive; the process itself, and who waits for whom, are asked for.
  process: { path: () => "stream", parts: ["segments", "status"] },
  locks: { path: () => "stream", parts: ["segments", "status"] },
  segment: { path: (route) => `segments/${route.segment}/stream`, parts: ["segment", "locks", "participants", "workers", "events"] },
};

let addressTimer = 0;
let frame = 0;
let cameFrom;
/** While paused: whether it is followed all the same, until there is something to see. */
let isGlimpsing = false;
/** The store's, as far as the stream knows. */
let epoch = 0;

const viewName = (route) => (route.segment ? "segment" : route.process ? "process" : route.view === "locks" ? "locks" : "overview");
const isElsewhere = (one, other) => one.segment !== other.segment || one.process !== other.process || viewName(one) !== viewName(other);

// What the server says

const stream = new Stream({
  heard(part, data) {
    store.heard(part, data, performance.now());
    // What was made anew under its name has its own events: it is followed from its beginning.
    if (store.epoch !== epoch) stream.forget();
    epoch = store.epoch;
    if (part === "tick" && hasData()) endGlimpse();
  },
  gone(problem) {
    store.ended(problem);
    endGlimpse();
  },
});

const hasData = () => store.data(store.route.segment ? "segment" : "segments") !== undefined;

function endGlimpse() {
  if (!isGlimpsing) return;
  isGlimpsing = false;
  follow();
}

/** Follows what is looked at, unless paused; what nobody can see is not followed. */
function follow() {
  if (document.hidden || (store.isPaused && !isGlimpsing)) {
    stream.follow(undefined);
    return;
  }
  const { path, parts } = followed[viewName(store.route)];
  stream.follow(path(store.route), parts);
}

/** Asks anew at once, for who does not want to wait for the stream; while paused for one look. */
function refresh() {
  stream.stop();
  isGlimpsing = store.isPaused;
  follow();
}

// Navigation

function go(part, { replace = false } = {}) {
  flushAddress();
  const address = linkTo({ ...store.route, ...part });
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  arrive(routeFrom(location.search));
}

/**
 * Goes where the address says. The focus moves only where the view changes. `draw` is `schedule` where the answers to what is
 * asked on arrival matter more than to draw that there are none yet.
 */
function arrive(route, draw = render) {
  const before = store.route;
  store.go(route);
  epoch = store.epoch;
  const name = viewName(route);
  // What is left forgets what it looked at, and asks no more.
  if (isElsewhere(before, route)) views[viewName(before)].leave?.();
  for (const key of Object.keys(views)) byId(`view-${key}`).hidden = key !== name;
  if (name === "locks") byId("to-locks").setAttribute("aria-current", "page");
  else byId("to-locks").removeAttribute("aria-current");
  views[name].arrive(route);
  // Pausing keeps what one looks at, not what one has not seen yet.
  if (store.isPaused && !hasData()) isGlimpsing = true;
  follow();
  draw();
  if (!isElsewhere(before, route)) return;
  byId(`${name}-title`).focus({ preventScroll: true });
  scrollTo(0, 0);
  cameFrom = route.segment ? undefined : before.segment;
}

/** Back in the list, the focus belongs on the segment that one looked at, as soon as it is listed again. */
function returnFocus() {
  if (!cameFrom || !store.data("segments")) return;
  // Whoever went on meanwhile is not called back.
  if (document.activeElement !== byId("overview-title")) {
    cameFrom = undefined;
    return;
  }
  const address = linkTo({ segment: cameFrom });
  const link = [...byId("overview").querySelectorAll("a[data-route]")].find((one) => one.getAttribute("href") === address);
  if (!link) return;
  cameFrom = undefined;
  link.focus();
}

/** Changes the place on this page: the address follows a little later, and nothing is put on the way back. */
function change(part) {
  store.go({ ...store.route, ...part });
  views[viewName(store.route)].arrive(store.route);
  clearTimeout(addressTimer);
  addressTimer = setTimeout(flushAddress, addressAfterMilliseconds);
}

function flushAddress() {
  if (addressTimer === 0) return;
  clearTimeout(addressTimer);
  addressTimer = 0;
  history.replaceState(null, "", linkTo(store.route));
}

function followLink(event) {
  const link = event.target.closest?.("a[data-route]");
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  flushAddress();
  // As it is written: the link of a drawing has no text there.
  history.pushState(null, "", link.getAttribute("href"));
  arrive(routeFrom(location.search));
}

// Drawing: many changes, one frame

function schedule() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    render();
  });
}

function render() {
  const name = viewName(store.route);
  views[name].render(store);
  renderStatus();
  renderProblems();
  returnFocus();
  const title = `${byId(`${name}-title`).textContent || "…"} · shmlens`;
  if (document.title !== title) document.title = title;
}

function renderStatus() {
  const silence = store.silence(performance.now());
  const isStale = !store.isPaused && silence > staleAfterMilliseconds;
  const state = store.isPaused ? "paused" : store.isGone ? "gone" : isStale ? "stale" : store.isPast ? "past" : silence === undefined ? "waiting" : "live";
  const words = { paused: "paused", past: "looking back", waiting: "waiting for the server", gone: "gone", stale: "stale", live: "live" };
  const back = store.isPast && state !== "past" ? "looking back, " : "";
  const old = silence !== undefined && (isStale || store.isPaused) ? `, ${wholeSeconds(silence)} old` : "";
  const again = isStale && stream.isTrying ? ", trying again" : "";
  byId("live").dataset.state = state;
  setText(byId("live-text"), back + words[state] + old + again);
  // Read out when it changes, not each second.
  setText(byId("live-status"), { stale: "The data on this page is stale.", gone: "The object is gone.", paused: "Paused." }[state] ?? "");
  byId("main").toggleAttribute("data-stale", isStale || state === "gone");
}

/** Figures that change with each look are not read. */
function wholeSeconds(milliseconds) {
  return milliseconds < 60000 ? `${Math.max(1, Math.round(milliseconds / 1000))} s` : duration(milliseconds);
}

function renderProblems() {
  reconcile(
    byId("problems"), store.errors(), (error) => error.message,
    () => {
      const notice = make("p", { className: "notice" });
      notice.dataset.severity = "error";
      const again = make("button", { text: "Try again" });
      again.type = "button";
      again.addEventListener("click", refresh);
      notice.append(make("span"), " ", again);
      return notice;
    },
    (notice, error) => show(notice.firstElementChild, { text: error.message }));
}

// Beginning

const actions = {
  route: () => store.route,
  go,
  change,
  select: ({ at, to }) => change({
    at: at === undefined ? undefined : String(at), to: to === undefined ? undefined : String(to),
  }),
  announce: (text) => setText(byId("said"), text),
  link: linkTo,
  api,
  refresh,
  confirm,
  toast,
};

function begin() {
  connectKeys(actions);
  overview.connect(byId("overview"), actions);
  segment.connect(actions, store);
  process.connect(actions);
  graph.connect(actions);
  store.addEventListener("change", schedule);
  document.addEventListener("click", followLink);
  document.addEventListener("visibilitychange", follow);
  addEventListener("popstate", () => {
    clearTimeout(addressTimer);
    addressTimer = 0;
    arrive(routeFrom(location.search));
  });
  byId("pause").addEventListener("click", (event) => {
    store.pause(!store.isPaused);
    isGlimpsing = false;
    setText(event.currentTarget, store.isPaused ? "Resume" : "Pause");
    follow();
  });
  setInterval(() => {
    stream.check();
    renderStatus();
    views[viewName(store.route)].tick?.(store);
  }, tickMilliseconds);
  // A large object's picture takes the server longest: nothing is drawn before it is asked for.
  arrive(routeFrom(location.search), schedule);
}

begin();
