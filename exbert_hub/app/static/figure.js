// The figure: head matrix | pieces | curves | pieces | head matrix. It draws what it is told and reports what the
// pointer and the keyboard do; it knows neither the store nor the server.

const figure = (() => {
  "use strict";
  const { el, svg, fill, roving } = dom;
  const HAIRLINE = 1; // px; without a GPU a browser draws thousands of these four times as fast as of 1.5
  const SVG_LINKS = 240; // SVG is fluid up to about this many links, canvas beyond

  const css = (node, name) => getComputedStyle(node).getPropertyValue(name).trim();

  function sizedCanvas(canvas, width, height) {
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    return pen;
  }

  const count = (number, what) => `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;

  function curve(width, y1, y2) {
    return `M0 ${y1}C${width * 0.45} ${y1} ${width * 0.55} ${y2} ${width} ${y2}`;
  }

  // The one way to draw links, whatever their number. geometry: {width, height, left(i), right(j), strokeWidth}
  function drawCurves(host, edges, geometry) {
    const { width, height, left, right, strokeWidth } = geometry;
    host.style.height = `${height}px`;
    host.dataset.links = edges.count;
    host.dataset.renderer = edges.count > SVG_LINKS ? "canvas" : "svg";
    if (edges.count > SVG_LINKS) {
      const canvas = el("canvas", { "aria-hidden": "true" });
      const pen = sizedCanvas(canvas, width, height);
      pen.strokeStyle = css(host, "--exb-accent");
      pen.lineWidth = strokeWidth;
      for (let i = 0; i < edges.count; i++) {
        const alpha = edges.weight[i] / edges.max;
        if (alpha < 0.004) continue; // below one step of an 8-bit screen
        pen.globalAlpha = alpha;
        pen.stroke(new Path2D(curve(width, left(edges.from[i]), right(edges.to[i]))));
      }
      fill(host, canvas);
      return;
    }
    const drawing = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
    for (let i = 0; i < edges.count; i++) {
      drawing.append(svg("path", {
        d: curve(width, left(edges.from[i]), right(edges.to[i])), "stroke-width": strokeWidth,
        "stroke-opacity": (edges.weight[i] / edges.max).toFixed(4), "data-from": edges.from[i], "data-to": edges.to[i],
      }));
    }
    fill(host, drawing);
  }

  // rows: indices of the shown pieces; values: Float32Array [N, H]; linear from 0 to `max`.
  function drawMatrix(canvas, { rows, values, max, heads, active, hovered, cell, rowHeight }) {
    const pen = sizedCanvas(canvas, heads * cell, rows.length * rowHeight);
    const on = css(canvas, "--exb-accent"), off = css(canvas, "--exb-grey"), ground = css(canvas, "--exb-cell");
    const gap = cell > 5 ? 1 : 0;
    for (let head = 0; head < heads; head++) {
      const lit = hovered === null ? active.has(head) : hovered === head;
      rows.forEach((row, at) => {
        const box = [head * cell, at * rowHeight + gap, cell - gap, rowHeight - gap];
        pen.globalAlpha = 1;
        pen.fillStyle = ground;
        pen.fillRect(...box);
        pen.globalAlpha = max ? values[row * heads + head] / max : 0;
        pen.fillStyle = lit ? on : off;
        pen.fillRect(...box);
      });
    }
  }

  class Figure {
    // on: {hover(side, token|null), pick(side, token), mask(token), search(), hoverHead(head|null), toggleHead(head)}
    constructor(on) {
      this.on = on;
      this.links = el("div.exb-links");
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
      new ResizeObserver(() => { if (this.scene) this.paint(this.scene); }).observe(this.node);
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
      const key = JSON.stringify([shown.map((i) => tokens[i]), shown, ...marks]);
      const list = this.columns[side];
      if (list.dataset.key === key) return;
      const focused = list.contains(document.activeElement) ? { side, token: Number(document.activeElement.dataset.token) } : null;
      const wanted = this.wanted?.side === side && shown.includes(this.wanted.token) ? this.wanted : focused;
      list.dataset.key = key;
      const items = shown.map((i) => el("div.exb-piece", {
        role: "option", "data-token": i, "data-special": tokens[i].special, "data-masked": tokens[i].masked,
        "data-starts": marks.get(i), dir: "auto", "aria-selected": "false",
      }, tokens[i].text));
      fill(list, ...items);
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
      this.node.style.setProperty("--exb-row", `${rowHeight}px`);
      const wide = this.node.clientWidth;
      scene.cell = Math.max(3, Math.min(11, Math.floor((wide * 0.19) / Math.max(scene.heads, 1))));
      for (const side of ["from", "to"]) this.paintSide(side, scene);
      this.paintBorders(scene);
      this.paintVeil(scene.veil);
      const at = { from: maths.places(scene.all.from, scene.rows), to: maths.places(scene.all.to, scene.cols) };
      const middle = (side) => (token) => (at[side].get(token) + 0.5) * rowHeight;
      drawCurves(this.links, scene.edges, {
        width: this.links.clientWidth, height: Math.max(scene.rows.length, scene.cols.length) * rowHeight,
        left: middle("from"), right: middle("to"), strokeWidth: scene.focus ? 2.6 : rowHeight < 20 ? HAIRLINE : 2,
      });
    }

    paintBorders({ windowed, all, start, rows, cols, leaving }) {
      const long = all.from.length > rows.length ? "from" : "to", size = long === "from" ? rows.length : cols.length;
      const beyond = { before: start[long], after: all[long].length - start[long] - size };
      for (const [where, button] of Object.entries(this.borders)) {
        button.hidden = !windowed;
        button.disabled = !beyond[where];
        const links = leaving[where] ? ` · ${count(leaving[where], "link")} ${leaving[where] === 1 ? "leads" : "lead"} there` : "";
        button.textContent = beyond[where] ? `${beyond[where]} more ${where === "before" ? "before ↑" : "after ↓"}${links}`
          : where === "before" ? "The text begins here" : "The text ends here";
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
      for (const piece of this.columns[side].children) {
        const token = Number(piece.dataset.token);
        const picked = pinned !== null && pinned.side === side && pinned.token === token;
        piece.setAttribute("aria-selected", String(picked));
        piece.toggleAttribute("data-focus", focus !== null && focus.side === side && focus.token === token);
        // A causal model never sees what comes later; what it is asked to predict is the piece after the one in focus.
        piece.toggleAttribute("data-later", causal && focus !== null && (side === "to" || focus.side === "from" ? token > focus.token : token < focus.token));
        piece.toggleAttribute("data-next", causal && focus !== null && token === focus.token + 1);
        const strength = focus !== null && focus.side !== side && shade ? shade.values[token] / (shade.max || 1) : 0;
        piece.style.setProperty("--exb-strength", strength.toFixed(3));
      }
    }
  }

  return { Figure, sizedCanvas };
})();
