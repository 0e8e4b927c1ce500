// What is said of a scene in words.

/** @import { AttentionKind, Described, Inspection, Scene, Side, State } from "../core/types.js" */
/** @import { Strip } from "./overview.js" */

import { isAlike } from "./units.js";

/** @type {Record<AttentionKind, string>} */
export const NAMES = { attention: "attention", norms: "value-weighted attention", rollout: "attention rollout" };

/**
 * What the strip of one side shows. Where both sides are the same text there is one, of the attention into each unit.
 *
 * @param {Inspection} inspection
 * @param {Scene} scene
 * @param {Side} side
 * @param {State} values
 * @returns {Strip}
 */
export function stripOf(inspection, { all, shown, start, focus, shade, means, units }, side, { grid, words }) {
  const alike = isAlike(inspection);
  const kind = NAMES[inspection.mode];
  const own = alike || focus?.side !== side ? shade : null;
  const strength = own?.values ?? means?.[alike ? "to" : side] ?? null;
  const second = all[side].findIndex((unit) => units[side][unit].segment > 0);
  const into = alike || side === "to";
  const said =
    own && focus
      ? `${kind} ${focus.side === "from" ? "out of" : "into"} “${units[focus.side][focus.token].text}”`
      : `mean ${kind} ${into ? "into" : "out of"} each ${words ? "word" : "piece"}`;
  return {
    total: all[side].length,
    start: start[side],
    size: grid || (alike && side === "to") ? Infinity : shown[side].length,
    values: strength && all[side].map((unit) => strength[unit]),
    starts: second < 0 ? null : second,
    said,
  };
}

/**
 * @param {Inspection} inspection
 * @param {Scene} scene
 * @returns {Described | null} what the dock says of the unit in focus
 */
export function describe(inspection, { focus, units }) {
  if (!focus) return null;
  const { predictions: all, before: allBefore, predicts } = inspection;
  const { start, end, text, original, masked } = units[focus.side][focus.token];
  const predictions = focus.side === "from" || isAlike(inspection) ? (all?.[start] ?? null) : null;
  const before = predictions && (allBefore?.[start] ?? null);
  const says = predicts === "next" ? ", the model expects next" : ", the model predicts here";
  const place = end - start > 1 ? `pieces ${start}–${end - 1}` : `piece ${start}`;
  const note = `${masked ? "masked, " : ""}${place}${predictions ? says : ""}`;
  return { text: masked ? original : text, note, predictions, before };
}

/**
 * @param {number[]} numbers
 * @returns {string}
 */
export function nameOfLayers(numbers) {
  return numbers.length ? `layer${numbers.length > 1 ? "s" : ""} ${numbers.join(", ")}` : "no layer";
}
