import test from "node:test";
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";

const STATIC = new URL("../../exbert_hub/app/static/", import.meta.url);
const names = readdirSync(STATIC, { recursive: true }).filter((name) => name.endsWith(".js"));

test("there are modules", () => assert.ok(names.length > 40));

for (const name of names) {
  test(`${name} can be imported without a browser, and leaves nothing behind`, async () => {
    const before = Object.keys(globalThis);
    const module = await import(new URL(name, STATIC));
    assert.ok(Object.keys(module).length > 0);
    assert.equal(module.default, undefined);
    assert.deepEqual(Object.keys(globalThis), before);
  });
}
