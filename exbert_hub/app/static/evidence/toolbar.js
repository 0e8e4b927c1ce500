// How the results are shown: the filter, the context cells, the shading.

/** @import { Filter, Results, State } from "../core/types.js" */

import { el, refill } from "../core/dom.js";
import { nameOfField, nameOfLabel } from "../core/labels.js";
import { MAX_SPAN } from "../core/state.js";
import { dropdown, segmented } from "../widgets/choices.js";

/** @type {{ value: State["direction"], label: string }[]} */
const DIRECTIONS = [
  { value: "out", label: "out of match" },
  { value: "in", label: "into match" },
];

/**
 * @param {HTMLElement} node
 * @param {Results} results
 * @param {{ values: State, filter: Filter | null, count: number }} shown - count: of the matches that pass the filter
 * @param {(patch: Partial<State>) => void} set
 */
export function toolbar(node, { labels, matches }, { values, filter, count }, set) {
  const { colour, span, direction } = values;
  const label = (/** @type {string} */ text) => el("span.exb-label", {}, text);
  const step = (/** @type {number} */ by, /** @type {string} */ name) => {
    const disabled = span + by < 0 || span + by > MAX_SPAN;
    const attributes = { type: "button", "aria-label": name, disabled, onclick: () => set({ span: span + by }) };
    return el("button.exb-step", attributes, by > 0 ? "+" : "−");
  };
  const options = labels.map((value) => ({ value, label: nameOfField(value) }));
  const colours = dropdown("Colour of the context cells", options, colour, (value) => set({ colour: value }));
  const context = [step(-1, "Show fewer neighbours"), step(1, "Show more neighbours"), colours];
  const stored = matches.some((match) => match.out);
  const onshade = (/** @type {State["direction"]} */ value) => set({ direction: value });
  const shade = stored ? segmented("Direction of the shading", DIRECTIONS, direction, onshade).node : null;
  refill(
    node,
    filter && filterButton(filter, count, () => set({ filter: "" })),
    el("span.exb-group", {}, label("Context"), ...context),
    shade && el("span.exb-group", {}, label("Shade by attention"), shade),
  );
}

/**
 * @param {Filter} filter
 * @param {number} count
 * @param {() => void} onclick
 */
function filterButton({ field, label }, count, onclick) {
  return el(
    "button.exb-filter",
    { type: "button", onclick, "aria-label": "Clear the filter" },
    `${count} with ${nameOfField(field)} ${nameOfLabel(field, label)}`,
    el("span", { "aria-hidden": "true" }, " ✕"),
  );
}
