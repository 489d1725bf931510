// The last operations of a segment.

export { renderEvents as render } from "./lists.js";

export function connect() {}
