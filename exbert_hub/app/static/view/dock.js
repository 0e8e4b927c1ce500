// Below the figure: the token in question, what the model would put there, and the search.

/** @import { Described, Prediction, Readiness, SearchBy, SetState, State } from "../core/types.js" */

import { el, fill, setAttribute, setText } from "../core/dom.js";
import { percent } from "../core/labels.js";
import { segmented, toggle } from "../widgets/choices.js";

const HINT = [
  "Hover a piece to see its attention and what the model predicts. Click to pick it; double-click or press ",
  " to mask it.",
];
const COMPARE_TITLE = "Masked against unmasked, with and without heads, two sentences, two models; and the logit lens";

/** @type {{ value: SearchBy, label: string }[]} */
const BY = [
  { value: "embedding", label: "embedding" },
  { value: "heads", label: "heads" },
];

export class Dock {
  /**
   * @param {SetState} set
   * @param {{ search: () => void, searchAll: () => void }} on
   */
  constructor(set, { search, searchAll }) {
    this.token = el("div.exb-token");
    this.predictions = el("div.exb-predictions");
    this.by = segmented("Search by", BY, null, (by) => set({ by }));
    this.scope = el("span.exb-scope");
    this.button = el("button.exb-primary", { type: "button", onclick: search }, "Search corpus");
    this.all = el("button.exb-secondary", { type: "button", onclick: searchAll }, "All layers");
    this.instant = toggle("on click", "Search at once when a token is clicked", (click) => set({ click }));
    const compare = { type: "button", title: COMPARE_TITLE, onclick: () => set({ compare: "mask" }) };
    this.focused = el(
      "div.exb-dock-row.exb-focus",
      { "aria-live": "polite" },
      this.token,
      el("button.exb-text-button.exb-beside", compare, "Compare"),
      this.predictions,
    );
    const row = el(
      "div.exb-dock-row.exb-search",
      {},
      el("span.exb-label", {}, "Search by"),
      this.by.node,
      this.scope,
      el("span.exb-spring"),
      this.instant.node,
      this.all,
      this.button,
    );
    this.node = el("div.exb-dock", {}, this.focused, row);
    this.said = "";
  }

  /** @param {Described | null} focus */
  show(focus) {
    const key = JSON.stringify(focus);
    if (key === this.said) return;
    this.said = key;
    if (!focus) {
      fill(this.token, el("span.exb-hint", {}, HINT[0], el("kbd", {}, "M"), HINT[1]));
      fill(this.predictions);
      return;
    }
    const { text, note, predictions, before } = focus;
    fill(this.token, el("span.exb-token-name", { dir: "auto" }, text), el("span.exb-hint", {}, note));
    const lines = [];
    if (before) lines.push(predictionLine("with all heads", before));
    if (predictions) lines.push(predictionLine(before ? "without these" : null, predictions));
    fill(this.predictions, ...lines);
  }

  /**
   * @param {State} values
   * @param {Readiness} ready
   * @param {Readiness} readyForAll
   */
  update(values, ready, readyForAll) {
    this.focused.toggleAttribute("data-two", values.ablate.length > 0);
    this.all.disabled = !readyForAll.can;
    setAttribute(this.all, "title", readyForAll.why || "What the nearest tokens have in common at every layer");
    this.by.select(values.by);
    this.instant.set(values.click);
    this.button.disabled = !ready.can;
    setAttribute(this.button, "title", ready.why);
    setText(this.scope, ready.scope);
    this.node.toggleAttribute("data-no-index", !ready.index);
  }
}

/**
 * @param {string | null} name - what the predictions belong to, where there are several lines of them
 * @param {Prediction[]} candidates
 */
function predictionLine(name, candidates) {
  const top = candidates[0]?.probability || 1;
  const predictions = candidates.map(({ text, probability }) =>
    el(
      "span.exb-prediction",
      { style: { "--exb-share": probability / top } },
      el("span.exb-prediction-text", { dir: "auto" }, text),
      el("span.exb-number", {}, percent(probability)),
    ),
  );
  return el("div.exb-prediction-line", {}, name ? el("span.exb-label", {}, name) : null, ...predictions);
}
