// What the server is asked, made from the state of the page.

/** @import { AllLayersQuery, InspectRequest, SearchQuery, State } from "./types.js" */

import { headsAt } from "./state.js";

/**
 * What the attention view asks for.
 *
 * @param {State} values
 * @returns {InspectRequest}
 */
export function inspectRequest({ model, index, text, pair, stack, mask, mode, ablate }) {
  return { model, index, text, pair, stack, mask, mode, ablate };
}

/**
 * What a search asks for; results whose query differs from the page's are stale.
 *
 * @param {State} values
 * @param {number[]} perLayer - heads per layer
 * @returns {SearchQuery}
 */
export function searchQuery(values, perLayer) {
  const { model, index, text, pair, mask, token, by, layer, ablate } = values;
  const every = () => Array.from({ length: headsAt(perLayer, layer) }, (_, head) => head);
  const heads = layer === "emb" ? [] : (values.heads ?? every());
  return { model, index, text, pair, mask, token, by, layer, heads, ablate };
}

/**
 * What a search at all layers depends on: a query without its layer, and heads only where they are searched by.
 *
 * @param {State} values
 * @param {number[]} perLayer
 * @returns {AllLayersQuery}
 */
export function allLayersQuery(values, perLayer) {
  const { heads, by } = values;
  return { ...searchQuery(values, perLayer), layer: "emb", heads: by === "heads" && heads ? heads : [] };
}
