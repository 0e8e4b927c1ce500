// Sentences that show what a head does, with some of their stretches as elements.

/** @import { HeadExample, HeadSentence, Span } from "../core/types.js" */

import { closest, el } from "../core/dom.js";

/** @typedef {{ span: Span, node: HTMLElement }} Stretch */

/**
 * @param {string} text
 * @param {Stretch[]} stretches - in order; those that overlap stay out
 * @returns {(string | HTMLElement)[]} text with its stretches as elements; spaces stay before them
 */
export function markedText(text, stretches) {
  const parts = [];
  let end = 0;
  for (const { span, node } of stretches) {
    const [start, stop] = span;
    if (start < end || stop <= start) continue;
    const piece = text.slice(start, stop);
    const lead = piece.length - piece.trimStart().length;
    node.append(piece.slice(lead));
    parts.push(text.slice(end, start + lead), node);
    end = stop;
  }
  return [...parts, text.slice(end)];
}

/**
 * @param {HeadExample} example
 * @returns {HTMLElement}
 */
export function exampleItem({ text, source, target, attention }) {
  /** @type {Stretch[]} */
  const stretches = [{ span: source, node: el("mark.exb-head-source", { title: "attends" }) }];
  if (target && String(target) !== String(source)) {
    stretches.push({ span: target, node: el("span.exb-head-target", { title: "is attended to" }) });
  }
  stretches.sort((a, b) => a.span[0] - b.span[0]);
  const score = el("span.exb-score", { title: "attention" }, attention.toFixed(2));
  return el("li", {}, score, el("p.exb-sentence", { dir: "auto" }, ...markedText(text, stretches)));
}

/**
 * A sentence in which each piece shows where it attends: when it is pointed at, or reached with the arrow keys.
 *
 * @param {HeadSentence} sentence
 * @returns {HTMLElement}
 */
export function headSentence({ text, strength, offsets, special, strongest, edges }) {
  const pieces = special.map((name, i) => {
    const attributes = { "data-piece": i };
    return name === null
      ? el("span.exb-head-piece", attributes)
      : el("span.exb-head-piece.exb-head-special", attributes, name);
  });
  const words = offsets.flatMap((span, i) => (special[i] === null ? [{ span, node: pieces[i] }] : []));
  const first = special.indexOf(null);
  const chips = (/** @type {boolean} */ before) =>
    pieces.filter((_, i) => special[i] !== null && i < first === before).flatMap((chip) => [chip, " "]);
  const line = el("p.exb-sentence", { dir: "auto" }, ...chips(true), ...markedText(text, words), " ", ...chips(false));

  const show = (/** @type {number} */ source) => {
    const own = new Map(edges.filter((edge) => edge.source === source).map(({ target, weight }) => [target, weight]));
    pieces.forEach((piece, i) => {
      piece.toggleAttribute("data-source", i === source);
      piece.style.setProperty("--exb-strength", String(own.get(i) ?? 0));
    });
  };
  let at = 0;
  const rest = () => {
    at = strongest?.source ?? 0;
    show(strongest ? at : -1);
  };
  line.addEventListener("pointerover", (event) => {
    const piece = closest(event, "[data-piece]");
    if (piece) show(Number(piece.dataset.piece));
  });
  line.addEventListener("pointerleave", rest);
  const onkeydown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    event.preventDefault();
    at = Math.min(pieces.length - 1, Math.max(0, at + (event.key === "ArrowRight" ? 1 : -1)));
    show(at);
  };
  rest();
  const score = el("span.exb-score", { title: "strongest link" }, strength.toFixed(2));
  return el("li.exb-head-sentence", { tabindex: 0, onblur: rest, onkeydown }, score, line);
}
