import test from "node:test";
import assert from "node:assert/strict";
import { escapeXml, figureSvg } from "../../exbert_hub/app/static/figure/figure_svg.js";

const piece = (text, more = {}) => ({ text, special: false, masked: false, ...more });
const pieces = {
  from: [piece("[CLS]", { special: true }), piece("<b>"), piece("a&\"b'")],
  to: [piece("[CLS]", { special: true }), piece("x"), piece("y")],
};
const scene = {
  rows: [1, 2],
  cols: [1, 2],
  all: { from: [1, 2], to: [1, 2] },
  heads: 2,
  active: new Set([1]),
  hovered: null,
  focus: null,
  pinned: { side: "from", token: 2 },
  edges: { from: [1, 2], to: [2, 1], weight: [0.5, 1], count: 2, max: 1 },
  matrix: {
    from: { values: Float32Array.from([0, 0, 1, 0.5, 0, 1]), max: 1 },
    to: { values: new Float32Array(6), max: 0 },
  },
};
const drawn = figureSvg(scene, pieces, { title: "model · layer 2", text: "<script>alert(1)</script>", note: "n" });

test("every piece, curve and cell that is shown is drawn, and no hidden one", () => {
  assert.equal(drawn.match(/<path /g).length, 2);
  assert.match(drawn, /stroke-opacity="0\.500"/);
  assert.doesNotMatch(drawn, /CLS/);
  assert.equal(drawn.match(/fill="#eef0f6"/g).length, 8); // 2 sides x 2 pieces x 2 heads
  assert.equal(drawn.match(/fill-opacity="/g).length, 3);
});

test("the picked piece stands out, heads that are off are grey", () => {
  assert.match(drawn, /fill="#3d5bd9"[^>]* font-weight="700"[^>]*>a&#38;/);
  assert.match(drawn, /fill="#9b9da5" fill-opacity="1\.000"/);
});

test("text is escaped, and what XML cannot hold is replaced", () => {
  assert.doesNotMatch(drawn, /<script|<b>/);
  assert.match(drawn, /&#60;script&#62;/);
  assert.equal(escapeXml("a\u0000b\ud800c🦉\n"), "a�b�c🦉\n");
});

test("the ground is white, and the picture says what it shows", () => {
  assert.match(drawn, /<rect width="[\d.]+" height="[\d.]+" fill="#ffffff"\/>/);
  assert.match(drawn, /<title>model · layer 2<\/title>/);
});

test("the input embeddings have no heads and no curves", () => {
  const none = { from: [], to: [], weight: [], count: 0, max: 0 },
    blank = { values: new Float32Array(0), max: 0 };
  const flat = figureSvg({ ...scene, heads: 0, edges: none, matrix: { from: blank, to: blank } }, pieces, {
    title: "t",
    text: "",
    note: "",
  });
  assert.doesNotMatch(flat, /NaN|Infinity|undefined/);
});

test("a long note goes on in the next line and keeps every word", () => {
  const note = Array.from({ length: 40 }, (_, i) => `word${i}`).join(" ");
  const lines = [
    ...figureSvg(scene, pieces, { title: "t", text: "x", note }).matchAll(/font-size="11"[^>]*>([^<]*)</g),
  ].map(([, line]) => line);
  assert.ok(lines.length > 2);
  assert.equal(lines.join(" "), note);
});
