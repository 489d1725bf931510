// The table of blocks: filtered, sorted, paged by the server; and the way from an address to the block that holds it.

import { bytes, hex, plural, visible } from "../format.js";
import { make, setText, show } from "../dom.js";
import { linkTo } from "../store.js";
import { owned, orderOf, placed, since, sized, stated, tagged } from "../tabs/cells.js";
import { place } from "../tabs/input.js";
import { heapStamp } from "../map/stamp.js";
import { dataTable, gate, section } from "../tabs/pieces.js";
import { choose, picker, reveal } from "../tabs/picker.js";
import { free, resize } from "../tabs/changes.js";
import { showPager, showProvenance } from "./provenance.js";

const shownAtOnce = 25;
const askedAgainMilliseconds = 1000;
/** Rows stay where they are while the pointer moves among them: who aims at one must not hit another. */
const aimedMilliseconds = 1500;
const sortKeys = ["offset", "sizeBytes", "spanBytes", "state", "owner", "tag", "allocatedAt"];
const states = [["", "all"], ["used", "used"], ["free", "free"], ["orphaned", "orphaned"]];
/** Ways that many look for; each is a filter and an order. */
const ways = [
  { text: "All", title: "All blocks in address order", part: {} },
  { text: "Largest", title: "Used blocks, the largest first", part: { state: "used", sort: "-sizeBytes" } },
  { text: "Oldest", title: "Used blocks, the oldest first", part: { state: "used", sort: "allocatedAt" } },
  { text: "Orphaned", title: "Blocks whose owner has ended", part: { state: "orphaned" } },
  { text: "Largest free", title: "Free blocks, the largest first", part: { state: "free", sort: "-sizeBytes" } },
];
const nothing = { state: undefined, owner: undefined, tag: undefined, sort: undefined, cursor: undefined };

let actions;
let parts;
/** What was asked for last: `{path, at, stamp, epoch, isUnderWay}`. */
let asked = {};
/** Which question the blocks in the store answer. */
let answered;
let problem;
let aimedAt = -Infinity;
let looked;
/** Counts the questions of the form, so that a late answer does not select. */
let finds = 0;
let isPast = false;

export function connect(host, theActions) {
  actions = theActions;
  const id = () => actions.route().segment;
  parts = {};
  Object.assign(parts, { filters: filters(), find: findForm(), ways: make("nav", { className: "ways" }) });
  parts.ways.setAttribute("aria-label", "Blocks to look at");
  parts.table = dataTable({
    id: "blocks", caption: "Blocks, one a row", openTitle: "Select this block in the map and in the bytes",
    columns: [
      { key: "offset", label: "Offset" }, { key: "sizeBytes", label: "Size", className: "number" },
      { key: "spanBytes", label: "Span", className: "number secondary" }, { key: "state", label: "State" },
      { key: "owner", label: "Owner" }, { key: "tag", label: "Tag" }, { key: "allocatedAt", label: "Age", className: "number" },
    ],
    sort: (sort) => actions.go({ sort: ageTurned(sort), cursor: undefined }),
    open: select,
    actions: [
      { label: "Show", title: "Select it and go up to the map", run: (block) => { select(block); reveal(); } },
      { label: "Resize", isChange: true, fits: isTaken, run: (block) => resize(actions, id(), block) },
      { label: "Free", isChange: true, fits: isTaken, run: (block) => free(actions, id(), block) },
    ],
  });
  parts.table.body.addEventListener("pointermove", () => { aimedAt = performance.now(); }, { passive: true });
  parts.problem = make("p", { className: "notice" });
  parts.problem.dataset.severity = "error";
  parts.problem.setAttribute("role", "alert");
  parts.problem.hidden = true;
  parts.pager = make("nav", { className: "pager" });
  parts.pager.setAttribute("aria-label", "Pages of blocks");
  parts.provenance = make("p", { className: "provenance" });
  parts.provenance.id = "blocks-provenance";
  parts.node = section("blocks", "Blocks", parts.ways);
  const tools = make("div", { className: "block-tools" });
  tools.append(parts.filters.node, parts.find);
  parts.node.append(tools, parts.problem, parts.table.node, parts.pager, parts.provenance);
  host.append(parts.node);
}

const isTaken = (block) => block.state !== "free";

/** An age grows as the time of the allocation falls: "age, ascending" is the newest first. */
function ageTurned(sort) {
  return { allocatedAt: "-allocatedAt", "-allocatedAt": "allocatedAt" }[sort] ?? sort;
}

function select(block) {
  actions.select({ at: block.offset, to: block.offset + Math.max(1, block.sizeBytes) });
  actions.announce(`Selected: ${block.state}, ${bytes(block.sizeBytes)} at ${hex(block.offset)}`);
}

// Filters

function filters() {
  const go = (part) => actions.go({ ...part, cursor: undefined });
  const node = make("form", { className: "filters" });
  node.id = "blocks-filters";
  node.setAttribute("aria-label", "Filter blocks");
  node.addEventListener("submit", (event) => event.preventDefault());
  const state = picker("state", "State", (value) => go({ state: value }));
  const owner = picker("owner", "Owner", (value) => go({ owner: value }));
  const tag = picker("tag", "Tag", (value) => go({ tag: value }));
  node.append(state.node, owner.node, tag.node);
  choose(state, states);
  return { node, state, owner, tag };
}

/** Owners and tags that a heap's answer knows, as choices. */
function renderFilters(heap, route) {
  parts.filters.state.input.value = stateOf(route) ?? "";
  const owners = (heap?.byOwner ?? []).filter(({ owner }) => owner.pid != null)
    .map(({ owner }) => [String(owner.pid), owner.slot === 0 ? "external" : `${visible(owner.name) || "unnamed"} (${owner.pid})`]);
  choose(parts.filters.owner, [["", "all"], ...owners], route.owner);
  const tags = (heap?.byTag ?? []).filter(({ tag }) => tag).map(({ tag }) => [tag, visible(tag)]);
  choose(parts.filters.tag, [["", "all"], ...tags], route.tag);
}

/** The list of segments uses keys of the same names: what means nothing here is left out. */
function stateOf(route) {
  return states.some(([state]) => state && state === route.state) ? route.state : undefined;
}

// Which block holds this

function findForm() {
  const form = make("form", { className: "filters find" });
  form.setAttribute("aria-label", "Find the block that holds an offset");
  const label = make("label", { text: "Which block holds" });
  const input = make("input");
  input.name = "place";
  input.autocomplete = "off";
  input.spellcheck = false;
  input.placeholder = "0x19a000";
  input.title = "An offset in decimal or hex; or an address, minus where its mapping begins";
  label.append(" ", input);
  const go = make("button", { text: "Find" });
  const answer = make("p", { className: "found" });
  parts.found = answer;
  answer.id = "blocks-found";
  answer.setAttribute("role", "status");
  input.setAttribute("aria-describedby", answer.id);
  form.append(label, go, answer);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const say = (text, isWrong = false) => {
      input.toggleAttribute("aria-invalid", isWrong);
      if (isWrong) input.setAttribute("aria-invalid", "true");
      answer.classList.toggle("field-error", isWrong);
      setText(answer, text);
    };
    finds += 1;
    const [question, { segment }] = [finds, actions.route()];
    const isCurrent = () => finds === question && actions.route().segment === segment;
    if (isPast) {
      say("The single blocks of the past are not kept: go back to now to look one up.", true);
      return;
    }
    try {
      const at = place(input.value);
      const found = await actions.api.get(`segments/${segment}/blocks?at=${at}`);
      if (!isCurrent()) return;
      const block = found.blocks[0];
      if (!block) {
        say(`No block holds ${hex(at)}: it lies outside of the pool.`, true);
        return;
      }
      say(describe(block, at));
      select(block);
    } catch (error) {
      if (!isCurrent()) return;
      say(error.detail ?? error.message, true);
    }
  });
  return form;
}

function describe(block, at) {
  const within = at - block.offset;
  const where = within < 0 || within >= block.sizeBytes ? "its guard or rounding" : `byte ${within} of it`;
  return `${hex(at)} is ${where}: ${block.state}, ${bytes(block.sizeBytes)} at ${hex(block.offset)}${block.tag ? `, “${visible(block.tag)}”` : ""}.`;
}

// Asking and showing

function pathOf(route) {
  const query = new URLSearchParams({ limit: shownAtOnce });
  const wanted = { state: stateOf(route), owner: route.owner, tag: route.tag, cursor: route.cursor, sort: orderOf(route.sort, sortKeys, undefined) };
  for (const [key, value] of Object.entries(wanted)) if (value) query.set(key, value);
  return `segments/${route.segment}/blocks?${query}`;
}

/** Asks for the blocks that are shown: at once for other ones, for the same ones only where the heap has changed. */
function ask(store) {
  const path = pathOf(store.route);
  const now = performance.now();
  const isOther = asked.path !== path || asked.epoch !== store.epoch;
  // What is gone does not come back by asking.
  if (store.isPast || (!isOther && problem?.status === 404)) return;
  if (!isOther && (store.isPaused || asked.isUnderWay || now - asked.at < askedAgainMilliseconds || now - aimedAt < aimedMilliseconds)) return;
  const stamp = heapStamp(store);
  if (!isOther && asked.stamp === stamp && !problem) return;
  const question = { path, at: now, stamp, epoch: store.epoch, isUnderWay: true };
  asked = question;
  if (isOther) problem = undefined;
  actions.api.get(path).then(
    (answer) => {
      if (asked !== question) return;
      question.isUnderWay = false;
      problem = undefined;
      answered = path;
      store.received("blocks", answer, performance.now());
    },
    (error) => {
      if (asked !== question) return;
      question.isUnderWay = false;
      problem = error;
      renderProblem();
    });
}

export function arrive(route) {
  if (looked === route.segment) return;
  looked = route.segment;
  leaveBehind();
  parts.found.classList.remove("field-error");
  setText(parts.found, "");
}

/** Another segment comes, or none: answers that are still to come say nothing of it. */
export function leave() {
  looked = undefined;
  leaveBehind();
}

function leaveBehind() {
  asked = {};
  answered = problem = undefined;
  finds += 1;
}

export function render(store) {
  const { route } = store;
  ({ isPast } = store);
  ask(store);
  const answer = store.data("blocks");
  const blocks = answer?.blocks ?? [];
  renderFilters(store.data("segment")?.heap, route);
  renderWays(route);
  for (const control of parts.filters.node.elements) control.disabled = store.isPast;
  // While paused, an answer that was asked for is newer than the last word of the server.
  const now = Math.max(store.serverNow(), Date.parse(answer?.takenAt ?? ""));
  const at = route.at === undefined ? undefined : Number(route.at);
  parts.table.render(blocks, (block) => `${block.spanOffset}`, (block) => [
    placed(block.offset), sized(block.sizeBytes), sized(block.spanBytes, "number secondary"), stated(block.state),
    owned(block.owner), tagged(block.tag), since(block.allocatedAt, now),
  ], {
    sorted: ageTurned(orderOf(route.sort, sortKeys, "offset")),
    isChosen: (block) => at >= block.spanOffset && at < block.spanOffset + block.spanBytes,
    emptyText: emptyText(store, answer),
  });
  parts.table.node.toggleAttribute("data-waiting", !store.isPast && answered !== pathOf(route) && !problem);
  gate(parts.table.node, store);
  renderProblem();
  showPager(parts.pager, {
    isFirst: !route.cursor, first: linkTo({ ...route, cursor: undefined }), next: answer?.next && linkTo({ ...route, cursor: answer.next }),
    shown: plural(blocks.length, "block"),
  });
  showProvenance(parts.provenance, answer, pathOf(route));
}

function renderProblem() {
  parts.problem.hidden = !problem;
  setText(parts.problem, problem?.message ?? "");
}

function renderWays(route) {
  const now = { state: stateOf(route), owner: route.owner, tag: route.tag, sort: orderOf(route.sort, sortKeys, undefined) };
  ways.forEach(({ text, title, part }, index) => {
    const node = parts.ways.children[index] ?? parts.ways.appendChild(make("span"));
    show(node, { text, title, route: true, href: linkTo({ ...route, ...nothing, ...part }) });
    const isHere = Object.keys(now).every((key) => now[key] === part[key]);
    if (isHere) node.firstElementChild.setAttribute("aria-current", "true");
    else node.firstElementChild.removeAttribute("aria-current");
  });
}

function emptyText(store, answer) {
  if (!answer) return store.isPast ? "The page had no blocks at that moment." : problem ? "" : "Waiting for the blocks…";
  const { route } = store;
  if (stateOf(route) === "orphaned" && !route.owner && !route.tag) return "No block is orphaned: every owner lives.";
  if (stateOf(route) || route.owner || route.tag) return "No block passes the filter.";
  return "There are no blocks here.";
}
