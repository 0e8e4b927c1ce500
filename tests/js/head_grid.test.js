import test from "node:test";
import assert from "node:assert/strict";
import "./constants.js";
import { thumbnail } from "../../exbert_hub/app/static/figure/head_grid.js";

const layer = { heads: 2, rows: 4, cols: 4, codes: Uint8Array.from({ length: 32 }, (_, i) => i) };

test("a small matrix is shown piece by piece", () => {
  const { width, height, codes } = thumbnail(layer, 1, [0, 1, 2, 3], [0, 1, 2, 3]);
  assert.deepEqual([width, height], [4, 4]);
  assert.deepEqual(
    [...codes],
    Array.from({ length: 16 }, (_, i) => 16 + i),
  );
});

test("hidden pieces are left out", () => {
  assert.deepEqual([...thumbnail(layer, 0, [1, 3], [0, 2]).codes], [4, 6, 12, 14]);
});

test("where pieces share a pixel the strongest attention stays", () => {
  const size = 100,
    line = { heads: 1, rows: size, cols: size, codes: new Uint8Array(size * size) };
  for (let i = 0; i < size; i++) line.codes[i * size + i] = 200;
  const all = Array.from({ length: size }, (_, i) => i);
  const { width, height, codes } = thumbnail(line, 0, all, all, 48);
  assert.deepEqual([width, height], [48, 48]);
  for (let i = 0; i < 48; i++) assert.equal(codes[i * 48 + i], 200);
});

test("cross-attention may have more columns than rows, and there may be nothing to show", () => {
  const cross = { heads: 1, rows: 1, cols: 3, codes: Uint8Array.from([1, 2, 3]) };
  assert.deepEqual([...thumbnail(cross, 0, [0], [0, 1, 2]).codes], [1, 2, 3]);
  assert.equal(thumbnail(cross, 0, [], []).codes.length, 0);
});
