// All locks of the host that somebody waits for: who waits for whom, what is wrong, and what would help.

import { duration } from "../format.js";
import { byId, facts, make, reconcile, show } from "../dom.js";
import { graphOf } from "../locks/graph.js";
import { lookAtWaits, path } from "../locks/poll.js";
import { summary } from "../locks/words.js";
import { staleAfterMilliseconds } from "../store.js";
import { hiddenFrom } from "./overview/rows.js";
import { showProvenance } from "./provenance.js";
import * as drawing from "./graph/drawing.js";
import * as verdicts from "./graph/verdicts.js";
import * as waits from "./graph/waits.js";

const askedAgainMilliseconds = 1000;

let actions;
let seen = {};
/** Milliseconds from when the answer was taken to what is shown; it stands still while paused. */
let grown = 0;
let store;

export function connect(theActions) {
  actions = theActions;
  const redraw = () => { if (store) render(store); };
  drawing.connect();
  verdicts.connect(redraw);
  waits.connect(redraw);
  byId("graph-picture").addEventListener("click", (event) => {
    // The page follows the link, which shows only some of the table's rows; this goes to where they are.
    if (event.target.closest("a")?.matches(".more")) waits.reveal();
  });
}

export function arrive() {}

export function leave() {
  drawing.clear();
  verdicts.leave();
  waits.leave();
}

/** Called twice a second: time goes on between two answers, too. */
export function tick(theStore) {
  lookAtWaits(theStore, askedAgainMilliseconds);
  const answer = theStore.data("waits");
  if (!answer || theStore.isPaused) return;
  grow(answer);
  drawing.age(grown);
  renderTable(theStore);
  renderSummary(answer);
}

/** What has not been heard of for long is not said to have gone on. */
function grow(answer) {
  grown = (answer.ageMilliseconds ?? 0) + Math.min(staleAfterMilliseconds, Math.max(0, performance.now() - answer.receivedAt));
}

export function render(theStore) {
  store = theStore;
  lookAtWaits(store, askedAgainMilliseconds);
  const answer = store.data("waits");
  if (answer !== seen.answer) {
    seen = { answer, graph: answer && graphOf(answer) };
    if (answer) grow(answer);
  }
  drawing.render(seen.graph, grown, emptyText(answer));
  verdicts.render(answer, seen.graph, actions);
  renderTable(store);
  renderSummary(answer);
  reconcile(byId("waits-hidden"), hiddenFrom(answer), ({ key }) => key, () => make("li"), (item, { words }) => show(item, { text: words }));
  showProvenance(byId("waits-provenance"), answer && { takenAt: answer.takenAt, consistency: answer.consistency }, path);
}

function emptyText(answer) {
  if (!answer) return store.error("waits")?.message ?? "Asking the server…";
  return answer.hidden?.length > 0 ? "Nobody that can be seen waits for anything in shared memory." : "Nobody waits for anything in shared memory.";
}

function renderTable(theStore) {
  waits.render(theStore.data("waits"), seen.graph, theStore.route, grown);
}

function renderSummary(answer) {
  const age = answer && { text: duration(grown), title: "From when the threads were looked at to now" };
  facts(byId("waits-summary"), answer ? [...summary(answer), ["Partial", answer.next && "not all of them are in the answer"], ["Age", age]] : []);
}
