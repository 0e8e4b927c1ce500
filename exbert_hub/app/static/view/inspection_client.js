// What the attention view and the server tell each other: what is asked for, and which answer is still wanted.

/** @import { InspectMessage, InspectRequest, InspectionMessage, Notice, State } from "../core/types.js" */
/** @import { Store } from "../core/store.js" */

import { QuestionQueue } from "../core/answers.js";
import { inspectRequest } from "../core/requests.js";
import { same } from "../core/state.js";

const WAIT_MS = 700; // between two looks at whether a model is loaded

/**
 * @typedef {{
 *   send: (question: { request: InspectRequest, restore: boolean, switched: boolean }) => void,
 *   busy: (busy: boolean) => void,
 *   loading: (loading: { model: string, seconds: number }) => void,
 *   refused: (notice: Notice) => void,
 *   arrived: (message: InspectionMessage, before: InspectRequest, restoring: boolean) => void,
 * }} ClientEvents
 * arrived: an inspection, what was on the page before it, and whether a link or the back button is being followed
 */

export class InspectionClient {
  /**
   * @param {Store} store
   * @param {boolean} offline - whether nobody can be asked, as in a saved page
   * @param {ClientEvents} on
   */
  constructor(store, offline, on) {
    this.store = store;
    this.offline = offline;
    this.on = on;
    /** @type {InspectRequest | null} of what is on the page */
    this.request = null;
    this.outdated = false; // whether there is more on the server than on the page
    this.restoring = true; // whether a link or the back button is being followed, which also brings results back
    /** @type {QuestionQueue<InspectRequest>} */
    this.queue = new QuestionQueue((request) =>
      on.send({ request, restore: this.restoring, switched: this.switches(request) }),
    );
  }

  /**
   * Asks the server for a text, a mask or a stack; what is on the page stays until the answer is there.
   *
   * @param {Partial<State>} patch
   * @param {boolean} [restore]
   */
  ask(patch, restore = false) {
    this.store.set(patch, restore ? "none" : "push");
    this.restoring = restore;
    this.on.busy(true);
    this.queue.ask(inspectRequest(this.store.values));
  }

  // The server has an index by now that was not there when this page was made.
  refresh() {
    this.outdated = true;
    this.ask({}, true);
  }

  /** @param {InspectMessage} message */
  receive(message) {
    const { asked, request, notice, loading } = message;
    if (!this.queue.answers(asked ?? request)) return; // an answer to an older question
    if (loading) return this.wait(request, loading);
    if (!this.request && !this.offline && !notice && !asked && this.wantsOther(request)) {
      return this.ask({ text: this.store.values.text ?? request.text }, true); // the address wants another text
    }
    this.on.busy(false);
    if (notice) {
      this.on.refused(notice);
      if (this.request) this.store.set(this.request, "replace");
      else this.store.set(request, "none");
      return;
    }
    const before = this.request ?? request;
    this.outdated = false;
    this.request = request;
    this.on.arrived(/** @type {InspectionMessage} */ (message), before, this.restoring);
    this.restoring = false;
  }

  /**
   * The model is being loaded: the same question again, unless something else is wanted by then.
   *
   * @param {InspectRequest} request
   * @param {{ model: string, seconds: number }} loading
   */
  wait(request, loading) {
    const wanted = () => same(inspectRequest(this.store.values), request);
    if (!wanted()) return;
    this.on.loading(loading);
    setTimeout(() => {
      if (wanted()) this.queue.ask(request);
    }, WAIT_MS);
  }

  /**
   * @param {InspectRequest} request
   * @returns {boolean} whether the state asks for something else
   */
  wantsOther(request) {
    const wanted = inspectRequest(this.store.values);
    return !same({ ...wanted, text: wanted.text ?? request.text }, request);
  }

  /**
   * @param {InspectRequest} request
   * @returns {boolean} whether it is about another model or index than the one on the page
   */
  switches({ model, index }) {
    const now = this.request ?? { model: "", index: "" };
    return this.outdated || !same([model, index], [now.model, now.index]);
  }
}
