// The evidence: what a search found, as sentences and as histograms. Filtering, colouring and shading stay in the browser.

const evidence = (() => {
  "use strict";
  const { el, fill, refill, segmented, dropdown } = dom;
  const { nameOf, labelOf } = summaries;
  const TITLES = { match: "Matched token", max_attention: "Token it attends to most", next: "Token that follows" };
  const FIELD_OF = { match: "match", max_attention: "attended", next: "next" }; // names in the store
  const OPEN_CLASS = new Set(["piece", "text", "lemma", "head_text"]); // too many values for a colour to say anything

  class Evidence {
    constructor(element, { props, trigger, watch, server, build = () => null }, store, bus) {
      Object.assign(this, { element, props, trigger, store, server, build }); // build(): what builds indexes, where visitors may
      this.request = () => null; // what the attention view shows; the page knows
      this.asker = new state.Asker((query) => this.trigger("search", { query }));
      this.expanded = new Set();
      this.root = el("section.exb-evidence", { "aria-label": "Evidence from the corpus" });
      fill(element, this.root);
      this.tip = dom.tooltip(element);
      this.layers = new profile.Profile(store, server, { go: (layer) => bus.dispatchEvent(new CustomEvent("go", { detail: layer })), tip: this.tip }, saved.kept?.profile);
      this.beside = new compare.Compare(store, server);
      this.finder = new heads.Finder(store, server, this.tip);
      this.head = new headpage.HeadPage(store, server);
      bus.addEventListener("profile", ({ detail }) => this.profile(detail));
      store.subscribe((values, changed) => this.changed(changed));
      bus.addEventListener("search", ({ detail }) => this.searching(detail));
      watch("value", () => this.receive(props.value));
      this.receive(props.value);
      if (store.searched) this.searching(store.searched);
      if (store.profiled) this.profile(store.profiled);
    }

    profile(query) {
      this.layers.ask(query);
      if (!this.results && !this.value.notice) this.draw();
    }

    frame(...content) {
      const panels = [this.head, this.finder, this.layers, this.beside].map(({ node }) => node);
      const focused = panels.some((node) => node.contains(document.activeElement)) ? document.activeElement : null;
      fill(this.root, this.title(), ...panels, ...content);
      focused?.focus();
    }

    receive(message) {
      if (!message) return;
      const value = JSON.parse(message);
      if (value.query && !this.asker.answers(value.query)) return; // an answer to an older question
      if (!value.query || !this.value || state.same(value.scope, this.value.scope)) this.value = value; // else another model is shown by now
      this.layers.labels = this.value.index?.labels;
      for (const panel of [this.head, this.finder]) panel.follow(this.value.index ? this.value.scope : null);
      this.results = this.value.results;
      this.root.removeAttribute("data-busy");
      this.element.dataset.received = String(Number(this.element.dataset.received ?? 0) + 1);
      if (!value.query && this.asker.flying) this.searching(this.asker.wanted); // a link that also searches
      else this.draw();
    }

    searching(query) {
      this.asker.ask(query);
      this.root.setAttribute("data-busy", "");
      if (!this.results) this.frame(this.skeleton());
    }

    changed(names) {
      if (names.includes("profile") && this.value && !this.results && !this.root.hasAttribute("data-busy")) this.draw();
      if (!this.results) return;
      if (names.some((name) => ["match", "attended", "next", "filter"].includes(name))) this.drawSummaries();
      if (names.some((name) => ["colour", "direction", "span", "filter"].includes(name))) this.drawResults();
      this.markStale();
    }

    // Results belong to the query they were found for; as soon as the page shows another one they are marked.
    markStale() {
      const stale = !state.same(state.query(this.store.values, this.store.heads), this.results.query);
      this.root.toggleAttribute("data-stale", stale);
      this.staleNote.hidden = !stale;
    }

    // --- states without results -----------------------------------------------------------------------------------

    skeleton() {
      return el("div.exb-skeleton", { role: "status", "aria-label": "Searching" },
        ...Array.from({ length: 9 }, (_, i) => el("div.exb-bone", { style: { width: `${96 - ((i * 37) % 41)}%` } })));
    }

    message(title, ...content) {
      return el("div.exb-empty", {}, el("div.exb-empty-mark", { "aria-hidden": "true" }, el("span"), el("span"), el("span")), el("h2", {}, title), ...content);
    }

    title() {
      const index = this.value.index;
      if (!index) return null;
      const count = (number) => number.toLocaleString("en");
      return el("header.exb-title", {}, el("h2", { dir: "auto" }, index.corpus),
        el("span.exb-hint", {}, `${count(index.pieces)} pieces in ${count(index.sentences)} sentences · annotated by ${index.annotator.replace("spacy:", "spaCy ")}`),
        this.server ? el("button.exb-text-button", { type: "button", onclick: () => this.store.set({ finder: this.store.values.finder ? "" : "best" }) }, "Find a head") : null,
        menu.button("Export", () => this.exports()).node);
    }

    welcome() {
      const index = this.value.index;
      if (!index) {
        if (this.value.offer) return this.offered(this.value.offer);
        return this.message("No corpus index is open",
          el("p", {}, "The attention view works without one. To see which words of a corpus a layer or a head treats alike, build an index once:"),
          this.build() && el("button.exb-primary", { type: "button", onclick: () => this.build().open() }, "Build one here"),
          el("pre.exb-code", {}, el("code", {}, this.value.how.cli)),
          el("p", {}, "or in Python:"),
          el("pre.exb-code", {}, el("code", {}, this.value.how.python)),
          el("p.exb-hint", {}, "Any text file, folder, dataset or CoNLL-U treebank will do."));
      }
      return this.message("What has this layer learned?",
        el("ol", {}, el("li", {}, "Click a piece in the figure; double-click it to mask it."), el("li", {}, "Choose a layer, and heads if you like."),
          el("li", {}, "Search by embedding or by heads.")),
        el("p.exb-hint", {}, `The 50 nearest of ${index.pieces.toLocaleString("en")} pieces of ${index.corpus} appear here, with what their annotation has in common.`));
    }

    // A stranger's index is opened only when somebody asks for it.
    offered(offer) {
      const open = el("button.exb-primary", { type: "button", onclick: () => {
        this.frame(this.skeleton());
        this.trigger("accept", { request: this.request() });
      } }, `Open ${offer.repo}`);
      return this.message("Somebody shares an index of this model",
        el("p", {}, el("strong", { dir: "auto" }, offer.corpus), ` in ${offer.repo}: ${offer.pieces.toLocaleString("en")} pieces, ${(offer.bytes / 1e6).toFixed(0)} MB if you use every layer, of which only those you look at are downloaded. Its weights and tokenizer are those of your model.`),
        open,
        el("p.exb-hint", {}, offer.others.length ? `There are others: ${offer.others.join(", ")}. Name one to take it:` : "To take another, name it:"),
        el("pre.exb-code", {}, el("code", {}, `hf-exbert launch ${offer.model} --index owner/name`)));
    }

    draw() {
      if (this.value.notice) {
        const { title, message } = this.value.notice;
        this.frame(el("div.exb-notice.exb-error", { role: "alert" }, el("div", {}, el("strong", {}, title), el("p", {}, message))));
        this.results = null;
        return;
      }
      if (!this.results) return this.frame(this.layers.open ? null : this.welcome());
      this.expanded.clear();
      this.staleNote = el("p.exb-stale-note", { role: "status", hidden: true }, "The query has changed since; search again to renew these results.");
      this.charts = el("div.exb-charts");
      this.toolbar = el("div.exb-toolbar");
      this.list = el("ol.exb-results", { "aria-label": "Results" });
      this.list.addEventListener("pointerover", (event) => this.point(event.target));
      this.list.addEventListener("pointerleave", () => this.tip.hide());
      this.list.addEventListener("focusin", (event) => this.point(event.target));
      this.list.addEventListener("focusout", () => this.tip.hide());
      const note = this.settle();
      this.said = el("p.exb-unseen", { role: "status" }); // what the arrow keys point at, for those who do not see it
      this.frame(this.heading(), this.staleNote, note, this.charts, this.toolbar, this.list, this.said);
      this.drawSummaries();
      this.drawResults();
      this.markStale();
    }

    // A link may ask for labels that these results do not have: the usual ones take their place, and a note says so.
    settle() {
      const { values } = this.store, { summaries: found, labels } = this.results, patch = {};
      for (const [of, name] of Object.entries(FIELD_OF)) if (found[of] && !(values[name] in found[of])) patch[name] = state.DEFAULTS[name];
      if (!labels.includes(values.colour)) patch.colour = state.DEFAULTS.colour;
      if (values.filter && !this.kept(this.filter()).length) patch.filter = "";
      const unknown = Object.keys(patch).filter((name) => patch[name] !== values[name]);
      if (!unknown.length) return null;
      const asked = unknown.map((name) => `“${values[name]}”`).join(", ");
      this.store.set(patch, "replace");
      return el("p.exb-hint", { role: "status" }, `The link asked for ${asked}, which these results do not have.`);
    }

    // --- results --------------------------------------------------------------------------------------------------

    heading() {
      const { query, token, matches, left_out: leftOut, seconds } = this.results;
      const where = query.by === "embedding" ? (query.layer === "emb" ? "by input embedding" : `by embedding at layer ${query.layer}`)
        : `by heads ${query.layer}-[${query.heads.join(",")}]`;
      const without = query.ablate.length ? `, without ${modes.named(query.ablate)}` : "";
      const left = Object.entries(leftOut).filter(([, count]) => count).map(([why, count]) => `${count} left out: ${why}`);
      return el("header.exb-heading", {}, el("h3", {}, `${matches.length} nearest to `, el("mark", { dir: "auto" }, token.text), token.masked ? " masked" : "", ` ${where}${without}`),
        el("p.exb-hint", {}, [`${(seconds * 1000).toFixed(0)} ms over ${this.value.index.pieces.toLocaleString("en")} pieces`, ...left].join(" · ")));
    }

    filter() {
      const [of, ...rest] = this.store.values.filter.split(":"), said = rest.join(":");
      // a label of a corpus may have a colon in its name: the longest name that fits is meant
      const [field] = Object.keys(this.results.summaries[of] ?? {}).filter((name) => said.startsWith(`${name}:`)).sort((a, b) => b.length - a.length);
      return field ? { of, field, label: said.slice(field.length + 1) } : null;
    }

    drawSummaries() {
      const focused = this.charts.contains(document.activeElement) ? document.activeElement.closest("[data-of]")?.dataset.of : null;
      const label = document.activeElement?.dataset?.label;
      fill(this.charts, ...Object.entries(this.results.summaries).map(([of, fields]) => summaries.histogram({
        of, title: TITLES[of], fields, field: this.store.values[FIELD_OF[of]], filter: this.filter(), expanded: this.expanded.has(of),
        onfield: (field) => this.store.set({ [FIELD_OF[of]]: field }),
        onfilter: (filter) => this.store.set({ filter: filter ? `${filter.of}:${filter.field}:${filter.label}` : "" }),
        onmore: () => { if (!this.expanded.delete(of)) this.expanded.add(of); this.drawSummaries(); },
      })), el("p.exb-legend", {}, el("span", {}, el("span.exb-key-bar"), "share of the results"), el("span", {}, el("span.exb-key-bar.exb-hollow"), "not to be told from the base rate (q ≥ 0.05)"), el("span", {}, el("span.exb-key-tick"), "base rate in the corpus"),
        el("span", {}, el("span.exb-number", {}, "2×"), "lift, share over base rate"), el("span", {}, "Click a bar to filter")));
      if (focused) [...this.charts.querySelectorAll(`[data-of="${focused}"] [data-label]`)].find((one) => one.dataset.label === label)?.focus();
    }

    labelsAt(match, position) {
      return this.results.rows[match.labels[position] ?? -1] ?? null;
    }

    labelFor(match, of, field) {
      if (field === "offset") return match.offset === null ? null : String(match.offset);
      const position = { match: match.position, max_attention: match.attended, next: match.position + 1 }[of];
      return position === null ? null : this.labelsAt(match, position)?.[this.results.labels.indexOf(field)] ?? null;
    }

    // The matches with the label of a filter; none where there is no such label.
    kept(filter) {
      return filter ? this.results.matches.filter((match) => this.labelFor(match, filter.of, filter.field) === filter.label) : [];
    }

    drawResults() {
      const filter = this.filter();
      const kept = filter ? this.kept(filter) : this.results.matches;
      fill(this.list, ...kept.map((match) => this.result(match)));
      this.drawToolbar(filter, kept.length);
    }

    drawToolbar(filter, count) {
      const { colour, span, direction } = this.store.values;
      const set = (patch) => this.store.set(patch, "replace");
      const options = this.results.labels.map((value) => ({ value, label: nameOf(value) }));
      const stored = this.results.matches.some((match) => match.out);
      const step = (by, name) => el("button.exb-step", { type: "button", "aria-label": name, disabled: span + by < 0 || span + by > state.MAX_SPAN, onclick: () => set({ span: span + by }) }, by > 0 ? "+" : "−");
      refill(this.toolbar,
        filter ? el("button.exb-filter", { type: "button", onclick: () => set({ filter: "" }), "aria-label": "Clear the filter" }, `${count} with ${nameOf(filter.field)} ${labelOf(filter.field, filter.label)}`, el("span", { "aria-hidden": "true" }, " ✕")) : null,
        el("span.exb-group", {}, el("span.exb-label", {}, "Context"), step(-1, "Show fewer neighbours"), step(1, "Show more neighbours"), dropdown("Colour of the context cells", options, colour, (value) => set({ colour: value }))),
        stored ? el("span.exb-group", {}, el("span.exb-label", {}, "Shade by attention"), segmented("Direction of the shading", [{ value: "out", label: "out of match" }, { value: "in", label: "into match" }], direction, (value) => set({ direction: value })).node) : null);
    }

    result(match) {
      const { direction } = this.store.values;
      const attention = direction === "out" ? match.out : match.into;
      const candidates = match.labels.map((row, i) => (row >= 0 ? i : -1)).filter((i) => i >= 0);
      const marked = direction === "out" ? match.attended : attention && maths.strongest(attention, candidates);
      const causal = "next" in this.results.summaries;
      const strongest = attention ? maths.largest(candidates.map((i) => attention[i])) || 1 : 1;
      const sentence = el("p.exb-sentence", { dir: "auto" });
      let end = 0;
      match.offsets.forEach(([start, stop], i) => {
        if (start >= stop) return; // special tokens have no text
        if (start < end) return;
        const text = match.text.slice(start, stop), lead = text.length - text.trimStart().length;
        sentence.append(match.text.slice(end, start + lead));
        sentence.append(el(`span.exb-word${i === match.position ? ".exb-match" : ""}${i === marked ? ".exb-attended" : ""}${causal && i === match.position + 1 ? ".exb-next" : ""}`, {
          "data-piece": i, style: { "--exb-strength": attention ? (attention[i] / strongest).toFixed(3) : 0 },
        }, text.slice(lead)));
        end = stop;
      });
      sentence.append(match.text.slice(end));
      const item = el("li.exb-result", { tabindex: 0, "data-row": match.row }, el("span.exb-score", { title: "mean cosine" }, match.score.toFixed(3)), this.strip(match), sentence);
      item.match = match;
      item.attention = attention;
      item.onkeydown = (event) => this.walk(event, item);
      return item;
    }

    // Coloured cells of the neighbours; the match is the framed one.
    strip(match) {
      const { colour, span } = this.store.values;
      const field = Math.max(0, this.results.labels.indexOf(colour));
      const cells = [];
      for (let offset = -span; offset <= span; offset++) {
        const labels = this.labelsAt(match, match.position + offset);
        cells.push(el(`span.exb-cell${offset ? "" : ".exb-here"}`, { "data-piece": match.position + offset, "data-empty": !labels, style: { background: labels ? palette.colour(labels[field]) : "transparent" } }));
      }
      return el("span.exb-strip", { "aria-hidden": "true" }, ...cells);
    }

    // --- pointing at a token --------------------------------------------------------------------------------------

    point(target) {
      const piece = target.closest?.("[data-piece]"), item = target.closest?.(".exb-result");
      if (!piece || !item) return this.tip.hide();
      const position = Number(piece.dataset.piece), labels = this.labelsAt(item.match, position);
      const [start, end] = item.match.offsets[position] ?? [0, 0];
      if (!labels) return this.tip.hide();
      const chosen = piece.classList.contains("exb-cell") ? this.store.values.colour : null;
      const attention = item.attention?.[position];
      this.tip.show(piece, el("strong", { dir: "auto" }, item.match.text.slice(start, end).trim()), el("dl", {}, ...this.results.labels.flatMap((field, i) => [
        el("dt", { "data-chosen": field === chosen }, nameOf(field)),
        el("dd", { dir: "auto" }, OPEN_CLASS.has(field) ? null : el("span.exb-dot", { style: { background: palette.colour(labels[i]) } }), labelOf(field, labels[i]))]),
      ...(attention === undefined || attention === null ? [] : [el("dt", {}, "attention"), el("dd", {}, attention.toFixed(3))])));
    }

    // The arrow keys walk through the words of a result and show what the pointer would.
    walk(event, item) {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key], line = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
      if (event.key === "Escape") this.tip.hide();
      if (!step && !line) return;
      event.preventDefault();
      if (line) return item[line]?.focus();
      const words = [...item.querySelectorAll(".exb-word")];
      const at = item.at ?? words.findIndex((word) => word.classList.contains("exb-match")) - step;
      item.at = Math.min(words.length - 1, Math.max(0, at + step));
      words.forEach((word, i) => word.toggleAttribute("data-at", i === item.at));
      this.point(words[item.at]);
      this.said.textContent = this.tip.text();
    }
  }

  return { Evidence };
})();
