import test from "node:test";
import assert from "node:assert/strict";
import { HUES, NONE, colour } from "../../exbert_hub/app/static/core/palette.js";

test("the same label has the same colour, whatever came before", () => {
  const first = colour("nummod");
  ["a", "b", "c"].forEach(colour);
  assert.equal(colour("nummod"), first);
  assert.ok(HUES.includes(first));
});

test("missing labels are grey, and names of Object.prototype are labels like any other", () => {
  for (const label of ["", null, undefined]) assert.equal(colour(label), NONE);
  assert.ok(HUES.includes(colour("constructor")));
});

test("the common parts of speech differ", () => {
  const colours = ["NOUN", "VERB", "ADJ", "ADV", "ADP", "DET", "PRON", "PROPN", "AUX", "PUNCT"].map(colour);
  assert.equal(new Set(colours).size, colours.length);
});
