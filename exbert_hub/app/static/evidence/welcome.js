// The evidence before the first search: what to do, how to get an index, or one that somebody shares.

/** @import { EvidenceMessage, IndexInfo, Offer } from "../core/types.js" */

import { CONSTANTS } from "../core/constants.js";
import { emptyState } from "../core/answers.js";
import { el } from "../core/dom.js";
import { thousands } from "../core/labels.js";

/**
 * @typedef {{ build: (() => void) | null, accept: () => void }} WelcomeEvents
 * build: opens what builds indexes, null where visitors may not; accept: the shared index is wanted
 */

/**
 * @param {EvidenceMessage} message
 * @param {WelcomeEvents} on
 * @returns {HTMLElement}
 */
export function welcome({ index, offer, how }, { build, accept }) {
  if (index) return firstSteps(index);
  return offer ? shared(offer, accept) : noIndex(how, build);
}

/** @param {IndexInfo} index */
function firstSteps({ pieces, corpus }) {
  const steps = [
    "Click a piece in the figure; double-click it to mask it.",
    "Choose a layer, and heads if you like.",
    "Search by embedding or by heads.",
  ];
  const nearest = `The ${CONSTANTS.query.k} nearest of ${thousands(pieces)} pieces of ${corpus} appear here`;
  return emptyState(
    "What has this layer learned?",
    el("ol", {}, ...steps.map((step) => el("li", {}, step))),
    el("p.exb-hint", {}, `${nearest}, with what their annotation has in common.`),
  );
}

/**
 * @param {EvidenceMessage["how"]} how
 * @param {(() => void) | null} build
 */
function noIndex(how, build) {
  const why =
    "The attention view works without one. To see which words of a corpus a layer or a head treats alike, " +
    "build an index once:";
  return emptyState(
    "No corpus index is open",
    el("p", {}, why),
    build && el("button.exb-primary", { type: "button", onclick: build }, "Build one here"),
    code(how?.cli ?? ""),
    el("p", {}, "or in Python:"),
    code(how?.python ?? ""),
    el("p.exb-hint", {}, "Any text file, folder, dataset or CoNLL-U treebank will do."),
  );
}

/**
 * A stranger's index is opened only when somebody asks for it.
 *
 * @param {Offer} offer
 * @param {() => void} accept
 */
function shared({ repo, corpus, pieces, bytes, others, model }, accept) {
  const size = `${thousands(pieces)} pieces, ${(bytes / 1e6).toFixed(0)} MB if you use every layer`;
  const about =
    ` in ${repo}: ${size}, of which only those you look at are downloaded. ` +
    "Its weights and tokenizer are those of your model.";
  const another = others.length
    ? `There are others: ${others.join(", ")}. Name one to take it:`
    : "To take another, name it:";
  return emptyState(
    "Somebody shares an index of this model",
    el("p", {}, el("strong", { dir: "auto" }, corpus), about),
    el("button.exb-primary", { type: "button", onclick: accept }, `Open ${repo}`),
    el("p.exb-hint", {}, another),
    code(`hf-exbert launch ${model} --index owner/name`),
  );
}

/** @param {string} text */
const code = (text) => el("pre.exb-code", {}, el("code", {}, text));
