import test from "node:test";
import assert from "node:assert/strict";
import * as wire from "../../exbert_hub/app/static/core/wire.js";

const bar = ["NOUN", 8, 0.8, 0.2, 4, 0.01, 0.7, 0.9, true];
const read = {
  label: "NOUN",
  count: 8,
  share: 0.8,
  base: 0.2,
  lift: 4,
  q: 0.01,
  low: 0.7,
  high: 0.9,
  significant: true,
};

test("a bar has names", () => assert.deepEqual(wire.readBar(bar), read));

test("predictions and words of a layer have names", () => {
  const seen = wire.readInspection({ from: [], predictions: [[["a", 0.5]], []], before: null });
  assert.deepEqual(seen, { from: [], predictions: [[{ text: "a", probability: 0.5 }], []], before: null });
  const layer = wire.readLayerSummary({ layer: 3, total: 9, bars: [bar], words: [["hide", 2]] });
  assert.deepEqual(layer, { layer: 3, total: 9, bars: [read], words: [{ word: "hide", count: 2 }] });
  assert.deepEqual(wire.readLens({ layers: [[["a", 0.5]]] }), { layers: [[{ text: "a", probability: 0.5 }]] });
});

test("results have their histograms by what is counted and by label; before a search there are none", () => {
  const { summaries, matches } = wire.readResults({
    matches: [],
    summaries: { match: { pos: { total: 9, bars: [bar] } } },
  });
  assert.deepEqual([summaries, matches], [{ match: { pos: { total: 9, bars: [read] } } }, []]);
  assert.equal(wire.readResults(null), null);
});

test("columns of the head finder and links of a head have names", () => {
  const { columns } = wire.readHeadMap({ columns: [["dependency", "nsubj", "to_head"]] });
  assert.deepEqual(columns, [{ measure: "dependency", label: "nsubj", direction: "to_head" }]);
  const sentence = (more) => ({ text: "a", ...more });
  const { buckets } = wire.readHeadReport({
    buckets: [
      {
        low: 0,
        sentences: [sentence({ strongest: [1, 2], edges: [[1, 2, 0.5]] }), sentence({ strongest: null, edges: [] })],
      },
    ],
  });
  assert.deepEqual(buckets[0].sentences, [
    sentence({ strongest: { source: 1, target: 2 }, edges: [{ source: 1, target: 2, weight: 0.5 }] }),
    sentence({ strongest: null, edges: [] }),
  ]);
});

test("two views have the labels of both, layer by layer", () => {
  const layer = { layer: 0, total: 9, bars: [bar], words: [] };
  const { profiles, predictions } = wire.readSideBySide({
    profiles: [[layer], [layer]],
    predictions: [[["a", 1]], []],
  });
  assert.deepEqual(profiles, [[{ ...layer, bars: [read] }], [{ ...layer, bars: [read] }]]);
  assert.deepEqual(predictions, [[{ text: "a", probability: 1 }], []]);
});

test("a notice is no content", () => {
  const notice = { title: "t", message: "m" };
  assert.deepEqual(
    wire.readAnswer({ notice }, () => assert.fail()),
    { notice },
  );
  assert.equal(
    wire.readAnswer({ n: 1 }, ({ n }) => n),
    1,
  );
});
