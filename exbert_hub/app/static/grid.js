// Every head of every layer at a glance: a thumbnail of each attention matrix; a click opens that head alone.

const grid = (() => {
  "use strict";
  const SIZE = 48; // px of a thumbnail at most; the server has the same

  // The codes of one head among the visible pieces, at most `size` on a side. Where pieces share a pixel the largest
  // code stays, so that a thin line is never lost. -> {width, height, codes}
  function thumbnail(layer, head, rows, cols, size = SIZE) {
    const height = Math.min(size, rows.length), width = Math.min(size, cols.length);
    const codes = new Uint8ClampedArray(width * height);
    rows.forEach((row, i) => {
      const y = Math.floor((i * height) / rows.length), start = (head * layer.rows + row) * layer.cols;
      cols.forEach((col, j) => {
        const at = y * width + Math.floor((j * width) / cols.length), code = layer.codes[start + col];
        if (code > codes[at]) codes[at] = code;
      });
    });
    return { width, height, codes };
  }

  function paint(canvas, { width, height, codes }, [red, green, blue]) {
    canvas.width = width;
    canvas.height = height;
    if (!codes.length) return;
    const pen = canvas.getContext("2d"), image = pen.createImageData(width, height);
    codes.forEach((code, i) => image.data.set([red, green, blue, code], 4 * i)); // the code is the square root: faint attention shows
    pen.putImageData(image, 0, 0);
  }

  // Thumbnails that the server made. layer: {heads, height, width, data}
  function unpack({ heads, height, width, data }) {
    const codes = maths.decodeBase64(data), size = height * width;
    return Array.from({ length: heads }, (_, head) => ({ height, width, codes: codes.subarray(head * size, (head + 1) * size) }));
  }

  class Grid {
    // on: {open(layer, head), close(), server(), offline}; server(): who has the attention that is too much to send at once
    constructor(on) {
      this.on = on;
      this.table = dom.el("div.exb-grid-table", { role: "grid", "aria-label": "Attention of every head" });
      this.table.addEventListener("keydown", (event) => this.walk(event));
      this.node = dom.el("section.exb-grid", { hidden: true, "aria-label": "Every layer and head" },
        dom.el("header.exb-grid-head", {}, dom.el("p.exb-hint", {}, "One square per head: from each piece (downwards) to each piece (across). Open one to see its curves."),
          dom.el("button.exb-text-button", { type: "button", onclick: () => this.on.close() }, "Back to the curves")),
        this.table);
    }

    // layers: as maths takes them, null for a gap, without codes where they are not here; request: what they belong to;
    // chosen: {layer, heads}
    update(layers, request, rows, cols, chosen) {
      const key = JSON.stringify([request, rows, cols]);
      this.chosen = chosen;
      if (this.key !== key) {
        this.key = key;
        const here = !rows.length || !cols.length || layers.every((layer) => !layer || layer.codes);
        const make = (layer) => (layer.codes ? maths.allHeads(layer).map((head) => thumbnail(layer, head, rows, cols)) : "not in this saved page");
        if (here || this.on.offline) this.build(layers.map((layer) => layer && make(layer)));
        else this.fetch(key, { request, rows, cols });
      }
      this.mark();
    }

    async fetch(key, question) {
      this.buttons = [];
      dom.fill(this.table, dom.el("div.exb-skeleton", { role: "status", "aria-label": "Reading all layers" }, ...Array.from({ length: 6 }, () => dom.el("div.exb-bone"))));
      const answer = await this.on.server()?.thumbnails(question).catch(() => undefined);
      if (this.key !== key) return; // another text is shown by now
      if (answer?.layers) this.build(answer.layers.map((layer) => layer && unpack(layer)));
      else {
        dom.fill(this.table, dom.el("p.exb-hint", { role: "alert" }, answer?.notice?.message ?? "The server did not answer."),
          dom.el("button.exb-text-button", { type: "button", onclick: () => this.fetch(key, question) }, "Try again"));
      }
      this.mark();
    }

    mark() {
      const { chosen } = this;
      for (const button of this.buttons.flat()) {
        const { layer, head } = button.dataset;
        button.setAttribute("aria-selected", String(Number(layer) === chosen.layer && (chosen.heads?.includes(Number(head)) ?? true)));
      }
    }

    // layers: thumbnails of the heads of each layer; null for a gap, a text for another reason why there are none
    build(layers) {
      const { el, fill } = dom;
      const most = Math.max(0, ...layers.map((layer) => (Array.isArray(layer) ? layer.length : 0)));
      this.table.style.setProperty("--exb-heads", most);
      const colour = figure.colours(this.table).accent;
      this.buttons = [];
      const lines = layers.map((layer, number) => {
        const name = el("span.exb-grid-name", { role: "rowheader" }, String(number));
        if (!Array.isArray(layer)) return el("div.exb-grid-row", { role: "row" }, name, el("span.exb-grid-gap", { role: "gridcell" }, layer ?? "no attention"));
        const buttons = layer.map((small, head) => {
          const canvas = el("canvas", { "aria-hidden": "true" });
          paint(canvas, small, colour);
          return el("button.exb-thumbnail", {
            type: "button", role: "gridcell", tabindex: -1, title: `head ${number}-${head}`, "aria-label": `Layer ${number}, head ${head}`,
            "data-layer": number, "data-head": head, onclick: () => this.on.open(number, head),
          }, canvas);
        });
        this.buttons.push(buttons);
        return el("div.exb-grid-row", { role: "row" }, name, ...buttons);
      });
      fill(this.table, el("div.exb-grid-row", { role: "row" }, el("span.exb-grid-name", { role: "columnheader" }, ""),
        ...Array.from({ length: most }, (_, head) => el("span.exb-grid-name", { role: "columnheader" }, String(head)))), ...lines);
      if (this.buttons.length) this.buttons[0][0].tabIndex = 0;
    }

    // One tab stop; the arrow keys go through heads and layers.
    walk(event) {
      if (event.key === "Escape") this.on.close();
      dom.walkGrid(event, this.buttons);
    }
  }

  return { Grid, thumbnail };
})();

if (typeof module !== "undefined") module.exports = grid;
