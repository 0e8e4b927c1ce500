// A tour through the paper's cases: a link for each, and under the chosen one what to look at.

/** @import { IndexInfo, State } from "../core/types.js" */

import { el, fill, select } from "../core/dom.js";
import { DEFAULTS, toQuery } from "../core/state.js";
import { CASES } from "./cases.js";

const KEY = "exb-tour"; // in the storage of the browser

/** @typedef {(typeof CASES)[number]} Case */

/**
 * @param {Case} one
 * @returns {State}
 */
const stateOf = ({ state }) => ({ ...DEFAULTS, ...state });

function wasClosed() {
  try {
    return localStorage[KEY] === "closed";
  } catch {
    return false; // storage is forbidden here
  }
}

/** @param {boolean} open */
function remember(open) {
  try {
    localStorage[KEY] = open ? "open" : "closed";
  } catch {
    // storage is forbidden here
  }
}

export class Tour {
  /**
   * @param {HTMLElement} element
   * @param {(values: State) => void} follow - brings the page into a state
   * @param {() => void} changed - the tour is opened or closed
   */
  constructor(element, follow, changed) {
    this.element = element;
    this.follow = follow;
    this.changed = changed;
    this.here = false; // whether there is something to tour
    this.open = !wasClosed();
    /** @type {number | null} */
    this.chosen = null;
  }

  /**
   * Only the demo has the words that the tour talks about.
   *
   * @param {IndexInfo | null} index
   */
  shown(index) {
    this.here = Boolean(index?.demo);
    this.draw();
  }

  toggle() {
    this.show(!this.open);
  }

  /** @param {boolean} open */
  show(open) {
    this.open = open;
    remember(open);
    this.draw();
    if (open) select(this.element, "a")[0]?.focus();
  }

  /** @param {number} at */
  choose(at) {
    this.chosen = at;
    this.draw();
    select(this.element, "a")[at].focus();
    this.follow(stateOf(CASES[at]));
  }

  draw() {
    this.element.hidden = !(this.here && this.open);
    this.changed();
    const close = { type: "button", "aria-label": "Close the tour", onclick: () => this.show(false) };
    const header = el(
      "header",
      {},
      el("span.exb-label", {}, "The paper’s three cases"),
      el("nav", { "aria-label": "Cases" }, ...CASES.map((one, at) => this.link(one, at))),
      el("button.exb-text-button", close, "✕"),
    );
    const onkeydown = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") this.show(false);
    };
    const text = this.chosen === null ? null : textOf(CASES[this.chosen]);
    fill(this.element, el("section.exb-tour", { "aria-label": "Tour", onkeydown }, header, text));
  }

  /**
   * @param {Case} one
   * @param {number} at
   */
  link(one, at) {
    const onclick = (/** @type {MouseEvent} */ event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      this.choose(at);
    };
    const attributes = {
      href: `?${toQuery(stateOf(one))}`,
      "aria-current": this.chosen === at ? "step" : null,
      onclick,
    };
    return el("a.exb-tour-link", attributes, one.title);
  }
}

/** @param {Case} one */
function textOf({ title, section, sentences }) {
  const attributes = { "aria-live": "polite", "aria-label": `${title}, section ${section} of the paper` };
  return el("ol.exb-tour-text", attributes, ...sentences.map((sentence) => el("li", {}, sentence)));
}
