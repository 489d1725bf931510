// The bytes at the cursor, read as everything they could be. Pure.

const textMaximum = 64;
/** Longer numbers are written with an exponent where that is shorter. */
const longestPlain = 12;
/** Bytes that the inspector wants to see: the longest text it shows. */
export const lookBytes = textMaximum;

/**
 * Rows of the inspector: `[{key, name, little, big, width, targets?}]`. `little` and `big` are text, `undefined` where the object
 * ends before the value does; of values without a byte order `big` is `null`. `targets` has the offsets in the object that
 * both readings could mean. `bytes` begin at `offset` of an object of `sizeBytes`.
 */
export function inspect(bytes, offset, sizeBytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const both = (width, read) => ({
    width,
    little: view.byteLength >= width ? read(true) : undefined,
    big: view.byteLength >= width ? read(false) : undefined,
  });
  const single = (width, read) => ({ width, little: view.byteLength >= width ? read() : undefined, big: null });
  const rows = [
    { key: "binary", name: "bits", ...single(1, () => view.getUint8(0).toString(2).padStart(8, "0").replace(/^..../, "$& ")) },
    { key: "int8", name: "int8", ...single(1, () => String(view.getInt8(0))) },
    { key: "uint8", name: "uint8", ...single(1, () => String(view.getUint8(0))) },
  ];
  for (const bits of [16, 32]) {
    rows.push({ key: `int${bits}`, name: `int${bits}`, ...both(bits / 8, (little) => String(view[`getInt${bits}`](0, little))) });
    rows.push({ key: `uint${bits}`, name: `uint${bits}`, ...both(bits / 8, (little) => String(view[`getUint${bits}`](0, little))) });
  }
  // Beyond 2^53 a double would round them.
  rows.push({ key: "int64", name: "int64", ...both(8, (little) => String(view.getBigInt64(0, little))) });
  rows.push({ key: "uint64", name: "uint64", ...both(8, (little) => String(view.getBigUint64(0, little))) });
  rows.push({ key: "float32", name: "float32", ...both(4, (little) => float(view.getFloat32(0, little), Math.fround)) });
  rows.push({ key: "float64", name: "float64", ...both(8, (little) => float(view.getFloat64(0, little))) });
  const word = both(8, (little) => view.getBigUint64(0, little));
  rows.push({
    key: "address", name: "address", width: 8, little: address(word.little), big: address(word.big),
    targets: { little: target(word.little, sizeBytes), big: target(word.big, sizeBytes) },
  });
  rows.push(...times(both, view));
  rows.push({ key: "utf8", name: "UTF-8", ...single(1, () => utf8(bytes)) });
  rows.push({ key: "cstring", name: "C string", ...single(1, () => cString(bytes, offset, sizeBytes)) });
  return rows;
}

/** The shortest text that reads back as the same value; `narrow` makes a number one of the type. */
function float(value, narrow = Number) {
  if (Object.is(value, -0)) return "-0";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "-∞";
  for (let digits = 1; digits <= 17; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    if (narrow(shorter) === value) return brief(shorter);
  }
  return brief(value);
}

/** Without zeros that only say how large it is. */
function brief(value) {
  const text = String(value);
  return text.length > longestPlain && value.toExponential().length < text.length ? value.toExponential() : text;
}

/** A word with all digits of a pointer. */
function address(word) {
  return word === undefined ? undefined : `0x${word.toString(16).padStart(16, "0")}`;
}

/** The offset that a word could mean; 0 is more often nothing than the first byte. */
function target(word, sizeBytes) {
  return word !== undefined && word > 0n && word < BigInt(sizeBytes) ? Number(word) : undefined;
}

const timeUnits = [
  { key: "s", name: "time, s", perSecond: 1n },
  { key: "ms", name: "time, ms", perSecond: 1000n },
  { key: "ns", name: "time, ns", perSecond: 1000000000n },
];

function times(both, view) {
  const rows = [{ key: "time32", name: "time32, s", ...both(4, (little) => unixTime(BigInt(view.getInt32(0, little)), 1n)) }];
  for (const { key, name, perSecond } of timeUnits) {
    rows.push({ key: `time${key}`, name, ...both(8, (little) => unixTime(view.getBigInt64(0, little), perSecond)) });
  }
  return rows;
}

/** A count since 1970 in UTC, with as many digits as its unit has; a dash outside the years 1 to 9999. */
export function unixTime(value, perSecond) {
  let seconds = value / perSecond;
  let rest = value % perSecond;
  if (rest < 0n) {
    seconds -= 1n;
    rest += perSecond;
  }
  if (seconds < -62135596800n || seconds > 253402300799n) return "–";
  const moment = new Date(Number(seconds) * 1000).toISOString();
  const digits = String(perSecond).length - 1;
  const fraction = digits ? `.${String(rest).padStart(digits, "0")}` : "";
  return `${moment.slice(0, 10)} ${moment.slice(11, 19)}${fraction}`;
}

/** The first character, with its number. */
function utf8(bytes) {
  const first = bytes[0];
  const length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (length === 0 || length > bytes.length) return "not UTF-8";
  try {
    return character(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, length)));
  } catch {
    return "not UTF-8";
  }
}

function character(text) {
  return `${quoted(text)} U+${text.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** The text up to the first zero byte; says when it goes on beyond what was read. */
function cString(bytes, offset, sizeBytes) {
  const end = bytes.indexOf(0);
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(end === -1 ? bytes : bytes.subarray(0, end));
  if (end !== -1) return quoted(text);
  return offset + bytes.length >= sizeBytes ? `${quoted(text)}, no end` : `${quoted(text)}…`;
}

const unseen = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** In quotation marks, with what cannot be seen, or would turn the text round, written as an escape. */
function quoted(text) {
  return `“${text.replace(unseen, (found) => {
    const code = found.codePointAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  })}”`;
}
