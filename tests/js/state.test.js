import test from "node:test";
import assert from "node:assert/strict";
import "./constants.js";
import { searchQuery } from "../../exbert_hub/app/static/core/requests.js";
import { DEFAULTS, clamp, fromQuery, toQuery } from "../../exbert_hub/app/static/core/state.js";

const roundTrip = (values) => fromQuery(toQuery({ ...DEFAULTS, ...values }));

test("a state at its defaults leaves the URL empty", () => {
  assert.equal(toQuery(DEFAULTS), "");
  assert.deepEqual(fromQuery(""), DEFAULTS);
});

for (const [name, values] of Object.entries({
  "index 0": { token: 0, layer: 0, heads: [0], mask: [0], span: 0, top: 0 },
  "off switches": { hide: false, click: true, search: true, side: "to", by: "heads", direction: "in" },
  "input embeddings": { layer: "emb" },
  "no head": { heads: [] },
  "reserved characters": { text: "a & b # c ? d = e % f + g / h", pair: "x\ny" },
  "emoji and right-to-left text": { text: "🦉 sees 👩‍👩‍👧 — שלום עולם", filter: "match:ent_type:" },
  "empty text": { text: "" },
  "colons in a label": { filter: "match:text::" },
})) {
  test(`${name} survive the URL`, () => assert.deepEqual(roundTrip(values), { ...DEFAULTS, ...values }));
}

test("nonsense in the URL falls back to the defaults", () => {
  const values = fromQuery("?layer=abc&token=x&by=magic&heads=1,zwei,3&stack=tower");
  assert.deepEqual(
    [values.layer, values.token, values.by, values.heads, values.stack],
    [null, null, "embedding", [1, 3], ""],
  );
});

test("an impossible state is clamped, with a note for each change", () => {
  const facts = { heads: [12, 12, 12, 12, 12, 12], from: 10, to: 10 };
  const { values, notes } = clamp({ ...DEFAULTS, layer: 11, heads: [3, 15], token: 40 }, facts);
  assert.deepEqual([values.layer, values.heads, values.token], [5, [3], null]);
  assert.equal(notes.length, 3);
  assert.match(notes[0], /layers 0 to 5; layer 11/);
  const fine = clamp({ ...DEFAULTS, layer: 0, heads: [0], token: 0 }, facts);
  assert.deepEqual([fine.values.layer, fine.values.heads, fine.values.token, fine.notes], [0, [0], 0, []]);
});

test("without a layer the middle one is shown", () => {
  assert.equal(clamp(DEFAULTS, { heads: [4, 4, 4], from: 3, to: 3 }).values.layer, 1);
});

test("queries are equal exactly when their results are", () => {
  const base = { ...DEFAULTS, text: "a", token: 1, layer: 2 };
  const query = (patch) => searchQuery({ ...base, ...patch }, [4, 4, 4]);
  assert.deepEqual(query({}), query({ heads: [0, 1, 2, 3], hide: false, top: 10 }));
  for (const patch of [{ token: 2 }, { layer: 1 }, { heads: [1] }, { by: "heads" }, { mask: [1] }, { text: "b" }]) {
    assert.notDeepEqual(query({}), query(patch));
  }
  assert.deepEqual(query({ layer: "emb", heads: [1] }), query({ layer: "emb", heads: [2] }));
});
