// The lines that need attention, on the page.

import { plural } from "../../format.js";
import { byId, make, reconcile, setText, setTitle, show } from "../../dom.js";
import { linkTo } from "../../store.js";

/** Lines that were read out: each is, once, when it comes. */
let said;

export function connect() {
  byId("attention-list").addEventListener("click", (event) => {
    const link = event.target.closest("a");
    // A link into the list leads to the list: the page follows the link, this shows where it led.
    if (link && link.dataset.list !== undefined) byId("segments-title").focus();
  });
}

/**
 * `managedCount` segments are looked into, in turns; before each had its own nobody can say that all is well, and not
 * where `failedCount` of them could not be looked into. `waits` is who waits for whom, once that was answered.
 */
export function render(lines, { managedCount, failedCount = 0, isComplete, waits }, { announce }) {
  const none = byId("attention-none");
  const list = byId("attention-list");
  none.hidden = lines.length > 0;
  list.hidden = lines.length === 0;
  const looked = managedCount > 0 ? ` the locks and participants of ${plural(managedCount, "managed segment")},` : "";
  const waiting = waits ? " who waits for whom," : "";
  if (isComplete && failedCount > 0) setText(none, `${plural(failedCount, "managed segment")} could not be looked into; nothing else needs attention.`);
  else if (isComplete) setText(none, `Nothing needs attention. Looked at: findings,${waiting}${looked} orphaned and deleted objects, room in the tmpfs.`);
  reconcile(list, lines, (line) => line.key, create, update);
  sayNew(lines, announce);
}

function create() {
  const item = make("li");
  item.append(make("span", { className: "badge" }), " ", make("span"), " ", make("span", { className: "attention-places" }));
  return item;
}

function update(item, line) {
  if (item.dataset.severity !== line.severity) item.dataset.severity = line.severity;
  const [label, text, places] = item.children;
  if (label.dataset.tone !== line.severity) label.dataset.tone = line.severity;
  setText(label, line.label);
  show(text, { text: line.text });
  const links = line.places.map((place) => ({ ...place, isList: place.route.segment === undefined && place.route.view === undefined }));
  if (line.more) links.push({ ...line.more, isList: true });
  reconcile(places, links, (place) => `${place.text} ${place.title ?? ""}`, (place) => make(place.route ? "a" : "span"), showPlace);
}

function showPlace(node, { text, title, route, isList }) {
  setText(node, text);
  node.dir = "auto";
  setTitle(node, title);
  if (!route) return;
  const href = linkTo(route);
  if (node.getAttribute("href") !== href) node.setAttribute("href", href);
  node.toggleAttribute("data-route", true);
  node.toggleAttribute("data-list", isList);
}

/** What was there when one came is read by who reads the list; what comes later is said, if it is bad. */
function sayNew(lines, announce) {
  const bad = lines.filter(({ severity }) => severity === "error");
  const fresh = said && bad.filter(({ key }) => !said.has(key));
  said = new Set(bad.map(({ key }) => key));
  if (fresh?.length > 0) announce(`Needs attention: ${fresh.map(({ text }) => text).join(" ")}`);
}
