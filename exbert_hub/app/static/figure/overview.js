// A long text in one strip: how much attention each piece has, and where the window is. It moves the window.

import { el, setAttribute, setText } from "../core/dom.js";
import { largest } from "../maths/attention.js";
import { sizedCanvas, themeColours } from "./canvas.js";

const HEIGHT = 30; // px
const STEP = 8; // pieces per arrow key

/**
 * @typedef {{
 *   total: number, start: number, size: number, values: number[] | null, starts: number | null, said: string,
 * }} Strip
 * start, size: the window among `total` units; values: their attention, null while it is not here; starts: where the
 * second text begins; said: what the strip shows
 */

export class Overview {
  /**
   * @param {string} name
   * @param {(ordinal: number) => void} move - the window is to begin with that visible unit
   */
  constructor(name, move) {
    this.move = move;
    this.said = el("span.exb-overview-said");
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.thumb = el("div.exb-overview-window", { "aria-hidden": "true" });
    const release = () => {
      this.grip = null;
    };
    this.track = el(
      "div.exb-overview-track",
      {
        role: "slider",
        tabindex: 0,
        "aria-label": name,
        "aria-valuemin": 1,
        "aria-orientation": "horizontal",
        onkeydown: (event) => this.key(event),
        onpointerdown: (event) => this.grab(event),
        onpointermove: (event) => this.drag(event),
        onpointerup: release,
        onpointercancel: release,
      },
      this.canvas,
      this.thumb,
    );
    /** @type {number | null} where in the window, in units, it was taken hold of */
    this.grip = null;
    const head = el("div.exb-overview-head", {}, el("span.exb-label", {}, name), this.said);
    this.node = el("div.exb-overview", { hidden: true }, head, this.track);
    /** @type {Strip | null} */
    this.strip = null;
    this.wide = 0; // px; measured when the browser lays out, never while we draw
    new ResizeObserver(([{ contentRect }]) => {
      this.wide = Math.round(contentRect.width);
      this.paint();
    }).observe(this.track);
  }

  /** @param {Strip} strip */
  update(strip) {
    this.strip = strip;
    const { start, size, total, said } = strip;
    this.node.hidden = size >= total;
    if (this.node.hidden) return;
    setText(this.said, said);
    this.thumb.style.left = `${(100 * start) / total}%`;
    this.thumb.style.width = `${(100 * size) / total}%`;
    setAttribute(this.track, "aria-valuemax", String(total - size + 1));
    setAttribute(this.track, "aria-valuenow", String(start + 1));
    setAttribute(this.track, "aria-valuetext", `${start + 1} to ${start + size} of ${total}`);
    this.paint();
  }

  paint() {
    const width = this.wide;
    if (!this.strip || this.node.hidden || !width) return;
    const { values, total, starts } = this.strip;
    const { pen } = sizedCanvas(this.canvas, width, HEIGHT);
    const colours = themeColours(this.track);
    const bars = new Float32Array(Math.min(width, total)); // where units share a bar the largest stays
    values?.forEach((value, i) => {
      const at = Math.floor((i * bars.length) / total);
      bars[at] = Math.max(bars[at], value);
    });
    const max = largest(bars);
    const wide = width / bars.length;
    pen.fillStyle = `rgb(${colours.accent})`;
    bars.forEach((value, i) => {
      const high = max ? Math.sqrt(value / max) * (HEIGHT - 3) : 0; // the square root: faint attention shows
      pen.fillRect(i * wide, HEIGHT - high, Math.max(1, wide - 0.5), high);
    });
    if (starts === null) return;
    pen.fillStyle = `rgb(${colours.muted})`;
    pen.fillRect(Math.round((starts * width) / total), 0, 1.5, HEIGHT);
  }

  /**
   * @param {PointerEvent} event
   * @returns {number} the place on the strip, in units
   */
  at(event) {
    const box = this.track.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * (this.strip?.total ?? 0);
  }

  /** @param {PointerEvent} event */
  grab(event) {
    if (!this.strip) return;
    const { start, size } = this.strip;
    const at = this.at(event);
    this.track.setPointerCapture(event.pointerId);
    this.grip = at >= start && at < start + size ? at - start : size / 2;
    this.drag(event);
  }

  /** @param {PointerEvent} event */
  drag(event) {
    if (this.grip !== null) this.go(Math.round(this.at(event) - this.grip));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.strip) return;
    const { start, size, total } = this.strip;
    /** @type {Record<string, number>} */
    const steps = {
      ArrowRight: STEP,
      ArrowDown: STEP,
      ArrowLeft: -STEP,
      ArrowUp: -STEP,
      PageDown: size,
      PageUp: -size,
      Home: -total,
      End: total,
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    this.go(start + step);
  }

  /** @param {number} ordinal */
  go(ordinal) {
    if (!this.strip) return;
    const { start, size, total } = this.strip;
    const to = Math.min(total - size, Math.max(0, ordinal));
    if (to !== start) this.move(to);
  }
}
