// The figure: head matrix | pieces | curves | pieces | head matrix. It draws what it is told and reports what the
// pointer and the keyboard do; it knows neither the store nor the server.

const figure = (() => {
  "use strict";
  const { el, fill, put, say, roving } = dom;
  const AROUND = 100; // px that are drawn beyond what is in sight
  const CALM_MS = 120; // without a change before the rest is drawn
  const HAIRLINE = 1; // px, of the links of small rows

  // Colours of the theme as [red, green, blue]. Asking the browser would make it style the whole page in the middle of a
  // drawing, so it is asked once per theme.
  const themes = {};
  function colours(node) {
    const theme = node.closest(".dark") ? "dark" : "light";
    return themes[theme] ??= Object.fromEntries(["accent", "grey", "cell", "muted"].map((name) => {
      const hex = getComputedStyle(node).getPropertyValue(`--exb-${name}`).trim();
      return [name, [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16))];
    }));
  }

  const style = (node, name, value) => { if (node.style.getPropertyValue(name) !== value) node.style.setProperty(name, value); };

  // A canvas of that size, emptied. Its pen counts in CSS pixels, `scale` device pixels each.
  function sizedCanvas(canvas, width, height) {
    const scale = window.devicePixelRatio || 1;
    const wide = Math.round(width * scale), high = Math.round(height * scale);
    const pen = canvas.getContext("2d", { willReadFrequently: true }); // pixels are written by the processor
    if (canvas.width !== wide || canvas.height !== high) {
      canvas.width = wide;
      canvas.height = high;
    } else {
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.clearRect(0, 0, wide, high);
    }
    style(canvas, "width", `${width}px`);
    style(canvas, "height", `${height}px`);
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    return { pen, scale };
  }

  const count = (number, what) => `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;

  // The one way to draw links, whatever their number, in the rows `top` up to `bottom`; all in CSS pixels.
  // geometry: {width, height, left(i), right(j), strokeWidth}
  function drawCurves(canvas, edges, { width, height, left, right, strokeWidth }, [top, bottom]) {
    const { pen, scale } = sizedCanvas(canvas, width, height);
    const first = Math.max(0, Math.floor(top * scale)), last = Math.min(canvas.height, Math.ceil(bottom * scale));
    if (first >= last || !canvas.width) return;
    const pixels = links.opacity(edges, {
      width: canvas.width, top: first, bottom: last, left: (i) => left(i) * scale, right: (j) => right(j) * scale, strokeWidth: strokeWidth * scale,
    });
    pen.putImageData(new ImageData(tinted(pixels, colours(canvas).accent), canvas.width, last - first), 0, first);
  }

  // Pixels of one colour: RGBA of each opacity.
  function tinted(opacity, [red, green, blue]) {
    const rgba = new Uint32Array(opacity.length), ink = (blue << 16) | (green << 8) | red; // least significant byte first
    for (let i = 0; i < rgba.length; i++) rgba[i] = (opacity[i] << 24) | ink;
    return new Uint8ClampedArray(rgba.buffer);
  }

  // rows: indices of the shown pieces; values: Float32Array [N, H]; linear from 0 to `max`.
  function drawMatrix(canvas, { rows, values, max, heads, active, hovered, cell, rowHeight }) {
    const { pen, scale } = sizedCanvas(canvas, heads * cell, rows.length * rowHeight);
    if (!canvas.width || !canvas.height) return;
    const theme = colours(canvas), gap = cell > 5 ? 1 : 0, wide = canvas.width;
    const pixels = new Uint32Array(wide * canvas.height), end = (at) => Math.round(at * scale);
    const columns = Array.from({ length: heads }, (_, head) => ({
      left: end(head * cell), right: end((head + 1) * cell - gap), ink: (hovered === null ? active.has(head) : hovered === head) ? theme.accent : theme.grey,
    }));
    rows.forEach((row, at) => {
      const top = end(at * rowHeight + gap) * wide, bottom = end((at + 1) * rowHeight) * wide;
      columns.forEach(({ left, right, ink }, head) => {
        const share = max ? values[row * heads + head] / max : 0;
        const mix = (i) => Math.round(theme.cell[i] + (ink[i] - theme.cell[i]) * share);
        pixels.fill((255 << 24) | (mix(2) << 16) | (mix(1) << 8) | mix(0), top + left, top + right);
      });
      for (let line = top + wide; line < bottom; line += wide) pixels.copyWithin(line, top, top + wide);
    });
    pen.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), wide, canvas.height), 0, 0);
  }

  class Figure {
    // on: {hover(side, token|null), pick(side, token), mask(token), search(), hoverHead(head|null), toggleHead(head)}
    constructor(on) {
      this.on = on;
      this.canvas = el("canvas", { "aria-hidden": "true" });
      this.links = el("div.exb-links", {}, this.canvas);
      this.wide = { figure: 0, links: 0 }; // px; measured when the browser lays out, never while we draw
      this.given = {}; // per side, what the column of pieces was made of
      this.pieces = { from: [], to: [] }; // of each column: {node, token, look}
      this.borders = { before: this.border("before"), after: this.border("after") };
      this.veil = el("div.exb-veil", { hidden: true });
      this.columns = { from: this.column("from"), to: this.column("to") };
      this.matrices = { from: this.matrix("from"), to: this.matrix("to") };
      this.node = el("div.exb-figure", {},
        el("div.exb-caption.exb-caption-from", {}, "from"), el("div.exb-caption.exb-caption-to", {}, "to"),
        this.borders.before,
        this.matrices.from, this.columns.from, this.links, this.columns.to, this.matrices.to,
        this.borders.after, this.veil);
      this.scene = null;
      this.wanted = null; // the piece that gets the focus when it is there: {side, token}
      const resized = new ResizeObserver((entries) => {
        for (const { target, contentRect } of entries) this.wide[target === this.node ? "figure" : "links"] = Math.round(contentRect.width);
        if (this.scene) this.paint(this.scene);
      });
      for (const node of [this.node, this.links]) resized.observe(node);
    }

    column(side) {
      const list = el(`div.exb-pieces.exb-${side}`, { role: "listbox", "aria-label": side === "from" ? "Pieces that attend" : "Pieces attended to" });
      const pieceAt = (event) => event.target.closest("[data-token]");
      const token = (event) => Number(pieceAt(event).dataset.token);
      list.addEventListener("pointerover", (event) => { if (pieceAt(event) && event.pointerType !== "touch") this.on.hover(side, token(event)); });
      list.addEventListener("pointerleave", () => this.on.hover(side, null));
      list.addEventListener("focusin", (event) => { if (pieceAt(event)?.matches(":focus-visible")) this.on.hover(side, token(event)); });
      list.addEventListener("focusout", () => this.on.hover(side, null));
      // The second click of a double click is no click of its own: it belongs to the mask.
      list.addEventListener("click", (event) => { if (pieceAt(event) && event.detail < 2) this.on.pick(side, token(event)); });
      list.addEventListener("dblclick", (event) => { if (pieceAt(event)) { event.preventDefault(); this.on.mask(side, token(event)); } });
      list.addEventListener("keydown", (event) => {
        if (!pieceAt(event) || event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.key === " ") this.on.pick(side, token(event));
        else if (event.key === "Enter") this.on.search(side, token(event));
        else if (event.key === "m" || event.key === "M") this.on.mask(side, token(event));
        else if (event.key === "ArrowDown" && !pieceAt(event).nextElementSibling) this.on.leave(side, token(event), 1);
        else if (event.key === "ArrowUp" && !pieceAt(event).previousElementSibling) this.on.leave(side, token(event), -1);
        else if (event.key === "PageDown" || event.key === "PageUp") this.on.page(event.key === "PageDown" ? 1 : -1);
        else return;
        event.preventDefault();
      });
      return list;
    }

    // What lies beyond the window, and the way there.
    border(where) {
      const direction = where === "before" ? -1 : 1;
      return el("button.exb-border", { type: "button", hidden: true, "data-where": where, onclick: () => this.on.page(direction) });
    }

    // The piece to focus once it is in the window.
    focusNext(side, token) {
      this.wanted = { side, token };
    }

    matrix(side) {
      const canvas = el(`canvas.exb-matrix.exb-${side}`, { role: "img", "aria-label": `Mean attention ${side === "from" ? "out of" : "into"} each piece, one column per head` });
      const headAt = (event) => Math.min(this.scene.heads - 1, Math.max(0, Math.floor(event.offsetX / this.scene.cell)));
      canvas.addEventListener("pointermove", (event) => { if (this.scene) this.on.hoverHead(headAt(event), canvas, event); });
      canvas.addEventListener("pointerleave", () => this.on.hoverHead(null));
      canvas.addEventListener("click", (event) => { if (this.scene) this.on.toggleHead(headAt(event)); });
      return canvas;
    }

    // tokens: [{text, special, masked, segment}] of one side; shown: indices; marks: Map from an index to the letter of the
    // text that begins there. Rebuilds a column of pieces.
    setPieces(side, tokens, shown, marks) {
      const last = this.given[side];
      if (last?.tokens === tokens && last.shown === shown) return;
      const key = JSON.stringify([shown.map((i) => tokens[i]), shown, ...marks]);
      this.given[side] = { tokens, shown, key };
      if (last?.key === key) return;
      const list = this.columns[side];
      const focused = list.contains(document.activeElement) ? { side, token: Number(document.activeElement.dataset.token) } : null;
      const wanted = this.wanted?.side === side && shown.includes(this.wanted.token) ? this.wanted : focused;
      const items = shown.map((i) => el("div.exb-piece", {
        role: "option", "data-token": i, "data-special": tokens[i].special, "data-masked": tokens[i].masked,
        "data-starts": marks.get(i), dir: "auto", "aria-selected": "false",
      }, tokens[i].text));
      fill(list, ...items);
      this.pieces[side] = items.map((node, i) => ({ node, token: shown[i], look: "" }));
      const at = wanted && shown.length ? Math.min(shown.length - 1, Math.max(0, shown.findIndex((i) => i >= wanted.token))) : 0;
      roving(list, items, at);
      if (wanted) items[at]?.focus();
      if (wanted === this.wanted) this.wanted = null;
    }

    // scene: {rows, cols, all: {from, to}, windowed, start, edges, leaving, matrix: {from, to}, heads, active: Set, hovered,
    // pinned: {side, token}|null, focus, shade, causal, veil}
    paint(scene) {
      this.scene = scene;
      const rowHeight = scene.rowHeight = scene.rows.length > 64 ? 16 : scene.rows.length > 40 ? 20 : 24;
      style(this.node, "--exb-row", `${rowHeight}px`);
      scene.cell = Math.max(3, Math.min(11, Math.floor((this.wide.figure * 0.19) / Math.max(scene.heads, 1))));
      for (const side of ["from", "to"]) this.paintSide(side, scene);
      this.paintBorders(scene);
      this.paintVeil(scene.veil);
      const at = { from: maths.places(scene.all.from, scene.rows), to: maths.places(scene.all.to, scene.cols) };
      const middle = (side) => (token) => (at[side].get(token) + 0.5) * rowHeight;
      const height = Math.max(scene.rows.length, scene.cols.length) * rowHeight;
      style(this.links, "height", `${height}px`);
      this.links.dataset.links = scene.edges.count;
      this.canvas.hidden = !scene.edges.count;
      this.paintLinks(scene, {
        width: this.wide.links, height, left: middle("from"), right: middle("to"),
        strokeWidth: scene.focus ? 2.6 : rowHeight < 20 ? HAIRLINE : 2,
      });
    }

    // First what is in sight, and all of it as soon as nothing has changed for a while: of a long text most is out of sight.
    // Where the figure stands is asked last, when nothing is left to be laid out.
    paintLinks(scene, geometry) {
      clearTimeout(this.later);
      const { top } = this.links.getBoundingClientRect(), { height } = geometry;
      const sight = [Math.max(0, -top - AROUND), Math.min(height, window.innerHeight - top + AROUND)];
      const whole = sight[0] === 0 && sight[1] === height;
      drawCurves(this.canvas, scene.edges, geometry, sight);
      this.links.toggleAttribute("data-whole", whole);
      if (whole) return;
      this.later = setTimeout(() => {
        drawCurves(this.canvas, scene.edges, geometry, [0, height]);
        this.links.setAttribute("data-whole", "");
      }, CALM_MS);
    }

    paintBorders({ windowed, all, start, rows, cols, leaving }) {
      const long = all.from.length > rows.length ? "from" : "to", size = long === "from" ? rows.length : cols.length;
      const beyond = { before: start[long], after: all[long].length - start[long] - size };
      for (const [where, button] of Object.entries(this.borders)) {
        button.hidden = !windowed;
        button.disabled = !beyond[where];
        const links = leaving[where] ? ` · ${count(leaving[where], "link")} ${leaving[where] === 1 ? "leads" : "lead"} there` : "";
        say(button, beyond[where] ? `${beyond[where]} more ${where === "before" ? "before ↑" : "after ↓"}${links}`
          : where === "before" ? "The text begins here" : "The text ends here");
      }
    }

    paintVeil(veil) {
      const key = JSON.stringify(veil);
      if (this.veil.dataset.key === key) return;
      this.veil.dataset.key = key;
      this.veil.hidden = !veil;
      this.veil.toggleAttribute("data-busy", Boolean(veil?.busy));
      fill(this.veil, veil && el("div.exb-veil-card", { role: "status" }, el("p", {}, veil.text),
        veil.busy ? el("div.exb-progress", { "aria-hidden": "true" }) : null,
        veil.again ? el("button.exb-secondary", { type: "button", onclick: () => this.on.again() }, "Try again") : null));
    }

    paintSide(side, scene) {
      const { focus, pinned, shade, causal } = scene;
      const { values, max } = scene.matrix[side];
      drawMatrix(this.matrices[side], {
        rows: side === "from" ? scene.rows : scene.cols, values, max, heads: scene.heads, active: scene.active,
        hovered: scene.hovered, cell: scene.cell, rowHeight: scene.rowHeight,
      });
      for (const piece of this.pieces[side]) {
        const { node, token } = piece;
        const picked = pinned !== null && pinned.side === side && pinned.token === token;
        const here = focus !== null && focus.side === side && focus.token === token;
        // A causal model never sees what comes later; what it is asked to predict is the piece after the one in focus.
        const later = causal && focus !== null && (side === "to" || focus.side === "from" ? token > focus.token : token < focus.token);
        const next = causal && focus !== null && token === focus.token + 1;
        const strength = (focus !== null && focus.side !== side && shade ? shade.values[token] / (shade.max || 1) : 0).toFixed(3);
        const look = `${picked} ${here} ${later} ${next} ${strength}`;
        if (piece.look === look) continue;
        piece.look = look;
        put(node, "aria-selected", String(picked));
        node.toggleAttribute("data-focus", here);
        node.toggleAttribute("data-later", later);
        node.toggleAttribute("data-next", next);
        style(node, "--exb-strength", strength);
      }
    }
  }

  return { Figure, colours, sizedCanvas };
})();
