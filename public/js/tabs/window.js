// The stretch of time that a strip shows, in milliseconds: nearer, farther, earlier, later. Pure.

/** Times are told in whole milliseconds: nearer than this there is nothing to see. */
export const leastMilliseconds = 10;

/** `window` within `bounds`, as wide as it was where there is room; both are `{from, to}`. */
function within({ from, to }, bounds) {
  const whole = Math.max(leastMilliseconds, bounds.to - bounds.from);
  const width = Math.min(Math.max(leastMilliseconds, to - from), whole);
  const start = Math.min(Math.max(from, bounds.from), bounds.from + whole - width);
  return { from: start, to: start + width };
}

/** `factor` times as near; what is shown at `at` stays where it is. */
export function zoomed(window, factor, at, bounds) {
  const widest = Math.max(leastMilliseconds, bounds.to - bounds.from);
  const width = Math.min(Math.max(leastMilliseconds, (window.to - window.from) / factor), widest);
  const share = (at - window.from) / (window.to - window.from);
  const from = at - share * width;
  return within({ from, to: from + width }, bounds);
}

/** Later by so many milliseconds, earlier where they are negative. */
export function moved(window, milliseconds, bounds) {
  return within({ from: window.from + milliseconds, to: window.to + milliseconds }, bounds);
}

/** The same, with a time in its middle where it was not in sight. */
export function showing(window, at, bounds) {
  if (at >= window.from && at <= window.to) return window;
  return moved(window, at - (window.from + window.to) / 2, bounds);
}

export function isWhole(window, bounds) {
  return window.from <= bounds.from && window.to >= bounds.to;
}
