// What the server is asked, made from the state of the page.

/** @import { AllLayersQuery, InspectRequest, SearchQuery, State } from "./types.js" */

import { CONSTANTS } from "./constants.js";
import { headsAt } from "./state.js";

/**
 * The fields of a request, in the server's order; what the state of the page does not hold has the server's default.
 *
 * @param {Record<string, any>} defaults - by the names of the fields
 * @param {Record<string, any>} values
 * @returns {any}
 */
function pick(defaults, values) {
  return Object.fromEntries(Object.entries(defaults).map(([name, initial]) => [name, values[name] ?? initial]));
}

/**
 * What the attention view asks for.
 *
 * @param {State} values
 * @returns {InspectRequest}
 */
export function inspectRequest(values) {
  return { ...pick(CONSTANTS.request, values), text: values.text };
}

/**
 * What a search asks for; results whose query differs from the page's are stale.
 *
 * @param {State} values
 * @param {number[]} perLayer - heads per layer
 * @returns {SearchQuery}
 */
export function searchQuery(values, perLayer) {
  const { layer } = values;
  const every = () => Array.from({ length: headsAt(perLayer, layer) }, (_, head) => head);
  return pick(CONSTANTS.query, { ...values, heads: layer === "emb" ? [] : (values.heads ?? every()) });
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
