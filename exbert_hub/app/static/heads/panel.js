// A part of the evidence that asks the server for one thing at a time.

/** @import { Answer, EvidenceServer, Scope } from "../core/types.js" */

import { LatestQuestion } from "../core/answers.js";

/**
 * @template {object} Wanted
 * @template Content
 * @typedef {{
 *   wanted: () => Wanted | null,
 *   ask: (server: EvidenceServer, question: Scope & Wanted) => Promise<Answer<Content> | undefined>,
 *   show: (answer: Answer<Content> | null) => void,
 * }} PanelParts
 * wanted: what to ask for, null while the panel is closed; show: draws an answer, null while it is awaited
 */

/**
 * @template {object} Wanted
 * @template Content
 */
export class Panel {
  /**
   * @param {EvidenceServer | undefined} server - undefined in a saved page, where the panel stays closed
   * @param {HTMLElement} node
   * @param {PanelParts<Wanted, Content>} parts
   */
  constructor(server, node, parts) {
    this.server = server;
    this.node = node;
    this.parts = parts;
    this.latest = new LatestQuestion();
    /** @type {Scope | null} the model and index on the page, null without an index */
    this.scope = null;
    /** @type {Answer<Content> | null} */
    this.answer = null;
  }

  /** @param {Scope | null} scope */
  follow(scope) {
    this.scope = scope;
    this.ask();
  }

  get open() {
    return Boolean(this.server && this.scope && this.parts.wanted());
  }

  async ask() {
    const { server, scope } = this;
    const wanted = this.parts.wanted();
    if (!server || !scope || !wanted) {
      this.latest.forget();
      this.answer = null;
      return this.draw();
    }
    const question = { ...scope, ...wanted };
    if (this.latest.is(question)) return;
    this.node.setAttribute("data-busy", "");
    const asking = this.latest.ask(question, () => this.parts.ask(server, question));
    if (!this.answer) this.draw();
    const answer = await asking;
    if (answer === null) return; // another question was asked meanwhile
    this.answer = answer;
    this.node.removeAttribute("data-busy");
    this.draw();
  }

  draw() {
    this.node.hidden = !this.open;
    if (this.open) this.parts.show(this.answer);
  }
}
