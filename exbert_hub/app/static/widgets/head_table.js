// A table of heads: one row per layer, one column per head, one tab stop.

import { el, fill } from "../core/dom.js";

/**
 * @param {HTMLElement} table - with the role "grid"
 * @param {"div.exb-grid-row" | "div.exb-heat-row"} rowSelector
 * @param {(string | (HTMLElement | null)[])[]} layers - the cells of each layer, null for a head without one, or a
 *   text that says why a layer has no heads
 * @returns {HTMLElement[][]} the cells that can have the focus
 */
export function fillHeadTable(table, rowSelector, layers) {
  const most = Math.max(0, ...layers.map((layer) => (typeof layer === "string" ? 0 : layer.length)));
  table.style.setProperty("--exb-heads", String(most));
  const name = (/** @type {string} */ role, /** @type {string} */ text) => el("span.exb-grid-name", { role }, text);
  /** @type {HTMLElement[][]} */
  const cells = [];
  const rows = layers.map((layer, number) => {
    const head = name("rowheader", String(number));
    if (typeof layer === "string") {
      return el(rowSelector, { role: "row" }, head, el("span.exb-grid-gap", { role: "gridcell" }, layer));
    }
    const here = layer.filter((cell) => cell !== null);
    if (here.length) cells.push(here);
    return el(rowSelector, { role: "row" }, head, ...layer.map((cell) => cell ?? el("span", { role: "gridcell" })));
  });
  const heads = Array.from({ length: most }, (_, head) => name("columnheader", String(head)));
  fill(table, el(rowSelector, { role: "row" }, name("columnheader", ""), ...heads), ...rows);
  if (cells.length) cells[0][0].tabIndex = 0;
  return cells;
}
