import test from "node:test";
import assert from "node:assert/strict";
import { nameOfHeads, silencedAt, toggleHeads } from "../../exbert_hub/app/static/core/ablation.js";

test("silenced heads are named by layer", () => {
  assert.equal(
    nameOfHeads([
      [5, 6],
      [5, 9],
      [7, 0],
    ]),
    "5-[6,9], 7-[0]",
  );
  assert.deepEqual(
    silencedAt(
      [
        [5, 6],
        [7, 0],
      ],
      5,
    ),
    [6],
  );
  assert.deepEqual(silencedAt([[5, 6]], "emb"), []);
});

test("heads are silenced too; where all of them are already, they are heard again", () => {
  assert.deepEqual(
    toggleHeads(
      [
        [5, 6],
        [7, 0],
      ],
      5,
      [2, 6],
    ),
    [
      [5, 2],
      [5, 6],
      [7, 0],
    ],
  );
  assert.deepEqual(
    toggleHeads(
      [
        [5, 2],
        [5, 6],
        [7, 0],
      ],
      5,
      [2, 6],
    ),
    [[7, 0]],
  );
});
