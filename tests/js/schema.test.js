// Both sides are held to one schema: the server's answers in tests/unit/app/test_schema.py, here the types that the
// scripts are checked with (`tsc`), field by field, and the questions that they make.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import "./constants.js";
import { allLayersQuery, inspectRequest, searchQuery } from "../../exbert_hub/app/static/core/requests.js";
import { DEFAULTS } from "../../exbert_hub/app/static/core/state.js";

const here = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const schema = JSON.parse(here("../fixtures/wire_schema.json"));
const types = here("../../exbert_hub/app/static/core/messages.d.ts");

// {name: {field: whether it may be missing}} of the interfaces of messages.d.ts, as prettier writes them
function interfaces(text) {
  const found = {};
  for (const [, name, parents, body] of text.matchAll(
    /^export interface (\w+)(?: extends ([\w, ]+))? \{(\}|.*?^\})$/gms,
  )) {
    const inherited = (parents ?? "").split(", ").map((parent) => found[parent] ?? {});
    const own = [...body.matchAll(/^ {2}(\w+)(\??):/gm)].map(([, field, optional]) => [field, optional === "?"]);
    found[name] = Object.assign({}, ...inherited, Object.fromEntries(own));
  }
  return found;
}

const STATE = new Set(["InspectRequest", "TokenQuery"]); // made of the state of the page: see the next test

test("the scripts name the fields that travel, and no others", () => {
  const declared = interfaces(types);
  for (const [name, { properties = {}, required = [] }] of Object.entries(schema.definitions)) {
    if (STATE.has(name)) continue;
    const fields = Object.keys(properties).map((field) => [field, !required.includes(field)]);
    assert.ok(declared[name], `messages.d.ts has no interface ${name}`);
    assert.deepEqual(declared[name], Object.fromEntries(fields), `interface ${name} of messages.d.ts`);
  }
});

test("the questions of the page have the server's fields, in its order", () => {
  const values = { ...DEFAULTS, text: "A cat.", token: 1, layer: 2, heads: null };
  const perLayer = [2, 2, 2];
  const names = (kind) => Object.keys(schema.definitions[kind].properties);
  assert.deepEqual(Object.keys(inspectRequest(values)), names("InspectRequest"));
  assert.deepEqual(Object.keys(searchQuery(values, perLayer)), names("TokenQuery"));
  assert.deepEqual(Object.keys(allLayersQuery(values, perLayer)), names("TokenQuery"));
});

test("the state of the page begins with the server's defaults", () => {
  for (const [name, initial] of Object.entries(schema.constants.request)) {
    if (name !== "text") assert.deepEqual(DEFAULTS[name], initial, name); // without a text in the address: the page's
  }
  for (const name of ["token", "by"]) {
    const expected = name === "by" ? "embedding" : null;
    assert.deepEqual(DEFAULTS[name], expected);
  }
});

test("every server function that the scripts call is one of the server's", () => {
  const servers = [...types.matchAll(/^export interface (?:Evidence|Setup)Server \{(.*?)^\}$/gms)].map(
    ([, body]) => body,
  );
  const declared = servers.join("").matchAll(/^ {2}(\w+)\(request: (\w+)\): Called<(\w+)>;$/gm);
  const functions = Object.entries(schema.functions).map(([name, { request, answer }]) => [name, request, answer]);
  assert.deepEqual([...declared].map(([, ...parts]) => parts).sort(), functions.sort());
});
