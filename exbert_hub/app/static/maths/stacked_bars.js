// One stacked bar per layer for the labels of the nearest pieces (Hoover et al. 2019, figure 4).

/** @import { BarPart, BarRow, LayerSummary } from "../core/types.js" */

const LABELS = 10; // told apart in the bars; the rest is one grey part
const LEAST = 0.004; // share from which what is left is a part

/**
 * The labels stand in the same order in every bar, the most frequent of all layers first.
 *
 * @param {LayerSummary[]} layers
 * @param {number} [most] - labels that are told apart
 * @returns {{ labels: string[], rows: BarRow[], corpus: BarPart[] }} corpus: the base rates
 */
export function arrange(layers, most = LABELS) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  /** @type {Map<string, number>} */
  const bases = new Map();
  for (const { bars } of layers) {
    for (const { label, count, base_rate: base } of bars) {
      counts.set(label, (counts.get(label) ?? 0) + count);
      bases.set(label, base);
    }
  }
  const sorted = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const labels = sorted.slice(0, most).map(([label]) => label);
  const rows = layers.map(({ layer, total, bars, words }) => {
    const own = new Map(bars.map((bar) => [bar.label, bar]));
    const parts = labels.flatMap((label) => own.get(label) ?? []);
    return { layer, total, words, parts: complete(parts, total) };
  });
  const corpus = labels.map((label) => {
    const base = bases.get(label) ?? 0;
    return { label, count: null, share: base, base_rate: base, lift: 1 };
  });
  return { labels, rows, corpus: complete(corpus, null) };
}

/**
 * @param {BarPart[]} parts
 * @param {number | null} total
 * @returns {BarPart[]} with what the named labels leave, as a part without a label
 */
function complete(parts, total) {
  const share = 1 - parts.reduce((sum, part) => sum + part.share, 0);
  if (share < LEAST) return parts;
  const count = total === null ? null : total - parts.reduce((sum, part) => sum + (part.count ?? 0), 0);
  return [...parts, { label: null, count, share, base_rate: null, lift: null }];
}
