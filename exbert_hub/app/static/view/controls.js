// The controls of the attention view: what can be chosen, and what is chosen.

/** @import { AttentionKind, Inspection, ModelInfo, MenuItem, SetState, State } from "../core/types.js" */

import { nameOfHeads, silencedAt } from "../core/ablation.js";
import { el, fill, setAttribute, setText, targetOf } from "../core/dom.js";
import { headsAt } from "../core/state.js";
import { segmented, toggle } from "../widgets/choices.js";
import { roving } from "../widgets/keyboard.js";
import { menuButton } from "../widgets/menu.js";
import { kindControl } from "./attention_kinds.js";

const WORDS_TITLE =
  "Show words instead of pieces: attention to a word is the sum over its pieces, from a word the mean";
const SHARE_LABEL = "Share of each piece's attention that is drawn, in percent";
const KINDS = {
  masked: "masked language model",
  causal: "causal language model",
  seq2seq: "encoder-decoder",
  encoder: "encoder",
};

/**
 * @typedef {{
 *   set: SetState,
 *   hoverHead: (head: number | null) => void,
 *   openStack: (stack: string) => void,
 *   groupByWord: (words: boolean) => void,
 *   choose: (kind: AttentionKind) => void,
 *   refuse: (reason: string) => void,
 *   silence: (heads: number[]) => void,
 * }} ControlEvents
 * hoverHead previews one head
 */

export class Controls {
  /**
   * @param {number[]} heads - per layer
   * @param {string[]} stacks
   * @param {ControlEvents} on
   */
  constructor(heads, stacks, on) {
    this.heads = heads;
    this.on = on;
    const nameOfStack = (/** @type {string} */ name) => (name === "cross" ? "cross-attention" : name);
    const stackOptions = stacks.map((value) => ({ value, label: nameOfStack(value) }));
    this.stack = segmented("Stack", stackOptions, null, on.openStack);
    this.layer = segmented("Layer", layerOptions(heads), null, (value) =>
      on.set({ layer: value === "emb" ? "emb" : Number(value) }),
    );
    this.kind = kindControl(on);
    this.row = el("div.exb-heads", { role: "group", "aria-label": "Heads" });
    const gridTitle = "A thumbnail of the attention of every layer and head";
    this.grid = toggle("All heads at once", gridTitle, (grid) => on.set({ grid }));
    const hideTitle = "Leave [CLS], [SEP] and the like out of the picture";
    this.special = toggle("Hide special tokens", hideTitle, (hide) => on.set({ hide }));
    this.words = toggle("Words", WORDS_TITLE, on.groupByWord);
    this.share = el("output.exb-output", {}, "");
    this.slider = el("input.exb-slider", {
      type: "range",
      min: 0,
      max: 100,
      step: 1,
      "aria-label": SHARE_LABEL,
      oninput: () => on.set({ top: Number(this.slider.value) }, "replace"),
    });
    this.mute = el("button.exb-text-button", { type: "button", onclick: () => on.silence(this.chosen()) });
    this.node = this.build(stacks);
    /** @type {HTMLElement[]} */
    this.chips = [];
    this.main = true; // whether the stack is the one that is searched
    this.whole = false; // whether what is shown is of all heads
    /** @type {{ heads: number[] | null, count: number }} */
    this.current = { heads: null, count: 0 };
  }

  /** @param {string[]} stacks */
  build(stacks) {
    const label = (/** @type {string} */ text) => el("span.exb-label", {}, text);
    const bulk = el(
      "div.exb-bulk",
      {},
      this.bulkButton("all", () => this.everything()),
      this.bulkButton("none", () => []),
      this.bulkButton("invert", () => this.everything().filter((head) => !this.chosen().includes(head))),
      this.mute,
    );
    const range = el("label.exb-range", {}, el("span", {}, "Top attention"), this.slider, this.share);
    const options = [this.kind.node, this.grid.node, this.special.node, this.words.node, range];
    return el(
      "div.exb-controls",
      {},
      stacks.length > 1 ? el("div.exb-control", {}, label("Stack"), this.stack.node) : null,
      el("div.exb-control", {}, label("Layer"), this.layer.node),
      el("div.exb-control", {}, label("Heads"), this.row, bulk),
      el("div.exb-control.exb-options", {}, label("Show"), ...options),
    );
  }

  /**
   * @param {string} name
   * @param {() => number[]} pick
   */
  bulkButton(name, pick) {
    const attributes = { type: "button", "data-bulk": name, onclick: () => this.choose(pick()) };
    return el("button.exb-text-button", attributes, name);
  }

  /** @returns {number[]} */
  everything() {
    return Array.from({ length: this.current.count }, (_, head) => head);
  }

  /** @returns {number[]} */
  chosen() {
    return this.current.heads ?? this.everything();
  }

  /** @param {number[]} list */
  choose(list) {
    this.on.set({ heads: list.length === this.current.count ? null : [...list].sort((a, b) => a - b) });
  }

  /** @param {number} head - that is switched on, or off */
  flip(head) {
    const chosen = this.chosen();
    this.choose(chosen.includes(head) ? chosen.filter((other) => other !== head) : [...chosen, head]);
  }

  /** @param {Inspection} shown - on the page */
  show(shown) {
    this.stack.select(shown.stack);
    this.kind.update(shown.mode, shown.modes);
    this.main = shown.stack === shown.main;
    this.whole = shown.mode === "rollout";
  }

  /** @param {State} values */
  update(values) {
    this.layer.select(values.layer === null ? null : String(values.layer));
    this.grid.set(values.grid);
    this.special.set(values.hide);
    this.words.set(values.words);
    if (Number(this.slider.value) !== values.top || !this.share.textContent) {
      this.slider.value = String(values.top);
      this.slider.style.setProperty("--exb-fill", `${values.top}%`);
      this.share.textContent = `${values.top}%`;
    }
    const none = !headsAt(this.heads, values.layer);
    const count = none ? Math.max(...this.heads) : headsAt(this.heads, values.layer);
    if (count !== this.current.count) this.makeChips(count);
    this.current = { heads: values.heads, count };
    const on = new Set(this.chosen());
    const muted = silencedAt(values.ablate, values.layer);
    this.updateMute(on, muted, none);
    this.chips.forEach((chip, head) => {
      chip.toggleAttribute("data-silenced", muted.includes(head));
      setAttribute(chip, "title", `Head ${head}${muted.includes(head) ? ", silenced" : ""}`);
      setAttribute(chip, "aria-pressed", String(on.has(head)));
      chip.toggleAttribute("data-idle", none || this.whole);
    });
  }

  /** @param {number} count */
  makeChips(count) {
    const { hoverHead } = this.on;
    this.chips = Array.from({ length: count }, (_, head) => {
      const attributes = {
        type: "button",
        "data-head": head,
        title: `Head ${head}`,
        onclick: () => this.flip(head),
        onpointerenter: () => hoverHead(head),
        onpointerleave: () => hoverHead(null),
        onfocus: (/** @type {FocusEvent} */ event) => {
          if (targetOf(event).matches(":focus-visible")) hoverHead(head);
        },
        onblur: () => hoverHead(null),
      };
      return el("button.exb-chip", attributes, String(head));
    });
    fill(this.row, ...this.chips);
    roving(this.row, this.chips);
  }

  /**
   * @param {Set<number>} on - the heads that are on
   * @param {number[]} muted
   * @param {boolean} none - whether the layer has no heads
   */
  updateMute(on, muted, none) {
    const again = on.size > 0 && [...on].every((head) => muted.includes(head));
    this.mute.disabled = none || !this.main || !on.size;
    setText(this.mute, again ? "unsilence" : "silence");
    const title = !this.main
      ? "Heads of the main stack can be silenced"
      : again
        ? "Hear the chosen heads of this layer again"
        : "Silence the chosen heads of this layer: set their contexts to zero";
    setAttribute(this.mute, "title", title);
  }
}

/**
 * @param {number[]} heads - per layer
 */
function layerOptions(heads) {
  const numbered = heads.map((count, layer) => ({
    value: String(layer),
    label: String(layer),
    gap: count === 0,
    title: count ? `Layer ${layer}, ${count} heads` : `Layer ${layer} has no attention`,
  }));
  return [{ value: "emb", label: "emb", title: "Input embeddings, before any attention" }, ...numbered];
}

/**
 * What the model is, and the menu of what can be taken away.
 *
 * @param {ModelInfo} model
 * @param {HTMLElement} silenced
 * @param {() => (MenuItem | null)[]} exports
 */
export function title({ name, kind, architecture, heads, size }, silenced, exports) {
  const shape = `${heads.length} layers × ${Math.max(...heads)} heads · width ${size}`;
  const hint = el("span.exb-hint", {}, `${architecture} · ${KINDS[kind]} · ${shape}`);
  return el(
    "header.exb-title",
    {},
    el("h2", { dir: "auto" }, name),
    silenced,
    hint,
    menuButton("Export", exports).node,
  );
}

/**
 * Beside the name of the model: what is silenced, and the way back.
 *
 * @param {() => void} undo
 */
export function silencedHeads(undo) {
  const what = el("span");
  const cross = el("span", { "aria-hidden": "true" }, " ✕");
  const node = el("button.exb-silenced", { type: "button", hidden: true, onclick: undo }, what, cross);
  return {
    node,
    /** @param {State["ablate"]} ablate */
    update(ablate) {
      const name = nameOfHeads(ablate);
      node.hidden = !ablate.length;
      what.textContent = `without ${name}`;
      node.title = "These heads are silenced: their contexts are zero. Click to hear them again";
      node.setAttribute("aria-label", `Without heads ${name}: hear them again`);
    },
  };
}
