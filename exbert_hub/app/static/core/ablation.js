// Which heads are silenced: a list of [layer, head], sorted.

/** @import { HeadPlace, LayerNumber } from "./types.js" */

/**
 * [[5, 6], [5, 9]] -> "5-[6,9]"
 *
 * @param {HeadPlace[]} ablate
 * @returns {string}
 */
export function nameOfHeads(ablate) {
  /** @type {Map<number, number[]>} */
  const layers = new Map();
  for (const [layer, head] of ablate) layers.set(layer, [...(layers.get(layer) ?? []), head]);
  return [...layers].map(([layer, heads]) => `${layer}-[${heads.join(",")}]`).join(", ");
}

/**
 * @param {HeadPlace[]} ablate
 * @param {LayerNumber | null} layer
 * @returns {number[]} silenced heads of that layer
 */
export const silencedAt = (ablate, layer) => ablate.filter(([other]) => other === layer).map(([, head]) => head);

/**
 * The heads silenced too; where all of them are already, heard again.
 *
 * @param {HeadPlace[]} ablate
 * @param {number} layer
 * @param {number[]} heads
 * @returns {HeadPlace[]}
 */
export function toggleHeads(ablate, layer, heads) {
  const own = silencedAt(ablate, layer);
  const all = heads.every((head) => own.includes(head));
  const now = all ? own.filter((head) => !heads.includes(head)) : [...new Set([...own, ...heads])];
  const others = ablate.filter(([other]) => other !== layer);
  /** @type {HeadPlace[]} */
  const placed = now.map((head) => [layer, head]);
  return [...others, ...placed].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}
