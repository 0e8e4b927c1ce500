// How labels of the annotation, and numbers, are written.

/** @import { Bar } from "./types.js" */

/** @type {Record<string, string>} */
const NAMES = {
  pos: "POS",
  tag: "fine POS",
  dep: "DEP",
  ent_type: "NER",
  is_entity: "entity",
  text: "word",
  lemma: "lemma",
  head_text: "head word",
  offset: "offset",
};

export const CHANCE = "may be chance"; // said of a share that does not differ clearly from the base rate

/**
 * @param {string} field - name of a label of the annotation, such as "pos"
 * @returns {string}
 */
export const nameOfField = (field) => NAMES[field] ?? field;

/**
 * @param {string} field
 * @param {string} label - a value of it, such as "NOUN"
 * @returns {string}
 */
export function nameOfLabel(field, label) {
  if (label === "") return field === "ent_type" ? "no entity" : "none";
  return field === "offset" && Number(label) > 0 ? `+${label}` : label;
}

/**
 * @param {number} share - 0 to 1
 * @returns {string}
 */
export const percent = (share) => `${(100 * share).toFixed(share > 0 && share < 0.0995 ? 1 : 0)}%`;

/**
 * @param {number} number
 * @returns {string} with a comma between thousands
 */
export const thousands = (number) => number.toLocaleString("en");

/**
 * @param {number} q - share of false discoveries
 * @returns {string}
 */
export const writeQ = (q) => (q < 0.0001 ? "< 0.0001" : q.toPrecision(2));

/**
 * @param {Bar["lift"]} lift - null: the base never shows the label
 * @returns {string}
 */
export const writeLift = (lift) => (lift === null ? "new" : `${lift >= 9.95 ? Math.round(lift) : lift.toFixed(1)}×`);
