// Links as pixels: every curve in one pass over numbers. Without a GPU a browser takes many times longer to stroke the
// same curves, as SVG or on a canvas. Plain functions, no DOM.

/** @import { Edges } from "../core/types.js" */

const FAINTEST = 0.004; // below one step of an 8-bit screen

/**
 * All curves have one shape, M0 y1 C.45w y1 .55w y2 w y2: how much of the way from y1 to y2 is done at the middle of
 * each column of pixels, and its slope there, per pixel of y2 - y1.
 *
 * @param {number} width - px
 * @returns {{ rise: Float64Array, slope: Float64Array }} [width]
 */
export function shape(width) {
  const rise = new Float64Array(width);
  const slope = new Float64Array(width);
  let t = 0;
  for (let x = 0; x < width; x++) {
    const wanted = (x + 0.5) / width;
    let speed = 1;
    for (let step = 0; step < 8; step++) {
      // Newton; the curve only goes to the right
      const s = 1 - t;
      speed = 1.35 * s * (1 - 3 * t) + 1.65 * t * (2 - 3 * t) + 3 * t * t;
      t -= (1.35 * t * s * s + 1.65 * t * t * s + t * t * t - wanted) / speed;
    }
    rise[x] = t * t * (3 - 2 * t);
    slope[x] = (6 * t * (1 - t)) / (speed * width);
  }
  return { rise, slope };
}

/**
 * Opacity of each pixel of the rows `top` up to `bottom`. A link has the opacity weight / max; where links cross they
 * lie over each other. All lengths are in pixels.
 *
 * @param {Edges} edges
 * @param {{
 *   width: number, top: number, bottom: number, strokeWidth: number,
 *   left: (from: number) => number, right: (to: number) => number,
 * }} geometry - left, right: the y where a unit stands
 * @returns {Uint8ClampedArray} [(bottom - top) * width], row by row
 */
export function opacity(edges, { width, top, bottom, left, right, strokeWidth }) {
  const { rise, slope } = shape(width);
  const half = strokeWidth / 2 + 0.5; // half a pixel is smoothed on either side
  const height = bottom - top;
  const start = new Float64Array(edges.count);
  const way = new Float64Array(edges.count);
  const strength = new Float64Array(edges.count);
  let count = 0;
  for (let i = 0; i < edges.count; i++) {
    const share = edges.weight[i] / edges.max;
    const y1 = left(edges.from[i]) - top - 0.5;
    const y2 = right(edges.to[i]) - top - 0.5;
    const outside = Math.max(y1, y2) < -strokeWidth || Math.min(y1, y2) > height + strokeWidth;
    if (share < FAINTEST || outside) continue;
    start[count] = y1;
    way[count] = y2 - y1;
    strength[count++] = share;
  }
  const pixels = new Uint8ClampedArray(width * height);
  const through = new Float64Array(height); // how much light each pixel of a column lets through
  for (let x = 0; x < width; x++) {
    const risen = rise[x];
    const inclined = slope[x];
    through.fill(1);
    for (let i = 0; i < count; i++) {
      const steep = way[i] * inclined;
      const stretch = Math.sqrt(1 + steep * steep); // of the distance along y to that from the line
      const middle = start[i] + way[i] * risen;
      const reach = half * stretch;
      const last = Math.min(height - 1, Math.floor(middle + reach));
      const share = strength[i];
      // the light where the link covers all, in its middle, and more per row
      const least = 1 - share;
      const most = 1 - share * half;
      const drop = share / stretch;
      for (let y = Math.max(0, Math.ceil(middle - reach)); y <= last; y++) {
        const light = most + Math.abs(y - middle) * drop;
        through[y] *= light > least ? light : least;
      }
    }
    for (let y = 0, at = x; y < height; y++, at += width) pixels[at] = 255 * (1 - through[y]);
  }
  return pixels;
}
