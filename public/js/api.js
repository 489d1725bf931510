// Requests to the server. All paths are relative to the page, which may stand under a prefix.

const base = "api/v1/";
/** An answer that takes longer than this is not waited for. */
const timeoutMilliseconds = 10000;

/** A request that was not answered, or not well. Its message names the endpoint and is fit to be shown. */
export class RequestError extends Error {
  constructor(method, endpoint, { status, title, detail, field }) {
    super(`${method} ${endpoint}: ${[status, title].filter(Boolean).join(" ")}${detail ? `. ${detail}` : ""}`);
    this.name = "RequestError";
    this.endpoint = endpoint;
    /** The HTTP status; undefined where no answer came. */
    this.status = status;
    this.title = title;
    /** The server's own words. */
    this.detail = detail;
    /** The member or parameter that the server could not take. */
    this.field = field;
  }
}

/** The address of an endpoint, for a link. */
export function address(path) {
  return base + path;
}

/**
 * Gets an object. Throws a RequestError, or the signal's AbortError where the caller gave up.
 * A token, where the server asks for one, is in a cookie.
 */
export function get(path, signal) {
  return question(path, { signal });
}

/** Questions that are under way, and removals, by the segment that they are about. */
const questions = new Map();
const removals = new Map();

/**
 * Removes a segment. Rejects as `send` does.
 *
 * It waits for what was asked of the segment, and what is asked meanwhile waits for it: a question that a removal overtakes is
 * answered by an error, which is nobody's fault and stands in the browser's log.
 */
export async function remove(id, query) {
  let settle;
  removals.set(id, new Promise((resolve) => { settle = resolve; }));
  let isGone = false;
  try {
    await Promise.allSettled([...(questions.get(id) ?? [])]);
    await send("DELETE", `segments/${id}`, { query });
    isGone = true;
  } finally {
    removals.delete(id);
    settle(isGone);
  }
}

/** Asks for something, not of a segment that is being removed. */
async function question(path, options) {
  const id = /^segments\/([^/?]+)/.exec(path)?.[1];
  if (id === undefined) return ask("GET", path, options);
  if (await removals.get(id)) throw new RequestError("GET", base + path, { status: 404, title: "Not Found", detail: "It was removed." });
  const asked = ask("GET", path, options);
  if (!questions.has(id)) questions.set(id, new Set());
  const ofSegment = questions.get(id).add(asked);
  try {
    return await asked;
  } finally {
    ofSegment.delete(asked);
    if (ofSegment.size === 0 && questions.get(id) === ofSegment) questions.delete(id);
  }
}

/**
 * Changes something: `{json?, bytes?, query?, signal?}`. Resolves to the answer, or to undefined where there is none.
 */
export function send(method, path, { json, bytes, query, signal } = {}) {
  const search = new URLSearchParams(Object.entries(query ?? {}).filter(([, value]) => value !== undefined)).toString();
  const headers = {};
  let body;
  if (json !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(json);
  } else if (bytes !== undefined) {
    headers["Content-Type"] = "application/octet-stream";
    body = bytes;
  }
  return ask(method, path + (search ? `?${search}` : ""), { headers, body, signal });
}

/** Bytes of an object, fewer where it ends. */
export async function bytes(id, offset, length, signal) {
  if (length <= 0) return new Uint8Array(0);
  return question(`segments/${id}/bytes`, {
    signal, headers: { Range: `bytes=${offset}-${offset + length - 1}`, Accept: "application/octet-stream, application/problem+json" },
    read: async (response) => new Uint8Array(await response.arrayBuffer()),
    // Behind the end there is nothing, which is an answer as well.
    instead: (response) => response.status === 416 ? new Uint8Array(0) : undefined,
  });
}

async function ask(method, path, { headers = {}, body, signal, read = readJSON, instead }) {
  const endpoint = base + path;
  const controller = new AbortController();
  const giveUp = () => controller.abort(signal.reason);
  signal?.throwIfAborted();
  signal?.addEventListener("abort", giveUp);
  const timer = setTimeout(() => controller.abort(), timeoutMilliseconds);
  try {
    const response = await fetch(endpoint, {
      method, body, signal: controller.signal, credentials: "same-origin", cache: "no-store",
      headers: { Accept: "application/json, application/problem+json", ...headers },
    });
    const other = instead?.(response);
    if (other !== undefined) return other;
    if (!response.ok) throw await refusal(method, endpoint, response);
    if (response.status === 204) return undefined;
    return await read(response);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof RequestError) throw error;
    if (controller.signal.aborted) {
      throw new RequestError(method, endpoint, { title: `no answer within ${timeoutMilliseconds / 1000} s` });
    }
    if (error instanceof SyntaxError) throw new RequestError(method, endpoint, { title: "the answer is not JSON" });
    throw new RequestError(method, endpoint, { title: "the server cannot be reached" });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}

async function readJSON(response) {
  const answer = await response.json();
  if (answer === null || typeof answer !== "object") throw new SyntaxError("not an object");
  return answer;
}

async function refusal(method, endpoint, response) {
  const problem = await response.json().catch(() => ({}));
  const detail = response.status === 401
    ? "Open the address with ?token= that the server printed when it started."
    : problem.detail;
  return new RequestError(method, endpoint, {
    status: response.status, title: problem.title ?? response.statusText, detail, field: problem.field,
  });
}
