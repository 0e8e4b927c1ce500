// The page of one head: its scores, what it attends from and to, and sentences from weak to strong.

/** @import { Answer, EvidenceServer, HeadReport, Scope } from "../core/types.js" */
/** @import { Store } from "../core/store.js" */

import { noticeBox, skeleton } from "../core/answers.js";
import { el, fill } from "../core/dom.js";
import { DEFAULTS, toQuery } from "../core/state.js";
import { copy } from "../export/files.js";
import { report } from "./head_report.js";
import { Panel } from "./panel.js";

/**
 * @param {Scope} scope
 * @param {string} name - of a head
 * @param {boolean} embed - whether that page is all there is to see
 * @returns {string} the address of its page
 */
export function address({ model, index }, name, embed) {
  return `${location.origin}${location.pathname}?${toQuery({ ...DEFAULTS, model, index, head: name, embed })}`;
}

/**
 * @param {string} url
 * @param {string} title
 * @returns {string} what to paste into another page to show a head there
 */
export function frame(url, title) {
  const safe = (/** @type {string} */ text) =>
    text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");
  const size = 'width="100%" height="900" style="border:0" loading="lazy"';
  return `<iframe src="${safe(url)}" title="${safe(title)}" ${size}></iframe>`;
}

export class HeadPage {
  /**
   * @param {Store} store
   * @param {EvidenceServer | undefined} server
   */
  constructor(store, server) {
    this.store = store;
    this.node = el("section.exb-headpage", { "aria-label": "One head", hidden: true });
    /** @type {Panel<{ head: string }, HeadReport>} */
    this.panel = new Panel(server, this.node, {
      wanted: () => (store.values.head ? { head: store.values.head } : null),
      ask: (asked, question) => asked.head(question),
      show: (answer) => this.show(answer),
    });
    store.subscribe((values, changed) => {
      if (!changed.includes("head") && !changed.includes("embed")) return;
      this.tell();
      this.panel.ask();
    });
    this.tell();
  }

  /** @param {Scope | null} scope */
  follow(scope) {
    this.tell();
    this.panel.follow(scope);
  }

  get embedded() {
    return this.store.values.embed && Boolean(this.store.values.head);
  }

  // What stands in somebody else's page shows nothing but the head; the style sheet asks the root for that.
  tell() {
    document.documentElement.toggleAttribute("data-exb-embed", this.embedded);
  }

  /** @param {Answer<HeadReport> | null} answer */
  show(answer) {
    const { head } = this.store.values;
    const fresh = answer && (answer.notice || answer.name === head) ? answer : null;
    const content = !fresh
      ? [skeleton(`Reading head ${head}`, 8)]
      : fresh.notice
        ? [noticeBox(fresh.notice)]
        : report(fresh);
    fill(this.node, this.header(fresh && !fresh.notice ? fresh : null), ...content);
  }

  /** @param {HeadReport | null} shown - null while it is not here */
  header(shown) {
    const { head: name } = this.store.values;
    const scope = this.panel.scope ?? { model: "", index: "" };
    const title = el("h3", {}, `Head ${name}`);
    if (this.embedded) {
      const attributes = { href: address(scope, name, false), target: "_blank", rel: "noopener" };
      const link = el("a.exb-text-button", attributes, "Open in exBERT");
      return el("header.exb-profile-head", {}, title, el("span.exb-spring"), link);
    }
    const status = el("span.exb-menu-said", { role: "status" });
    const onclick = () => this.store.set({ head: "", embed: false });
    const close = { type: "button", "aria-label": "Close the page of this head", onclick };
    return el(
      "header.exb-profile-head",
      {},
      title,
      status,
      el("span.exb-spring"),
      ...(shown ? this.buttons(shown, scope, status) : []),
      el("button.exb-text-button", close, "✕"),
    );
  }

  /**
   * @param {HeadReport} shown
   * @param {Scope} scope
   * @param {HTMLElement} status - where the outcome is said
   */
  buttons({ name, layer, head }, scope, status) {
    const use = () => this.store.set({ layer, heads: [head], by: "heads" });
    const copyButton = (/** @type {string} */ what, /** @type {string} */ text) => {
      const onclick = async () => {
        status.textContent = await copy(text, what).catch((error) => `That did not work: ${error.message}`);
      };
      return el("button.exb-text-button", { type: "button", onclick }, `Copy ${what}`);
    };
    return [
      el("button.exb-text-button", { type: "button", onclick: use }, "Use it"),
      copyButton("link", address(scope, name, false)),
      copyButton("embed code", frame(address(scope, name, true), `Attention head ${name}`)),
    ];
  }
}
