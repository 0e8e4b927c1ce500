// Which head does what: a heat map of all heads by one measure, the best of them, and sentences that show it.

const heads = (() => {
  "use strict";
  const { el, fill, dropdown, percent } = dom;

  const NAMES = { dependency: "dependency", offset: "position attended to", special: "special tokens", self: "itself", same_lemma: "same lemma", same_pos: "same POS", punctuation: "punctuation", earlier_name: "earlier name", entropy: "entropy" };
  const DIRECTIONS = { to_head: "dependant → head", to_dependant: "head → dependant" };
  const nameOf = (measure) => NAMES[measure] ?? (measure.startsWith("attended_") ? `${summaries.nameOf(measure.slice(9))} attended to` : measure);
  const labelOf = (measure, label) => (measure === "offset" && label === "0" ? "itself" : label);
  const figure = (measure, value) => (measure === "entropy" ? value.toFixed(2) : percent(value));

  // "measure:direction:label" as in the address; a label may have colons.
  const write = ({ measure, direction, label }) => [measure, direction, label].join(":");
  function read(text) {
    const [measure = "", direction = "", ...label] = text.split(":");
    return { measure, direction, label: label.join(":") };
  }

  const said = ({ measure, direction, label }) => [nameOf(measure), labelOf(measure, label), DIRECTIONS[direction]].filter(Boolean).join(", ");

  // What a score is, in words; `significant` is null where nothing is tested.
  function words(score, measure) {
    const chance = score.significant === null ? "" : score.significant ? `, q ${summaries.rate(score.q)}` : `, ${summaries.CHANCE}`;
    return `${figure(measure, score.value)}, baseline ${figure(measure, score.baseline)}${score.lift === null || measure === "entropy" ? "" : `, lift ${score.lift.toFixed(1)}×`}${chance}`;
  }

  // Text with some of its stretches as elements. spans: [[start, end, element]], in order; those that overlap stay out.
  function marked(text, spans) {
    const parts = [];
    let end = 0;
    for (const [start, stop, node] of spans) {
      if (start < end || stop <= start) continue;
      const piece = text.slice(start, stop), lead = piece.length - piece.trimStart().length;
      node.append(piece.slice(lead));
      parts.push(text.slice(end, start + lead), node);
      end = stop;
    }
    return [...parts, text.slice(end)];
  }

  function example({ text, source, target, attention }) {
    const spans = [[...source, el("mark.exb-head-source", { title: "attends" })]];
    if (target && String(target) !== String(source)) spans.push([...target, el("span.exb-head-target", { title: "is attended to" })]);
    return el("li", {}, el("span.exb-score", { title: "attention" }, attention.toFixed(2)), el("p.exb-sentence", { dir: "auto" }, ...marked(text, spans.sort((a, b) => a[0] - b[0]))));
  }

  function failed({ title, message }) {
    return el("div.exb-notice.exb-error", { role: "alert" }, el("div", {}, el("strong", {}, title), el("p", {}, message)));
  }

  const bones = (label, count) => el("div.exb-skeleton", { role: "status", "aria-label": label }, ...Array.from({ length: count }, () => el("div.exb-bone")));

  // A part of the evidence that asks the server for one thing at a time. kind: the server function.
  class Panel {
    constructor(store, server, kind, node) {
      Object.assign(this, { store, server, kind, node, scope: null, key: null, answer: null });
    }

    // scope: the model and index on the page, null without an index
    follow(scope) {
      this.scope = scope;
      this.ask();
    }

    get open() {
      return Boolean(this.server && this.scope && this.wanted());
    }

    async ask() {
      if (!this.open) {
        this.key = this.answer = null;
        return this.draw();
      }
      const question = { ...this.scope, ...this.wanted() }, key = JSON.stringify(question);
      if (key === this.key) return;
      this.key = key;
      this.node.setAttribute("data-busy", "");
      if (!this.answer) this.draw();
      const answer = await this.server[this.kind](question).catch(() => undefined);
      if (this.key !== key) return; // another question was asked meanwhile
      this.answer = answer ?? { notice: { title: "No answer", message: "The server did not answer; try again." } };
      this.node.removeAttribute("data-busy");
      this.draw();
    }

    draw() {
      this.node.hidden = !this.open;
      if (this.open) this.show(this.answer);
    }
  }

  class Finder extends Panel {
    constructor(store, server, tip) {
      super(store, server, "heads", el("section.exb-finder", { "aria-label": "Find a head", hidden: true }));
      this.tip = tip;
      this.examples = el("div", { "aria-live": "polite" });
      store.subscribe((values, changed) => {
        if (changed.includes("finder")) this.ask();
        else if (changed.some((name) => ["layer", "heads"].includes(name))) this.mark();
      });
    }

    wanted() {
      const { finder } = this.store.values;
      return finder ? read(finder) : null;
    }

    show(answer) {
      const close = el("button.exb-text-button", { type: "button", "aria-label": "Close the heat map", onclick: () => this.store.set({ finder: "" }) }, "✕");
      const head = el("header.exb-profile-head", {}, el("h3", {}, "Which head does it?"), el("span.exb-spring"), close);
      this.cells = [];
      fill(this.node, head, ...(!answer ? [bones("Reading all heads", 5)] : answer.notice ? [failed(answer.notice)] : this.content(answer)));
      this.mark();
    }

    content({ columns, chosen, grid, best }) {
      const of = (position, fixed) => [...new Set(columns.filter((column) => fixed.every(([at, value]) => column[at] === value)).map((column) => column[position]))];
      const directions = of(2, [[0, chosen.measure]]), labels = of(1, [[0, chosen.measure], [2, chosen.direction]]);
      const set = (patch) => {
        const next = { ...chosen, ...patch };
        const fits = columns.filter(([measure, , direction]) => measure === next.measure && (!("direction" in patch) || direction === next.direction));
        const [measure, label, direction] = fits.find((column) => column[1] === next.label && (column[2] === next.direction)) ?? fits.find((column) => column[1] === next.label) ?? fits[0];
        this.store.set({ finder: write({ measure, label, direction }) });
      };
      const list = (values, naming) => values.map((value) => ({ value, label: naming(value) }));
      fill(this.examples);
      return [
        el("div.exb-finder-choice", {}, el("span.exb-label", {}, "Attention to"),
          dropdown("Measure", list(of(0, []), nameOf), chosen.measure, (measure) => set({ measure })),
          directions.length > 1 ? dropdown("Direction", list(directions, (value) => DIRECTIONS[value] ?? "any"), chosen.direction, (direction) => set({ direction })) : null,
          labels.length > 1 ? dropdown("Label", list(labels, (label) => labelOf(chosen.measure, label)), chosen.label, (label) => set({ label })) : null),
        this.map(grid, chosen),
        el("p.exb-legend", {}, el("span", {}, el("span.exb-heat-key"), chosen.measure === "entropy" ? "the sharper the darker; not tested" : "above the baseline"), el("span", {}, el("span.exb-heat-key.exb-hollow"), "not to be told from the baseline (q ≥ 0.05)")),
        el("ol.exb-finder-best", { "aria-label": "The best heads" }, ...best.map((score) => el("li", {}, el("button.exb-finder-head", { type: "button", "data-name": score.name, "data-chance": score.significant === false, onclick: () => this.use(score, chosen) },
          el("strong", {}, score.name), el("span", {}, words(score, chosen.measure)))))),
        this.examples,
      ];
    }

    map(grid, chosen) {
      const most = Math.max(0, ...grid.map((layer) => layer.length));
      const scale = Math.max(1e-9, ...grid.flat().map((score) => score?.excess ?? 0));
      const table = el("div.exb-heat", { role: "grid", "aria-label": `Heads by ${said(chosen)}`, style: { "--exb-heads": most } });
      const cell = (score) => el("button.exb-heat-cell", {
        type: "button", role: "gridcell", tabindex: -1, "data-name": score.name, "data-chance": score.significant === false,
        "aria-label": `Head ${score.name}: ${words(score, chosen.measure)}`, style: { "--exb-strength": Math.max(0, score.excess / scale).toFixed(3) },
        "data-dark": score.excess / scale > 0.55, onclick: () => this.use(score, chosen),
        onpointerenter: (event) => this.tip.show(event.target, el("strong", {}, `head ${score.name}`), words(score, chosen.measure), ` (n ${score.n.toLocaleString("en")})`), onpointerleave: () => this.tip.hide(),
      }, chosen.measure === "entropy" ? score.value.toFixed(1) : String(Math.round(100 * score.value)));
      const lines = grid.map((layer, number) => {
        const name = el("span.exb-grid-name", { role: "rowheader" }, String(number));
        const cells = layer.map((score) => score && cell(score));
        if (cells.some(Boolean)) this.cells.push(cells.filter(Boolean));
        return el("div.exb-heat-row", { role: "row" }, name, ...(layer.length ? cells.map((one) => one ?? el("span", { role: "gridcell" })) : [el("span.exb-grid-gap", { role: "gridcell" }, "no attention")]));
      });
      fill(table, el("div.exb-heat-row", { role: "row" }, el("span.exb-grid-name", { role: "columnheader" }, ""), ...Array.from({ length: most }, (_, head) => el("span.exb-grid-name", { role: "columnheader" }, String(head)))), ...lines);
      table.addEventListener("keydown", (event) => dom.walkGrid(event, this.cells));
      if (this.cells.length) this.cells[0][0].tabIndex = 0;
      return table;
    }

    // Which head is in use.
    mark() {
      if (!this.open) return;
      const { layer, heads: chosen } = this.store.values, name = chosen?.length === 1 ? `${layer}-${chosen[0]}` : null;
      for (const cell of this.node.querySelectorAll(".exb-heat-cell")) cell.setAttribute("aria-selected", String(cell.dataset.name === name));
    }

    async use({ name, layer, head }, chosen) {
      this.store.set({ layer, heads: [head], by: "heads" });
      const key = this.used = `${this.key} ${name}`;
      fill(this.examples, bones("Looking for sentences", 3));
      const answer = await this.server.head_examples({ ...this.scope, ...chosen, head: name }).catch(() => undefined);
      if (this.used !== key) return;
      const open = el("button.exb-text-button", { type: "button", onclick: () => this.store.set({ head: name }) }, `All about head ${name}`);
      fill(this.examples, el("header.exb-finder-said", {}, el("h4", {}, `Head ${name} at its clearest: ${said(chosen)}`), open),
        ...(!answer || answer.notice ? [failed(answer?.notice ?? { title: "No answer", message: "The server did not answer; try again." })]
          : answer.examples.length ? [el("ol.exb-finder-examples", {}, ...answer.examples.map(example))] : [el("p.exb-hint", {}, "In no sentence does it give the most attention to that.")]));
    }
  }

  return { Finder, Panel, bones, failed, figure, labelOf, marked, nameOf, read, said, words, write };
})();

if (typeof module !== "undefined") module.exports = heads;
