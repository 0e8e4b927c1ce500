// What the components of one page share. `start` runs once, whatever number of components brings the script along, and
// leaves one name behind: `window.exbert`, the `Page`.

/** @import { EvidenceServer, Host, SetupServer, State } from "./core/types.js" */
/** @import { Saved } from "./export/saved_page.js" */

import { listen } from "./core/bus.js";
import * as palette from "./core/palette.js";
import { DEFAULTS, fromQuery, toQuery } from "./core/state.js";
import { Store, bindAddress } from "./core/store.js";
import { Evidence } from "./evidence/evidence.js";
import { evidenceItems, viewItems } from "./export_menus.js";
import { readSaved } from "./export/saved_page.js";
import { address, frame } from "./heads/head_page.js";
import { Setup } from "./setup/setup.js";
import { Tour } from "./tour/tour.js";
import { View } from "./view/view.js";

/** @typedef {{ view: View | null, evidence: Evidence | null, setup: Setup | null, tour: Tour | null }} Parts */

export class Page {
  /** @param {Saved | null} saved - what this page was saved with, null where it is not a saved one */
  constructor(saved) {
    this.saved = saved;
    this.store = new Store(saved ? { ...DEFAULTS, ...saved.state } : fromQuery(location.search));
    this.bus = new EventTarget();
    /** @type {Parts} that are there */
    this.parts = { view: null, evidence: null, setup: null, tour: null };
    // for tests, benchmarks and the console
    this.palette = palette;
    this.headpage = { address, frame };
  }

  /**
   * @param {HTMLElement} element
   * @param {Host} host
   */
  attention(element, host) {
    const { store, bus, parts } = this;
    const server = () => parts.evidence?.server;
    const view = (parts.view = new View(element, host, { store, bus, offline: this.saved !== null, server }));
    view.exports = () => viewItems(view, this.whole());
    if (!this.saved) bindAddress(store, (values) => view.restore(values));
    listen(bus, "text", (texts) => view.ask({ ...texts, mask: [], token: null, window: [] }));
    listen(bus, "go", (layer) => view.go(layer));
    parts.setup?.shown();
    return view;
  }

  /**
   * @param {HTMLElement} element
   * @param {Host<EvidenceServer>} host
   */
  evidence(element, host) {
    const { store, bus, parts } = this;
    const build = () => {
      const dialog = parts.setup?.dialog;
      return dialog ? () => void dialog.open() : null;
    };
    const saved = this.saved?.profile ?? null;
    const evidence = (parts.evidence = new Evidence(element, host, { store, bus, saved, build }));
    evidence.request = () => parts.view?.shown?.request ?? null;
    parts.view?.render(); // it may have waited for somebody to ask
    evidence.exports = () => evidenceItems(evidence, host.server, this.whole());
    return evidence;
  }

  /**
   * @param {HTMLElement} element
   * @param {Host<SetupServer> & { server: SetupServer }} host
   */
  setup(element, host) {
    const { store, bus, parts } = this;
    parts.setup = new Setup(element, host, { store, bus, view: () => parts.view, tour: () => parts.tour });
    parts.setup.showTour(); // which may have been there first
    if (parts.evidence && !parts.evidence.results) parts.evidence.draw(); // it may tell that indexes can be built
    return parts.setup;
  }

  /** @param {HTMLElement} element */
  tour(element) {
    const { store, parts } = this;
    const follow = (/** @type {State} */ values) => {
      store.address?.(toQuery(values), "push");
      parts.view?.restore(values);
    };
    parts.tour = new Tour(element, follow, () => parts.setup?.showTour());
    parts.setup?.shown();
    return parts.tour;
  }

  // What a saved page is made of, and who can write one; null where this is one.
  whole() {
    const { view, evidence } = this.parts;
    if (this.saved || !view?.value || !evidence?.server) return null;
    const data = () => ({
      view: { ...view.value, inspection: { ...view.value.inspection, layers: view.layers.packed() } },
      evidence: evidence.value,
      profile: evidence.layers.keep(),
      state: this.store.values,
      date: new Date().toISOString().slice(0, 10),
    });
    return { server: evidence.server, data, layers: view.layers };
  }
}

/**
 * A saved page is its own server: everything is there already.
 *
 * @param {Page} page
 * @param {Saved} saved
 */
function startSaved(page, { view, evidence, date }) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark", dark.matches);
  dark.addEventListener("change", follow);
  follow();
  const find = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (document.querySelector(selector));
  const host = (/** @type {object} */ value) => ({
    props: { value: JSON.stringify(value) },
    trigger() {},
    watch() {},
  });
  find("#exb-origin").textContent = `Saved on ${date}: ${view.request.text}`;
  page.attention(find("#exb-view .exb-mount"), host(view));
  page.evidence(find("#exb-evidence .exb-mount"), host(evidence));
}

export function start() {
  if (window.exbert) return;
  const saved = readSaved();
  const page = (window.exbert = new Page(saved));
  window.dispatchEvent(new Event("exbert")); // for components that were there first
  if (saved) startSaved(page, saved);
}
