// The bar at the top: the model, its indexes, a build, the tour. What is chosen goes to the attention view, which
// asks.

/** @import { Allowances, BuildStatus, Host, InspectRequest, IndexInfo, SetupServer } from "../core/types.js" */
/** @import { Store } from "../core/store.js" */
/** @import { View } from "../view/view.js" */
/** @import { Tour } from "../tour/tour.js" */

import { answered } from "../core/answers.js";
import { listen } from "../core/bus.js";
import { el, fill } from "../core/dom.js";
import { thousands } from "../core/labels.js";
import { same } from "../core/state.js";
import { dropdown } from "../widgets/choices.js";
import { Combobox } from "../widgets/combobox.js";
import { BuildDialog } from "./build_dialog.js";
import { describeBuild, shareDone } from "./build_status.js";

const BUILD = "Build an index";

/** @typedef {{ store: Store, bus: EventTarget, view: () => View | null, tour: () => Tour | null }} Page */

export class Setup {
  /** @type {[InspectRequest["model"], InspectRequest["index"], IndexInfo | null] | null} whose indexes are listed */
  listed = null;

  /**
   * @param {HTMLElement} element
   * @param {Host<SetupServer> & { server: SetupServer }} host
   * @param {Page} page
   */
  constructor(element, { props, server, upload }, page) {
    this.server = server;
    this.page = page;
    /** @type {Allowances} */
    this.may = JSON.parse(props.value);
    this.model = new Combobox({
      label: "Model",
      options: () => this.models(),
      onchoose: (model) => this.choose(model),
    });
    this.indexes = el("span.exb-setup-indexes");
    this.tourButton = button("Tour", () => page.tour()?.toggle(), { hidden: true });
    this.buildButton = button(BUILD, () => this.dialog?.open());
    this.dialog = this.may.build ? this.makeDialog(upload) : null;
    const label = el("label.exb-setup-model", {}, el("span.exb-label", {}, "Model"), this.model.node);
    const bar = el(
      "div.exb-setup",
      {},
      this.may.models || this.may.folders ? label : null,
      this.indexes,
      this.dialog ? this.buildButton : null,
      this.tourButton,
    );
    fill(element, bar, this.dialog?.dialog);
    page.store.subscribe((values, changed) => {
      if (changed.includes("model")) this.showModel();
    });
    listen(page.bus, "shown", () => this.shown());
    this.showModel();
    this.shown();
  }

  /** @param {Host["upload"]} upload */
  makeDialog(upload) {
    const { page, server, may } = this;
    return new BuildDialog({
      server,
      upload,
      may,
      scope: () => ({ model: page.store.values.model }),
      model: () => page.view()?.facts?.name ?? may.own,
      finished: (status) => this.built(status),
      changed: (status) => this.showBuild(status),
    });
  }

  async models() {
    const { models = [] } = await answered(this.server.models({}));
    const others = models.map((/** @type {{ id: string, hint: string }} */ { id, hint }) => {
      return { value: id, label: id, hint };
    });
    return [{ value: "", label: this.may.own, hint: "this page’s" }, ...others];
  }

  /** @param {string} model */
  choose(model) {
    const own = model === this.may.own;
    this.page.view()?.ask({ model: own ? "" : model, index: "", stack: "", mask: [], ablate: [] });
  }

  showModel() {
    this.model.set(this.page.store.values.model || this.may.own);
  }

  shown() {
    const view = this.page.view();
    if (!view?.shown) return;
    this.page.tour()?.shown(view.index);
    const { model, index } = view.shown.request;
    if (same(this.listed, [model, index, view.index])) return;
    this.listed = [model, index, view.index];
    this.list(model, index);
  }

  /**
   * More than one index of this model: a choice. The server knows them all.
   *
   * @param {string} model
   * @param {string} index
   */
  async list(model, index) {
    const answer = await answered(this.server.indexes({ model, index }));
    /** @type {{ name: string, corpus: string, pieces: number }[]} */
    const indexes = answer.indexes ?? [];
    const view = this.page.view();
    if (!view) return;
    if (indexes.length && !view.index && view.shown?.request.model === model) return view.refresh();
    const options = indexes.map(({ name, corpus, pieces }) => {
      return { value: name, label: `${corpus} · ${thousands(pieces)} pieces` };
    });
    const choice = [
      el("span.exb-label", { "aria-hidden": "true" }, "Corpus"),
      dropdown("Corpus", options, index, (name) => view.ask({ index: name })),
    ];
    fill(this.indexes, ...(options.length > 1 ? choice : []));
  }

  showTour() {
    const tour = this.page.tour();
    this.tourButton.hidden = !tour?.here;
    this.tourButton.setAttribute("aria-pressed", String(Boolean(tour?.open)));
  }

  /** @param {BuildStatus} status */
  showBuild(status) {
    this.buildButton.textContent = nameOfBuild(status);
    this.buildButton.toggleAttribute("data-busy", Boolean(status.busy));
  }

  /**
   * What was built for the model on the page is opened; who asked for it is looking at the dialog.
   *
   * @param {BuildStatus} status
   */
  built({ model, index = "", mine }) {
    const { store } = this.page;
    const view = this.page.view();
    if (!view || model !== store.values.model) return;
    if (mine || !view.index) {
      this.dialog?.dialog.close();
      view.ask({ index });
    } else this.list(model, store.values.index);
  }
}

/**
 * @param {string} text
 * @param {() => void} onclick
 * @param {object} [attributes]
 */
const button = (text, onclick, attributes = {}) =>
  el("button.exb-text-button", { type: "button", onclick, ...attributes }, text);

/**
 * @param {BuildStatus} status
 * @returns {string}
 */
function nameOfBuild(status) {
  if (!status.busy) return status.phase === "ready" && status.mine ? "Build: ready to start" : BUILD;
  const share = shareDone(status);
  return share === null ? `${describeBuild(status)[0]}…` : `Indexing ${Math.floor(100 * share)}%`;
}
