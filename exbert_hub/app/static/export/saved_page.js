// A page saved as one file: writing it, and reading what it was saved with.

const PLACE = "DATA";
const BLOCK = 'id="exb-saved">';

export const SAVED_NOTE = {
  title: "This is a saved page",
  message: "Layers, heads, filters and pictures work here; to run the model or to search again, open exBERT.",
};

/**
 * @typedef {{ view: any, evidence: any, profile: any, state: object, date: string }} Saved
 * view, evidence: as the server sent them; profile: see `LayerProfile.keep`; date: of the day, as 2026-12-31
 */

/**
 * JSON that can stand in a script element whatever texts it holds: nothing in it looks like markup.
 *
 * @param {unknown} data
 * @returns {string}
 */
export function scriptJson(data) {
  const escaped = (/** @type {string} */ sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(data).replace(/[<>&\u2028\u2029]/g, escaped);
}

/**
 * The first block is the one to fill: scripts, which may mention it, come after it.
 *
 * @param {string} shell - an empty page
 * @param {unknown} data
 * @returns {string}
 */
export function savedHtml(shell, data) {
  const place = shell.indexOf(BLOCK) + BLOCK.length;
  if (!shell.startsWith(PLACE, place)) throw new Error("the server sent an unknown page");
  return shell.slice(0, place) + scriptJson(data) + shell.slice(place + PLACE.length);
}

/** @returns {Saved | null} what this page was saved with, null where it is not a saved one */
export function readSaved() {
  const block = typeof document === "undefined" ? null : document.getElementById("exb-saved");
  return block && JSON.parse(block.textContent ?? "");
}
