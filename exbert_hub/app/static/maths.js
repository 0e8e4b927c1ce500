// The maths of the attention view: plain functions on typed arrays, no DOM. Definitions: docs/design.md, section 4;
// mirrored in analysis/attention.py. A layer is {values: Float32Array [H, N, M], heads: H, rows: N, cols: M}.

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

  function encodeBase64(bytes) {
    const parts = [];
    for (let at = 0; at < bytes.length; at += 0x8000) parts.push(String.fromCharCode(...bytes.subarray(at, at + 0x8000)));
    return btoa(parts.join(""));
  }

  // A layer as it travels, {codes: Uint8Array [H, N, M], heads, rows, cols}, as the functions below take it. Norms come
  // as shares of `scale`, the largest of the layer.
  function decode({ codes, heads, rows, cols, scale = 1 }) {
    const values = new Float32Array(codes.length);
    for (let i = 0; i < codes.length; i++) values[i] = SQUARE[codes[i]] * scale;
    return { values, heads, rows, cols };
  }

  function allHeads(layer) {
    return Array.from({ length: layer.heads }, (_, head) => head);
  }

  // Attention between words: TO a word is the sum over its pieces, FROM a word the mean over them (Clark et al. 2019,
  // section 4.1). rowWords, colWords: the word of each piece, never falling.
  function mergeWords(layer, rowWords, colWords) {
    const { values, heads, rows, cols } = layer;
    const high = rowWords.at(-1) + 1, wide = colWords.at(-1) + 1;
    const merged = new Float32Array(heads * high * wide), line = new Float64Array(wide);
    const into = Uint32Array.from(colWords);
    for (let head = 0; head < heads; head++) {
      for (let row = 0; row < rows; ) {
        const word = rowWords[row], first = row;
        line.fill(0);
        for (; rowWords[row] === word; row++) {
          const start = (head * rows + row) * cols;
          for (let col = 0; col < cols; col++) line[into[col]] += values[start + col];
        }
        for (let other = 0; other < wide; other++) merged[(head * high + word) * wide + other] = line[other] / (row - first);
      }
    }
    return { values: merged, heads, rows: high, cols: wide };
  }

  // Sum over the chosen heads, never renormalised: Float32Array [N, M].
  function aggregate({ values, rows, cols }, heads) {
    const size = rows * cols;
    const sum = new Float32Array(size);
    for (const head of heads) {
      const start = head * size;
      for (let i = 0; i < size; i++) sum[i] += values[start + i];
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
  // A row is sorted as numbers, many times faster than by a function: the bits of a positive float rise with its value,
  // and the column, counted from the end, goes below them.
  function topEdges(matrix, cols, visibleRows, visibleCols, share) {
    const from = [], to = [], weight = [];
    const bits = new Uint32Array(matrix.buffer, matrix.byteOffset, matrix.length);
    const line = new Float64Array(visibleCols.length);
    let max = 0;
    for (const row of visibleRows) {
      let total = 0, count = 0;
      for (const col of visibleCols) {
        const at = row * cols + col;
        if (matrix[at] <= 0) continue;
        total += matrix[at];
        line[count++] = bits[at] * cols + (cols - 1 - col);
      }
      const order = line.subarray(0, count).sort();
      let sum = 0;
      for (let i = count - 1; i >= 0 && sum < share * total; i--) {
        const col = cols - 1 - (order[i] % cols), value = matrix[row * cols + col];
        from.push(row); to.push(col); weight.push(value);
        sum += value;
        if (value > max) max = value;
      }
    }
    return { from, to, weight, count: from.length, max };
  }

  function filterEdges(edges, keep) {
    const kept = { from: [], to: [], weight: [], count: 0, max: 0 };
    for (let i = 0; i < edges.count; i++) {
      if (!keep(edges.from[i], edges.to[i])) continue;
      kept.from.push(edges.from[i]); kept.to.push(edges.to[i]); kept.weight.push(edges.weight[i]);
      kept.count++;
      if (edges.weight[i] > kept.max) kept.max = edges.weight[i];
    }
    return kept;
  }

  // The edges of one token only: out of it when it is picked on the left (`from`), into it on the right (`to`).
  const edgesOf = (edges, side, token) => filterEdges(edges, side === "from" ? (from) => from === token : (_, to) => to === token);

  // Which of the edges lie in a window of rows and columns, [first, last] of each, and how many leave it: those with one
  // end inside, by where their other end lies. With `halfToo` the leaving ones are among the edges.
  function inWindow(edges, [firstRow, lastRow], [firstCol, lastCol], halfToo = false) {
    const leaving = { before: 0, after: 0 };
    const kept = filterEdges(edges, (from, to) => {
      const rowIn = from >= firstRow && from <= lastRow, colIn = to >= firstCol && to <= lastCol;
      if (rowIn !== colIn) leaving[(rowIn ? to < firstCol : from < firstRow) ? "before" : "after"]++;
      return halfToo ? rowIn || colIn : rowIn && colIn;
    });
    return { edges: kept, leaving };
  }

  // Where each visible token stands, counted from the first of those in the window: negative before it.
  function places(visibleTokens, inWindow) {
    const start = visibleTokens.indexOf(inWindow[0]);
    return new Map(visibleTokens.map((token, i) => [token, i - start]));
  }

  // Mean attention out of each visible piece (over the visible columns) and into it (over the visible rows), per head.
  // -> {out: [N, H], into: [M, H], maxOut, maxInto}
  function headMatrices({ values, heads, rows, cols }, visibleRows, visibleCols) {
    const out = new Float32Array(rows * heads), into = new Float32Array(cols * heads);
    const columns = Uint32Array.from(visibleCols), received = new Float64Array(cols);
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

  // What one token sends (side "from") or receives (side "to"), per head: the matrix [., H] of the opposite side.
  function headMatrixOf(layer, side, token, others) {
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

  // Mean attention out of each row (side "from") or into each column ("to") of an aggregated matrix, over what is visible.
  function means(matrix, cols, visibleRows, visibleCols, side) {
    const values = new Float32Array(side === "from" ? matrix.length / cols : cols);
    const others = side === "from" ? visibleCols.length : visibleRows.length;
    for (const row of visibleRows) for (const col of visibleCols) values[side === "from" ? row : col] += matrix[row * cols + col] / others;
    return values;
  }

  return {
    SQUARE, decodeBase64, encodeBase64, decode, allHeads, mergeWords, aggregate, visible, topEdges, edgesOf, inWindow, places,
    headMatrices, headMatrixOf, profile, means, strongest, largest,
  };
})();

if (typeof module !== "undefined") module.exports = maths;
