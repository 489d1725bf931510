// How an answer was got: each part of the page says it below its data.

import { address } from "../api.js";
import { clock, count, visible } from "../format.js";
import { make, show } from "../dom.js";

const consistencies = {
  consistent: { text: "one consistent picture" },
  rolledBack: { text: "one consistent picture: an operation under way was undone in the copy" },
  torn: { text: "torn: it changed faster than it could be read", tone: "warning" },
  inFlux: { text: "in flux: it changed while it was read", tone: "warning" },
  truncated: { text: "truncated: the object is shorter than it says", tone: "warning" },
};

/** Writes below a part when and how its data was taken, what was hidden, and where the JSON is. */
export function showProvenance(line, data, path) {
  const parts = line.querySelector("span") ?? line.appendChild(make("span"));
  let link = line.querySelector("a");
  if (!link) {
    link = make("a", { text: "JSON" });
    line.append(" ", link);
  }
  const href = address(path);
  if (link.getAttribute("href") !== href) link.setAttribute("href", href);
  show(parts, data ? { badges: badges(data), text: `Taken ${clock(data.takenAt)} UTC` } : { text: "Not yet answered" });
}

function badges(data) {
  const found = [];
  const how = consistencies[data.consistency];
  if (how) found.push(how);
  else if (data.consistency) found.push({ text: visible(data.consistency), tone: "warning" });
  for (const hidden of data.hidden ?? []) {
    found.push({
      text: `not seen: ${visible(hidden.what)} (${count(hidden.count)})`
        + (hidden.needs ? `; ${visible(hidden.needs)} would show them` : ""),
      tone: "warning",
    });
  }
  return found;
}

/** Shows which of a list's pages one is on, and the way to the others. */
export function showPager(nav, { isFirst, first, next, shown }) {
  nav.hidden = isFirst && !next;
  const links = [];
  if (!isFirst) links.push(["First page", first]);
  if (next) links.push(["Next page", next]);
  const signature = JSON.stringify([links, shown]);
  if (nav.dataset.drawn === signature) return;
  nav.dataset.drawn = signature;
  const focused = nav.contains(document.activeElement) ? document.activeElement.textContent : null;
  nav.replaceChildren(
    make("span", { text: shown }),
    ...links.map(([text, href]) => make("span", { text, href, route: true })));
  if (focused) [...nav.querySelectorAll("a")].find((link) => link.textContent === focused)?.focus();
}
