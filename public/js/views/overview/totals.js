// How much shared memory there is, against what there can be, and what this server does not see of it.

import { bytes, count, exactBytes, moment, percent, plural, visible } from "../../format.js";
import { facts, make, reconcile, setText, setTitle, show } from "../../dom.js";
import { hiddenFrom, kindCounts } from "./rows.js";

const parts = {};

export function connect(host) {
  parts.figure = make("p", { className: "figure", text: "–" });
  parts.rooms = make("div");
  parts.facts = make("dl", { className: "facts" });
  parts.hidden = make("ul", { className: "plain not-seen" });
  parts.hidden.setAttribute("aria-label", "Not seen by this server");
  host.append(parts.figure, parts.rooms, parts.facts, parts.hidden);
}

export function render(store) {
  const status = store.data("status");
  if (!status) return;
  const list = store.data("segments");
  const resident = status.host?.sharedBytes;
  show(parts.figure, { className: "figure", text: bytes(resident), title: exactBytes(resident), note: "shared memory in use on this host" });
  reconcile(parts.rooms, status.host?.tmpfs ?? [], (one) => one.path, createRoom, updateRoom);
  const kinds = kindCounts(status.segments);
  const total = kinds.reduce((sum, kind) => sum + kind.count, 0);
  const apparent = list?.segments.reduce((sum, segment) => sum + (segment.sizeBytes || 0), 0);
  const elsewhere = resident - (status.host?.tmpfs ?? []).reduce((sum, one) => sum + (one.usedBytes || 0), 0);
  facts(parts.facts, [
    ["In none of these", elsewhere > 0 ? {
      text: bytes(elsewhere), title: exactBytes(elsewhere), note: "memfds, anonymous and System V memory, mounts not seen",
    } : undefined],
    ["Objects", { text: count(total), note: kinds.length > 0 ? kinds.map((kind) => `${count(kind.count)} ${kind.name}`).join(" · ") : undefined }],
    ["Their sizes together", { text: bytes(apparent), title: exactBytes(apparent), note: list?.next ? `the largest ${count(list.segments.length)} only` : undefined }],
    ["Server", { text: visible(status.version), title: `process ${status.pid}, since ${moment(status.startedAt)}` }],
  ]);
  reconcile(parts.hidden, hiddenFrom(list, status), ({ key }) => key, () => make("li"), (item, { words }) => show(item, { text: words }));
}

function createRoom() {
  const room = make("div", { className: "room" });
  const meter = document.createElement("meter");
  meter.min = 0;
  meter.max = 1;
  room.append(make("p"), meter);
  return room;
}

function updateRoom(room, { path, sizeBytes, usedBytes, promisedBytes }) {
  const [line, meter] = room.children;
  const isLimited = sizeBytes > 0;
  const share = isLimited ? usedBytes / sizeBytes : 0;
  show(line, {
    text: isLimited ? `${visible(path)}: ${bytes(usedBytes)} of ${bytes(sizeBytes)} (${percent(share)})` : `${visible(path)}: ${bytes(usedBytes)}, without a limit`,
    title: `${plural(usedBytes, "byte")} of ${plural(sizeBytes, "byte")}`,
    note: promisedBytes > 0 ? `and ${bytes(promisedBytes)} promised by sizes` : undefined,
  });
  meter.hidden = !isLimited;
  if (meter.value !== share) meter.value = share;
  setTitle(meter, percent(share));
  const label = `Share of ${visible(path)} that is used`;
  if (meter.getAttribute("aria-label") !== label) meter.setAttribute("aria-label", label);
  setText(meter, percent(share));
}
