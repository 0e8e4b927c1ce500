import test from "node:test";
import assert from "node:assert/strict";
import palette from "../../exbert_hub/app/static/palette.js";

test("the same label has the same colour, whatever came before", () => {
  const first = palette.colour("nummod");
  ["a", "b", "c"].forEach(palette.colour);
  assert.equal(palette.colour("nummod"), first);
  assert.ok(palette.HUES.includes(first));
});

test("missing labels are grey, and names of Object.prototype are labels like any other", () => {
  for (const label of ["", null, undefined]) assert.equal(palette.colour(label), palette.NONE);
  assert.ok(palette.HUES.includes(palette.colour("constructor")));
});

test("the common parts of speech differ", () => {
  const colours = ["NOUN", "VERB", "ADJ", "ADV", "ADP", "DET", "PRON", "PROPN", "AUX", "PUNCT"].map(palette.colour);
  assert.equal(new Set(colours).size, colours.length);
});
