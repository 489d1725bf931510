// The strip of events: marks over time on a canvas, under the pointer and under the keys, and what their signs mean.

import { plural } from "../format.js";
import { make, reconcile } from "../dom.js";
import { kinds, lanesOf, markAt } from "../tabs/lanes.js";
import { laneAt, paintStrip } from "../tabs/strip.js";
import { reveal } from "../tabs/picker.js";

const lanesLeast = 4;

/** `pick(event)`, `follow()`, `chosen()` (a sequence) and `sentence(event)` are the list's that it belongs to. */
export function eventStrip({ pick, follow, chosen, sentence }) {
  const canvas = make("canvas");
  canvas.id = "events-strip";
  canvas.setAttribute("role", "img");
  canvas.tabIndex = 0;
  const legend = make("ul", { className: "strip-legend" });
  legend.setAttribute("aria-label", "Signs of the kinds of events");
  const frame = make("div", { className: "strip" });
  frame.append(canvas);
  const node = make("div");
  node.append(frame, legend);
  const state = { width: 0, rows: lanesLeast, marks: [], left: 0, events: [], picture: undefined };

  const draw = () => {
    if (state.width > 0 && state.picture) Object.assign(state, paintStrip(canvas, state.width, { ...state.picture, rows: state.rows }));
  };
  new ResizeObserver(([entry]) => {
    state.width = Math.floor(entry.contentRect.width);
    draw();
  }).observe(frame);
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)", "(prefers-contrast: more)"]) {
    matchMedia(query).addEventListener("change", draw);
  }
  connectPointer(canvas, ({ offsetX, offsetY }) => markAt(state.marks, offsetX - state.left, laneAt(offsetY)), { pick, sentence });
  canvas.addEventListener("keydown", (event) => onKey(event, state.events, { pick, follow, chosen }));

  return {
    node,
    /** Another segment: its rows may be fewer. */
    clear() {
      Object.assign(state, { rows: lanesLeast, events: [], marks: [], picture: undefined });
    },
    /** `at` is the right end in milliseconds, `span` how many seconds before it are shown; "" is all. `by` is `kind` or nothing. */
    render({ events, missing, at, span, by, chosen: sequence }) {
      const first = Date.parse(events[0]?.at ?? "");
      const from = span === "" ? Math.min(Number.isFinite(first) ? first : at, at - 1000) : at - Number(span) * 1000;
      state.events = events.filter((event) => Date.parse(event.at) >= from);
      const { lanes, laneOf } = lanesOf(state.events, by);
      // Rows are not taken away again while one looks: what stands below would jump.
      state.rows = Math.max(state.rows, lanes.length);
      state.picture = { events: state.events, lanes, laneOf, from, to: at, chosen: sequence, gaps: missing };
      const words = `${plural(state.events.length, "event")} over time, in rows by ${by === "kind" ? "kind" : "participant"}. `
        + "The table below has the same. Arrow keys go from event to event.";
      if (canvas.getAttribute("aria-label") !== words) canvas.setAttribute("aria-label", words);
      renderLegend(legend, new Set(state.events.map(({ kind }) => kind)));
      draw();
    },
  };
}

function renderLegend(legend, present) {
  reconcile(legend, Object.keys(kinds).filter((kind) => present.has(kind)), (kind) => kind, (kind) => {
    const item = make("li");
    const sign = make("span", { className: "sign", text: kinds[kind].sign });
    sign.style.color = `var(${kinds[kind].colour})`;
    sign.setAttribute("aria-hidden", "true");
    item.append(sign, make("span", { text: kind }));
    return item;
  }, () => {});
}

function connectPointer(canvas, markUnder, { pick, sentence }) {
  canvas.addEventListener("click", (event) => {
    const mark = markUnder(event);
    if (mark) pick(mark.event);
  });
  canvas.addEventListener("pointermove", (event) => {
    const mark = markUnder(event);
    const title = mark ? `${sentence(mark.event)}${mark.count > 1 ? `, and ${plural(mark.count - 1, "more like it", "more like it")}` : ""}` : "";
    if (canvas.title !== title) canvas.title = title;
    canvas.classList.toggle("over-mark", Boolean(mark));
  });
}

function onKey(event, events, { pick, follow, chosen }) {
  if (event.key === "Escape") follow();
  else if (event.key === "Enter" && chosen() !== undefined) reveal();
  else {
    const last = events.length - 1;
    const index = events.findIndex(({ sequence }) => sequence === chosen());
    const next = { ArrowLeft: index < 0 ? last : index - 1, ArrowRight: index < 0 ? last : index + 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    if (events[next]) pick(events[next]);
  }
  event.preventDefault();
}
