import test from "node:test";
import assert from "node:assert/strict";
import state from "../../exbert_hub/app/static/state.js";

const roundTrip = (values) => state.fromQuery(state.toQuery({ ...state.DEFAULTS, ...values }));

test("a state at its defaults leaves the URL empty", () => {
  assert.equal(state.toQuery(state.DEFAULTS), "");
  assert.deepEqual(state.fromQuery(""), state.DEFAULTS);
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
  test(`${name} survive the URL`, () => assert.deepEqual(roundTrip(values), { ...state.DEFAULTS, ...values }));
}

test("nonsense in the URL falls back to the defaults", () => {
  const values = state.fromQuery("?layer=abc&token=x&by=magic&heads=1,zwei,3&stack=tower");
  assert.deepEqual([values.layer, values.token, values.by, values.heads, values.stack], [null, null, "embedding", [1, 3], ""]);
});

test("an impossible state is clamped, with a note for each change", () => {
  const facts = { heads: [12, 12, 12, 12, 12, 12], from: 10, to: 10 };
  const { values, notes } = state.clamp({ ...state.DEFAULTS, layer: 11, heads: [3, 15], token: 40 }, facts);
  assert.deepEqual([values.layer, values.heads, values.token], [5, [3], null]);
  assert.equal(notes.length, 3);
  assert.match(notes[0], /layers 0 to 5; layer 11/);
  const fine = state.clamp({ ...state.DEFAULTS, layer: 0, heads: [0], token: 0 }, facts);
  assert.deepEqual([fine.values.layer, fine.values.heads, fine.values.token, fine.notes], [0, [0], 0, []]);
});

test("without a layer the middle one is shown", () => {
  assert.equal(state.clamp(state.DEFAULTS, { heads: [4, 4, 4], from: 3, to: 3 }).values.layer, 1);
});

test("queries are equal exactly when their results are", () => {
  const base = { ...state.DEFAULTS, text: "a", token: 1, layer: 2 };
  const query = (patch) => state.query({ ...base, ...patch }, [4, 4, 4]);
  assert.deepEqual(query({}), query({ heads: [0, 1, 2, 3], hide: false, top: 10 }));
  for (const patch of [{ token: 2 }, { layer: 1 }, { heads: [1] }, { by: "heads" }, { mask: [1] }, { text: "b" }]) {
    assert.notDeepEqual(query({}), query(patch));
  }
  assert.deepEqual(query({ layer: "emb", heads: [1] }), query({ layer: "emb", heads: [2] }));
});

test("one question at a time, and after it only the latest", () => {
  const sent = [], asker = new state.Asker((question) => sent.push(question));
  assert.ok(asker.answers({ n: 0 })); // the value that the page came with
  for (const n of [1, 2, 3]) asker.ask({ n });
  assert.deepEqual(sent, [{ n: 1 }]);
  assert.ok(!asker.answers({ n: 1 }));
  assert.deepEqual(sent, [{ n: 1 }, { n: 3 }]);
  assert.ok(asker.answers({ n: 3 }));
  asker.ask({ n: 4 });
  assert.equal(sent.length, 3);
});

test("a lost answer does not hold up the page for ever", () => {
  const sent = [], asker = new state.Asker((question) => sent.push(question), 0);
  asker.ask(1);
  asker.ask(2);
  assert.deepEqual(sent, [1, 2]);
});

test("the store tells its listeners what changed, and writes steps into the address", () => {
  const store = new state.Store({ ...state.DEFAULTS }), heard = [], written = [];
  store.subscribe((values, changed) => heard.push(changed));
  store.address = (query, entry) => written.push([query, entry]);
  store.set({ layer: 3, hide: true });
  store.set({ layer: 3 });
  store.set({ top: 50 }, "replace");
  store.set({ top: 60 }, "none");
  assert.deepEqual(heard, [["layer"], ["top"], ["top"]]);
  assert.deepEqual(written, [["layer=3", "push"], ["layer=3&top=50", "replace"]]);
});

test("of a rush only the first and the last address are written, and the back button still has a step", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const written = [];
  const tell = state.unhurried((query, entry) => written.push([query, entry]), 1000);
  tell("a", "push");
  tell("b", "push");
  tell("c", "replace");
  assert.deepEqual(written, [["a", "push"]]);
  context.mock.timers.tick(1000);
  assert.deepEqual(written, [["a", "push"], ["c", "push"]]);
  tell("d", "push");
  tell.forget();
  context.mock.timers.tick(1000);
  assert.equal(written.length, 2);
});
