// Addresses of the page that people have kept: each must restore what it restored when tests/frozen/write.py stored
// it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { DEFAULTS, clamp, fromQuery, toQuery } from "../../exbert_hub/app/static/core/state.js";

// of the model and the sentence that they are shown with
const FACTS = { heads: [4, 4, 4, 4, 4, 4], from: 18, to: 18 };
const stored = JSON.parse(readFileSync(new URL("../fixtures/frozen/addresses.json", import.meta.url), "utf-8"));

// A field that came later stands at its default, and is no difference.
function sameState(found, expected) {
  for (const name of Object.keys(expected)) assert.ok(name in found, `the state has no ${name} any more`);
  const later = Object.keys(found).filter((name) => !(name in expected));
  for (const name of later) assert.deepEqual(found[name], DEFAULTS[name], `${name} is not at its default`);
  for (const name of Object.keys(expected)) assert.deepEqual(found[name], expected[name], name);
}

test("there are ten addresses", () => assert.equal(stored.length, 10));

for (const { address, restored, again, shown } of stored) {
  test(`?${address}`, () => {
    sameState(fromQuery(address), restored);
    assert.equal(toQuery(restored), again);
    sameState(clamp(restored, FACTS).values, shown);
  });
}

test("every field of the state is in one of the addresses", () => {
  const used = new Set(stored.flatMap(({ again }) => [...new URLSearchParams(again).keys()]));
  assert.deepEqual(
    Object.keys(stored[0].restored).filter((name) => !used.has(name)),
    [],
  );
});
