// What is wrong, or worth knowing, in sentences.

import { hex, visible } from "../format.js";
import { make, reconcile, setText, show } from "../dom.js";

/** `placeOf(finding)` is where it is to be seen, `{text, href}`; undefined where it is no place of this page. */
export function showFindings(list, findings = [], placeOf = () => undefined) {
  list.hidden = findings.length === 0;
  reconcile(
    list, findings, (finding) => `${finding.code} ${finding.offset ?? ""}`, () => {
      const item = make("li");
      item.append(make("span"));
      return item;
    },
    (item, finding) => {
      item.dataset.severity = finding.severity;
      showPlace(item, placeOf(finding));
      show(item.firstElementChild, {
        text: visible(finding.message),
        badges: [{ text: visible(finding.code), tone: finding.severity }],
        note: finding.offset == null ? undefined : `at ${hex(finding.offset)}`,
      });
    });
}

function showPlace(item, place) {
  let link = item.querySelector("a");
  if (!place) {
    link?.remove();
    return;
  }
  if (!link) {
    link = make("a");
    link.dataset.route = "";
    item.append(" ", link);
  }
  if (link.getAttribute("href") !== place.href) link.setAttribute("href", place.href);
  setText(link, place.text);
}
