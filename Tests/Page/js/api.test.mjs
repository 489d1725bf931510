import assert from "node:assert/strict";
import test from "node:test";
import { bytes, get, remove } from "../../../public/js/api.js";

/** A server whose answers wait to be given: `asked` holds `{line, answer(status)}`. */
function server(context) {
  const asked = [];
  context.mock.method(globalThis, "fetch", (path, { method }) => new Promise((resolve) => {
    asked.push({
      line: `${method} ${path}`,
      answer: (status = 200) => resolve(new Response(status === 204 ? null : JSON.stringify({ status }), { status })),
    });
  }));
  return asked;
}

const settle = () => new Promise((resolve) => { setImmediate(resolve); });

test("a removal waits for what was asked of the segment, and what is asked meanwhile waits for it", async (context) => {
  const asked = server(context);
  const before = get("segments/posix:a/blocks?limit=1");
  const other = get("segments/posix:ab");
  await settle();
  const removal = remove("posix:a", { force: "true" });
  const meanwhile = [get("segments/posix:a"), bytes("posix:a", 0, 1)].map((one) => one.then(() => undefined, (error) => error));
  await settle();
  assert.deepEqual(asked.map(({ line }) => line), ["GET api/v1/segments/posix:a/blocks?limit=1", "GET api/v1/segments/posix:ab"]);
  asked[0].answer();
  await before;
  await settle();
  assert.equal(asked[2].line, "DELETE api/v1/segments/posix:a?force=true");
  asked[2].answer(204);
  await removal;
  assert.deepEqual((await Promise.all(meanwhile)).map(({ status }) => status), [404, 404]);
  assert.equal(asked.length, 3, "nothing was asked of what is gone");
  asked[1].answer();
  await other;
});

test("what was not removed is asked", async (context) => {
  const asked = server(context);
  const removal = remove("posix:a").catch((error) => error);
  const meanwhile = get("segments/posix:a");
  await settle();
  asked[0].answer(409);
  assert.equal((await removal).status, 409);
  await settle();
  asked[1].answer();
  assert.deepEqual(await meanwhile, { status: 200 });
  // One made anew under the name is asked at once.
  const again = remove("posix:a");
  await settle();
  asked[2].answer(204);
  await again;
  const anew = get("segments/posix:a");
  await settle();
  asked[3].answer();
  assert.deepEqual(await anew, { status: 200 });
});
