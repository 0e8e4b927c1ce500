import test from "node:test";
import assert from "node:assert/strict";
import maths from "../../exbert_hub/app/static/maths.js";
import { readFileSync } from "node:fs";

const fixture = JSON.parse(readFileSync(new URL("./attention.json", import.meta.url)));

const layer = { codes: Uint8Array.from(fixture.codes), heads: fixture.heads, rows: fixture.pieces, cols: fixture.pieces };
const shown = maths.visible(fixture.special, true);
const close = (actual, expected) => {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => assert.ok(Math.abs(actual[i] - value) < 1e-6, `${i}: ${actual[i]} is not ${value}`));
};

test("base64 and the square-root code are undone", () => {
  assert.deepEqual([...maths.decodeBase64(Buffer.from([0, 51, 255]).toString("base64"))], [0, 51, 255]);
  close([maths.SQUARE[0], maths.SQUARE[51], maths.SQUARE[255]], [0, 0.04, 1]);
});

test("aggregate is the sum over the chosen heads, as in analysis", () => {
  close(maths.aggregate(layer, fixture.chosen), fixture.aggregate);
  assert.equal(maths.largest(maths.aggregate(layer, [])), 0);
});

test("hiding special tokens removes rows and columns and renormalises nothing", () => {
  assert.deepEqual(shown, [1, 2, 3, 4, 5]);
  assert.deepEqual(maths.visible(fixture.special, false), [0, 1, 2, 3, 4, 5, 6]);
  const matrix = maths.aggregate(layer, fixture.chosen);
  const edges = maths.topEdges(matrix, layer.cols, shown, shown, 1);
  for (let i = 0; i < edges.count; i++) assert.equal(edges.weight[i], matrix[edges.from[i] * layer.cols + edges.to[i]]);
});

for (const share of Object.keys(fixture.edges)) {
  test(`top edges at ${share} are those of analysis`, () => {
    const edges = maths.topEdges(maths.aggregate(layer, fixture.chosen), layer.cols, shown, shown, Number(share));
    const pairs = edges.from.map((from, i) => [from, edges.to[i]]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    assert.deepEqual(pairs, fixture.edges[share]);
    assert.equal(edges.max, Math.max(0, ...edges.weight));
  });
}

test("the edge that crosses the threshold is kept, ties go to the lowest column", () => {
  const matrix = Float32Array.from([0.25, 0.25, 0.25, 0.25]);
  const edges = maths.topEdges(matrix, 4, [0], [0, 1, 2, 3], 0.3);
  assert.deepEqual(edges.to, [0, 1]);
});

test("edges of one token, by side", () => {
  const all = { from: [0, 0, 1], to: [0, 1, 1], weight: [3, 1, 2], count: 3, max: 3 };
  assert.deepEqual(maths.edgesOf(all, "from", 0), { from: [0, 0], to: [0, 1], weight: [3, 1], count: 2, max: 3 });
  assert.deepEqual(maths.edgesOf(all, "to", 1), { from: [0, 1], to: [1, 1], weight: [1, 2], count: 2, max: 2 });
});

test("head matrices are means over the visible pieces, as in analysis", () => {
  const { out, into, maxOut, maxInto } = maths.headMatrices(layer, shown, shown);
  close(out, fixture.out);
  close(into, fixture.into);
  assert.equal(maxOut, Math.max(...out));
  assert.equal(maxInto, Math.max(...into));
});

test("a picked token fills the opposite matrix with its own values", () => {
  const at = (head, row, col) => maths.SQUARE[layer.codes[(head * layer.rows + row) * layer.cols + col]];
  const sent = maths.headMatrixOf(layer, "from", 2, shown), received = maths.headMatrixOf(layer, "to", 2, shown);
  assert.equal(sent.values[4 * layer.heads + 1], at(1, 2, 4));
  assert.equal(received.values[4 * layer.heads + 1], at(1, 4, 2));
  assert.equal(sent.values[0], 0); // hidden
  assert.equal(sent.max, Math.max(...sent.values));
});

test("a profile is a row or a column of the sum; rectangles work (cross-attention)", () => {
  const matrix = Float32Array.from([1, 2, 3, 4, 5, 6]); // 2 queries, 3 keys
  assert.deepEqual([...maths.profile(matrix, 2, 3, "from", 1)], [4, 5, 6]);
  assert.deepEqual([...maths.profile(matrix, 2, 3, "to", 2)], [3, 6]);
  const cross = { codes: Uint8Array.from([255, 0, 0, 0, 255, 0]), heads: 1, rows: 2, cols: 3 };
  close(maths.headMatrices(cross, [0, 1], [0, 1, 2]).into, [0.5, 0.5, 0]);
});

test("strongest among candidates: the lowest wins ties, none gives null", () => {
  assert.equal(maths.strongest([0.9, 0.5, 0.5], [1, 2]), 1);
  assert.equal(maths.strongest([0.9], []), null);
});
