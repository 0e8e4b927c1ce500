// A part of the evidence that asks the server for one thing at a time.

/** @import { Answer, Scope } from "../core/types.js" */

import { LatestQuestion } from "../core/answers.js";

/**
 * @template Content
 * @typedef {{
 *   wanted: () => object | null,
 *   ask: (question: object) => Promise<Answer<Content>>,
 *   show: (answer: Answer<Content> | null) => void,
 * }} PanelParts
 * wanted: what to ask for, null while the panel is closed; show: draws an answer, null while it is awaited
 */

/** @template Content */
export class Panel {
  /**
   * @param {any} server
   * @param {HTMLElement} node
   * @param {PanelParts<Content>} parts
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
    if (!this.open) {
      this.latest.forget();
      this.answer = null;
      return this.draw();
    }
    const question = { ...this.scope, ...this.parts.wanted() };
    if (this.latest.is(question)) return;
    this.node.setAttribute("data-busy", "");
    const asking = this.latest.ask(question, () => this.parts.ask(question));
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
