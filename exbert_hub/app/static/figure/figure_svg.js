// The attention view as a picture: an SVG that stands alone, always on white. `figureSvg` is a pure function from the
// scene that the figure shows to text; everything in it is escaped.

/** @import { Piece, Scene, Side, Sides } from "../core/types.js" */

import { places } from "../maths/attention.js";
import { penOf } from "./canvas.js";

const INK = { text: "#1b1d22", muted: "#62666f", accent: "#3d5bd9", grey: "#9b9da5", cell: "#eef0f6" };
const FONT = "'IBM Plex Sans', 'Segoe UI', system-ui, 'Helvetica Neue', Arial, sans-serif";
const ROW = 24; // px, as all that follow
const MARGIN = 28;
const LINKS = 260;
const HEAD_LINE = 20;
const NOTE_LINE = 15;
const GAP = 8;
const MAX_SIDE = 16000; // browsers refuse larger canvases
const MAX_LETTERS = 20; // of a piece

// What XML 1.0 does not allow: control characters, and halves of surrogate pairs.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const HALVES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** @typedef {Pick<Piece, "text" | "special" | "masked">} Label */
/** @typedef {Record<string, string | number>} TagAttributes */

/**
 * @param {unknown} text
 * @returns {string} text that can stand in an element or an attribute
 */
export function escapeXml(text) {
  const allowed = String(text).replace(CONTROL, "�").replace(HALVES, "�");
  return allowed.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/**
 * A guess that is wide enough: there is no DOM to measure with. Wide scripts take twice the room.
 *
 * @param {string} text
 * @returns {number} px
 */
const widthOf = (text) =>
  [...text].reduce((sum, letter) => sum + ((letter.codePointAt(0) ?? 0) > 0x2e7f ? 15 : 8.2), 0);

/**
 * @param {string} text
 * @param {number} most - letters
 */
const shorten = (text, most) => ([...text].length > most ? `${[...text].slice(0, most - 1).join("")}…` : text);

/**
 * @param {string} text
 * @param {number} most - letters of a line
 * @returns {string[]} lines, cut between words
 */
function wrap(text, most) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines[lines.length - 1]} ${word}`.trimStart();
    if (longer.length <= most) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/**
 * @param {string} name
 * @param {TagAttributes} attributes
 * @param {...string} content - markup
 * @returns {string}
 */
function tag(name, attributes, ...content) {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  const open = `<${name}${written.join("")}`;
  return content.length ? `${open}>${content.join("")}</${name}>` : `${open}/>`;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} text
 * @param {TagAttributes} [attributes]
 */
function label(x, y, text, attributes = {}) {
  return tag("text", { x, y, fill: INK.text, "font-size": 14, ...attributes }, escapeXml(text));
}

/**
 * @param {Scene} scene - as the figure paints it
 * @param {Sides<Label[]>} pieces
 * @param {{ title: string, text: string, note: string }} about
 * @returns {string}
 */
export function figureSvg(scene, pieces, about) {
  const shown = { from: scene.rows.map((i) => pieces.from[i]), to: scene.cols.map((i) => pieces.to[i]) };
  const cell = Math.max(4, Math.min(11, 132 / Math.max(scene.heads, 1)));
  const matrix = scene.heads * cell;
  const leftText = MARGIN + matrix + GAP + columnWidth(scene, "from", shown.from);
  const left = leftText + GAP;
  const right = left + LINKS;
  const rightText = right + GAP;
  const rightMatrix = rightText + columnWidth(scene, "to", shown.to) + GAP;
  const width = Math.ceil(rightMatrix + matrix + MARGIN);
  const top = MARGIN + 3 * HEAD_LINE + 18;
  const bottom = top + Math.max(scene.rows.length, scene.cols.length) * ROW;
  const notes = wrap(about.note, Math.floor((width - 2 * MARGIN) / 5.8));
  const height = bottom + MARGIN + notes.length * NOTE_LINE;
  const most = Math.floor((width - 2 * MARGIN) / 7.2);
  const small = { "font-size": 12, fill: INK.muted };
  const stroke = { stroke: INK.accent, "stroke-width": scene.focus ? 2.6 : 2 };
  const parts = [
    tag("title", {}, escapeXml(about.title)),
    tag("desc", {}, escapeXml(`${about.text} ${about.note}`)),
    tag("rect", { width, height, fill: "#ffffff" }),
    label(MARGIN, MARGIN + 12, shorten(about.title, most), { "font-size": 15, "font-weight": 600 }),
    label(MARGIN, MARGIN + 12 + HEAD_LINE, shorten(about.text, most), { "font-size": 13, fill: INK.muted }),
    label(leftText, top - 8, "from", { ...small, "text-anchor": "end" }),
    label(rightText, top - 8, "to", small),
    matrixOf(scene, "from", MARGIN, top, cell),
    matrixOf(scene, "to", rightMatrix, top, cell),
    tag("clipPath", { id: "links" }, tag("rect", { x: left, y: top, width: LINKS, height: bottom - top })),
    tag("g", { fill: "none", ...stroke, "clip-path": "url(#links)" }, ...curvesOf(scene, left, right, top)),
    columnOf(scene, "from", shown.from, leftText, top),
    columnOf(scene, "to", shown.to, rightText, top),
    ...notes.map((line, i) => label(MARGIN, bottom + MARGIN + i * NOTE_LINE, line, { ...small, "font-size": 11 })),
  ];
  const size = { width, height, viewBox: `0 0 ${width} ${height}` };
  const page = { xmlns: "http://www.w3.org/2000/svg", ...size, "font-family": FONT, role: "img" };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${tag("svg", page, ...parts)}\n`;
}

/**
 * @param {Scene} scene
 * @param {Side} side
 * @param {Label[]} shown
 * @returns {number} px
 */
function columnWidth(scene, side, shown) {
  const widest = Math.max(36, ...shown.map((piece) => widthOf(shorten(piece.text, MAX_LETTERS))));
  return Math.min(190, widest) + (scene.marks?.[side].size ? 36 : 12);
}

/**
 * @param {Scene} scene
 * @param {number} left - px, where the curves begin
 * @param {number} right
 * @param {number} top
 * @returns {string[]}
 */
function curvesOf({ edges, all, rows, cols }, left, right, top) {
  const at = { from: places(all.from, rows), to: places(all.to, cols) };
  const y = (/** @type {Side} */ side, /** @type {number} */ token) =>
    top + ((at[side].get(token) ?? NaN) + 0.5) * ROW;
  return Array.from({ length: edges.count }, (_, i) => {
    const y1 = y("from", edges.from[i]);
    const y2 = y("to", edges.to[i]);
    return tag("path", {
      d: `M${left} ${y1}C${left + LINKS * 0.45} ${y1} ${left + LINKS * 0.55} ${y2} ${right} ${y2}`,
      "stroke-opacity": (edges.weight[i] / edges.max).toFixed(3),
    });
  });
}

/**
 * @param {Scene} scene
 * @param {Side} side
 * @param {Label[]} pieces
 * @param {number} x - px
 * @param {number} top
 * @returns {string}
 */
function columnOf({ rows, cols, pinned, marks }, side, pieces, x, top) {
  const tokens = side === "from" ? rows : cols;
  const line = side === "from" ? -150 : 150; // above the second text
  const parts = pieces.map((piece, i) => {
    const y = top + i * ROW;
    const on = pinned?.side === side && pinned.token === tokens[i];
    const mark = marks?.[side].get(tokens[i]);
    const dashes = { stroke: INK.grey, "stroke-dasharray": "3 3" };
    const above = mark && i ? tag("path", { d: `M${x} ${y}h${line}`, ...dashes }) : "";
    const text = (mark ? `${mark} · ` : "") + shorten(piece.text, MAX_LETTERS);
    const fill = on ? INK.accent : piece.special || piece.masked ? INK.muted : INK.text;
    const font = { "font-weight": on ? 700 : 400, "font-style": piece.masked ? "italic" : "normal" };
    return above + label(x, y + 16.5, text, { fill, ...font });
  });
  return tag("g", { "text-anchor": side === "from" ? "end" : "start" }, ...parts);
}

/**
 * @param {Scene} scene
 * @param {Side} side
 * @param {number} x - px
 * @param {number} top
 * @param {number} cell
 * @returns {string}
 */
function matrixOf(scene, side, x, top, cell) {
  const { values, max } = scene.matrix[side];
  const tokens = side === "from" ? scene.rows : scene.cols;
  const parts = [];
  for (let head = 0; head < scene.heads; head++) {
    const on = scene.hovered === null ? scene.active.has(head) : scene.hovered === head;
    const ink = on ? INK.accent : INK.grey;
    const name = { "font-size": 7, "text-anchor": "middle", fill: ink };
    if (cell >= 8) parts.push(label(x + (head + 0.5) * cell, top - 5, String(head), name));
    tokens.forEach((token, i) => {
      const size = { width: (cell - 1).toFixed(1), height: ROW - 2 };
      const box = { x: (x + head * cell).toFixed(1), y: top + i * ROW + 1, ...size };
      const share = max ? values[token * scene.heads + head] / max : 0;
      parts.push(tag("rect", { ...box, fill: INK.cell }));
      if (share > 0.004) parts.push(tag("rect", { ...box, fill: ink, "fill-opacity": share.toFixed(3) }));
    });
  }
  return tag("g", {}, ...parts);
}

/**
 * @param {string} svg
 * @returns {Promise<Blob>} a PNG of it, at twice its size where the browser can
 */
export async function pngOf(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const scale = Math.min(2, MAX_SIDE / image.naturalHeight, MAX_SIDE / image.naturalWidth);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(image.naturalWidth * scale);
  canvas.height = Math.round(image.naturalHeight * scale);
  penOf(canvas).drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((/** @type {(blob: Blob | null) => void} */ done) =>
    canvas.toBlob(done, "image/png"),
  );
  if (!blob) throw new Error("the picture is too large for this browser");
  return blob;
}
