import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import test from "node:test";

const folder = fileURLToPath(new URL("../../../public/", import.meta.url));

/** A module and all that it imports, as paths in the public folder. */
function reached(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  const text = readFileSync(join(folder, file), "utf8");
  for (const [, path] of text.matchAll(/^(?:import|export)\b[^;]*?from "([^"]+)"/gm)) reached(normalize(join(dirname(file), path)), found);
  return found;
}

test("the page has its modules loaded at once, not one after the other as they are met", () => {
  const html = readFileSync(join(folder, "index.html"), "utf8");
  const preloaded = [...html.matchAll(/rel="modulepreload" href="([^"]+)"/g)].map(([, path]) => path);
  const scripts = [...html.matchAll(/<script type="module"(?: async)? src="([^"]+)"/g)].map(([, path]) => path);
  const wanted = [...reached("js/app.js")].filter((file) => !scripts.includes(file)).sort();
  assert.ok(wanted.length > 30);
  assert.deepEqual(preloaded.toSorted(), wanted);
});

test("what asks for the first picture waits for few modules, which are named before all others", () => {
  const html = readFileSync(join(folder, "index.html"), "utf8");
  const named = [...html.matchAll(/(?:href|src)="(js\/[^"]+)"/g)].map(([, path]) => path);
  const early = [...reached("js/early.js")];
  assert.deepEqual(new Set(named.slice(0, early.length)), new Set(early));
  assert.ok(early.length <= 4);
});
