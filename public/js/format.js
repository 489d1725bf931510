// Numbers, times and names as people read them. Pure: nothing here knows of the page.

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
/** Between a number and its unit, so that they stay on one line. */
const space = "\u00a0";
const grouped = new Intl.NumberFormat("en-US");

/** A number with its digits grouped; one that a double cannot hold exactly says so. */
export function count(value) {
  if (!Number.isFinite(value)) return "–";
  return Number.isSafeInteger(value) || !Number.isInteger(value) ? grouped.format(value) : `about ${grouped.format(value)}`;
}

/** "1 segment", "2 segments". */
export function plural(value, one, many = `${one}s`) {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A size in binary units with three significant digits: 1536 → "1.5 KiB". */
export function bytes(value) {
  if (!Number.isFinite(value)) return "–";
  let scaled = value;
  let unit = 0;
  // What would be rounded up to 1024 belongs to the next unit.
  while (Math.abs(scaled) >= 1023.5 && unit < units.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  if (unit === 0) return `${scaled}${space}B`;
  const digits = scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0;
  return `${Number(scaled.toFixed(digits))}${space}${units[unit]}`;
}

/** The same size, exact: for a title. */
export function exactBytes(value) {
  return Number.isFinite(value) ? plural(value, "byte") : "";
}

/** An offset in hex, as in a dump. */
export function hex(value) {
  return Number.isSafeInteger(value) ? `0x${value.toString(16)}` : "–";
}

/** A share, 0 to 1, in per cent. Only 0 is "0 %" and only 1 is "100 %". */
export function percent(share) {
  if (!Number.isFinite(share)) return "–";
  const value = share * 100;
  if (value > 0 && value < 0.1) return `< 0.1${space}%`;
  if (value < 100 && value > 99.9) return `> 99.9${space}%`;
  return `${Number(value.toFixed(value < 10 || value > 90 ? 1 : 0))}${space}%`;
}

/** How long something took or is ago, from milliseconds. */
export function duration(milliseconds) {
  if (!Number.isFinite(milliseconds)) return "–";
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 1) return `${Math.round(seconds * 1000)}${space}ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)}${space}s`;
  if (seconds < 120) return `${Math.round(seconds)}${space}s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)}${space}min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)}${space}h`;
  return `${count(Math.round(seconds / 86400))}${space}d`;
}

/** A bound of a histogram, from nanoseconds; the last bucket has none. */
export function nanoseconds(value) {
  if (value === null) return "∞";
  if (!Number.isFinite(value)) return "–";
  if (value < 1e3) return `${value}${space}ns`;
  if (value < 1e6) return `${Number((value / 1e3).toPrecision(3))}${space}µs`;
  if (value < 1e9) return `${Number((value / 1e6).toPrecision(3))}${space}ms`;
  return `${Number((value / 1e9).toPrecision(3))}${space}s`;
}

/** Milliseconds from one time to another, each RFC 3339 or in milliseconds; NaN where one is missing. */
export function elapsed(from, to) {
  const at = (time) => typeof time === "number" ? time : Date.parse(time);
  return at(to) - at(from);
}

/** The time of day in an RFC 3339 time, as it is written: no zone is applied to it. */
export function clock(time) {
  return /T(\d\d:\d\d:\d\d(?:\.\d+)?)/.exec(time ?? "")?.[1] ?? "–";
}

/** The date and the time of day of an RFC 3339 time in UTC, to the second. */
export function moment(time) {
  const parts = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(time ?? "");
  return parts ? `${parts[1]} ${parts[2]} UTC` : "–";
}

// Control characters, and those that would turn the direction of what stands around them.
const unseen = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Text of another process with its invisible characters made visible. */
export function visible(text) {
  return String(text ?? "").replace(unseen, (character) => {
    return `\u27e8U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
  });
}

/** A text with its capital and its full stop. */
export function ended(text) {
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(sentence) ? sentence : `${sentence}.`;
}

/** Who owns a block, or did something. */
export function owner(report) {
  if (!report) return "–";
  if (report.slot === 0) return "external";
  if (report.pid == null) return `slot ${report.slot}, generation ${report.generation}`;
  return `${visible(report.name) || "unnamed"} (${report.pid})`;
}

/** `true`, `false` or "unknown" of a process, in words. */
export function alive(value) {
  return value === true ? "alive" : value === false ? "gone" : "unknown";
}

/** The upper bound under which a share of a histogram's counts lie; undefined where nothing was counted. */
export function boundOf(histogram, share) {
  const total = histogram.reduce((sum, bucket) => sum + bucket.count, 0);
  if (total === 0) return undefined;
  let below = 0;
  for (const bucket of histogram) {
    below += bucket.count;
    if (below >= total * share) return bucket.upToNanoseconds;
  }
  return histogram.at(-1).upToNanoseconds;
}
