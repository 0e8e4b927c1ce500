// What there is to say about one head.

/** @import { DistanceBin, HeadBucket, HeadPattern, HeadReport, TopLabel } from "../core/types.js" */

import { el } from "../core/dom.js";
import { nameOfField, nameOfLabel, percent, thousands } from "../core/labels.js";
import { colour } from "../core/palette.js";
import { describeColumn, describeScore } from "./scores.js";
import { headSentence } from "./sentences.js";

const FIRST = 12; // measures shown before "more"
const TOP = 8; // labels of each list
/** @type {{ name: keyof HeadPattern & string, label: string, write: (value: number) => string }[]} */
const SCORES = [
  { name: "self_attention", label: "to itself", write: percent },
  { name: "previous", label: "to the previous piece", write: percent },
  { name: "entropy", label: "entropy", write: (value) => `${value.toFixed(2)} nats` },
  { name: "distance", label: "mean distance", write: (value) => value.toFixed(1) },
  { name: "distance_variance", label: "variance of it", write: (value) => value.toFixed(1) },
];
const FIELDS = ["piece", "pos", "dep"];
/** @type {{ side: "queries" | "keys", title: string }[]} */
const SIDES = [
  { side: "queries", title: "Attends from (query)" },
  { side: "keys", title: "Attends to (key)" },
];
const SHARES =
  "Shares of the attention between words, special tokens left out; lift: against the share of all pieces. Not tested.";
const BUCKETS =
  "By the largest attention between two words, whatever they are. Point at a piece, or use the arrow keys, to see " +
  "where it attends.";

/**
 * @param {HeadReport} head
 * @returns {HTMLElement[]}
 */
export function report(head) {
  const buckets = head.buckets.map((bucket, i) => bucketSection(bucket, i, head.buckets.length));
  return [
    scores(head),
    el("p.exb-hint", {}, provenance(head)),
    section("How far it looks", distances(head.distances)),
    section("What it attends from and to", topLabels(head), SHARES),
    section("What the head finder measured", measures(head.scores)),
    section("Sentences from weak to strong", el("div", {}, ...buckets), BUCKETS),
  ];
}

/** @param {HeadReport} head */
function scores({ pattern, induction, no_induction: why }) {
  const score = (/** @type {string} */ name, /** @type {string} */ label, /** @type {string} */ value, title = "") => {
    const attributes = { "data-score": name, title: title || null };
    return el("div", attributes, el("dt", {}, label), el("dd", {}, value));
  };
  const written = induction === null ? "–" : percent(induction);
  return el(
    "dl.exb-head-scores",
    {},
    ...SCORES.map(({ name, label, write }) => score(name, label, write(pattern[name]))),
    score("induction", "induction", written, why || "on random sequences that are repeated"),
  );
}

/**
 * @param {HeadReport} head
 * @returns {string}
 */
function provenance({ sentences_read: read, sentences, no_induction: why }) {
  const all = read === sentences;
  const which = all
    ? `all ${thousands(sentences)} sentences`
    : `an even sample of ${thousands(read)} of ${thousands(sentences)} sentences`;
  return (
    `From the stored attention of ${which}; special tokens count in these figures. Induction: on random sequences ` +
    `that are repeated, attention to what came next the first time${why ? ` (${why})` : ""}.`
  );
}

/**
 * @param {string} title
 * @param {HTMLElement} node
 * @param {string} [hint]
 */
function section(title, node, hint) {
  const head = [el("h4", {}, title), hint ? el("p.exb-hint", {}, hint) : null];
  return el("section.exb-head-part", { "aria-label": title }, ...head, node);
}

/** @param {DistanceBin[]} bins */
function distances(bins) {
  const most = Math.max(...bins.map(({ before, behind }) => before + behind), 1e-9);
  const width = (/** @type {number} */ share) => ({ width: `${(100 * share) / most}%` });
  const rows = bins.map(({ low, high, before, behind }) => {
    const name = low === 0 ? "itself" : low === high ? String(low) : `${low}–${high}`;
    const where = low ? `, ${percent(behind)} to pieces behind` : " (itself)";
    return el(
      "li",
      { title: `${percent(before)} to pieces before${where}` },
      el("span.exb-head-label", {}, name),
      el(
        "span.exb-head-track",
        {},
        el("span.exb-head-bar", { style: width(before) }),
        el("span.exb-head-bar.exb-behind", { style: width(behind) }),
      ),
      el("span.exb-number", {}, percent(before + behind)),
    );
  });
  const legend = [
    el("span", {}, el("span.exb-heat-key.exb-full"), "to pieces before, or itself"),
    el("span", {}, el("span.exb-heat-key.exb-behind"), "to pieces behind"),
  ];
  return el("div", {}, el("ol.exb-head-bars", {}, ...rows), el("p.exb-legend", {}, ...legend));
}

/** @param {HeadReport} head */
function topLabels(head) {
  const lists = FIELDS.flatMap((field) =>
    SIDES.map(({ side, title }) => {
      const name = el("h5", {}, `${title}: ${nameOfField(field)}`);
      return el("div", { "data-side": side, "data-field": field }, name, labelBars(field, head[side][field]));
    }),
  );
  return el("div.exb-head-tops", {}, ...lists);
}

/**
 * @param {string} field
 * @param {TopLabel[]} tops
 */
function labelBars(field, tops) {
  const most = Math.max(...tops.map(({ share }) => share), 1e-9);
  const rows = tops.slice(0, TOP).map(({ label, share, base_rate: base, lift }) => {
    /** @type {Record<string, string>} */
    const style = { width: `${(100 * share) / most}%` };
    if (field !== "piece") style.background = colour(label);
    return el(
      "li",
      { title: `${percent(share)} of the attention, ${percent(base)} of the pieces` },
      el("span.exb-head-label", { dir: "auto" }, field === "piece" ? label : nameOfLabel(field, label)),
      el("span.exb-head-track", {}, el("span.exb-head-bar", { style })),
      el("span.exb-number", {}, `${percent(share)} · ${lift.toFixed(1)}×`),
    );
  });
  return el("ol.exb-head-bars", {}, ...rows);
}

/** @param {HeadReport["scores"]} all */
function measures(all) {
  const rows = (/** @type {HeadReport["scores"]} */ shown) =>
    shown.map((score) => {
      const name = el("th", { scope: "row" }, describeColumn(score));
      const said = el("td", {}, describeScore(score, score.measure));
      return el("tr", { "data-chance": score.significant === false }, name, said);
    });
  const body = el("tbody", {}, ...rows(all.slice(0, FIRST)));
  const onclick = () => {
    body.append(...rows(all.slice(FIRST)));
    more.remove();
  };
  const more = el("button.exb-text-button", { type: "button", onclick }, `${all.length - FIRST} more`);
  return el("div", {}, el("table.exb-head-measures", {}, body), all.length > FIRST ? more : null);
}

/**
 * @param {HeadBucket} bucket
 * @param {number} at
 * @param {number} all
 */
function bucketSection({ low, high, count, sentences }, at, all) {
  const range = ` strongest link ${low.toFixed(2)} to ${high.toFixed(2)}, ${thousands(count)} sentences`;
  return el(
    "section.exb-head-bucket",
    { "aria-label": `Part ${at + 1} of ${all}` },
    el("h5", {}, `${at + 1} of ${all}`, el("span.exb-hint", {}, range)),
    el("ol.exb-finder-examples", {}, ...sentences.map(headSentence)),
  );
}
