// What can be changed of a segment and its blocks: each a form, the dangerous ones asked about first.

import { bytes, count, exactBytes, hex, plural, visible } from "../format.js";
import { make } from "../dom.js";
import { anew } from "../views/overview/query.js";
import { offset, number, present, size, hexBytes, TypedError } from "./input.js";
import { button } from "./pieces.js";
import { openForm } from "./forms.js";

const wait = { name: "timeoutMilliseconds", label: "Wait for the lock, in ms", placeholder: "1000" };
const waiting = (values) => ({ timeoutMilliseconds: number(values.timeoutMilliseconds ?? "", "timeoutMilliseconds") });
const access = [["none", "nothing"], ["read", "read"], ["readWrite", "read and write"]];

/** A new segment; goes there once it is made. */
export function newSegment(actions) {
  const from = actions.route().segment;
  openForm({
    title: "New segment", verb: "Create",
    help: "A managed segment: a heap, a lock, participants and an event ring in shared memory, at /dev/shm.",
    fields: [
      { name: "name", label: "Name", placeholder: "none: an unnamed one", help: "Without a name it lives as long as the server or a worker holds it." },
      { name: "capacityBytes", label: "Capacity", value: "16MiB", required: true, help: "of the pool, rounded up to whole pages" },
      { name: "mode", label: "Mode", placeholder: "0600", help: "who may read and write it, octal" },
      { name: "maxParticipants", label: "Participants at most", placeholder: "64" },
      { name: "eventCount", label: "Events remembered", placeholder: "4096", help: "16 to 1,048,576" },
    ],
    send: (values) => actions.api.send("POST", "segments", {
      json: present({
        name: values.name, capacityBytes: size(values.capacityBytes, "capacityBytes"), mode: values.mode.trim(),
        maxParticipants: number(values.maxParticipants, "maxParticipants"), eventCount: number(values.eventCount, "eventCount"),
      }),
    }),
    done: (answer) => {
      actions.toast({ text: `${visible(answer.name) || answer.id} was made: ${bytes(answer.sizeBytes)}.` });
      if (actions.route().segment === from) actions.go({ ...anew(actions.route()), segment: answer.id });
    },
  });
}

/** What a refusal says that force would overcome: asks, and does it. */
async function orForce(actions, run, { title, verb }) {
  try {
    return await run({});
  } catch (error) {
    if (error.status !== 409 || !/force/.test(error.detail ?? "")) throw error;
    if (!await actions.confirm({ title, text: `${error.detail}. Who still uses it may read or write what is no longer theirs.`, verb })) return false;
    return run({ force: true });
  }
}

/** Selects in a segment, unless one has gone on to another meanwhile. */
function select(actions, id, range) {
  if (actions.route().segment === id) actions.select(range);
}

function failed(actions, error) {
  actions.toast({ text: [error.status, error.title, error.detail].filter(Boolean).join(" · ") || error.message, tone: "error" });
}

async function perform(actions, run, text) {
  try {
    const answer = await run();
    if (answer === false) return;
    actions.toast({ text: text(answer) });
    actions.refresh();
  } catch (error) {
    failed(actions, error);
  }
}

export async function removeSegment(actions, id) {
  const name = id.slice(id.indexOf(":") + 1);
  const isSure = await actions.confirm({
    title: `Remove ${visible(name)}?`, verb: "Remove",
    text: "Its name goes; the memory goes once the last process has unmapped it. What is in it cannot be had again.",
  });
  if (!isSure) return;
  const run = async (query) => {
    await actions.api.remove(id, query);
    return true;
  };
  try {
    const isGone = await orForce(actions, run, { title: "Somebody still uses it", verb: "Remove all the same" });
    if (!isGone) return;
    actions.toast({ text: `${visible(name)} was removed.` });
    if (actions.route().segment === id) actions.go(anew(actions.route()));
  } catch (error) {
    failed(actions, error);
  }
}

export function allocate(actions, id) {
  openForm({
    title: "Allocate", verb: "Allocate",
    help: "Blocks for nobody in particular: their owner is external, and they stay until somebody frees them.",
    fields: [
      { name: "sizeBytes", label: "Size", value: "4KiB", required: true, help: "bytes as in 4096, or with a unit" },
      { name: "alignment", label: "Alignment", placeholder: "16", help: "a power of two" },
      { name: "tag", label: "Tag", help: "at most 16 bytes" },
      { name: "count", label: "How many", placeholder: "1", help: "all or none" },
      wait,
    ],
    send: (values) => actions.api.send("POST", `segments/${id}/blocks`, {
      query: waiting(values),
      json: present({
        sizeBytes: size(values.sizeBytes), alignment: values.alignment.trim() === "" ? undefined : size(values.alignment, "alignment"),
        tag: values.tag, count: number(values.count, "count"),
      }),
    }),
    done: (answer) => {
      const block = answer.blocks?.[0] ?? answer;
      select(actions, id, { at: block.offset, to: block.offset + block.sizeBytes });
      actions.toast({ text: answer.blocks ? `${plural(answer.blocks.length, "block")} allocated, the first at ${hex(block.offset)}.` : `Allocated ${exactBytes(block.sizeBytes)} at ${hex(block.offset)}.` });
      actions.refresh();
    },
  });
}

const place = (at) => ({ name: "offset", label: "Block at", value: at === undefined ? "" : hex(at), required: true, help: "the payload's first byte; hex or decimal" });

/** `block` is the one to begin with: `{offset, sizeBytes?}`. */
export function resize(actions, id, block = {}) {
  openForm({
    title: "Resize a block", verb: "Resize", help: "It stays where it is if there is room behind it; otherwise it moves, with its bytes.",
    fields: [place(block.offset), { name: "sizeBytes", label: "New size", value: block.sizeBytes === undefined ? "" : String(block.sizeBytes), required: true }, wait],
    send: async (values) => {
      const at = offset(values.offset);
      const json = { sizeBytes: size(values.sizeBytes) };
      const run = (query) => actions.api.send("PATCH", `segments/${id}/blocks/${at}`, { query: { ...waiting(values), ...query }, json });
      return { before: at, after: await orForce(actions, run, { title: "It belongs to a living process", verb: "Resize all the same" }) };
    },
    done: ({ before, after }) => {
      if (!after) return;
      select(actions, id, { at: after.offset, to: after.offset + after.sizeBytes });
      actions.toast({ text: `${exactBytes(after.sizeBytes)} at ${hex(after.offset)}${after.offset === before ? "" : `, moved from ${hex(before)}`}.` });
      actions.refresh();
    },
  });
}

/** Frees a block after a question. */
export async function free(actions, id, block) {
  const isSure = await actions.confirm({
    title: `Free the block at ${hex(block.offset)}?`, verb: "Free",
    text: `${exactBytes(block.sizeBytes)}${block.tag ? `, tagged ${visible(block.tag)}` : ""}. Whoever still has its offset reads what comes there next.`,
  });
  if (!isSure) return;
  const run = async (query) => {
    await actions.api.send("DELETE", `segments/${id}/blocks/${block.offset}`, { query });
    return true;
  };
  await perform(actions, () => orForce(actions, run, { title: "It belongs to a living process", verb: "Free all the same" }), () => `The block at ${hex(block.offset)} is free.`);
}

export function freeAt(actions, id, at) {
  openForm({
    title: "Free a block", verb: "Free", tone: "error", help: "Freeing what is free already is refused, and changes nothing.",
    fields: [place(at), wait],
    send: async (values) => {
      const from = offset(values.offset);
      const run = async (query) => {
        await actions.api.send("DELETE", `segments/${id}/blocks/${from}`, { query: { ...waiting(values), ...query } });
        return true;
      };
      return await orForce(actions, run, { title: "It belongs to a living process", verb: "Free all the same" }) && from;
    },
    done: (from) => {
      if (from === false) return;
      actions.toast({ text: `The block at ${hex(from)} is free.` });
      actions.refresh();
    },
  });
}

export function writeBytes(actions, id, at) {
  openForm({
    title: "Write bytes", verb: "Write", tone: "error",
    help: "Into the pool, under the lock. What stands there is gone, and its owner is not asked.",
    fields: [
      { name: "offset", label: "At offset", value: at === undefined ? "" : hex(at), required: true, help: "hex or decimal, from the object's first byte" },
      { name: "form", label: "Written as", options: [["text", "text, UTF-8"], ["hex", "hex"]] },
      { name: "bytes", label: "Bytes", type: "textarea", required: true },
      wait,
    ],
    send: async (values) => {
      const from = offset(values.offset);
      const content = values.form === "hex" ? hexBytes(values.bytes) : new TextEncoder().encode(values.bytes);
      if (content.length === 0) throw new TypedError("bytes", "no bytes");
      await actions.api.send("PUT", `segments/${id}/bytes`, { query: { offset: from, ...waiting(values) }, bytes: content });
      return { at: from, to: from + content.length };
    },
    done: (range) => {
      select(actions, id, range);
      actions.toast({ text: `${plural(range.to - range.at, "byte")} written at ${hex(range.at)}.` });
      actions.refresh();
    },
  });
}

export function changeHeader(actions, id, header) {
  openForm({
    title: "Text and flag", verb: "Set", help: "Two fields of the segment's header, set together under the lock; its participants read them.",
    fields: [
      { name: "text", label: "Text", type: "textarea", value: header?.text ?? "", help: "at most 1,024 bytes of UTF-8" },
      { name: "flag", label: "Flag", value: String(header?.flag ?? 0), help: "0 to 4,294,967,295" }, wait,
    ],
    send: (values) => actions.api.send("PATCH", `segments/${id}`, {
      query: waiting(values), json: { text: values.text, ...present({ flag: number(values.flag, "flag") }) },
    }),
    done: () => {
      actions.toast({ text: "The text and the flag are set." });
      actions.refresh();
    },
  });
}

export function protect(actions, id, range = {}) {
  openForm({
    title: "Protection", verb: "Protect",
    help: "Of the server's own mapping only, in whole pages: what may be done there, and whether the pages stay in memory. Changes that need a protected range are then refused.",
    fields: [
      { name: "offset", label: "From offset", value: range.offset === undefined ? "" : hex(range.offset), required: true, help: "a multiple of 4096" },
      { name: "length", label: "Length", value: "4KiB", required: true },
      { name: "access", label: "May", options: [["", "as it is"], ...access] },
      { name: "locked", label: "Stays in memory", options: [["", "as it is"], ["no", "no"], ["onFault", "once it is touched"], ["all", "all of it, now"]] },
      wait,
    ],
    send: (values) => actions.api.send("PUT", `segments/${id}/protection`, {
      query: waiting(values),
      json: { offset: offset(values.offset), length: size(values.length, "length"), ...present({ access: values.access, locked: values.locked }) },
    }),
    done: (answer) => {
      actions.toast({ text: answer.protection?.length ? `${plural(answer.protection.length, "range")} protected.` : "Nothing is protected." });
      actions.refresh();
    },
  });
}

/** Makes a protected range as it was. */
export function lift(actions, id, { offset: from, length }) {
  return perform(
    actions, () => actions.api.send("PUT", `segments/${id}/protection`, { json: { offset: from, length, access: "readWrite", locked: "no" } }),
    () => `The range at ${hex(from)} is no longer protected.`);
}

export async function reclaim(actions, id) {
  const isSure = await actions.confirm({
    title: "Reclaim what the dead left?", verb: "Reclaim", tone: "warning",
    text: "Blocks and slots of processes that have ended are freed. What the living have stays.",
  });
  if (!isSure) return;
  const run = (query) => actions.api.send("POST", `segments/${id}/reclaim`, { query });
  await perform(actions, () => orForce(actions, run, { title: "Somebody would be hurt", verb: "Reclaim all the same" }), (answer) =>
    `${plural(answer.blocksFreed, "block")} freed, ${bytes(answer.bytesFreed)}; ${plural(answer.slotsFreed, "slot")} given back.`);
}

export function verify(actions, id) {
  openForm({
    title: "Verify", verb: "Check",
    help: "Reads every structure of the segment and holds it against the others: header, block table, spans, guards, free lists.",
    fields: [
      { name: "lock", label: "Take the lock meanwhile", type: "checkbox", help: "Without it a copy is checked that may be torn while others write; with it everyone waits, and the answer is certain." },
      wait,
    ],
    send: (values) => actions.api.send("POST", `segments/${id}/verify`, { query: { ...(values.lock ? { lock: true } : {}), ...waiting(values) } }),
    result: (answer, dialog) => verification(actions, id, answer, dialog),
  });
}

function verification(actions, id, answer, dialog) {
  const node = make("div");
  node.setAttribute("role", "status");
  const { findings } = answer;
  const line = make("p", {
    text: `${plural(answer.blocksChecked, "block")} and ${plural(answer.bytesChecked, "byte")} checked: `,
    badges: [{ text: findings.length === 0 ? "nothing found" : plural(findings.length, "finding"), tone: findings.length === 0 ? "good" : "error" },
      ...(answer.consistency && answer.consistency !== "consistent" ? [{ text: answer.consistency, tone: "warning" }] : [])],
  });
  const list = make("ul", { className: "plain" });
  for (const finding of findings.slice(0, 200)) {
    const item = make("li");
    if (finding.offset !== undefined && finding.offset !== null) {
      item.append(button(hex(finding.offset), () => {
        dialog.close();
        select(actions, id, { at: finding.offset, to: finding.offset + 1 });
      }, { className: "link" }), " ");
    }
    item.append(make("span", { text: visible(finding.message), badges: [{ text: visible(finding.code), tone: "error" }] }));
    list.append(item);
  }
  if (findings.length > 200) list.append(make("li", { text: `and ${count(findings.length - 200)} more` }));
  node.append(line, list);
  return node;
}
