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
      this.shown = null; // the inspection on the page; `layers` has its attention, `scenes` what is drawn of it
      this.outdated = false; // whether there is more on the server than on the page
      this.hover = null; // {side, token}: a row of the figure, see scenes.js
      this.hoveredHead = null;
      this.asker = new state.Asker((request) => this.trigger("inspect", { request, restore: this.restoring, switched: this.switches(request) }));
      this.restoring = true; // whether a link or the back button is being followed, which also brings results back
      this.build();
      store.subscribe((values, changed) => this.changed(values, changed));
      watch("value", () => this.receive(props.value));
      this.receive(props.value);
    }

    build() {
      this.notice = el("div.exb-notices", { "aria-live": "polite" });
      this.body = el("div.exb-view-body");
      this.tip = dom.tooltip(this.element);
      this.silenced = modes.silenced(() => this.ask({ ablate: [] }));
      this.figure = new figure.Figure({
        hover: (side, token) => this.setHover(token === null ? null : { side, token }),
        pick: (side, token) => this.pick(side, token),
        mask: (side, token) => this.mask(side, token),
        search: (side, token) => { this.store.set({ side, token: this.pieceOf(side, token) }); this.search(); },
        hoverHead: (head, canvas) => this.setHead(head, canvas),
        toggleHead: (head) => { if (this.shown.mode !== "rollout") this.panel.flip(head); },
        page: (direction) => this.page(direction),
        leave: (side, token, direction) => this.leave(side, token, direction),
        again: () => this.layers.retry(this.store.values.layer),
      });
      this.overviews = Object.fromEntries(["from", "to"].map((side) => [side, new overview.Overview(
        side === "from" ? "Window of the text" : "Window of the text attended to", (ordinal) => this.moveWindow(side, ordinal))]));
      this.grid = new grid.Grid({
        open: (layer, head) => this.store.set({ layer, ...(this.shown.mode === "rollout" ? {} : { heads: [head] }), grid: false }),
        close: () => this.store.set({ grid: false }),
        server: () => this.server(),
        offline: Boolean(saved.kept),
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
      this.outdated = false;
      this.value = value;
      this.facts = value.facts;
      this.index = value.index;
      const before = this.shown?.request ?? value.request;
      this.shown = { request: value.request, ...value.inspection };
      this.shown.to ??= this.shown.from;
      const own = this.layers = new layers.Layers(this.shown, {
        ask: (layer) => this.server()?.attention({ request: this.shown.request, layer }) ?? null,
        arrived: () => { if (own === this.layers) this.render(); },
        offline: Boolean(saved.kept),
      });
      this.scenes = new scenes.Scenes(this.shown, own);
      this.heads = this.shown.heads;
      this.store.heads = this.heads;
      if (!state.same(this.panelled, [this.heads, this.shown.stacks, this.facts])) {
        this.panelled = [this.heads, this.shown.stacks, this.facts];
        this.panel = controls.panel(this.heads, this.shown.stacks, {
          set: (patch, entry) => this.store.set(patch, entry),
          hoverHead: (head) => this.setHead(head),
          group: (words) => this.groupByWord(words),
          choose: (mode) => this.ask({ mode }),
          refuse: (why) => this.say("note", { title: "Not with this model", message: why }),
          silence: (heads) => this.ask({ ablate: modes.toggled(this.store.values.ablate, this.store.values.layer, heads) }),
          openStack: (stack) => this.ask({ stack: stack === this.shown.main ? "" : stack, mask: [], token: null, window: [] }),
        });
        fill(this.body, controls.title(this.facts, this.silenced.node, () => this.exports()), this.panel.node, this.overviews.from.node, this.overviews.to.node, this.figure.node, this.grid.node, this.dock.node);
      }
      this.panel.show(this.shown);
      this.silenced.update(value.request.ablate);
      const other = !this.restoring && before.model !== value.request.model; // whose layers and heads mean nothing here
      const { values, notes } = state.clamp({ ...this.store.values, ...(other ? state.AFRESH : {}), ...value.request }, {
        heads: this.heads, from: this.shown.from.length, to: this.shown.to.length,
      });
      if (value.note) notes.unshift(value.note);
      this.store.set(this.settle(values), "replace");
      this.bus.dispatchEvent(new CustomEvent("shown", { detail: { request: value.request, facts: value.facts, index: value.index } }));
      this.render();
      const again = this.restoring || before.index !== value.request.index;
      notes.push(...this.bringBack(again ? values : {}));
      this.sayUnkept(notes);
      this.restoring = false;
    }

    // A word is picked by its first piece, and a text of which nobody chose a window is opened where the picked piece is.
    settle(values) {
      const unit = this.scenes.unitOf(values, values.side, values.token);
      if (unit === null) return values;
      const token = this.scenes.units(values)[values.side][unit].start;
      return { ...values, token, window: values.window.length ? values.window : this.scenes.windowWith(values, values.side, unit) };
    }

    wants(request) {
      const wanted = state.request(this.store.values);
      return !state.same({ ...wanted, text: wanted.text ?? request.text }, request);
    }

    // Whether a request is about another model or index than the one on the page.
    switches({ model, index }) {
      const now = this.shown?.request ?? { model: "", index: "" };
      return this.outdated || !state.same([model, index], [now.model, now.index]);
    }

    // The server has an index by now that was not there when this page was made.
    refresh() {
      this.outdated = true;
      this.ask({}, true);
    }

    // The model is being loaded: the same question again, unless something else is wanted by then.
    wait({ request, loading }) {
      if (!state.same(state.request(this.store.values), request)) return;
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
      const { values: fixed, notes } = same ? state.clamp(wanted, { heads: this.heads, from: this.shown.from.length, to: this.shown.to.length }) : { values: wanted, notes: [] };
      this.store.set(same ? this.settle(fixed) : fixed, "none");
      if (!same) this.ask({}, true);
      else {
        this.element.removeAttribute("data-busy"); // a model that was being loaded is not wanted any more
        this.say(null);
        this.sayUnkept([...notes, ...this.bringBack(fixed)]);
      }
    }

    // Searches again what a link or the back button searched for; what could not be: why.
    bringBack({ search, profile }) {
      const ready = this.ready();
      if (search && ready.can) this.startSearch();
      if (profile && this.readyForAll().can) this.searchAll();
      return search && !ready.can ? [`Nothing was searched: ${ready.why}.`] : [];
    }

    sayUnkept(notes) {
      if (notes.length) this.say("note", { title: "The link asked for something that is not here", message: notes.join(" ") });
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
      if (this.shown.mode === "rollout") return;
      if (head !== null && canvas) this.tip.show(canvas, el("span", {}, `head ${this.store.values.layer}-${head}`));
      else this.tip.hide();
      if (this.store.values.layer === "emb") head = null;
      if (head === this.hoveredHead) return;
      this.hoveredHead = head;
      this.render();
    }

    pieceOf(side, unit) {
      return this.scenes.units(this.store.values)[side][unit].start;
    }

    pick(side, unit) {
      const { values } = this.store, token = this.pieceOf(side, unit);
      const release = values.token === token && values.side === side;
      this.store.set(release ? { token: null } : { token, side });
      clearTimeout(this.clickTimer);
      if (!release && values.click) this.clickTimer = setTimeout(() => this.search(), CLICK_MS);
    }

    // A masked token is also the picked one: the next thing to do with it is to search. A word is masked as a whole.
    mask(side, unit) {
      clearTimeout(this.clickTimer);
      const { start, end } = this.scenes.units(this.store.values)[side][unit];
      const others = this.store.values.mask.filter((token) => token < start || token >= end);
      const masked = others.length < this.store.values.mask.length;
      const own = masked ? [] : Array.from({ length: end - start }, (_, i) => start + i);
      this.ask({ mask: [...others, ...own].sort((a, b) => a - b), token: start, side });
    }

    groupByWord(words) {
      this.store.set(this.settle({ ...this.store.values, words }));
    }

    moveWindow(side, ordinal) {
      this.store.set({ window: this.scenes.windowAt(this.store.values, side, ordinal) }, "replace");
    }

    // One window further, on both sides.
    page(direction) {
      const { values } = this.store, { start, shown } = this.scenes.frame(values);
      const moved = ["from", "to"].map((side) => this.scenes.windowAt(values, side, start[side] + direction * shown[side].length));
      this.store.set({ window: moved[0].map((_, i) => moved[i][i]) });
    }

    // The arrow keys go on past the border of the window, which follows by a quarter.
    leave(side, unit, direction) {
      const { values } = this.store, { all, start, shown } = this.scenes.frame(values);
      const next = all[side][all[side].indexOf(unit) + direction];
      if (next === undefined) return;
      this.figure.focusNext(side, next);
      this.moveWindow(side, start[side] + direction * Math.ceil(shown[side].length / 4));
    }

    ready() {
      return searches.ready(this.store.values, this);
    }

    readyForAll() {
      return searches.readyForAll(this.store.values, this);
    }

    search() {
      const ready = this.ready();
      if (!ready.can) return this.say("note", { title: "Nothing to search yet", message: `${ready.why}.` });
      this.say(null);
      this.startSearch();
      this.store.set({ search: true, filter: "" });
    }

    startSearch() {
      const query = state.query(this.store.values, this.heads);
      this.store.searched = query;
      this.bus.dispatchEvent(new CustomEvent("search", { detail: query }));
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

    draw() {
      const { values } = this.store;
      if (values.layer === null) return;
      const { units, shown, marks } = this.scenes.frame(values);
      for (const side of ["from", "to"]) this.figure.setPieces(side, units[side], shown[side], marks[side]);
      const scene = this.scenes.make(values, { hover: this.hover, head: this.hoveredHead });
      this.panel.update(values);
      this.dock.update(values, this.ready(), this.readyForAll());
      this.dock.show(this.scenes.describe(scene));
      this.figure.node.hidden = values.grid;
      this.grid.node.hidden = !values.grid;
      for (const side of ["from", "to"]) this.overviews[side].update(this.scenes.strip(scene, side, values));
      if (values.grid) {
        const pieces = (side) => maths.visible(this.shown[side].map((piece) => piece.special), values.hide);
        this.grid.update(this.layers.all(), this.shown.request, pieces("from"), pieces("to"), values);
      } else this.figure.paint(scene);
      this.element.dataset.drawn = String(Number(this.element.dataset.drawn ?? 0) + 1);
    }
  }

  return { View };
})();
