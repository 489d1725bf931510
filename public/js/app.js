// Wires the page: the URL to the route, the route to a view and its requests, answers to the screen.

import { get, Poller } from "./api.js";
import { byId, make, reconcile, setText, show } from "./dom.js";
import { duration } from "./format.js";
import { linkTo, routeFrom, staleAfterMilliseconds, Store } from "./store.js";
import * as segment from "./views/segment.js";
import * as segments from "./views/segments.js";

const store = new Store();
const views = { segments, segment };
/** Browsers refuse an address that changes too often; a held arrow key would do that. */
const addressAfterMilliseconds = 250;
const tickMilliseconds = 500;

let addressTimer = 0;
let frame = 0;
let cameFrom;

const viewName = (route) => (route.segment ? "segment" : "segments");

// Requests

async function round(signal) {
  const { route } = store;
  let answered = false;
  const ask = async (part, path) => {
    try {
      const data = await get(path, signal);
      answered = true;
      store.received(part, data, performance.now());
      return data;
    } catch (error) {
      if (signal.aborted) return undefined;
      store.failed(part, error);
      return undefined;
    }
  };
  await Promise.all([ask("status", "status"), views[viewName(route)].load(route, ask)]);
  return answered;
}

const poller = new Poller(round, (wait) => store.retry(wait === 0 ? 0 : performance.now() + wait));

/** Asks now, and goes on unless paused; what nobody can see is not asked for. */
function follow() {
  if (document.hidden) rest();
  else poller.restart({ once: store.isPaused });
}

function rest() {
  poller.stop();
  store.retry(0);
}

// Navigation

function go(route, { replace = false } = {}) {
  const address = linkTo(route);
  flushAddress();
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  arrive(routeFrom(location.search));
}

/** Goes where the address says. The focus moves only where the view changes. */
function arrive(route) {
  const before = store.route;
  store.go(route);
  const name = viewName(route);
  for (const key of Object.keys(views)) byId(`view-${key}`).hidden = key !== name;
  views[name].arrive(route);
  follow();
  render();
  if (before.segment === route.segment) return;
  byId(`${name}-title`).focus();
  cameFrom = route.segment ? undefined : before.segment;
}

/** Back in the list, the focus belongs on the segment that one looked at, as soon as it is listed again. */
function returnFocus() {
  if (!cameFrom || !store.data("segments")) return;
  const address = linkTo({ segment: cameFrom });
  cameFrom = undefined;
  [...byId("segments-rows").querySelectorAll("a")].find((link) => link.getAttribute("href") === address)?.focus();
}

/** Changes the place on this page: the address follows a little later, and nothing is put on the way back. */
function change(part) {
  // What is under way answers about the place before.
  poller.stop();
  store.go({ ...store.route, ...part });
  clearTimeout(addressTimer);
  addressTimer = setTimeout(flushAddress, addressAfterMilliseconds);
}

function flushAddress() {
  if (addressTimer === 0) return;
  clearTimeout(addressTimer);
  addressTimer = 0;
  history.replaceState(null, "", linkTo(store.route));
  follow();
}

function followLink(event) {
  const link = event.target.closest?.("a[data-route]");
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(routeFrom(new URL(link.href).search));
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
  const title = `${byId(`${name}-title`).textContent} · shmlens`;
  if (document.title !== title) document.title = title;
}

function renderStatus() {
  const now = performance.now();
  const age = store.oldestAge(now);
  const isStale = age > staleAfterMilliseconds;
  const state = store.isPaused ? "paused" : age === undefined ? "waiting" : isStale ? "stale" : "live";
  const words = { paused: "paused", waiting: "waiting for the server", stale: "stale", live: "live" };
  const old = age === undefined ? "" : `, ${wholeSeconds(age)} old`;
  const retry = store.retryAt > now ? `, next try in ${wholeSeconds(store.retryAt - now)}` : "";
  byId("live").dataset.state = state;
  setText(byId("live-text"), words[state] + old + retry);
  // Read out when it changes, not each second.
  setText(byId("live-status"), { stale: "The data on this page is stale.", paused: "Paused." }[state] ?? "");
  for (const card of document.querySelectorAll("[data-part]")) {
    const partAge = store.age(card.dataset.part, now);
    card.toggleAttribute("data-stale", partAge > staleAfterMilliseconds);
  }
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
      again.addEventListener("click", follow);
      notice.append(make("span"), " ", again);
      return notice;
    },
    (notice, error) => show(notice.firstElementChild, { text: error.message }));
}

// Beginning

function begin() {
  const actions = { route: () => store.route, go: (part, options) => go({ ...store.route, ...part }, options), change };
  for (const view of Object.values(views)) view.connect(actions);
  store.addEventListener("change", schedule);
  document.addEventListener("click", followLink);
  document.addEventListener("visibilitychange", () => {
    if (!store.isPaused) follow();
  });
  addEventListener("popstate", () => {
    clearTimeout(addressTimer);
    addressTimer = 0;
    arrive(routeFrom(location.search));
  });
  byId("pause").addEventListener("click", (event) => {
    store.pause(!store.isPaused);
    setText(event.currentTarget, store.isPaused ? "Resume" : "Pause");
    if (store.isPaused) rest();
    else follow();
  });
  setInterval(renderStatus, tickMilliseconds);
  arrive(routeFrom(location.search));
}

begin();
