// All shared memory of the host: what needs attention, the totals, the area map, the table.

import { byId } from "../dom.js";
import { newSegment } from "../tabs/changes.js";
import * as area from "./overview/area.js";
import { attention, isAlarming } from "./overview/attention.js";
import * as callouts from "./overview/callouts.js";
import { anew } from "./overview/query.js";
import { serverTime } from "./overview/rows.js";
import * as totals from "./overview/totals.js";
import { merged, Watch } from "./overview/watch.js";
import * as segments from "./segments.js";

let actions;
/** The store that was drawn last: what the watch finds goes there, if the overview is still what is looked at. */
let seen;
const watch = new Watch({
  get: (path) => actions.api.get(path),
  received: (news) => { if (!seen.route.segment) seen.received("watched", news, performance.now()); },
  isAlarming,
  clock: () => performance.now(),
});

export function connect(host, theActions) {
  actions = theActions;
  callouts.connect();
  totals.connect(byId("totals"));
  area.connect(actions);
  segments.connect(actions);
  // The new segment's own page has none of the list's filters.
  const leave = (part) => actions.go({ ...anew(actions.route()), ...part });
  byId("new-segment").addEventListener("click", () => newSegment({ ...actions, go: leave }));
}

export function arrive(route) {
  watch.rest(performance.now());
  area.arrive(route);
  segments.arrive(route);
}

export function render(store) {
  look(store);
  renderAttention(store);
  totals.render(store);
  area.render(store);
  segments.render(store);
}

/** Looks into managed segments while the page follows the host. */
function look(store) {
  seen = store;
  const list = store.data("segments");
  if (list && !store.isPaused) watch.look(list, performance.now(), serverTime(store.data("status")));
}

function renderAttention(store) {
  const list = store.data("segments");
  const status = store.data("status");
  if (!list || !status) return;
  const { insides, small, managedCount, failedCount, isComplete } = store.data("watched") ?? { insides: [], small: [] };
  const lines = attention({ status, segments: merged(list.segments, small), insides, now: serverTime(status) });
  callouts.render(lines, { managedCount, failedCount, isComplete }, actions);
}
