// The maths of the attention view: plain functions on typed arrays, no DOM. Definitions: docs/design.md, section 4;
// mirrored in analysis/attention.py. A layer is {codes: Uint8Array [H, N, M], heads: H, rows: N, cols: M}.

const maths = (() => {
  "use strict";

  // Attention travels as 255 * sqrt(a): a table turns a code back into attention.
  const SQUARE = Float32Array.from({ length: 256 }, (_, code) => (code / 255) ** 2);

  function decodeBase64(text) {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
    return bytes;
  }

  function allHeads(layer) {
    return Array.from({ length: layer.heads }, (_, head) => head);
  }

  // Sum over the chosen heads, never renormalised: Float32Array [N, M].
  function aggregate(layer, heads) {
    const size = layer.rows * layer.cols;
    const sum = new Float32Array(size);
    for (const head of heads) {
      const start = head * size;
      for (let i = 0; i < size; i++) sum[i] += SQUARE[layer.codes[start + i]];
    }
    return sum;
  }

  // Indices of the tokens that are shown.
  function visible(special, hide) {
    const shown = [];
    special.forEach((isSpecial, i) => { if (!(hide && isSpecial)) shown.push(i); });
    return shown;
  }

  // Per visible row the strongest edges, until their sum reaches `share` of the visible row; the edge that crosses the
  // threshold is kept, the lowest column wins ties. -> {from, to, weight, count, max}
  function topEdges(matrix, cols, visibleRows, visibleCols, share) {
    const from = [], to = [], weight = [];
    let max = 0;
    for (const row of visibleRows) {
      const value = (col) => matrix[row * cols + col];
      let total = 0;
      const order = [];
      for (const col of visibleCols) if (value(col) > 0) { total += value(col); order.push(col); }
      order.sort((a, b) => value(b) - value(a) || a - b);
      let sum = 0;
      for (const col of order) {
        if (sum >= share * total) break;
        from.push(row); to.push(col); weight.push(value(col));
        sum += value(col);
        if (value(col) > max) max = value(col);
      }
    }
    return { from, to, weight, count: from.length, max };
  }

  // The edges of one token only: out of it when it is picked on the left (`from`), into it on the right (`to`).
  function edgesOf(edges, side, token) {
    const kept = { from: [], to: [], weight: [], count: 0, max: 0 };
    for (let i = 0; i < edges.count; i++) {
      if (edges[side][i] !== token) continue;
      kept.from.push(edges.from[i]); kept.to.push(edges.to[i]); kept.weight.push(edges.weight[i]);
      kept.count++;
      if (edges.weight[i] > kept.max) kept.max = edges.weight[i];
    }
    return kept;
  }

  // Mean attention out of each visible piece (over the visible columns) and into it (over the visible rows), per head.
  // -> {out: [N, H], into: [M, H], maxOut, maxInto}
  function headMatrices(layer, visibleRows, visibleCols) {
    const { heads, rows, cols, codes } = layer;
    const out = new Float32Array(rows * heads), into = new Float32Array(cols * heads);
    for (let head = 0; head < heads; head++) {
      for (const row of visibleRows) {
        const start = (head * rows + row) * cols;
        for (const col of visibleCols) {
          const a = SQUARE[codes[start + col]];
          out[row * heads + head] += a / visibleCols.length;
          into[col * heads + head] += a / visibleRows.length;
        }
      }
    }
    return { out, into, maxOut: largest(out), maxInto: largest(into) };
  }

  // What one token sends (side "from") or receives (side "to"), per head: the matrix [., H] of the opposite side.
  function headMatrixOf(layer, side, token, others) {
    const { heads, rows, cols, codes } = layer;
    const values = new Float32Array((side === "from" ? cols : rows) * heads);
    for (let head = 0; head < heads; head++) {
      for (const other of others) {
        const [row, col] = side === "from" ? [token, other] : [other, token];
        values[other * heads + head] = SQUARE[codes[(head * rows + row) * cols + col]];
      }
    }
    return { values, max: largest(values) };
  }

  // The aggregated attention of one token with every token of the other side.
  function profile(matrix, rows, cols, side, token) {
    const values = new Float32Array(side === "from" ? cols : rows);
    for (let i = 0; i < values.length; i++) values[i] = side === "from" ? matrix[token * cols + i] : matrix[i * cols + token];
    return values;
  }

  // The position of the largest value among the candidates, the lowest wins ties; null without candidates.
  function strongest(values, candidates) {
    let best = null;
    for (const i of candidates) if (best === null || values[i] > values[best]) best = i;
    return best;
  }

  function largest(values) {
    let max = 0;
    for (const value of values) if (value > max) max = value;
    return max;
  }

  return {
    SQUARE, decodeBase64, allHeads, aggregate, visible, topEdges, edgesOf, headMatrices, headMatrixOf, profile, strongest, largest,
  };
})();

if (typeof module !== "undefined") module.exports = maths;
