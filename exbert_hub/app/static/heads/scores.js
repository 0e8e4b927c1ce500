// Measures of heads in words, and as the address has them.

/** @import { Column, HeadScore } from "../core/types.js" */

import { CHANCE, nameOfField, percent, writeQ } from "../core/labels.js";

/** @type {Record<string, string>} */
const MEASURES = {
  dependency: "dependency",
  offset: "position attended to",
  special: "special tokens",
  self: "itself",
  same_lemma: "same lemma",
  same_pos: "same POS",
  punctuation: "punctuation",
  earlier_name: "earlier name",
  entropy: "entropy",
};
/** @type {Record<string, string>} */
export const DIRECTIONS = { to_head: "dependant → head", to_dependant: "head → dependant" };
const ATTENDED = "attended_";

/**
 * @param {string} measure
 * @returns {string}
 */
export function nameOfMeasure(measure) {
  if (MEASURES[measure]) return MEASURES[measure];
  return measure.startsWith(ATTENDED) ? `${nameOfField(measure.slice(ATTENDED.length))} attended to` : measure;
}

/**
 * @param {string} measure
 * @param {string} label
 * @returns {string}
 */
export const nameOfValue = (measure, label) => (measure === "offset" && label === "0" ? "itself" : label);

/**
 * @param {Column} column
 * @returns {string} "measure:direction:label", as in the address
 */
export const writeColumn = ({ measure, direction, label }) => [measure, direction, label].join(":");

/**
 * @param {string} text - as in the address; a label may have colons
 * @returns {Column}
 */
export function readColumn(text) {
  const [measure = "", direction = "", ...label] = text.split(":");
  return { measure, direction, label: label.join(":") };
}

/**
 * @param {Column} column
 * @returns {string}
 */
export function describeColumn({ measure, direction, label }) {
  const parts = [nameOfMeasure(measure), nameOfValue(measure, label), DIRECTIONS[direction]];
  return parts.filter(Boolean).join(", ");
}

/**
 * @param {HeadScore} score
 * @param {string} measure
 * @returns {string}
 */
export function describeScore({ value, baseline, lift, q, significant }, measure) {
  const write = (/** @type {number} */ number) => (measure === "entropy" ? number.toFixed(2) : percent(number));
  const parts = [write(value), `baseline ${write(baseline)}`];
  if (lift !== null && measure !== "entropy") parts.push(`lift ${lift.toFixed(1)}×`);
  if (significant !== null && q !== null) parts.push(significant ? `q ${writeQ(q)}` : CHANCE);
  return parts.join(", ");
}
