// Who takes part in a segment.

export { renderParticipants as render } from "./lists.js";

export function connect() {}
