// The bar at the top: the model, its indexes, a build, the tour. What is chosen goes to the attention view, which asks.

const setup = (() => {
  "use strict";
  const { el, fill, dropdown } = dom;

  class Setup {
    // page: {store, bus, view(), tour()}
    constructor(element, { props, server, upload }, page) {
      Object.assign(this, { server, page, may: JSON.parse(props.value) });
      this.model = combobox.box({ label: "Model", options: () => this.models(), onchoose: (model) => this.choose(model) });
      this.indexes = el("span.exb-setup-indexes");
      this.tourButton = el("button.exb-text-button", { type: "button", hidden: true, onclick: () => page.tour().show(!page.tour().open) }, "Tour");
      this.buildButton = el("button.exb-text-button", { type: "button", onclick: () => this.builder.open() }, "Build an index");
      if (this.may.build) {
        this.builder = new building.Builder({
          server, upload, may: this.may, scope: () => ({ model: page.store.values.model }),
          finished: (status) => this.built(status), changed: (status) => this.showBuild(status),
        });
        this.builder.name = () => page.view()?.facts?.name ?? this.may.own;
      }
      const models = this.may.models || this.may.folders;
      fill(element, el("div.exb-setup", {}, models ? el("label.exb-setup-model", {}, el("span.exb-label", {}, "Model"), this.model.node) : null,
        this.indexes, this.builder ? this.buildButton : null, this.tourButton), this.builder?.dialog);
      page.store.subscribe((values, changed) => { if (changed.includes("model")) this.showModel(); });
      page.bus.addEventListener("shown", () => this.shown());
      this.showModel();
      this.shown();
    }

    async models() {
      const { models = [] } = (await this.server.models({})) ?? {};
      return [{ value: "", label: this.may.own, hint: "this page’s" }, ...models.map(({ id, hint }) => ({ value: id, label: id, hint }))];
    }

    choose(model) {
      this.page.view().ask({ model: model === this.may.own ? "" : model, index: "", stack: "", mask: [], ablate: [] });
    }

    showModel() {
      this.model.set(this.page.store.values.model || this.may.own);
    }

    shown() {
      const view = this.page.view();
      if (!view?.facts) return;
      this.page.tour()?.shown(view.index);
      const { model, index } = view.shown.request;
      if (state.same(this.listed, [model, index, view.index])) return;
      this.listed = [model, index, view.index];
      this.list(model, index);
    }

    // More than one index of this model: a choice. The server knows them all.
    async list(model, index) {
      const { indexes = [] } = (await this.server.indexes({ model, index })) ?? {};
      const view = this.page.view();
      if (indexes.length && !view.index && state.same(view.shown.request.model, model)) return view.refresh();
      const options = indexes.map(({ name, corpus, pieces }) => ({ value: name, label: `${corpus} · ${pieces.toLocaleString("en")} pieces` }));
      fill(this.indexes, ...(options.length > 1 ? [el("span.exb-label", { "aria-hidden": "true" }, "Corpus"), dropdown("Corpus", options, index, (name) => this.page.view().ask({ index: name }))] : []));
    }

    showTour() {
      const tour = this.page.tour();
      this.tourButton.hidden = !tour?.here;
      this.tourButton.setAttribute("aria-pressed", String(Boolean(tour?.open)));
    }

    showBuild(status) {
      const part = building.share(status);
      this.buildButton.textContent = !status.busy ? status.phase === "ready" && status.mine ? "Build: ready to start" : "Build an index" : part === null ? `${building.words(status)[0]}…` : `Indexing ${Math.floor(100 * part)}%`;
      this.buildButton.toggleAttribute("data-busy", Boolean(status.busy));
    }

    // What was built for the model on the page is opened; who asked for it is looking at the dialog.
    built({ model, index, mine }) {
      const { store } = this.page, view = this.page.view();
      if (model !== store.values.model) return;
      if (mine || !view.index) {
        this.builder.dialog.close();
        view.ask({ index });
      } else this.list(model, store.values.index);
    }
  }

  return { Setup };
})();
