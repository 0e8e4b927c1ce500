// Two views of the picked token side by side (masked, without heads, in another sentence, by another model), and what
// each layer would predict for it. The server compares; this draws.

/** @import { Answer, CompareRequest, EvidenceServer, Lens, Prediction, SideBySide, State } from "../core/types.js" */
/** @import { Store } from "../core/store.js" */

import { LatestQuestion, noticeBox, skeleton } from "../core/answers.js";
import { el, refill } from "../core/dom.js";
import { searchQuery } from "../core/requests.js";
import { segmented } from "../widgets/choices.js";
import { attentionDifference } from "./attention_difference.js";
import { guesses, sideBySide, table } from "./side_by_side.js";

/** @type {{ value: CompareRequest["kind"], label: string }[]} */
const KINDS = [
  { value: "mask", label: "masked" },
  { value: "heads", label: "silenced heads" },
  { value: "text", label: "another sentence" },
  { value: "model", label: "another model" },
  { value: "lens", label: "logit lens" },
];
const SAYS = {
  mask: "The token as it stands against the token masked.",
  heads: "With all heads against without the silenced ones.",
  text: "The same word in another sentence.",
  model: "Another model on the same sentence; its index must be of the same corpus.",
  lens: "What the model would predict if it ended at each layer.",
};
/** @type {Set<keyof State>} what a comparison does not depend on */
const ELSEWHERE = new Set(["hide", "top", "window", "colour", "span"]);

export class Compare {
  /**
   * @param {Store} store
   * @param {EvidenceServer | undefined} server
   */
  constructor(store, server) {
    this.store = store;
    this.server = server;
    this.latest = new LatestQuestion();
    /** @type {Answer<SideBySide | Lens> | null} */
    this.answer = null;
    this.node = el("section.exb-compare", { "aria-label": "Compare", hidden: true });
    store.subscribe((values, changed) => this.changed(changed));
    this.changed(["compare"]);
  }

  /** @returns {CompareRequest | null} null where there is nothing to ask yet */
  question() {
    const { compare: kind, against, profile, token, layer } = this.store.values;
    if (!kind || token === null || layer === null || !this.server) return null;
    if (["text", "model"].includes(kind) && !against) return null;
    const query = searchQuery(this.store.values, this.store.heads);
    // layers are compared all at once, and heads matter only where they are searched by
    const asked = query.by === "heads" ? query : { ...query, layer: /** @type {"emb"} */ ("emb"), heads: [] };
    return { kind, against, field: profile || "pos", query: asked };
  }

  /** @param {(keyof State)[]} names */
  async changed(names) {
    if (!this.store.values.compare && !names.includes("compare")) return;
    if (names.every((name) => ELSEWHERE.has(name))) return;
    const question = this.question();
    if (question && !this.latest.is(question)) {
      this.answer = null;
      const { kind, query } = question;
      const send = () => (kind === "lens" ? this.server?.lens({ query }) : this.server?.compare(question));
      const asking = this.latest.ask(question, send);
      this.draw();
      const answer = await asking;
      if (answer === null) return; // another question was asked meanwhile
      this.answer = answer;
    } else if (!question) {
      this.latest.forget();
      this.answer = null;
    }
    this.draw();
  }

  draw() {
    const { compare: kind, token } = this.store.values;
    this.node.hidden = !kind;
    if (!kind) return;
    const set = (/** @type {Partial<State>} */ patch) => this.store.set(patch);
    const close = { type: "button", "aria-label": "Close the comparison", onclick: () => set({ compare: "" }) };
    refill(
      this.node,
      el(
        "header.exb-profile-head",
        {},
        el("h3", {}, "Compare"),
        el("span.exb-spring"),
        el("button.exb-text-button", close, "✕"),
      ),
      segmented("Compare with", KINDS, kind, (value) => set({ compare: value, against: "" })).node,
      el("p.exb-hint", {}, SAYS[kind]),
      kind === "text" || kind === "model" ? this.box(kind === "text") : null,
      ...(token === null ? [el("p.exb-hint", {}, "Pick a piece in the figure first.")] : this.content()),
    );
  }

  /** @param {boolean} sentence - whether it is for a sentence, not for a model */
  box(sentence) {
    const box = el("input.exb-compare-box", {
      type: "text",
      value: this.store.values.against,
      dir: "auto",
      "aria-label": sentence ? "Other sentence" : "Other model",
      placeholder: sentence ? "Another sentence with this word" : "Another model: Hub id or folder",
      onchange: () => this.store.set({ against: box.value }),
    });
    return box;
  }

  content() {
    const { answer } = this;
    const { compare: kind, ablate, layer } = this.store.values;
    if (kind === "heads" && !ablate.length) {
      const how = "Silence some heads first: choose them above the figure, then press “silence”.";
      return [el("p.exb-hint", {}, how)];
    }
    if (!answer) return this.latest.key ? [skeleton("Comparing", 6)] : [];
    if (answer.notice) return [noticeBox(answer.notice)];
    if (!("profiles" in answer)) return kind === "lens" ? [lens(answer.layers, layer)] : [];
    if (kind === "lens" || !answer.sides) return [];
    const { attention, no_attention: why } = answer;
    const picture = attention ? attentionDifference(attention, this.store.values) : el("p.exb-hint", {}, why);
    return [...sideBySide(answer, answer.sides, kind === "model", layer), picture];
  }
}

/**
 * @param {Prediction[][]} layers
 * @param {State["layer"]} current
 */
function lens(layers, current) {
  const rows = layers.map((predictions, layer) => ({ layer, cells: [guesses(predictions)] }));
  return table(["layer", "predictions"], rows, current);
}
