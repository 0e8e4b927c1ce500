import test from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  aggregate,
  decode,
  headMatrices,
  headMatrixOf,
  largest,
  means,
  mergeWords,
  places,
  profile,
  strongest,
  visible,
} from "../../exbert_hub/app/static/maths/attention.js";
import { SQUARE, decodeBase64, encodeBase64 } from "../../exbert_hub/app/static/maths/coding.js";
import { edgesOf, inWindow, topEdges } from "../../exbert_hub/app/static/maths/edges.js";

const fixture = JSON.parse(readFileSync(new URL("./attention.json", import.meta.url)));

const codes = Uint8Array.from(fixture.codes);
const layer = decode({ codes, heads: fixture.heads, rows: fixture.pieces, cols: fixture.pieces });
const shown = visible(fixture.special, true);
const close = (actual, expected) => {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => assert.ok(Math.abs(actual[i] - value) < 1e-6, `${i}: ${actual[i]} is not ${value}`));
};

test("base64 and the square-root code are undone", () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => i % 256);
  assert.deepEqual(decodeBase64(encodeBase64(bytes)), bytes);
  assert.deepEqual([...decodeBase64(Buffer.from([0, 51, 255]).toString("base64"))], [0, 51, 255]);
  close([SQUARE[0], SQUARE[51], SQUARE[255]], [0, 0.04, 1]);
});

test("aggregate is the sum over the chosen heads, as in analysis", () => {
  close(aggregate(layer, fixture.chosen), fixture.aggregate);
  assert.equal(largest(aggregate(layer, [])), 0);
});

test("hiding special tokens removes rows and columns and renormalises nothing", () => {
  assert.deepEqual(shown, [1, 2, 3, 4, 5]);
  assert.deepEqual(visible(fixture.special, false), [0, 1, 2, 3, 4, 5, 6]);
  const matrix = aggregate(layer, fixture.chosen);
  const edges = topEdges(matrix, layer.cols, shown, shown, 1);
  for (let i = 0; i < edges.count; i++)
    assert.equal(edges.weight[i], matrix[edges.from[i] * layer.cols + edges.to[i]]);
});

for (const share of Object.keys(fixture.edges)) {
  test(`top edges at ${share} are those of analysis`, () => {
    const edges = topEdges(aggregate(layer, fixture.chosen), layer.cols, shown, shown, Number(share));
    const pairs = edges.from.map((from, i) => [from, edges.to[i]]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    assert.deepEqual(pairs, fixture.edges[share]);
    assert.equal(edges.max, Math.max(0, ...edges.weight));
  });
}

test("the edge that crosses the threshold is kept, ties go to the lowest column", () => {
  const matrix = Float32Array.from([0.25, 0.25, 0.25, 0.25]);
  const edges = topEdges(matrix, 4, [0], [0, 1, 2, 3], 0.3);
  assert.deepEqual(edges.to, [0, 1]);
});

test("edges of one token, by side", () => {
  const all = { from: [0, 0, 1], to: [0, 1, 1], weight: [3, 1, 2], count: 3, max: 3 };
  assert.deepEqual(edgesOf(all, "from", 0), { from: [0, 0], to: [0, 1], weight: [3, 1], count: 2, max: 3 });
  assert.deepEqual(edgesOf(all, "to", 1), { from: [0, 1], to: [1, 1], weight: [1, 2], count: 2, max: 2 });
});

test("head matrices are means over the visible pieces, as in analysis", () => {
  const { out, into, maxOut, maxInto } = headMatrices(layer, shown, shown);
  close(out, fixture.out);
  close(into, fixture.into);
  assert.equal(maxOut, Math.max(...out));
  assert.equal(maxInto, Math.max(...into));
});

test("a picked token fills the opposite matrix with its own values", () => {
  const at = (head, row, col) => SQUARE[codes[(head * layer.rows + row) * layer.cols + col]];
  const sent = headMatrixOf(layer, "from", 2, shown),
    received = headMatrixOf(layer, "to", 2, shown);
  assert.equal(sent.values[4 * layer.heads + 1], at(1, 2, 4));
  assert.equal(received.values[4 * layer.heads + 1], at(1, 4, 2));
  assert.equal(sent.values[0], 0); // hidden
  assert.equal(sent.max, Math.max(...sent.values));
});

test("attention to a word is a sum, from a word a mean, as in analysis", () => {
  const merged = mergeWords(layer, fixture.words, fixture.words);
  assert.deepEqual([merged.heads, merged.rows, merged.cols], [3, 4, 4]);
  close(merged.values, fixture.merged);
  for (let row = 0; row < 4; row++) {
    // what goes out of a word is what goes out of a piece
    const sum = merged.values.subarray(row * 4, row * 4 + 4).reduce((a, b) => a + b);
    assert.ok(Math.abs(sum - 1) < 0.02);
  }
});

test("merging rectangles: three pieces of one word attend to two words", () => {
  const cross = { values: Float32Array.from([0.5, 0.25, 0.25, 0, 1, 0, 1, 0, 0]), heads: 1, rows: 3, cols: 3 };
  close(mergeWords(cross, [0, 0, 0], [0, 1, 1]).values, [0.5, 0.5]);
});

test("equal values: the lowest column wins also far to the right, in any row", () => {
  const cols = 513,
    matrix = new Float32Array(2 * cols);
  matrix[cols + 512] = matrix[cols + 17] = 0.5;
  matrix[cols + 300] = 1e-30;
  const all = Array.from({ length: cols }, (_, i) => i);
  const edges = topEdges(matrix, cols, [0, 1], all, 1);
  assert.deepEqual(
    [edges.from, edges.to],
    [
      [1, 1],
      [17, 512],
    ],
  ); // the tiny one adds nothing that is missing
  assert.deepEqual(topEdges(matrix, cols, [0, 1], all, 0).to, []);
});

test("edges that leave a window are counted by where they go", () => {
  const edges = { from: [5, 5, 5, 1, 9, 1], to: [5, 1, 9, 5, 6, 9], weight: [1, 2, 3, 4, 5, 6], count: 6, max: 6 };
  const { edges: inside, leaving } = inWindow(edges, [4, 7], [4, 7]);
  assert.deepEqual(inside, { from: [5], to: [5], weight: [1], count: 1, max: 1 });
  assert.deepEqual(leaving, { before: 2, after: 2 }); // the last edge neither begins nor ends here
  assert.deepEqual(inWindow(edges, [4, 7], [4, 7], true).edges.weight, [1, 2, 3, 4, 5]);
  assert.deepEqual(inWindow(edges, [0, 9], [4, 7]).leaving, { before: 1, after: 2 }); // cross-attention
});

test("places count from the first piece of the window", () => {
  assert.deepEqual(
    [...places([1, 2, 4, 5], [4, 5])],
    [
      [1, -2],
      [2, -1],
      [4, 0],
      [5, 1],
    ],
  );
});

test("means of an aggregated matrix are over what is visible", () => {
  const matrix = Float32Array.from([1, 2, 3, 4, 5, 6]); // 2 queries, 3 keys
  assert.deepEqual([...means(matrix, 3, [0, 1], [0, 2], "from")], [2, 5]);
  assert.deepEqual([...means(matrix, 3, [0, 1], [0, 2], "to")], [2.5, 0, 4.5]);
});

test("a profile is a row or a column of the sum; rectangles work (cross-attention)", () => {
  const matrix = Float32Array.from([1, 2, 3, 4, 5, 6]); // 2 queries, 3 keys
  assert.deepEqual([...profile(matrix, 2, 3, "from", 1)], [4, 5, 6]);
  assert.deepEqual([...profile(matrix, 2, 3, "to", 2)], [3, 6]);
  const cross = decode({ codes: Uint8Array.from([255, 0, 0, 0, 255, 0]), heads: 1, rows: 2, cols: 3 });
  close(headMatrices(cross, [0, 1], [0, 1, 2]).into, [0.5, 0.5, 0]);
});

test("strongest among candidates: the lowest wins ties, none gives null", () => {
  assert.equal(strongest([0.9, 0.5, 0.5], [1, 2]), 1);
  assert.equal(strongest([0.9], []), null);
});
