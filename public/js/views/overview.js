// All shared memory of the host: what needs attention, the totals, the area map, the table.

import { byId } from "../dom.js";
import { lookAtWaits } from "../locks/poll.js";
import { newSegment } from "../tabs/changes.js";
import * as area from "./overview/area.js";
import { attention } from "./overview/attention.js";
import * as callouts from "./overview/callouts.js";
import { anew } from "./overview/query.js";
import { serverTime } from "./overview/rows.js";
import { merged, Small } from "./overview/small.js";
import * as totals from "./overview/totals.js";
import * as segments from "./segments.js";

/** An alarm may be a little late; who looks at the locks themselves is told sooner. */
const waitsAgainMilliseconds = 3000;

let actions;
/** The store that was drawn last: what is asked for goes there, if the overview is still what is looked at. */
let seen;
const small = new Small({
  get: (path) => actions.api.get(path),
  received: (segments) => { if (!seen.route.segment) seen.received("small", segments, performance.now()); },
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

function look(store) {
  seen = store;
  lookAtWaits(store, waitsAgainMilliseconds);
  const list = store.data("segments");
  if (list && !store.isPaused) small.look(list, performance.now());
}

function renderAttention(store) {
  const list = store.data("segments");
  const status = store.data("status");
  const inside = store.data("insides");
  const waits = store.data("waits");
  if (!list || !status || !inside) return;
  const segments = merged(list.segments, store.data("small") ?? [], inside.insides.map(({ segment }) => segment));
  const untold = inside.alarmingCount - inside.insides.length;
  callouts.render(attention({ status, segments, insides: inside.insides, untold, waits, now: serverTime(status) }), { ...inside, waits }, actions);
}
