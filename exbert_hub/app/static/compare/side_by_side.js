// What two views of a token have in common: labels and words of their nearest pieces, layer by layer.

/** @import { BarRow, Child, LayerNumber, Prediction, SideBySide, State } from "../core/types.js" */

import { el } from "../core/dom.js";
import { percent } from "../core/labels.js";
import { colour } from "../core/palette.js";
import { arrange } from "../maths/stacked_bars.js";

const OVERLAP =
  "RBO and Jaccard say how much the two lists of words overlap, with and without their order: 1 is the same, " +
  "0 nothing in common; shared counts the words of both.";
const CKA = " CKA says how alike the whole layers are over the corpus: 1 is the same but for a rotation.";

/**
 * @param {SideBySide} answer
 * @param {string[]} sides
 * @param {boolean} models - whether they are two models
 * @param {State["layer"]} current
 * @returns {HTMLElement[]}
 */
export function sideBySide({ layers, profiles, predictions, models: names, k }, sides, models, current) {
  const cka = layers.some((layer) => layer.cka !== null);
  const both = arrange(profiles.flat());
  const half = profiles[0].length;
  const rows = layers.map(({ layer, rbo, jaccard, shared, cka: similarity, chance }, i) => {
    const cells = [bar(both.rows[i]), bar(both.rows[half + i]), rbo.toFixed(2), jaccard.toFixed(2), String(shared)];
    const title = `chance: ${chance?.toFixed(3)}`;
    return { layer, cells: cka ? [...cells, el("span", { title }, similarity?.toFixed(3))] : cells };
  });
  const said = sides.flatMap((side, i) => {
    const name = `${"AB"[i]}: ${side}${models ? ` by ${names[i]}` : ""}`;
    const own = predictions[i];
    return [el("dt", { dir: "auto" }, name), el("dd", {}, own.length ? guesses(own) : "no predictions")];
  });
  const legend = both.labels.map((label) => {
    return el("span", {}, el("span.exb-dot", { style: { background: colour(label) } }), label);
  });
  const what = `Labels of the words of the ${k} nearest pieces, per layer. ${OVERLAP}${cka ? CKA : ""}`;
  return [
    el("dl.exb-compare-sides", {}, ...said),
    table(["layer", "A", "B", "RBO", "Jaccard", "shared", ...(cka ? ["CKA"] : [])], rows, current),
    el("p.exb-legend", {}, ...legend),
    el("p.exb-hint", {}, what),
  ];
}

/**
 * @param {string[]} names - of the columns
 * @param {{ layer: LayerNumber, cells: Child[] }[]} rows
 * @param {State["layer"]} current
 * @returns {HTMLElement}
 */
export function table(names, rows, current) {
  const head = el("thead", {}, el("tr", {}, ...names.map((name) => el("th", { scope: "col" }, name))));
  const lines = rows.map(({ layer, cells }) => {
    const attributes = { "data-layer": layer, "aria-current": layer === current ? "true" : false };
    const own = cells.map((cell) => el("td", {}, cell));
    return el("tr", attributes, el("th", { scope: "row" }, String(layer)), ...own);
  });
  return el("div.exb-compare-scroll", {}, el("table.exb-compare-table", {}, head, el("tbody", {}, ...lines)));
}

/**
 * @param {Prediction[]} predictions
 * @returns {HTMLElement}
 */
export function guesses(predictions) {
  const words = predictions.flatMap(({ text, probability }) => {
    return [el("span", {}, text, " ", el("span.exb-hint", {}, percent(probability))), " "];
  });
  return el("span.exb-compare-guesses", { dir: "auto" }, ...words);
}

/** @param {BarRow} row */
function bar({ parts }) {
  const said = parts.map(({ label, share }) => `${label ?? "other"} ${percent(share)}`);
  const nodes = parts.map(({ label, share }, i) => {
    const style = { "flex-grow": share, ...(label === null ? {} : { "--exb-colour": colour(label) }) };
    const attributes = { "data-label": label, title: said[i], style };
    return el(label === null ? "span.exb-profile-part.exb-rest" : "span.exb-profile-part", attributes);
  });
  return el("span.exb-profile-bar", { role: "img", "aria-label": said.join(", ") }, ...nodes);
}
