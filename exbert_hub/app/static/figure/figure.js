// The figure: head matrix | pieces | curves | pieces | head matrix. It draws what it is told and reports what the
// pointer and the keyboard do; it knows neither the store nor the server.

/** @import { Overlay, Place, Scene, Side } from "../core/types.js" */
/** @import { PieceEvents } from "./piece_column.js" */

import { overlayCard } from "../core/answers.js";
import { el, fill, setStyle, setText } from "../core/dom.js";
import { thousands } from "../core/labels.js";
import { places } from "../maths/attention.js";
import { drawHeadMatrix, drawLinks } from "./canvas.js";
import { PieceColumn } from "./piece_column.js";

const AROUND = 100; // px that are drawn beyond what is in sight
const CALM_MS = 120; // without a change before the rest is drawn
const HAIRLINE = 1; // px, of the links of small rows
/** @type {Side[]} */
const SIDES = ["from", "to"];

/**
 * @typedef {PieceEvents & {
 *   hoverHead: (head: number | null, canvas?: Element) => void,
 *   toggleHead: (head: number) => void,
 *   again: () => void,
 * }} FigureEvents
 * again: what failed is to be tried again
 */
/** @typedef {Parameters<typeof drawLinks>[2]} Geometry */

export class Figure {
  /** @param {FigureEvents} on */
  constructor(on) {
    this.on = on;
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.links = el("div.exb-links", {}, this.canvas);
    this.wide = { figure: 0, links: 0 }; // px; measured when the browser lays out, never while we draw
    this.borders = { before: this.border("before", -1), after: this.border("after", 1) };
    this.overlay = el("div.exb-veil", { hidden: true });
    this.columns = { from: new PieceColumn("from", on), to: new PieceColumn("to", on) };
    this.matrices = { from: this.matrix("from"), to: this.matrix("to") };
    this.node = el(
      "div.exb-figure",
      {},
      el("div.exb-caption.exb-caption-from", {}, "from"),
      el("div.exb-caption.exb-caption-to", {}, "to"),
      this.borders.before,
      this.matrices.from,
      this.columns.from.node,
      this.links,
      this.columns.to.node,
      this.matrices.to,
      this.borders.after,
      this.overlay,
    );
    /** @type {Scene | null} */
    this.scene = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.later = undefined;
    const resized = new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries) {
        this.wide[target === this.node ? "figure" : "links"] = Math.round(contentRect.width);
      }
      if (this.scene) this.paint(this.scene);
    });
    for (const node of [this.node, this.links]) resized.observe(node);
  }

  /**
   * What lies beyond the window, and the way there.
   *
   * @param {"before" | "after"} where
   * @param {1 | -1} direction
   */
  border(where, direction) {
    const onclick = () => this.on.page(direction);
    return el("button.exb-border", { type: "button", hidden: true, "data-where": where, onclick });
  }

  /**
   * The piece to focus once it is in the window.
   *
   * @param {Place} place
   */
  focusNext({ side, token }) {
    for (const one of SIDES) this.columns[one].wanted = one === side ? token : null;
  }

  /** @param {Side} side */
  matrix(side) {
    const label = `Mean attention ${side === "from" ? "out of" : "into"} each piece, one column per head`;
    const canvas = el(`canvas.exb-matrix.exb-${side}`, { role: "img", "aria-label": label });
    const headAt = (/** @type {MouseEvent} */ event, /** @type {Scene} */ { heads, cell = 1 }) =>
      Math.min(heads - 1, Math.max(0, Math.floor(event.offsetX / cell)));
    canvas.addEventListener("pointermove", (event) => {
      if (this.scene) this.on.hoverHead(headAt(event, this.scene), canvas);
    });
    canvas.addEventListener("pointerleave", () => this.on.hoverHead(null));
    canvas.addEventListener("click", (event) => {
      if (this.scene) this.on.toggleHead(headAt(event, this.scene));
    });
    return canvas;
  }

  /** @param {Scene} scene */
  paint(scene) {
    this.scene = scene;
    const longest = Math.max(scene.rows.length, scene.cols.length);
    const rowHeight = (scene.rowHeight = scene.rows.length > 64 ? 16 : scene.rows.length > 40 ? 20 : 24);
    setStyle(this.node, "--exb-row", `${rowHeight}px`);
    const room = Math.floor((this.wide.figure * 0.19) / Math.max(scene.heads, 1));
    const cell = (scene.cell = Math.max(3, Math.min(11, room)));
    for (const side of SIDES) this.paintSide(side, scene, cell, rowHeight);
    this.paintBorders(scene);
    this.paintOverlay(scene.overlay);
    const at = { from: places(scene.all.from, scene.rows), to: places(scene.all.to, scene.cols) };
    const middle = (/** @type {Side} */ side) => (/** @type {number} */ token) =>
      ((at[side].get(token) ?? NaN) + 0.5) * rowHeight;
    const height = longest * rowHeight;
    setStyle(this.links, "height", `${height}px`);
    this.links.dataset.links = String(scene.edges.count);
    this.canvas.hidden = !scene.edges.count;
    this.paintLinks(scene, {
      width: this.wide.links,
      height,
      left: middle("from"),
      right: middle("to"),
      strokeWidth: scene.focus ? 2.6 : rowHeight < 20 ? HAIRLINE : 2,
    });
  }

  /**
   * First what is in sight, and all of it as soon as nothing has changed for a while: of a long text most is out of
   * sight. Where the figure stands is asked last, when nothing is left to be laid out.
   *
   * @param {Scene} scene
   * @param {Geometry} geometry
   */
  paintLinks(scene, geometry) {
    clearTimeout(this.later);
    const { top } = this.links.getBoundingClientRect();
    const { height } = geometry;
    const first = Math.max(0, -top - AROUND);
    const last = Math.min(height, window.innerHeight - top + AROUND);
    const whole = first === 0 && last === height;
    drawLinks(this.canvas, scene.edges, geometry, [first, last]);
    this.links.toggleAttribute("data-whole", whole);
    if (whole) return;
    this.later = setTimeout(() => {
      drawLinks(this.canvas, scene.edges, geometry, [0, height]);
      this.links.setAttribute("data-whole", "");
    }, CALM_MS);
  }

  /** @param {Scene} scene */
  paintBorders({ windowed, all, start, rows, cols, leaving }) {
    const long = all.from.length > rows.length ? "from" : "to";
    const size = long === "from" ? rows.length : cols.length;
    const write = (
      /** @type {"before" | "after"} */ where,
      /** @type {number} */ beyond,
      /** @type {string} */ end,
    ) => {
      const button = this.borders[where];
      const links = leaving[where];
      const lead = links ? ` · ${thousands(links)} ${links === 1 ? "link leads" : "links lead"} there` : "";
      const arrow = where === "before" ? "before ↑" : "after ↓";
      button.hidden = !windowed;
      button.disabled = !beyond;
      setText(button, beyond ? `${beyond} more ${arrow}${lead}` : end);
    };
    write("before", start[long], "The text begins here");
    write("after", all[long].length - start[long] - size, "The text ends here");
  }

  /** @param {Overlay | null} overlay */
  paintOverlay(overlay) {
    const key = JSON.stringify(overlay);
    if (this.overlay.dataset.key === key) return;
    this.overlay.dataset.key = key;
    this.overlay.hidden = !overlay;
    this.overlay.toggleAttribute("data-busy", Boolean(overlay?.busy));
    fill(this.overlay, overlay && overlayCard(overlay, () => this.on.again()));
  }

  /**
   * @param {Side} side
   * @param {Scene} scene
   * @param {number} cell - px
   * @param {number} rowHeight - px
   */
  paintSide(side, scene, cell, rowHeight) {
    const { heads, active, hovered } = scene;
    const { values, max } = scene.matrix[side];
    const rows = side === "from" ? scene.rows : scene.cols;
    drawHeadMatrix(this.matrices[side], { rows, values, max, heads, active, hovered, cell, rowHeight });
    this.columns[side].paint(scene);
  }
}
