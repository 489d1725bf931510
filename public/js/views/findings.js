// What is wrong, or worth knowing, in sentences.

import { hex, visible } from "../format.js";
import { make, reconcile, show } from "../dom.js";

export function showFindings(list, findings = []) {
  list.hidden = findings.length === 0;
  reconcile(
    list, findings, (finding) => `${finding.code} ${finding.offset ?? ""}`, () => make("li"),
    (item, finding) => {
      item.dataset.severity = finding.severity;
      show(item, {
        text: visible(finding.message),
        badges: [{ text: visible(finding.code), tone: finding.severity }],
        note: finding.offset == null ? undefined : `at ${hex(finding.offset)}`,
      });
    });
}
