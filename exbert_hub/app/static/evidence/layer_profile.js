// All layers at once: a stacked bar for each, and the most frequent words. A click on a layer goes there.

/**
 * @import {
 *   AllLayers, AllLayersQuery, Answer, BarPart, BarRow, EvidenceServer, LayerNumber, State, Tooltip,
 * } from "../core/types.js"
 */
/** @import { Store } from "../core/store.js" */

import { CONSTANTS } from "../core/constants.js";
import { nameOfHeads } from "../core/ablation.js";
import { LatestQuestion, noticeBox, skeleton, staleNote } from "../core/answers.js";
import { el, fill, select } from "../core/dom.js";
import { CHANCE, nameOfField, nameOfLabel, percent, writeQ } from "../core/labels.js";
import { colour, textOn } from "../core/palette.js";
import { allLayersQuery } from "../core/requests.js";
import { same } from "../core/state.js";
import { arrange } from "../maths/stacked_bars.js";
import { dropdown } from "../widgets/choices.js";

const NAMED = 0.14; // share from which a part has room for its name
const STALE = "The query has changed since; press “All layers” again to renew.";

/** @typedef {{ query: AllLayersQuery, answer: Answer<AllLayers> }} Kept */

export class LayerProfile {
  /** @type {string[] | undefined} names of the labels of the index */
  labels;

  /**
   * @param {Store} store
   * @param {EvidenceServer | undefined} server
   * @param {{ go: (layer: LayerNumber) => void, tip: Tooltip }} on
   * @param {Kept | null} [kept] - an answer to begin with, as `keep()` returns it
   */
  constructor(store, server, on, kept = null) {
    this.store = store;
    this.server = server;
    this.on = on;
    this.node = el("section.exb-profile", { "aria-label": "All layers", hidden: true });
    this.field = store.values.profile;
    this.latest = new LatestQuestion();
    this.query = kept?.query ?? null;
    this.answer = kept?.answer ?? null;
    store.subscribe((values, changed) => this.changed(values, changed));
    this.draw();
  }

  /** @returns {Kept | null} for a saved page */
  keep() {
    const { query, answer } = this;
    return query && answer && { query, answer };
  }

  get open() {
    return Boolean(this.store.values.profile) && this.query !== null;
  }

  /**
   * @param {State} values
   * @param {(keyof State)[]} changed
   */
  changed(values, changed) {
    if (changed.includes("profile")) {
      const before = this.field;
      this.field = values.profile;
      if (before && values.profile && this.query) return this.ask(this.query); // another label; opening asks by itself
      this.draw();
    }
    this.mark();
  }

  /** @param {AllLayersQuery} query */
  async ask(query) {
    const field = this.store.values.profile;
    if (!same(query, this.query)) this.answer = null;
    this.query = query;
    this.node.setAttribute("data-busy", "");
    const asking = this.latest.ask([query, field], () => this.server?.profile({ query, field }));
    if (!this.answer) this.draw();
    const answer = await asking;
    if (answer === null) return; // another question was asked meanwhile
    this.answer = answer;
    this.node.removeAttribute("data-busy");
    this.draw();
  }

  // Which layer is shown, and whether the bars still belong to the query of the page.
  mark() {
    if (!this.open) return;
    for (const row of select(this.node, ".exb-profile-row")) {
      if (row.dataset.layer === String(this.store.values.layer)) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
    const stale = !same(allLayersQuery(this.store.values, this.store.heads), this.query);
    this.node.toggleAttribute("data-stale", stale);
  }

  draw() {
    this.node.hidden = !this.open;
    if (!this.open) return;
    const field = this.store.values.profile;
    const names = (this.labels ?? [field]).map((value) => ({ value, label: nameOfField(value) }));
    const set = (/** @type {string} */ profile) => this.store.set({ profile });
    const close = { type: "button", "aria-label": "Close all layers", onclick: () => set("") };
    const head = el(
      "header.exb-profile-head",
      {},
      el("h3", {}, "All layers", ...this.about()),
      el("span.exb-spring"),
      this.server ? dropdown("Label of all layers", names, field, set) : el("span.exb-hint", {}, nameOfField(field)),
      el("button.exb-text-button", close, "✕"),
    );
    fill(this.node, head, staleNote(STALE), ...this.content(field));
    this.mark();
  }

  // What was asked, in words.
  about() {
    const { answer, query } = this;
    if (!answer || answer.notice || !query) return [];
    const heads = query.heads.length ? `heads ${query.heads.join(", ")}` : "all heads";
    return [
      " for ",
      el("mark", { dir: "auto" }, answer.word),
      answer.masked ? " masked" : "",
      query.by === "heads" ? ` by ${heads}` : " by embedding",
      query.ablate.length ? `, without ${nameOfHeads(query.ablate)}` : "",
    ];
  }

  /** @param {string} field */
  content(field) {
    const { answer } = this;
    if (!answer) return [skeleton("Searching every layer", 6)];
    if (answer.notice) return [noticeBox(answer.notice)];
    const { labels, rows, corpus } = arrange(answer.layers);
    const base = el(
      "li.exb-profile-corpus",
      {},
      el("span.exb-profile-layer", {}, "all"),
      this.bar(field, corpus, false),
      el("span.exb-hint", {}, "base rate in the corpus"),
    );
    return [
      el("ol.exb-profile-rows", {}, ...rows.map((row) => el("li", {}, this.row(field, row))), base),
      legend(field, labels, [...rows.map(({ parts }) => parts), corpus]),
    ];
  }

  /**
   * @param {string} field
   * @param {BarRow} row
   */
  row(field, { layer, total, words, parts }) {
    const counts = words.map(({ word, count }) => `${word} ${count}`).join(", ");
    const said = parts.slice(0, 4).flatMap(({ label, share, significant }) => {
      if (label === null) return [];
      return [`${nameOfLabel(field, label)} ${percent(share)}${significant ? "" : ` (${CHANCE})`}`];
    });
    const attributes = {
      type: "button",
      "data-layer": layer,
      onclick: () => this.on.go(layer),
      "aria-label": `Layer ${layer}: ${said.join(", ")}; ${counts}`,
      title: `${counts}${total < CONSTANTS.query.k ? `\n${total} found` : ""}`,
    };
    const named = words.flatMap(({ word, count }, i) => {
      return [i ? " " : "", el("span", {}, word), el("sub", {}, String(count))];
    });
    return el(
      "button.exb-profile-row",
      attributes,
      el("span.exb-profile-layer", {}, String(layer)),
      this.bar(field, parts),
      el("span.exb-profile-words", { dir: "auto" }, ...named),
    );
  }

  /**
   * @param {string} field
   * @param {BarPart[]} parts
   * @param {boolean} [named] - whether names are written into the parts
   */
  bar(field, parts, named = true) {
    return el("span.exb-profile-bar", {}, ...parts.map((part) => this.part(field, part, named)));
  }

  /**
   * @param {string} field
   * @param {BarPart} part
   * @param {boolean} named
   */
  part(field, part, named) {
    const { label, share } = part;
    const chance = part.significant === false;
    const name = label === null ? "other" : nameOfLabel(field, label);
    /** @type {Record<string, string | number>} */
    const style = { "flex-grow": share };
    if (label !== null) style["--exb-colour"] = colour(label);
    if (label !== null && !chance) style.color = textOn(colour(label));
    const node = el(
      label === null ? "span.exb-profile-part.exb-rest" : "span.exb-profile-part",
      {
        "data-label": label,
        "data-chance": chance,
        style,
        onpointerenter: () => this.on.tip.show(node, ...describe(name, part)),
        onpointerleave: () => this.on.tip.hide(),
      },
      named && share >= NAMED ? el("span", { dir: "auto" }, name) : null,
    );
    return node;
  }
}

/**
 * @param {string} name
 * @param {BarPart} part
 * @returns {HTMLElement[]}
 */
function describe(name, { label, count, share, base_rate: base, lift, q, low, high, significant }) {
  const entry = (/** @type {string} */ term, /** @type {string} */ value) => [el("dt", {}, term), el("dd", {}, value)];
  const entries = [];
  if (count !== null) {
    const interval = low !== undefined && high !== undefined ? ` (${percent(low)} to ${percent(high)})` : "";
    entries.push(entry("count", String(count)), entry("share", `${percent(share)}${interval}`));
  }
  if (base !== null) entries.push(entry("base rate", percent(base)));
  if (count !== null && label !== null) {
    entries.push(entry("lift", lift === null ? "new" : `${lift.toFixed(1)}×`));
    entries.push(entry("q", `${writeQ(q ?? 1)}${significant === false ? `, ${CHANCE}` : ""}`));
  }
  return [el("strong", { dir: "auto" }, name), el("dl", {}, ...entries.flat())];
}

/**
 * @param {string} field
 * @param {string[]} labels
 * @param {BarPart[][]} bars
 */
function legend(field, labels, bars) {
  const parts = bars.flat();
  const named = labels.map((label) => {
    const dot = el("span.exb-dot", { style: { background: colour(label) } });
    return el("span", { dir: "auto" }, dot, nameOfLabel(field, label));
  });
  const hollow = () => el("span", {}, el("span.exb-dot.exb-hollow"), "not distinguishable from the base rate");
  return el(
    "p.exb-legend",
    {},
    ...named,
    parts.some(({ significant }) => significant === false) ? hollow() : null,
    parts.some(({ label }) => label === null) ? el("span", {}, el("span.exb-dot.exb-rest"), "other") : null,
  );
}
