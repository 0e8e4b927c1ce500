// What is said of a build: node --test tests/js/building.test.mjs
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";

globalThis.dom = {};
const { words, share, duration } = createRequire(import.meta.url)("../../exbert_hub/app/static/building.js");

test("a build says what it does, how far it is and how long it will take", () => {
  const building = { phase: "indexing", done: 1200, total: 4800, rate: 400.4, left: 9 };
  assert.deepEqual(words(building), ["Indexing", "1,200 of 4,800 pieces · 400 per second · 9 s left"]);
  assert.equal(share(building), 0.25);
  assert.deepEqual(words({ ...building, rate: null, left: null }), ["Indexing", "1,200 of 4,800 pieces"]);
  assert.deepEqual(words({ ...building, done: 4800 })[0], "Finishing");
  assert.deepEqual(words({ phase: "annotating", done: 1234 }), ["Annotating", "1,234 sentences"]);
  assert.equal(share({ phase: "annotating", done: 5, total: null }), null);
});

test("time left is rounded as people would", () => {
  assert.deepEqual([0.2, 61, 600, 7200].map(duration), ["1 s", "61 s", "10 min", "2.0 h"]);
});
