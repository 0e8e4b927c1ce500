// How far a build is, in words.

/** @import { BuildStatus } from "../core/types.js" */

import { thousands } from "../core/labels.js";

/**
 * @param {number} seconds
 * @returns {string}
 */
export function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/**
 * @param {BuildStatus} status
 * @returns {[doing: string, progress: string]} what is done, and how far
 */
export function describeBuild({ phase, done = 0, total, rate, left }) {
  const number = (/** @type {number} */ count) => thousands(Math.round(count));
  if (phase === "annotating") return ["Annotating", done ? `${number(done)} sentences` : "reading the corpus"];
  if (phase === "measuring") return ["Measuring", "a few sentences, to know what it will cost"];
  if (total && done >= total) return ["Finishing", "putting the parts together"];
  const speed = rate ? ` · ${number(rate)} per second` : "";
  const time = left ? ` · ${duration(left)} left` : "";
  return ["Indexing", `${number(done)} of ${number(total ?? 0)} pieces${speed}${time}`];
}

/**
 * @param {BuildStatus} status
 * @returns {number | null} 0 to 1, null while nobody knows
 */
export const shareDone = ({ phase, done = 0, total }) => (phase === "indexing" && total ? done / total : null);
