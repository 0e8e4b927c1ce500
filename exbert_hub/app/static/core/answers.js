// Answers of the server: which of them is still wanted, and what stands on the page while there is none, where there
// is nothing to show, and where something went wrong.

/** @import { Child, Notice, Overlay } from "./types.js" */

import { el } from "./dom.js";
import { same } from "./state.js";

const PATIENCE_MS = 60_000; // after which a lost answer no longer holds up the next question

/** @type {Notice} */
export const NO_ANSWER = { title: "No answer", message: "The server did not answer; try again." };

/**
 * What a server function answers. It answers undefined, or not at all, when the connection fails.
 *
 * @param {Promise<any> | null | undefined} promise - null or undefined where there is nobody to ask
 * @returns {Promise<any>} never undefined: then it is a notice
 */
export async function answered(promise) {
  const answer = await promise?.catch(() => undefined);
  return answer ?? { notice: NO_ANSWER };
}

/** One question at a time whose answer is wanted; those to earlier questions are stale. */
export class LatestQuestion {
  constructor() {
    /** @type {string | null} the question, as JSON */
    this.key = null;
  }

  /**
   * @param {unknown} question
   * @returns {boolean} whether it is the one that was asked last
   */
  is(question) {
    return this.key === JSON.stringify(question);
  }

  /** @param {unknown} question - that needs no asking; earlier ones are stale from now on */
  set(question) {
    this.key = JSON.stringify(question);
    return this.key;
  }

  forget() {
    this.key = null;
  }

  /**
   * @param {unknown} question
   * @param {() => Promise<any> | null | undefined} send
   * @returns {Promise<any>} null where the answer is stale
   */
  async ask(question, send) {
    const key = this.set(question);
    const answer = await answered(send());
    return this.key === key ? answer : null;
  }
}

/**
 * One question to the server at a time, and after it only the latest. Gradio's own "always_last" would call again
 * without the event's data.
 *
 * @template Question
 */
export class QuestionQueue {
  /**
   * @param {(question: Question) => void} send
   * @param {number} [patience] - ms
   */
  constructor(send, patience = PATIENCE_MS) {
    this.send = send;
    this.patience = patience;
    /** @type {Question | null} */
    this.wanted = null;
    /** @type {Question | null} */
    this.pending = null;
    this.since = 0;
  }

  /** @param {Question} question */
  ask(question) {
    this.wanted = question;
    if (this.pending && performance.now() - this.since < this.patience) return;
    this.pending = question;
    this.since = performance.now();
    this.send(question);
  }

  /**
   * Whether an answer is the one that is wanted; if not, the wanted question goes out now.
   *
   * @param {Question} question - that was answered
   * @returns {boolean}
   */
  answers(question) {
    this.pending = null;
    if (this.wanted === null || same(question, this.wanted)) {
      this.wanted = null;
      return true;
    }
    this.ask(this.wanted);
    return false;
  }
}

// --- what is shown --------------------------------------------------------------------------------------------------

/**
 * Grey lines in the place of what is being loaded.
 *
 * @param {string} label - what is being done, for those who do not see it
 * @param {number} lines
 * @param {(line: number) => string} [width]
 * @returns {HTMLElement}
 */
export function skeleton(label, lines, width) {
  const line = (/** @type {number} */ i) => el("div.exb-bone", width ? { style: { width: width(i) } } : {});
  const bones = Array.from({ length: lines }, (_, i) => line(i));
  return el("div.exb-skeleton", { role: "status", "aria-label": label }, ...bones);
}

/**
 * Something that went wrong, or that the user should know.
 *
 * @param {Notice} notice
 * @param {{ kind?: "error" | "note", ondismiss?: () => void }} [options]
 * @returns {HTMLElement}
 */
export function noticeBox({ title, message }, { kind = "error", ondismiss } = {}) {
  const dismiss = { type: "button", "aria-label": "Dismiss", onclick: ondismiss };
  return el(
    kind === "error" ? "div.exb-notice.exb-error" : "div.exb-notice.exb-note",
    { role: kind === "error" ? "alert" : "status" },
    el("div", {}, el("strong", {}, title), el("p", {}, message)),
    ondismiss ? el("button.exb-text-button", dismiss, "✕") : null,
  );
}

/**
 * Nothing to show yet, and what to do about it.
 *
 * @param {string} title
 * @param {...Child} content
 * @returns {HTMLElement}
 */
export function emptyState(title, ...content) {
  const mark = el("div.exb-empty-mark", { "aria-hidden": "true" }, el("span"), el("span"), el("span"));
  return el("div.exb-empty", {}, mark, el("h2", {}, title), ...content);
}

/**
 * A question that failed, and the way to ask it again.
 *
 * @param {string} message
 * @param {() => void} again
 * @returns {HTMLElement[]}
 */
export function failedQuestion(message, again) {
  return [
    el("p.exb-hint", { role: "alert" }, message),
    el("button.exb-text-button", { type: "button", onclick: again }, "Try again"),
  ];
}

/**
 * Why there is no figure, in its place.
 *
 * @param {Overlay} overlay
 * @param {() => void} again
 * @returns {HTMLElement}
 */
export function overlayCard({ text, busy, again: failed }, again) {
  return el(
    "div.exb-veil-card",
    { role: "status" },
    el("p", {}, text),
    busy ? el("div.exb-progress", { "aria-hidden": "true" }) : null,
    failed ? el("button.exb-secondary", { type: "button", onclick: again }, "Try again") : null,
  );
}

/**
 * A line above results that the page no longer asks for.
 *
 * @param {string} text
 * @param {{ hidden?: boolean }} [options]
 * @returns {HTMLElement}
 */
export function staleNote(text, { hidden = false } = {}) {
  return el("p.exb-stale-note", { role: "status", hidden }, text);
}
