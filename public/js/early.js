// Asks for the first picture of what the address names, before the rest of the page is here: most of the time that a large
// object's picture takes is the server's, and passes while the browser reads the other modules.

import { get } from "./api.js";
import { coarsePath, hasBytes, layoutPath, pagesPath, poolOf } from "./map/questions.js";

const asked = new Map();

function ask(path) {
  const answer = get(path);
  asked.set(path, answer);
  return answer;
}

async function begin() {
  const query = new URLSearchParams(globalThis.location?.search);
  const id = query.get("segment");
  if (!id || !hasBytes(id)) return;
  const pool = poolOf(await ask(layoutPath(id)));
  if (pool) await ask(coarsePath(id, pool));
  else if (!query.has("from")) await ask(pagesPath(id, 0));
}

/** The answer to a question that was asked already, to the first who wants it; otherwise undefined. */
export function taken(path) {
  const answer = asked.get(path);
  asked.delete(path);
  return answer;
}

// Whoever takes the answer hears of its failure.
begin().catch(() => {});
