// Drawing on a canvas in the colours of the theme: links, and matrices of heads.

/** @import { Edges } from "../core/types.js" */

import { setStyle } from "../core/dom.js";
import { opacity } from "./links.js";

/** @typedef {[red: number, green: number, blue: number]} Colour */
/** @typedef {Record<"accent" | "grey" | "cell" | "muted", Colour>} Theme */

/** @type {Record<string, Theme>} */
const themes = {};

/**
 * Asking the browser would make it style the whole page in the middle of a drawing, so it is asked once per theme.
 *
 * @param {Element} node
 * @returns {Theme}
 */
export function themeColours(node) {
  const theme = node.closest(".dark") ? "dark" : "light";
  return (themes[theme] ??= {
    accent: colourOf(node, "accent"),
    grey: colourOf(node, "grey"),
    cell: colourOf(node, "cell"),
    muted: colourOf(node, "muted"),
  });
}

/**
 * @param {Element} node
 * @param {string} name
 * @returns {Colour}
 */
function colourOf(node, name) {
  const hex = getComputedStyle(node).getPropertyValue(`--exb-${name}`).trim();
  const part = (/** @type {number} */ at) => parseInt(hex.slice(at, at + 2), 16);
  return [part(1), part(3), part(5)];
}

/**
 * A canvas of that size, emptied. Its pen counts in CSS pixels, `scale` device pixels each.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number} width - CSS px
 * @param {number} height
 * @returns {{ pen: CanvasRenderingContext2D, scale: number }}
 */
export function sizedCanvas(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  const wide = Math.round(width * scale);
  const high = Math.round(height * scale);
  const pen = penOf(canvas, { willReadFrequently: true }); // pixels are written by the processor
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  } else {
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, wide, high);
  }
  setStyle(canvas, "width", `${width}px`);
  setStyle(canvas, "height", `${height}px`);
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  return { pen, scale };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 * @returns {CanvasRenderingContext2D}
 */
export function penOf(canvas, settings) {
  const pen = canvas.getContext("2d", settings);
  if (!pen) throw new Error("this browser draws on no canvas");
  return pen;
}

/**
 * The one way to draw links, whatever their number; all in CSS pixels.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Edges} edges
 * @param {{
 *   width: number, height: number, strokeWidth: number,
 *   left: (from: number) => number, right: (to: number) => number,
 * }} geometry - left, right: the y where a unit stands
 * @param {[number, number]} rows - that are drawn, from the first up to the last
 */
export function drawLinks(canvas, edges, { width, height, left, right, strokeWidth }, [top, bottom]) {
  const { pen, scale } = sizedCanvas(canvas, width, height);
  const first = Math.max(0, Math.floor(top * scale));
  const last = Math.min(canvas.height, Math.ceil(bottom * scale));
  if (first >= last || !canvas.width) return;
  const pixels = opacity(edges, {
    width: canvas.width,
    top: first,
    bottom: last,
    left: (from) => left(from) * scale,
    right: (to) => right(to) * scale,
    strokeWidth: strokeWidth * scale,
  });
  const colour = themeColours(canvas).accent;
  pen.putImageData(new ImageData(tinted(pixels, colour), canvas.width, last - first), 0, first);
}

/**
 * @param {Uint8ClampedArray} opacities
 * @param {Colour} colour
 * @returns {Uint8ClampedArray<ArrayBuffer>} RGBA of each
 */
function tinted(opacities, [red, green, blue]) {
  const rgba = new Uint32Array(opacities.length);
  const ink = (blue << 16) | (green << 8) | red; // least significant byte first
  for (let i = 0; i < rgba.length; i++) rgba[i] = (opacities[i] << 24) | ink;
  return new Uint8ClampedArray(rgba.buffer);
}

/**
 * One column of cells per head, one row per unit; linear from 0 to `max`.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {{
 *   rows: number[], values: Float32Array, max: number, heads: number, active: Set<number>, hovered: number | null,
 *   cell: number, rowHeight: number,
 * }} matrix - rows: indices of the shown units; values: [N, H]; cell, rowHeight: px
 */
export function drawHeadMatrix(canvas, { rows, values, max, heads, active, hovered, cell, rowHeight }) {
  const { pen, scale } = sizedCanvas(canvas, heads * cell, rows.length * rowHeight);
  if (!canvas.width || !canvas.height) return;
  const theme = themeColours(canvas);
  const gap = cell > 5 ? 1 : 0;
  const wide = canvas.width;
  const pixels = new Uint32Array(wide * canvas.height);
  const end = (/** @type {number} */ at) => Math.round(at * scale);
  const columns = Array.from({ length: heads }, (_, head) => ({
    left: end(head * cell),
    right: end((head + 1) * cell - gap),
    ink: (hovered === null ? active.has(head) : hovered === head) ? theme.accent : theme.grey,
  }));
  rows.forEach((row, at) => {
    const top = end(at * rowHeight + gap) * wide;
    const bottom = end((at + 1) * rowHeight) * wide;
    columns.forEach(({ left, right, ink }, head) => {
      const share = max ? values[row * heads + head] / max : 0;
      const mix = (/** @type {number} */ i) => Math.round(theme.cell[i] + (ink[i] - theme.cell[i]) * share);
      pixels.fill((255 << 24) | (mix(2) << 16) | (mix(1) << 8) | mix(0), top + left, top + right);
    });
    for (let line = top + wide; line < bottom; line += wide) pixels.copyWithin(line, top, top + wide);
  });
  pen.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), wide, canvas.height), 0, 0);
}
