import test from "node:test";
import assert from "node:assert/strict";
import { DEFAULTS } from "../../exbert_hub/app/static/core/state.js";
import { Store, debounced } from "../../exbert_hub/app/static/core/store.js";

test("the store tells its listeners what changed, and writes steps into the address", () => {
  const store = new Store({ ...DEFAULTS }),
    heard = [],
    written = [];
  store.subscribe((values, changed) => heard.push(changed));
  store.address = (query, entry) => written.push([query, entry]);
  store.set({ layer: 3, hide: true });
  store.set({ layer: 3 });
  store.set({ top: 50 }, "replace");
  store.set({ top: 60 }, "none");
  assert.deepEqual(heard, [["layer"], ["top"], ["top"]]);
  assert.deepEqual(written, [
    ["layer=3", "push"],
    ["layer=3&top=50", "replace"],
  ]);
});

test("of a rush only the first and the last address are written, and the back button still has a step", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const written = [];
  const tell = debounced((query, entry) => written.push([query, entry]), 1000);
  tell("a", "push");
  tell("b", "push");
  tell("c", "replace");
  assert.deepEqual(written, [["a", "push"]]);
  context.mock.timers.tick(1000);
  assert.deepEqual(written, [
    ["a", "push"],
    ["c", "push"],
  ]);
  tell("d", "push");
  tell.forget();
  context.mock.timers.tick(1000);
  assert.equal(written.length, 2);
});
