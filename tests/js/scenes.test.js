import test from "node:test";
import assert from "node:assert/strict";
import { DEFAULTS } from "../../exbert_hub/app/static/core/state.js";
import { Layers } from "../../exbert_hub/app/static/figure/layers.js";
import { Scenes } from "../../exbert_hub/app/static/figure/scenes.js";
import { largest } from "../../exbert_hub/app/static/maths/attention.js";
import { encodeBase64 } from "../../exbert_hub/app/static/maths/coding.js";

const piece = (i, more = {}) => ({
  text: `p${i}`,
  original: `p${i}`,
  special: false,
  masked: false,
  segment: 0,
  ...more,
});
const row = (count, more = () => ({})) => Array.from({ length: count }, (_, i) => piece(i, more(i)));
const alone = (pieces) => pieces.map((one, start) => ({ start, text: one.text }));

// Everything attends to itself (0.5), to the piece 100 before it and to the first piece (the rest, in equal parts).
function attention(rows, cols = rows) {
  const codes = new Uint8Array(rows * cols);
  const set = (i, j, value) => {
    codes[i * cols + j] = Math.round(255 * Math.sqrt(value));
  };
  for (let i = 0; i < rows; i++) {
    set(i, 0, 0.25);
    if (i >= 100) set(i, i - 100, 0.25);
    if (i < cols) set(i, i, 0.5);
  }
  return { heads: 1, data: encodeBase64(codes) };
}

function scene(from, values = {}, more = {}) {
  const inspection = {
    from,
    to: null,
    words: { from: alone(from) },
    layers: [attention(from.length)],
    causal: false,
    ...more,
  };
  const made = new Scenes(inspection, new Layers(inspection, { ask: () => null, arrived() {} }));
  return { scenes: made, values: { ...DEFAULTS, layer: 0, top: 100, ...values } };
}

const draw = ({ scenes: made, values }, focus = {}) => made.make(values, { hover: null, head: null, ...focus });
const ends = (pieces) => [pieces[0], pieces.at(-1)];

test("a text that fits is shown whole", () => {
  const shown = draw(scene(row(128)));
  assert.equal(shown.windowed, false);
  assert.equal(shown.rows.length, 128);
  assert.equal(shown.means, null);
});

test("of a long text a window is shown, and what leaves it is counted", () => {
  const shown = draw(scene(row(300), { window: [150] }));
  assert.deepEqual(ends(shown.rows), [150, 245]);
  // inside: 96 to themselves; out: 96 to the first piece, 96 to a piece 100 before; in: 54 from after it (250..299)
  assert.equal(shown.edges.count, 96);
  assert.deepEqual(shown.leaving, { before: 192, after: 50 });
  assert.ok(shown.edges.from.every((from, i) => from === shown.edges.to[i]));
});

test("the maths is of the whole text, whatever the window", () => {
  const [one, other] = [0, 150].map((start) => draw(scene(row(300), { window: [start] })));
  assert.deepEqual(one.matrix.to.values, other.matrix.to.values);
  assert.equal(one.matrix.to.max, largest(one.matrix.to.values));
  assert.deepEqual(one.means, other.means);
});

test("what one piece sends is drawn up to the border, also from outside", () => {
  const long = scene(row(300), { window: [150], token: 200 });
  assert.deepEqual(
    [...draw(long).edges.to].sort((a, b) => a - b),
    [0, 100, 200],
  );
  const beyond = scene(row(300), { window: [150], token: 290 });
  assert.deepEqual(draw(beyond).edges.to, [190]); // of its three links the one that ends in the window
  assert.deepEqual(draw(beyond).pinned, { side: "from", token: 290 });
});

test("a window never goes beyond the end, and hidden pieces do not move it", () => {
  const special = row(300, (i) => ({ special: i % 3 === 0 }));
  assert.deepEqual(ends(draw(scene(row(300), { window: [290] })).rows), [204, 299]);
  assert.deepEqual(ends(draw(scene(special, { window: [150] })).rows), [151, 293]);
  assert.deepEqual(ends(draw(scene(special, { window: [150], hide: false })).rows), [150, 245]);
});

test("moving a window gives the piece it begins with", () => {
  const { scenes: made, values } = scene(row(300, (i) => ({ special: i === 0 })));
  assert.deepEqual(made.windowAt(values, "from", 0), [1]);
  assert.deepEqual(made.windowAt(values, "to", 1e9), [204]);
  assert.deepEqual(made.windowWith(values, "from", 5), []); // it is in sight
  assert.deepEqual(made.windowWith(values, "from", 0), []); // it is hidden
  assert.deepEqual(made.windowWith(values, "from", 200), [188]);
});

test("cross-attention has a window on either side", () => {
  const to = row(300),
    more = { to, words: { from: alone(row(10)), to: alone(to) }, layers: [attention(10, 300)] };
  const { scenes: made, values } = scene(row(10), { window: [0, 200] }, more);
  const shown = made.make(values, { hover: null, head: null });
  assert.deepEqual([shown.rows.length, ...ends(shown.cols)], [10, 200, 295]);
  assert.deepEqual(made.windowAt(values, "to", 20), [0, 20]);
  assert.deepEqual(made.windowAt(values, "from", 5), [0, 200]);
});

test("words: pieces of one word are one row, said by the first", () => {
  const from = row(6, (i) => ({ special: i === 0, masked: i === 3 }));
  const words = {
    from: [
      { start: 0, text: "[CLS]" },
      { start: 1, text: "p1p2" },
      { start: 3, text: "p3p4" },
      { start: 5, text: "." },
    ],
  };
  const { scenes: made, values } = scene(from, { words: true, token: 4 }, { words });
  const shown = made.make(values, { hover: null, head: null });
  assert.deepEqual(
    shown.units.from.map(({ text, start, end, masked }) => [text, start, end, masked]),
    [
      ["[CLS]", 0, 1, false],
      ["p1p2", 1, 3, false],
      ["p3p4", 3, 5, true],
      [".", 5, 6, false],
    ],
  );
  assert.deepEqual(shown.rows, [1, 2, 3]);
  assert.deepEqual(shown.pinned, { side: "from", token: 2 });
  assert.equal(shown.matrix.from.values.length, 4);
});

test("marks stand where a text of a pair begins", () => {
  const marks = (from, values) => [...draw(scene(from, values)).marks.from];
  assert.deepEqual(marks(row(4)), []);
  const pair = row(6, (i) => ({ segment: i > 2 ? 1 : 0, special: i === 0 || i === 2 || i === 5 }));
  assert.deepEqual(marks(pair), [
    [1, "A"],
    [3, "B"],
  ]);
  assert.deepEqual(marks(pair, { hide: false }), [
    [0, "A"],
    [3, "B"],
  ]);
});

test("where there is nothing to draw the scene says why", () => {
  const from = row(3);
  const blank = (layer, sent) => draw(scene(from, { layer }, { layers: sent })).overlay;
  assert.match(blank("emb", [attention(3)]).text, /before any attention/);
  assert.match(blank(1, [attention(3), null]).text, /Layer 1 has no attention/);
  assert.deepEqual(blank(0, [{ heads: 1, rows: 3, cols: 3 }]), { text: "Reading layer 0 …", busy: true });
  assert.equal(blank(0, [attention(3)]), null);
});
