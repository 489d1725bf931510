// Bytes → text, and what people type → numbers and bytes. Pure: nothing here knows of the page.

const units = { b: 1, kib: 2 ** 10, k: 2 ** 10, mib: 2 ** 20, m: 2 ** 20, gib: 2 ** 30, g: 2 ** 30, tib: 2 ** 40, t: 2 ** 40 };

/** The 256 bytes as two hex digits each: drawing asks for them thousands of times. */
export const hexOf = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, "0"));

/** What stands for a byte in the text column; what cannot be printed is a middle dot. */
export const textOf = Array.from({ length: 256 }, (_, value) => (value >= 0x20 && value < 0x7f ? String.fromCharCode(value) : "·"));

/** Digits that every offset of an object needs, at least `least`. */
export function offsetDigits(sizeBytes, least = 6) {
  return Math.max(least, Math.max(0, sizeBytes - 1).toString(16).length);
}

/** An offset as a dump writes it: hex with leading zeros, without 0x. */
export function offsetText(offset, digits) {
  return offset.toString(16).padStart(digits, "0");
}

/** `7f 45 4c 46`, in lines of `perLine`. */
export function asHex(bytes, perLine = 16) {
  return lines(bytes, perLine).map((line) => Array.from(line, (value) => hexOf[value]).join(" ")).join("\n");
}

/** A declaration that a C compiler takes. */
export function asCArray(bytes, offset = 0, perLine = 12) {
  const body = lines(bytes, perLine).map((line) => `  ${Array.from(line, (value) => `0x${hexOf[value]}`).join(", ")},`);
  return [`/* offset 0x${offset.toString(16)} */`, `static const unsigned char bytes[${bytes.length}] = {`, ...body, "};"].join("\n");
}

/** UTF-8; what is none becomes U+FFFD, so that nothing is dropped in silence. */
export function asText(bytes) {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

export function asBase64(bytes) {
  let binary = "";
  // In pieces: a call takes no more arguments than the stack has room for.
  for (let index = 0; index < bytes.length; index += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(index, index + 0x8000));
  }
  return btoa(binary);
}

/** The ways to copy, in the order in which they are offered. */
export const copyForms = [
  { key: "hex", name: "hex", write: (bytes) => asHex(bytes) },
  { key: "c", name: "C array", write: (bytes, offset) => asCArray(bytes, offset) },
  { key: "text", name: "text", write: (bytes) => asText(bytes) },
  { key: "base64", name: "base64", write: (bytes) => asBase64(bytes) },
];

function lines(bytes, perLine) {
  const found = [];
  for (let index = 0; index < bytes.length; index += perLine) found.push(bytes.subarray(index, index + perLine));
  return found;
}

/**
 * Reads where to go: `0x1a2f`, `6703`, `4KiB`, `1.5 MiB`, `50%`, `end`; with `+` or `-` in front counted from `from`.
 * Answers `{offset}`, or `{error}` in words fit to be shown.
 */
export function parseOffset(text, sizeBytes, from = 0) {
  const typed = text.trim().toLowerCase().replaceAll("_", "").replaceAll(",", "");
  if (typed === "") return { error: "Type an offset: 0x1a2f, 6703, 4KiB, +0x40 or end." };
  if (typed === "end") return { offset: Math.max(0, sizeBytes - 1) };
  const sign = /^[+-]/.exec(typed)?.[0];
  const value = amount(sign ? typed.slice(1).trim() : typed, sizeBytes);
  if (value === undefined) return { error: `“${text.trim()}” is no offset. Try 0x1a2f, 6703, 4KiB, +0x40 or end.` };
  const offset = sign === "+" ? from + value : sign === "-" ? from - value : value;
  if (offset < 0) return { error: "That is before the first byte." };
  if (offset >= sizeBytes) return { error: `That is behind the end: the object has ${sizeBytes} bytes (0x${sizeBytes.toString(16)}).` };
  return { offset };
}

function amount(text, sizeBytes) {
  if (/^0x[0-9a-f]{1,13}$/.test(text)) return Number(text);
  const share = /^(\d+(?:\.\d+)?)\s*%$/.exec(text);
  if (share) return Math.min(Math.max(0, sizeBytes - 1), Math.floor(sizeBytes * Number(share[1]) / 100));
  const size = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(text);
  // Digits with letters a to f are hex without its prefix, unless they are a size: a dump writes offsets like that.
  const scale = size && (size[2] === "" ? 1 : units[size[2]]);
  if (scale !== undefined && scale !== null && size) {
    const value = Number(size[1]) * scale;
    return Number.isSafeInteger(Math.floor(value)) ? Math.floor(value) : undefined;
  }
  return /^[0-9a-f]{1,13}$/.test(text) ? Number.parseInt(text, 16) : undefined;
}

/** Reads what to look for: `kind` is `hex` or `text`. Answers `{bytes}` or `{error}`. */
export function parseNeedle(text, kind) {
  if (kind === "text") {
    return text === "" ? { error: "Type what to look for." } : { bytes: new TextEncoder().encode(text) };
  }
  const digits = text.replace(/0x|[\s,:_-]/gi, "");
  if (digits === "") return { error: "Type bytes in hex: 7f 45 4c 46." };
  if (!/^[0-9a-f]+$/i.test(digits)) return { error: "Only hex digits: 7f 45 4c 46." };
  if (digits.length % 2 === 1) return { error: "Half a byte is missing: two digits make one." };
  return { bytes: Uint8Array.from(digits.match(/../g), (pair) => Number.parseInt(pair, 16)) };
}

/** The first place of `needle` in `bytes` from `start`; -1 where there is none. */
export function indexOfBytes(bytes, needle, start = 0) {
  if (needle.length === 0) return -1;
  const last = bytes.length - needle.length;
  for (let index = bytes.indexOf(needle[0], start); index !== -1 && index <= last; index = bytes.indexOf(needle[0], index + 1)) {
    let length = 1;
    while (length < needle.length && bytes[index + length] === needle[length]) length += 1;
    if (length === needle.length) return index;
  }
  return -1;
}
