// One segment: what it is, its map beside its bytes, and the tabs below.

import { bytes, count, exactBytes, moment, plural, visible } from "../format.js";
import { byId, facts, make, setText, show } from "../dom.js";
import { showFindings } from "./findings.js";
import * as map from "./map.js";
import * as hex from "./hex.js";
import * as inspector from "./inspector.js";
import * as heap from "./heap.js";
import * as mappings from "./mappings.js";
import * as locks from "./locks.js";
import * as participants from "./participants.js";
import * as events from "./events.js";
import * as workers from "./workers.js";

const tabs = [
  { name: "heap", label: "Heap", view: heap }, { name: "locks", label: "Locks", view: locks },
  { name: "participants", label: "Participants", view: participants }, { name: "events", label: "Events", view: events },
  { name: "workers", label: "Workers and changes", view: workers }, { name: "mappings", label: "Processes", view: mappings }, { name: "about", label: "Object" },
];

/** What is known of an object that no shmlens made as well; of such a one the processes are shown first. */
const ofAll = ["locks", "mappings", "about"];

/** One press of an arrow in the scrubber, and one of Page ↑ or ↓. */
const stepMilliseconds = 1000;
const pageMilliseconds = 10000;

/** Where tabs begin above this share of the window's height, enough of the tab is seen. */
const tabsInSight = 0.6;

let actions;
/** The segment and the tab that the address named last. */
let came = {};
let isTabWanted = false;

export function connect(theActions, store) {
  actions = theActions;
  map.connect(byId("map"), actions, store);
  hex.connect(byId("hex"), actions);
  inspector.connect(byId("inspector"), actions);
  for (const tab of tabs) {
    const button = make("button", { text: tab.label });
    button.type = "button";
    button.id = `tab-${tab.name}-button`;
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", `tab-${tab.name}`);
    button.addEventListener("click", (event) => {
      // A pointer is where it is: nothing moves under it. A key's click has no detail.
      if (event.detail > 0) came.tab = tab.name;
      actions.change({ tab: tab.name });
    });
    byId("tabs").append(button);
    tab.view?.connect(byId(`tab-${tab.name}`), actions);
  }
  byId("tab-about").append(make("dl", { className: "facts" }));
  byId("tabs").addEventListener("keydown", moveTab);
  connectScrubber(store);
}

function moveTab(event) {
  const shown = offered.map(({ name }) => byId(`tab-${name}-button`));
  const index = shown.indexOf(document.activeElement);
  const next = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: shown.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  const button = shown[(next + shown.length) % shown.length];
  button.focus();
  button.click();
}

let offered = tabs;

/** Another object comes, or none. */
export function leave() {
  came = {};
  isTabWanted = false;
  for (const view of [map, hex, inspector, ...tabs.map((tab) => tab.view)]) view?.leave?.();
}

export function arrive(route) {
  const { segment, tab, at, from } = route;
  // Whoever comes for a place in memory stays at the map.
  if (tab !== came.tab || segment !== came.segment) isTabWanted = tab !== undefined && (segment === came.segment || (at ?? from) === undefined);
  came = { segment, tab };
  setText(byId("segment-title"), nameFrom(segment));
  for (const view of [map, hex, inspector, ...tabs.map((tab) => tab.view)]) view?.arrive?.(route);
}

/** The name in an id, until the server has said it. */
function nameFrom(id) {
  try {
    return visible(decodeURIComponent(id.slice(id.indexOf(":") + 1)));
  } catch {
    return id;
  }
}

export function render(store) {
  const segment = store.data("segment");
  const isManaged = segment?.managed === true && segment.heap !== undefined;
  if (segment) setText(byId("segment-title"), visible(segment.name) || segment.id);
  show(byId("segment-subtitle"), { className: "subtitle", text: store.route.segment, badges: segment ? badgesOf(segment) : [] });
  showFindings(byId("segment-findings"), segment?.findings, (finding) => placeOf(finding, store.route));
  renderFacts(segment);
  renderScrubber(store);
  map.render(store);
  hex.render(store);
  inspector.render(store);
  renderTabs(store, isManaged);
  if (segment) renderAbout(segment);
  if (segment) revealTab();
}

/** Findings of the lock, by their codes. */
const verdicts = new Set(["deadlock", "ownerDead", "willAbort", "ownerNotMapping", "ownerStopped", "phantomReaders", "deadWaiters", "waitingOnNobody", "ambiguous"]);

function placeOf({ code, offset }, route) {
  const { segment } = route;
  if (verdicts.has(code)) return { text: "Locks", href: actions.link({ segment, tab: "locks" }) };
  return offset == null ? undefined : { text: "Show", href: actions.link({ ...route, at: String(offset), to: undefined }) };
}

/** The tabs begin below what fills a screen: the one that a link or a key names comes into sight, once it is drawn. */
function revealTab() {
  if (!isTabWanted) return;
  isTabWanted = false;
  const { top } = byId("tabs").getBoundingClientRect();
  if (top < 0 || top > innerHeight * tabsInSight) byId("tabs").scrollIntoView({ block: "start" });
}

function badgesOf(segment) {
  return [
    segment.managed && { text: "managed", tone: "good" }, segment.deleted && { text: "deleted", tone: "warning" },
    segment.orphaned && { text: "orphaned", tone: "warning" },
    segment.header?.damaged && { text: "damaged: changes are refused", tone: "error" },
    segment.lock && segment.lock.verdict !== "ok" && { text: segment.lock.verdict, tone: "error" },
    segment.consistency && segment.consistency !== "consistent" && { text: segment.consistency, tone: "warning" },
  ].filter(Boolean);
}

function renderFacts(segment) {
  const size = (value) => value == null ? undefined : { text: bytes(value), title: exactBytes(value) };
  const entries = segment ? [
    ["Size", size(segment.sizeBytes)], ["In memory", size(segment.residentBytes)],
    ["Mapped by", segment.mapperCount == null ? "unknown" : plural(segment.mapperCount, "process", "processes")],
    ["Lock", segment.lock && lockFact(segment.lock)],
    ["Used", segment.heap && { ...size(segment.heap.usedBytes), note: `in ${plural(segment.heap.usedBlockCount, "block")}` }],
    ["Largest free", segment.heap && { ...size(segment.heap.largestFreeBytes), note: `of ${bytes(segment.heap.freeBytes)} free` }],
    ["Counter", segment.header && { text: count(segment.header.counter), note: visible(segment.header.text) || undefined }],
    ["Participants", segment.participantCount == null ? undefined : count(segment.participantCount)],
  ] : [];
  const list = byId("segment-facts").querySelector("dl") ?? byId("segment-facts").appendChild(make("dl", { className: "facts" }));
  facts(list, entries);
}

/** The number alone has the room that there is; who that is stands below, and in full in the title. */
function lockFact({ state, owner, waiters }) {
  if (state !== "held") return { text: state };
  const command = visible(owner?.command ?? "");
  return {
    text: `held by ${owner?.pid ?? "?"}`, title: command && `${command} (${owner.pid ?? "?"})`,
    note: waiters?.length ? plural(waiters.length, "waiter") : command || undefined,
  };
}

function renderTabs(store, isManaged) {
  offered = tabs.filter(({ name }) => isManaged || ofAll.includes(name));
  const chosen = offered.find(({ name }) => name === store.route.tab) ?? offered.find(({ name }) => isManaged || name === "mappings");
  for (const tab of tabs) {
    const button = byId(`tab-${tab.name}-button`);
    const isChosen = tab === chosen;
    button.hidden = !offered.includes(tab);
    button.setAttribute("aria-selected", String(isChosen));
    button.tabIndex = isChosen ? 0 : -1;
    byId(`tab-${tab.name}`).hidden = !isChosen;
    // What nobody sees is not drawn.
    if (isChosen) tab.view?.render(store);
  }
}

function renderAbout(segment) {
  const header = segment.header ?? {};
  const size = (value) => value == null ? undefined : { text: bytes(value), title: exactBytes(value) };
  facts(byId("tab-about").querySelector("dl"), [
    ["Identifier", { text: segment.id, className: "mode" }], ["Kind", segment.kind], ["Size", size(segment.sizeBytes)],
    ["In memory", size(segment.residentBytes)], ["Swapped", size(segment.swappedBytes)],
    ["Open descriptors", segment.openCount === undefined ? undefined : count(segment.openCount)],
    ["Attachments", segment.attachCount === undefined ? undefined : count(segment.attachCount)],
    ["Seals", segment.seals && (segment.seals.length > 0 ? segment.seals.map(visible).join(", ") : "none")],
    ["Made by process", segment.creatorPid], ["Last used by process", segment.lastPid],
    ["Mode", { text: segment.mode, className: "mode" }],
    ["User", { text: visible(segment.user ?? segment.uid), title: `uid ${segment.uid}, gid ${segment.gid}` }],
    ["Group", visible(segment.group ?? segment.gid)],
    ["Created", segment.createdAt && moment(segment.createdAt)], ["Changed", segment.changedAt && moment(segment.changedAt)],
    ["Inode", segment.inode == null ? undefined : { text: String(segment.inode), title: segment.device && `device ${segment.device}` }],
    ["Name family", segment.family && visible(segment.family)], ["Name in Base64", segment.nameBase64],
    ["Made for", header.architecture && `${visible(header.architecture)}, ${visible(header.libc ?? "")}`],
    ["Creator", header.creator && `${visible(header.creator.name ?? "")} (${header.creator.pid})`],
    ["UUID", header.uuid && { text: visible(header.uuid), className: "mode" }],
    ["Protected here", segment.protection?.length ? segment.protection.map((range) =>
      `${range.offset} + ${bytes(range.length)}: ${range.access}${range.locked === "no" ? "" : `, locked ${range.locked}`}`).join("; ") : undefined],
    ["Hidden", segment.hidden?.length ? segment.hidden.map((entry) => `${entry.count} × ${entry.what}: needs ${entry.needs}`).join("; ") : "nothing"],
  ]);
}

// Looking back

function connectScrubber(store) {
  const scrub = byId("scrub");
  const lookBack = () => {
    const at = Number(scrub.value);
    // The last step is now.
    store.lookBack(at > Number(scrub.max) - stepMilliseconds ? undefined : at);
  };
  scrub.addEventListener("input", lookBack);
  // What a browser takes for a page grows with the range.
  scrub.addEventListener("keydown", (event) => {
    const pages = { PageUp: 1, PageDown: -1 }[event.key];
    if (!pages) return;
    event.preventDefault();
    scrub.value = String(Number(scrub.value) + pages * pageMilliseconds);
    lookBack();
  });
  byId("scrub-now").addEventListener("click", () => store.lookBack(undefined));
}

function renderScrubber(store) {
  const range = store.history.range;
  const scrub = byId("scrub");
  // It has its place from the beginning: what comes later must not push the rest down.
  scrub.disabled = !range || range.to - range.from < 2000;
  if (!range) return;
  // Whole steps, so that they stay where they are while the range moves on.
  const whole = (at) => String(Math.floor(at / stepMilliseconds) * stepMilliseconds);
  scrub.min = whole(range.from);
  scrub.max = whole(range.to);
  if (!store.isPast) scrub.value = scrub.max;
  const text = store.isPast ? `${Math.max(0, Math.round((range.to - store.pastAt) / 1000))} s ago, at ${new Date(store.pastAt).toISOString().slice(11, 19)} UTC` : "now";
  setText(byId("scrub-at"), text);
  scrub.setAttribute("aria-valuetext", text);
  byId("scrub-now").disabled = !store.isPast;
}
