// The attention view: takes what the model computed (props.value), what the user set (the store) and draws both.
// Hovering, layers, heads, hiding and the slider stay in the browser; the server is asked for a text and for a search.

const attentionView = (() => {
  "use strict";
  const { el, fill } = dom;
  const CLICK_MS = 240; // how long a click waits for its second half before it may start a search
  const WAIT_MS = 700; // between two looks at whether a model is loaded

  class View {
    constructor(element, { props, trigger, watch }, store, bus) {
      Object.assign(this, { element, props, trigger, store, bus });
      this.shown = null; // the inspection on the page, with its layers decoded when first drawn
      this.hover = null; // {side, token}
      this.hoveredHead = null;
      this.asker = new state.Asker((request) => this.trigger("inspect", { request, restore: this.restoring, switched: this.switches(request) }));
      this.restoring = true; // whether a link or the back button is being followed, which also brings results back
      this.drawn = {}; // results of the maths, by what they depend on
      this.build();
      store.subscribe((values, changed) => this.changed(values, changed));
      watch("value", () => this.receive(props.value));
      this.receive(props.value);
    }

    build() {
      this.notice = el("div.exb-notices", { "aria-live": "polite" });
      this.body = el("div.exb-view-body");
      this.tip = dom.tooltip(this.element);
      this.figure = new figure.Figure({
        hover: (side, token) => this.setHover(token === null ? null : { side, token }),
        pick: (side, token) => this.pick(side, token),
        mask: (side, token) => this.mask(side, token),
        search: (side, token) => { this.store.set({ side, token }); this.search(); },
        hoverHead: (head, canvas) => this.setHead(head, canvas),
        toggleHead: (head) => this.panel.flip(head),
      });
      this.grid = new grid.Grid({
        open: (layer, head) => this.store.set({ layer, heads: [head], grid: false }),
        close: () => this.store.set({ grid: false }),
        server: () => this.server(),
      });
      this.dock = controls.dock((patch, entry) => this.store.set(patch, entry), { search: () => this.search(), searchAll: () => this.searchAll() });
      this.element.prepend(el("section.exb-view", { "aria-label": "Attention" }, this.notice, this.body));
    }

    // --- what comes from the server -------------------------------------------------------------------------------

    receive(message) {
      if (!message) return;
      const value = JSON.parse(message);
      if (!this.asker.answers(value.asked ?? value.request)) return; // an answer to an older question
      if (value.loading) return this.wait(value);
      if (!this.shown && !value.notice && !value.asked && this.wants(value.request)) { // the URL wants another text
        return this.ask({ text: this.store.values.text ?? value.request.text }, true);
      }
      this.element.removeAttribute("data-busy");
      if (value.notice) {
        this.say("error", value.notice);
        if (this.shown) this.store.set(this.shown.request, "replace");
        else this.store.set(value.request, "none");
        return;
      }
      this.say(null);
      this.value = value;
      this.facts = value.facts;
      this.index = value.index;
      this.shown = { request: value.request, ...value.inspection };
      this.shown.to ??= this.shown.from;
      this.drawn = {};
      this.layers = this.shown.layers.map((layer) => layer && {
        heads: layer.heads, rows: this.shown.from.length, cols: this.shown.to.length, codes: maths.decodeBase64(layer.data),
      });
      this.heads = this.layers.map((layer) => layer?.heads ?? 0);
      this.store.heads = this.heads;
      if (!state.same(this.panelled, [this.heads, this.shown.stacks, this.facts])) {
        this.panelled = [this.heads, this.shown.stacks, this.facts];
        this.panel = controls.panel(this.heads, this.shown.stacks, {
          set: (patch, entry) => this.store.set(patch, entry),
          hoverHead: (head) => this.setHead(head),
          openStack: (stack) => this.ask({ stack: stack === this.shown.main ? "" : stack, mask: [], token: null }),
        });
        fill(this.body, this.title(), this.panel.node, this.figure.node, this.grid.node, this.dock.node);
      }
      this.panel.showStack(this.shown.stack);
      const { values, notes } = state.clamp({ ...this.store.values, ...value.request }, {
        heads: this.heads, from: this.shown.from.length, to: this.shown.to.length,
      });
      if (value.note) notes.unshift(value.note);
      if (notes.length) this.say("note", { title: "The link asked for something that is not here", message: notes.join(" ") });
      this.store.set(values, "replace");
      this.bus.dispatchEvent(new CustomEvent("shown", { detail: { request: value.request, facts: value.facts, index: value.index } }));
      this.render();
      if (this.restoring && values.search && this.ready().can) this.search();
      if (this.restoring && values.profile && this.readyForAll().can) this.searchAll();
      this.restoring = false;
    }

    title() {
      const { name, kind, architecture, heads, size } = this.facts;
      const most = Math.max(...heads);
      const kinds = { masked: "masked language model", causal: "causal language model", seq2seq: "encoder-decoder", encoder: "encoder" };
      return el("header.exb-title", {}, el("h2", { dir: "auto" }, name),
        el("span.exb-hint", {}, `${architecture} · ${kinds[kind]} · ${heads.length} layers × ${most} heads · width ${size}`),
        menu.button("Export", () => this.exports()).node);
    }

    wants(request) {
      const wanted = state.request(this.store.values);
      return !state.same({ ...wanted, text: wanted.text ?? request.text }, request);
    }

    // Whether a request is about another model or index than the one on the page.
    switches({ model, index }) {
      const now = this.shown?.request ?? { model: "", index: "" };
      return !state.same([model, index], [now.model, now.index]);
    }

    // The model is being loaded: the same question again, unless something else is wanted by then.
    wait({ request, loading }) {
      this.say("note", { title: `Loading ${loading.model}`, message: `${loading.seconds} s. The first time it is downloaded; this can take minutes.` });
      setTimeout(() => { if (state.same(state.request(this.store.values), request)) this.asker.ask(request); }, WAIT_MS);
    }

    // Asks the server for a text, a mask or a stack; what is on the page stays until the answer is there.
    ask(patch, restore = false) {
      if (saved.kept) return this.say("note", saved.NOTE);
      this.store.set(patch, restore ? "none" : "push");
      this.restoring = restore;
      this.element.setAttribute("data-busy", "");
      this.asker.ask(state.request(this.store.values));
    }

    // The browser's back and forward buttons.
    restore(values) {
      const wanted = { ...values, text: values.text ?? this.shown.request.text };
      const same = state.same(state.request(wanted), this.shown.request);
      const { values: fixed } = same ? state.clamp(wanted, { heads: this.heads, from: this.shown.from.length, to: this.shown.to.length }) : { values: wanted };
      this.store.set(fixed, "none");
      if (!same) this.ask({}, true);
      else {
        if (fixed.search && this.ready().can) this.search();
        if (fixed.profile && this.readyForAll().can) this.searchAll();
      }
    }

    say(kind, notice) {
      fill(this.notice, notice && el(`div.exb-notice.exb-${kind}`, { role: kind === "error" ? "alert" : "status" },
        el("div", {}, el("strong", {}, notice.title), el("p", {}, notice.message)),
        el("button.exb-text-button", { type: "button", "aria-label": "Dismiss", onclick: () => this.say(null) }, "✕")));
    }

    // --- what the user does ---------------------------------------------------------------------------------------

    changed(values, changed) {
      if (changed.some((name) => ["layer", "heads", "hide", "top"].includes(name))) this.hoveredHead = null;
      this.render();
    }

    setHover(hover) {
      if (state.same(hover, this.hover)) return;
      this.hover = hover;
      this.render();
    }

    setHead(head, canvas) {
      if (head !== null && canvas) this.tip.show(canvas, el("span", {}, `head ${this.store.values.layer}-${head}`));
      else this.tip.hide();
      if (this.store.values.layer === "emb") head = null;
      if (head === this.hoveredHead) return;
      this.hoveredHead = head;
      this.render();
    }

    pick(side, token) {
      const values = this.store.values;
      const release = values.token === token && values.side === side;
      this.store.set(release ? { token: null } : { token, side });
      clearTimeout(this.clickTimer);
      if (!release && values.click) this.clickTimer = setTimeout(() => this.search(), CLICK_MS);
    }

    // A masked token is also the picked one: the next thing to do with it is to search.
    mask(side, token) {
      clearTimeout(this.clickTimer);
      const masked = this.store.values.mask;
      const mask = masked.includes(token) ? masked.filter((other) => other !== token) : [...masked, token].sort((a, b) => a - b);
      this.ask({ mask, token, side });
    }

    // Whether a search is possible now, why not, and what it would search.
    ready({ token, by, layer, heads, side } = this.store.values) {
      const index = this.index;
      const count = layer === "emb" ? 0 : this.heads[layer];
      const scope = by === "embedding" ? (layer === "emb" ? "of the input" : `at layer ${layer}`)
        : layer === "emb" ? "" : heads === null ? `of layer ${layer}, all ${count}` : `${layer}-[${heads.join(",")}]`;
      const why = saved.kept ? `${saved.NOTE.title}: open exBERT to search`
        : !index ? "No corpus index is open"
        : this.shown.stack !== this.shown.main ? `Searches start from the ${this.shown.main}; the other stacks are for looking`
        : token === null ? "Pick a piece first: click it in the figure"
        : (side === "from" ? this.shown.from : this.shown.to)[token]?.special ? "Special tokens are not indexed; pick another piece"
        : by === "heads" && layer === "emb" ? "The input embeddings have no heads; pick a layer"
        : by === "heads" && heads !== null && !heads.length ? "Switch on at least one head"
        : !index.layers[by].includes(layer) ? `The index holds no ${by} of ${layer === "emb" ? "the input" : `layer ${layer}`}`
        : "";
      return { can: !why, why, scope, index: Boolean(index) };
    }

    search() {
      const ready = this.ready();
      if (!ready.can) return this.say("note", { title: "Nothing to search yet", message: `${ready.why}.` });
      this.say(null);
      const query = state.query(this.store.values, this.heads);
      this.store.searched = query;
      this.bus.dispatchEvent(new CustomEvent("search", { detail: query }));
      this.store.set({ search: true, filter: "" });
    }

    // The same for a search at all layers, which does not depend on the one that is shown.
    readyForAll() {
      const { by, layer } = this.store.values;
      const layers = this.index?.layers[by] ?? [];
      return this.ready({ ...this.store.values, layer: layers.includes(layer) ? layer : layers.at(-1) ?? layer });
    }

    searchAll() {
      const ready = this.readyForAll();
      if (!ready.can) return this.say("note", { title: "Nothing to search yet", message: `${ready.why}.` });
      this.store.set({ profile: this.store.values.profile || "pos" });
      this.store.profiled = profile.question(this.store.values, this.heads);
      this.bus.dispatchEvent(new CustomEvent("profile", { detail: this.store.profiled }));
    }

    go(layer) {
      this.store.set({ layer });
      if (!saved.kept) this.search();
    }

    // --- drawing --------------------------------------------------------------------------------------------------

    render() {
      if (this.frame || !this.shown) return;
      this.frame = requestAnimationFrame(() => { this.frame = null; this.draw(); });
    }

    // Remembers the latest result of `make` under `name`, as long as what it depends on stays the same.
    memo(name, depends, make) {
      const key = JSON.stringify(depends);
      if (this.drawn[name]?.key !== key) this.drawn[name] = { key, value: make() };
      return this.drawn[name].value;
    }

    draw() {
      const { values } = this.store;
      const { from, to } = this.shown;
      if (values.layer === null) return;
      const layer = values.layer === "emb" ? null : this.layers[values.layer];
      const rows = maths.visible(from.map((piece) => piece.special), values.hide);
      const cols = maths.visible(to.map((piece) => piece.special), values.hide);
      this.figure.setPieces("from", from, rows);
      this.figure.setPieces("to", to, cols);
      const seen = (focus) => focus && (focus.side === "from" ? rows : cols).includes(focus.token) ? focus : null;
      const pinned = values.token === null ? null : seen({ side: values.side, token: values.token });
      const focus = seen(this.hover) ?? pinned;
      this.panel.update(values);
      this.dock.update(values, this.ready(), this.readyForAll());
      this.dock.show(this.describe(focus));
      this.figure.node.toggleAttribute("data-flat", !layer);
      this.figure.node.hidden = values.grid;
      this.grid.node.hidden = !values.grid;
      if (values.grid) this.grid.update(this.layers, this.shown.request, rows, cols, values);
      else this.figure.paint(this.scene({ values, layer, rows, cols, focus, pinned }));
      this.element.dataset.drawn = String(Number(this.element.dataset.drawn ?? 0) + 1);
    }

    scene({ values, layer, rows, cols, focus, pinned }) {
      const none = { from: [], to: [], weight: [], count: 0, max: 0 };
      const causal = this.shown.causal;
      if (!layer) {
        const blank = { values: new Float32Array(0), max: 0 };
        return { rows, cols, edges: none, matrix: { from: blank, to: blank }, heads: 0, active: new Set(), hovered: null, pinned, focus, shade: null, causal };
      }
      const chosen = values.heads ?? maths.allHeads(layer);
      const heads = this.hoveredHead === null ? chosen : [this.hoveredHead];
      const matrix = this.memo("matrix", [values.layer, heads], () => maths.aggregate(layer, heads));
      const edges = this.memo("edges", [values.layer, heads, values.hide, values.top],
        () => maths.topEdges(matrix, layer.cols, rows, cols, values.top / 100));
      const means = this.memo("means", [values.layer, values.hide], () => maths.headMatrices(layer, rows, cols));
      const side = { from: { values: means.out, max: means.maxOut }, to: { values: means.into, max: means.maxInto } };
      if (pinned) {
        const other = pinned.side === "from" ? "to" : "from";
        side[other] = maths.headMatrixOf(layer, pinned.side, pinned.token, other === "to" ? cols : rows);
      }
      let shade = null;
      if (focus) {
        const all = maths.profile(matrix, layer.rows, layer.cols, focus.side, focus.token);
        shade = { values: all, max: maths.largest((focus.side === "from" ? cols : rows).map((i) => all[i])) };
      }
      return {
        rows, cols, causal, matrix: side, heads: layer.heads, active: new Set(chosen), hovered: this.hoveredHead, pinned, focus, shade,
        edges: focus ? maths.edgesOf(edges, focus.side, focus.token) : edges,
      };
    }

    describe(focus) {
      if (!focus) return null;
      const piece = (focus.side === "from" ? this.shown.from : this.shown.to)[focus.token];
      const own = focus.side === "from" || this.shown.to === this.shown.from;
      const predictions = own ? this.shown.predictions?.[focus.token] ?? null : null;
      const role = piece.masked ? "masked, " : "";
      const says = !predictions ? "" : this.shown.predicts === "next" ? ", the model expects next" : ", the model predicts here";
      return { text: piece.masked ? piece.original : piece.text, note: `${role}piece ${focus.token}${says}`, predictions };
    }
  }

  return { View };
})();
