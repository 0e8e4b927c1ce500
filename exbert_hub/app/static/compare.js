// Two views of the picked token side by side (masked, without heads, in another sentence, by another model), and what
// each layer would predict for it. The server compares; this draws.

const compare = (() => {
  "use strict";
  const { el, refill, percent } = dom;
  const KINDS = [
    { value: "mask", label: "masked" }, { value: "heads", label: "silenced heads" }, { value: "text", label: "another sentence" },
    { value: "model", label: "another model" }, { value: "lens", label: "logit lens" },
  ];
  const SAYS = {
    mask: "The token as it stands against the token masked.", heads: "With all heads against without the silenced ones.",
    text: "The same word in another sentence.", model: "Another model on the same sentence; its index must be of the same corpus.",
    lens: "What the model would predict if it ended at each layer.",
  };

  // A signed share as it travels, 127 * sign * sqrt(|d|): its value, -1 to 1.
  const signed = (code) => { const root = (code > 127 ? code - 256 : code) / 127; return root * Math.abs(root); };

  // Difference of one layer, the mean over the chosen heads: Float32Array [N * N].
  function difference(codes, heads, size) {
    const sum = new Float32Array(size * size);
    for (const head of heads) for (let i = 0; i < sum.length; i++) sum[i] += signed(codes[head * sum.length + i]) / heads.length;
    return sum;
  }

  class Compare {
    constructor(store, server) {
      Object.assign(this, { store, server, answer: null, key: null });
      this.node = el("section.exb-compare", { "aria-label": "Compare", hidden: true });
      store.subscribe((values, changed) => this.changed(changed));
      this.changed(["compare"]);
    }

    question() {
      const { compare: kind, against, profile: field, token } = this.store.values;
      if (!kind || token === null || this.store.values.layer === null || !this.server) return null;
      if (["text", "model"].includes(kind) && !against) return null;
      const query = state.query(this.store.values, this.store.heads);
      // layers are compared all at once, and heads matter only where they are searched by
      return { kind, against, field: field || "pos", query: query.by === "heads" ? query : { ...query, layer: "emb", heads: [] } };
    }

    async changed(names) {
      if (!this.store.values.compare && !names.includes("compare")) return;
      if (names.every((name) => ["hide", "top", "window", "colour", "span"].includes(name))) return;
      const question = this.question(), key = question && JSON.stringify(question);
      if (key && key !== this.key) {
        this.key = key;
        this.answer = null;
        this.draw();
        const answer = await this.server[question.kind === "lens" ? "lens" : "compare"](question).catch(() => undefined);
        if (this.key !== key) return;
        this.answer = answer ?? { notice: { title: "No answer", message: "The server did not answer; try again." } };
      } else if (!key) this.key = this.answer = null;
      this.draw();
    }

    draw() {
      const { compare: kind, against, token } = this.store.values;
      this.node.hidden = !kind;
      if (!kind) return;
      const set = (patch) => this.store.set(patch);
      const close = el("button.exb-text-button", { type: "button", "aria-label": "Close the comparison", onclick: () => set({ compare: "" }) }, "✕");
      const wants = ["text", "model"].includes(kind);
      const box = el("input.exb-compare-box", { type: "text", value: against, dir: "auto", "aria-label": kind === "text" ? "Other sentence" : "Other model",
        placeholder: kind === "text" ? "Another sentence with this word" : "Another model: Hub id or folder", onchange: () => set({ against: box.value }) });
      refill(this.node, el("header.exb-profile-head", {}, el("h3", {}, "Compare"), el("span.exb-spring"), close),
        dom.segmented("Compare with", KINDS, kind, (value) => set({ compare: value, against: "" })).node,
        el("p.exb-hint", {}, SAYS[kind]), wants ? box : null,
        ...(token === null ? [el("p.exb-hint", {}, "Pick a piece in the figure first.")] : this.content()));
    }

    content() {
      const { answer } = this, { compare: kind, ablate } = this.store.values;
      if (kind === "heads" && !ablate.length) return [el("p.exb-hint", {}, "Silence some heads first: choose them above the figure, then press “silence”.")];
      if (!answer) return this.key ? [el("div.exb-skeleton", { role: "status", "aria-label": "Comparing" }, ...Array.from({ length: 6 }, () => el("div.exb-bone")))] : [];
      if (answer.notice) return [el("div.exb-notice.exb-error", { role: "alert" }, el("div", {}, el("strong", {}, answer.notice.title), el("p", {}, answer.notice.message)))];
      return this.store.values.compare === "lens" ? [this.lens(answer.layers)] : answer.sides ? this.sides(answer) : [];
    }

    table(heads, rows) {
      return el("div.exb-compare-scroll", {}, el("table.exb-compare-table", {}, el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
        el("tbody", {}, ...rows.map(([layer, ...cells]) => el("tr", { "data-layer": layer, "aria-current": layer === this.store.values.layer ? "true" : false },
          el("th", { scope: "row" }, String(layer)), ...cells.map((cell) => el("td", {}, cell)))))));
    }

    guesses(list) {
      return el("span.exb-compare-guesses", { dir: "auto" }, ...list.flatMap(([text, probability]) => [el("span", {}, text, " ", el("span.exb-hint", {}, percent(probability))), " "]));
    }

    lens(layers) {
      return this.table(["layer", "predictions"], layers.map((layer, number) => [number, this.guesses(layer)]));
    }

    sides(answer) {
      const names = answer.sides.map((side, i) => `${"AB"[i]}: ${side}${this.store.values.compare === "model" ? ` by ${answer.models[i]}` : ""}`);
      const cka = answer.layers.some((layer) => layer.cka !== null);
      const both = profile.arrange(answer.profiles.flat());
      const half = answer.profiles[0].length;
      const rows = answer.layers.map((layer, i) => [layer.layer, this.bar(both.rows[i]), this.bar(both.rows[half + i]), layer.rbo.toFixed(2), layer.jaccard.toFixed(2), String(layer.shared),
        ...(cka ? [el("span", { title: `chance: ${layer.chance.toFixed(3)}` }, layer.cka.toFixed(3))] : [])]);
      return [
        el("dl.exb-compare-sides", {}, ...names.flatMap((name, i) => [el("dt", { dir: "auto" }, name), el("dd", {}, answer.predictions[i].length ? this.guesses(answer.predictions[i]) : "no predictions")])),
        this.table(["layer", "A", "B", "RBO", "Jaccard", "shared", ...(cka ? ["CKA"] : [])], rows),
        el("p.exb-legend", {}, ...both.labels.map((label) => el("span", {}, el("span.exb-dot", { style: { background: palette.colour(label) } }), label))),
        el("p.exb-hint", {}, `Labels of the words of the ${answer.k} nearest pieces, per layer. RBO and Jaccard say how much the two lists of words overlap, with and without their order: 1 is the same, 0 nothing in common; shared counts the words of both.${cka ? " CKA says how alike the whole layers are over the corpus: 1 is the same but for a rotation." : ""}`),
        answer.attention ? this.attention(answer.attention) : el("p.exb-hint", {}, answer.no_attention),
      ];
    }

    bar({ parts }) {
      return el("span.exb-profile-bar", { role: "img", "aria-label": parts.map(({ label, share }) => `${label ?? "other"} ${percent(share)}`).join(", ") }, ...parts.map(({ label, share }) => el(`span.exb-profile-part${label === null ? ".exb-rest" : ""}`, {
        "data-label": label, title: `${label ?? "other"} ${percent(share)}`, style: { "flex-grow": share, ...(label === null ? {} : { "--exb-colour": palette.colour(label) }) } })));
    }

    attention({ tokens, layers, shift, mean_of_heads: mean }) {
      const { layer, heads: chosen } = this.store.values, code = layers[layer], moved = shift[layer];
      const where = mean ? "mean of the heads" : chosen ? `heads ${chosen.join(", ")}` : "all heads";
      const title = el("h4", {}, `Attention of B minus A, layer ${layer}, ${where}`);
      const all = moved?.map((_, head) => head) ?? [], heads = mean || !chosen ? all : chosen.filter((head) => head in all);
      if (!code || !heads.length) return el("div", {}, title, el("p.exb-hint", {}, moved ? "Choose a head; of texts of more than 128 pieces there is no picture." : "There is no attention at this layer."));
      const size = tokens[0].length, values = difference(maths.decodeBase64(code), heads, size);
      const most = Math.max(...values.map(Math.abs));
      if (most < 1e-5) return el("div", {}, title, el("p.exb-hint", {}, "It is the same on both sides."));
      const cells = Array.from({ length: size }, (_, row) => el("span.exb-diff-row", {}, el("span.exb-diff-name", { dir: "auto" }, tokens[0][row]), ...Array.from({ length: size }, (__, col) => {
        const value = values[row * size + col];
        return el("span.exb-diff-cell", { title: `${tokens[0][row]} → ${tokens[0][col]}: ${value > 0 ? "+" : ""}${value.toFixed(3)}`, "data-sign": value < 0 ? "less" : "more", style: { "--exb-strength": Math.sqrt(Math.abs(value) / most).toFixed(3) } });
      })));
      const top = all.map((head) => [moved[head], head]).sort((a, b) => b[0] - a[0]).slice(0, 4).map(([share, head]) => (mean ? percent(share) : `head ${head}: ${percent(share)}`)).join(", ");
      return el("div", {}, title, el("div.exb-diff", { role: "img", "aria-label": `Difference of attention at layer ${layer}; most moved: ${top}` }, ...cells),
        el("p.exb-legend", {}, el("span", {}, el("span.exb-dot.exb-less"), "less in B"), el("span", {}, el("span.exb-dot.exb-more"), "more in B"), el("span", {}, `strongest colour: ${most.toFixed(2)}`)),
        el("p.exb-hint", {}, `Attention that went elsewhere: ${top}. From each piece (downwards) to each piece (across).`));
    }
  }

  return { Compare, difference, signed };
})();

if (typeof module !== "undefined") module.exports = compare;
