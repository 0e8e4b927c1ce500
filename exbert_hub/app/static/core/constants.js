// What the server decides and the page has to know. The server puts it in front of the page's script, once
// (`wire/constants.py`).

/** @import { Constants } from "./types.js" */

/** @type {Constants} */
export const CONSTANTS = /** @type {any} */ (globalThis).exbertConstants ?? {};
