// From what the model computed and what the user set to what the figure draws: whole text or window, pieces or words.

/**
 * @import {
 *   AttentionLayer, CodedLayer, Edges, Frame, HeadMatrix, Inspection, LayerNumber, Leaving,
 *   Overlay, Place, Scene, Side, Sides, State, Unit,
 * } from "../core/types.js"
 */
/** @import { Layers } from "./layers.js" */

import * as maths from "../maths/attention.js";
import { edgesOf, emptyEdges, inWindow, topEdges } from "../maths/edges.js";
import { nameOfLayers } from "./captions.js";
import { isAlike, pieceUnits, textMarks, wordUnits } from "./units.js";

export const WHOLE = 128; // units that are shown at once
export const WINDOW = 96; // of a longer text

const NO_EDGES = emptyEdges();
/** @type {HeadMatrix} */
const BLANK = { values: new Float32Array(0), max: 0 };
/** @type {Side[]} */
const SIDES = ["from", "to"];
const STAYING = { before: 0, after: 0 };

/** @typedef {{ key: string, value: any }} Remembered */
/** @typedef {{ matrix: Float32Array, cols: number, on: unknown[], frame: Frame, focus: Place | null }} Chosen */

export class Scenes {
  /**
   * @param {Inspection} inspection
   * @param {Layers} layers - its attention
   */
  constructor(inspection, layers) {
    this.inspection = inspection;
    this.layers = layers;
    this.to = inspection.to ?? inspection.from;
    this.alike = isAlike(inspection);
    /** @type {Record<string, Remembered>} results of the maths, by what they depend on */
    this.drawn = {};
  }

  /**
   * Remembers the latest result of `make` under `name`, as long as what it depends on stays the same.
   *
   * @template Result
   * @param {string} name
   * @param {unknown} depends
   * @param {() => Result} make
   * @returns {Result}
   */
  memo(name, depends, make) {
    const key = JSON.stringify(depends);
    if (this.drawn[name]?.key !== key) this.drawn[name] = { key, value: make() };
    return this.drawn[name].value;
  }

  /**
   * @param {State} values
   * @returns {Sides<Unit[]>}
   */
  units({ words }) {
    return this.memo("units", words, () => {
      const { from, words: starts } = this.inspection;
      const left = words ? wordUnits(from, starts.from) : pieceUnits(from);
      if (this.alike) return { from: left, to: left };
      return { from: left, to: words ? wordUnits(this.to, starts.to ?? []) : pieceUnits(this.to) };
    });
  }

  /**
   * @param {State} values
   * @param {Side} side
   * @param {number | null} token
   * @returns {number | null} the unit that a piece belongs to, null where there is none
   */
  unitOf(values, side, token) {
    if (token === null) return null;
    const found = this.units(values)[side].findIndex(({ start, end }) => token >= start && token < end);
    return found < 0 ? null : found;
  }

  /**
   * A window begins at a piece, whatever is hidden.
   *
   * @param {State} values
   * @returns {Frame}
   */
  frame(values) {
    const { hide, words, window } = values;
    return this.memo("frame", [hide, words, window], () => {
      const units = this.units(values);
      const side = (/** @type {Side} */ one) => {
        const all = maths.visible(
          units[one].map((unit) => unit.special),
          hide,
        );
        const size = all.length <= WHOLE ? all.length : WINDOW;
        const at = window[this.alike ? 0 : SIDES.indexOf(one)] ?? 0;
        const first = all.findIndex((unit) => units[one][unit].end > at);
        const start = Math.min(first < 0 ? all.length : first, all.length - size);
        const shown = all.slice(start, start + size);
        return { all, start, shown, marks: textMarks(units[one], shown) };
      };
      const from = side("from");
      const to = side("to");
      return {
        units,
        all: { from: from.all, to: to.all },
        start: { from: from.start, to: to.start },
        shown: { from: from.shown, to: to.shown },
        marks: { from: from.marks, to: to.marks },
        windowed: from.shown.length < from.all.length || to.shown.length < to.all.length,
      };
    });
  }

  /**
   * The window of one side, or of both where they are the same, moved so that it begins with the given visible unit.
   *
   * @param {State} values
   * @param {Side} side
   * @param {number} ordinal - of the unit, among the visible ones
   * @returns {State["window"]}
   */
  windowAt(values, side, ordinal) {
    const { units, all, shown } = this.frame(values);
    const start = (/** @type {Side} */ one) => {
      const at = one === side || this.alike ? ordinal : all[one].indexOf(shown[one][0]);
      const last = Math.max(0, all[one].length - shown[one].length);
      return units[one][all[one][Math.min(last, Math.max(0, at))]]?.start ?? 0;
    };
    return this.alike ? [start(side)] : SIDES.map(start);
  }

  /**
   * The window that shows a unit near its top; the present one where it shows it already, or where the unit is hidden.
   *
   * @param {State} values
   * @param {Side} side
   * @param {number} unit
   * @returns {State["window"]}
   */
  windowWith(values, side, unit) {
    const { all, shown } = this.frame(values);
    const ordinal = all[side].indexOf(unit);
    if (ordinal < 0 || shown[side].includes(unit)) return values.window;
    return this.windowAt(values, side, ordinal - Math.floor(shown[side].length / 8));
  }

  /**
   * @param {LayerNumber} layer
   * @returns {Overlay | null} why there is nothing to draw
   */
  overlay(layer) {
    if (layer === "emb") return { text: "The input embeddings come before any attention." };
    const status = this.layers.status(layer);
    return {
      here: null,
      gap: { text: `Layer ${layer} has no attention. Its embedding can be searched all the same.` },
      waiting: { text: `Reading layer ${layer} …`, busy: true },
      absent: { text: `Layer ${layer} is not in this saved page. It holds ${nameOfLayers(this.layers.here())}.` },
      failed: { text: this.layers.problems.get(layer) ?? "", again: true },
    }[status];
  }

  /**
   * @param {State} values
   * @param {{ hover: Place | null, head: number | null }} pointer - head: the one that is pointed at
   * @returns {Scene}
   */
  make(values, { hover, head }) {
    const frame = this.frame(values);
    const { all, shown } = frame;
    const visible = (/** @type {Place | null} */ place) =>
      place && all[place.side].includes(place.token) ? place : null;
    const unit = this.unitOf(values, values.side, values.token);
    const pinned = unit === null ? null : visible({ side: values.side, token: unit });
    const focus = visible(hover) ?? pinned;
    const overlay = this.overlay(values.layer ?? "emb");
    const { causal } = this.inspection;
    const scene = { ...frame, rows: shown.from, cols: shown.to, pinned, focus, overlay, causal, hovered: null };
    const sent = overlay || typeof values.layer !== "number" ? null : this.layers.get(values.layer);
    if (!sent) {
      const matrix = { from: BLANK, to: BLANK };
      return {
        ...scene,
        edges: NO_EDGES,
        leaving: STAYING,
        matrix,
        heads: 0,
        active: new Set(),
        shade: null,
        means: null,
      };
    }
    const layer = this.layer(values, sent);
    const one = this.inspection.mode === "rollout"; // of all heads: the mean over them, followed through the layers
    const chosen = one ? [0] : (values.heads ?? maths.allHeads(layer));
    const heads = one || head === null ? chosen : [head];
    const on = [values.layer, values.words, heads];
    const matrix = this.memo("matrix", on, () => maths.aggregate(layer, heads));
    const mean = (/** @type {Side} */ side) =>
      this.memo(`mean ${side}`, [on, values.hide], () => maths.means(matrix, layer.cols, all.from, all.to, side));
    return {
      ...scene,
      shade: focus && this.shade(matrix, layer, focus, all),
      heads: layer.heads,
      active: new Set(chosen),
      hovered: one ? null : head,
      matrix: this.matrices(values, layer, pinned, all),
      means: frame.windowed ? { from: mean("from"), to: mean("to") } : null,
      ...this.edges(values, { matrix, cols: layer.cols, on, frame, focus }),
    };
  }

  /**
   * A layer as the maths takes it, of pieces or of words.
   *
   * @param {State} values
   * @param {CodedLayer} sent
   * @returns {AttentionLayer}
   */
  layer(values, sent) {
    return this.memo("layer", [values.layer, values.words], () => {
      const pieces = maths.decode(sent);
      if (!values.words) return pieces;
      const words = (/** @type {Side} */ side) =>
        this.units(values)[side].flatMap(({ start, end }, unit) => new Array(end - start).fill(unit));
      return maths.mergeWords(pieces, words("from"), words("to"));
    });
  }

  /**
   * The links that are drawn, and how many leave the window. What one token sends or receives is drawn up to the
   * border.
   *
   * @param {State} values
   * @param {Chosen} chosen
   * @returns {{ edges: Edges, leaving: Leaving }}
   */
  edges(values, { matrix, cols, on, frame: { all, shown, windowed }, focus }) {
    const { hide, top, window } = values;
    const every = this.memo("edges", [on, hide, top], () => topEdges(matrix, cols, all.from, all.to, top / 100));
    const wanted = focus ? edgesOf(every, focus.side, focus.token) : every;
    if (!windowed) return { edges: wanted, leaving: STAYING };
    const within = () => inWindow(wanted, ends(shown.from), ends(shown.to), Boolean(focus));
    return focus ? within() : this.memo("window", [on, hide, top, window], within);
  }

  /**
   * Per side the mean attention of each head; opposite to the picked unit what each head has of that one.
   *
   * @param {State} values
   * @param {AttentionLayer} layer
   * @param {Place | null} pinned
   * @param {Sides<number[]>} all
   * @returns {Sides<HeadMatrix>}
   */
  matrices(values, layer, pinned, all) {
    const on = [values.layer, values.words, values.hide];
    const means = this.memo("means", on, () => maths.headMatrices(layer, all.from, all.to));
    const matrices = {
      from: { values: means.out, max: means.maxOut },
      to: { values: means.into, max: means.maxInto },
    };
    if (pinned) {
      const other = opposite(pinned.side);
      matrices[other] = maths.headMatrixOf(layer, pinned.side, pinned.token, all[other]);
    }
    return matrices;
  }

  /**
   * @param {Float32Array} matrix
   * @param {AttentionLayer} layer
   * @param {Place} focus
   * @param {Sides<number[]>} all
   * @returns {NonNullable<Scene["shade"]>} the attention of the unit in focus with those of the other side
   */
  shade(matrix, layer, focus, all) {
    const values = maths.profile(matrix, layer.rows, layer.cols, focus.side, focus.token);
    return { values, max: maths.largest(all[opposite(focus.side)].map((i) => values[i])) };
  }
}

/**
 * @param {Side} side
 * @returns {Side}
 */
const opposite = (side) => (side === "from" ? "to" : "from");

/**
 * @param {number[]} list
 * @returns {[number, number]} the first and the last, in no order where it is empty
 */
const ends = (list) => [list[0] ?? 0, list[list.length - 1] ?? -1];
