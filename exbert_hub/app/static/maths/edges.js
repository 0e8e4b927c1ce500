// The links that are drawn: which of them, and what becomes of them in a window. Plain functions, no DOM.

/** @import { Edges, Leaving, Side } from "../core/types.js" */

/**
 * Per visible row the strongest edges, until their sum reaches `share` of the visible row; the edge that crosses the
 * threshold is kept, the lowest column wins ties.
 *
 * A row is sorted as numbers, many times faster than by a function: the bits of a positive float rise with its value,
 * and the column, counted from the end, goes below them.
 *
 * @param {Float32Array} matrix - [N, M]
 * @param {number} cols - M
 * @param {number[]} visibleRows
 * @param {number[]} visibleCols
 * @param {number} share - 0 to 1
 * @returns {Edges}
 */
export function topEdges(matrix, cols, visibleRows, visibleCols, share) {
  const edges = emptyEdges();
  const bits = new Uint32Array(matrix.buffer, matrix.byteOffset, matrix.length);
  const line = new Float64Array(visibleCols.length);
  for (const row of visibleRows) {
    let total = 0;
    let count = 0;
    for (const col of visibleCols) {
      const at = row * cols + col;
      if (matrix[at] <= 0) continue;
      total += matrix[at];
      line[count++] = bits[at] * cols + (cols - 1 - col);
    }
    const order = line.subarray(0, count).sort();
    let sum = 0;
    for (let i = count - 1; i >= 0 && sum < share * total; i--) {
      const col = cols - 1 - (order[i] % cols);
      const value = matrix[row * cols + col];
      addEdge(edges, row, col, value);
      sum += value;
    }
  }
  return edges;
}

/** @returns {Edges} */
export function emptyEdges() {
  return { from: [], to: [], weight: [], count: 0, max: 0 };
}

/**
 * @param {Edges} edges
 * @param {number} from
 * @param {number} to
 * @param {number} weight
 */
function addEdge(edges, from, to, weight) {
  edges.from.push(from);
  edges.to.push(to);
  edges.weight.push(weight);
  edges.count++;
  if (weight > edges.max) edges.max = weight;
}

/**
 * @param {Edges} edges
 * @param {(from: number, to: number) => boolean} keep
 * @returns {Edges}
 */
function filterEdges(edges, keep) {
  const kept = emptyEdges();
  for (let i = 0; i < edges.count; i++) {
    if (keep(edges.from[i], edges.to[i])) addEdge(kept, edges.from[i], edges.to[i], edges.weight[i]);
  }
  return kept;
}

/**
 * The edges of one token only: out of it when it is picked on the left (`from`), into it on the right (`to`).
 *
 * @param {Edges} edges
 * @param {Side} side
 * @param {number} token
 * @returns {Edges}
 */
export function edgesOf(edges, side, token) {
  return filterEdges(edges, side === "from" ? (from) => from === token : (_, to) => to === token);
}

/**
 * Which of the edges lie in a window of rows and columns, and how many leave it: those with one end inside, by where
 * their other end lies.
 *
 * @param {Edges} edges
 * @param {[number, number]} rows - the first and the last
 * @param {[number, number]} cols
 * @param {boolean} [halfToo] - whether the leaving ones are among the edges
 * @returns {{ edges: Edges, leaving: Leaving }}
 */
export function inWindow(edges, [firstRow, lastRow], [firstCol, lastCol], halfToo = false) {
  const leaving = { before: 0, after: 0 };
  const kept = filterEdges(edges, (from, to) => {
    const rowIn = from >= firstRow && from <= lastRow;
    const colIn = to >= firstCol && to <= lastCol;
    if (rowIn !== colIn) leaving[(rowIn ? to < firstCol : from < firstRow) ? "before" : "after"]++;
    return halfToo ? rowIn || colIn : rowIn && colIn;
  });
  return { edges: kept, leaving };
}
