// The evidence: what a search found, as sentences and as histograms. Filtering, colouring and shading stay in the
// browser.

/**
 * @import {
 *   AllLayersQuery, Child, EvidenceMessage, EvidenceServer, Filter, Host, InspectRequest, MenuItem, Of, Results,
 *   State,
 * } from "../core/types.js"
 */
/** @import { Store } from "../core/store.js" */

import { QuestionQueue, noticeBox, skeleton, staleNote } from "../core/answers.js";
import { emit, listen } from "../core/bus.js";
import { el, fill, focusWithin, select } from "../core/dom.js";
import { thousands } from "../core/labels.js";
import { withQueueStatus } from "../core/queue_status.js";
import { searchQuery } from "../core/requests.js";
import { DEFAULTS, same } from "../core/state.js";
import { Compare } from "../compare/compare.js";
import { HeadFinder } from "../heads/finder.js";
import { HeadPage } from "../heads/head_page.js";
import { menuButton } from "../widgets/menu.js";
import { tooltip } from "../widgets/tooltip.js";
import { heading } from "./heading.js";
import { histogram, legend } from "./histogram.js";
import { LayerProfile } from "./layer_profile.js";
import { ResultList, filterMatches, readFilter } from "./results.js";
import { toolbar } from "./toolbar.js";
import { welcome } from "./welcome.js";

/** @type {Record<Of, string>} */
const TITLES = { match: "Matched token", max_attention: "Token it attends to most", next: "Token that follows" };
/** @type {Record<Of, "match" | "attended" | "next">} names in the state */
const FIELD_OF = { match: "match", max_attention: "attended", next: "next" };

const STALE = "The query has changed since; search again to renew these results.";
const SKELETON_LINES = 9;

/**
 * @typedef {{
 *   results: Results, stale: HTMLElement, charts: HTMLElement, toolbar: HTMLElement, list: ResultList,
 * }} Drawn
 */

export class Evidence {
  /** @type {EvidenceMessage} the latest answer, as the server sent it */
  value;
  /** @type {Results | null} */
  results = null;
  /** @type {Drawn | null} the results that are on the page */
  drawn = null;
  /** @type {Set<string>} histograms that show all their bars */
  expanded = new Set();
  /** @type {() => (MenuItem | null)[]} entries of the menu */
  exports = () => [];
  /** @type {() => InspectRequest | null} what the attention view shows; the page knows */
  request = () => null;

  /**
   * @param {HTMLElement} element
   * @param {Host<EvidenceServer>} host
   * @param {{ store: Store, bus: EventTarget, saved: any, build: () => (() => void) | null }} page - saved: an answer
   *   of all layers, for a saved page; build: what opens the dialog that builds indexes, where visitors may
   */
  constructor(element, host, { store, bus, saved, build }) {
    const { props, watch, server } = host;
    const { node, trigger } = withQueueStatus(host, () => server);
    this.element = element;
    this.store = store;
    this.server = server;
    this.trigger = trigger;
    this.build = build;
    /** @type {QuestionQueue<NonNullable<Results["query"]>>} */
    this.queue = new QuestionQueue((query) => trigger("search", { query }));
    this.root = el("section.exb-evidence", { "aria-label": "Evidence from the corpus" });
    fill(element, this.root, node);
    this.tip = tooltip(element);
    const go = (/** @type {State["layer"]} */ layer) => layer !== null && emit(bus, "go", layer);
    this.layers = new LayerProfile(store, server, { go, tip: this.tip }, saved);
    this.beside = new Compare(store, server);
    this.finder = new HeadFinder(store, server, this.tip);
    this.head = new HeadPage(store, server);
    listen(bus, "profile", (query) => this.profile(query));
    store.subscribe((values, changed) => this.changed(changed));
    listen(bus, "search", (query) => this.searching(query));
    const receive = () => {
      if (props.value) this.receive(JSON.parse(props.value));
    };
    watch("value", receive);
    receive();
    if (store.searched) this.searching(store.searched);
    if (store.profiled) this.profile(store.profiled);
  }

  /** @param {AllLayersQuery} query */
  profile(query) {
    this.layers.ask(query);
    if (!this.results && !this.value.notice) this.draw();
  }

  /** @param {...Child} content - below the title and the panels */
  fill(...content) {
    const panels = [this.head, this.finder, this.layers, this.beside].map(({ node }) => node);
    const focused = panels.map(focusWithin).find((node) => node !== null);
    this.drawn = null;
    fill(this.root, this.title(), ...panels, ...content);
    focused?.focus();
  }

  /** @param {EvidenceMessage} value */
  receive(value) {
    if (value.query && !this.queue.answers(value.query)) return; // an answer to an older question
    // an answer about another model than the one that is shown by now has results only
    if (!value.query || !this.value || same(value.scope, this.value.scope)) this.value = value;
    const { index, scope } = this.value;
    this.layers.labels = index?.labels;
    for (const panel of [this.head, this.finder]) panel.follow(index ? scope : null);
    this.results = this.value.results;
    this.root.removeAttribute("data-busy");
    this.element.dataset.received = String(Number(this.element.dataset.received ?? 0) + 1);
    if (!value.query && this.queue.pending && this.queue.wanted)
      this.searching(this.queue.wanted); // a link that also searches
    else this.draw();
  }

  /** @param {Results["query"]} query */
  searching(query) {
    this.queue.ask(query);
    this.root.setAttribute("data-busy", "");
    if (!this.results) this.fill(this.skeleton());
  }

  skeleton() {
    return skeleton("Searching", SKELETON_LINES, (line) => `${96 - ((line * 37) % 41)}%`);
  }

  /** @param {(keyof State)[]} names */
  changed(names) {
    const has = (/** @type {(keyof State)[]} */ ...some) => some.some((name) => names.includes(name));
    if (has("profile") && this.value && !this.results && !this.root.hasAttribute("data-busy")) this.draw();
    if (!this.drawn) return;
    if (has("match", "attended", "next", "filter")) this.drawSummaries(this.drawn);
    if (has("colour", "direction", "span", "filter")) this.drawResults(this.drawn);
    this.markStale(this.drawn);
  }

  /**
   * Results belong to the query they were found for; as soon as the page shows another one they are marked.
   *
   * @param {Drawn} drawn
   */
  markStale({ results, stale }) {
    const isStale = !same(searchQuery(this.store.values, this.store.heads), results.query);
    this.root.toggleAttribute("data-stale", isStale);
    stale.hidden = !isStale;
  }

  title() {
    const { index } = this.value;
    if (!index) return null;
    const { corpus, pieces, sentences, annotator } = index;
    const annotated = `annotated by ${annotator.replace("spacy:", "spaCy ")}`;
    const hint = `${thousands(pieces)} pieces in ${thousands(sentences)} sentences · ${annotated}`;
    const find = () => this.store.set({ finder: this.store.values.finder ? "" : "best" });
    return el(
      "header.exb-title",
      {},
      el("h2", { dir: "auto" }, corpus),
      el("span.exb-hint", {}, hint),
      this.server ? el("button.exb-text-button", { type: "button", onclick: find }, "Find a head") : null,
      menuButton("Export", () => this.exports()).node,
    );
  }

  accept() {
    this.fill(this.skeleton());
    this.trigger("accept", { request: this.request() });
  }

  draw() {
    const { notice } = this.value;
    if (notice) {
      this.fill(noticeBox(notice));
      this.results = null;
    } else if (this.results) this.drawFound(this.results);
    else if (this.layers.open) this.fill(null);
    else this.fill(welcome(this.value, { build: this.build(), accept: () => this.accept() }));
  }

  /** @param {Results} results */
  drawFound(results) {
    this.expanded.clear();
    const drawn = {
      results,
      stale: staleNote(STALE, { hidden: true }),
      charts: el("div.exb-charts"),
      toolbar: el("div.exb-toolbar"),
      list: new ResultList(results, this.tip),
    };
    const note = this.settle(results);
    const { stale, charts, list } = drawn;
    const pieces = this.value.index?.pieces ?? 0;
    this.fill(heading(results, pieces), stale, note, charts, drawn.toolbar, list.node, list.said);
    this.drawn = drawn;
    this.drawSummaries(drawn);
    this.drawResults(drawn);
    this.markStale(drawn);
  }

  /**
   * A link may ask for labels that these results do not have: the usual ones take their place, and a note says so.
   *
   * @param {Results} results
   * @returns {HTMLElement | null}
   */
  settle(results) {
    const { values } = this.store;
    /** @type {Partial<Record<"match" | "attended" | "next" | "colour" | "filter", string>>} */
    const patch = {};
    for (const [of, fields] of entries(results.summaries)) {
      const name = FIELD_OF[of];
      if (!(values[name] in fields)) patch[name] = DEFAULTS[name];
    }
    if (!results.labels.includes(values.colour)) patch.colour = DEFAULTS.colour;
    const filter = readFilter(results, values.filter);
    if (values.filter && !(filter && filterMatches(results, filter).length)) patch.filter = "";
    const unknown = entries(patch).filter(([name, value]) => value !== values[name]);
    if (!unknown.length) return null;
    const asked = unknown.map(([name]) => `“${values[name]}”`).join(", ");
    this.store.set(patch, "replace");
    return el("p.exb-hint", { role: "status" }, `The link asked for ${asked}, which these results do not have.`);
  }

  /** @param {Drawn} drawn */
  drawSummaries(drawn) {
    const { results, charts } = drawn;
    const focused = focusWithin(charts);
    const group = focused?.closest("[data-of]")?.getAttribute("data-of");
    const label = focused?.dataset.label;
    const filter = readFilter(results, this.store.values.filter);
    const draw = (/** @type {Of} */ of, /** @type {NonNullable<Results["summaries"][Of]>} */ fields) =>
      histogram({
        of,
        title: TITLES[of],
        fields,
        field: this.store.values[FIELD_OF[of]],
        filter,
        expanded: this.expanded.has(of),
        onfield: (field) => this.store.set({ [FIELD_OF[of]]: field }),
        onfilter: (chosen) => this.store.set({ filter: writeFilter(chosen) }),
        onmore: () => {
          if (!this.expanded.delete(of)) this.expanded.add(of);
          this.drawSummaries(drawn);
        },
      });
    fill(charts, ...entries(results.summaries).map(([of, fields]) => draw(of, fields)), legend());
    const bars = group ? select(charts, `[data-of="${group}"] [data-label]`) : [];
    bars.find((bar) => bar.dataset.label === label)?.focus();
  }

  /** @param {Drawn} drawn */
  drawResults({ results, list, toolbar: bar }) {
    const { values } = this.store;
    const filter = readFilter(results, values.filter);
    const kept = filterMatches(results, filter);
    list.draw(kept, values);
    toolbar(bar, results, { values, filter, count: kept.length }, (patch) => this.store.set(patch, "replace"));
  }
}

/**
 * @param {Filter | null} filter
 * @returns {string} as the address has it
 */
const writeFilter = (filter) => (filter ? `${filter.of}:${filter.field}:${filter.label}` : "");

/**
 * @template {string} Name
 * @template Value
 * @param {Partial<Record<Name, Value>>} object
 * @returns {[Name, Value][]}
 */
function entries(object) {
  return /** @type {[Name, Value][]} */ (Object.entries(object));
}
