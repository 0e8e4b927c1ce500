// What the attention view says above its controls: one thing at a time, until it is dismissed.

/** @import { Notice } from "../core/types.js" */

import { noticeBox } from "../core/answers.js";
import { el, fill } from "../core/dom.js";

export class Messages {
  constructor() {
    this.node = el("div.exb-notices", { "aria-live": "polite" });
  }

  clear() {
    fill(this.node);
  }

  /**
   * @param {Notice} notice
   * @param {"error" | "note"} [kind]
   */
  say(notice, kind = "note") {
    fill(this.node, noticeBox(notice, { kind, ondismiss: () => this.clear() }));
  }

  /** @param {Notice} notice */
  error(notice) {
    this.say(notice, "error");
  }

  /** @param {string[]} notes - on what a link asked for in vain */
  unkept(notes) {
    const title = "The link asked for something that is not here";
    if (notes.length) this.say({ title, message: notes.join(" ") });
  }

  /** @param {{ model: string, seconds: number }} loading */
  loading({ model, seconds }) {
    const message = `${seconds} s. The first time it is downloaded; this can take minutes.`;
    this.say({ title: `Loading ${model}`, message });
  }
}
