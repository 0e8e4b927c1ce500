// Building an index from the page. The build lives on the server; this asks how far it is and shows it, for whoever
// looks.

/** @import { Allowances, BuildStatus, Notice, Scope, SetupServer } from "../core/types.js" */

import { answered, noticeBox } from "../core/answers.js";
import { el, fill, focusWithin, select } from "../core/dom.js";
import { same } from "../core/state.js";
import { BuildForm } from "./build_form.js";
import { describeBuild, shareDone } from "./build_status.js";

const SOON = 700; // ms between two looks at a build
const LATER = 10_000; // ms between two looks at whether there is one
const KEY = "exb-build"; // in the storage of the browser

/**
 * @typedef {{
 *   server: SetupServer,
 *   upload: ((file: File) => Promise<{ path: string }>) | undefined,
 *   may: Allowances,
 *   scope: () => Pick<Scope, "model">,
 *   model: () => string,
 *   finished: (status: BuildStatus) => void,
 *   changed: (status: BuildStatus) => void,
 * }} BuildHost
 * may: what the page allows; model: name of the one that the index is for; finished: called once when a build that was
 * under way is done
 */

// Who began a build may cancel it; this survives a reload.
function ownKey() {
  const hex = (/** @type {number} */ byte) => byte.toString(16).padStart(2, "0");
  const make = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), hex).join("");
  try {
    return (localStorage[KEY] ??= make());
  } catch {
    return make(); // storage is forbidden here
  }
}

/** @type {BuildStatus} before the first answer */
const UNKNOWN = {
  phase: "idle",
  busy: false,
  mine: false,
  model: "",
  model_name: "",
  corpus: "",
  done: 0,
  total: null,
  rate: null,
  left: null,
  estimate: "",
  message: "",
  index: "",
};

export class BuildDialog {
  /** @param {BuildHost} host */
  constructor(host) {
    this.host = host;
    this.key = ownKey();
    this.status = UNKNOWN;
    /** @type {Notice | null} */
    this.problem = null;
    this.sending = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.form = new BuildForm(host.may, { changed: () => this.draw(), kindChosen: (kind) => this.showKind(kind) });
    this.body = el("div.exb-build-body");
    const close = { type: "button", "aria-label": "Close", onclick: () => this.dialog.close() };
    const header = el(
      "header",
      {},
      el("h2", { id: "exb-build-title" }, "Build an index"),
      el("button.exb-text-button", close, "✕"),
    );
    this.dialog = el("dialog.exb-dialog", { "aria-labelledby": "exb-build-title" }, header, this.body);
    this.dialog.onclick = (event) => {
      if (event.target === this.dialog) this.dialog.close();
    };
    this.look();
  }

  // --- asking the server --------------------------------------------------------------------------------------------

  /** @param {ReturnType<SetupServer["building"]>} call - of the server, which answers how far the build is */
  async take(call) {
    const answer = await answered(call);
    if (answer.notice) this.problem = answer.notice;
    else this.receive(answer);
  }

  /** @param {BuildStatus} status */
  receive(status) {
    const before = this.status;
    this.status = status;
    if (before.busy && status.phase === "done") this.host.finished(status);
    if (same(before, status)) return;
    this.host.changed(status);
    if (this.dialog.open) this.draw();
  }

  async look() {
    clearTimeout(this.timer);
    if (document.visibilityState === "visible") await this.take(this.host.server.building({ key: this.key }));
    this.timer = setTimeout(() => this.look(), this.status.busy ? SOON : LATER);
  }

  async prepare() {
    this.problem = null;
    const order = { ...this.host.scope(), ...this.form.order() };
    if (order.kind === "upload") {
      const path = await this.send(this.form.file);
      if (path === null) return;
      order.corpus = path;
    }
    await this.take(this.host.server.prepare({ ...order, key: this.key }));
    this.draw();
    this.look();
  }

  /**
   * @param {File | undefined} file
   * @returns {Promise<string | null>} where it is on the server, null where it is not
   */
  async send(file) {
    const { may, upload } = this.host;
    if (!file || !upload) return this.complain("Choose a file first.");
    if (file.size > may.max_upload * 1e6) {
      const size = (file.size / 1e6).toFixed(1);
      return this.complain(`${file.name} has ${size} MB; up to ${may.max_upload} MB are taken here.`);
    }
    this.sending = true;
    this.draw();
    try {
      const { path } = await upload(file);
      this.sending = false;
      return path;
    } catch (error) {
      this.sending = false;
      return this.complain(`${file.name} could not be sent: ${/** @type {Error} */ (error).message}`);
    }
  }

  /** @param {string} message */
  complain(message) {
    this.problem = { title: "This cannot be built", message };
    this.draw();
    return null;
  }

  /** @param {"build" | "cancel"} name */
  async act(name) {
    this.problem = null;
    await this.take(this.host.server[name]({ key: this.key }));
    this.draw();
    this.look();
  }

  // --- drawing ------------------------------------------------------------------------------------------------------

  async open() {
    if (!this.dialog.open) this.dialog.showModal();
    this.draw();
    if (this.form.hasAnnotators) return;
    const { annotators = [] } = await answered(this.host.server.annotators({}));
    this.form.setAnnotators(annotators);
  }

  /** @param {string} kind - of corpus */
  showKind(kind) {
    this.problem = null;
    this.draw();
    select(this.body, `[data-value='${kind}']`)[0]?.focus();
  }

  draw() {
    const { busy, phase, mine } = this.status;
    const focused = focusWithin(this.body);
    const content = busy ? this.progress() : phase === "ready" && mine ? this.offer() : this.order();
    fill(this.body, this.problem && noticeBox(this.problem), ...content);
    if (focused?.isConnected) focused.focus();
    else if (focused) select(this.body, "button:not([disabled])")[0]?.focus();
  }

  progress() {
    const { corpus, model_name: model, mine } = this.status;
    const [doing, progress] = describeBuild(this.status);
    const who = mine
      ? this.button("exb-secondary", "Cancel", () => this.act("cancel"))
      : el("span.exb-hint", {}, "Somebody else began it.");
    const title = el("strong", { "aria-live": "polite" }, `${doing} ${corpus}`);
    return [
      el("p", {}, title, model ? ` for ${model}` : ""),
      el("progress.exb-progress", { "aria-label": doing, max: 1, value: shareDone(this.status) }),
      el("p.exb-hint", {}, progress),
      el("div.exb-build-row", {}, who, el("span.exb-hint", {}, "You may close this: it goes on.")),
    ];
  }

  offer() {
    const { corpus, model_name: model, estimate } = this.status;
    return [
      el("p", {}, el("strong", {}, corpus), ` for ${model}: ${estimate}.`),
      el(
        "div.exb-build-row",
        {},
        this.button("exb-primary", "Build", () => this.act("build")),
        this.button("exb-secondary", "Not now", () => this.act("cancel")),
      ),
    ];
  }

  order() {
    const { phase, corpus, message = "" } = this.status;
    const failed = phase === "failed" && !this.problem;
    const said =
      phase === "done"
        ? `The index of ${corpus} is ready. ${message}`
        : phase === "cancelled"
          ? `Cancelled. ${message}`
          : null;
    const start = this.button("exb-primary", this.sending ? "Sending…" : "Annotate and estimate", () =>
      this.prepare(),
    );
    start.disabled = this.sending;
    return [
      failed ? noticeBox({ title: `${corpus} could not be built`, message }) : null,
      said ? el("p.exb-build-said", { role: "status" }, said) : null,
      el("p.exb-hint", {}, `What the words of a corpus look like to ${this.host.model()}, made searchable.`),
      ...this.form.draw(),
      el(
        "div.exb-build-row",
        {},
        start,
        el("span.exb-hint", {}, "Nothing is built before you have seen what it costs."),
      ),
    ];
  }

  /**
   * @param {"exb-primary" | "exb-secondary"} look
   * @param {string} text
   * @param {() => void} onclick
   */
  button(look, text, onclick) {
    return el(`button.${look}`, { type: "button", onclick }, text);
  }
}
