// What is wrong, in words: deadlocks first, then each lock that is not well, the worst first.

import { count, ended, plural, visible } from "../../format.js";
import { byId, make, reconcile, setText, setTitle, show } from "../../dom.js";
import { placeKey } from "../../locks/graph.js";
import { capital, evidenceWords, lockLink, placeName, placeTitle, processLink, threadName, verdictName } from "../../locks/words.js";

const shownAtOnce = 30;
/** Threads and locks that one verdict names; the others are in the table. */
const placesMost = 6;

const parts = {};
let shown = shownAtOnce;
/** Deadlocks that were read out: each is, once, when it comes. */
let said;

export function connect(redraw) {
  for (const part of ["list", "none", "more"]) parts[part] = byId(`verdicts-${part}`);
  parts.more.addEventListener("click", () => {
    shown += shownAtOnce;
    redraw();
  });
}

/** The lines of an answer. Pure. */
export function linesOf({ deadlocks = [], verdicts = [] }, graph) {
  const told = new Set(deadlocks.flatMap(({ locks }) => locks.map(placeKey)));
  return [
    ...deadlocks.map((deadlock) => ({
      key: `deadlock ${deadlock.threads.map(({ pid, tid }) => `${pid}:${tid}`).join(" ")}`, severity: "error", label: "deadlock",
      message: deadlock.message, advice: deadlock.advice,
      threads: deadlock.threads, locks: deadlock.locks.map((lock) => reportOf(lock, graph)), victims: deadlock.victims ?? [], notes: [],
    })),
    // A lock of a circle has been told with its circle.
    ...verdicts.filter((verdict) => verdict.verdict !== "deadlock" || !told.has(placeKey(verdict))).map((verdict) => {
      const report = reportOf(verdict, graph);
      return {
        key: `${verdict.verdict} ${placeKey(verdict)}`, severity: verdict.severity, label: verdictName(verdict.verdict),
        message: `${capital(placeName(report))}: ${verdict.message ?? verdictName(verdict.verdict)}`, advice: verdict.advice, threads: verdict.threads ?? [], locks: [report], victims: [],
        notes: [...(report.evidence?.length > 0 ? [`Known by: ${evidenceWords(report.evidence)}.`] : []), ...(report.caveats ?? [])],
      };
    }),
  ];
}

const reportOf = (place, graph) => ({ ...place, ...graph.places.get(placeKey(place))?.report });

export function render(answer, graph, { announce }) {
  const lines = answer ? linesOf(answer, graph) : [];
  parts.list.hidden = lines.length === 0;
  parts.none.hidden = lines.length > 0;
  setText(parts.none, answer ? "Nothing is wrong with any lock that was looked at." : "Asking the server…");
  parts.more.hidden = lines.length <= shown;
  setText(parts.more, `Show ${count(Math.min(shownAtOnce, lines.length - shown))} of ${count(lines.length - shown)} more`);
  reconcile(parts.list, lines.slice(0, shown), ({ key }) => key, create, update);
  if (answer) sayNew(lines, announce);
}

function create() {
  const item = make("li");
  const words = make("p", { className: "verdict-words" });
  words.append(make("span", { className: "badge" }), " ", make("span"));
  const places = Array.from({ length: 3 }, () => make("p", { className: "verdict-places" }));
  item.append(words, make("p", { className: "verdict-advice" }), ...places, make("p", { className: "verdict-notes" }));
  return item;
}

function update(item, line) {
  const severity = ["error", "warning"].includes(line.severity) ? line.severity : "info";
  if (item.dataset.severity !== severity) item.dataset.severity = severity;
  const [words, advice, threads, locks, victims, notes] = item.children;
  const [label, message] = words.children;
  if (label.dataset.tone !== severity) label.dataset.tone = severity;
  setText(label, line.label);
  show(message, { text: line.message ? ended(visible(line.message)) : "" });
  fill(advice, line.advice && ended(visible(line.advice)));
  links(threads, line.label === "deadlock" ? "Wait for one another" : "Waiting", line.threads, (one) => ({ text: threadName(one), href: processLink(one) }));
  links(locks, line.locks.length === 1 ? "Lock" : "Locks", line.locks, (one) => ({ text: placeName(one), href: lockLink(one), title: placeTitle(one) }));
  links(victims, `${plural(line.victims.length, "waits", "wait")} behind`, line.victims, (one) => ({ text: threadName(one), href: processLink(one) }));
  fill(notes, line.notes.map((note) => ended(visible(note))).join(" "));
}

function fill(node, text) {
  node.hidden = !text;
  setText(node, text ?? "");
}

function links(node, name, items, contentOf) {
  node.hidden = items.length === 0;
  const entries = items.slice(0, placesMost).map(contentOf);
  if (items.length > entries.length) entries.push({ text: `and ${count(items.length - entries.length)} more` });
  reconcile(node, [{ text: `${name}:` }, ...entries], ({ text, href }) => `${text} ${href ?? ""}`, ({ href }) => make(href ? "a" : "span"), (one, { text, href, title }) => {
    setText(one, text);
    setTitle(one, title);
    if (!href) return;
    one.dir = "auto";
    one.toggleAttribute("data-route", true);
    if (one.getAttribute("href") !== href) one.setAttribute("href", href);
  });
}

/** What was there when one came is read by who reads the list; a deadlock that comes later is said. */
function sayNew(lines, announce) {
  const bad = lines.filter(({ severity }) => severity === "error");
  const fresh = said && bad.filter(({ key }) => !said.has(key));
  said = new Set(bad.map(({ key }) => key));
  if (fresh?.length > 0) announce(fresh.map(({ message }) => visible(message)).join(" "));
}

export function leave() {
  said = undefined;
  shown = shownAtOnce;
}
