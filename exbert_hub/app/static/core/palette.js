// One colour for one label, everywhere and always. The hues are Paul Tol's "muted" and Okabe-Ito sets, which stay
// apart for the common forms of colour blindness; a lightness step tells relatives (NOUN, PROPN, PRON) from each
// other.

// prettier-ignore
export const HUES = [
  "#4477aa", "#cc6677", "#228833", "#ccaa33", "#66a9d6", "#aa3377", "#e07b39", "#44aa99", "#882255", "#8a8f3c",
  "#6f6fc8", "#b08968",
];
export const NONE = "#9a9da6";

/** @type {Record<string, string>} */
// prettier-ignore
const KNOWN = {
  // parts of speech
  NOUN: "#4477aa", PROPN: "#6aa5d8", PRON: "#2f4f86", VERB: "#d55e00", AUX: "#f0a35e", ADJ: "#228833", ADV: "#7cbf6a",
  ADP: "#aa3377", DET: "#d68fb8", CCONJ: "#8a6bbf", SCONJ: "#b9a3dc", PART: "#44aa99", NUM: "#ccaa33",
  INTJ: "#b08968", PUNCT: "#8d919b", SYM: "#b4b7bf", X: "#c9c3b4", SPACE: "#c4c7cd",
  // dependencies
  nsubj: "#4477aa", nsubjpass: "#2f4f86", "nsubj:pass": "#2f4f86", csubj: "#6aa5d8", ROOT: "#d55e00", root: "#d55e00",
  dobj: "#228833", obj: "#228833", iobj: "#7cbf6a", dative: "#7cbf6a", pobj: "#44aa99", obl: "#44aa99",
  attr: "#8a8f3c", prep: "#aa3377", case: "#aa3377", det: "#d68fb8", aux: "#f0a35e", auxpass: "#c9854a",
  "aux:pass": "#c9854a", advmod: "#8a6bbf", amod: "#6f6fc8", poss: "#b9a3dc", "nmod:poss": "#b9a3dc",
  compound: "#66a9d6", conj: "#882255", cc: "#cc6677", punct: "#8d919b", ccomp: "#ccaa33", xcomp: "#b08968",
  advcl: "#a58f2d", mark: "#c48bb0", relcl: "#5d8a8a",
  // named entities
  PERSON: "#4477aa", PER: "#4477aa", GPE: "#228833", LOC: "#7cbf6a", ORG: "#d55e00", DATE: "#ccaa33", TIME: "#a58f2d",
  CARDINAL: "#8a6bbf", ORDINAL: "#b9a3dc", NORP: "#cc6677", FAC: "#44aa99", WORK_OF_ART: "#aa3377", MONEY: "#b08968",
  true: "#4477aa", false: "#b4b7bf",
};

/**
 * @param {string} text
 * @returns {number}
 */
function hash(text) {
  let value = 2166136261;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 16777619);
  return value >>> 0;
}

/**
 * @param {string | null | undefined} label
 * @returns {string} #rrggbb
 */
export function colour(label) {
  if (label === undefined || label === null || label === "") return NONE;
  return Object.hasOwn(KNOWN, label) ? KNOWN[label] : HUES[hash(String(label)) % HUES.length];
}

/**
 * Black or white, whichever is easier to read on a colour (WCAG 2.1).
 *
 * @param {string} hex - #rrggbb
 * @returns {string}
 */
export function textOn(hex) {
  const parts = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
  const linear = parts.map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179 ? "#16181d" : "#ffffff";
}
