// Histograms of labels, as rows of plain buttons: a bar for the share, a tick for the base rate, and the figures.

/** @import { Bar, Filter, Of, Summary } from "../core/types.js" */

import { CONSTANTS } from "../core/constants.js";
import { el } from "../core/dom.js";
import { CHANCE, nameOfField, nameOfLabel, percent, writeLift, writeQ } from "../core/labels.js";
import { colour } from "../core/palette.js";
import { dropdown } from "../widgets/choices.js";

const FIRST = 8; // bars shown before "more"

/**
 * @typedef {{
 *   of: Of, title: string, fields: Record<string, Summary>, field: string, filter: Filter | null, expanded: boolean,
 *   onfield: (field: string) => void, onfilter: (filter: Filter | null) => void, onmore: () => void,
 * }} Histogram
 * title: what is counted; fields: by name of the label; field: the one to show
 */

/**
 * @param {Histogram} histogram
 * @returns {HTMLElement}
 */
export function histogram({ of, title, fields, field, filter, expanded, onfield, onfilter, onmore }) {
  const names = Object.keys(fields);
  const shown = names.includes(field) ? field : names[0];
  const { total, bars } = fields[shown];
  const scale = Math.max(
    ...bars.map(({ share, base_rate: base }) => Math.max(share, Math.min(base, share * 1.5))),
    0.01,
  );
  const byCount = [...bars].sort((a, b) => b.count - a.count); // offsets come in another order
  const likeliest = new Set(byCount.slice(0, FIRST));
  const visible = expanded ? bars : bars.filter((bar) => likeliest.has(bar));
  const row = (/** @type {Bar} */ bar) => {
    const { label } = bar;
    const pressed = filter !== null && filter.of === of && filter.field === shown && filter.label === label;
    return barButton(shown, bar, scale, pressed, () => onfilter(pressed ? null : { of, field: shown, label }));
  };
  const options = names.map((value) => ({ value, label: nameOfField(value) }));
  const choice = dropdown(`Label of the histogram: ${title}`, options, shown, onfield);
  const more = expanded ? "fewer" : `${bars.length - FIRST} more`;
  return el(
    "section.exb-histogram",
    { "data-of": of, "data-field": shown },
    el("header", {}, el("h3", {}, title), el("span.exb-spring"), choice),
    total ? columnNames() : el("p.exb-hint", {}, "None of the results has such a token."),
    ...visible.map(row),
    bars.length > FIRST ? el("button.exb-text-button.exb-more", { type: "button", onclick: onmore }, more) : null,
  );
}

function columnNames() {
  const names = ["", "", "n", "share", "base", "lift"].map((name) => el("span", {}, name));
  return el("div.exb-bar-head", { "aria-hidden": "true" }, ...names);
}

/**
 * @param {string} field
 * @param {Bar} bar
 * @param {number} scale - the share that fills the whole width
 * @param {boolean} pressed
 * @param {() => void} onclick
 */
function barButton(field, bar, scale, pressed, onclick) {
  const { label, count, share, base_rate: base, lift, significant } = bar;
  const name = nameOfLabel(field, label);
  const attributes = {
    type: "button",
    "data-label": label,
    "data-chance": !significant,
    "aria-pressed": String(pressed),
    onclick,
    title: describe(name, bar),
    style: {
      "--exb-share": share / scale,
      "--exb-base": Math.min(1, base / scale),
      "--exb-colour": field === "offset" ? "var(--exb-accent)" : colour(label),
    },
  };
  return el(
    "button.exb-bar",
    attributes,
    el("span.exb-bar-label", { dir: "auto" }, name),
    el("span.exb-bar-track", { "aria-hidden": "true" }, el("span.exb-bar-fill"), el("span.exb-bar-base")),
    el("span.exb-bar-count", {}, String(count)),
    el("span.exb-bar-share", {}, percent(share)),
    el("span.exb-bar-base-rate", {}, percent(base)),
    el("span.exb-bar-lift", {}, writeLift(lift)),
    significant ? null : el("span.exb-unseen", {}, CHANCE),
  );
}

/**
 * @param {string} name
 * @param {Bar} bar
 * @returns {string}
 */
function describe(name, { count, share, base_rate: base, lift, q, low, high, significant }) {
  const interval = low < high ? ` (95% interval ${percent(low)} to ${percent(high)})` : "";
  const verdict = significant ? "differs from the base rate" : `${CHANCE}: not distinguishable from the base rate`;
  return [
    `${name}: ${count}, ${percent(share)} of the results${interval}`,
    `base rate ${percent(base)}, lift ${writeLift(lift)}`,
    `${verdict} (q ${writeQ(q)})`,
  ].join("\n");
}

/** @returns {HTMLElement} what the parts of a histogram mean */
export function legend() {
  const entry = (/** @type {(string | Node)[]} */ ...content) => el("span", {}, ...content);
  return el(
    "p.exb-legend",
    {},
    entry(el("span.exb-key-bar"), "share of the results"),
    entry(el("span.exb-key-bar.exb-hollow"), `not distinguishable from the base rate (q ≥ ${CONSTANTS.level})`),
    entry(el("span.exb-key-tick"), "base rate in the corpus"),
    entry(el("span.exb-number", {}, "2×"), "lift, share over base rate"),
    entry("Click a bar to filter"),
  );
}
