// A unit is what one row of the figure shows, a piece or a word; `token`, as the address has it, is always the
// position of a piece.

/** @import { Inspection, Piece, Unit, WordStart } from "../core/types.js" */

/**
 * What a word says is said by its first piece (predictions, search), the rest by all of them.
 *
 * @param {Piece[]} pieces
 * @param {WordStart[]} words
 * @returns {Unit[]}
 */
export function wordUnits(pieces, words) {
  return words.map(({ start, text }, i) => {
    const end = words[i + 1]?.start ?? pieces.length;
    const own = pieces.slice(start, end);
    const original = own.length > 1 ? text : own[0].original;
    return { ...own[0], text, original, masked: own.some((piece) => piece.masked), start, end };
  });
}

/**
 * @param {Piece[]} pieces
 * @returns {Unit[]}
 */
export const pieceUnits = (pieces) => pieces.map((piece, start) => ({ ...piece, start, end: start + 1 }));

/**
 * "A" or "B" where a text of a pair begins, and at the top of the figure.
 *
 * @param {Unit[]} units
 * @param {number[]} shown
 * @returns {Map<number, string>}
 */
export function textMarks(units, shown) {
  const marks = new Map();
  if (!units.some((unit) => unit.segment > 0)) return marks;
  shown.forEach((unit, i) => {
    const { segment } = units[unit];
    if (!i || segment !== units[shown[i - 1]].segment) marks.set(unit, segment ? "B" : "A");
  });
  return marks;
}

/**
 * @param {Pick<Inspection, "from"> & { to?: Inspection["to"] }} inspection
 * @returns {boolean} whether both sides are the same text
 */
export const isAlike = ({ from, to }) => !to || to === from;
