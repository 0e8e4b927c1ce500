// Which head does what: a heat map of all heads by one measure, the best of them, and sentences that show it.

/** @import { Answer, Column, EvidenceServer, HeadMap, HeadScore, Scope, Tooltip } from "../core/types.js" */
/** @import { Store } from "../core/store.js" */

import { CONSTANTS } from "../core/constants.js";
import { LatestQuestion, noticeBox, skeleton } from "../core/answers.js";
import { el, fill, select, targetOf } from "../core/dom.js";
import { thousands } from "../core/labels.js";
import { dropdown } from "../widgets/choices.js";
import { fillHeadTable } from "../widgets/head_table.js";
import { walkTable } from "../widgets/keyboard.js";
import { Panel } from "./panel.js";
import {
  DIRECTIONS,
  describeColumn,
  describeScore,
  nameOfMeasure,
  nameOfValue,
  readColumn,
  writeColumn,
} from "./scores.js";
import { exampleItem } from "./sentences.js";

const DARK = 0.55; // share of the colour from which text on it is light

export class HeadFinder {
  /**
   * @param {Store} store
   * @param {EvidenceServer | undefined} server
   * @param {Tooltip} tip
   */
  constructor(store, server, tip) {
    this.store = store;
    this.server = server;
    this.tip = tip;
    this.node = el("section.exb-finder", { "aria-label": "Find a head", hidden: true });
    this.examples = el("div", { "aria-live": "polite" });
    this.example = new LatestQuestion();
    /** @type {HTMLElement[][]} */
    this.cells = [];
    /** @type {Panel<Column, HeadMap>} */
    this.panel = new Panel(server, this.node, {
      wanted: () => (store.values.finder ? readColumn(store.values.finder) : null),
      ask: (asked, question) => asked.heads(question),
      show: (answer) => this.show(answer),
    });
    store.subscribe((values, changed) => {
      if (changed.includes("finder")) this.panel.ask();
      else if (changed.includes("layer") || changed.includes("heads")) this.mark();
    });
  }

  /** @param {Scope | null} scope */
  follow(scope) {
    this.panel.follow(scope);
  }

  /** @param {Answer<HeadMap> | null} answer */
  show(answer) {
    const onclick = () => this.store.set({ finder: "" });
    const close = el("button.exb-text-button", { type: "button", "aria-label": "Close the heat map", onclick }, "✕");
    const title = el("h3", {}, "Which head does it?");
    const head = el("header.exb-profile-head", {}, title, el("span.exb-spring"), close);
    this.cells = [];
    fill(this.node, head, ...this.content(answer));
    this.mark();
  }

  /** @param {Answer<HeadMap> | null} answer */
  content(answer) {
    if (!answer) return [skeleton("Reading all heads", 5)];
    if (answer.notice) return [noticeBox(answer.notice)];
    const { columns, chosen, grid, best } = answer;
    fill(this.examples);
    const name = best.map((score) => el("li", {}, this.bestButton(score, chosen)));
    return [
      this.choices(columns, chosen),
      this.map(grid, chosen),
      legend(chosen),
      el("ol.exb-finder-best", { "aria-label": "The best heads" }, ...name),
      this.examples,
    ];
  }

  /**
   * @param {Column[]} columns
   * @param {Column} chosen
   */
  choices(columns, chosen) {
    const distinct = (/** @type {(column: Column) => string} */ part, /** @type {Column[]} */ among) => [
      ...new Set(among.map(part)),
    ];
    const ofMeasure = columns.filter(({ measure }) => measure === chosen.measure);
    const measures = distinct(({ measure }) => measure, columns);
    const directions = distinct(({ direction }) => direction, ofMeasure);
    const ofDirection = ofMeasure.filter(({ direction }) => direction === chosen.direction);
    const labels = distinct(({ label }) => label, ofDirection);
    const set = (/** @type {Partial<Column>} */ patch) => {
      this.store.set({ finder: writeColumn(nearestColumn(columns, chosen, patch)) });
    };
    const list = (/** @type {string[]} */ values, /** @type {(value: string) => string} */ name) =>
      values.map((value) => ({ value, label: name(value) }));
    const measureOptions = list(measures, nameOfMeasure);
    const directionOptions = list(directions, (value) => DIRECTIONS[value] ?? "any");
    const labelOptions = list(labels, (value) => nameOfValue(chosen.measure, value));
    return el(
      "div.exb-finder-choice",
      {},
      el("span.exb-label", {}, "Attention to"),
      dropdown("Measure", measureOptions, chosen.measure, (measure) => set({ measure })),
      directions.length > 1
        ? dropdown("Direction", directionOptions, chosen.direction, (direction) => set({ direction }))
        : null,
      labels.length > 1 ? dropdown("Label", labelOptions, chosen.label, (label) => set({ label })) : null,
    );
  }

  /**
   * @param {HeadScore} score
   * @param {Column} chosen
   */
  bestButton(score, chosen) {
    const attributes = {
      type: "button",
      "data-name": score.name,
      "data-chance": score.significant === false,
      onclick: () => this.use(score, chosen),
    };
    const said = el("span", {}, describeScore(score, chosen.measure));
    return el("button.exb-finder-head", attributes, el("strong", {}, score.name), said);
  }

  /**
   * @param {(HeadScore | null)[][]} grid
   * @param {Column} chosen
   */
  map(grid, chosen) {
    const scale = Math.max(1e-9, ...grid.flat().map((score) => score?.excess ?? 0));
    const onkeydown = (/** @type {KeyboardEvent} */ event) => walkTable(event, this.cells);
    const label = `Heads by ${describeColumn(chosen)}`;
    const table = el("div.exb-heat", { role: "grid", "aria-label": label, onkeydown });
    const layers = grid.map((layer) => {
      return layer.length ? layer.map((score) => score && this.cell(score, chosen, scale)) : "no attention";
    });
    this.cells = fillHeadTable(table, "div.exb-heat-row", layers);
    return table;
  }

  /**
   * @param {HeadScore} score
   * @param {Column} chosen
   * @param {number} scale - the excess that has the full colour
   */
  cell(score, chosen, scale) {
    const { name, value, excess, n, significant } = score;
    const said = describeScore(score, chosen.measure);
    const count = ` (n ${thousands(n)})`;
    const attributes = {
      type: "button",
      role: "gridcell",
      tabindex: -1,
      "data-name": name,
      "data-chance": significant === false,
      "aria-label": `Head ${name}: ${said}`,
      style: { "--exb-strength": Math.max(0, excess / scale).toFixed(3) },
      "data-dark": excess / scale > DARK,
      onclick: () => this.use(score, chosen),
      onpointerenter: (/** @type {Event} */ event) =>
        this.tip.show(targetOf(event), el("strong", {}, `head ${name}`), said, count),
      onpointerleave: () => this.tip.hide(),
    };
    const text = chosen.measure === "entropy" ? value.toFixed(1) : String(Math.round(100 * value));
    return el("button.exb-heat-cell", attributes, text);
  }

  // Which head is in use.
  mark() {
    if (!this.panel.open) return;
    const { layer, heads } = this.store.values;
    const name = heads?.length === 1 ? `${layer}-${heads[0]}` : null;
    for (const cell of select(this.node, ".exb-heat-cell")) {
      cell.setAttribute("aria-selected", String(cell.dataset.name === name));
    }
  }

  /**
   * @param {HeadScore} score
   * @param {Column} chosen
   */
  async use({ name, layer, head }, chosen) {
    this.store.set({ layer, heads: [head], by: "heads" });
    fill(this.examples, skeleton("Looking for sentences", 3));
    const question = { ...(this.panel.scope ?? { model: "", index: "" }), ...chosen, head: name };
    const answer = await this.example.ask(question, () => this.server?.head_examples(question));
    if (answer === null) return;
    const onclick = () => this.store.set({ head: name });
    const open = el("button.exb-text-button", { type: "button", onclick }, `All about head ${name}`);
    const title = el("h4", {}, `Head ${name} at its clearest: ${describeColumn(chosen)}`);
    fill(this.examples, el("header.exb-finder-said", {}, title, open), exampleList(answer));
  }
}

/**
 * @param {Answer<{ examples: import("../core/types.js").HeadExample[] }>} answer
 */
function exampleList(answer) {
  if (answer.notice) return noticeBox(answer.notice);
  const { examples } = answer;
  if (examples.length) return el("ol.exb-finder-examples", {}, ...examples.map(exampleItem));
  return el("p.exb-hint", {}, "In no sentence does it give the most attention to that.");
}

/**
 * @param {Column[]} columns - that there are
 * @param {Column} chosen
 * @param {Partial<Column>} patch
 * @returns {Column} of those that fit, the one most like the chosen one
 */
function nearestColumn(columns, chosen, patch) {
  const next = { ...chosen, ...patch };
  const fits = columns.filter(({ measure, direction }) => {
    return measure === next.measure && (!("direction" in patch) || direction === next.direction);
  });
  const same = fits.filter(({ label }) => label === next.label);
  return same.find(({ direction }) => direction === next.direction) ?? same[0] ?? fits[0];
}

/** @param {Column} chosen */
function legend({ measure }) {
  const above = measure === "entropy" ? "the sharper the darker; not tested" : "above the baseline";
  const hollow = `not distinguishable from the baseline (q ≥ ${CONSTANTS.level})`;
  return el(
    "p.exb-legend",
    {},
    el("span", {}, el("span.exb-heat-key"), above),
    el("span", {}, el("span.exb-heat-key.exb-hollow"), hollow),
  );
}
