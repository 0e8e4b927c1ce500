import test from "node:test";
import assert from "node:assert/strict";
import { encodeBase64 } from "../../exbert_hub/app/static/maths/coding.js";
import { NO_ANSWER } from "../../exbert_hub/app/static/core/answers.js";
import { KEPT, Layers } from "../../exbert_hub/app/static/figure/layers.js";

const pieces = [{}, {}];
const data = (fill) => encodeBase64(new Uint8Array(8).fill(fill));
const sent = { heads: 2, rows: 2, cols: 2 };
const rest = () => new Promise((done) => setImmediate(done));

function long(count, answer, more = {}) {
  const asked = [];
  let arrivals = 0;
  const kept = new Layers(
    { from: pieces, layers: [...Array(count).fill(sent), null] },
    {
      ask: (layer) => {
        asked.push(layer);
        return answer(layer);
      },
      arrived: () => {
        arrivals++;
      },
      ...more,
    },
  );
  return { kept, asked, arrivals: () => arrivals };
}

test("layers of a short text are here from the start", () => {
  const kept = new Layers(
    { from: pieces, layers: [{ heads: 2, data: data(7) }, null] },
    { ask: () => assert.fail(), arrived() {} },
  );
  assert.deepEqual([kept.status(0), kept.status(1)], ["here", "gap"]);
  assert.deepEqual([...kept.get(0).codes], Array(8).fill(7));
  assert.equal(kept.get(1), null);
  assert.deepEqual(kept.heads, [2, 0]);
});

test("a layer of a long text is asked for once, and only when it is looked at", async () => {
  const { kept, asked, arrivals } = long(3, async (layer) => ({ data: data(layer) }));
  assert.deepEqual([kept.status(1), kept.status(1), kept.status(3)], ["waiting", "waiting", "gap"]);
  assert.equal(kept.get(1), null); // never another layer's
  await rest();
  assert.deepEqual([asked, arrivals(), kept.status(1)], [[1], 1, "here"]);
  assert.deepEqual([...kept.get(1).codes], Array(8).fill(1));
  assert.deepEqual(kept.here(), [1]);
  assert.deepEqual(kept.packed(), [sent, { ...sent, data: data(1) }, sent, null]);
});

test("a few layers are kept, the latest looked at", async () => {
  const { kept, asked } = long(KEPT + 1, async (layer) => ({ data: data(layer) }));
  for (let layer = 0; layer < KEPT; layer++) {
    kept.status(layer);
    await rest();
  }
  kept.get(0);
  kept.status(KEPT);
  await rest();
  assert.equal(kept.status(0), "here");
  assert.equal(kept.status(1), "waiting");
  await rest();
  assert.deepEqual(asked.slice(-2), [KEPT, 1]);
});

test("what went wrong is told, and asked for again on demand only", async () => {
  const answers = [undefined, { notice: { message: "No." } }, { data: data(1).slice(4) }, { data: data(1) }];
  const { kept } = long(1, async () => answers.shift());
  for (const message of [NO_ANSWER.message, "No.", NO_ANSWER.message]) {
    assert.equal(kept.status(0), "waiting");
    await rest();
    assert.equal(kept.status(0), "failed");
    assert.equal(kept.problems.get(0), message);
    kept.retry(0);
  }
  kept.status(0);
  await rest();
  assert.equal(kept.status(0), "here");
});

test("a rejected question is a lost answer; nobody to ask is no answer at all", async () => {
  const { kept } = long(1, () => Promise.reject(new Error("gone")));
  kept.status(0);
  await rest();
  assert.equal(kept.status(0), "failed");
  const early = long(1, () => null);
  assert.equal(early.kept.status(0), "waiting");
  await rest();
  assert.equal(early.kept.status(0), "waiting");
  assert.equal(early.asked.length, 2);
});

test("a saved page never asks", () => {
  const { kept, asked } = long(1, () => assert.fail(), { offline: true });
  assert.equal(kept.status(0), "absent");
  assert.deepEqual(asked, []);
});
