// Every head of every layer at a glance: a thumbnail of each attention matrix; a click opens that head alone.

/** @import { CodedLayer, EvidenceServer, InspectRequest, KnownLayer, State } from "../core/types.js" */
/** @import { Colour } from "./canvas.js" */

import { CONSTANTS } from "../core/constants.js";
import { LatestQuestion, failedQuestion, skeleton } from "../core/answers.js";
import { decodeBase64 } from "../maths/coding.js";
import { el, fill } from "../core/dom.js";
import { allHeads } from "../maths/attention.js";
import { fillHeadTable } from "../widgets/head_table.js";
import { walkTable } from "../widgets/keyboard.js";
import { penOf, themeColours } from "./canvas.js";

const HINT = "One square per head: from each piece (downwards) to each piece (across). Open one to see its curves.";
const ELSEWHERE = "not in this saved page";

/** @typedef {{ width: number, height: number, codes: Uint8Array | Uint8ClampedArray }} Thumbnail */
/** @typedef {{ request: InspectRequest, rows: number[], cols: number[] }} GridQuestion */

/**
 * The codes of one head among the visible pieces, at most `size` on a side. Where pieces share a pixel the largest
 * code stays, so that a thin line is never lost.
 *
 * @param {CodedLayer} layer
 * @param {number} head
 * @param {number[]} rows
 * @param {number[]} cols
 * @param {number} [size] - px
 * @returns {Thumbnail}
 */
export function thumbnail(layer, head, rows, cols, size = CONSTANTS.thumbnail) {
  const height = Math.min(size, rows.length);
  const width = Math.min(size, cols.length);
  const codes = new Uint8ClampedArray(width * height);
  rows.forEach((row, i) => {
    const y = Math.floor((i * height) / rows.length);
    const start = (head * layer.rows + row) * layer.cols;
    cols.forEach((col, j) => {
      const at = y * width + Math.floor((j * width) / cols.length);
      const code = layer.codes[start + col];
      if (code > codes[at]) codes[at] = code;
    });
  });
  return { width, height, codes };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Thumbnail} thumbnail
 * @param {Colour} colour
 */
function paint(canvas, { width, height, codes }, [red, green, blue]) {
  canvas.width = width;
  canvas.height = height;
  if (!codes.length) return;
  const pen = penOf(canvas);
  const image = pen.createImageData(width, height);
  // the code is the square root: faint attention shows
  codes.forEach((code, i) => image.data.set([red, green, blue, code], 4 * i));
  pen.putImageData(image, 0, 0);
}

/**
 * @param {{ heads: number, height: number, width: number, data: string }} sent - thumbnails that the server made
 * @returns {Thumbnail[]}
 */
function unpack({ heads, height, width, data }) {
  const codes = decodeBase64(data);
  const size = height * width;
  return Array.from({ length: heads }, (_, head) => {
    return { height, width, codes: codes.subarray(head * size, (head + 1) * size) };
  });
}

export class HeadGrid {
  /**
   * @param {{
   *   open: (layer: number, head: number) => void,
   *   close: () => void,
   *   server: () => EvidenceServer | undefined,
   *   offline: boolean,
   * }} on - server: who has the attention that is too much to send at once
   */
  constructor(on) {
    this.on = on;
    this.question = new LatestQuestion();
    /** @type {HTMLElement[][]} */
    this.buttons = [];
    this.table = el("div.exb-grid-table", {
      role: "grid",
      "aria-label": "Attention of every head",
      onkeydown: (event) => this.key(event),
    });
    const back = el("button.exb-text-button", { type: "button", onclick: () => on.close() }, "Back to the curves");
    const head = el("header.exb-grid-head", {}, el("p.exb-hint", {}, HINT), back);
    this.node = el("section.exb-grid", { hidden: true, "aria-label": "Every layer and head" }, head, this.table);
  }

  /**
   * @param {(KnownLayer | null)[]} layers - null for a gap, without codes where they are not here
   * @param {GridQuestion} question - rows, cols: the pieces that are shown; request: what the layers belong to
   * @param {State} chosen
   */
  update(layers, question, chosen) {
    this.chosen = chosen;
    if (!this.question.is(question)) {
      const { rows, cols } = question;
      const here = !rows.length || !cols.length || layers.every((layer) => !layer || layer.codes);
      if (here || this.on.offline) {
        this.question.set(question);
        this.build(layers.map((layer) => layer && (own(layer, rows, cols) ?? ELSEWHERE)));
      } else this.fetch(question);
    }
    this.mark();
  }

  /** @param {GridQuestion} question */
  async fetch(question) {
    this.buttons = [];
    fill(this.table, skeleton("Reading all layers", 6));
    const answer = await this.question.ask(question, () => this.on.server()?.thumbnails(question));
    if (answer === null) return; // another text is shown by now
    if (answer.notice) fill(this.table, ...failedQuestion(answer.notice.message, () => this.fetch(question)));
    else this.build(answer.layers.map((/** @type {any} */ layer) => layer && unpack(layer)));
    this.mark();
  }

  // Which head is in use.
  mark() {
    const { layer, heads } = this.chosen ?? { layer: null, heads: null };
    for (const button of this.buttons.flat()) {
      const here = Number(button.dataset.layer) === layer && (heads?.includes(Number(button.dataset.head)) ?? true);
      button.setAttribute("aria-selected", String(here));
    }
  }

  /** @param {(Thumbnail[] | string | null)[]} layers - null for a gap, a text for another reason why there are none */
  build(layers) {
    const colour = themeColours(this.table).accent;
    const cells = layers.map((layer, number) => {
      if (!Array.isArray(layer)) return layer ?? "no attention";
      return layer.map((small, head) => this.button(number, head, small, colour));
    });
    this.buttons = fillHeadTable(this.table, "div.exb-grid-row", cells);
  }

  /**
   * @param {number} layer
   * @param {number} head
   * @param {Thumbnail} small
   * @param {Colour} colour
   */
  button(layer, head, small, colour) {
    const canvas = el("canvas", { "aria-hidden": "true" });
    paint(canvas, small, colour);
    const attributes = {
      type: "button",
      role: "gridcell",
      tabindex: -1,
      title: `head ${layer}-${head}`,
      "aria-label": `Layer ${layer}, head ${head}`,
      "data-layer": layer,
      "data-head": head,
      onclick: () => this.on.open(layer, head),
    };
    return el("button.exb-thumbnail", attributes, canvas);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === "Escape") this.on.close();
    walkTable(event, this.buttons);
  }
}

/**
 * @param {KnownLayer} layer
 * @param {number[]} rows
 * @param {number[]} cols
 * @returns {Thumbnail[] | null} null where the layer is not here
 */
function own(layer, rows, cols) {
  const { codes, ...shape } = layer;
  return codes ? allHeads(layer).map((head) => thumbnail({ codes, ...shape }, head, rows, cols)) : null;
}
