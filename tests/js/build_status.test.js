// What is said of a build: node --test tests/js/build_status.test.js
import assert from "node:assert/strict";
import test from "node:test";
import { describeBuild, duration, shareDone } from "../../exbert_hub/app/static/setup/build_status.js";

test("a build says what it does, how far it is and how long it will take", () => {
  const building = { phase: "indexing", done: 1200, total: 4800, rate: 400.4, left: 9 };
  assert.deepEqual(describeBuild(building), ["Indexing", "1,200 of 4,800 pieces · 400 per second · 9 s left"]);
  assert.equal(shareDone(building), 0.25);
  assert.deepEqual(describeBuild({ ...building, rate: null, left: null }), ["Indexing", "1,200 of 4,800 pieces"]);
  assert.deepEqual(describeBuild({ ...building, done: 4800 })[0], "Finishing");
  assert.deepEqual(describeBuild({ phase: "annotating", done: 1234 }), ["Annotating", "1,234 sentences"]);
  assert.equal(shareDone({ phase: "annotating", done: 5, total: null }), null);
});

test("time left is rounded as people would", () => {
  assert.deepEqual([0.2, 61, 600, 7200].map(duration), ["1 s", "61 s", "10 min", "2.0 h"]);
});
