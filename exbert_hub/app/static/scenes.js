// From what the model computed and what the user set to what the figure draws: whole text or window, pieces or words.
// A unit is what one row shows, a piece or a word; `token`, as the URL has it, is always the position of a piece.

const scenes = (() => {
  "use strict";
  const WHOLE = 128; // units that are shown at once
  const WINDOW = 96; // of a longer text

  const SAID = { attention: "attention", norms: "value-weighted attention", rollout: "attention rollout" };
  const NO_EDGES = { from: [], to: [], weight: [], count: 0, max: 0 };
  const BLANK = { values: new Float32Array(0), max: 0 };
  const SIDES = ["from", "to"];

  // Words as units: what a word says is said by its first piece (predictions, search), the rest by all of them.
  function wordUnits(pieces, words) {
    return words.map(({ start, text }, i) => {
      const end = words[i + 1]?.start ?? pieces.length, own = pieces.slice(start, end);
      const original = own.length > 1 ? text : own[0].original;
      return { ...own[0], text, original, masked: own.some((piece) => piece.masked), start, end };
    });
  }

  const pieceUnits = (pieces) => pieces.map((piece, start) => ({ ...piece, start, end: start + 1 }));

  // "A" or "B" where a text of a pair begins, and at the top of the figure.
  function marks(units, shown) {
    const found = new Map();
    if (!units.some((unit) => unit.segment > 0)) return found;
    shown.forEach((unit, i) => {
      const { segment } = units[unit];
      if (!i || segment !== units[shown[i - 1]].segment) found.set(unit, segment ? "B" : "A");
    });
    return found;
  }

  class Scenes {
    constructor(inspection, layers) {
      Object.assign(this, { inspection, layers });
      this.alike = !inspection.to || inspection.to === inspection.from; // whether both sides are the same text
      this.drawn = {}; // results of the maths, by what they depend on
    }

    // Remembers the latest result of `make` under `name`, as long as what it depends on stays the same.
    memo(name, depends, make) {
      const key = JSON.stringify(depends);
      if (this.drawn[name]?.key !== key) this.drawn[name] = { key, value: make() };
      return this.drawn[name].value;
    }

    units({ words }) {
      const { from, to, words: spans } = this.inspection;
      const side = (pieces, own) => (words ? wordUnits(pieces, own) : pieceUnits(pieces));
      return this.memo("units", words, () => {
        const left = side(from, spans.from);
        return { from: left, to: this.alike ? left : side(to, spans.to) };
      });
    }

    // The unit that a piece belongs to, null where there is none.
    unitOf(values, side, token) {
      const found = token === null ? -1 : this.units(values)[side].findIndex(({ start, end }) => token >= start && token < end);
      return found < 0 ? null : found;
    }

    // Units of each side: all that are visible, and those of the window. A window begins at a piece, whatever is hidden.
    frame(values) {
      const { hide, words, window } = values;
      return this.memo("frame", [hide, words, window], () => {
        const units = this.units(values), frame = { units, all: {}, shown: {}, start: {}, marks: {}, windowed: false };
        SIDES.forEach((side, i) => {
          const all = maths.visible(units[side].map((unit) => unit.special), hide);
          const size = all.length <= WHOLE ? all.length : WINDOW;
          const at = window[this.alike ? 0 : i] ?? 0, first = all.findIndex((unit) => units[side][unit].end > at);
          const start = Math.min(first < 0 ? all.length : first, all.length - size);
          frame.all[side] = all;
          frame.start[side] = start;
          frame.shown[side] = all.slice(start, start + size);
          frame.marks[side] = marks(units[side], frame.shown[side]);
          frame.windowed ||= size < all.length;
        });
        return frame;
      });
    }

    // The window of one side, or of both where they are the same, moved so that it begins with the given visible unit.
    windowAt(values, side, ordinal) {
      const { units, all, shown } = this.frame(values);
      const start = (one) => {
        const at = one === side || this.alike ? ordinal : all[one].indexOf(shown[one][0]);
        const last = Math.max(0, all[one].length - shown[one].length);
        return units[one][all[one][Math.min(last, Math.max(0, at))]]?.start ?? 0;
      };
      return this.alike ? [start(side)] : SIDES.map(start);
    }

    // The window that shows a unit near its top, where it is in sight; the present one where it does already, or where the unit is hidden.
    windowWith(values, side, unit) {
      const { all, shown } = this.frame(values);
      const ordinal = all[side].indexOf(unit);
      if (ordinal < 0 || shown[side].includes(unit)) return values.window;
      return this.windowAt(values, side, ordinal - Math.floor(shown[side].length / 8));
    }

    // Why there is nothing to draw at a layer: {text, busy, again}, or null.
    veil(layer) {
      if (layer === "emb") return { text: "The input embeddings come before any attention." };
      const status = this.layers.status(layer);
      return {
        here: null,
        gap: { text: `Layer ${layer} has no attention. Its embedding can be searched all the same.` },
        waiting: { text: `Reading layer ${layer} …`, busy: true },
        absent: { text: `Layer ${layer} is not in this saved page. It holds ${listed(this.layers.here())}.` },
        failed: { text: this.layers.problems.get(layer), again: true },
      }[status];
    }

    // hover: {side, token: unit} or null; head: the one that is pointed at, or null.
    make(values, { hover, head }) {
      const frame = this.frame(values), { all, shown } = frame;
      const visible = (focus) => (focus && all[focus.side].includes(focus.token) ? focus : null);
      const unit = this.unitOf(values, values.side, values.token);
      const pinned = unit === null ? null : visible({ side: values.side, token: unit });
      const focus = visible(hover) ?? pinned;
      const veil = this.veil(values.layer);
      const scene = { ...frame, rows: shown.from, cols: shown.to, pinned, focus, veil, causal: this.inspection.causal, hovered: null };
      const leaving = { before: 0, after: 0 };
      if (veil) return { ...scene, edges: NO_EDGES, leaving, matrix: { from: BLANK, to: BLANK }, heads: 0, active: new Set(), shade: null, means: null };

      const layer = this.layer(values);
      const one = this.inspection.mode === "rollout"; // of all heads: the mean over them, followed through the layers
      const chosen = one ? [0] : values.heads ?? maths.allHeads(layer), heads = one || head === null ? chosen : [head];
      const on = [values.layer, values.words, heads];
      const matrix = this.memo("matrix", on, () => maths.aggregate(layer, heads));
      const shade = focus && this.shade(matrix, layer, focus, all);
      const mean = (side) => this.memo(`mean ${side}`, [on, values.hide], () => maths.means(matrix, layer.cols, all.from, all.to, side));
      return {
        ...scene, shade, heads: layer.heads, active: new Set(chosen), hovered: one ? null : head,
        matrix: this.matrices(values, layer, pinned, all),
        means: frame.windowed ? { from: mean("from"), to: mean("to") } : null,
        ...this.edges(values, { matrix, cols: layer.cols, on, frame, focus }),
      };
    }

    // A layer as the maths takes it, of pieces or of words.
    layer(values) {
      return this.memo("layer", [values.layer, values.words], () => {
        const pieces = maths.decode(this.layers.get(values.layer));
        if (!values.words) return pieces;
        const words = (side) => this.units(values)[side].flatMap(({ start, end }, unit) => new Array(end - start).fill(unit));
        return maths.mergeWords(pieces, words("from"), words("to"));
      });
    }

    // The links that are drawn, and how many leave the window. What one token sends or receives is drawn up to the border.
    edges(values, { matrix, cols, on, frame: { all, shown, windowed }, focus }) {
      const every = this.memo("edges", [on, values.hide, values.top], () => maths.topEdges(matrix, cols, all.from, all.to, values.top / 100));
      const ends = (list) => [list[0] ?? 0, list.at(-1) ?? -1];
      const within = (edges) => maths.inWindow(edges, ends(shown.from), ends(shown.to), Boolean(focus));
      if (!windowed) return { edges: focus ? maths.edgesOf(every, focus.side, focus.token) : every, leaving: { before: 0, after: 0 } };
      if (focus) return within(maths.edgesOf(every, focus.side, focus.token));
      return this.memo("window", [on, values.hide, values.top, values.window], () => within(every));
    }

    // What the strip of one side shows. Where both sides are the same text there is one, of the attention into each unit.
    strip({ all, shown, start, focus, shade, means, units }, side, { grid, words }) {
      const { alike } = this, what = SAID[this.inspection.mode], own = alike || focus?.side !== side ? shade : null;
      const values = own?.values ?? means?.[alike ? "to" : side] ?? null;
      const second = all[side].findIndex((unit) => units[side][unit].segment > 0);
      const said = own ? `${what} ${focus.side === "from" ? "out of" : "into"} “${units[focus.side][focus.token].text}”`
        : `mean ${what} ${alike || side === "to" ? "into" : "out of"} each ${words ? "word" : "piece"}`;
      return {
        total: all[side].length, start: start[side], size: grid || (alike && side === "to") ? Infinity : shown[side].length,
        values: values && all[side].map((unit) => values[unit]), starts: second < 0 ? null : second, said,
      };
    }

    // What the dock says of the unit in focus, or null.
    describe({ focus, units }) {
      if (!focus) return null;
      const { predictions: all, predicts } = this.inspection;
      const { start, end, text, original, masked } = units[focus.side][focus.token];
      const predictions = focus.side === "from" || this.alike ? all?.[start] ?? null : null;
      const before = predictions && (this.inspection.before?.[start] ?? null); // of silenced heads
      const says = !predictions ? "" : predicts === "next" ? ", the model expects next" : ", the model predicts here";
      const place = end - start > 1 ? `pieces ${start}–${end - 1}` : `piece ${start}`;
      return { text: masked ? original : text, note: `${masked ? "masked, " : ""}${place}${says}`, predictions, before };
    }

    matrices(values, layer, pinned, all) {
      const means = this.memo("means", [values.layer, values.words, values.hide], () => maths.headMatrices(layer, all.from, all.to));
      const side = { from: { values: means.out, max: means.maxOut }, to: { values: means.into, max: means.maxInto } };
      if (pinned) {
        const other = pinned.side === "from" ? "to" : "from";
        side[other] = maths.headMatrixOf(layer, pinned.side, pinned.token, all[other]);
      }
      return side;
    }

    shade(matrix, layer, focus, all) {
      const values = maths.profile(matrix, layer.rows, layer.cols, focus.side, focus.token);
      return { values, max: maths.largest(all[focus.side === "from" ? "to" : "from"].map((i) => values[i])) };
    }
  }

  const listed = (numbers) => (numbers.length ? `layer${numbers.length > 1 ? "s" : ""} ${numbers.join(", ")}` : "no layer");

  return { SAID, Scenes, WHOLE, WINDOW, listed };
})();

if (typeof module !== "undefined") module.exports = scenes;
