// One side of the figure: its pieces or words, as a list that the pointer and the keyboard can use.

/** @import { Place, Scene, Side, Unit } from "../core/types.js" */

import { closest, el, fill, focusWithin, setAttribute, setStyle } from "../core/dom.js";
import { roving } from "../widgets/keyboard.js";

/**
 * @typedef {{
 *   hover: (place: Place | null) => void,
 *   pick: (side: Side, token: number) => void,
 *   mask: (side: Side, token: number) => void,
 *   search: (side: Side, token: number) => void,
 *   page: (direction: 1 | -1) => void,
 *   leave: (side: Side, token: number, direction: 1 | -1) => void,
 * }} PieceEvents
 * page: one window further; leave: the arrow keys went past the last row
 */

export class PieceColumn {
  /**
   * @param {Side} side
   * @param {PieceEvents} on
   */
  constructor(side, on) {
    this.side = side;
    this.on = on;
    const label = side === "from" ? "Pieces that attend" : "Pieces attended to";
    this.node = el(`div.exb-pieces.exb-${side}`, { role: "listbox", "aria-label": label });
    /** @type {{ tokens: Unit[], shown: number[], key: string } | null} what the rows were made of */
    this.given = null;
    /** @type {{ node: HTMLElement, token: number, look: string }[]} */
    this.rows = [];
    /** @type {number | null} the token that gets the focus when it is there */
    this.wanted = null;
    this.listen();
  }

  listen() {
    const { side, on, node } = this;
    /**
     * @template {keyof HTMLElementEventMap} Name
     * @param {Name} name
     * @param {(token: number, event: HTMLElementEventMap[Name], row: HTMLElement) => void} handle
     */
    const onRow = (name, handle) =>
      node.addEventListener(name, (event) => {
        const row = closest(event, "[data-token]");
        if (row) handle(Number(row.dataset.token), event, row);
      });
    onRow("pointerover", (token, event) => {
      if (event.pointerType !== "touch") on.hover({ side, token });
    });
    node.addEventListener("pointerleave", () => on.hover(null));
    onRow("focusin", (token, event, row) => {
      if (row.matches(":focus-visible")) on.hover({ side, token });
    });
    node.addEventListener("focusout", () => on.hover(null));
    // The second click of a double click is no click of its own: it belongs to the mask.
    onRow("click", (token, event) => {
      if (event.detail < 2) on.pick(side, token);
    });
    onRow("dblclick", (token, event) => {
      event.preventDefault();
      on.mask(side, token);
    });
    onRow("keydown", (token, event, row) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.key(event.key, token, row)) event.preventDefault();
    });
  }

  /**
   * @param {string} key
   * @param {number} token
   * @param {HTMLElement} row
   * @returns {boolean} whether the key means something here
   */
  key(key, token, row) {
    const { side, on } = this;
    if (key === " ") on.pick(side, token);
    else if (key === "Enter") on.search(side, token);
    else if (key === "m" || key === "M") on.mask(side, token);
    else if (key === "ArrowDown" && !row.nextElementSibling) on.leave(side, token, 1);
    else if (key === "ArrowUp" && !row.previousElementSibling) on.leave(side, token, -1);
    else if (key === "PageDown" || key === "PageUp") on.page(key === "PageDown" ? 1 : -1);
    else return false;
    return true;
  }

  /**
   * Makes the rows anew where they are others.
   *
   * @param {Unit[]} tokens
   * @param {number[]} shown
   * @param {Map<number, string>} marks - from a token to the letter of the text that begins there
   */
  set(tokens, shown, marks) {
    const last = this.given;
    if (last?.tokens === tokens && last.shown === shown) return;
    const key = JSON.stringify([shown.map((i) => tokens[i]), shown, ...marks]);
    this.given = { tokens, shown, key };
    if (last?.key === key) return;
    const focused = focusWithin(this.node);
    const asked = this.wanted !== null && shown.includes(this.wanted);
    const wanted = asked ? this.wanted : focused && Number(focused.dataset.token);
    const items = shown.map((i) => {
      const attributes = {
        role: "option",
        "data-token": i,
        "data-special": tokens[i].special,
        "data-masked": tokens[i].masked,
        "data-starts": marks.get(i),
        dir: "auto",
        "aria-selected": "false",
      };
      return el("div.exb-piece", attributes, tokens[i].text);
    });
    fill(this.node, ...items);
    this.rows = items.map((node, i) => ({ node, token: shown[i], look: "" }));
    const first = shown.findIndex((i) => wanted !== null && i >= wanted);
    const at = Math.max(0, first);
    roving(this.node, items, at);
    if (wanted !== null) items[at]?.focus();
    if (asked) this.wanted = null;
  }

  /** @param {Scene} scene */
  paint({ focus, pinned, shade, causal }) {
    const { side } = this;
    const shaded = focus !== null && focus.side !== side ? shade : null;
    for (const row of this.rows) {
      const { node, token } = row;
      const picked = pinned !== null && pinned.side === side && pinned.token === token;
      const here = focus !== null && focus.side === side && focus.token === token;
      const later = causal && focus !== null && isLater(side, token, focus);
      const next = causal && focus !== null && token === focus.token + 1;
      const strength = (shaded ? shaded.values[token] / (shaded.max || 1) : 0).toFixed(3);
      const look = `${picked} ${here} ${later} ${next} ${strength}`;
      if (row.look === look) continue;
      row.look = look;
      setAttribute(node, "aria-selected", String(picked));
      node.toggleAttribute("data-focus", here);
      node.toggleAttribute("data-later", later);
      node.toggleAttribute("data-next", next);
      setStyle(node, "--exb-strength", strength);
    }
  }
}

/**
 * A causal model never sees what comes later; what it is asked to predict is the piece after the one in focus.
 *
 * @param {Side} side
 * @param {number} token
 * @param {Place} focus
 * @returns {boolean}
 */
function isLater(side, token, focus) {
  return side === "to" || focus.side === "from" ? token > focus.token : token < focus.token;
}
