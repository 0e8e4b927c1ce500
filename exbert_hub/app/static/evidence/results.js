// The sentences that a search found: each match among its words, with the labels of its neighbours as coloured cells.

/** @import { Child, Filter, Match, Of, Results, State, Tooltip } from "../core/types.js" */

import { closest, el, fill, select } from "../core/dom.js";
import { nameOfField, nameOfLabel } from "../core/labels.js";
import { largest, strongest } from "../maths/attention.js";
import { colour } from "../core/palette.js";

const OPEN_CLASS = new Set(["piece", "text", "lemma", "head_text"]); // too many values for a colour to say anything

/** @typedef {{ match: Match, attention: number[] | null, node: HTMLElement, at: number | null }} Row */

/**
 * @param {Results} results
 * @param {Match} match
 * @param {number} position - of a piece
 * @returns {string[] | null} its labels, null where it has none
 */
export function labelsAt({ rows }, { labels }, position) {
  return rows[labels[position] ?? -1] ?? null;
}

/**
 * @param {Results} results
 * @param {Match} match
 * @param {Of} of
 * @param {string} field
 * @returns {string | null}
 */
export function labelFor(results, match, of, field) {
  if (field === "offset") return match.offset === null ? null : String(match.offset);
  const position = { match: match.position, max_attention: match.attended, next: match.position + 1 }[of];
  if (position === null) return null;
  return labelsAt(results, match, position)?.[results.labels.indexOf(field)] ?? null;
}

/**
 * "of:field:label", as the address has it. A label of a corpus may have a colon in its name: the longest name that
 * fits is meant.
 *
 * @param {Results} results
 * @param {string} text
 * @returns {Filter | null}
 */
export function readFilter({ summaries }, text) {
  const [of, ...rest] = text.split(":");
  const said = rest.join(":");
  if (!Object.hasOwn(summaries, of)) return null;
  const names = Object.keys(summaries[/** @type {Of} */ (of)] ?? {}).filter((name) => said.startsWith(`${name}:`));
  const [field] = names.sort((a, b) => b.length - a.length);
  return field ? { of: /** @type {Of} */ (of), field, label: said.slice(field.length + 1) } : null;
}

/**
 * @param {Results} results
 * @param {Filter | null} filter
 * @returns {Match[]} those with the label of the filter, all without a filter
 */
export function filterMatches(results, filter) {
  if (!filter) return results.matches;
  return results.matches.filter((match) => labelFor(results, match, filter.of, filter.field) === filter.label);
}

export class ResultList {
  /**
   * @param {Results} results
   * @param {Tooltip} tip
   */
  constructor(results, tip) {
    this.results = results;
    this.tip = tip;
    /** @type {Map<Element, Row>} */
    this.rows = new Map();
    this.values = /** @type {State | null} */ (null);
    this.node = el("ol.exb-results", {
      "aria-label": "Results",
      onpointerover: (event) => this.pointAt(event),
      onpointerleave: () => tip.hide(),
      onfocusin: (event) => this.pointAt(event),
      onfocusout: () => tip.hide(),
    });
    this.said = el("p.exb-unseen", { role: "status" }); // what the arrow keys point at, for those who do not see it
  }

  /**
   * @param {Match[]} matches
   * @param {State} values
   */
  draw(matches, values) {
    this.values = values;
    const rows = matches.map((match) => this.row(match, values));
    this.rows = new Map(rows.map((row) => [row.node, row]));
    fill(this.node, ...rows.map((row) => row.node));
  }

  /**
   * @param {Match} match
   * @param {State} values
   * @returns {Row}
   */
  row(match, { direction, colour: field, span }) {
    const attention = direction === "out" ? match.out : match.into;
    const candidates = match.labels.flatMap((row, i) => (row >= 0 ? [i] : []));
    const marked = direction === "out" ? match.attended : attention && strongest(attention, candidates);
    const sentence = this.sentence(match, marked, strengths(attention, candidates));
    const score = el("span.exb-score", { title: "mean cosine" }, match.score.toFixed(3));
    const attributes = {
      tabindex: 0,
      "data-row": match.row,
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.walk(event, row),
    };
    const node = el("li.exb-result", attributes, score, this.cells(match, field, span), sentence);
    /** @type {Row} */
    const row = { match, attention, node, at: null };
    return row;
  }

  /**
   * @param {Match} match
   * @param {number | null} marked - the piece that is attended to
   * @param {(piece: number) => string | number} strength
   */
  sentence({ text, offsets, position }, marked, strength) {
    const causal = "next" in this.results.summaries;
    /** @type {Child[]} */
    const parts = [];
    let end = 0;
    offsets.forEach(([start, stop], i) => {
      if (start >= stop || start < end) return; // special tokens have no text
      const piece = text.slice(start, stop);
      const lead = piece.length - piece.trimStart().length;
      const classes = [
        i === position ? ".exb-match" : "",
        i === marked ? ".exb-attended" : "",
        causal && i === position + 1 ? ".exb-next" : "",
      ];
      const attributes = { "data-piece": i, style: { "--exb-strength": strength(i) } };
      parts.push(text.slice(end, start + lead), el(`span.exb-word${classes.join("")}`, attributes, piece.slice(lead)));
      end = stop;
    });
    return el("p.exb-sentence", { dir: "auto" }, ...parts, text.slice(end));
  }

  /**
   * Coloured cells of the neighbours; the match is the framed one.
   *
   * @param {Match} match
   * @param {string} field
   * @param {number} span
   */
  cells(match, field, span) {
    const column = Math.max(0, this.results.labels.indexOf(field));
    const cells = [];
    for (let offset = -span; offset <= span; offset++) {
      const labels = labelsAt(this.results, match, match.position + offset);
      const background = labels ? colour(labels[column]) : "transparent";
      const attributes = { "data-piece": match.position + offset, "data-empty": !labels, style: { background } };
      cells.push(el(offset ? "span.exb-cell" : "span.exb-cell.exb-here", attributes));
    }
    return el("span.exb-strip", { "aria-hidden": "true" }, ...cells);
  }

  /** @param {Event} event */
  pointAt(event) {
    const piece = closest(event, "[data-piece]");
    const row = this.rows.get(closest(event, ".exb-result") ?? this.node);
    if (piece && row) this.point(piece, row);
    else this.tip.hide();
  }

  /**
   * @param {HTMLElement} piece
   * @param {Row} row
   */
  point(piece, { match, attention }) {
    const position = Number(piece.dataset.piece);
    const labels = labelsAt(this.results, match, position);
    if (!labels) return this.tip.hide();
    const [start, end] = match.offsets[position] ?? [0, 0];
    const chosen = piece.classList.contains("exb-cell") ? this.values?.colour : null;
    const entries = this.results.labels.flatMap((field, i) => [
      el("dt", { "data-chosen": field === chosen }, nameOfField(field)),
      el("dd", { dir: "auto" }, dot(field, labels[i]), nameOfLabel(field, labels[i])),
    ]);
    const value = attention?.[position];
    if (value !== undefined && value !== null) entries.push(el("dt", {}, "attention"), el("dd", {}, value.toFixed(3)));
    const text = el("strong", { dir: "auto" }, match.text.slice(start, end).trim());
    this.tip.show(piece, text, el("dl", {}, ...entries));
  }

  /**
   * The arrow keys walk through the words of a result and show what the pointer would.
   *
   * @param {KeyboardEvent} event
   * @param {Row} row
   */
  walk(event, row) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const { node } = row;
    if (event.key === "Escape") this.tip.hide();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const next = event.key === "ArrowDown" ? node.nextElementSibling : node.previousElementSibling;
      /** @type {HTMLElement | null} */ (next)?.focus();
    } else if (step) {
      event.preventDefault();
      const words = select(node, ".exb-word");
      const at = row.at ?? words.findIndex((word) => word.classList.contains("exb-match")) - step;
      row.at = Math.min(words.length - 1, Math.max(0, at + step));
      words.forEach((word, i) => word.toggleAttribute("data-at", i === row.at));
      this.point(words[row.at], row);
      this.said.textContent = this.tip.text();
    }
  }
}

/**
 * @param {number[] | null} attention
 * @param {number[]} candidates
 * @returns {(piece: number) => string | number} how strongly a piece is shaded
 */
function strengths(attention, candidates) {
  if (!attention) return () => 0;
  const most = largest(candidates.map((i) => attention[i])) || 1;
  return (piece) => (attention[piece] / most).toFixed(3);
}

/**
 * @param {string} field
 * @param {string} label
 */
function dot(field, label) {
  return OPEN_CLASS.has(field) ? null : el("span.exb-dot", { style: { background: colour(label) } });
}
