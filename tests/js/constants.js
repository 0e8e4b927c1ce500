// What the server puts in front of the page's script. To be imported before any script that needs it.

import { readFileSync } from "node:fs";

const schema = JSON.parse(readFileSync(new URL("../fixtures/wire_schema.json", import.meta.url), "utf8"));
globalThis.exbertConstants = schema.constants;
