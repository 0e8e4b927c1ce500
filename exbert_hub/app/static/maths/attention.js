// The maths of the attention view: plain functions on typed arrays, no DOM. Definitions: docs/design.md, section 4;
// mirrored in analysis/attention.py. A layer is {values: Float32Array [H, N, M], heads: H, rows: N, cols: M}.

/** @import { AttentionLayer, CodedLayer, Side } from "../core/types.js" */

import { SQUARE, decodeSigned } from "./coding.js";

/**
 * A layer as it travels as the functions below take it. Norms come as shares of `scale`, the largest of the layer.
 *
 * @param {CodedLayer} layer
 * @returns {AttentionLayer}
 */
export function decode({ codes, heads, rows, cols, scale = 1 }) {
  const values = new Float32Array(codes.length);
  for (let i = 0; i < codes.length; i++) values[i] = SQUARE[codes[i]] * scale;
  return { values, heads, rows, cols };
}

/**
 * @param {{ heads: number }} layer
 * @returns {number[]}
 */
export function allHeads(layer) {
  return Array.from({ length: layer.heads }, (_, head) => head);
}

/**
 * Attention between words: TO a word is the sum over its pieces, FROM a word the mean over them (Clark et al. 2019,
 * section 4.1).
 *
 * @param {AttentionLayer} layer - of pieces
 * @param {number[]} rowWords - the word of each piece, never falling
 * @param {number[]} colWords
 * @returns {AttentionLayer} of words
 */
export function mergeWords(layer, rowWords, colWords) {
  const { values, heads, rows, cols } = layer;
  const high = rowWords[rowWords.length - 1] + 1;
  const wide = colWords[colWords.length - 1] + 1;
  const merged = new Float32Array(heads * high * wide);
  const line = new Float64Array(wide);
  const into = Uint32Array.from(colWords);
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < rows;) {
      const word = rowWords[row];
      const first = row;
      line.fill(0);
      for (; rowWords[row] === word; row++) {
        const start = (head * rows + row) * cols;
        for (let col = 0; col < cols; col++) line[into[col]] += values[start + col];
      }
      const at = (head * high + word) * wide;
      for (let other = 0; other < wide; other++) merged[at + other] = line[other] / (row - first);
    }
  }
  return { values: merged, heads, rows: high, cols: wide };
}

/**
 * Sum over the chosen heads, never renormalised.
 *
 * @param {AttentionLayer} layer
 * @param {number[]} heads
 * @returns {Float32Array} [N, M]
 */
export function aggregate({ values, rows, cols }, heads) {
  const size = rows * cols;
  const sum = new Float32Array(size);
  for (const head of heads) {
    const start = head * size;
    for (let i = 0; i < size; i++) sum[i] += values[start + i];
  }
  return sum;
}

/**
 * @param {boolean[]} special - of each token
 * @param {boolean} hide - whether special tokens are left out
 * @returns {number[]} indices of the tokens that are shown
 */
export function visible(special, hide) {
  return special.flatMap((isSpecial, i) => (hide && isSpecial ? [] : [i]));
}

/**
 * Where each visible token stands, counted from the first of those in the window: negative before it.
 *
 * @param {number[]} visibleTokens
 * @param {number[]} shown - those of the window
 * @returns {Map<number, number>}
 */
export function places(visibleTokens, shown) {
  const start = visibleTokens.indexOf(shown[0]);
  return new Map(visibleTokens.map((token, i) => [token, i - start]));
}

/**
 * Mean attention out of each visible piece (over the visible columns) and into it (over the visible rows), per head.
 *
 * @param {AttentionLayer} layer
 * @param {number[]} visibleRows
 * @param {number[]} visibleCols
 * @returns {{ out: Float32Array, into: Float32Array, maxOut: number, maxInto: number }} out: [N, H], into: [M, H]
 */
export function headMatrices({ values, heads, rows, cols }, visibleRows, visibleCols) {
  const out = new Float32Array(rows * heads);
  const into = new Float32Array(cols * heads);
  const columns = Uint32Array.from(visibleCols);
  const received = new Float64Array(cols);
  for (let head = 0; head < heads; head++) {
    received.fill(0);
    for (const row of visibleRows) {
      const start = (head * rows + row) * cols;
      let sum = 0;
      for (const col of columns) {
        sum += values[start + col];
        received[col] += values[start + col];
      }
      out[row * heads + head] = sum / columns.length;
    }
    for (const col of columns) into[col * heads + head] = received[col] / visibleRows.length;
  }
  return { out, into, maxOut: largest(out), maxInto: largest(into) };
}

/**
 * What one token sends (side "from") or receives (side "to"), per head: the matrix [., H] of the opposite side.
 *
 * @param {AttentionLayer} layer
 * @param {Side} side
 * @param {number} token
 * @param {number[]} others - the visible tokens of the opposite side
 * @returns {{ values: Float32Array, max: number }}
 */
export function headMatrixOf(layer, side, token, others) {
  const { heads, rows, cols } = layer;
  const values = new Float32Array((side === "from" ? cols : rows) * heads);
  for (let head = 0; head < heads; head++) {
    for (const other of others) {
      const [row, col] = side === "from" ? [token, other] : [other, token];
      values[other * heads + head] = layer.values[(head * rows + row) * cols + col];
    }
  }
  return { values, max: largest(values) };
}

/**
 * The aggregated attention of one token with every token of the other side.
 *
 * @param {Float32Array} matrix - [N, M]
 * @param {number} rows - N
 * @param {number} cols - M
 * @param {Side} side
 * @param {number} token
 * @returns {Float32Array} a row or a column
 */
export function profile(matrix, rows, cols, side, token) {
  const values = new Float32Array(side === "from" ? cols : rows);
  for (let i = 0; i < values.length; i++) {
    values[i] = side === "from" ? matrix[token * cols + i] : matrix[i * cols + token];
  }
  return values;
}

/**
 * @param {ArrayLike<number>} values
 * @param {number[]} candidates
 * @returns {number | null} the position of the largest among the candidates, the lowest wins ties
 */
export function strongest(values, candidates) {
  let best = null;
  for (const i of candidates) if (best === null || values[i] > values[best]) best = i;
  return best;
}

/**
 * @param {Iterable<number>} values
 * @returns {number} 0 if nothing is larger
 */
export function largest(values) {
  let max = 0;
  for (const value of values) if (value > max) max = value;
  return max;
}

/**
 * Mean attention out of each row (side "from") or into each column ("to") of an aggregated matrix, over what is
 * visible.
 *
 * @param {Float32Array} matrix - [N, M]
 * @param {number} cols - M
 * @param {number[]} visibleRows
 * @param {number[]} visibleCols
 * @param {Side} side
 * @returns {Float32Array}
 */
export function means(matrix, cols, visibleRows, visibleCols, side) {
  const values = new Float32Array(side === "from" ? matrix.length / cols : cols);
  const others = side === "from" ? visibleCols.length : visibleRows.length;
  for (const row of visibleRows) {
    for (const col of visibleCols) values[side === "from" ? row : col] += matrix[row * cols + col] / others;
  }
  return values;
}

/**
 * Difference of attention of one layer, the mean over the chosen heads.
 *
 * @param {Uint8Array} codes - [H, N, N], signed
 * @param {number[]} heads
 * @param {number} size - N
 * @returns {Float32Array} [N, N]
 */
export function meanDifference(codes, heads, size) {
  const sum = new Float32Array(size * size);
  for (const head of heads) {
    for (let i = 0; i < sum.length; i++) sum[i] += decodeSigned(codes[head * sum.length + i]) / heads.length;
  }
  return sum;
}
