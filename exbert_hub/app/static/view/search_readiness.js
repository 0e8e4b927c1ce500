// Whether a search is possible now, why not, and what it would search.

/** @import { IndexInfo, Inspection, Readiness, State } from "../core/types.js" */

import { headsAt } from "../core/state.js";
import { SAVED_NOTE } from "../export/saved_page.js";

/**
 * @typedef {{ index: IndexInfo | null, heads: number[], shown: Inspection | null, offline: boolean }} Present
 * what is on the page; heads: per layer; offline: whether it is a saved page
 */

/**
 * @param {State} values
 * @param {Present} present
 * @returns {Readiness}
 */
export function readiness(values, present) {
  const why = reasonAgainst(values, present);
  return { can: !why, why, scope: scopeOf(values, present.heads), index: Boolean(present.index) };
}

/**
 * The same for a search at all layers, which does not depend on the one that is shown.
 *
 * @param {State} values
 * @param {Present} present
 * @returns {Readiness}
 */
export function readinessForAll(values, present) {
  const { by, layer } = values;
  const layers = present.index?.layers[by] ?? [];
  const one = layer !== null && layers.includes(layer) ? layer : (layers[layers.length - 1] ?? layer);
  return readiness({ ...values, layer: one }, present);
}

/**
 * @param {State} values
 * @param {number[]} perLayer
 * @returns {string}
 */
function scopeOf({ by, layer, heads }, perLayer) {
  if (by === "embedding") return layer === "emb" ? "of the input" : `at layer ${layer}`;
  const count = headsAt(perLayer, layer);
  if (!count) return "";
  return heads === null ? `of layer ${layer}, all ${count}` : `${layer}-[${heads.join(",")}]`;
}

/**
 * @param {State} values
 * @param {Present} present
 * @returns {string} "" where there is none
 */
function reasonAgainst({ token, by, layer, heads, side }, { index, heads: perLayer, shown, offline }) {
  const count = headsAt(perLayer, layer);
  if (offline) return `${SAVED_NOTE.title}: open exBERT to search`;
  if (!index || !shown) return "No corpus index is open";
  if (shown.stack !== shown.main) {
    return `Searches start from the ${shown.main}; the other stacks are for looking`;
  }
  if (token === null) return "Pick a piece first: click it in the figure";
  const pieces = side === "from" ? shown.from : (shown.to ?? shown.from);
  if (pieces[token]?.special) return "Special tokens are not indexed; pick another piece";
  if (by === "heads" && layer === "emb") return "The input embeddings have no heads; pick a layer";
  if (by === "heads" && !count) return `Layer ${layer} has no heads; search by embedding, or pick another layer`;
  if (heads !== null && !heads.length && count) {
    return "Switch on at least one head: what a match attends to is theirs";
  }
  if (layer === null || !index.layers[by].includes(layer)) {
    return `The index holds no ${by} of ${layer === "emb" ? "the input" : `layer ${layer}`}`;
  }
  return "";
}
