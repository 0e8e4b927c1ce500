// The page of one head: its scores, what it attends from and to, and sentences from weak to strong.

const headpage = (() => {
  "use strict";
  const { el, fill, percent } = dom;
  const FIRST = 12; // measures shown before "more"
  const SCORES = [
    ["self_attention", "to itself", percent], ["previous", "to the previous piece", percent], ["entropy", "entropy", (value) => `${value.toFixed(2)} nats`],
    ["distance", "mean distance", (value) => value.toFixed(1)], ["distance_variance", "variance of it", (value) => value.toFixed(1)],
  ];
  const SIDES = [["queries", "Attends from (query)"], ["keys", "Attends to (key)"]];

  // The address of the page of a head, and what to paste into another page to show it there.
  const address = ({ model, index }, name, embed) => `${location.origin}${location.pathname}?${state.toQuery({ ...state.DEFAULTS, model, index, head: name, embed })}`;
  function frame(url, title) {
    const safe = (text) => text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");
    return `<iframe src="${safe(url)}" title="${safe(title)}" width="100%" height="900" style="border:0" loading="lazy"></iframe>`;
  }

  class HeadPage extends heads.Panel {
    constructor(store, server) {
      super(store, server, "head", el("section.exb-headpage", { "aria-label": "One head", hidden: true }));
      store.subscribe((values, changed) => { if (changed.includes("head") || changed.includes("embed")) this.ask(); });
      this.tell();
    }

    // What stands in somebody else's page shows nothing but the head; the style sheet asks the root for that.
    tell() {
      document.documentElement.toggleAttribute("data-exb-embed", this.embedded);
    }

    get embedded() {
      return this.store.values.embed && Boolean(this.store.values.head);
    }

    wanted() {
      const { head } = this.store.values;
      return head ? { head } : null;
    }

    draw() {
      this.tell();
      super.draw();
    }

    show(answer) {
      const { head } = this.store.values;
      const fresh = answer?.name !== head && !answer?.notice ? null : answer;
      fill(this.node, this.head(fresh?.name), ...(!fresh ? [heads.bones(`Reading head ${head}`, 8)] : fresh.notice ? [heads.failed(fresh.notice)] : this.content(fresh)));
    }

    head(name) {
      const said = el("span.exb-menu-said", { role: "status" });
      const copy = (what, text) => el("button.exb-text-button", { type: "button", onclick: async () => {
        said.textContent = await exporting.copy(text, what).catch((error) => `That did not work: ${error.message}`);
      } }, `Copy ${what}`);
      const use = () => this.store.set({ layer: this.answer.layer, heads: [this.answer.head], by: "heads" });
      const title = el("h3", {}, `Head ${this.store.values.head}`);
      if (this.embedded) return el("header.exb-profile-head", {}, title, el("span.exb-spring"), el("a.exb-text-button", { href: address(this.scope, this.store.values.head, false), target: "_blank", rel: "noopener" }, "Open in exBERT"));
      return el("header.exb-profile-head", {}, title, said, el("span.exb-spring"),
        ...(name ? [el("button.exb-text-button", { type: "button", onclick: use }, "Use it"), copy("link", address(this.scope, name, false)), copy("embed code", frame(address(this.scope, name, true), `Attention head ${name}`))] : []),
        el("button.exb-text-button", { type: "button", "aria-label": "Close the page of this head", onclick: () => this.store.set({ head: "", embed: false }) }, "✕"));
    }

    content(page) {
      const count = (number) => number.toLocaleString("en");
      const read = page.read === page.sentences ? `all ${count(page.sentences)} sentences` : `an even sample of ${count(page.read)} of ${count(page.sentences)} sentences`;
      return [
        el("dl.exb-head-scores", {}, ...SCORES.map(([name, label, write]) => el("div", { "data-score": name }, el("dt", {}, label), el("dd", {}, write(page.pattern[name])))),
          el("div", { "data-score": "induction", title: page.no_induction || "on random sequences that are repeated" }, el("dt", {}, "induction"), el("dd", {}, page.induction === null ? "–" : percent(page.induction)))),
        el("p.exb-hint", {}, `From the stored attention of ${read}; special tokens count in these figures. Induction: on random sequences that are repeated, attention to what came next the first time${page.no_induction ? ` (${page.no_induction})` : ""}.`),
        this.part("How far it looks", this.distances(page.distances)),
        this.part("What it attends from and to", this.tops(page), "Shares of the attention between words, special tokens left out; lift: against the share of all pieces. Not tested."),
        this.part("What the head finder measured", this.measures(page.scores)),
        this.part("Sentences from weak to strong", el("div", {}, ...page.buckets.map((bucket, i) => this.bucket(bucket, i, page.buckets.length))), "By the largest attention between two words, whatever they are. Point at a piece, or use the arrow keys, to see where it attends."),
      ];
    }

    part(title, node, hint) {
      return el("section.exb-head-part", { "aria-label": title }, el("h4", {}, title), hint ? el("p.exb-hint", {}, hint) : null, node);
    }

    distances(bins) {
      const most = Math.max(...bins.map(({ before, behind }) => before + behind), 1e-9);
      const name = ({ low, high }) => (low === 0 ? "itself" : low === high ? String(low) : `${low}–${high}`);
      return el("div", {}, el("ol.exb-head-bars", {}, ...bins.map((bin) => el("li", { title: `${percent(bin.before)} to pieces before${bin.low ? `, ${percent(bin.behind)} to pieces behind` : " (itself)"}` },
        el("span.exb-head-label", {}, name(bin)), el("span.exb-head-track", {}, el("span.exb-head-bar", { style: { width: `${(100 * bin.before) / most}%` } }), el("span.exb-head-bar.exb-behind", { style: { width: `${(100 * bin.behind) / most}%` } })), el("span.exb-number", {}, percent(bin.before + bin.behind))))),
      el("p.exb-legend", {}, el("span", {}, el("span.exb-heat-key.exb-full"), "to pieces before, or itself"), el("span", {}, el("span.exb-heat-key.exb-behind"), "to pieces behind")));
    }

    tops(page) {
      return el("div.exb-head-tops", {}, ...["piece", "pos", "dep"].flatMap((field) => SIDES.map(([side, title]) => el("div", { "data-side": side, "data-field": field },
        el("h5", {}, `${title}: ${summaries.nameOf(field)}`), this.bars(field, page[side][field])))));
    }

    bars(field, tops) {
      const most = Math.max(...tops.map(({ share }) => share), 1e-9);
      return el("ol.exb-head-bars", {}, ...tops.slice(0, 8).map(({ label, share, base_rate: base, lift }) => el("li", { title: `${percent(share)} of the attention, ${percent(base)} of the pieces` },
        el("span.exb-head-label", { dir: "auto" }, field === "piece" ? label : summaries.labelOf(field, label)), el("span.exb-head-track", {}, el("span.exb-head-bar", { style: { width: `${(100 * share) / most}%`, ...(field === "piece" ? {} : { background: palette.colour(label) }) } })),
        el("span.exb-number", {}, `${percent(share)} · ${lift.toFixed(1)}×`))));
    }

    measures(scores) {
      const rows = (shown) => shown.map((score) => el("tr", { "data-chance": score.significant === false }, el("th", { scope: "row" }, heads.said(score)), el("td", {}, heads.words(score, score.measure))));
      const body = el("tbody", {}, ...rows(scores.slice(0, FIRST)));
      const more = el("button.exb-text-button", { type: "button", onclick: () => { body.append(...rows(scores.slice(FIRST))); more.remove(); } }, `${scores.length - FIRST} more`);
      return el("div", {}, el("table.exb-head-measures", {}, body), scores.length > FIRST ? more : null);
    }

    bucket({ low, high, count, sentences }, number, all) {
      return el("section.exb-head-bucket", { "aria-label": `Part ${number + 1} of ${all}` },
        el("h5", {}, `${number + 1} of ${all}`, el("span.exb-hint", {}, ` strongest link ${low.toFixed(2)} to ${high.toFixed(2)}, ${count.toLocaleString("en")} sentences`)),
        el("ol.exb-finder-examples", {}, ...sentences.map((sentence) => this.sentence(sentence))));
    }

    sentence({ text, strength, offsets, special, strongest, edges }) {
      const pieces = offsets.map((_, i) => el(special[i] === null ? "span.exb-head-piece" : "span.exb-head-piece.exb-head-special", { "data-piece": i }, ...(special[i] === null ? [] : [special[i]])));
      const words = offsets.flatMap(([start, end], i) => (special[i] === null ? [[start, end, pieces[i]]] : []));
      const first = special.findIndex((name) => name === null);
      const chips = (from) => pieces.filter((_, i) => special[i] !== null && (i < first) === from).flatMap((chip) => [chip, " "]);
      const line = el("p.exb-sentence", { dir: "auto" }, ...chips(true), ...heads.marked(text, words), " ", ...chips(false));
      const item = el("li.exb-head-sentence", { tabindex: 0 }, el("span.exb-score", { title: "strongest link" }, strength.toFixed(2)), line);
      const show = (source) => {
        const own = new Map(edges.filter(([from]) => from === source).map(([, to, weight]) => [to, weight]));
        pieces.forEach((piece, i) => {
          piece.toggleAttribute("data-source", i === source);
          piece.style.setProperty("--exb-strength", own.get(i) ?? 0);
        });
      };
      const order = pieces.map((_, i) => i);
      let at = strongest ? strongest[0] : 0;
      const rest = () => { at = strongest ? strongest[0] : 0; show(strongest ? at : -1); };
      line.addEventListener("pointerover", (event) => { const piece = event.target.closest("[data-piece]"); if (piece) show(Number(piece.dataset.piece)); });
      line.addEventListener("pointerleave", rest);
      item.addEventListener("blur", rest);
      item.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        at = Math.min(order.length - 1, Math.max(0, at + step));
        show(at);
      });
      rest();
      return item;
    }
  }

  return { HeadPage, address, frame };
})();
