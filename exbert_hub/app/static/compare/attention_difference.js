// Where two views of a text attend differently: a picture of the difference at the layer on the page.

/** @import { AttentionDifference, State } from "../core/types.js" */

import { CONSTANTS } from "../core/constants.js";
import { decodeBase64 } from "../maths/coding.js";
import { el } from "../core/dom.js";
import { percent } from "../core/labels.js";
import { meanDifference } from "../maths/attention.js";

const NOTHING = 1e-5; // a difference that is none

/**
 * @param {AttentionDifference} difference
 * @param {State} values
 * @returns {HTMLElement}
 */
export function attentionDifference({ tokens, layers, shift, mean_of_heads: mean }, { layer, heads: chosen }) {
  const at = typeof layer === "number" ? layer : -1;
  const code = layers[at];
  const moved = shift[at];
  const where = mean ? "mean of the heads" : chosen ? `heads ${chosen.join(", ")}` : "all heads";
  const title = el("h4", {}, `Attention of B minus A, layer ${layer}, ${where}`);
  const hint = (/** @type {string} */ text) => el("p.exb-hint", {}, text);
  const all = moved?.map((_, head) => head) ?? [];
  const heads = mean || !chosen ? all : chosen.filter((head) => head in all);
  if (!moved || !code || !heads.length) {
    const why = moved
      ? `Choose a head; of texts of more than ${CONSTANTS.all_layers_up_to} pieces there is no picture.`
      : "There is no attention at this layer.";
    return el("div", {}, title, hint(why));
  }
  const values = meanDifference(decodeBase64(code), heads, tokens[0].length);
  const most = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  if (most < NOTHING) return el("div", {}, title, hint("It is the same on both sides."));
  const top = mostMoved(moved, mean);
  const label = `Difference of attention at layer ${layer}; most moved: ${top}`;
  const legend = [
    el("span", {}, el("span.exb-dot.exb-less"), "less in B"),
    el("span", {}, el("span.exb-dot.exb-more"), "more in B"),
    el("span", {}, `strongest colour: ${most.toFixed(2)}`),
  ];
  const reading = "From each piece (downwards) to each piece (across).";
  return el(
    "div",
    {},
    title,
    el("div.exb-diff", { role: "img", "aria-label": label }, ...cells(tokens[0], values, most)),
    el("p.exb-legend", {}, ...legend),
    hint(`Attention that went elsewhere: ${top}. ${reading}`),
  );
}

/**
 * @param {number[]} moved - share of the attention, per head
 * @param {boolean} mean - whether there is only the mean over heads
 * @returns {string} the heads that moved most
 */
function mostMoved(moved, mean) {
  const heads = moved.map((share, head) => ({ share, head })).sort((a, b) => b.share - a.share);
  const said = heads.slice(0, 4).map(({ share, head }) => (mean ? percent(share) : `head ${head}: ${percent(share)}`));
  return said.join(", ");
}

/**
 * @param {string[]} tokens
 * @param {Float32Array} values - [N, N]
 * @param {number} most - the strongest of them
 * @returns {HTMLElement[]} rows
 */
function cells(tokens, values, most) {
  return tokens.map((from, row) => {
    const line = tokens.map((to, col) => {
      const value = values[row * tokens.length + col];
      return el("span.exb-diff-cell", {
        title: `${from} → ${to}: ${value > 0 ? "+" : ""}${value.toFixed(3)}`,
        "data-sign": value < 0 ? "less" : "more",
        style: { "--exb-strength": Math.sqrt(Math.abs(value) / most).toFixed(3) },
      });
    });
    return el("span.exb-diff-row", {}, el("span.exb-diff-name", { dir: "auto" }, from), ...line);
  });
}
