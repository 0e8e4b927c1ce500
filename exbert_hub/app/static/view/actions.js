// What the user does in the figure and its controls, as changes of the state.

/** @import { Place, Side, State } from "../core/types.js" */
/** @import { FigureEvents } from "../figure/figure.js" */
/** @import { View } from "./view.js" */

import { toggleHeads } from "../core/ablation.js";
import { el } from "../core/dom.js";
import { same } from "../core/state.js";

const CLICK_MS = 240; // how long a click waits for its second half before it may start a search

/** @implements {FigureEvents} */
export class Actions {
  /** @param {View} view */
  constructor(view) {
    this.view = view;
    /** @type {Place | null} the row that is pointed at */
    this.pointed = null;
    /** @type {number | null} */
    this.pointedHead = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.clickTimer = undefined;
  }

  /** @param {Place | null} place */
  hover(place) {
    if (same(place, this.pointed)) return;
    this.pointed = place;
    this.view.render();
  }

  /**
   * @param {number | null} head
   * @param {Element} [canvas]
   */
  hoverHead(head, canvas) {
    const { shown, store, tip } = this.view;
    if (shown?.mode === "rollout") return;
    const { layer } = store.values;
    if (head !== null && canvas) tip.show(canvas, el("span", {}, `head ${layer}-${head}`));
    else tip.hide();
    const pointed = layer === "emb" ? null : head;
    if (pointed === this.pointedHead) return;
    this.pointedHead = pointed;
    this.view.render();
  }

  /** @param {number} head */
  toggleHead(head) {
    if (this.view.shown?.mode !== "rollout") this.view.controls.flip(head);
  }

  /**
   * @param {Side} side
   * @param {number} unit
   */
  pick(side, unit) {
    const { store, searches } = this.view;
    const { values } = store;
    const { start: token } = this.unit(side, unit);
    const release = values.token === token && values.side === side;
    store.set(release ? { token: null } : { token, side });
    clearTimeout(this.clickTimer);
    if (!release && values.click) this.clickTimer = setTimeout(() => searches.search(), CLICK_MS);
  }

  /**
   * A masked token is also the picked one: the next thing to do with it is to search. A word is masked as a whole.
   *
   * @param {Side} side
   * @param {number} unit
   */
  mask(side, unit) {
    clearTimeout(this.clickTimer);
    const { start, end } = this.unit(side, unit);
    const { mask } = this.view.store.values;
    const others = mask.filter((token) => token < start || token >= end);
    const masked = others.length < mask.length;
    const own = masked ? [] : Array.from({ length: end - start }, (_, i) => start + i);
    this.view.ask({ mask: [...others, ...own].sort((a, b) => a - b), token: start, side });
  }

  /**
   * @param {Side} side
   * @param {number} unit
   */
  search(side, unit) {
    this.view.store.set({ side, token: this.unit(side, unit).start });
    this.view.searches.search();
  }

  /**
   * One window further, on both sides.
   *
   * @param {1 | -1} direction
   */
  page(direction) {
    const { store, scenes } = this.view;
    const { values } = store;
    const { start, shown } = scenes.frame(values);
    const moved = (/** @type {Side} */ side) =>
      scenes.windowAt(values, side, start[side] + direction * shown[side].length);
    const [from, to] = [moved("from"), moved("to")];
    store.set({ window: from.map((_, i) => (i ? to : from)[i]) });
  }

  /**
   * The arrow keys go on past the border of the window, which follows by a quarter.
   *
   * @param {Side} side
   * @param {number} unit
   * @param {1 | -1} direction
   */
  leave(side, unit, direction) {
    const { store, scenes, figure } = this.view;
    const { all, start, shown } = scenes.frame(store.values);
    const next = all[side][all[side].indexOf(unit) + direction];
    if (next === undefined) return;
    figure.focusNext({ side, token: next });
    this.moveWindow(side, start[side] + direction * Math.ceil(shown[side].length / 4));
  }

  again() {
    this.view.layers.retry(Number(this.view.store.values.layer));
  }

  /**
   * @param {Side} side
   * @param {number} ordinal
   */
  moveWindow(side, ordinal) {
    const { store, scenes } = this.view;
    store.set({ window: scenes.windowAt(store.values, side, ordinal) }, "replace");
  }

  /**
   * @param {number} layer
   * @param {number} head - that is shown alone
   */
  openHead(layer, head) {
    const heads = this.view.shown?.mode === "rollout" ? {} : { heads: [head] };
    this.view.store.set({ layer, ...heads, grid: false });
  }

  /** @param {string} name - of a stack */
  openStack(name) {
    const stack = /** @type {State["stack"]} */ (name === this.view.shown?.main ? "" : name);
    this.view.ask({ stack, mask: [], token: null, window: [] });
  }

  /** @param {number[]} heads - of the layer on the page, that are silenced or heard again */
  silence(heads) {
    const { ablate, layer } = this.view.store.values;
    if (typeof layer === "number") this.view.ask({ ablate: toggleHeads(ablate, layer, heads) });
  }

  /**
   * @param {Side} side
   * @param {number} unit
   */
  unit(side, unit) {
    return this.view.scenes.units(this.view.store.values)[side][unit];
  }
}
