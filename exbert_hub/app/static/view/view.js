// The attention view: takes what the model computed, what the user set (the store) and draws both. Hovering, layers,
// heads, hiding and the slider stay in the browser; the server is asked for a text and for a search.

/**
 * @import {
 *   EvidenceServer, Host, IndexInfo, InspectRequest, InspectionMessage, Inspection, MenuItem, ModelInfo, Side, State,
 * } from "../core/types.js"
 */
/** @import { Store } from "../core/store.js" */
/** @import { Present } from "./search_readiness.js" */

import { emit } from "../core/bus.js";
import { el, fill } from "../core/dom.js";
import { visible } from "../maths/attention.js";
import { withQueueStatus } from "../core/queue_status.js";
import { inspectRequest } from "../core/requests.js";
import { AFRESH, clamp, same } from "../core/state.js";
import { SAVED_NOTE } from "../export/saved_page.js";
import { describe, stripOf } from "../figure/captions.js";
import { Figure } from "../figure/figure.js";
import { HeadGrid } from "../figure/head_grid.js";
import { Layers } from "../figure/layers.js";
import { Overview } from "../figure/overview.js";
import { Scenes } from "../figure/scenes.js";
import { tooltip } from "../widgets/tooltip.js";
import { Actions } from "./actions.js";
import { Controls, silencedHeads, title } from "./controls.js";
import { Dock } from "./dock.js";
import { InspectionClient } from "./inspection_client.js";
import { Messages } from "./messages.js";
import { Searches } from "./searches.js";

/** @type {Side[]} */
const SIDES = ["from", "to"];

export class View {
  // What the first answer brings.
  /** @type {Layers} its attention */
  layers;
  /** @type {Scenes} what is drawn of it */
  scenes;
  /** @type {Controls} */
  controls;
  /** @type {InspectionMessage} the answer as the server sent it */
  value;
  /** @type {ModelInfo} */
  facts;
  /** @type {(Inspection & { request: InspectRequest }) | null} the inspection on the page */
  shown = null;
  /** @type {IndexInfo | null} */
  index = null;
  /** @type {number[]} heads per layer */
  heads = [];

  /** @type {() => (MenuItem | null)[]} entries of the menu */
  exports = () => [];
  /** @type {unknown} what the controls were made for */
  shape = null;
  /** @type {number | null} of the drawing that is to come */
  frame = null;

  /**
   * @param {HTMLElement} element
   * @param {Host} host
   * @param {{
   *   store: Store, bus: EventTarget, offline: boolean, server: () => EvidenceServer | undefined,
   * }} page - offline: whether it is a saved page; server: who answers what is asked beside the value
   */
  constructor(element, host, { store, bus, offline, server }) {
    const queue = withQueueStatus(host, server);
    this.element = element;
    this.store = store;
    this.bus = bus;
    this.offline = offline;
    this.server = server;
    this.messages = new Messages();
    this.client = new InspectionClient(store, offline, {
      send: (question) => queue.trigger("inspect", question),
      busy: (busy) => element.toggleAttribute("data-busy", busy),
      loading: (loading) => this.messages.loading(loading),
      refused: (notice) => this.messages.error(notice),
      arrived: (message, before, restoring) => this.arrived(message, before, restoring),
    });
    this.searches = new Searches(store, bus, this.messages, () => this.present());
    this.actions = new Actions(this);
    this.body = el("div.exb-view-body");
    this.tip = tooltip(element);
    this.silenced = silencedHeads(() => this.ask({ ablate: [] }));
    this.figure = new Figure(this.actions);
    this.overviews = {
      from: new Overview("Window of the text", (ordinal) => this.actions.moveWindow("from", ordinal)),
      to: new Overview("Window of the text attended to", (ordinal) => this.actions.moveWindow("to", ordinal)),
    };
    this.grid = new HeadGrid({
      open: (layer, head) => this.actions.openHead(layer, head),
      close: () => store.set({ grid: false }),
      server,
      offline,
    });
    this.dock = new Dock((patch, entry) => store.set(patch, entry), {
      search: () => this.searches.search(),
      searchAll: () => this.searches.searchAll(),
    });
    element.prepend(el("section.exb-view", { "aria-label": "Attention" }, this.messages.node, this.body));
    element.append(queue.node);
    store.subscribe((values, changed) => this.changed(changed));
    const receive = () => {
      if (host.props.value) this.client.receive(JSON.parse(host.props.value));
    };
    host.watch("value", receive);
    receive();
  }

  // --- what comes from the server -----------------------------------------------------------------------------------

  /**
   * @param {InspectionMessage} message
   * @param {InspectRequest} before - what was on the page
   * @param {boolean} restoring - whether a link or the back button is being followed
   */
  arrived(message, before, restoring) {
    const { request, facts, index } = message;
    const inspection = message.inspection;
    this.messages.clear();
    this.value = message;
    this.facts = facts;
    this.index = index;
    this.heads = this.store.heads = inspection.heads;
    this.take(inspection, request);
    this.makeControls(inspection);
    this.controls.show(inspection);
    this.silenced.update(request.ablate);
    const other = !restoring && before.model !== request.model; // whose layers and heads mean nothing here
    const wanted = { ...this.store.values, ...(other ? AFRESH : {}), ...request };
    const { values, notes } = clamp(wanted, this.limits());
    if (message.note) notes.unshift(message.note);
    this.store.set(this.settle(values), "replace");
    emit(this.bus, "shown", { request, facts, index });
    this.render();
    const again = restoring || before.index !== request.index;
    notes.push(...this.searches.bringBack(again ? values : {}));
    this.messages.unkept(notes);
  }

  /**
   * @param {Inspection} inspection
   * @param {InspectRequest} request
   */
  take(inspection, request) {
    this.shown = { request, ...inspection, to: inspection.to ?? inspection.from };
    const layers = new Layers(this.shown, {
      ask: (layer) => this.server()?.attention({ request, layer }) ?? null,
      arrived: () => {
        if (layers === this.layers) this.render();
      },
      offline: this.offline,
    });
    this.layers = layers;
    this.scenes = new Scenes(this.shown, layers);
  }

  /** @param {Inspection} inspection */
  makeControls({ heads, stacks }) {
    const shape = [heads, stacks, this.facts];
    if (same(this.shape, shape)) return;
    this.shape = shape;
    this.controls = new Controls(heads, stacks, {
      set: (patch, entry) => this.store.set(patch, entry),
      hoverHead: (head) => this.actions.hoverHead(head),
      groupByWord: (words) => this.store.set(this.settle({ ...this.store.values, words })),
      choose: (mode) => this.ask({ mode }),
      refuse: (why) => this.messages.say({ title: "Not with this model", message: why }),
      silence: (chosen) => this.actions.silence(chosen),
      openStack: (stack) => this.actions.openStack(stack),
    });
    fill(
      this.body,
      title(this.facts, this.silenced.node, () => this.exports()),
      this.controls.node,
      this.overviews.from.node,
      this.overviews.to.node,
      this.figure.node,
      this.grid.node,
      this.dock.node,
    );
  }

  limits() {
    const { from, to } = this.shown ?? { from: [], to: [] };
    return { heads: this.heads, from: from.length, to: (to ?? from).length };
  }

  /** @returns {Present} */
  present() {
    return { index: this.index, heads: this.heads, shown: this.shown, offline: this.offline };
  }

  /**
   * A word is picked by its first piece, and a text of which nobody chose a window is opened where the picked piece
   * is.
   *
   * @param {State} values
   * @returns {State}
   */
  settle(values) {
    const { side } = values;
    const unit = this.scenes.unitOf(values, side, values.token);
    if (unit === null) return values;
    const token = this.scenes.units(values)[side][unit].start;
    const window = values.window.length ? values.window : this.scenes.windowWith(values, side, unit);
    return { ...values, token, window };
  }

  refresh() {
    this.client.refresh();
  }

  /** @param {Partial<State>} patch - of what the server is asked for */
  ask(patch) {
    if (this.offline) this.messages.say(SAVED_NOTE);
    else this.client.ask(patch);
  }

  /**
   * The browser's back and forward buttons.
   *
   * @param {State} values
   */
  restore(values) {
    const request = this.client.request;
    const wanted = { ...values, text: values.text ?? request?.text ?? null };
    if (!same(inspectRequest(wanted), request)) {
      this.store.set(wanted, "none");
      this.client.ask({}, true);
      return;
    }
    const { values: fixed, notes } = clamp(wanted, this.limits());
    this.store.set(this.settle(fixed), "none");
    this.element.removeAttribute("data-busy"); // a model that was being loaded is not wanted any more
    this.messages.clear();
    this.messages.unkept([...notes, ...this.searches.bringBack(fixed)]);
  }

  // --- what the user does -------------------------------------------------------------------------------------------

  /** @param {(keyof State)[]} changed */
  changed(changed) {
    if (changed.some((name) => ["layer", "heads", "hide", "top"].includes(name))) this.actions.pointedHead = null;
    this.render();
  }

  /** @param {number | "emb"} layer */
  go(layer) {
    this.store.set({ layer });
    if (!this.offline) this.searches.search();
  }

  // --- drawing ------------------------------------------------------------------------------------------------------

  render() {
    if (this.frame || !this.shown) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  draw() {
    const { shown, scenes } = this;
    const { values } = this.store;
    if (!shown || values.layer === null) return;
    const frame = scenes.frame(values);
    for (const side of SIDES) {
      this.figure.columns[side].set(frame.units[side], frame.shown[side], frame.marks[side]);
    }
    const scene = scenes.make(values, { hover: this.actions.pointed, head: this.actions.pointedHead });
    this.controls.update(values);
    this.dock.update(values, this.searches.ready(), this.searches.readyForAll());
    this.dock.show(describe(shown, scene));
    this.figure.node.hidden = values.grid;
    this.grid.node.hidden = !values.grid;
    for (const side of SIDES) this.overviews[side].update(stripOf(shown, scene, side, values));
    if (values.grid) this.drawGrid();
    else this.figure.paint(scene);
    this.element.dataset.drawn = String(Number(this.element.dataset.drawn ?? 0) + 1);
  }

  drawGrid() {
    const { shown } = this;
    const { values } = this.store;
    if (!shown) return;
    const pieces = (/** @type {Side} */ side) => (shown[side] ?? shown.from).map((piece) => piece.special);
    const [rows, cols] = [visible(pieces("from"), values.hide), visible(pieces("to"), values.hide)];
    this.grid.update(this.layers.all(), { request: shown.request, rows, cols }, values);
  }
}
