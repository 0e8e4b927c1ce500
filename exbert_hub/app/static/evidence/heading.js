// Above the results: what was searched for, how long it took, and what was left out.

/** @import { Results, SearchQuery } from "../core/types.js" */

import { nameOfHeads } from "../core/ablation.js";
import { el } from "../core/dom.js";
import { thousands } from "../core/labels.js";

/**
 * @param {Results} results
 * @param {number} pieces - of the index
 * @returns {HTMLElement}
 */
export function heading({ query, token, matches, left_out: leftOut, seconds }, pieces) {
  const without = query.ablate.length ? `, without ${nameOfHeads(query.ablate)}` : "";
  const left = Object.entries(leftOut).flatMap(([why, count]) => (count ? [`${count} left out: ${why}`] : []));
  const time = `${(seconds * 1000).toFixed(0)} ms over ${thousands(pieces)} pieces`;
  return el(
    "header.exb-heading",
    {},
    el(
      "h3",
      {},
      `${matches.length} nearest to `,
      el("mark", { dir: "auto" }, token.text),
      token.masked ? " masked" : "",
      ` ${wayOf(query)}${without}`,
    ),
    el("p.exb-hint", {}, [time, ...left].join(" · ")),
  );
}

/**
 * @param {SearchQuery} query
 * @returns {string}
 */
function wayOf({ by, layer, heads }) {
  if (by === "heads") return `by heads ${layer}-[${heads.join(",")}]`;
  return layer === "emb" ? "by input embedding" : `by embedding at layer ${layer}`;
}
