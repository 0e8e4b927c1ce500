// What the server sends, read: the only place that knows in which order the lists of the messages are.

/**
 * @import {
 *   AllLayers, Answer, Bar, Column, Edge, HeadMap, HeadReport, Inspection, LayerSummary, Lens, Prediction, Results,
 *   SideBySide, Summary,
 * } from "./types.js"
 */

/** @typedef {[string, number, number, number, number | null, number, number, number, boolean]} SentBar */
/** @typedef {[string, number]} SentPair */

/**
 * @param {SentBar} sent
 * @returns {Bar}
 */
export function readBar([label, count, share, base, lift, q, low, high, significant]) {
  return { label, count, share, base, lift, q, low, high, significant };
}

/**
 * @param {SentPair[]} sent
 * @returns {Prediction[]}
 */
export const readPredictions = (sent) => sent.map(([text, probability]) => ({ text, probability }));

/**
 * @param {any} sent
 * @returns {Inspection}
 */
export function readInspection(sent) {
  const read = (/** @type {SentPair[][] | null} */ pieces) => pieces && pieces.map(readPredictions);
  return { ...sent, predictions: read(sent.predictions), before: read(sent.before) };
}

/**
 * @param {any} sent - null before a search
 * @returns {Results | null}
 */
export function readResults(sent) {
  if (!sent) return null;
  /** @type {Results["summaries"]} */
  const summaries = mapValues(sent.summaries, (fields) => mapValues(fields, readSummary));
  return { ...sent, summaries };
}

/**
 * @param {{ total: number, bars: SentBar[] }} sent
 * @returns {Summary}
 */
const readSummary = ({ total, bars }) => ({ total, bars: bars.map(readBar) });

/**
 * @param {any} sent
 * @returns {LayerSummary}
 */
export function readLayerSummary({ layer, total, bars, words }) {
  const counted = words.map((/** @type {SentPair} */ [word, count]) => ({ word, count }));
  return { layer, total, bars: bars.map(readBar), words: counted };
}

/**
 * @param {any} sent
 * @returns {AllLayers}
 */
export const readAllLayers = (sent) => ({ ...sent, layers: sent.layers.map(readLayerSummary) });

/**
 * @param {any} sent
 * @returns {SideBySide}
 */
export function readSideBySide(sent) {
  const profiles = sent.profiles?.map((/** @type {any[]} */ side) => side.map(readLayerSummary));
  return { ...sent, profiles, predictions: sent.predictions?.map(readPredictions) };
}

/**
 * @param {any} sent
 * @returns {Lens}
 */
export const readLens = (sent) => ({ layers: sent.layers.map(readPredictions) });

/**
 * @param {any} sent
 * @returns {HeadMap}
 */
export const readHeadMap = (sent) => ({ ...sent, columns: sent.columns.map(readColumn) });

/**
 * @param {[string, string, string]} sent
 * @returns {Column}
 */
const readColumn = ([measure, label, direction]) => ({ measure, label, direction });

/**
 * @param {any} sent
 * @returns {HeadReport}
 */
export function readHeadReport(sent) {
  const sentence = (/** @type {any} */ one) => ({
    ...one,
    strongest: one.strongest && { source: one.strongest[0], target: one.strongest[1] },
    edges: one.edges.map(readEdge),
  });
  const bucket = (/** @type {any} */ one) => ({ ...one, sentences: one.sentences.map(sentence) });
  return { ...sent, buckets: sent.buckets.map(bucket) };
}

/**
 * @param {[number, number, number]} sent
 * @returns {Edge}
 */
const readEdge = ([source, target, weight]) => ({ source, target, weight });

/**
 * @template Content
 * @param {any} answer - of a server function
 * @param {(sent: any) => Content} read
 * @returns {Answer<Content>}
 */
export const readAnswer = (answer, read) => (answer.notice ? answer : /** @type {any} */ (read(answer)));

/**
 * @param {Record<string, any>} object
 * @param {(value: any) => any} map
 * @returns {Record<string, any>}
 */
function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]));
}
