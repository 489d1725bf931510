// Figures over time → points, ticks and words of a small chart; counts → bars. Pure.

/** The least and the greatest that a chart's axis shows: from zero, and never without height. */
export function extent(serieses, ceiling) {
  let most = ceiling ?? 0;
  if (ceiling === undefined) for (const series of serieses) for (const { value } of series) most = Math.max(most, value);
  return { least: 0, most: most > 0 ? most : 1 };
}

/**
 * The points of a series in a box, one column of pixels no more than twice: its least and its greatest value, so that
 * a short peak is not lost. A gap in the data longer than `gap` begins a new line.
 */
export function lines(series, { from, to, most, width, height, gap = 5000 }) {
  const found = [];
  let line = [];
  let before;
  const place = ({ at, value }) => ({
    x: to > from ? ((at - from) / (to - from)) * width : width,
    y: height - (Math.min(value, most) / most) * height,
  });
  for (const point of series) {
    if (point.at < from || point.at > to) continue;
    if (before !== undefined && point.at - before > gap && line.length > 0) {
      found.push(line);
      line = [];
    }
    before = point.at;
    const here = place(point);
    const last = line.at(-1);
    const earlier = line.at(-2);
    // A third point in one column replaces the middle one unless it is a peak.
    if (last && earlier && Math.floor(last.x) === Math.floor(here.x) && Math.floor(earlier.x) === Math.floor(here.x)
      && (last.y - earlier.y) * (here.y - last.y) >= 0) line[line.length - 1] = here;
    else line.push(here);
  }
  if (line.length > 0) found.push(line);
  return found;
}

/** How fast a figure that only grows grew, a second, from each point of its series to the next. */
export function growth(series) {
  const found = [];
  for (let index = 1; index < series.length; index += 1) {
    const [before, here] = [series[index - 1], series[index]];
    if (here.at > before.at) found.push({ at: here.at, value: Math.max(0, here.value - before.value) / ((here.at - before.at) / 1000) });
  }
  return found;
}

/**
 * The points of a small line without axes, as an SVG polyline has them; from zero to the greatest. `window`, `{from, to}`, is
 * the time that its width stands for; without one, all that there is.
 */
export function polyline(series, width, height, window) {
  if (series.length < 2) return "";
  const { most } = extent([series]);
  const [first, last] = window ? [window.from, window.to] : [series[0].at, series.at(-1).at];
  return series.filter(({ at }) => at >= first && at <= last).map(({ at, value }) => {
    const x = last > first ? ((at - first) / (last - first)) * width : width;
    return `${x.toFixed(1)},${(height - (value / most) * height).toFixed(1)}`;
  }).join(" ");
}

/**
 * A histogram of powers of two without its empty ends. Where more than `most` buckets are left, as many neighbours are
 * joined everywhere: counted from the last one, so that each bound is the same factor above the one before. What the
 * first one lacks lies among the empty ones. `key` names the bound; null is "beyond".
 */
export function trimmed(histogram, key, most = 14) {
  const first = histogram.findIndex(({ count }) => count > 0);
  if (first < 0) return [];
  const last = histogram.findLastIndex(({ count }) => count > 0);
  const step = Math.ceil((last + 1 - first) / most);
  const found = [];
  for (let end = last; end >= first; end -= step) {
    const joined = histogram.slice(Math.max(first, end - step + 1), end + 1);
    found.unshift({ [key]: histogram[end][key], count: joined.reduce((sum, { count }) => sum + count, 0) });
  }
  return found;
}

/** A histogram of waits without those who did not wait: the format counts them as waits of nothing. */
export function waited(histogram = []) {
  return histogram.filter(({ upToNanoseconds }) => upToNanoseconds !== 1);
}

/** The share of each entry of the greatest, 0 to 1; what is there at all shows. */
export function shares(values) {
  const most = Math.max(0, ...values);
  return values.map((value) => most > 0 && value > 0 ? Math.max(0.006, value / most) : 0);
}

/** Operations a second of each worker, from one look to the next. */
export class Rates {
  #before = new Map();
  #rates = new Map();
  #history = new Map();

  /** A look at `at` milliseconds: `[{id, operations}]`. The same look twice changes nothing. */
  note(at, counts) {
    for (const { id, operations } of counts) {
      const before = this.#before.get(id);
      if (before && at - before.at < 250) continue;
      if (before && at > before.at) {
        const rate = Math.max(0, operations - before.operations) / ((at - before.at) / 1000);
        this.#rates.set(id, rate);
        const past = this.#history.get(id) ?? [];
        past.push({ at, value: rate });
        if (past.length > 240) past.shift();
        this.#history.set(id, past);
      }
      this.#before.set(id, { at, operations });
    }
  }

  /** Undefined before the second look. */
  of(id) {
    return this.#rates.get(id);
  }

  series(id) {
    return this.#history.get(id) ?? [];
  }

  clear() {
    this.#before.clear();
    this.#rates.clear();
    this.#history.clear();
  }
}

/** A rate for people: three significant digits. */
export function rate(value) {
  if (!Number.isFinite(value)) return "–";
  const steps = [[1e9, "G"], [1e6, "M"], [1e4, "k"]];
  for (const [unit, letter] of steps) {
    if (value >= unit) return `${Number((value / (unit === 1e4 ? 1e3 : unit)).toPrecision(3))}\u00a0${letter}/s`;
  }
  return `${value >= 100 ? Math.round(value) : Number(value.toFixed(value < 10 ? 1 : 0))}\u00a0/s`;
}
