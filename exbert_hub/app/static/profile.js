// All layers at once: one stacked bar per layer for the labels of the nearest pieces, and their most frequent words
// (Hoover et al. 2019, figure 4). A click on a layer goes there.

const profile = (() => {
  "use strict";
  const LABELS = 10; // told apart in the bars; the rest is one grey part
  const NAMED = 0.14; // share from which a part has room for its name

  // layers: [{layer, total, bars: [[label, count, share, base, lift, q, low, high, significant]], words}]. The labels stand in the same order in
  // every bar, the most frequent of all layers first. -> {labels, rows: [{layer, total, words, parts}], corpus}
  function arrange(layers, most = LABELS) {
    const counts = new Map(), bases = new Map();
    for (const { bars } of layers) {
      for (const [label, count, , base] of bars) {
        counts.set(label, (counts.get(label) ?? 0) + count);
        bases.set(label, base);
      }
    }
    const labels = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, most).map(([label]) => label);
    const rows = layers.map(({ layer, total, bars, words }) => {
      const own = new Map(bars.map((bar) => [bar[0], bar]));
      const parts = labels.filter((label) => own.has(label)).map((label) => {
        const [, count, share, base, lift, q, low, high, significant] = own.get(label);
        return { label, count, share, base, lift, q, low, high, significant };
      });
      return { layer, total, words, parts: complete(parts, total) };
    });
    const corpus = labels.map((label) => ({ label, count: null, share: bases.get(label), base: bases.get(label), lift: 1 }));
    return { labels, rows, corpus: complete(corpus, null) };
  }

  // Adds what the named labels leave, as a part without a label.
  function complete(parts, total) {
    const share = 1 - parts.reduce((sum, part) => sum + part.share, 0);
    if (share < 0.004) return parts;
    const count = total === null ? null : total - parts.reduce((sum, part) => sum + part.count, 0);
    return [...parts, { label: null, count, share, base: null, lift: null }];
  }

  // Black or white, whichever is easier to read on a colour (WCAG 2.1).
  function ink(hex) {
    const linear = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179 ? "#16181d" : "#ffffff";
  }

  // What all layers depend on: a query of the page without its layer, and heads only where they are searched by.
  function question(values, perLayer) {
    const { heads, by } = values;
    return { ...state.query(values, perLayer), layer: "emb", heads: by === "heads" && heads ? heads : [] };
  }

  class Profile {
    // on: {go(layer), tip}; value: an answer to begin with, as `keep()` returns it
    constructor(store, server, on, value = null) {
      Object.assign(this, { store, server, on });
      this.node = dom.el("section.exb-profile", { "aria-label": "All layers", hidden: true });
      this.field = store.values.profile;
      this.query = value?.query ?? null;
      this.answer = value?.answer ?? null;
      store.subscribe((values, changed) => this.changed(values, changed));
      this.draw();
    }

    // For a saved page.
    keep() {
      return this.answer && { query: this.query, answer: this.answer };
    }

    get open() {
      return Boolean(this.store.values.profile) && this.query !== null;
    }

    changed(values, changed) {
      if (changed.includes("profile")) {
        const before = this.field;
        this.field = values.profile;
        if (before && values.profile && this.query) return this.ask(this.query); // another label; opening asks by itself
      }
      if (changed.includes("profile")) this.draw();
      this.mark();
    }

    async ask(query) {
      const field = this.store.values.profile;
      const key = this.key = JSON.stringify([query, field]);
      if (!state.same(query, this.query)) this.answer = null;
      this.query = query;
      this.node.setAttribute("data-busy", "");
      if (!this.answer) this.draw();
      const answer = await this.server.profile({ query, field }).catch(() => undefined);
      if (this.key !== key) return; // another question was asked meanwhile
      this.answer = answer ?? { notice: { title: "No answer", message: "The server did not answer; try again." } };
      this.node.removeAttribute("data-busy");
      this.draw();
    }

    // Which layer is shown, and whether the bars still belong to the query of the page.
    mark() {
      if (!this.open) return;
      for (const row of this.node.querySelectorAll(".exb-profile-row")) {
        if (row.dataset.layer === String(this.store.values.layer)) row.setAttribute("aria-current", "true");
        else row.removeAttribute("aria-current");
      }
      this.node.toggleAttribute("data-stale", !state.same(question(this.store.values, this.store.heads), this.query));
    }

    draw() {
      const { el, fill, dropdown } = dom;
      this.node.hidden = !this.open;
      if (!this.open) return;
      const field = this.store.values.profile;
      const { answer, query } = this;
      const close = el("button.exb-text-button", { type: "button", "aria-label": "Close all layers", onclick: () => this.store.set({ profile: "" }) }, "✕");
      const title = el("h3", {}, "All layers");
      if (answer && !answer.notice) title.append(" for ", el("mark", { dir: "auto" }, answer.word), answer.masked ? " masked" : "", query.by === "heads" ? ` by ${query.heads.length ? `heads ${query.heads.join(", ")}` : "all heads"}` : " by embedding", query.ablate.length ? `, without ${modes.named(query.ablate)}` : "");
      const names = (this.labels ?? [field]).map((value) => ({ value, label: summaries.nameOf(value) }));
      fill(this.node, el("header.exb-profile-head", {}, title, el("span.exb-spring"),
        this.server ? dropdown("Label of all layers", names, field, (value) => this.store.set({ profile: value })) : el("span.exb-hint", {}, summaries.nameOf(field)), close),
      el("p.exb-stale-note", {}, "The query has changed since; press “All layers” again to renew."), ...this.content(field));
      this.mark();
    }

    content(field) {
      const { el } = dom;
      const { answer } = this;
      if (!answer) return [el("div.exb-skeleton", { role: "status", "aria-label": "Searching every layer" }, ...Array.from({ length: 6 }, () => el("div.exb-bone")))];
      if (answer.notice) return [el("div.exb-notice.exb-error", { role: "alert" }, el("div", {}, el("strong", {}, answer.notice.title), el("p", {}, answer.notice.message)))];
      const { labels, rows, corpus } = arrange(answer.layers);
      const rest = [...rows, { parts: corpus }].some(({ parts }) => parts.some(({ label }) => label === null));
      return [
        el("ol.exb-profile-rows", {}, ...rows.map((row) => el("li", {}, this.row(field, row))),
          el("li.exb-profile-corpus", {}, el("span.exb-profile-layer", {}, "all"), this.bar(field, corpus, false), el("span.exb-hint", {}, "base rate in the corpus"))),
        el("p.exb-legend", {}, ...labels.map((label) => el("span", { dir: "auto" }, el("span.exb-dot", { style: { background: palette.colour(label) } }), summaries.labelOf(field, label))),
          rows.some(({ parts }) => parts.some(({ significant }) => significant === false)) ? el("span", {}, el("span.exb-dot.exb-hollow"), "not to be told from the base rate") : null,
          rest ? el("span", {}, el("span.exb-dot.exb-rest"), "other") : null),
      ];
    }

    row(field, { layer, total, words, parts }) {
      const { el, percent } = dom;
      const said = parts.slice(0, 4).filter(({ label }) => label !== null).map(({ label, share, significant }) => `${summaries.labelOf(field, label)} ${percent(share)}${significant ? "" : ` (${summaries.CHANCE})`}`);
      return el("button.exb-profile-row", {
        type: "button", "data-layer": layer, onclick: () => this.on.go(layer),
        "aria-label": `Layer ${layer}: ${said.join(", ")}; ${words.map(([word, count]) => `${word} ${count}`).join(", ")}`, title: `${words.map(([word, count]) => `${word} ${count}`).join(", ")}${total < 50 ? `\n${total} found` : ""}`,
      }, el("span.exb-profile-layer", {}, String(layer)), this.bar(field, parts),
      el("span.exb-profile-words", { dir: "auto" }, ...words.flatMap(([word, count], i) => [i ? " " : "", el("span", {}, word), el("sub", {}, String(count))])));
    }

    bar(field, parts, named = true) {
      const { el, percent } = dom;
      return el("span.exb-profile-bar", {}, ...parts.map((part) => {
        const { label, count, share, base, lift, q, low, high } = part;
        const chance = part.significant === false;
        const name = label === null ? "other" : summaries.labelOf(field, label);
        const colour = label === null ? null : palette.colour(label);
        const node = el(`span.exb-profile-part${label === null ? ".exb-rest" : ""}`, { "data-label": label, "data-chance": chance, style: { "flex-grow": share, ...(colour ? { "--exb-colour": colour, ...(chance ? {} : { color: ink(colour) }) } : {}) } },
          named && share >= NAMED ? el("span", { dir: "auto" }, name) : null);
        node.addEventListener("pointerenter", () => this.on.tip.show(node, el("strong", { dir: "auto" }, name), el("dl", {},
          ...(count === null ? [] : [el("dt", {}, "count"), el("dd", {}, String(count)), el("dt", {}, "share"), el("dd", {}, low === undefined ? percent(share) : `${percent(share)} (${percent(low)} to ${percent(high)})`)]),
          ...(base === null ? [] : [el("dt", {}, "base rate"), el("dd", {}, percent(base))]),
          ...(count === null || label === null ? [] : [el("dt", {}, "lift"), el("dd", {}, lift === null ? "new" : `${lift.toFixed(1)}×`), el("dt", {}, "q"), el("dd", {}, `${summaries.rate(q)}${chance ? `, ${summaries.CHANCE}` : ""}`)]))));
        node.addEventListener("pointerleave", () => this.on.tip.hide());
        return node;
      }));
    }
  }

  return { Profile, arrange, question, ink };
})();

if (typeof module !== "undefined") module.exports = profile;
