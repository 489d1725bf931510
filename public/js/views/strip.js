// The strip of events: marks over time on a canvas, under the pointer and under the keys, and what their signs mean.

import { plural } from "../format.js";
import { make, reconcile } from "../dom.js";
import { kinds, lanesOf, markAt } from "../tabs/lanes.js";
import { laneAt, paintStrip } from "../tabs/strip.js";
import { isWhole, moved, zoomed } from "../tabs/window.js";
import { reveal } from "../tabs/picker.js";

const lanesLeast = 4;
/** What a turn of the wheel, and a press of a key, bring nearer and move. */
const wheelFactor = 0.002;
const keyFactor = 1.6;
const keyShare = 0.2;
/** A pointer that moved less than this has pressed, not dragged. */
const dragPixels = 4;

/**
 * `pick(event)`, `follow()`, `look(window)`, `chosen()` (a sequence) and `sentence(event)` are the list's that it belongs to.
 * `look` is asked to show a stretch of time, `{from, to}`.
 */
export function eventStrip({ pick, follow, look, chosen, sentence }) {
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
  const state = { width: 0, rows: lanesLeast, marks: [], left: 0, inner: 1, events: [], picture: undefined, grouped: lanesOf([]) };

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
  connectPointer(canvas, state, { pick, look, sentence });
  connectWheel(canvas, state, look);
  canvas.addEventListener("keydown", (event) => onKey(event, state, { pick, follow, look, chosen }));

  return {
    node,
    /** Another segment: its rows may be fewer. */
    clear() {
      Object.assign(state, { rows: lanesLeast, events: [], marks: [], picture: undefined, grouped: lanesOf([]), by: undefined });
    },
    /** `window` is what is shown, of `bounds`, each `{from, to}` in milliseconds. `by` is `kind` or nothing. */
    render({ events, missing, window, bounds, by, chosen: sequence }) {
      const { from, to } = window;
      state.all = events;
      state.bounds = bounds;
      state.events = events.filter(({ at }) => Date.parse(at) >= from && Date.parse(at) <= to);
      // A stretch in which nothing happened keeps the rows that were there: one has to know where one is.
      if (state.events.length > 0 || state.by !== by) Object.assign(state, { by, grouped: lanesOf(state.events, by) });
      const { lanes, laneOf } = state.grouped;
      // Rows are not taken away again while one looks: what stands below would jump.
      state.rows = Math.max(state.rows, lanes.length);
      state.picture = { events: state.events, lanes, laneOf, from, to, chosen: sequence, gaps: missing };
      const words = `${plural(state.events.length, "event")} over time, in rows by ${by === "kind" ? "kind" : "participant"}. `
        + "The table below has the same. Arrow keys go from event to event, plus and minus bring them nearer.";
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

/** The time at a place of the strip. */
function timeAt({ picture, left, inner }, x) {
  return picture.from + ((x - left) / inner) * (picture.to - picture.from);
}

function connectPointer(canvas, state, { pick, look, sentence }) {
  const markUnder = ({ offsetX, offsetY }) => markAt(state.marks, offsetX - state.left, laneAt(offsetY));
  let drag;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !state.picture) return;
    canvas.setPointerCapture(event.pointerId);
    drag = { x: event.offsetX, window: state.picture, isMoving: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drag) {
      point(event);
      return;
    }
    const away = event.offsetX - drag.x;
    drag.isMoving ||= Math.abs(away) >= dragPixels;
    const { from, to } = drag.window;
    if (drag.isMoving) look(moved({ from, to }, -away / state.inner * (to - from), state.bounds));
  });
  const end = (event) => {
    const mark = drag && !drag.isMoving && event.type === "pointerup" ? markUnder(event) : undefined;
    drag = undefined;
    if (mark) pick(mark.event);
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  const point = (event) => {
    const mark = markUnder(event);
    const title = mark ? `${sentence(mark.event)}${mark.count > 1 ? `, and ${plural(mark.count - 1, "more like it", "more like it")}` : ""}` : "";
    if (canvas.title !== title) canvas.title = title;
    canvas.classList.toggle("over-mark", Boolean(mark));
  };
}

function connectWheel(canvas, state, look) {
  canvas.addEventListener("wheel", (event) => {
    if (!state.picture) return;
    const { from, to } = state.picture;
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? canvas.clientHeight : 1;
    const turn = (event.deltaY || event.deltaX) * unit;
    // What is whole gets no farther: the wheel is the page's then.
    if (!event.shiftKey && turn > 0 && isWhole({ from, to }, state.bounds)) return;
    event.preventDefault();
    if (event.shiftKey) look(moved({ from, to }, turn / state.inner * (to - from), state.bounds));
    else look(zoomed({ from, to }, Math.exp(-turn * wheelFactor * (event.ctrlKey ? 5 : 1)), timeAt(state, event.offsetX), state.bounds));
  }, { passive: false });
}

function onKey(event, state, { pick, follow, look, chosen }) {
  if (event.altKey || event.ctrlKey || event.metaKey || !state.picture) return;
  const { from, to } = state.picture;
  const { all, bounds } = state;
  const chosenIndex = all.findIndex(({ sequence }) => sequence === chosen());
  const chosenAt = chosenIndex < 0 ? NaN : Date.parse(all[chosenIndex].at);
  const middle = chosenAt >= from && chosenAt <= to ? chosenAt : (from + to) / 2;
  const go = (index) => { if (all[index]) pick(all[index]); };
  const last = all.length - 1;
  // Without a choice they go to the last one in sight; where none is, to the newest.
  const seen = state.events.length > 0 ? all.indexOf(state.events.at(-1)) : last;
  const acts = {
    Escape: follow, Enter: () => { if (chosen() !== undefined) reveal(); },
    ArrowLeft: () => go(chosenIndex < 0 ? seen : chosenIndex - 1), ArrowRight: () => go(chosenIndex < 0 ? seen : chosenIndex + 1),
    Home: () => go(0), End: () => go(last),
    "+": () => look(zoomed({ from, to }, keyFactor, middle, bounds)), "=": () => look(zoomed({ from, to }, keyFactor, middle, bounds)),
    "-": () => look(zoomed({ from, to }, 1 / keyFactor, middle, bounds)), 0: () => look(bounds),
    PageUp: () => look(moved({ from, to }, (from - to) * keyShare, bounds)), PageDown: () => look(moved({ from, to }, (to - from) * keyShare, bounds)),
  };
  const act = Object.hasOwn(acts, event.key) ? acts[event.key] : undefined;
  if (!act) return;
  event.preventDefault();
  act();
}
