import test from "node:test";
import assert from "node:assert/strict";
import "./constants.js";
import { textOn } from "../../exbert_hub/app/static/core/palette.js";
import { allLayersQuery } from "../../exbert_hub/app/static/core/requests.js";
import { DEFAULTS } from "../../exbert_hub/app/static/core/state.js";
import { arrange } from "../../exbert_hub/app/static/maths/stacked_bars.js";

const bar = (label, count, total = 10, base_rate = 0.1) => ({
  label,
  count,
  share: count / total,
  base_rate,
  lift: count / total / base_rate,
  q: 0.2,
  low: 0.1,
  high: 0.9,
  significant: false,
});
const layers = [
  { layer: "emb", total: 10, bars: [bar("DET", 8), bar("NOUN", 2)], words: [{ word: "the", count: 8 }] },
  {
    layer: 0,
    total: 10,
    bars: [bar("VERB", 9), bar("DET", 1)],
    words: [
      { word: "run", count: 5 },
      { word: "hide", count: 2 },
    ],
  },
];

test("labels stand in one order in all layers, the most frequent first, ties by name", () => {
  const { labels, rows } = arrange(layers);
  assert.deepEqual(labels, ["DET", "VERB", "NOUN"]);
  assert.deepEqual(
    rows.map(({ parts }) => parts.map(({ label }) => label)),
    [
      ["DET", "NOUN"],
      ["DET", "VERB"],
    ],
  );
  assert.deepEqual(
    rows.map(({ layer, words }) => [layer, words[0].word]),
    [
      ["emb", "the"],
      [0, "run"],
    ],
  );
});

test("figures come through as the server counted them", () => {
  const part = arrange(layers).rows[1].parts[1];
  assert.deepEqual(part, {
    label: "VERB",
    count: 9,
    share: 0.9,
    base_rate: 0.1,
    lift: 9,
    q: 0.2,
    low: 0.1,
    high: 0.9,
    significant: false,
  });
});

test("labels beyond the limit become one part without a label, and nothing is lost", () => {
  const many = [
    { layer: 3, total: 40, bars: Array.from({ length: 20 }, (_, i) => bar(`w${i}`, 2, 40, 0.01)), words: [] },
  ];
  const {
    rows: [{ parts }],
  } = arrange(many, 5);
  assert.equal(parts.length, 6);
  assert.deepEqual([parts.at(-1).label, parts.at(-1).count], [null, 30]);
  assert.ok(Math.abs(parts.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9);
});

test("the corpus has the base rates of the named labels", () => {
  const { corpus } = arrange(layers);
  assert.deepEqual(
    corpus.map(({ label, share }) => [label, Math.round(share * 100)]),
    [
      ["DET", 10],
      ["VERB", 10],
      ["NOUN", 10],
      [null, 70],
    ],
  );
});

test("an empty label is a label, and a layer without results has no parts but nothing breaks", () => {
  const { labels, rows } = arrange([
    { layer: 0, total: 2, bars: [bar("", 2, 2)], words: [] },
    { layer: 1, total: 0, bars: [], words: [] },
  ]);
  assert.deepEqual(labels, [""]);
  assert.deepEqual(
    rows[0].parts.map(({ label }) => label),
    [""],
  );
  assert.equal(
    rows[1].parts.every(({ label }) => label === null),
    true,
  );
});

test("the question is the same at every layer, and heads belong to it only where they are searched by", () => {
  const base = { ...DEFAULTS, text: "a", token: 1, layer: 2 };
  const ask = (patch) => allLayersQuery({ ...base, ...patch }, [4, 4, 4]);
  assert.deepEqual(ask({}), ask({ layer: "emb" }));
  assert.deepEqual(ask({}), ask({ layer: 0, heads: [1] }));
  assert.deepEqual(ask({ by: "heads", heads: [1, 3] }).heads, [1, 3]);
  assert.deepEqual(ask({ by: "heads" }).heads, []); // all of each layer
  for (const patch of [{ token: 2 }, { mask: [1] }, { by: "heads" }, { text: "b" }])
    assert.notDeepEqual(ask({}), ask(patch));
});

test("names are legible on every colour", () => {
  const luminance = (hex) =>
    [1, 3, 5]
      .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
      .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
      .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  for (const colour of [
    "#4477aa",
    "#d55e00",
    "#d68fb8",
    "#882255",
    "#2f4f86",
    "#ccaa33",
    "#9a9da6",
    "#000000",
    "#ffffff",
  ]) {
    const [dark, light] = [luminance(colour), luminance(textOn(colour))].sort((a, b) => a - b);
    assert.ok((light + 0.05) / (dark + 0.05) >= 4.5, colour);
  }
});
